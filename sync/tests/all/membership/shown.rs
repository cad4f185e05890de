//! What is shown, kept up to date while entries and operations come in any order.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::EntryId;
use hedgerow_sync::membership::{Membership, Posted, Showing, Shown, content};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::content::{posted, posts};
use super::histories;
use crate::support::group::random::{self, plot};
use crate::support::group::story::{Deed, Story};
use hedgerow_sync::id::{Incarnation, Seq};
use hedgerow_sync::membership::Held;

/// Which entries are shown, by some rule.
type Rule = fn(&Membership, &BTreeMap<EntryId, Posted>) -> BTreeSet<EntryId>;

fn right(membership: &Membership, entries: &BTreeMap<EntryId, Posted>) -> BTreeSet<EntryId> {
    let showing = content(membership, entries).showing.into_iter();
    let shown = showing.filter(|(_, it)| *it == Showing::Shown);
    shown.map(|(id, _)| id).collect()
}

/// Forgets that an answer brings an entry back.
fn without_answers(
    membership: &Membership,
    entries: &BTreeMap<EntryId, Posted>,
) -> BTreeSet<EntryId> {
    let alone = |(id, posted): (&EntryId, &Posted)| {
        let before = entries.iter().filter(|(other, _)| other.log == id.log);
        let log: BTreeMap<EntryId, Posted> = before
            .filter(|(other, _)| other.seq <= id.seq)
            .map(|(id, posted)| (*id, posted.clone()))
            .map(|(id, posted)| {
                (
                    id,
                    Posted {
                        links: Vec::new(),
                        ..posted
                    },
                )
            })
            .collect();
        let _ = posted;
        (content(membership, &log).showing[id] == Showing::Shown).then_some(*id)
    };
    entries.iter().filter_map(alone).collect()
}

/// Takes everybody who is out now as one who never was in.
fn by_members_now(
    membership: &Membership,
    entries: &BTreeMap<EntryId, Posted>,
) -> BTreeSet<EntryId> {
    let is_in = |posted: &Posted| membership.level(posted.author).code() >= 2;
    let shown = entries.iter().filter(|(_, posted)| is_in(posted));
    shown.map(|(id, _)| *id).collect()
}

/// Operations and entries in an order in which each comes after those it needs, chosen by `order`.
fn kept(story: &Story, entries: &[(EntryId, Posted)], order: &[u8]) -> (Membership, Shown) {
    let mut operations = story.operations().into_iter();
    let mut membership = Membership::new(operations.next().unwrap()).unwrap();
    let mut operations: Vec<_> = operations.collect();
    let mut entries: Vec<&(EntryId, Posted)> = entries.iter().collect();
    let mut shown = Shown::default();
    let mut held = BTreeSet::new();
    let mut order = order.iter().cycle();
    while !operations.is_empty() || !entries.is_empty() {
        let choice = usize::from(*order.next().unwrap());
        let can_come = |(id, posted): &&(EntryId, Posted)| {
            let before = EntryId {
                seq: Seq(id.seq.0 - 1),
                ..*id
            };
            (id.seq.0 == 1 || held.contains(&before))
                && posted.links.iter().all(|link| held.contains(link))
                && posted
                    .version
                    .iter()
                    .all(|it| membership.operation(*it).is_some())
        };
        let ready: Vec<usize> = (0..entries.len())
            .filter(|at| can_come(&entries[*at]))
            .collect();
        if operations.is_empty() || (!ready.is_empty() && choice % 2 == 0) {
            let (id, posted) = entries.remove(ready[choice / 2 % ready.len()]);
            held.insert(*id);
            shown.add(&membership, *id, posted);
        } else {
            // In any order: those that miss one wait for it.
            membership.insert(operations.remove(choice / 2 % operations.len()));
            shown.rejudge(&membership);
        }
    }
    (membership, shown)
}

/// Whether random interleavings with removal beside writing come to what a rule gives from scratch.
fn agrees_with(rule: Rule, cases: u32) -> bool {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let post = any::<(u8, u8, Option<u8>, u8)>();
    let any = (
        plot(14),
        prop::collection::vec(post, 1..20),
        prop::collection::vec(any::<u8>(), 40),
    );
    let agrees = TestRunner::new(config).run(&any, |(plot, written, order)| {
        let mut story = random::story(&plot);
        for (event, (_, _, _, held)) in story.events.iter_mut().zip(written.iter().cycle()) {
            if let Deed::Set(who, _) = event.deed {
                let log = (Incarnation(who as u64), Seq(u64::from(*held) % 4));
                event.held = [log].into_iter().collect::<Held>();
            }
        }
        let entries = posted(&story, &posts(&story, &written));
        let all: Vec<(EntryId, Posted)> = entries.clone().into_iter().collect();
        let (membership, shown) = kept(&story, &all, &order);
        let now = shown.all().filter(|(_, it)| *it == Showing::Shown);
        let now: BTreeSet<EntryId> = now.map(|(id, _)| id).collect();
        prop_assert_eq!(now, rule(&membership, &entries));
        Ok(())
    });
    agrees.is_ok()
}

#[test]
fn any_order_shows_the_same() {
    assert!(agrees_with(right, histories(1_000)));
}

#[test]
fn the_orders_catch_broken_rules() {
    assert!(!agrees_with(without_answers, 1_000));
    assert!(!agrees_with(by_members_now, 1_000));
}
