//! Stories at random: honest people who hear of each other now and then, liars who claim to know less than they do, forks,
//! and fresh keys.

use std::collections::BTreeSet;

use hedgerow_sync::membership::Level;
use proptest::prelude::*;

use super::story::{Deed, Number, Person, Story};

/// Most people of a random story.
const PEOPLE: usize = 9;

/// One step of a story, in numbers that are cut down to what there is.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub who: u8,
    pub deed: u8,
    pub whom: u8,
    pub hears: u8,
    pub lies: u8,
}

/// A founding and the steps after it.
#[derive(Debug, Clone)]
pub struct Plot {
    pub admins: u8,
    pub members: u8,
    pub steps: Vec<Step>,
}

/// Any plot of at most `most` steps.
pub fn plot(most: usize) -> impl Strategy<Value = Plot> {
    let step = any::<(u8, u8, u8, u8, u8)>().prop_map(|(who, deed, whom, hears, lies)| Step {
        who,
        deed,
        whom,
        hears,
        lies,
    });
    let steps = prop::collection::vec(step, 1..most);
    (1..5u8, 0..3u8, steps).prop_map(|(admins, members, steps)| Plot {
        admins,
        members,
        steps,
    })
}

/// A story as it unfolds, with what each person has heard.
pub struct Unfolding {
    pub story: Story,
    pub heard: Vec<BTreeSet<Number>>,
}

/// The story of a plot.
pub fn story(plot: &Plot) -> Story {
    let mut unfolding = Unfolding::new(plot.admins, plot.members);
    for step in &plot.steps {
        unfolding.step(step);
    }
    unfolding.story
}

impl Unfolding {
    pub fn new(admins: u8, members: u8) -> Unfolding {
        let names: Vec<String> = (0..admins + members).map(|it| name(it.into())).collect();
        let founders: Vec<(&str, Level)> = names
            .iter()
            .zip(0..)
            .map(|(name, number)| match number < admins {
                true => (name.as_str(), Level::ADMIN),
                false => (name.as_str(), Level::MEMBER),
            })
            .collect();
        Unfolding {
            story: Story::new(&founders),
            heard: vec![[0].into(); names.len()],
        }
    }

    /// A key that nobody has named yet, while there is room, else one of those that there are.
    fn whom(&mut self, whom: u8) -> Person {
        let people = self.story.names.len();
        match whom % 8 {
            0 if people < PEOPLE => self.fresh(),
            _ => usize::from(whom) % people,
        }
    }

    pub fn fresh(&mut self) -> Person {
        self.heard.push([0].into());
        self.story.person(&name(self.story.names.len()))
    }

    pub fn step(&mut self, step: &Step) -> Number {
        let who = usize::from(step.who) % self.story.names.len();
        let whom = self.whom(step.whom);
        let deed = match step.deed % 16 {
            0..=5 => Deed::Set(whom, Level::NONE),
            6..=7 => Deed::Set(whom, Level::MEMBER),
            8..=11 => Deed::Set(whom, Level::ADMIN),
            12 => Deed::Leave,
            13..=14 => Deed::Seen,
            _ => Deed::Unknown,
        };
        self.act(who, deed, step.hears, step.lies)
    }

    /// Somebody hears of others, or not, and acts: knowing that, or claiming to know less.
    pub fn act(&mut self, who: Person, deed: Deed, hears: u8, lies: u8) -> Number {
        let events = self.story.events.len();
        match hears % 4 {
            0 => self.heard[who] = (0..events).collect(),
            1 | 2 => {
                let from = usize::from(hears / 4) % self.heard.len();
                let more = self.heard[from].clone();
                self.heard[who].extend(more);
            }
            _ => {}
        }
        let links = match lies % 4 {
            0 => {
                let pasts = self.story.pasts();
                let first = usize::from(lies / 4) % events;
                let second = usize::from(hears / 4) % events;
                let mut links = BTreeSet::from([first]);
                if lies.is_multiple_of(8)
                    && !pasts[first].contains(&second)
                    && !pasts[second].contains(&first)
                {
                    links.insert(second);
                }
                links
            }
            _ => self.story.tips(&self.heard[who]),
        };
        let number = self.story.add(who, deed, links);
        self.heard[who].extend(&self.story.pasts()[number]);
        self.heard[who].insert(number);
        number
    }
}

fn name(number: usize) -> String {
    let letter = char::from(b'A' + number as u8);
    letter.to_string()
}
