//! Groups in which people write: who is in each, which of them are contacts, and who writes what when.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::ConversationId;
use hedgerow_node::engine::introduction::Assembled;
use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::happening::Post;
use super::micros;
use super::workload::{Length, MAX_TEXT};
use crate::plan::DeviceNumber;
use crate::rng::{self, Purpose};

/// Groups in which people write texts. They have been founded and everybody is in when the world begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GroupChats {
    /// How many groups.
    pub count: u32,
    /// How many people are in each, from 2 to 250.
    pub people: u32,
    /// The share of pairs within a group who are contacts, at least. Everybody is a contact of one who came in earlier, as
    /// of whoever invites; then more pairs are drawn. All others get what is written through members between them.
    pub contacts: f64,
    /// Whether the people of a group have numbers that follow one another, as those have who walk together. Otherwise they
    /// are drawn.
    #[serde(default)]
    pub together: bool,
    /// Texts in an hour in each group, independent of one another.
    pub per_hour: f64,
    /// Their length.
    pub length: Length,
    /// The first is not before this, in seconds.
    #[serde(default)]
    pub from_s: f64,
    /// The last is before this, in seconds; without it they go on to the end.
    #[serde(default)]
    pub until_s: Option<f64>,
    /// Only devices from this number on are in groups.
    #[serde(default)]
    pub first_device: DeviceNumber,
    /// Only devices below this number; without it all.
    #[serde(default)]
    pub end_device: Option<DeviceNumber>,
    /// To compare with: there are no groups, and each text goes to those in the group who are contacts of its author, in
    /// the chat with each.
    #[serde(default)]
    pub pairwise: bool,
}

impl GroupChats {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// Says what contradicts what.
    pub fn check(&self) -> Result<(), String> {
        if !(2..=250).contains(&self.people) {
            return Err("group-chats: a group has 2 to 250 people".to_owned());
        }
        if !(0.0..=1.0).contains(&self.contacts) {
            return Err("group-chats: the share of contacts must be from 0 to 1".to_owned());
        }
        if !(self.per_hour > 0.0 && self.per_hour.is_finite()) {
            return Err("group-chats: per-hour must be above 0".to_owned());
        }
        let Length { shortest, longest } = self.length;
        if shortest > longest || !(1..=MAX_TEXT).contains(&longest) {
            return Err(format!(
                "group-chats: lengths go from the shortest to the longest, up to {MAX_TEXT} bytes"
            ));
        }
        Ok(())
    }

    /// Those who may be in groups, of so many devices.
    fn eligible(&self, devices: usize) -> Result<(usize, usize), String> {
        let first = self.first_device as usize;
        let end = self.end_device.map_or(devices, |end| end as usize);
        let end = end.min(devices);
        match end.saturating_sub(first) >= self.people as usize {
            true => Ok((first, end)),
            false => Err("group-chats: there are fewer devices than a group has people".to_owned()),
        }
    }
}

/// One group.
pub(super) struct GroupChat {
    /// Who is in it, in the order in which they came in.
    pub people: Vec<DeviceNumber>,
    /// What all begin with; `None`: what is written goes from one to the other.
    pub assembled: Option<Assembled>,
    per_hour: f64,
    length: Length,
    from_us: u64,
    until_us: u64,
}

impl GroupChat {
    /// Where in the group somebody is.
    pub fn place(&self, device: DeviceNumber) -> Option<usize> {
        self.people.iter().position(|person| *person == device)
    }
}

/// All groups of a world, and who in them is acquainted, added to those who are.
///
/// # Errors
/// There are too few devices.
pub(super) fn draw(
    settings: &[GroupChats],
    acquainted: &mut [BTreeSet<DeviceNumber>],
    seed: u64,
) -> Result<Vec<GroupChat>, String> {
    let mut chats = Vec::new();
    for of in settings {
        let (first, end) = of.eligible(acquainted.len())?;
        for number in 0..of.count as usize {
            let mut rng = rng::stream(seed, Purpose::GroupPeople, chats.len() as u64);
            let people = match of.together {
                true => (0..of.people as usize)
                    .map(|place| first + (number * of.people as usize + place) % (end - first))
                    .map(|device| device as DeviceNumber)
                    .collect(),
                false => drawn(&mut rng, first, end, of.people as usize),
            };
            acquaint(&people, of.contacts, acquainted, &mut rng);
            let name = format!("Group {}", chats.len());
            let assembled = (!of.pairwise).then(|| {
                Assembled::drawn(&name, people.len(), &mut rng)
                    .expect("a founding holds as many people as a group may have")
            });
            chats.push(GroupChat {
                people,
                assembled,
                per_hour: of.per_hour,
                length: of.length,
                from_us: micros(of.from_s),
                until_us: of.until_s.map_or(u64::MAX, micros),
            });
        }
    }
    Ok(chats)
}

/// So many different ones from `first` to below `end`.
fn drawn(rng: &mut ChaCha20Rng, first: usize, end: usize, count: usize) -> Vec<DeviceNumber> {
    let mut people = Vec::new();
    while people.len() < count {
        let device = (first + rng::index(rng, end - first)) as DeviceNumber;
        if !people.contains(&device) {
            people.push(device);
        }
    }
    people
}

/// Makes contacts of each and one who came in earlier, and of more pairs up to this share.
fn acquaint(
    people: &[DeviceNumber],
    share: f64,
    acquainted: &mut [BTreeSet<DeviceNumber>],
    rng: &mut ChaCha20Rng,
) {
    let mut meet = |one: DeviceNumber, other: DeviceNumber| {
        acquainted[other as usize].insert(one);
        acquainted[one as usize].insert(other)
    };
    for (place, person) in people.iter().enumerate().skip(1) {
        meet(people[rng::index(rng, place)], *person);
    }
    let pairs = people.iter().enumerate();
    let pairs =
        pairs.flat_map(|(place, one)| people[..place].iter().map(move |other| (*one, *other)));
    let mut apart: Vec<(DeviceNumber, DeviceNumber)> = pairs
        .filter(|(one, other)| !acquainted[*one as usize].contains(other))
        .collect();
    let all = people.len() * (people.len() - 1) / 2;
    let most_apart = all - libm::ceil(all as f64 * share) as usize;
    while apart.len() > most_apart {
        let (one, other) = apart.swap_remove(rng::index(rng, apart.len()));
        acquainted[one as usize].insert(other);
        acquainted[other as usize].insert(one);
    }
}

/// The groups by what engines call them.
pub(super) fn by_id(chats: &[GroupChat]) -> BTreeMap<ConversationId, u32> {
    let ids = chats.iter().zip(0..);
    let ids = ids.filter_map(|(chat, number)| Some((chat.assembled.as_ref()?.id(), number)));
    ids.collect()
}

/// Numbers of texts in groups begin here, above all others. After each number as many are free as the group has people:
/// for copies to each.
pub(super) const FIRST_POST: u64 = 1 << 32;

/// All groups, going on.
pub(super) struct Posting {
    sources: Vec<Source>,
    next: u64,
}

/// One group, going on.
struct Source {
    people: Vec<DeviceNumber>,
    per_hour: f64,
    length: Length,
    until_us: u64,
    next_us: u64,
    rng: ChaCha20Rng,
}

impl Posting {
    pub fn new(chats: &[GroupChat], seed: u64) -> Posting {
        let sources = chats.iter().zip(0..).map(|(chat, number)| {
            let mut source = Source {
                people: chat.people.clone(),
                per_hour: chat.per_hour,
                length: chat.length,
                until_us: chat.until_us,
                next_us: chat.from_us,
                rng: rng::stream(seed, Purpose::GroupTexts, number),
            };
            source.next_us += source.gap_us();
            source
        });
        Posting {
            sources: sources.collect(),
            next: FIRST_POST,
        }
    }

    /// What is written before `until_us` and was not given yet: when, by whom, what.
    pub fn until(&mut self, until_us: u64) -> Vec<(u64, DeviceNumber, Post)> {
        let mut posts = Vec::new();
        for (source, group) in self.sources.iter_mut().zip(0..) {
            while source.next_us < until_us.min(source.until_us) {
                let at_us = source.next_us;
                source.next_us += source.gap_us();
                let author = source.people[rng::index(&mut source.rng, source.people.len())];
                let Length { shortest, longest } = source.length;
                let span = (longest - shortest + 1) as usize;
                let post = Post {
                    number: 0,
                    group,
                    bytes: shortest + rng::index(&mut source.rng, span) as u64,
                };
                posts.push((at_us, author, post));
            }
        }
        posts.sort_by_key(|(at_us, ..)| *at_us);
        for (.., post) in &mut posts {
            post.number = self.next;
            self.next += 1 + self.sources[post.group as usize].people.len() as u64;
        }
        posts
    }
}

impl Source {
    fn gap_us(&mut self) -> u64 {
        micros(rng::exponential(&mut self.rng, 3_600.0 / self.per_hour)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: &str = "count = 5\npeople = 9\ncontacts = 0.5\nper-hour = 10\n\
                        length = { shortest = 1, longest = 9 }\npairwise = true";

    #[test]
    fn half_of_the_pairs_of_a_group_are_contacts_and_nobody_is_cut_off() {
        let settings: GroupChats = toml::from_str(HALF).unwrap();
        let mut acquainted = vec![BTreeSet::new(); 200];
        let chats = draw(&[settings], &mut acquainted, 1).unwrap();
        assert_eq!(chats.len(), 5);
        for chat in &chats {
            let people: BTreeSet<DeviceNumber> = chat.people.iter().copied().collect();
            assert_eq!(people.len(), 9);
            let known = |of: &DeviceNumber| acquainted[*of as usize].intersection(&people).count();
            let pairs = people.iter().map(known).sum::<usize>() / 2;
            assert!((18..24).contains(&pairs), "{pairs} of 36 pairs");
            let mut reached = BTreeSet::from([chat.people[0]]);
            while let Some(next) = people.iter().find(|person| {
                !reached.contains(person) && !acquainted[**person as usize].is_disjoint(&reached)
            }) {
                reached.insert(*next);
            }
            assert_eq!(reached, people);
        }
    }

    #[test]
    fn a_group_that_walks_together_has_numbers_that_follow_one_another() {
        let text = format!("{HALF}\ntogether = true\nfirst-device = 10");
        let settings: GroupChats = toml::from_str(&text).unwrap();
        let mut acquainted = vec![BTreeSet::new(); 100];
        let chats = draw(&[settings], &mut acquainted, 1).unwrap();
        assert_eq!(chats[1].people, (19..28).collect::<Vec<_>>());
    }

    #[test]
    fn a_group_has_no_more_people_than_there_are_devices() {
        let settings: GroupChats = toml::from_str(HALF).unwrap();
        assert!(draw(&[settings], &mut vec![BTreeSet::new(); 8], 1).is_err());
    }
}
