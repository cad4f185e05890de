//! Edits: other texts for one's own messages, the same on every device.

use std::ops::{Bound, ControlFlow};

use hedgerow_node::api::{
    Call, Event, Message, MessageId, NewMessage, Original, Private, Refusal, Reply, Version,
};
use hedgerow_node::engine::conversation::versions;
use hedgerow_node::harness::World;
use hedgerow_sync::store::{Direction, Reader, Store};
use proptest::prelude::*;

fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    world
}

fn edit(world: &mut World, who: usize, of: &MessageId, text: &str) -> Result<Reply, Refusal> {
    let chat = world.chat(who, 1 - who);
    world.ask(who, Call::Edit(chat, of.clone(), Private(text.to_owned())))
}

fn newest(world: &mut World, node: usize) -> Message {
    world.messages(node, 1 - node).pop().expect("a message")
}

/// What a message says at a node, and how often it was edited.
fn said(world: &mut World, node: usize, of: &MessageId) -> (String, u32) {
    let mut messages = world.messages(node, 1 - node).into_iter();
    let message = messages.find(|one| one.id == *of).expect("a message");
    let times = message.edited.map_or(0, |edited| edited.times);
    (message.text.expect("a text").0, times)
}

fn texts(world: &mut World, node: usize, of: &MessageId) -> Vec<String> {
    let chat = world.chat(node, 1 - node);
    let read = world.nodes[node]
        .storage
        .read(|reader| Ok(versions(reader, &chat, of)));
    let versions = read.expect("memory does not fail").expect("a message");
    let text = |version: Version| version.text.expect("a text").0;
    versions.into_iter().map(text).collect()
}

#[test]
fn an_edit_changes_the_text_on_both_sides_and_leaves_the_versions() {
    let mut world = pair(1);
    let message = world.send(0, 1, "at six");
    world.delivered(0, 1);
    world.send(1, 0, "fine");
    world.delivered(0, 1);
    edit(&mut world, 0, &message, "at seven").unwrap();
    world.run(5_000);
    edit(&mut world, 0, &message, "at eight").unwrap();
    world.run(5_000);
    for node in [0, 1] {
        assert_eq!(world.texts(node, 1 - node), ["at eight", "fine"]);
        assert_eq!(said(&mut world, node, &message).1, 2);
        let versions = texts(&mut world, node, &message);
        assert_eq!(versions, ["at six", "at seven", "at eight"]);
    }
}

#[test]
fn an_edit_is_no_message_is_not_unread_and_moves_no_list() {
    let mut world = pair(2);
    let message = world.send(0, 1, "at six");
    world.delivered(0, 1);
    let chat = world.chat(1, 0);
    world.ask(1, Call::Read(chat, message.clone())).unwrap();
    world.run(60_000);
    let before = world.conversation(1, 0);
    world.nodes[1].events.clear();
    edit(&mut world, 0, &message, "at seven").unwrap();
    world.run(5_000);
    let after = world.conversation(1, 0);
    assert_eq!((after.messages, after.unread), (1, 0));
    assert_eq!(after.active_ms, before.active_ms);
    let events = &world.nodes[1].events;
    let told = |event: &Event| matches!(event, Event::Message { .. } | Event::Messages { .. });
    assert!(!events.iter().any(told), "{events:?}");
    let changed =
        |event: &Event| matches!(event, Event::MessageChanged { id, .. } if *id == message);
    assert_eq!(events.iter().filter(|event| changed(event)).count(), 1);
    assert_eq!(newest(&mut world, 1).position, 0);
}

#[test]
fn edits_made_while_both_are_apart_come_with_their_message() {
    let mut world = pair(3);
    world.network.part(0, 1, true);
    let message = world.send(0, 1, "at six");
    edit(&mut world, 0, &message, "at seven").unwrap();
    world.restart(0);
    edit(&mut world, 0, &message, "at eight").unwrap();
    world.network.part(0, 1, false);
    world.run(1_200_000);
    assert_eq!(said(&mut world, 1, &message), said(&mut world, 0, &message));
    assert_eq!(said(&mut world, 1, &message).0, "at eight");
}

#[test]
fn an_edit_of_what_nobody_got_yet_leaves_no_trace() {
    let mut world = pair(10);
    world.network.part(0, 1, true);
    world.run(120_000);
    let question = world.send(0, 1, "before");
    let chat = world.chat(0, 1);
    let answer = NewMessage {
        reply_to: Some(question.clone()),
        ..NewMessage::text("the old mill")
    };
    let Ok(Reply::Sent(answer)) = world.ask(0, Call::Send(chat, answer)) else {
        panic!("not sent");
    };
    let entries = world.nodes[0].storage.commits;
    edit(&mut world, 0, &answer, "the new mill, which is further up").unwrap();
    assert!(world.nodes[0].storage.commits > entries);
    assert_eq!(
        texts(&mut world, 0, &answer),
        ["the new mill, which is further up"]
    );
    assert!(!is_stored(&world, 0, b"the old mill"));
    world.network.part(0, 1, false);
    world.run(1_200_000);
    for node in [0, 1] {
        let message = newest(&mut world, node);
        assert_eq!(message.edited, None);
        assert_eq!(message.reply_to.expect("an answer").id, question);
        assert_eq!(texts(&mut world, node, &answer).len(), 1);
    }
    // Of two edits that were made while both were apart one is left.
    world.network.part(0, 1, true);
    world.run(120_000);
    edit(&mut world, 0, &answer, "the first of two").unwrap();
    edit(&mut world, 0, &answer, "the second of two").unwrap();
    assert!(!is_stored(&world, 0, b"the first of two"));
    world.network.part(0, 1, false);
    world.run(1_200_000);
    for node in [0, 1] {
        assert_eq!(
            said(&mut world, node, &answer),
            ("the second of two".to_owned(), 1)
        );
    }
}

/// Whether these bytes stand in any row of a node's store.
fn is_stored(world: &World, node: usize, bytes: &[u8]) -> bool {
    let mut found = false;
    let all = (Bound::Unbounded, Bound::Unbounded);
    let look = |reader: &dyn Reader| {
        reader.scan(all, Direction::Forward, &mut |_, value| {
            found |= value.windows(bytes.len()).any(|part| part == bytes);
            ControlFlow::Continue(())
        })
    };
    let store = &world.nodes[node].storage.store;
    store.read(look).expect("memory does not fail");
    found
}

#[test]
fn an_answer_shows_the_present_text_of_what_it_answers() {
    let mut world = pair(4);
    let question = world.send(0, 1, "at six?");
    world.delivered(0, 1);
    let chat = world.chat(1, 0);
    let answer = NewMessage {
        reply_to: Some(question.clone()),
        ..NewMessage::text("yes")
    };
    world.ask(1, Call::Send(chat, answer)).unwrap();
    world.delivered(0, 1);
    edit(&mut world, 0, &question, "at seven?").unwrap();
    world.run(5_000);
    for node in [0, 1] {
        let quoted = newest(&mut world, node).reply_to.expect("an answer");
        let Original::Here { text, .. } = quoted.original else {
            panic!("it is here");
        };
        assert_eq!(text, Some(Private("at seven?".into())));
    }
}

#[test]
fn what_is_forwarded_is_the_present_text() {
    let mut world = World::with(5, &["Ada", "Grace", "Ben"]);
    world.meet(0, 1);
    world.meet(0, 2);
    let message = world.send(0, 1, "at six");
    edit(&mut world, 0, &message, "at seven").unwrap();
    let (from, to) = (world.chat(0, 1), world.chat(0, 2));
    world
        .ask(0, Call::Forward(from, message, vec![to]))
        .unwrap();
    world.delivered(0, 2);
    assert_eq!(world.texts(2, 0), ["at seven"]);
    assert_eq!(newest_of(&mut world, 2).edited, None);
}

fn newest_of(world: &mut World, reader: usize) -> Message {
    world.messages(reader, 0).pop().expect("a message")
}

#[test]
fn only_a_text_of_ours_is_edited_and_never_to_nothing() {
    let mut world = pair(6);
    let ours = world.send(0, 1, "at six");
    world.delivered(0, 1);
    let refused = edit(&mut world, 1, &ours, "at noon");
    assert_eq!(refused, Err(Refusal::NotYours));
    assert_eq!(edit(&mut world, 0, &ours, " \n"), Err(Refusal::Empty));
    let long = "x".repeat(65_537);
    let refused = edit(&mut world, 0, &ours, &long);
    assert!(matches!(refused, Err(Refusal::TooLong { .. })));
    let nothing = MessageId(ours.0.replace("-1", "-ff"));
    assert_eq!(
        edit(&mut world, 0, &nothing, "x"),
        Err(Refusal::NoSuchMessage)
    );
    // What it says already is not said again.
    let commits = world.nodes[0].storage.commits;
    edit(&mut world, 0, &ours, "at six").unwrap();
    assert_eq!(world.nodes[0].storage.commits, commits);
}

#[test]
fn a_message_is_edited_a_hundred_times_at_most() {
    let mut world = pair(7);
    let message = world.send(0, 1, "0");
    world.delivered(0, 1);
    for number in 1..=100 {
        edit(&mut world, 0, &message, &number.to_string()).unwrap();
        world.run(1_000);
    }
    let refused = edit(&mut world, 0, &message, "101");
    assert_eq!(refused, Err(Refusal::TooManyEdits { limit: 100 }));
    world.delivered(0, 1);
    world.run(60_000);
    for node in [0, 1] {
        assert_eq!(said(&mut world, node, &message), ("100".to_owned(), 100));
        assert_eq!(texts(&mut world, node, &message).len(), 101);
    }
}

#[test]
fn edits_before_and_after_a_rollback_give_the_same_text_everywhere() {
    let mut world = pair(8);
    let message = world.send(0, 1, "at six");
    world.delivered(0, 1);
    let older = world.nodes[0].storage.store.clone();
    edit(&mut world, 0, &message, "at seven").unwrap();
    world.run(60_000);
    assert_eq!(said(&mut world, 1, &message).0, "at seven");
    // Ada's device runs an older state, edits again, and gets back what it had lost.
    world.network.part(0, 1, true);
    world.roll_back(0, older);
    edit(&mut world, 0, &message, "at noon").unwrap();
    world.network.part(0, 1, false);
    world.run(1_200_000);
    let at_ada = said(&mut world, 0, &message);
    assert_eq!(at_ada, said(&mut world, 1, &message));
    assert_eq!(at_ada.1, 2);
    edit(&mut world, 0, &message, "at ten").unwrap();
    world.run(60_000);
    for node in [0, 1] {
        assert_eq!(said(&mut world, node, &message), ("at ten".to_owned(), 3));
    }
}

/// What a person does, or what happens to the network.
#[derive(Debug, Clone, Copy)]
enum Step {
    Edit(usize, u8),
    Part(bool),
    Restart(usize),
    Run,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2usize, any::<u8>()).prop_map(|(who, text)| Step::Edit(who, text)),
        1 => any::<bool>().prop_map(Step::Part),
        1 => (0..2usize).prop_map(Step::Restart),
        2 => Just(Step::Run),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn after_any_edits_both_sides_show_the_same_texts_and_versions(
        steps in prop::collection::vec(step(), 1..24),
    ) {
        let mut world = pair(9);
        let messages = [world.send(0, 1, "Ada's"), world.send(1, 0, "Grace's")];
        world.delivered(0, 1);
        for step in steps {
            match step {
                Step::Edit(who, text) => {
                    let text = format!("{who} says {text}");
                    edit(&mut world, who, &messages[who], &text).unwrap();
                }
                Step::Part(parted) => world.network.part(0, 1, parted),
                Step::Restart(node) => world.restart(node),
                Step::Run => world.run(20_000),
            }
        }
        world.network.part(0, 1, false);
        world.run(1_200_000);
        for message in &messages {
            prop_assert_eq!(said(&mut world, 0, message), said(&mut world, 1, message));
            prop_assert_eq!(texts(&mut world, 0, message), texts(&mut world, 1, message));
        }
    }
}
