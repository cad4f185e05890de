//! Answers to messages, and messages forwarded.

use hedgerow_node::api::{
    Call, ConversationId, MAX_QUOTE, Message, MessageId, NewMessage, Original, Private, Quoted,
    Refusal, Reply,
};
use hedgerow_node::engine::conversation::parse_message_id;
use hedgerow_node::harness::World;
use hedgerow_sync::entry::Body;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::store::Store;
use hedgerow_sync::{body, page};

fn people(seed: u64, names: &[&str]) -> World {
    let mut world = World::with(seed, names);
    for other in 1..names.len() {
        world.meet(0, other);
    }
    world
}

fn answer(world: &mut World, from: usize, to: &MessageId, text: &str) -> MessageId {
    let chat = world.chat(from, 1 - from);
    match world.ask(from, Call::Send(chat, answering(to, text))) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("not sent: {other:?}"),
    }
}

fn answering(to: &MessageId, text: &str) -> NewMessage {
    NewMessage {
        reply_to: Some(to.clone()),
        ..NewMessage::text(text)
    }
}

fn newest(world: &mut World, node: usize) -> Message {
    world.messages(node, 1 - node).pop().expect("a message")
}

fn here(by_us: bool, text: &str, world: &mut World) -> Original {
    Original::Here {
        author: (!by_us).then(|| world.id(0)),
        text: Some(Private(text.to_owned())),
    }
}

fn space(chat: &ConversationId) -> SpaceId {
    let bytes = data_encoding::HEXLOWER.decode(chat.0.as_bytes());
    let bytes = bytes.ok().and_then(|bytes| bytes.try_into().ok());
    SpaceId(bytes.expect("the id of a space"))
}

/// Removes the body of a message from a node's store.
fn delete(world: &mut World, node: usize, message: &MessageId) {
    let chat = world.chat(node, 1 - node);
    let entry = parse_message_id(message).expect("an id");
    let mut store = world.nodes[node].storage.store.clone();
    let removed = store.write(|txn| body::remove(txn, space(&chat), entry));
    assert!(removed.expect("memory does not fail"));
    world.roll_back(node, store);
}

#[test]
fn an_answer_shows_the_beginning_of_what_it_answers_on_both_sides() {
    let mut world = people(1, &["Ada", "Grace"]);
    let long = "ж".repeat(MAX_QUOTE + 1);
    for question in ["shall we meet?", &long] {
        let question_id = world.send(0, 1, question);
        world.delivered(0, 1);
        answer(&mut world, 1, &question_id, "yes");
        world.delivered(0, 1);
        let shown: String = question.chars().take(MAX_QUOTE).collect();
        for node in [0, 1] {
            let original = here(node == 0, &shown, &mut world);
            let message = newest(&mut world, node);
            assert_eq!(message.text, Some(Private("yes".into())));
            let id = question_id.clone();
            assert_eq!(
                message.reply_to,
                Some(Quoted {
                    id,
                    disappears: false,
                    original
                })
            );
        }
    }
}

#[test]
fn an_answer_carries_no_word_of_what_it_answers() {
    let mut world = people(2, &["Ada", "Grace"]);
    let question = world.send(0, 1, "the cellar of the old mill");
    world.delivered(0, 1);
    let answer = answer(&mut world, 1, &question, "yes");
    let chat = world.chat(1, 0);
    let entry = parse_message_id(&answer).expect("an id");
    let store = &world.nodes[1].storage.store;
    let entry = store.read(|reader| page::entry(reader, space(&chat), entry));
    let entry = entry.expect("memory does not fail").expect("an entry");
    let Body::Bytes(body) = entry.body else {
        panic!("it has a body");
    };
    assert!(body.len() < 48, "{} bytes", body.len());
    assert!(!body.windows(4).any(|part| part == b"mill"));
}

#[test]
fn an_answer_to_a_text_that_has_left_says_so_and_cannot_be_written() {
    let mut world = people(3, &["Ada", "Grace"]);
    let question = world.send(0, 1, "shall we meet?");
    world.delivered(0, 1);
    answer(&mut world, 1, &question, "yes");
    world.delivered(0, 1);
    delete(&mut world, 1, &question);
    let quoted = newest(&mut world, 1).reply_to.expect("an answer");
    assert_eq!(quoted.original, Original::Gone);
    let quoted = newest(&mut world, 0).reply_to.expect("an answer");
    assert!(matches!(quoted.original, Original::Here { .. }));
    let chat = world.chat(1, 0);
    let late = world.ask(1, Call::Send(chat.clone(), answering(&question, "no")));
    assert_eq!(late, Err(Refusal::NoText));
    let nothing = MessageId(question.0.replace("-1", "-ff"));
    let never = world.ask(1, Call::Send(chat, answering(&nothing, "no")));
    assert_eq!(never, Err(Refusal::NoSuchMessage));
}

#[test]
fn an_answer_may_answer_an_answer_and_ourselves() {
    let mut world = people(4, &["Ada", "Grace"]);
    world.network.part(0, 1, true);
    let first = world.send(0, 1, "first");
    let second = answer(&mut world, 0, &first, "second");
    answer(&mut world, 0, &second, "third");
    world.network.part(0, 1, false);
    world.run(1_200_000);
    let quotes: Vec<_> = world
        .messages(1, 0)
        .into_iter()
        .map(|one| one.reply_to)
        .collect();
    assert_eq!(quotes[0], None);
    for (quote, (id, text)) in quotes[1..]
        .iter()
        .zip([(first, "first"), (second, "second")])
    {
        let original = here(false, text, &mut world);
        assert_eq!(
            *quote,
            Some(Quoted {
                id,
                disappears: false,
                original
            })
        );
    }
}

#[test]
fn a_message_is_forwarded_to_all_named_or_to_none_and_names_no_origin() {
    let mut world = people(5, &["Ada", "Grace", "Ben", "Eve"]);
    let question = world.send(1, 0, "which?");
    world.delivered(0, 1);
    let from = world.chat(0, 1);
    let chat = from.clone();
    let text = match world.ask(0, Call::Send(chat, answering(&question, "the hall"))) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("not sent: {other:?}"),
    };
    let (ben, eve) = (world.chat(0, 2), world.chat(0, 3));
    let both = vec![ben.clone(), eve.clone()];
    let forward = Call::Forward(from.clone(), text.clone(), both.clone());
    let Ok(Reply::Forwarded(sent)) = world.ask(0, forward.clone()) else {
        panic!("not forwarded");
    };
    assert_eq!(sent.len(), 2);
    world.delivered(0, 2);
    world.delivered(0, 3);
    for reader in [2, 3] {
        let messages = world.messages(reader, 0);
        let [message] = &messages[..] else {
            panic!("one message");
        };
        assert_eq!(message.text, Some(Private("the hall".into())));
        assert_eq!(message.reply_to, None);
    }
    let eve_id = world.id(3);
    world.ask(0, Call::Block(eve_id, true)).expect("a contact");
    assert_eq!(world.ask(0, forward), Err(Refusal::Blocked));
    assert_eq!(world.texts(0, 2), ["the hall"]);
    let many = Call::Forward(from, text, vec![ben; 33]);
    let refused = Refusal::TooManyReceivers { limit: 32 };
    assert_eq!(world.ask(0, many), Err(refused));
}
