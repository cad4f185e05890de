//! Files of other conversations, files that are not what a message names, and lengths that lie.

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::Store;

use super::super::content::{Content, MESSAGE};
use super::super::files::FilePart;
use super::{append_as, device};
use crate::api::{Call, FileState, MessageId};
use crate::engine::conversations;
use crate::harness::World;
use crate::tables::{self, Table};
use hedgerow_sync::entry::{Body, What};

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
