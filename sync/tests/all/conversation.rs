//! Rows and annotations: which are counted and which annotations count, in any order of arrival.

use std::collections::BTreeMap;

use crate::support::pair::{Identity, Node, SPACE, meet};
use hedgerow_sync::batch::BatchBuilder;
use hedgerow_sync::conversation::{self, Annotation, NewRows};
use hedgerow_sync::entry::{AnnotationKind, Body, Entry, RowKind, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq};
use hedgerow_sync::ingest::{Devices, Ingested, ingest};
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::space::{self, Summary};
use hedgerow_sync::store::{Reader, Store};
use hedgerow_sync::{body, peer};
use proptest::prelude::*;

const KIND: AnnotationKind = AnnotationKind(1);

fn alice_and_bob() -> (Node, Node) {
    let alice = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    (alice, bob)
}

fn summary(node: &Node) -> Summary {
    let look = |reader: &dyn Reader| space::summary(reader, SPACE);
    node.store.read(look).unwrap().unwrap()
}

fn said_of(node: &Node, targets: &[EntryId]) -> BTreeMap<EntryId, Vec<Annotation>> {
    let look = |reader: &dyn Reader| {
        conversation::annotations(reader, SPACE, KIND, targets.iter().copied())
    };
    node.store.read(look).unwrap()
}

/// The annotation of each author of an entry.
fn said(node: &Node, target: EntryId) -> Vec<(DeviceId, String)> {
    let found = said_of(node, &[target]).remove(&target).unwrap_or_default();
    let text = |annotation: &Annotation| match &annotation.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Body::Gone => "gone".into(),
    };
    found
        .iter()
        .map(|annotation| (annotation.author(), text(annotation)))
        .collect()
}

fn row_ids(node: &Node, from: PageFrom) -> Vec<EntryId> {
    let look = |reader: &dyn Reader| page::page(reader, SPACE, from, page::MAX_PAGE);
    let page = node.store.read(look).unwrap().unwrap();
    page.entries.iter().map(|row| row.id).collect()
}

#[test]
fn annotations_are_counted_nowhere_and_move_nothing() {
    let (mut alice, mut bob) = alice_and_bob();
    let first = alice.say_in(SPACE, 5_000, "a row");
    let second = alice.say_in(SPACE, 6_000, "another");
    let before = summary(&alice);
    let kind = KIND;
    let target = first;
    for wall_ms in [1, 9_000_000] {
        let what = What::Annotation { kind, target };
        let appended = alice.append(SPACE, wall_ms, what, "!");
        assert!(appended.changes.rows.is_empty());
        assert_eq!(appended.changes.annotated, [first]);
    }
    let third = alice.append(SPACE, 7_000, What::Row(RowKind(40_000)), "unknown");
    let new = NewRows {
        first: third.id.seq,
        count: 1,
        kind: RowKind(40_000),
    };
    assert_eq!(third.changes.rows, [new]);
    let after = summary(&alice);
    assert_eq!((before.rows, before.entries), (2, 2));
    assert_eq!((after.rows, after.rows_mine, after.entries), (3, 3, 5));
    assert_eq!(after.newest_wall_ms, 7_000);
    let unacked_rows = |node: &Node| {
        let look = |reader: &dyn Reader| peer::unacked_rows(reader, SPACE, bob.device);
        node.store.read(look).unwrap()
    };
    assert_eq!((unacked_rows(&alice), alice.unacked(bob.device)), (3, 5));
    let all = [first, second, third.id];
    assert_eq!(row_ids(&alice, PageFrom::Oldest), all);
    meet(&mut alice, &mut bob, 1);
    let look = |reader: &dyn Reader| peer::unacked_rows(reader, SPACE, bob.device);
    assert_eq!(alice.store.read(look).unwrap(), 0);
    assert_eq!(row_ids(&bob, PageFrom::Newest), all);
    assert_eq!(row_ids(&bob, PageFrom::After(second)), all[2..]);
    let annotation = EntryId {
        seq: Seq(3),
        ..first
    };
    let from = PageFrom::At(annotation);
    let look = |reader: &dyn Reader| page::page(reader, SPACE, from, 1);
    assert_eq!(bob.store.read(look).unwrap(), None, "no row is called so");
    let look = |reader: &dyn Reader| page::last_row(reader, SPACE, annotation);
    assert_eq!(bob.store.read(look).unwrap(), Some(second));
}

#[test]
fn delivered_rows_are_right_wherever_an_acknowledgement_ends() {
    let (mut alice, mut bob) = alice_and_bob();
    let target = alice.say("first");
    for number in 0..300 {
        match number % 3 {
            0 => drop(alice.say("row")),
            _ => drop(alice.annotate(1, target, "says")),
        }
    }
    let rows = |seq: u64| {
        if seq == 0 {
            0
        } else {
            1 + (seq - 1).div_ceil(3)
        }
    };
    let device = bob.device;
    let row = |alice: &Node| {
        let look = |reader: &dyn Reader| peer::unacked_rows(reader, SPACE, device);
        alice.store.read(look).unwrap()
    };
    let log = alice.log();
    let total = summary(&alice).rows;
    assert_eq!(total, rows(301));
    for seq in [1, 2, 3, 77, 78, 200, 299, 301] {
        let mut session = crate::support::pair::Session::open(
            [&mut alice, &mut bob],
            1_000 + seq,
            &[(SPACE, crate::support::pair::SECRET)],
        );
        session.settle_ack(&mut alice, log, Seq(seq));
        assert_eq!(row(&alice), total - rows(seq), "up to {seq}");
        assert_eq!(alice.unacked(device), 301 - seq);
    }
}

#[test]
fn the_last_of_each_author_counts_and_a_body_that_left_says_nothing() {
    let (mut alice, mut bob) = alice_and_bob();
    let target = alice.say("shall we?");
    meet(&mut alice, &mut bob, 1);
    bob.annotate(1, target, "no");
    let last = bob.annotate(1, target, "yes");
    bob.annotate(2, target, "of another kind");
    alice.annotate(1, target, "mine");
    meet(&mut alice, &mut bob, 2);
    for node in [&alice, &bob] {
        let mut said = said(node, target);
        said.sort();
        assert_eq!(
            said,
            [
                (alice.device, "mine".to_owned()),
                (bob.device, "yes".to_owned())
            ]
        );
    }
    let remove = |txn: &mut dyn hedgerow_sync::store::Txn| body::remove(txn, SPACE, last);
    assert!(alice.store.write(remove).unwrap());
    assert!(said(&alice, target).contains(&(bob.device, "gone".to_owned())));
    // A later opening of the same device continues.
    bob.incarnation += 1;
    bob.annotate(1, target, "perhaps");
    meet(&mut alice, &mut bob, 3);
    assert!(said(&alice, target).contains(&(bob.device, "perhaps".to_owned())));
    let mut targets = Vec::new();
    let each = |reader: &dyn Reader| {
        conversation::each_annotation(reader, SPACE, KIND, &mut |target, place| {
            targets.push((target, place.log.device));
            std::ops::ControlFlow::Continue(())
        })
    };
    alice.store.read(each).unwrap();
    assert_eq!(targets, [(target, alice.device), (target, bob.device)]);
}

#[test]
fn an_annotation_of_an_absurd_target_is_kept_passed_on_and_shows_nothing() {
    let (mut alice, mut bob) = alice_and_bob();
    let row = alice.say("a row");
    let absurd = EntryId {
        log: LogId {
            device: DeviceId([0xff; 16]),
            incarnation: Incarnation(u64::MAX),
        },
        seq: Seq(u64::MAX),
    };
    let future = EntryId {
        seq: Seq(1 << 50),
        ..row
    };
    for target in [absurd, future] {
        alice.annotate(1, target, "of nothing");
        alice.annotate(u16::MAX, target, "of no kind that is known");
    }
    meet(&mut alice, &mut bob, 1);
    assert_eq!(alice.frontier(), bob.frontier());
    assert_eq!(row_ids(&bob, PageFrom::Oldest), [row]);
    assert!(said(&bob, row).is_empty());
    assert_eq!(said(&bob, absurd).len(), 1);
    bob.store.write(|txn| space::remove(txn, SPACE)).unwrap();
    assert!(said(&bob, absurd).is_empty());
}

#[test]
fn thousands_of_annotations_between_two_rows_are_passed_over() {
    let mut node = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let first = node.say_in(SPACE, 1_000, "before");
    for number in 0..3_000 {
        node.annotate(1 + number % 3, first, "says");
    }
    let second = node.say_in(SPACE, 2_000, "after");
    for (from, rows) in [
        (PageFrom::Oldest, vec![first, second]),
        (PageFrom::Newest, vec![first, second]),
        (PageFrom::After(first), vec![second]),
        (PageFrom::Before(second), vec![first]),
        (PageFrom::Date(1_500), vec![second]),
    ] {
        assert_eq!(row_ids(&node, from), rows, "{from:?}");
    }
}

/// An entry that links to nothing in an author's own log: a row, or an annotation of an entry of one of the three
/// logs.
#[derive(Debug, Clone)]
struct Written {
    of: Option<(usize, u64)>,
    text: u8,
}

fn written() -> impl Strategy<Value = Written> {
    let of = prop::option::weighted(0.7, (0..3usize, 1..12u64));
    (of, any::<u8>()).prop_map(|(of, text)| Written { of, text })
}

fn log(number: usize) -> LogId {
    LogId {
        // The first two are openings of one device.
        device: Identity::new(2, 2).devices[number / 2],
        incarnation: Incarnation(number as u64),
    }
}

/// The batches of a log, cut after this many entries each.
fn batches(number: usize, kind: AnnotationKind, written: &[Written], cut: usize) -> Vec<Vec<u8>> {
    let mut first = 1;
    let mut cores = Vec::new();
    for chunk in written.chunks(cut) {
        let mut builder = BatchBuilder::new(log(number), Seq(first), 0);
        for written in chunk {
            let what = match written.of {
                Some((of, seq)) => What::Annotation {
                    kind,
                    target: EntryId {
                        log: log(of),
                        seq: Seq(seq),
                    },
                },
                None => What::TEXT,
            };
            assert!(builder.push(&Entry {
                what,
                links: Vec::new(),
                wall_ms: 0,
                body: Body::Bytes(vec![written.text].into()),
            }));
        }
        first += chunk.len() as u64;
        cores.push(builder.seal(&Identity::new(2, 2).mark_key, SPACE, &[number as u8; 16]));
    }
    cores
}

/// Ingests all batches, each time the next one of the log that `order` names; goes back to an older copy of the
/// store where `order` says so.
fn take_in(logs: &[Vec<Vec<u8>>], order: &[u8]) -> Node {
    let mut node = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let mut next = vec![0; logs.len()];
    let mut older = (node.store.clone(), next.clone());
    let authority_of = Identity::new(2, 2).devices;
    let in_the_end = (0..logs.len() as u8).flat_map(|log| [log; 12]);
    for step in order.iter().copied().chain(in_the_end) {
        match step {
            6 => older = (node.store.clone(), next.clone()),
            7 => (node.store, next) = older.clone(),
            step => {
                let log_number = usize::from(step) % logs.len();
                let Some(core) = logs[log_number].get(next[log_number]) else {
                    continue;
                };
                let authority = Devices {
                    theirs: &authority_of,
                    mine: &node.identity.devices,
                    mark_key: &node.identity.mark_key,
                };
                let taken = node
                    .store
                    .write(|txn| ingest(txn, SPACE, log(log_number), core, &authority))
                    .unwrap();
                assert!(matches!(taken, Ingested::Stored { .. }));
                next[log_number] += 1;
            }
        }
    }
    node
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_order_of_arrival_and_any_cut_gives_the_same_conversation(
        logs in prop::collection::vec(prop::collection::vec(written(), 1..12), 3),
        cuts in prop::collection::vec(1..12usize, 2),
        orders in prop::collection::vec(prop::collection::vec(0..8u8, 0..40), 2),
    ) {
        let nodes: Vec<Node> = cuts
            .iter()
            .zip(&orders)
            .map(|(cut, order)| {
                let logs: Vec<_> = logs
                    .iter()
                    .enumerate()
                    .map(|(number, written)| batches(number, KIND, written, *cut))
                    .collect();
                take_in(&logs, order)
            })
            .collect();
        let targets: Vec<EntryId> = (0..3)
            .flat_map(|number| (1..12).map(move |seq| EntryId { log: log(number), seq: Seq(seq) }))
            .collect();
        // A simple model: the last annotation of each device for each entry, in screen order.
        let mut model: BTreeMap<(EntryId, DeviceId), (u64, usize, u8)> = BTreeMap::new();
        for (number, written) in logs.iter().enumerate() {
            for (seq, written) in (1..).zip(written) {
                if let Some((of, target)) = written.of {
                    let target = EntryId { log: log(of), seq: Seq(target) };
                    let said = (seq, number, written.text);
                    let last = model.entry((target, log(number).device)).or_insert(said);
                    *last = said.max(*last);
                }
            }
        }
        for node in &nodes {
            let found = said_of(node, &targets);
            let mut flat = BTreeMap::new();
            for annotation in found.values().flatten() {
                let Body::Bytes(bytes) = &annotation.body else { panic!("no body has left") };
                let said = (
                    annotation.place.seq.0,
                    annotation.place.log.incarnation.0 as usize,
                    bytes[0],
                );
                flat.insert((annotation.target, annotation.author()), said);
            }
            prop_assert_eq!(&flat, &model);
            let rows = logs.iter().flatten().filter(|written| written.of.is_none()).count();
            prop_assert_eq!(row_ids(node, PageFrom::Oldest).len(), rows);
            prop_assert_eq!(summary(node).rows, rows as u64);
        }
        prop_assert_eq!(row_ids(&nodes[0], PageFrom::Oldest), row_ids(&nodes[1], PageFrom::Oldest));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn of_edits_the_first_of_each_author_count_in_any_order_of_arrival_and_any_cut(
        lengths in prop::collection::vec(0..150usize, 3),
        cuts in prop::collection::vec(13..150usize, 2),
        orders in prop::collection::vec(prop::collection::vec(0..8u8, 0..40), 2),
    ) {
        let target = EntryId { log: log(0), seq: Seq(1) };
        let edit = Written { of: Some((0, 1)), text: 0 };
        let places = cuts.iter().zip(&orders).map(|(cut, order)| {
            let logs = lengths.iter().enumerate();
            let logs: Vec<_> = logs
                .map(|(number, length)| {
                    let edits = vec![edit.clone(); *length];
                    batches(number, AnnotationKind::EDIT, &edits, *cut)
                })
                .collect();
            let look = |reader: &dyn Reader| {
                conversation::annotation_places(reader, SPACE, AnnotationKind::EDIT, [target])
            };
            let mut found = take_in(&logs, order).store.read(look).unwrap();
            let places = found.remove(&target).unwrap_or_default();
            places.into_iter().map(|place| (place.log, place.seq)).collect::<Vec<_>>()
        });
        let places: Vec<_> = places.collect();
        // A simple model: all edits of a device in screen order, of which the first are kept.
        let mut model = Vec::new();
        for of_device in [&[0, 1][..], &[2]] {
            let edits = of_device.iter().flat_map(|number| {
                (1..=lengths[*number] as u64).map(|seq| (seq, log(*number)))
            });
            let mut edits: Vec<_> = edits.collect();
            edits.sort();
            edits.truncate(conversation::MAX_EDITS);
            model.extend(edits);
        }
        model.sort();
        let model: Vec<_> = model.into_iter().map(|(seq, log)| (log, Seq(seq))).collect();
        prop_assert_eq!(&places[0], &model);
        prop_assert_eq!(&places[1], &model);
    }
}
