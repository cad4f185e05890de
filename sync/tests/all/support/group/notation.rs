//! Stories in one line each.
//!
//! ```text
//! g ABc        the founding: capitals are admins, in that order of rank, small letters members; `A` and `a` are one key
//! 1 A:B=m g    event 1: A makes B a member (0 nothing, a admin), knowing g
//! 2 B:leave 1  3 C:seen 1 2  4 C:zzz 1 (of an unknown kind)
//! ```
//!
//! Outcome: capitals or `+a` are admins, small letters members, `(x)` suspended until x objects.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::membership::{Held, Level};

use super::story::{Deed, Event, Number, Outcome, Story};

/// A story with what the rules make of it.
pub struct Case {
    pub name: String,
    pub story: Story,
    /// As in the notation.
    pub people: String,
    pub void: BTreeSet<String>,
}

/// The cases of a file.
pub fn cases(file: &str) -> Vec<Case> {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter(|line| !line.trim().is_empty())
        .map(case)
        .collect()
}

fn case(line: &str) -> Case {
    let (name, rest) = line.split_once(':').expect("a name");
    let (events, outcome) = rest.split_once("->").expect("an outcome");
    let (people, void) = outcome.split_once(';').expect("what is void");
    let void = void.split_whitespace().filter(|word| *word != "void");
    Case {
        name: name.trim().into(),
        story: story(events),
        people: people.trim().into(),
        void: void.map(String::from).collect(),
    }
}

/// A story of the notation.
pub fn story(text: &str) -> Story {
    let mut parts = text.split('|').map(|part| part.split_whitespace());
    let mut founding = parts.next().expect("a founding").skip(1);
    let founders: Vec<(String, Level)> = founding
        .next()
        .expect("founders")
        .chars()
        .map(|letter| {
            let level = match letter.is_uppercase() {
                true => Level::ADMIN,
                false => Level::MEMBER,
            };
            (letter.to_uppercase().to_string(), level)
        })
        .collect();
    let named: Vec<(&str, Level)> = founders.iter().map(|it| (it.0.as_str(), it.1)).collect();
    let mut story = Story::new(&named);
    // An event may be told before those it knows.
    let mut untold: Vec<(String, String, Vec<String>)> = parts
        .map(|mut words| {
            let mut word = || words.next().expect("a word").to_string();
            (word(), word(), words.map(String::from).collect())
        })
        .collect();
    let mut numbers: BTreeMap<String, Number> = [("g".to_string(), 0)].into();
    while !untold.is_empty() {
        let is_next = |(_, _, links): &(String, String, Vec<String>)| {
            links.iter().all(|link| numbers.contains_key(link))
        };
        let next = untold.iter().position(is_next).expect("links lead back");
        let (name, what, links) = untold.remove(next);
        let (author, act) = what.split_once(':').expect("an author and an act");
        let author = story.person(&author.to_uppercase());
        let deed = match act.split_once('=') {
            Some((who, level)) => Deed::Set(story.person(&who.to_uppercase()), letter_level(level)),
            None => match act {
                "leave" => Deed::Leave,
                "seen" => Deed::Seen,
                _ => Deed::Unknown,
            },
        };
        numbers.insert(name.clone(), story.events.len());
        story.events.push(Event {
            name,
            author,
            deed,
            links: links.iter().map(|link| numbers[link]).collect(),
            held: Held::new(),
        });
    }
    story
}

fn letter_level(letter: &str) -> Level {
    match letter {
        "0" => Level::NONE,
        "m" => Level::MEMBER,
        "a" => Level::ADMIN,
        other => panic!("no level: {other}"),
    }
}

fn level_letter(level: Level) -> &'static str {
    match level {
        Level::NONE => "0",
        Level::MEMBER => "m",
        _ => "a",
    }
}

/// The people of an outcome, as the notation has them.
pub fn people(story: &Story, outcome: &Outcome) -> String {
    let mut names: Vec<(&String, usize)> = story.names.iter().zip(0..).collect();
    names.sort();
    let mut shown = Vec::new();
    for (name, person) in &names {
        let level = outcome.level(*person);
        if level >= Level::ADMIN {
            shown.push(name.to_string());
        } else if level >= Level::MEMBER {
            shown.push(name.to_lowercase());
        }
    }
    if shown.is_empty() {
        shown.push("nobody".into());
    }
    for (name, person) in names {
        if outcome.level(person) < outcome.level_if_it_objects(person) {
            shown.push(format!("({})", name.to_lowercase()));
        }
    }
    shown.join(" ")
}

/// The names of the void events of an outcome.
pub fn void(story: &Story, outcome: &Outcome) -> BTreeSet<String> {
    let name = |number: &Number| story.events[*number].name.clone();
    outcome.void.iter().map(name).collect()
}

/// A story with its outcome as a line of the notation.
pub fn line(name: &str, story: &Story, outcome: &Outcome) -> String {
    let founders = story
        .founders
        .iter()
        .map(|(person, level)| match *level >= Level::ADMIN {
            true => story.names[*person].clone(),
            false => story.names[*person].to_lowercase(),
        });
    let mut line = format!("{name}: g {}", founders.collect::<String>());
    for event in &story.events[1..] {
        let author = &story.names[event.author];
        let act = match event.deed {
            Deed::Create => unreachable!("only the first event founds"),
            Deed::Set(who, level) => format!("{}={}", story.names[who], level_letter(level)),
            Deed::Leave => "leave".into(),
            Deed::Seen => "seen".into(),
            Deed::Unknown => "zzz".into(),
        };
        let links = event
            .links
            .iter()
            .map(|it| format!(" {}", story.events[*it].name));
        line += &format!(
            "|{} {author}:{act}{}",
            event.name,
            links.collect::<String>()
        );
    }
    let void: Vec<String> = void(story, outcome).into_iter().collect();
    format!(
        "{line} -> {} ; void {}",
        people(story, outcome),
        void.join(" ")
    )
}
