//! How far logs are read: of the receipts of one device the furthest counts, whatever order they come in, and what is
//! to be told is found among all logs.

use std::collections::BTreeMap;

use crate::support::pair::{Identity, Node, SPACE, meet};
use hedgerow_sync::conversation;
use hedgerow_sync::entry::{AnnotationKind, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq};
use hedgerow_sync::page::{self, Place};
use hedgerow_sync::store::{Reader, Store};
use proptest::prelude::*;

fn alice_and_bob() -> (Node, Node) {
    let alice = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    (alice, bob)
}

/// A log that somebody names, held or not.
fn log(number: u8) -> LogId {
    LogId {
        device: DeviceId([number; 16]),
        incarnation: Incarnation(u64::from(number)),
    }
}

/// Writes a receipt; says whether it says more than those before it.
fn receipt(node: &mut Node, log: LogId, seq: u64) -> bool {
    let target = EntryId { log, seq: Seq(seq) };
    let kind = AnnotationKind::READ;
    let appended = node.append(SPACE, 1_000, What::Annotation { kind, target }, "");
    assert!(appended.changes.annotated.is_empty() && appended.changes.rows.is_empty());
    appended.changes.read == [target]
}

fn read_up_to(node: &Node, log: LogId, device: DeviceId) -> u64 {
    let look = |reader: &dyn Reader| conversation::read_up_to(reader, SPACE, log, device);
    node.store.read(look).unwrap().0
}

/// Where each entry stands.
fn places(node: &Node) -> Vec<Place> {
    let mut places = Vec::new();
    for (log, head) in node.frontier() {
        for seq in 1..=head.0 {
            let id = EntryId { log, seq: Seq(seq) };
            let look = |reader: &dyn Reader| page::place(reader, SPACE, id);
            places.extend(node.store.read(look).unwrap());
        }
    }
    places.sort();
    places
}

#[test]
fn a_receipt_holds_on_every_device_and_another_log_is_not_touched() {
    let (mut alice, mut bob) = alice_and_bob();
    alice.say("one");
    let second = alice.say("two");
    meet(&mut alice, &mut bob, 1);
    assert!(receipt(&mut bob, second.log, second.seq.0));
    assert!(!receipt(&mut bob, second.log, 1));
    meet(&mut alice, &mut bob, 2);
    for node in [&alice, &bob] {
        assert_eq!(read_up_to(node, second.log, bob.device), 2);
        assert_eq!(read_up_to(node, second.log, alice.device), 0);
        assert_eq!(read_up_to(node, bob.log(), bob.device), 0);
    }
}

#[test]
fn a_receipt_for_the_end_of_numbers_is_kept_and_read() {
    let (mut alice, mut bob) = alice_and_bob();
    assert!(receipt(&mut bob, log(9), u64::MAX));
    meet(&mut alice, &mut bob, 1);
    assert_eq!(read_up_to(&alice, log(9), bob.device), u64::MAX);
}

proptest! {
    #[test]
    fn of_receipts_the_furthest_counts_in_any_order(
        receipts in proptest::collection::vec((0..3u8, 1..50u64), 0..30),
        seed: prop::sample::Index,
    ) {
        let mut furthest: BTreeMap<u8, u64> = BTreeMap::new();
        for (number, seq) in &receipts {
            let known = furthest.entry(*number).or_default();
            *known = (*known).max(*seq);
        }
        let turn = if receipts.is_empty() { 0 } else { seed.index(receipts.len()) };
        let mut orders = vec![receipts.clone(), receipts.iter().rev().copied().collect()];
        orders.push([&receipts[turn..], &receipts[..turn]].concat());
        for order in orders {
            let (mut alice, _) = alice_and_bob();
            for (number, seq) in order {
                receipt(&mut alice, log(number), seq);
            }
            for number in 0..3 {
                let known = furthest.get(&number).copied().unwrap_or_default();
                prop_assert_eq!(read_up_to(&alice, log(number), alice.device), known);
            }
        }
    }

    #[test]
    fn the_last_entries_of_a_stretch_are_those_of_the_whole(
        steps in proptest::collection::vec((0..5u8, 1..200u16), 1..12),
        from: prop::sample::Index,
        to: prop::sample::Index,
    ) {
        let (mut alice, mut bob) = alice_and_bob();
        for (number, (step, count)) in steps.into_iter().enumerate() {
            match step {
                0 => drop(meet(&mut alice, &mut bob, number as u64)),
                1 => alice.incarnation += 1,
                2 => for _ in 0..count { alice.say("hers"); },
                3 => for _ in 0..count { bob.say("his"); },
                _ => drop(bob.annotate(1, EntryId { log: bob.log(), seq: Seq(1) }, "!")),
            }
        }
        meet(&mut alice, &mut bob, 1_000);
        let places = places(&alice);
        prop_assume!(!places.is_empty());
        let after = Some(from.index(places.len() + 1)).filter(|at| *at > 0).map(|at| places[at - 1]);
        let up_to = places[to.index(places.len())];
        let mut expected: BTreeMap<LogId, Seq> = BTreeMap::new();
        let within = places.iter().filter(|place| {
            **place <= up_to && after.is_none_or(|after| **place > after)
        });
        for place in within.filter(|place| place.log.device != bob.device) {
            expected.insert(place.log, place.seq);
        }
        let look = |reader: &dyn Reader| {
            page::last_entries(reader, SPACE, after, up_to, &[bob.device])
        };
        prop_assert_eq!(alice.store.read(look).unwrap(), expected);
    }
}
