//! Which entries of a group are shown.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq};
use hedgerow_sync::membership::{Content, Held, Posted, Refusal, Showing, content};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::histories;
use crate::support::group::notation;
use crate::support::group::random::{self, plot};
use crate::support::group::slow::{self, Entry};
use crate::support::group::story::{Deed, Number, Person, Story};

/// Entry `seq` of the only log of a person.
fn id(person: Person, seq: u64) -> EntryId {
    let log = LogId {
        device: DeviceId([person as u8; 16]),
        incarnation: Incarnation(person as u64),
    };
    EntryId { log, seq: Seq(seq) }
}

/// An entry with the events that its author knew and the entries that it links to.
fn entry(person: Person, seq: u64, version: &[Number], links: &[usize]) -> Entry {
    Entry {
        id: id(person, seq),
        author: person,
        version: version.iter().copied().collect(),
        links: links.iter().copied().collect(),
    }
}

pub fn posted(story: &Story, entries: &[Entry]) -> BTreeMap<EntryId, Posted> {
    let ids = story.ids();
    let posted = |entry: &Entry| Posted {
        author: story.key(entry.author),
        version: entry.version.iter().map(|event| ids[*event]).collect(),
        links: entry.links.iter().map(|link| entries[*link].id).collect(),
    };
    entries
        .iter()
        .map(|entry| (entry.id, posted(entry)))
        .collect()
}

fn judged(story: &Story, entries: &[Entry]) -> Content {
    content(&story.membership(), &posted(story, entries))
}

/// The founder, two admins and a member; the founder removes the second admin, holding this much of his log.
fn removal(held: Option<u64>) -> Story {
    let mut story = notation::story("g ABc|1 A:B=0 g");
    let log = |seq| (id(1, 1).log.incarnation, Seq(seq));
    story.events[1].held = held.into_iter().map(log).collect::<Held>();
    story
}

#[test]
fn a_removal_spares_the_entries_that_its_author_held() {
    let story = removal(Some(2));
    let entries = [
        entry(1, 1, &[0], &[]),
        entry(1, 2, &[0], &[]),
        entry(1, 3, &[0], &[]),
    ];
    let content = judged(&story, &entries);
    let by = story.ids()[1];
    assert_eq!(content.showing[&id(1, 1)], Showing::Shown);
    assert_eq!(content.showing[&id(1, 2)], Showing::Shown);
    assert_eq!(
        content.showing[&id(1, 3)],
        Showing::Refused(Refusal::Cut { by })
    );
}

#[test]
fn an_entry_beside_a_removal_is_shown_once_another_author_follows_it() {
    let story = removal(None);
    let lonely = [entry(1, 1, &[0], &[]), entry(1, 2, &[0], &[])];
    let by = story.ids()[1];
    let content = judged(&story, &lonely);
    assert_eq!(
        content.showing[&id(1, 2)],
        Showing::Refused(Refusal::Cut { by })
    );
    let followed = [
        entry(1, 1, &[0], &[]),
        entry(1, 2, &[0], &[]),
        entry(2, 1, &[0], &[0]),
    ];
    let content = judged(&story, &followed);
    assert_eq!(content.showing[&id(1, 1)], Showing::Shown);
    assert_eq!(
        content.showing[&id(1, 2)],
        Showing::Refused(Refusal::Cut { by })
    );
}

#[test]
fn who_knew_of_his_removal_is_not_shown_even_if_another_follows_him() {
    let story = removal(Some(9));
    let entries = [entry(1, 1, &[1], &[]), entry(0, 1, &[1], &[0])];
    let content = judged(&story, &entries);
    let by = story.ids()[1];
    assert_eq!(
        content.showing[&id(1, 1)],
        Showing::Refused(Refusal::KnewRemoval { by })
    );
    assert_eq!(content.showing[&id(0, 1)], Showing::Shown);
}

#[test]
fn an_entry_knows_no_less_than_the_one_before_it_in_its_log() {
    let story = removal(Some(9));
    let entries = [entry(1, 1, &[1], &[]), entry(1, 2, &[0], &[])];
    let content = judged(&story, &entries);
    let by = story.ids()[1];
    assert_eq!(
        content.showing[&id(1, 2)],
        Showing::Refused(Refusal::KnewRemoval { by })
    );
}

#[test]
fn a_stranger_is_not_shown() {
    let mut story = removal(None);
    let stranger = story.person("Z");
    let content = judged(&story, &[entry(stranger, 1, &[1], &[])]);
    let shown = content.showing[&id(stranger, 1)];
    assert_eq!(shown, Showing::Refused(Refusal::NotAppointed));
}

#[test]
fn what_an_entry_links_to_is_wanted_also_of_one_who_is_refused_and_it_waits_till_then() {
    let story = removal(None);
    let whole = [entry(1, 1, &[0], &[]), entry(2, 1, &[0], &[0])];
    let mut held = posted(&story, &whole);
    held.remove(&id(1, 1));
    let content = content(&story.membership(), &held);
    assert_eq!(content.wanted, [id(1, 1)].into());
    assert_eq!(content.showing[&id(2, 1)], Showing::Waits);
    let content = judged(&story, &whole);
    assert_eq!(content.wanted, BTreeSet::new());
    assert!(content.showing.values().all(|it| *it == Showing::Shown));
}

#[test]
fn an_entry_that_names_an_unknown_operation_waits() {
    let story = removal(None);
    let mut held = posted(&story, &[entry(0, 1, &[1], &[]), entry(0, 2, &[1], &[])]);
    let other = notation::story("g XY");
    held.entry(id(0, 1))
        .and_modify(|it| it.version = other.ids());
    let content = content(&story.membership(), &held);
    assert!(content.showing.values().all(|it| *it == Showing::Waits));
}

/// Entries at random: who writes, how little of the events he claims to know, what he follows.
pub type Posts = Vec<(u8, u8, Option<u8>, u8)>;

pub fn posts(story: &Story, posts: &Posts) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (who, version, link, _) in posts {
        let author = usize::from(*who) % story.names.len();
        let seq = 1 + entries.iter().filter(|it| it.author == author).count() as u64;
        let version = usize::from(*version) % story.events.len();
        let link = link.map(|link| usize::from(link) % entries.len().max(1));
        let link = link.filter(|link| *link < entries.len());
        entries.push(entry(author, seq, &[version], link.as_slice()));
    }
    entries
}

#[test]
fn two_implementations_show_the_same_entries() {
    let config = Config {
        cases: histories(500),
        ..Config::with_source_file(file!())
    };
    let post = any::<(u8, u8, Option<u8>, u8)>();
    let any = (plot(20), prop::collection::vec(post, 1..24));
    TestRunner::new(config)
        .run(&any, |(plot, written)| {
            let mut story = random::story(&plot);
            for (event, (_, _, _, held)) in story.events.iter_mut().zip(written.iter().cycle()) {
                if let Deed::Set(who, _) = event.deed {
                    event.held = [(Incarnation(who as u64), Seq(u64::from(*held) % 4))].into();
                }
            }
            let entries = posts(&story, &written);
            let content = judged(&story, &entries);
            let slow = slow::shown(&story, &entries);
            for (number, entry) in entries.iter().enumerate() {
                let is_shown = content.showing[&entry.id] == Showing::Shown;
                prop_assert_eq!(is_shown, slow.contains(&number));
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
