//! Edits of what is not theirs, answers to what is not there, and bodies that are no messages.

use bytes::Bytes;
use hedgerow_sync::conversation::MAX_EDITS;
use hedgerow_sync::entry::{AnnotationKind, Body, RowKind, What};
use hedgerow_sync::id::{EntryId, Incarnation, LogId, Seq};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::Store;

use super::super::content::{Content, text_body};
use super::super::conversation::{REACTION, message_id, parse_message_id, versions};
use super::{append_as, device, rows};
use crate::api::{Event, Message, MessageId, Original, Refusal, Version};
use crate::harness::World;

/// Mallory, a contact of Ada.
const MALLORY: usize = 1;

fn world(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Mallory"]);
    world.meet(0, MALLORY);
    world
}

fn id(message: &MessageId) -> EntryId {
    parse_message_id(message).expect("an id of the engine")
}

/// Mallory has changed the store, and its engine tells others.
fn tell(world: &mut World, change: impl FnOnce(&mut MemoryStore)) {
    let mut store = world.nodes[MALLORY].storage.store.clone();
    change(&mut store);
    world.roll_back(MALLORY, store);
    world.run(120_000);
}

fn edit(target: EntryId) -> What {
    let kind = AnnotationKind::EDIT;
    What::Annotation { kind, target }
}

fn said(message: &Message) -> (Option<&str>, bool) {
    let text = message.text.as_ref().map(|text| text.0.as_str());
    (text, message.edited.is_some())
}

fn versions_at(world: &mut World, node: usize, of: &MessageId) -> Result<Vec<Version>, Refusal> {
    let chat = world.chat(node, 1 - node);
    let storage = &world.nodes[node].storage;
    let read = storage.read(|reader| Ok(versions(reader, &chat, of)));
    read.expect("memory does not fail")
}

#[test]
fn an_edit_of_what_somebody_else_wrote_shows_nothing() {
    let mut world = world(1);
    let ours = world.send(0, MALLORY, "I owe you nothing");
    world.delivered(0, MALLORY);
    let mallory = device(&world, MALLORY);
    tell(&mut world, |store| {
        append_as(store, mallory, edit(id(&ours)), text_body("I owe you all"));
    });
    for node in [0, MALLORY] {
        let message = world.messages(node, 1 - node).pop().expect("a message");
        assert_eq!(said(&message), (Some("I owe you nothing"), false));
        let versions = versions_at(&mut world, node, &ours).expect("a message");
        assert_eq!(versions.len(), 1);
    }
}

#[test]
fn an_edit_of_an_annotation_or_of_nothing_shows_nothing() {
    let mut world = world(2);
    world.send(MALLORY, 0, "hello");
    world.delivered(0, MALLORY);
    let mallory = device(&world, MALLORY);
    tell(&mut world, |store| {
        let log = LogId {
            device: mallory,
            incarnation: Incarnation(u64::MAX),
        };
        let nothing = EntryId {
            log,
            seq: Seq(1 << 40),
        };
        let said = append_as(store, mallory, edit(nothing), text_body("of nothing"));
        append_as(store, mallory, edit(said), text_body("of an edit"));
        append_as(store, mallory, What::TEXT, text_body("still there"));
    });
    assert_eq!(world.texts(0, MALLORY), ["hello", "still there"]);
    let messages = world.messages(0, MALLORY);
    assert!(messages.iter().all(|one| one.edited.is_none()));
}

#[test]
fn of_ten_thousand_edits_a_hundred_count_and_are_indexed() {
    let mut world = world(3);
    let text = world.send(MALLORY, 0, "first");
    world.delivered(0, MALLORY);
    let mallory = device(&world, MALLORY);
    tell(&mut world, |store| {
        for number in 1..=10_000 {
            let body = text_body(&format!("edit {number}"));
            append_as(store, mallory, edit(id(&text)), body);
        }
    });
    world.run(600_000);
    let message = world.messages(0, MALLORY).pop().expect("a message");
    assert_eq!(said(&message), (Some("edit 100"), true));
    let edited = message.edited.expect("it was edited");
    assert_eq!(edited.times as usize, MAX_EDITS);
    let versions = versions_at(&mut world, 0, &text).expect("a message");
    assert_eq!(versions.len(), 1 + MAX_EDITS);
    assert!(index_bytes(&world) < 4_096, "{} bytes", index_bytes(&world));
    world.send(0, MALLORY, "enough");
    world.delivered(0, MALLORY);
}

#[test]
fn of_ten_thousand_reactions_to_a_message_one_counts_and_others_write_on() {
    const BEN: usize = 2;
    let mut world = World::with(6, &["Ada", "Mallory", "Ben"]);
    world.meet(0, MALLORY);
    world.meet(0, BEN);
    let text = world.send(0, MALLORY, "good news");
    world.delivered(0, MALLORY);
    let mallory = device(&world, MALLORY);
    let mut store = world.nodes[MALLORY].storage.store.clone();
    let what = What::Annotation {
        kind: REACTION,
        target: id(&text),
    };
    for number in 0..10_000 {
        let emoji = ["👍", "🎉"][number % 2];
        let body = Body::Bytes(Bytes::from_static(emoji.as_bytes()));
        append_as(&mut store, mallory, what, body);
    }
    world.nodes[0].events.clear();
    world.roll_back(MALLORY, store);
    for number in 0..20 {
        world.send(BEN, 0, &format!("line {number}"));
        world.run(500);
        let lines = world.texts(0, BEN).len();
        assert_eq!(lines, number + 1, "a text waits for reactions");
    }
    world.run(600_000);
    let message = world.messages(0, MALLORY).pop().expect("a message");
    let reactions: Vec<_> = message.reactions.iter().map(|one| &*one.emoji.0).collect();
    assert_eq!(reactions, ["🎉"], "the last one counts");
    assert!(index_bytes(&world) < 4_096, "{} bytes", index_bytes(&world));
    let told = |event: &&Event| matches!(event, Event::MessageChanged { .. });
    let events = world.nodes[0].events.iter().filter(told).count();
    assert!(events < 1_000, "{events} events");
}

/// What the index of annotations takes at Ada's.
fn index_bytes(world: &World) -> usize {
    let index = rows(&world.nodes[0].storage.store);
    let index = index.iter();
    let index = index.filter(|(key, _)| key[0] == hedgerow_sync::tables::ANNOTATIONS);
    index.map(|(key, value)| key.len() + value.len()).sum()
}

#[test]
fn an_answer_shows_nothing_of_another_conversation() {
    let mut world = World::with(4, &["Ada", "Mallory", "Ben"]);
    world.meet(0, MALLORY);
    world.meet(0, 2);
    world.send(0, MALLORY, "hello");
    let secret = (0..5)
        .map(|_| world.send(0, 2, "between Ben and me"))
        .last();
    let theirs = world.send(2, 0, "between Ada and me");
    world.delivered(0, MALLORY);
    world.delivered(0, 2);
    let mallory = device(&world, MALLORY);
    let targets = [secret.expect("a message"), theirs];
    tell(&mut world, |store| {
        let annotation = append_as(store, mallory, edit(id(&targets[0])), text_body("x"));
        for target in targets.iter().map(id).chain([annotation]) {
            let content = Content {
                reply_to: Some(target.into()),
                ..Content::text("as you said")
            };
            let (what, body) = content.row();
            append_as(store, mallory, what, body);
        }
    });
    let answers = world.messages(0, MALLORY).split_off(1);
    assert_eq!(answers.len(), 3);
    for answer in answers {
        let quoted = answer.reply_to.expect("an answer");
        assert_eq!(quoted.original, Original::NotHere);
    }
}

#[test]
fn a_body_that_is_no_message_is_one_quiet_line_and_the_others_stay() {
    let mut world = world(5);
    let mallory = device(&world, MALLORY);
    let bodies: [&[u8]; 6] = [
        b"",
        b"no map",
        &[0xa1, 0x00, 0x60],
        &[0x9f; 60_000],
        &[0xbf; 60_000],
        &[
            0xa1, 0x01, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ],
    ];
    tell(&mut world, |store| {
        for body in bodies {
            let body = Body::Bytes(Bytes::copy_from_slice(body));
            append_as(store, mallory, What::Row(RowKind(2)), body);
        }
        append_as(store, mallory, What::TEXT, text_body("and now?"));
    });
    let messages = world.messages(0, MALLORY);
    let texts: Vec<_> = messages.iter().map(|one| said(one).0).collect();
    assert_eq!(texts[..bodies.len()], [None; 6]);
    assert_eq!(texts[bodies.len()..], [Some("and now?")]);
    let unshown = messages[0].id.clone();
    assert_eq!(versions_at(&mut world, 0, &unshown), Err(Refusal::NoText));
    assert_eq!(message_id(id(&unshown)), unshown);
}
