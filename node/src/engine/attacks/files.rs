//! Files of other conversations, files that are not what a message names, lengths that lie, chunks and requests out of
//! place, and files without end.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::Store;
use hedgerow_transport::session::Lane;
use minicbor::Encoder;

use super::super::content::{Content, MESSAGE};
use super::super::files::FilePart;
use super::{append_as, device};
use crate::api::{Call, FileState, MessageId, Offered, Reply};
use crate::engine::conversation::message_id;
use crate::engine::conversations;
use crate::engine::link::State;
use crate::engine::live::Live;
use crate::files::extent::CHUNK;
use crate::harness::World;
use crate::tables::{self, Table};
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, Seq};

/// The kinds of items of `docs/PROTOCOL.md` section 16.
const WANT_ITEM: u64 = 56;
const CHUNK_ITEM: u64 = 62;

/// Mallory, a contact of Ada.
const MALLORY: usize = 1;

fn state(world: &mut World, node: usize, with: usize, id: &MessageId) -> FileState {
    let message = world.message(node, with, id).expect("the message is there");
    message.file.expect("it has a file").state
}

fn space(world: &mut World, node: usize, with: usize) -> SpaceId {
    let chat = world.chat(node, with);
    conversations::parse_id(&chat).expect("an id of the engine")
}

/// The rows of the files of a space.
fn rows(store: &MemoryStore, space: SpaceId) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let visit = store.read(|reader| {
        tables::visit(reader, &Table::Files.key(&[&space.0]), &mut |id, row| {
            rows.push((id.to_vec(), row.to_vec()));
        })
    });
    visit.expect("memory does not fail");
    rows
}

#[test]
fn a_contact_gets_no_file_of_another_conversation() {
    let mut world = World::with(1, &["Ada", "Mallory", "Ben"]);
    world.meet(0, MALLORY);
    world.meet(0, 2);
    let for_ben = world.send_file(0, 2, "for Ben", 1_000);
    let for_mallory = world.send_file(0, MALLORY, "for Mallory", 1_000);
    world.run(60_000);
    assert_eq!(state(&mut world, 2, 0, &for_ben), FileState::Here);
    assert_eq!(state(&mut world, MALLORY, 0, &for_mallory), FileState::Here);

    // Mallory has learnt the id of the file for Ben, and its store says that it is in the chat with Mallory: first a
    // file that is, so that it is seen to work.
    let (mine, bens) = (space(&mut world, MALLORY, 0), space(&mut world, 2, 0));
    let stolen = rows(&world.nodes[2].storage.store, bens).remove(0).0;
    let own = rows(&world.nodes[MALLORY].storage.store, mine).remove(0).0;
    for (id, comes) in [(own, true), (stolen, false)] {
        let chat = world.chat(MALLORY, 0);
        let mut store = world.nodes[MALLORY].storage.store.clone();
        let row = rows(&store, mine).remove(0).1;
        store
            .write(|txn| {
                tables::remove_all(txn, &Table::Files.key(&[&mine.0]))?;
                txn.put(&Table::Files.key(&[&mine.0, &id]), &row)?;
                let of_message = Table::FileOfMessage.key(&[&mine.0]);
                let mut keys = Vec::new();
                tables::visit(txn, &of_message, &mut |rest, _| {
                    keys.push([&of_message[..], rest].concat());
                })?;
                keys.iter().try_for_each(|key| txn.put(key, &id))
            })
            .expect("memory does not fail");
        world.roll_back(MALLORY, store);
        world.connected(0, MALLORY);
        let freed = Call::FreeFile(chat.clone(), for_mallory.clone());
        world.ask(MALLORY, freed).expect("it is here, says its row");
        let asked = Call::WantFile(chat, for_mallory.clone(), true);
        world.ask(MALLORY, asked).expect("it is not here");
        let count = world.nodes[MALLORY].files.count();
        world.run(60_000);
        let came = world.nodes[MALLORY].files.count() > count;
        assert_eq!(came, comes);
    }
    assert_eq!(state(&mut world, 2, 0, &for_ben), FileState::Here);
}

#[test]
fn wrong_chunks_are_dropped_and_the_session_goes_on() {
    let mut world = World::with(2, &["Ada", "Mallory"]);
    world.meet(0, MALLORY);
    world.network.part(0, MALLORY, true);
    let first = world.send_file(MALLORY, 0, "one chunk", 1_000);
    let second = world.send_file(MALLORY, 0, "three chunks", 600_000);
    world.nodes[MALLORY].files.damage();
    world.network.part(0, MALLORY, false);
    world.send(MALLORY, 0, "and a text");
    world.delivered(0, MALLORY);
    world.run(60_000);
    for id in [first, second] {
        assert_eq!(state(&mut world, 0, MALLORY, &id), FileState::Damaged);
    }
    assert_eq!(world.nodes[0].files.count(), 0);
    assert!(world.sees(0, MALLORY), "the session goes on");
    assert_eq!(
        world.texts(0, MALLORY).last().map(String::as_str),
        Some("and a text")
    );
}

#[test]
fn a_file_whose_length_lies_is_no_file() {
    let mut world = World::with(3, &["Ada", "Mallory"]);
    world.meet(0, MALLORY);
    let honest = world.send_file(MALLORY, 0, "honest", 600_000);
    world.run(60_000);
    assert_eq!(state(&mut world, 0, MALLORY, &honest), FileState::Here);
    let space = space(&mut world, MALLORY, 0);
    let mallory = device(&world, MALLORY);
    for (number, size) in [(1, 100), (2, 1_000_000), (3, 3 << 30), (4, u64::MAX)] {
        // A file of three chunks, or of one, of which its message says something else.
        let true_size = if number == 1 { 600_000 } else { 1_000 };
        let sent = world.send_file(MALLORY, 0, "sent", true_size);
        let mut store = world.nodes[MALLORY].storage.store.clone();
        let id = store.read(|reader| {
            let mut found = None;
            let of_message = Table::FileOfMessage.key(&[&space.0]);
            let entry = crate::engine::conversation::parse_message_id(&sent);
            let entry = entry.expect("an id of the engine");
            tables::visit(reader, &of_message, &mut |message, id| {
                if message.ends_with(&entry.seq.0.to_be_bytes()) {
                    found = Some(id.to_vec());
                }
            })?;
            Ok(found.expect("it has a file"))
        });
        let id = id.expect("memory does not fail");
        let content = Content {
            file: Some(FilePart::claimed(&id, size)),
            ..Content::text("")
        };
        let body = Body::Bytes(tables::encoded(&content).into());
        append_as(&mut store, mallory, What::Row(MESSAGE), body);
        world.roll_back(MALLORY, store);
        world.run(60_000);
        let held = world.nodes[0].files.held();
        assert!(held < 3_000_000, "{size}: {held}");
    }
    assert!(world.sees(0, MALLORY), "the session goes on");
}

#[test]
fn a_contact_who_names_files_that_nobody_has_costs_little_and_texts_go_on() {
    let mut world = World::with(4, &["Ada", "Mallory"]);
    world.meet(0, MALLORY);
    let mallory = device(&world, MALLORY);
    let mut store = world.nodes[MALLORY].storage.store.clone();
    for number in 0..600_u32 {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let content = Content {
            file: Some(FilePart::claimed(&id, 1_000)),
            ..Content::text("")
        };
        let body = Body::Bytes(tables::encoded(&content).into());
        append_as(&mut store, mallory, What::Row(MESSAGE), body);
    }
    world.roll_back(MALLORY, store);
    world.run(60_000);
    let asked = world.nodes[0].pumps;
    world.run(60_000);
    assert!(world.nodes[0].pumps < asked + 100, "it asks on and on");
    world.send(MALLORY, 0, "and a text");
    world.delivered(0, MALLORY);
    assert_eq!(world.nodes[0].files.count(), 0);
}

#[test]
fn what_a_hostile_contact_claims_of_a_voice_note_keeps_to_its_bounds() {
    let mut world = World::with(4, &["Ada", "Mallory"]);
    world.meet(0, MALLORY);
    let mallory = device(&world, MALLORY);
    let mut store = world.nodes[MALLORY].storage.store.clone();
    let bounds = [
        (0, 64),
        (900_001, 64),
        (u32::MAX, 64),
        (900_000, 65),
        (900_000, 64),
    ];
    for (duration_ms, bars) in bounds {
        let content = Content {
            file: Some(FilePart::claimed_voice(duration_ms, bars)),
            ..Content::text("listen")
        };
        let body = Body::Bytes(tables::encoded(&content).into());
        append_as(&mut store, mallory, What::Row(MESSAGE), body);
    }
    world.roll_back(MALLORY, store);
    world.run(60_000);
    let shown = world.messages(0, MALLORY);
    let voices = shown
        .iter()
        .filter_map(|one| one.file.as_ref()?.voice.as_ref());
    let durations: Vec<_> = voices.map(|voice| voice.duration_ms).collect();
    assert_eq!(
        durations,
        [900_000],
        "only what keeps to the bounds is shown"
    );
    let texts = shown.iter().filter(|one| one.text.is_some()).count();
    assert_eq!(texts, 1);
}

/// What Mallory's device has of its session with Ada, to say there what no honest device says.
fn session(world: &mut World) -> &mut Live {
    let links = world.nodes[MALLORY].engine_mut().links.by_id.values_mut();
    let mut sessions = links.filter_map(|link| match &mut link.state {
        State::Live(live) => Some(live),
        _ => None,
    });
    sessions.next().expect("they are connected")
}

/// What is logged while something happens.
fn logged(happens: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panics").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let writer = Log::default();
    let kept = writer.0.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, happens);
    let bytes = kept.lock().expect("nobody panics").clone();
    String::from_utf8(bytes).expect("a log is text")
}

/// Ada, Mallory and Ben; Ada has a session with each, on a network that takes a while for a file.
fn three(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Mallory", "Ben"]);
    world.meet(0, MALLORY);
    world.meet(0, 2);
    world.network.conditions.rate = Some(512 << 10);
    world
}

/// Whether Ada's present sessions with Mallory and with Ben are those of before.
fn sessions(world: &World) -> [Option<u64>; 2] {
    let owners = &world.nodes[0].engine().owners;
    [MALLORY, 2].map(|node| {
        let up = owners.sessions.get(&device(world, node));
        up.map(|up| up.since_ms)
    })
}

#[test]
fn a_chunk_out_of_order_ends_the_session_with_its_reason_and_no_other() {
    let mut world = three(5);
    let mallory = world.id(MALLORY);
    world
        .ask(0, Call::Verify(mallory, true))
        .expect("they are contacts");
    // Long enough to be on its way still when what Mallory has queued has left.
    let film = world.send_file(MALLORY, 0, "film", 4 << 20);
    let from_ben = world.send_file(2, 0, "from Ben", 1 << 20);
    world.run(500);
    assert!(matches!(
        state(&mut world, 0, MALLORY, &film),
        FileState::Loading { .. }
    ));
    let before = sessions(&world);
    // Stream 1, chunk 0 once more.
    let chunk = Bytes::from([&[1, 0][..], &[0; CHUNK][..]].concat());
    let pushed = session(&mut world)
        .session
        .push(Lane::Media, CHUNK_ITEM, chunk);
    pushed.expect("it is short enough");
    let log = logged(|| world.run(60_000));
    assert!(log.contains("an item out of place"), "{log}");
    let after = sessions(&world);
    assert_ne!(after[0], before[0], "the session goes on");
    assert_eq!(after[1], before[1], "Ben's session ends");
    assert_eq!(state(&mut world, 0, 2, &from_ben), FileState::Here);
    // Mallory's device is asked again in its next session, and is honest there.
    assert_eq!(state(&mut world, 0, MALLORY, &film), FileState::Here);
}

#[test]
fn a_request_beyond_the_end_of_a_file_ends_the_session_with_its_reason_and_no_other() {
    for (first, count) in [(0, 5), (4, 1), (u32::MAX, 2), (1, 0)] {
        let mut world = three(6);
        // Four chunks, which Mallory has.
        let film = world.send_file(0, MALLORY, "film", 1_000_000);
        world.run(30_000);
        assert_eq!(state(&mut world, MALLORY, 0, &film), FileState::Here);
        let for_ben = world.send_file(0, 2, "for Ben", 1 << 20);
        world.run(500);
        let before = sessions(&world);
        let space = space(&mut world, MALLORY, 0);
        let id = rows(&world.nodes[MALLORY].storage.store, space).remove(0).0;
        let live = session(&mut world);
        let blind = live.sync.blind(space).expect("it is shared");
        let mut want = Encoder::new(Vec::new());
        let fields = want.array(4).and_then(|it| it.u32(1)).expect("room");
        let file = fields.array(2).and_then(|it| it.bytes(&blind.0));
        let file = file.and_then(|it| it.bytes(&id)).expect("room");
        file.u32(first).and_then(|it| it.u32(count)).expect("room");
        let pushed = live
            .session
            .push(Lane::Control, WANT_ITEM, Bytes::from(want.into_writer()));
        pushed.expect("it is short enough");
        let log = logged(|| world.run(60_000));
        assert!(log.contains("a broken item"), "{log}");
        let after = sessions(&world);
        assert_ne!(after[0], before[0], "{first} {count}: the session goes on");
        assert_eq!(after[1], before[1], "{first} {count}: Ben's session ends");
        assert_eq!(state(&mut world, 2, 0, &for_ben), FileState::Here);
    }
}

/// Lets the store of Ada say that what came from Mallory takes this many bytes.
fn take_room(world: &mut World, bytes: u64) {
    let space = space(world, 0, MALLORY);
    let mut store = world.nodes[0].storage.store.clone();
    let key = Table::FileBytes.key(&[&space.0]);
    let saved = store.write(|txn| tables::save(txn, &key, &(bytes,)));
    saved.expect("memory does not fail");
    world.roll_back(0, store);
    world.connected(0, MALLORY);
    world.connected(0, 2);
}

#[test]
fn a_conversation_that_has_used_its_quota_loads_nothing_by_itself_and_others_do() {
    let mut world = three(7);
    take_room(&mut world, (2 << 30) - 1_500);
    let fits = world.send_file(MALLORY, 0, "fits", 1_000);
    world.run(60_000);
    assert_eq!(state(&mut world, 0, MALLORY, &fits), FileState::Here);
    let beyond = world.send_file(MALLORY, 0, "beyond", 501);
    let from_ben = world.send_file(2, 0, "from Ben", 1_000);
    world.send(MALLORY, 0, "and a text");
    world.delivered(0, MALLORY);
    world.run(60_000);
    let why = Offered::Quota;
    assert_eq!(
        state(&mut world, 0, MALLORY, &beyond),
        FileState::Offered { why }
    );
    assert_eq!(state(&mut world, 0, 2, &from_ben), FileState::Here);

    // Room that the user frees counts no more, and what the user asks for comes in any case.
    let chat = world.chat(0, MALLORY);
    let asked = Call::WantFile(chat.clone(), beyond.clone(), true);
    assert_eq!(world.ask(0, asked), Ok(Reply::Done));
    world.run(60_000);
    assert_eq!(state(&mut world, 0, MALLORY, &beyond), FileState::Here);
    let freed = Call::FreeFile(chat, fits);
    assert_eq!(world.ask(0, freed), Ok(Reply::Done));
    let again = world.send_file(MALLORY, 0, "again", 400);
    world.run(60_000);
    assert_eq!(state(&mut world, 0, MALLORY, &again), FileState::Here);
}

#[test]
fn files_that_break_off_before_their_ends_take_no_more_than_the_quota() {
    let mut world = three(8);
    world.network.conditions.rate = None;
    take_room(&mut world, (2 << 30) - (5 << 20));
    // Mallory's disk has lost the last chunk of each.
    world.network.part(0, MALLORY, true);
    for number in 0..12 {
        world.send_file(MALLORY, 0, &format!("part {number}"), 1 << 20);
    }
    world.nodes[MALLORY].files.shorten();
    world.network.part(0, MALLORY, false);
    for _ in 0..3 {
        world.run(60_000);
        world.restart(MALLORY);
        world.connected(0, MALLORY);
    }
    world.run(60_000);
    let held = world.nodes[0].files.held();
    assert!(held <= 5 << 20, "{held} bytes");
}

#[test]
fn a_contact_cancels_no_file_of_others_and_one_of_its_own_before_its_message() {
    let mut world = three(6);
    // Mallory loads what Ada sends without being asked.
    let ada = world.id(0);
    world
        .ask(MALLORY, Call::Verify(ada, true))
        .expect("they are contacts");
    let from_ada = world.send_file(0, MALLORY, "from Ada", 2 << 20);
    world.run(500);
    assert!(matches!(
        state(&mut world, MALLORY, 0, &from_ada),
        FileState::Loading { .. }
    ));
    let mut store = world.nodes[MALLORY].storage.store.clone();
    let device = device(&world, MALLORY);
    let target = crate::engine::conversation::parse_message_id(&from_ada).expect("an id");
    let kind = AnnotationKind(8);
    let cancels = |target| What::Annotation { kind, target };
    let empty = || Body::Bytes(Bytes::new());
    let theirs = append_as(&mut store, device, cancels(target), empty());
    // The message that comes behind its cancellation.
    let of_mallory = EntryId {
        seq: Seq(theirs.seq.0 + 2),
        ..theirs
    };
    append_as(&mut store, device, cancels(of_mallory), empty());
    let content = Content {
        file: Some(FilePart::claimed(&[7; 32], 1_000)),
        ..Content::text("taken back")
    };
    let body = Body::Bytes(tables::encoded(&content).into());
    let sent = append_as(&mut store, device, What::Row(MESSAGE), body);
    assert_eq!(sent, of_mallory);
    world.roll_back(MALLORY, store);
    world.run(60_000);
    let sent = message_id(sent);
    assert_eq!(state(&mut world, 0, MALLORY, &sent), FileState::Cancelled);
    assert_eq!(state(&mut world, 0, MALLORY, &from_ada), FileState::Here);
    let file = world
        .message(0, MALLORY, &from_ada)
        .and_then(|one| one.file);
    assert!(file.expect("a file").is_delivered(), "it does not go on");
}
