//! What has left cannot be taken back: an entry of ours is marked as offered before anybody may hold it.

use std::collections::BTreeMap;

use crate::support::pair::{Identity, Node, SECRET, SPACE, Session, meet};
use bytes::Bytes;
use hedgerow_sync::body;
use hedgerow_sync::conversation;
use hedgerow_sync::entry::Body;
use hedgerow_sync::id::EntryId;
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::reconcile::{Reconciler, Shared};
use hedgerow_sync::space;
use hedgerow_sync::store::{Reader, Store, Txn};
use hedgerow_sync::wire::Role;

fn alice_and_bob() -> (Node, Node) {
    let alice = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    (alice, bob)
}

fn replace(node: &mut Node, entry: EntryId, text: &str) -> bool {
    let body = Bytes::copy_from_slice(text.as_bytes());
    let replace = |txn: &mut dyn Txn| body::replace(txn, SPACE, entry, body);
    node.store.write(replace).unwrap()
}

fn void(node: &mut Node, entry: EntryId) -> bool {
    node.store
        .write(|txn| {
            let is_void = body::void(txn, SPACE, entry)?;
            if is_void {
                assert!(conversation::hide(txn, SPACE, entry)?);
            }
            Ok(is_void)
        })
        .unwrap()
}

fn is_unoffered(node: &Node, entry: EntryId) -> bool {
    let look = |reader: &dyn Reader| body::is_unoffered(reader, SPACE, entry);
    node.store.read(look).unwrap()
}

fn texts(node: &Node) -> Vec<String> {
    let look = |reader: &dyn Reader| page::page(reader, SPACE, PageFrom::Oldest, page::MAX_PAGE);
    let page = node.store.read(look).unwrap().unwrap();
    assert_eq!(page.total, page.entries.len() as u64);
    let rows = page.entries.into_iter();
    rows.map(|row| match row.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Body::Gone => "gone".to_owned(),
    })
    .collect()
}

#[test]
fn a_text_that_nobody_was_offered_is_exchanged_without_a_trace() {
    let (mut alice, mut bob) = alice_and_bob();
    let entries: Vec<_> = ["one", "two", "three"].map(|text| alice.say(text)).into();
    assert!(replace(&mut alice, entries[1], "another"));
    assert_eq!(texts(&alice), ["one", "another", "three"]);
    alice.say("goes on");
    meet(&mut alice, &mut bob, 1);
    assert_eq!(texts(&bob), ["one", "another", "three", "goes on"]);
    assert!(!replace(&mut alice, entries[1], "too late"));
    assert!(!void(&mut alice, entries[2]));
    assert!(!replace(&mut bob, entries[0], "not mine"));
    assert_eq!(texts(&alice), texts(&bob));
}

#[test]
fn texts_that_became_much_longer_before_they_left_arrive() {
    let (mut alice, mut bob) = alice_and_bob();
    let entries: Vec<_> = (0..60)
        .map(|number| alice.say(&number.to_string()))
        .collect();
    let long = "x".repeat(60_000);
    for entry in entries.iter().step_by(7) {
        assert!(replace(&mut alice, *entry, &long));
    }
    assert!(replace(&mut alice, entries[59], &long));
    alice.say("goes on");
    assert!(replace(&mut alice, entries[59], "short again"));
    for _ in 0..40 {
        alice.say("and on");
    }
    let expected = texts(&alice);
    assert_eq!(expected.iter().filter(|text| **text == long).count(), 9);
    meet(&mut alice, &mut bob, 1);
    assert_eq!(texts(&bob), expected);
}

#[test]
fn a_text_that_was_taken_back_before_it_left_shows_nowhere() {
    let (mut alice, mut bob) = alice_and_bob();
    let entries: Vec<_> = ["one", "two", "three"].map(|text| alice.say(text)).into();
    assert!(void(&mut alice, entries[1]));
    assert!(!void(&mut alice, entries[1]), "once");
    assert!(!replace(&mut alice, entries[1], "back"));
    let session = meet(&mut alice, &mut bob, 1);
    for node in [&alice, &bob] {
        assert_eq!(texts(node), ["one", "three"]);
        let look = |reader: &dyn Reader| space::summary(reader, SPACE);
        let summary = node.store.read(look).unwrap().unwrap();
        assert_eq!((summary.entries, summary.rows), (3, 2));
    }
    let carried: Vec<u8> = session.carried[0]
        .iter()
        .flat_map(|item| item.encode())
        .collect();
    assert!(!carried.windows(3).any(|window| window == b"two"));
    assert_eq!(alice.unacked(bob.device), 0);
}

#[test]
fn an_entry_is_marked_before_a_link_may_take_it() {
    let (mut alice, mut bob) = alice_and_bob();
    let waits = alice.say("waits");
    let mut session = Session::open([&mut alice, &mut bob], 1, &[(SPACE, SECRET)]);
    assert!(is_unoffered(&alice, waits), "nobody has asked for anything");
    let theirs = bob.identity.devices.clone();
    session.send(1, &bob, 1 << 20);
    while session.arrive(0, &mut alice, &theirs) {}
    // The next call sends it: whatever was committed until now counts.
    assert!(!is_unoffered(&alice, waits));
    let live = alice.say("live");
    assert!(is_unoffered(&alice, live));
    session.said(0, &mut alice, live);
    assert!(!is_unoffered(&alice, live));
    // What the session does not know of does not leave.
    let held_back = alice.say("held back");
    session.settle([&mut alice, &mut bob]);
    assert_eq!(texts(&bob), ["waits", "live"]);
    assert!(replace(&mut alice, held_back, "exchanged"));
    session.said(0, &mut alice, held_back);
    session.settle([&mut alice, &mut bob]);
    assert_eq!(texts(&bob), ["waits", "live", "exchanged"]);
}

#[test]
fn what_a_bundle_may_hold_was_offered() {
    let (mut alice, bob) = alice_and_bob();
    let sealed = alice.say("sealed");
    let channel = alice.channel(bob.device, Role::Bundle, b"tag");
    let shared = [Shared {
        space: SPACE,
        secret: &SECRET,
    }];
    let export = |txn: &mut dyn Txn| Reconciler::export(txn, &channel, &shared, &BTreeMap::new());
    alice.store.write(export).unwrap();
    assert!(!is_unoffered(&alice, sealed));
    let later = alice.say("later");
    assert!(is_unoffered(&alice, later));
}

#[test]
fn a_store_that_went_back_learns_what_had_left() {
    let (mut alice, mut bob) = alice_and_bob();
    let entry = alice.say("before");
    let older = alice.store.clone();
    meet(&mut alice, &mut bob, 1);
    alice.store = older;
    alice.incarnation = 2;
    assert!(is_unoffered(&alice, entry));
    meet(&mut alice, &mut bob, 2);
    assert!(!is_unoffered(&alice, entry));
}
