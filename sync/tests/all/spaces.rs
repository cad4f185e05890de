//! Many spaces in one session, and bundles.

use std::collections::BTreeMap;

use crate::support::pair::{Identity, Node, SECRET, SPACE, Session, meet};
use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, SpaceId};
use hedgerow_sync::ingest::Devices;
use hedgerow_sync::reconcile::{Event, Reconciler, Shared};
use hedgerow_sync::space;
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::{Message, Role};

fn many(count: u8) -> Vec<(SpaceId, [u8; 32])> {
    (0..count)
        .map(|number| (SpaceId([number; 16]), [number; 32]))
        .collect()
}

fn two_nodes(spaces: &[(SpaceId, [u8; 32])]) -> (Node, Node) {
    let ids: Vec<SpaceId> = spaces.iter().map(|(space, _)| *space).collect();
    let alice = Node::new(&Identity::new(1, 1), 0, &ids);
    let bob = Node::new(&Identity::new(2, 1), 0, &ids);
    (alice, bob)
}

fn entries(node: &Node, space: SpaceId) -> u64 {
    let summary = node.store.read(|reader| space::summary(reader, space));
    summary.unwrap().unwrap().entries
}

#[test]
fn a_hundred_spaces_with_nothing_new_cost_no_item_at_all() {
    let spaces = many(100);
    let (mut alice, mut bob) = two_nodes(&spaces);
    for (space, _) in &spaces {
        alice.say_in(*space, 0, "hello");
        bob.say_in(*space, 0, "hello");
    }
    let mut session = Session::open([&mut alice, &mut bob], 1, &spaces);
    session.settle([&mut alice, &mut bob]);
    for (space, _) in &spaces {
        assert_eq!(entries(&alice, *space), 2);
        assert_eq!(entries(&bob, *space), 2);
    }
    let mut session = Session::open([&mut alice, &mut bob], 2, &spaces);
    session.settle([&mut alice, &mut bob]);
    assert!(session.carried.iter().all(Vec::is_empty));
}

#[test]
fn of_many_spaces_only_those_that_differ_exchange_frontiers() {
    let spaces = many(100);
    let (mut alice, mut bob) = two_nodes(&spaces);
    let mut session = Session::open([&mut alice, &mut bob], 1, &spaces);
    session.settle([&mut alice, &mut bob]);
    alice.say_in(spaces[3].0, 0, "news");
    bob.say_in(spaces[4].0, 0, "news");
    let mut session = Session::open([&mut alice, &mut bob], 2, &spaces);
    session.settle([&mut alice, &mut bob]);
    for carried in &session.carried {
        let frontiers = carried
            .iter()
            .filter(|item| matches!(item, Message::Frontier { .. }));
        assert_eq!(frontiers.count(), 2);
        let digests = carried
            .iter()
            .filter(|item| matches!(item, Message::Digests(_)));
        assert_eq!(digests.count(), 1);
    }
    assert_eq!(entries(&bob, spaces[3].0), 1);
    assert_eq!(entries(&alice, spaces[4].0), 1);
}

#[test]
fn the_newest_conversation_comes_first() {
    let spaces = many(5);
    let (mut alice, mut bob) = two_nodes(&spaces);
    for (number, wall_ms) in [(0, 30), (1, 50), (2, 10), (3, 40), (4, 20)] {
        alice.say_in(spaces[number].0, wall_ms, "text");
    }
    let mut session = Session::open([&mut alice, &mut bob], 1, &spaces);
    session.settle([&mut alice, &mut bob]);
    let stored = bob.events.iter().filter_map(|event| match event {
        Event::Stored { space, .. } => Some(space.0[0]),
        _ => None,
    });
    assert_eq!(stored.collect::<Vec<_>>(), [1, 3, 0, 4, 2]);
}

#[test]
fn a_space_the_peer_does_not_have_is_not_named_to_it() {
    let shared = many(2);
    let (mut alice, mut bob) = two_nodes(&shared);
    let private = SpaceId([77; 16]);
    alice
        .store
        .write(|txn| space::create(txn, private, space::SpaceKind::Direct))
        .unwrap();
    alice.say_in(private, 0, "to somebody else");
    alice.say_in(shared[0].0, 0, "to Bob");
    let mut session = Session::open([&mut alice, &mut bob], 1, &shared);
    session.settle([&mut alice, &mut bob]);
    assert_eq!(bob.store.read(space::list).unwrap().len(), 2);
    assert_eq!(entries(&bob, shared[0].0), 1);
}

#[test]
fn a_session_cut_at_any_item_goes_on_where_it_stopped() {
    for items in 0..40 {
        let (mut alice, mut bob) = two_nodes(&[(SPACE, SECRET)]);
        for number in 0..150 {
            alice.say(&format!("{number} {}", "x".repeat(200)));
        }
        let devices = alice.identity.devices.clone();
        let mut session = Session::open([&mut alice, &mut bob], 1, &[(SPACE, SECRET)]);
        session.send(1, &bob, 0);
        while session.arrive(0, &mut alice, &bob.identity.devices) {}
        session.send(0, &alice, 1 << 20);
        for _ in 0..items {
            session.arrive(1, &mut bob, &devices);
        }
        session.cut();
        meet(&mut alice, &mut bob, 2);
        assert_eq!(alice.frontier(), bob.frontier());
        assert_eq!(alice.unacked(bob.device), 0);
    }
}

/// The items that `node` puts in a bundle for `peer`.
fn export(node: &mut Node, peer: DeviceId, tag: &[u8], budget: usize) -> Vec<Message> {
    let shared = [Shared {
        space: SPACE,
        secret: &SECRET,
    }];
    let mut out = Vec::new();
    let channel = node.channel(peer, Role::Bundle, tag);
    let make = |txn: &mut dyn hedgerow_sync::store::Txn| {
        Reconciler::export(txn, &channel, &shared, &BTreeMap::new())
    };
    let mut bundle = node.store.write(make).unwrap();
    node.store
        .read(|reader| bundle.fill(reader, &node.identity.mark_key, budget, &mut out))
        .unwrap();
    out
}

fn import(node: &mut Node, from: &Identity, tag: &[u8], messages: &[Message]) {
    let shared = [Shared {
        space: SPACE,
        secret: &SECRET,
    }];
    let identity = node.identity.clone();
    let channel = node.channel(from.devices[0], Role::Bundle, tag);
    let mut authority = Devices {
        theirs: &from.devices,
        mine: &identity.devices,
        mark_key: &identity.mark_key,
    };
    let events = node
        .store
        .write(|txn| {
            let mut bundle = Reconciler::new(txn, &channel, &shared)?;
            let mut events = Vec::new();
            for message in messages {
                let content = Bytes::from(message.encode());
                events.extend(bundle.receive(txn, &mut authority, message.kind(), &content)?);
            }
            Ok(events)
        })
        .unwrap();
    node.events.extend(events);
}

fn is_entries(message: &&Message) -> bool {
    matches!(message, Message::Entries { .. })
}

#[test]
fn a_bundle_carries_what_is_unacknowledged_and_the_returning_one_prunes_it() {
    let (mut alice, mut bob) = two_nodes(&[(SPACE, SECRET)]);
    alice.say("in a session");
    bob.say("in a session too");
    meet(&mut alice, &mut bob, 1);
    for number in 0..100 {
        alice.say(&format!("on a stick {number}"));
    }
    let there = export(&mut alice, bob.device, b"tag one", 1 << 20);
    import(&mut bob, &alice.identity, b"tag one", &there);
    assert_eq!(bob.frontier(), alice.frontier());
    assert_eq!(alice.unacked(bob.device), 100);
    bob.say("answer on the stick");
    let back = export(&mut bob, alice.device, b"tag two", 1 << 20);
    assert_eq!(
        back.iter().filter(is_entries).count(),
        1,
        "nothing of Alice's comes back"
    );
    import(&mut alice, &bob.identity, b"tag two", &back);
    assert_eq!(alice.unacked(bob.device), 0);
    assert_eq!(bob.frontier(), alice.frontier());
    let next = export(&mut alice, bob.device, b"tag three", 1 << 20);
    assert_eq!(next.iter().filter(is_entries).count(), 0);
}

#[test]
fn a_bundle_that_is_full_takes_the_oldest_and_the_next_one_the_same_until_acknowledged() {
    let (mut alice, mut bob) = two_nodes(&[(SPACE, SECRET)]);
    for number in 0..100 {
        alice.say(&format!("{number} {}", "x".repeat(500)));
    }
    let small = export(&mut alice, bob.device, b"tag one", 10_000);
    let again = export(&mut alice, bob.device, b"tag two", 10_000);
    assert_eq!(small.len(), again.len());
    import(&mut bob, &alice.identity, b"tag one", &small);
    let held = entries(&bob, SPACE);
    assert!(held > 5 && held < 50, "{held}");
    import(&mut bob, &alice.identity, b"tag two", &again);
    assert_eq!(entries(&bob, SPACE), held, "nothing twice");
    let back = export(&mut bob, alice.device, b"tag three", 10_000);
    import(&mut alice, &bob.identity, b"tag three", &back);
    assert_eq!(alice.unacked(bob.device), 100 - held);
}

#[test]
fn a_bundle_read_under_another_tag_names_no_space() {
    let (mut alice, mut bob) = two_nodes(&[(SPACE, SECRET)]);
    alice.say("text");
    let there = export(&mut alice, bob.device, b"tag one", 1 << 20);
    import(&mut bob, &alice.identity, b"tag two", &there);
    assert_eq!(entries(&bob, SPACE), 0);
}
