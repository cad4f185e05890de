//! Files of members who have changed their own program.

use bytes::Bytes;
use hedgerow_sync::entry::AnnotationKind;
use hedgerow_sync::id::{DeviceId, EntryId, SpaceId};
use hedgerow_sync::page;
use hedgerow_transport::session::Lane;
use minicbor::Encoder;

use super::*;
use crate::api::{FileState, MemberLevel, MessageId, Offered};
use crate::engine::content::Content;
use crate::engine::conversation::{message_id, parse_message_id};
use crate::engine::conversations::Conversation;
use crate::engine::files::FilePart;
use crate::engine::link::State;
use crate::engine::live::Live;
use crate::files::extent::CHUNK;
use crate::parcel::steps::{Step, Stepped};

/// Send me chunks (`docs/PROTOCOL.md` section 16).
const WANT_ITEM: u64 = 56;

fn space(made: &ConversationId) -> SpaceId {
    conversations::parse_id(made).expect("an id of the engine")
}

fn send_file(world: &mut World, node: usize, made: &ConversationId, size: u64) -> MessageId {
    let message = NewMessage {
        file: Some(world.upload(node, "notes.txt", size)),
        ..NewMessage::text("")
    };
    match world.ask(node, Call::Send(made.clone(), message)) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("not sent: {other:?}"),
    }
}

fn state(world: &World, node: usize, made: &ConversationId, id: &MessageId) -> FileState {
    let store = &world.nodes[node].storage.store;
    let message = store.read(|reader| Ok(conversation::message(reader, made, id)));
    let message = message.expect("memory does not fail").expect("it is there");
    message.file.map_or(FileState::Missing, |file| file.state)
}

/// Mallory writes a message that names a file of this id, of 1,000 bytes.
fn claim(store: &mut MemoryStore, made: &ConversationId, id: &[u8]) -> EntryId {
    let content = Content {
        file: Some(FilePart::claimed(id, 1_000)),
        ..Content::text("")
    };
    let (what, body) = content.row();
    append(store, made, what, body)
}

/// The id of the file of a message, as a node has it.
fn id_of_file(world: &World, node: usize, made: &ConversationId, message: &MessageId) -> Vec<u8> {
    let entry = parse_message_id(message).expect("an id of the engine");
    let store = &world.nodes[node].storage.store;
    let row = store.read(|reader| page::entry(reader, space(made), entry));
    let row = row.expect("memory does not fail").expect("it is here");
    let part = Content::of(&row).and_then(|content| content.file);
    part.expect("it has a file").id().0.to_vec()
}

/// What the file of a member is called on the wire.
fn name_of_file(world: &World, made: &ConversationId, message: &MessageId) -> Vec<u8> {
    let entry = parse_message_id(message).expect("an id of the engine");
    let id = id_of_file(world, 0, made, message);
    let id = crate::files::tree::FileId(id.try_into().expect("32 bytes"));
    let name = crate::files::tree::of_member(entry.log.device, id);
    name.0.to_vec()
}

/// What Mallory's device has of its session with Ada, to say there what no honest device says.
fn session(world: &mut World) -> &mut Live {
    let ada = world.nodes[0].engine().owners.account.device_id;
    let links = world.nodes[MALLORY].engine_mut().links.by_id.values_mut();
    let mut sessions = links.filter_map(|link| match &mut link.state {
        State::Live(live) if live.device == ada => Some(live),
        _ => None,
    });
    sessions.next().expect("they are connected")
}

/// Mallory's device asks Ada's for the first chunk of a file.
fn asks(world: &mut World, made: &ConversationId, name: &[u8], stream: u32) {
    let live = session(world);
    let blind = live.sync.blind(space(made)).expect("it is shared");
    let mut want = Encoder::new(Vec::new());
    let fields = want.array(4).and_then(|it| it.u32(stream)).expect("room");
    let file = fields.array(2).and_then(|it| it.bytes(&blind.0));
    let file = file.and_then(|it| it.bytes(name)).expect("room");
    file.u32(0).and_then(|it| it.u32(1)).expect("room");
    let want = Bytes::from(want.into_writer());
    let pushed = live.session.push(Lane::Control, WANT_ITEM, want);
    pushed.expect("it is short enough");
}

fn sent_bytes(world: &mut World, node: usize) -> u64 {
    match world.ask(node, Call::Status) {
        Ok(Reply::Status(status)) => status.traffic.sent_bytes,
        other => panic!("no status: {other:?}"),
    }
}

/// Whether a session of Ada with a node is that of before.
fn since(world: &World, node: usize) -> Option<u64> {
    let device = world.nodes[node].engine().owners.account.device_id;
    let sessions = &world.nodes[0].engine().owners.sessions;
    sessions.get(&device).map(|up| up.since_ms)
}

#[test]
fn a_member_who_names_the_file_of_another_takes_nothing_from_it() {
    let (mut world, made) = world(2);
    only(&mut world, MALLORY, BEN);
    let honest = send_file(&mut world, BEN, &made, 3 * CHUNK as u64);
    world.run(60_000);
    assert_eq!(state(&world, MALLORY, &made, &honest), FileState::Here);
    // Ada hears of both from Mallory, who lies about its length and deletes her message again.
    let id = id_of_file(&world, MALLORY, &made, &honest);
    let mut store = world.nodes[MALLORY].storage.store.clone();
    let claimed = claim(&mut store, &made, &id);
    world.roll_back(MALLORY, store.clone());
    only(&mut world, 0, MALLORY);
    world.connected(0, MALLORY);
    world.run(60_000);
    assert_eq!(state(&world, 0, &made, &honest), FileState::Here);
    let of_mallory = state(&world, 0, &made, &message_id(claimed));
    assert_eq!(of_mallory, FileState::Loading { bytes: 0 });
    let target = claimed;
    for kind in [AnnotationKind(8), AnnotationKind(4)] {
        let what = What::Annotation { kind, target };
        append(&mut store, &made, what, Body::Bytes(Bytes::new()));
    }
    world.roll_back(MALLORY, store);
    world.connected(0, MALLORY);
    world.run(60_000);
    assert_eq!(state(&world, 0, &made, &honest), FileState::Here);
    assert_eq!(world.nodes[0].files.count(), 1);
}

#[test]
fn a_member_cancels_and_deletes_no_file_of_another() {
    let (mut world, made) = world(3);
    let honest = send_file(&mut world, BEN, &made, 3 * CHUNK as u64);
    let offered = send_file(&mut world, BEN, &made, 2 << 20);
    world.run(60_000);
    let mut store = world.nodes[MALLORY].storage.store.clone();
    for id in [&honest, &offered] {
        let target = parse_message_id(id).expect("an id of the engine");
        for kind in [AnnotationKind(8), AnnotationKind(4)] {
            let what = What::Annotation { kind, target };
            append(&mut store, &made, what, Body::Bytes(Bytes::new()));
        }
    }
    world.roll_back(MALLORY, store);
    world.connected(0, MALLORY);
    world.run(60_000);
    assert_eq!(state(&world, 0, &made, &honest), FileState::Here);
    let why = Offered::Unverified;
    assert_eq!(
        state(&world, 0, &made, &offered),
        FileState::Offered { why }
    );
}

#[test]
fn a_removed_member_learns_nothing_by_asking() {
    let (mut world, made) = world(4);
    let honest = send_file(&mut world, BEN, &made, 1_000);
    world.run(60_000);
    let name = name_of_file(&world, &made, &honest);
    let mut members = members(&mut world, 0, &made).into_iter();
    let mallory = members.find(|one| one.who.name.0 == "Mallory");
    let mallory = mallory.expect("she is in").who.id;
    // First she is in, so that asking is seen to work; what names a file elsewhere names none here.
    let id = id_of_file(&world, 0, &made, &honest);
    let mut costs = Vec::new();
    for (stream, is_in) in [(1_001, true), (1_002, false)] {
        if !is_in {
            let removes = Call::SetLevel(made.clone(), mallory.clone(), MemberLevel::None);
            world.ask(0, removes).expect("an admin");
            world.run(60_000);
        }
        for name in [&name, &id, &vec![7; 32]] {
            let before = sent_bytes(&mut world, 0);
            asks(&mut world, &made, name, stream);
            world.send(MALLORY, 0, "so that it leaves");
            world.run(60_000);
            costs.push(sent_bytes(&mut world, 0) - before);
        }
    }
    assert!(costs[0] > costs[1] + 1_000, "{costs:?}");
    assert_eq!(costs[1], costs[2], "{costs:?}");
    assert!(costs[3..].iter().all(|cost| *cost == costs[3]), "{costs:?}");
    assert!(costs[3] < costs[0] - 1_000, "{costs:?}");
}

#[test]
fn a_member_who_names_files_that_nobody_has_does_not_delay_those_of_others() {
    let (mut world, made) = world(5);
    only(&mut world, MALLORY, BEN);
    let honest = send_file(&mut world, BEN, &made, 1_000);
    world.run(60_000);
    let mut store = world.nodes[MALLORY].storage.store.clone();
    for number in 0..600_u32 {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        claim(&mut store, &made, &id);
    }
    world.roll_back(MALLORY, store);
    only(&mut world, 0, MALLORY);
    world.connected(0, MALLORY);
    world.run(60_000);
    assert_eq!(state(&world, 0, &made, &honest), FileState::Here);
    let asked = world.nodes[0].pumps;
    world.run(60_000);
    assert!(world.nodes[0].pumps < asked + 100, "it asks on and on");
    assert!(since(&world, MALLORY).is_some(), "the session goes on");
}

#[test]
fn a_member_who_never_answers_keeps_nobody_from_asking_another() {
    let (mut world, made) = world(9);
    let film = send_file(&mut world, BEN, &made, 2 << 20);
    world.run(60_000);
    let want = Call::WantFile(made.clone(), film.clone(), true);
    world.ask(MALLORY, want.clone()).expect("it is offered");
    world.run(60_000);
    assert_eq!(state(&world, MALLORY, &made, &film), FileState::Here);
    world.network.part(0, BEN, true);
    world.run(60_000);
    let before = since(&world, MALLORY);
    session(&mut world).transfers.never_answers();
    world.ask(0, want).expect("it is offered");
    world.run(60_000);
    world.network.part(0, BEN, false);
    world.connected(0, BEN);
    world.run(120_000);
    let waits = FileState::Loading { bytes: 0 };
    assert_eq!(state(&world, 0, &made, &film), waits);
    world.run(300_000);
    assert_eq!(state(&world, 0, &made, &film), FileState::Here);
    assert_eq!(since(&world, MALLORY), before, "the session goes on");
}

#[test]
fn the_room_for_files_of_a_group_is_each_member_s_own() {
    let (mut world, made) = world(6);
    let mut store = world.nodes[0].storage.store.clone();
    let us = world.nodes[MALLORY].engine().owners.account.device_id;
    let mallory = world.nodes[MALLORY].storage.store.read(|reader| {
        let known = Conversation::load(reader, space(&made))?;
        Ok(known.expect("it is there").kind.us(us))
    });
    let mallory: DeviceId = mallory.expect("memory does not fail");
    let key = Table::FileBytes.key(&[&space(&made).0, &mallory.0]);
    let saved = store.write(|txn| tables::save(txn, &key, &((2_u64 << 30) - 500,)));
    saved.expect("memory does not fail");
    world.roll_back(0, store);
    world.connected(0, MALLORY);
    world.connected(0, BEN);
    let beyond = send_file(&mut world, MALLORY, &made, 501);
    let honest = send_file(&mut world, BEN, &made, 1_000);
    world.run(60_000);
    let why = Offered::Quota;
    assert_eq!(state(&world, 0, &made, &beyond), FileState::Offered { why });
    assert_eq!(state(&world, 0, &made, &honest), FileState::Here);
    // What the user asks for comes in any case.
    let want = Call::WantFile(made.clone(), beyond.clone(), true);
    world.ask(0, want).expect("it can be asked for");
    world.run(60_000);
    assert_eq!(state(&world, 0, &made, &beyond), FileState::Here);
}

#[test]
fn a_parcel_has_files_of_groups_for_those_who_are_in() {
    let (mut world, made) = world(8);
    let mallory = world.id(MALLORY);
    let carried = |world: &mut World| match world.ask(0, Call::Carry(Step::Files(mallory.clone())))
    {
        Ok(Reply::Stepped(Stepped::Files(files))) => files.len(),
        other => panic!("no files: {other:?}"),
    };
    only(&mut world, 0, BEN);
    world.run(60_000);
    send_file(&mut world, 0, &made, 1_000);
    let of_ben = send_file(&mut world, BEN, &made, 1_000);
    world.run(60_000);
    assert_eq!(state(&world, 0, &made, &of_ben), FileState::Here);
    assert_eq!(carried(&mut world), 1, "her own");
    let mut members = members(&mut world, 0, &made).into_iter();
    let member = members.find(|one| one.who.name.0 == "Mallory");
    let member = member.expect("she is in").who.id;
    let removes = Call::SetLevel(made.clone(), member, MemberLevel::None);
    world.ask(0, removes).expect("an admin");
    world.run(60_000);
    assert_eq!(carried(&mut world), 0);
}

#[test]
fn who_asks_ten_thousand_times_ends_its_own_session_and_no_other() {
    let (mut world, made) = world(7);
    let honest = send_file(&mut world, BEN, &made, 1_000);
    world.run(60_000);
    let name = name_of_file(&world, &made, &honest);
    let before = [MALLORY, BEN].map(|node| since(&world, node));
    for stream in 0..10_000 {
        asks(&mut world, &made, &name, 2_000 + stream);
    }
    world.send(MALLORY, 0, "so that it leaves");
    let also = send_file(&mut world, BEN, &made, 1_000);
    world.run(60_000);
    assert_eq!(state(&world, 0, &made, &also), FileState::Here);
    assert_ne!(since(&world, MALLORY), before[0], "the session goes on");
    assert_eq!(since(&world, BEN), before[1], "Ben's session ends");
}
