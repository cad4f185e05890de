//! Messages that are deleted, here or for everybody: what is left of them, who sees it and when.

use std::ops::{Bound, ControlFlow};

use bytes::Bytes;
use hedgerow_node::api::{
    Call, Deletion, Event, Message, MessageId, PageFrom, Private, Refusal, RemovalState, Reply,
};
use hedgerow_node::engine::conversation::{message_id, parse_message_id};
use hedgerow_node::harness::World;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::space;
use hedgerow_sync::store::{Direction, Reader, Store};

/// An annotation that deletes its target.
const DELETION: AnnotationKind = AnnotationKind(4);
const REACTION: AnnotationKind = AnnotationKind(1);

fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    world
}

fn delete(
    world: &mut World,
    node: usize,
    of: &MessageId,
    for_all: bool,
) -> Result<Deletion, Refusal> {
    let chat = world.chat(node, 1 - node);
    match world.ask(node, Call::Delete(chat, of.clone(), for_all)) {
        Ok(Reply::Deletion(deletion)) => Ok(deletion),
        Ok(other) => panic!("another answer: {other:?}"),
        Err(refusal) => Err(refusal),
    }
}

fn react(world: &mut World, node: usize, of: &MessageId, emoji: &str) {
    let chat = world.chat(node, 1 - node);
    let answer = world.ask(
        node,
        Call::React(chat, of.clone(), Private(emoji.to_owned())),
    );
    assert_eq!(answer, Ok(Reply::Done));
}

/// Whether a node's store holds these bytes anywhere.
fn holds(world: &World, node: usize, text: &str) -> bool {
    let mut found = false;
    let all = (Bound::Unbounded, Bound::Unbounded);
    let look = |reader: &dyn Reader| {
        reader.scan(all, Direction::Forward, &mut |_, value| {
            let mut windows = value.windows(text.len());
            found |= windows.any(|window| window == text.as_bytes());
            ControlFlow::Continue(())
        })
    };
    world.nodes[node].storage.read(look).expect("memory");
    found
}

fn states(message: &Message) -> Vec<RemovalState> {
    let removals = message.deleted.iter().flat_map(|deleted| &deleted.removals);
    removals.map(|removal| removal.state).collect()
}

fn apart(world: &mut World, apart: bool) {
    world.network.part(0, 1, apart);
    if apart {
        world.run(120_000);
    } else {
        world.connected(0, 1);
        world.run(10_000);
    }
}

/// The space of the chat of both.
fn space_of(world: &mut World) -> SpaceId {
    let id = world.chat(0, 1);
    let bytes = (0..16).map(|at| u8::from_str_radix(&id.0[2 * at..2 * at + 2], 16).unwrap());
    SpaceId(bytes.collect::<Vec<u8>>().try_into().unwrap())
}

/// Writes into a node's store what its engine would never write, in a log of its own device.
struct Forger {
    node: usize,
    space: SpaceId,
    log: LogId,
}

impl Forger {
    fn new(world: &mut World, node: usize) -> Forger {
        let own = world.send(node, 1 - node, "a first message");
        let own = parse_message_id(&own).unwrap();
        Forger {
            node,
            space: space_of(world),
            log: LogId {
                incarnation: Incarnation(own.log.incarnation.0 ^ 1),
                ..own.log
            },
        }
    }

    fn entry(&self, seq: u64) -> EntryId {
        EntryId {
            log: self.log,
            seq: Seq(seq),
        }
    }

    /// Writes these entries, and starts the node anew.
    fn write(&self, world: &mut World, entries: &[(What, &str)]) {
        let mut store = world.nodes[self.node].storage.store.clone();
        store
            .write(|txn| {
                for (what, text) in entries {
                    let body = Body::Bytes(Bytes::copy_from_slice(text.as_bytes()));
                    space::append(txn, self.space, self.log, 1_000, *what, body).unwrap();
                }
                Ok(())
            })
            .unwrap();
        world.roll_back(self.node, store);
    }
}

fn says(kind: AnnotationKind, target: EntryId) -> What {
    What::Annotation { kind, target }
}

#[test]
fn a_message_that_is_deleted_here_stays_with_the_other_and_comes_never_back() {
    let mut world = pair(1);
    world.send(0, 1, "one");
    let second = world.send(0, 1, "a secret");
    world.send(0, 1, "three");
    world.delivered(0, 1);
    react(&mut world, 0, &second, "👍");
    react(&mut world, 1, &second, "🎉");
    world.run(5_000);
    world.nodes[1].events.clear();
    assert_eq!(delete(&mut world, 1, &second, false), Ok(Deletion::Here));
    assert_eq!(
        delete(&mut world, 1, &second, false),
        Err(Refusal::NoSuchMessage)
    );
    let gone = |event: &Event| matches!(event, Event::MessageGone { id, .. } if *id == second);
    assert_eq!(
        world.nodes[1]
            .events
            .iter()
            .filter(|event| gone(event))
            .count(),
        1
    );
    for _ in 0..2 {
        assert_eq!(world.texts(1, 0), ["one", "three"]);
        assert_eq!(world.conversation(1, 0).messages, 2);
        for text in ["a secret", "👍", "🎉"] {
            assert!(!holds(&world, 1, text), "{text}");
        }
        assert_eq!(world.texts(0, 1), ["one", "a secret", "three"]);
        assert!(holds(&world, 0, "a secret"));
        world.restart(0);
        world.restart(1);
        world.connected(0, 1);
        world.run(10_000);
    }
    // Also not from an older state of the other, which asks for what it lost.
    let older = world.nodes[0].storage.store.clone();
    world.send(0, 1, "four");
    world.delivered(0, 1);
    world.roll_back(0, older);
    world.connected(0, 1);
    world.run(10_000);
    assert_eq!(world.texts(1, 0), ["one", "three", "four"]);
    assert_eq!(world.texts(0, 1), ["one", "a secret", "three", "four"]);
}

#[test]
fn the_texts_before_an_edit_leave_with_the_message() {
    for for_all in [false, true] {
        let mut world = pair(11);
        let message = world.send(0, 1, "first words");
        world.delivered(0, 1);
        let chat = world.chat(0, 1);
        for text in ["second words", "third words"] {
            let edit = Call::Edit(chat.clone(), message.clone(), Private(text.to_owned()));
            assert_eq!(world.ask(0, edit), Ok(Reply::Done));
            world.run(5_000);
        }
        assert_eq!(world.texts(1, 0), ["third words"]);
        delete(&mut world, 0, &message, for_all).unwrap();
        world.run(10_000);
        for text in ["first words", "second words", "third words"] {
            assert!(!holds(&world, 0, text));
            assert_eq!(holds(&world, 1, text), !for_all, "{text}");
        }
    }
}

#[test]
fn what_is_said_later_of_a_message_that_was_deleted_here_is_not_kept() {
    let mut world = pair(12);
    let message = world.send(0, 1, "first words");
    world.delivered(0, 1);
    delete(&mut world, 1, &message, false).unwrap();
    let chat = world.chat(0, 1);
    let edit = Call::Edit(chat, message.clone(), Private("second words".to_owned()));
    assert_eq!(world.ask(0, edit), Ok(Reply::Done));
    react(&mut world, 0, &message, "👍");
    world.run(10_000);
    assert_eq!(world.texts(1, 0), Vec::<String>::new());
    for text in ["first words", "second words", "👍"] {
        assert!(!holds(&world, 1, text), "{text}");
    }
}

#[test]
fn what_is_unread_is_counted_without_what_was_deleted() {
    let mut world = pair(2);
    let messages = ["one", "two", "three", "four"].map(|text| world.send(0, 1, text));
    world.delivered(0, 1);
    let chat = world.chat(1, 0);
    world
        .ask(1, Call::Read(chat.clone(), messages[1].clone()))
        .unwrap();
    assert_eq!(world.conversation(1, 0).unread, 2);
    delete(&mut world, 1, &messages[2], false).unwrap();
    assert_eq!(world.conversation(1, 0).unread, 1);
    // The message that was read last leaves: reading goes on after its place.
    delete(&mut world, 1, &messages[1], false).unwrap();
    assert_eq!(world.conversation(1, 0).unread, 1);
    let page = world.page(1, 0, &PageFrom::FirstUnread);
    assert_eq!(page.messages[0].id, messages[3]);
    assert_eq!((page.total, page.unread), (2, 1));
}

#[test]
fn what_nobody_was_offered_is_never_sent() {
    let mut world = pair(3);
    apart(&mut world, true);
    world.send(0, 1, "one");
    let second = world.send(0, 1, "a mistake");
    world.send(0, 1, "three");
    // The mark is durable: another start knows what has left.
    world.restart(0);
    world.nodes[1].events.clear();
    assert_eq!(
        delete(&mut world, 0, &second, true),
        Ok(Deletion::NeverSent)
    );
    assert_eq!(world.texts(0, 1), ["one", "three"]);
    assert_eq!(world.conversation(0, 1).queued, 2);
    assert!(!holds(&world, 0, "a mistake"));
    apart(&mut world, false);
    assert_eq!(world.texts(1, 0), ["one", "three"]);
    assert_eq!(world.conversation(1, 0).unread, 2);
    let told = world.nodes[1].events.iter();
    let told = told
        .filter(|event| matches!(event, Event::Message { .. }))
        .count();
    assert_eq!(told, 2);
    assert_eq!(world.conversation(0, 1).queued, 0);
}

#[test]
fn what_a_file_or_a_link_may_hold_is_not_said_to_be_never_sent() {
    let mut world = pair(4);
    let live = world.send(0, 1, "over a link");
    world.delivered(0, 1);
    apart(&mut world, true);
    let sealed = world.send(0, 1, "in a file");
    let contact = world.id(1);
    let parcel = world.carry_out(0, &contact).unwrap();
    world.restart(0);
    for message in [&live, &sealed] {
        assert_eq!(
            delete(&mut world, 0, message, true),
            Ok(Deletion::Everywhere)
        );
        assert_eq!(
            delete(&mut world, 0, message, true),
            Ok(Deletion::Everywhere)
        );
    }
    assert!(!holds(&world, 0, "over a link") && !holds(&world, 0, "in a file"));
    // The file arrives before the deletion does: what is in it stays where it is until then.
    world.carry_in(1, &parcel).unwrap();
    assert_eq!(world.texts(1, 0), ["over a link", "in a file"]);
    apart(&mut world, false);
    for (node, with) in [(0, 1), (1, 0)] {
        let messages = world.messages(node, with);
        assert!(
            messages
                .iter()
                .all(|one| one.text.is_none() && one.deleted.is_some())
        );
        assert_eq!(messages.len(), 2);
        assert!(!holds(&world, node, "over a link") && !holds(&world, node, "in a file"));
    }
}

#[test]
fn what_was_sealed_in_vain_and_deleted_is_a_line_for_its_author_alone() {
    let mut world = pair(6);
    apart(&mut world, true);
    let message = world.send(0, 1, "in a drawer");
    let to = world.id(1);
    let stick = world.carry_out(0, &to).expect("it waits");
    let deletion = delete(&mut world, 0, &message, true);
    assert_eq!(deletion, Ok(Deletion::Everywhere), "the stick has it");
    apart(&mut world, false);
    world.delivered(0, 1);
    for taken_in in [false, true] {
        if taken_in {
            world.carry_in(1, &stick).expect("it is sound");
        }
        let ours = world.messages(0, 1);
        let deleted = ours[0].deleted.as_ref().expect("a line says so");
        assert!(matches!(
            deleted.removals[0].state,
            RemovalState::Removed { .. }
        ));
        assert!(world.messages(1, 0).is_empty(), "taken in: {taken_in}");
        assert!(!holds(&world, 1, "in a drawer"));
    }
}

#[test]
fn a_deletion_says_who_has_removed_it_and_since_when() {
    let mut world = pair(5);
    let message = world.send(0, 1, "a mistake");
    world.send(0, 1, "another");
    world.delivered(0, 1);
    react(&mut world, 1, &message, "👍");
    world.run(5_000);
    apart(&mut world, true);
    delete(&mut world, 0, &message, true).unwrap();
    let shown = world.messages(0, 1).remove(0);
    assert_eq!(
        (shown.text.clone(), states(&shown)),
        (None, vec![RemovalState::Waiting])
    );
    assert!(shown.reactions.is_empty());
    assert_eq!(world.texts(1, 0), ["a mistake", "another"]);
    world.restart(0);
    let before = world.conversation(0, 1).active_ms;
    world.nodes[0].events.clear();
    world.nodes[1].events.clear();
    apart(&mut world, false);
    let shown = world.messages(0, 1).remove(0);
    assert!(
        matches!(states(&shown)[..], [RemovalState::Removed { at_ms }] if before < at_ms),
        "{shown:?}"
    );
    for node in [0, 1] {
        let changed =
            |event: &Event| matches!(event, Event::MessageChanged { id, .. } if *id == message);
        assert!(world.nodes[node].events.iter().any(changed), "{node}");
        assert!(!holds(&world, node, "a mistake") && !holds(&world, node, "👍"));
    }
    let theirs = world.messages(1, 0).remove(0);
    assert!(theirs.text.is_none() && theirs.reactions.is_empty());
    assert!(theirs.deleted.expect("a line stays").removals.is_empty());
    assert_eq!(world.conversation(1, 0).messages, 2);
    // Neither side brings it back.
    world.restart(1);
    world.connected(0, 1);
    world.run(10_000);
    assert_eq!(world.texts(1, 0), ["", "another"]);
    // The line can go too, here alone.
    assert_eq!(delete(&mut world, 1, &message, false), Ok(Deletion::Here));
    assert_eq!(world.texts(1, 0), ["another"]);
    assert_eq!(world.texts(0, 1), ["", "another"]);
}

#[test]
fn a_deleted_text_is_never_shown_nor_told_in_whatever_order_it_comes() {
    // In one log: the deletion before its target, beside it, behind it; and what is said of it later still.
    let orders: &[&[usize]] = &[
        &[0, 1, 2],
        &[1, 0, 2],
        &[1, 2, 0],
        &[2, 1, 0],
        &[2, 0, 1],
        &[0, 2, 1],
    ];
    for (seed, order) in orders.iter().enumerate() {
        for at_once in [true, false] {
            let mut world = pair(100 + seed as u64);
            let ada = Forger::new(&mut world, 0);
            world.delivered(0, 1);
            apart(&mut world, true);
            world.nodes[1].events.clear();
            let text = 1 + order.iter().position(|what| *what == 0).unwrap() as u64;
            let target = ada.entry(text);
            let entries = order.iter().map(|what| match what {
                0 => (What::TEXT, "never to be seen"),
                1 => (says(DELETION, target), ""),
                _ => (says(REACTION, target), "👍"),
            });
            let entries: Vec<_> = entries.collect();
            let is_told = match at_once {
                true => {
                    ada.write(&mut world, &entries);
                    apart(&mut world, false);
                    false
                }
                false => {
                    for entry in &entries {
                        ada.write(&mut world, std::slice::from_ref(entry));
                        apart(&mut world, false);
                        apart(&mut world, true);
                    }
                    order.iter().position(|what| *what == 0)
                        < order.iter().position(|what| *what == 1)
                }
            };
            let shown = world.messages(1, 0);
            assert!(!holds(&world, 1, "never to be seen"), "{order:?}");
            assert!(!holds(&world, 1, "👍"), "{order:?}");
            let line = shown.iter().find(|one| one.id == message_id(target));
            assert_eq!(
                line.is_some(),
                is_told,
                "{order:?}: a line only where a message stood"
            );
            assert!(line.is_none_or(|line| line.deleted.is_some() && line.text.is_none()));
            let told = |event: &Event| matches!(event, Event::Message { .. });
            let told = world.nodes[1].events.iter().any(told);
            assert_eq!(told, is_told, "{order:?}");
        }
    }
}

#[test]
fn a_contact_cannot_delete_what_is_not_theirs() {
    let mut world = pair(6);
    let ours = world.send(1, 0, "Grace wrote this");
    world.delivered(0, 1);
    assert_eq!(delete(&mut world, 0, &ours, true), Err(Refusal::NotYours));
    let ada = Forger::new(&mut world, 0);
    world.delivered(0, 1);
    let target = parse_message_id(&ours).unwrap();
    ada.write(&mut world, &[(says(DELETION, target), "")]);
    world.connected(0, 1);
    world.run(10_000);
    for (node, with) in [(0, 1), (1, 0)] {
        let message = world.messages(node, with).remove(0);
        assert_eq!(message.text, Some(Private("Grace wrote this".to_owned())));
        assert!(message.deleted.is_none());
    }
}

#[test]
fn deletions_of_annotations_and_of_nothing_change_nothing() {
    let mut world = pair(7);
    let ada = Forger::new(&mut world, 0);
    let first = world.messages(0, 1).remove(0).id;
    world.delivered(0, 1);
    let text = parse_message_id(&first).unwrap();
    let nowhere = EntryId {
        seq: Seq(u64::MAX >> 1),
        ..text
    };
    ada.write(
        &mut world,
        &[
            (says(REACTION, text), "👍"),
            (says(DELETION, ada.entry(1)), ""),
            (says(DELETION, ada.entry(3)), ""),
            (says(DELETION, nowhere), "with a body"),
        ],
    );
    world.connected(0, 1);
    world.run(10_000);
    for (node, with) in [(0, 1), (1, 0)] {
        let message = world.messages(node, with).remove(0);
        assert_eq!(message.reactions.len(), 1);
        assert!(message.text.is_some() && message.deleted.is_none());
    }
}

#[test]
fn ten_thousand_deletions_leave_the_rest_as_it_is() {
    let mut world = pair(8);
    let ours: Vec<MessageId> = (0..20)
        .map(|n| world.send(1, 0, &format!("ours {n}")))
        .collect();
    let ada = Forger::new(&mut world, 0);
    world.delivered(0, 1);
    let targets: Vec<EntryId> = ours
        .iter()
        .map(|id| parse_message_id(id).unwrap())
        .collect();
    let kept = world.send(0, 1, "kept");
    world.delivered(0, 1);
    let mut entries: Vec<(What, &str)> = vec![(What::TEXT, "taken back")];
    for number in 0..10_000u64 {
        let target = match number % 4 {
            0 => targets[number as usize % targets.len()],
            1 => ada.entry(1),
            2 => ada.entry(number),
            _ => EntryId {
                seq: Seq(1_000_000 + number),
                ..targets[0]
            },
        };
        entries.push((says(DELETION, target), ""));
    }
    ada.write(&mut world, &entries);
    world.connected(0, 1);
    world.delivered(0, 1);
    let texts = world.texts(1, 0);
    assert_eq!(
        texts.iter().filter(|text| text.starts_with("ours")).count(),
        20
    );
    assert!(texts.contains(&"kept".to_owned()) && !holds(&world, 1, "taken back"));
    let message = world.messages(1, 0).into_iter().find(|one| one.id == kept);
    assert!(message.is_some_and(|message| message.deleted.is_none()));
}

#[test]
fn a_deletion_that_is_cut_off_happens_whole_or_not_at_all() {
    for for_all in [false, true] {
        for after in 0..3 {
            let mut world = pair(9);
            let message = world.send(0, 1, "a mistake");
            world.delivered(0, 1);
            react(&mut world, 1, &message, "👍");
            world.run(5_000);
            apart(&mut world, true);
            let chat = world.chat(0, 1);
            world.nodes[0].storage.fail_after = Some(after);
            world.nodes[0].call(Call::Delete(chat, message.clone(), for_all));
            world.run(1_000);
            world.restart(0);
            world.nodes[0].storage.fail_after = None;
            world.restart(0);
            let shown = world.messages(0, 1);
            let is_there = shown.first().is_some_and(|one| one.text.is_some());
            assert_eq!(holds(&world, 0, "a mistake"), is_there);
            assert_eq!(holds(&world, 0, "👍"), is_there);
            apart(&mut world, false);
            let theirs = world.messages(1, 0);
            assert_eq!(theirs[0].text.is_some(), is_there || !for_all);
        }
    }
}

#[test]
fn neighbours_of_deleted_messages_survive_a_store_that_is_lost() {
    let mut world = pair(10);
    let empty = world.nodes[0].storage.store.clone();
    let messages: Vec<MessageId> = (0..30)
        .map(|n| world.send(0, 1, &format!("text {n}.")))
        .collect();
    world.delivered(0, 1);
    delete(&mut world, 0, &messages[10], true).unwrap();
    delete(&mut world, 1, &messages[20], false).unwrap();
    world.run(10_000);
    world.roll_back(0, empty);
    world.connected(0, 1);
    world.run(60_000);
    // What was deleted for everybody comes back with its deletion, and shows nowhere.
    let expected = (0..30).filter(|number| *number != 10);
    let expected = expected.map(|number| match number {
        20 => String::new(),
        number => format!("text {number}."),
    });
    assert_eq!(world.texts(0, 1), expected.collect::<Vec<_>>());
}
