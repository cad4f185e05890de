//! Read receipts: off at first, told and shown only by those who tell, and never more than her device has said.

use bytes::Bytes;
use hedgerow_node::api::{Call, DeliveryState, Event, Message, MessageId, Reply};
use hedgerow_node::engine::conversation::parse_message_id;
use hedgerow_node::harness::World;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::space;
use hedgerow_sync::store::Store;

/// Longer than what is read takes to be told and to arrive.
const SOON_MS: u64 = 10_000;

/// Two who tell what they read, if so.
fn pair(seed: u64, tells: [bool; 2]) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    for (who, tells) in tells.into_iter().enumerate() {
        tell(&mut world, who, tells);
    }
    world
}

fn tell(world: &mut World, who: usize, receipts: bool) {
    match world.ask(who, Call::SetReceipts(receipts)) {
        Ok(Reply::Me(me)) => assert_eq!(me.receipts, receipts),
        other => panic!("nobody: {other:?}"),
    }
}

fn read(world: &mut World, who: usize, upto: &MessageId) {
    let chat = world.chat(who, 1 - who);
    let done = world.ask(who, Call::Read(chat, upto.clone()));
    assert_eq!(done, Ok(Reply::Done));
    world.run(SOON_MS);
}

/// For each message of one's own, whether it is read.
fn ticks(world: &mut World, who: usize) -> Vec<bool> {
    let messages = world.messages(who, 1 - who);
    let ours = messages.iter().filter(|message| message.is_mine());
    ours.map(Message::is_read).collect()
}

fn entries(world: &World, node: usize) -> u64 {
    let store = &world.nodes[node].storage.store;
    let spaces = store.read(|reader| space::list(reader)).expect("memory");
    spaces.iter().map(|(_, summary)| summary.entries).sum()
}

#[test]
fn a_message_is_read_when_her_device_has_said_so() {
    let mut world = pair(1, [true, true]);
    let first = world.send(0, 1, "one");
    let second = world.send(0, 1, "two");
    world.delivered(0, 1);
    assert_eq!(ticks(&mut world, 0), [false, false]);
    read(&mut world, 1, &first);
    assert_eq!(ticks(&mut world, 0), [true, false]);
    let delivery = world.messages(0, 1).remove(0).deliveries.remove(0);
    assert_eq!(delivery.state, DeliveryState::Read);
    let told = Event::Read {
        conversation: world.chat(0, 1),
        contact: world.id(1),
        device: delivery.device,
        id: first,
    };
    assert!(world.nodes[0].events.contains(&told));
    read(&mut world, 1, &second);
    world.restart(0);
    assert_eq!(ticks(&mut world, 0), [true, true]);
}

#[test]
fn nothing_is_told_while_receipts_are_off_which_they_are_at_first() {
    let mut world = World::with(2, &["Ada", "Grace"]);
    world.meet(0, 1);
    match world.ask(1, Call::Me) {
        Ok(Reply::Me(me)) => assert!(!me.receipts),
        other => panic!("nobody: {other:?}"),
    }
    let message = world.send(0, 1, "hello");
    world.delivered(0, 1);
    world.run(60_000);
    let before = (entries(&world, 1), world.nodes[0].storage.commits);
    read(&mut world, 1, &message);
    world.run(60_000);
    assert_eq!((entries(&world, 1), world.nodes[0].storage.commits), before);
}

#[test]
fn what_others_have_read_is_shown_only_to_those_who_tell_too() {
    let mut world = pair(3, [false, true]);
    let message = world.send(0, 1, "hello");
    world.delivered(0, 1);
    world.nodes[0].events.clear();
    read(&mut world, 1, &message);
    assert_eq!(ticks(&mut world, 0), [false]);
    let is_told = |event: &Event| matches!(event, Event::Read { .. });
    assert!(!world.nodes[0].events.iter().any(is_told));
    tell(&mut world, 0, true);
    assert_eq!(ticks(&mut world, 0), [true]);
    tell(&mut world, 0, false);
    assert_eq!(ticks(&mut world, 0), [false]);
}

#[test]
fn switching_receipts_off_tells_nothing_more_not_even_what_was_just_read() {
    let mut world = pair(4, [true, true]);
    let message = world.send(0, 1, "hello");
    world.delivered(0, 1);
    let chat = world.chat(1, 0);
    world
        .ask(1, Call::Read(chat, message))
        .expect("it is there");
    tell(&mut world, 1, false);
    world.run(60_000);
    assert_eq!(ticks(&mut world, 0), [false]);
}

#[test]
fn what_is_read_in_a_burst_is_told_once() {
    let mut world = pair(5, [true, true]);
    let sent: Vec<MessageId> = (0..20)
        .map(|number| world.send(0, 1, &format!("line {number}")))
        .collect();
    world.delivered(0, 1);
    let before = entries(&world, 1);
    let chat = world.chat(1, 0);
    for message in &sent {
        let read = Call::Read(chat.clone(), message.clone());
        world.ask(1, read).expect("it is there");
    }
    world.run(60_000);
    assert_eq!(entries(&world, 1), before + 1);
    assert!(ticks(&mut world, 0).into_iter().all(|read| read));
    // Read again: nothing is new.
    read(&mut world, 1, &sent[19]);
    assert_eq!(entries(&world, 1), before + 1);
}

#[test]
fn a_receipt_written_while_apart_comes_with_the_next_session_and_dials_nobody() {
    let mut world = pair(6, [true, true]);
    let message = world.send(0, 1, "hello");
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    world.run(600_000);
    read(&mut world, 1, &message);
    assert_eq!(world.conversation(1, 0).queued, 0, "it is no message");
    assert_eq!(ticks(&mut world, 0), [false]);
    world.restart(1);
    world.network.part(0, 1, false);
    world.run(1_200_000);
    assert_eq!(ticks(&mut world, 0), [true]);
}

#[test]
fn a_receipt_is_no_message_is_not_unread_and_moves_no_list() {
    let mut world = pair(7, [true, true]);
    let message = world.send(0, 1, "hello");
    world.delivered(0, 1);
    let before = world.conversation(0, 1);
    world.nodes[0].events.clear();
    read(&mut world, 1, &message);
    let after = world.conversation(0, 1);
    assert_eq!(
        (after.messages, after.unread, after.active_ms),
        (before.messages, before.unread, before.active_ms)
    );
    let told = |event: &Event| {
        matches!(
            event,
            Event::Message { .. } | Event::Messages { .. } | Event::MessageChanged { .. }
        )
    };
    assert!(!world.nodes[0].events.iter().any(told));
}

#[test]
fn late_messages_above_what_was_read_are_not_told_as_read() {
    let mut world = pair(8, [true, true]);
    let first = world.send(0, 1, "first");
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    world.run(120_000);
    // Ada's stands above Grace's, which is later by its links, and arrives after Grace has read her own.
    world.send(0, 1, "late");
    for number in 0..3 {
        world.send(1, 0, &format!("mine {number}"));
    }
    let last = world.messages(1, 0).pop().expect("a message").id;
    read(&mut world, 1, &last);
    world.network.part(0, 1, false);
    world.run(1_200_000);
    assert_eq!(ticks(&mut world, 0), [true, false]);
    let mut page = world.messages(1, 0);
    page.retain(|one| !one.is_mine());
    let late = page.pop().expect("a message").id;
    assert_ne!(late, first);
    read(&mut world, 1, &late);
    assert_eq!(ticks(&mut world, 0), [true, true]);
}

#[test]
fn a_hostile_receipt_claims_nothing_that_was_not_delivered_nor_of_others() {
    let mut world = pair(9, [true, true]);
    let first = world.send(0, 1, "first");
    let hers = world.send(1, 0, "hers");
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    world.run(120_000);
    world.send(0, 1, "not delivered");
    let ours = parse_message_id(&first).expect("an id").log;
    let log = parse_message_id(&hers).expect("an id").log;
    let nowhere = LogId {
        incarnation: Incarnation(1),
        ..ours
    };
    let mut store = world.nodes[1].storage.store.clone();
    let claims = [
        (ours, u64::MAX >> 1),
        (ours, 2),
        (nowhere, 7),
        (log, 1),
        (log, u64::MAX >> 1),
    ];
    store
        .write(|txn| {
            let spaces: Vec<SpaceId> = space::list(txn)?.into_iter().map(|(id, _)| id).collect();
            for (log_of_target, seq) in claims {
                let target = EntryId {
                    log: log_of_target,
                    seq: Seq(seq),
                };
                let kind = AnnotationKind::READ;
                let what = What::Annotation { kind, target };
                let body = Body::Bytes(Bytes::from_static(b"not empty"));
                let written = space::append(txn, spaces[0], log, 1_790_000_100_000, what, body);
                written.expect("there is room");
            }
            Ok(())
        })
        .expect("memory does not fail");
    world.network.part(0, 1, false);
    world.roll_back(1, store);
    world.run(1_200_000);
    // What was not delivered then has been since, and her device claims to have read it: that is her word.
    assert_eq!(ticks(&mut world, 0), [true, true]);
    let not_hers = world.messages(0, 1);
    let theirs = not_hers.iter().find(|one| !one.is_mine());
    assert!(theirs.expect("a message").deliveries.is_empty());
    world.network.part(0, 1, true);
    world.run(120_000);
    world.send(0, 1, "on its way");
    let state = world.messages(0, 1).pop().expect("a message").deliveries[0].state;
    assert_eq!(state, DeliveryState::Queued { why: None });
}

#[test]
fn a_blocked_contact_is_told_nothing_that_was_read() {
    let mut world = pair(10, [true, true]);
    let message = world.send(0, 1, "hello");
    world.delivered(0, 1);
    let chat = world.chat(1, 0);
    let before = entries(&world, 1);
    let read = Call::Read(chat, message);
    world.ask(1, read).expect("it is there");
    let ada = world.id(0);
    world.ask(1, Call::Block(ada, true)).expect("a contact");
    world.run(60_000);
    assert_eq!(entries(&world, 1), before);
}
