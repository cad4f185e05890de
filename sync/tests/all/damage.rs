//! Rows that this crate cannot have written give an error or the undamaged rest, never a panic.

use std::collections::BTreeMap;

use std::ops::{Bound, ControlFlow};

use crate::support::pair::{Identity, Node, SECRET, SPACE, meet};
use bytes::Bytes;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, Seq};
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::reconcile::{Reconciler, Shared};
use hedgerow_sync::store::{Direction, Reader, Store};
use hedgerow_sync::wire::Role;
use hedgerow_sync::{body, conversation, peer, space};

/// The highest number that a row can hold.
const HUGE: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

#[test]
fn a_damaged_row_is_an_error_of_the_store_and_no_panic() {
    let mut whole = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let mut other = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    for opening in 1..3 {
        (whole.incarnation, other.incarnation) = (opening, opening);
        whole.say("one");
        other.say("at the same time");
        meet(&mut whole, &mut other, opening);
    }
    let last = whole.say("not delivered");
    whole.annotate(1, last, "nor this");
    for (key, value) in rows(&whole) {
        for at in 0..value.len() {
            let cut = value[..at].to_vec();
            let counts_too_far = [&value[..at], &HUGE, &value[at + 1..]].concat();
            for value in [cut, counts_too_far] {
                let mut damaged = whole.clone();
                damaged.store.write(|txn| txn.put(&key, &value)).unwrap();
                use_all(&mut damaged, &other);
            }
        }
    }
}

fn rows(node: &Node) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let all = (Bound::Unbounded, Bound::Unbounded);
    let list = |reader: &dyn Reader| {
        reader.scan(all, Direction::Forward, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })
    };
    node.store.read(list).unwrap();
    rows
}

/// Calls every read; any result is fine.
fn use_all(node: &mut Node, other: &Node) {
    let log = node.log();
    let look = |reader: &dyn Reader| {
        for seq in 1..3 {
            let id = EntryId { log, seq: Seq(seq) };
            for from in [
                PageFrom::Newest,
                PageFrom::Position(1),
                PageFrom::At(id),
                PageFrom::Date(0),
            ] {
                let _ = page::page(reader, SPACE, from, 2);
            }
            let _ = page::entry(reader, SPACE, id);
            if let Ok(Some(place)) = page::place(reader, SPACE, id) {
                let _ = page::count_before(reader, SPACE, place, &[log.device]);
                let _ = page::count_after(reader, SPACE, place, &[]);
            }
        }
        let _ = space::list(reader);
        let _ = peer::unacked(reader, SPACE, other.device);
        let _ = peer::unacked_rows(reader, SPACE, other.device);
        let targets = (1..3).map(|seq| EntryId { log, seq: Seq(seq) });
        let _ = conversation::annotations(reader, SPACE, AnnotationKind(1), targets);
        Ok(())
    };
    node.store.read(look).unwrap();
    let shared = [Shared {
        space: SPACE,
        secret: &SECRET,
    }];
    for seq in 1..3 {
        let id = EntryId { log, seq: Seq(seq) };
        let _ = node.store.write(|txn| body::remove(txn, SPACE, id));
        let body = Body::Bytes(Bytes::from_static(b"more"));
        let _ = node
            .store
            .write(|txn| Ok(space::append(txn, SPACE, log, 0, What::TEXT, body)));
        let live = node.channel(other.device, Role::Dialler, b"hash");
        let bundle = node.channel(other.device, Role::Bundle, b"tag");
        let _ = node.store.write(|txn| {
            let mut reconciler = Reconciler::new(txn, &live, &shared)?;
            reconciler.peer_root(txn, [1; 16], log.incarnation)?;
            let mut out = Vec::new();
            reconciler.fill(txn, &node.identity.mark_key, 1 << 16, &mut out)?;
            let mut export = Reconciler::export(txn, &bundle, &shared, &BTreeMap::new())?;
            export.fill(txn, &node.identity.mark_key, 1 << 16, &mut out)
        });
    }
}
