//! Conversations as nouns of their own: a direct chat for each contact, its members, authors and how far messages
//! come, and what a newer version has written there.

use bytes::Bytes;
use hedgerow_node::api::{
    Call, Conversation, ConversationId, ConversationKind, DeliveryState, Draft, Event, NewMessage,
    Private, Refusal, Reply, Why,
};
use hedgerow_node::engine::conversation::parse_message_id;
use hedgerow_node::harness::World;
use hedgerow_sync::entry::{Body, RowKind, What};
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::space;
use hedgerow_sync::store::Store;

fn people(seed: u64, names: &[&str]) -> World {
    let mut world = World::with(seed, names);
    for other in 1..names.len() {
        world.meet(0, other);
    }
    world
}

fn conversations(world: &mut World, node: usize) -> Vec<Conversation> {
    match world.ask(node, Call::Conversations) {
        Ok(Reply::Conversations(all)) => all,
        other => panic!("no conversations: {other:?}"),
    }
}

#[test]
fn each_contact_has_one_direct_chat_that_goes_with_it() {
    let mut world = people(1, &["Ada", "Grace", "Ben"]);
    let all = conversations(&mut world, 0);
    assert_eq!(all.len(), 2);
    for other in [1, 2] {
        let contact = world.contact(0, other);
        let chat = world.conversation(0, other);
        assert!(all.contains(&chat));
        assert_eq!(chat.kind, ConversationKind::Direct);
        assert_eq!(
            (&chat.name, &chat.members),
            (&contact.name, &vec![contact.id])
        );
    }
    let (grace, chat) = (world.id(1), world.chat(0, 1));
    world.ask(0, Call::Remove(grace)).expect("a contact");
    let left = conversations(&mut world, 0);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, world.chat(0, 2));
    assert_eq!(
        world.ask(0, Call::Conversation(chat.clone())),
        Err(Refusal::NoSuchConversation)
    );
    let text = NewMessage::text("hello?");
    assert_eq!(
        world.ask(0, Call::Send(chat, text)),
        Err(Refusal::NoSuchConversation)
    );
}

#[test]
fn both_sides_of_a_direct_chat_are_listed_after_a_restart_as_before() {
    let mut world = people(2, &["Ada", "Grace"]);
    world.send(0, 1, "hello");
    world.delivered(0, 1);
    let before = world.conversation(0, 1);
    world.restart(0);
    world.connected(0, 1);
    assert_eq!(conversations(&mut world, 0), [before]);
}

#[test]
fn a_person_is_no_conversation_and_what_is_none_has_no_messages() {
    let mut world = people(3, &["Ada", "Grace"]);
    let message = world.send(0, 1, "hello");
    for nowhere in [world.id(1).0, world.id(0).0, "00".repeat(16), "x".into()] {
        let nowhere = ConversationId(nowhere);
        let calls = [
            Call::Conversation(nowhere.clone()),
            Call::Send(nowhere.clone(), NewMessage::text("x")),
            Call::SendDraft(nowhere.clone(), Draft::text("x")),
            Call::SetDraft(nowhere.clone(), Draft::text("x")),
            Call::Read(nowhere.clone(), message.clone()),
            Call::React(nowhere.clone(), message.clone(), Private("👍".into())),
            Call::Pin(nowhere, message.clone(), true),
        ];
        for call in calls {
            assert_eq!(world.ask(0, call), Err(Refusal::NoSuchConversation));
        }
    }
}

#[test]
fn a_message_names_its_author_and_each_device_that_it_goes_to() {
    let mut world = people(4, &["Ada", "Grace"]);
    world.network.part(0, 1, true);
    world.send(0, 1, "hello");
    world.run(60_000);
    let grace = world.id(1);
    let message = world.messages(0, 1).remove(0);
    assert!(message.author.is_none() && !message.is_delivered());
    let [delivery] = &message.deliveries[..] else {
        panic!("Grace has one device");
    };
    assert_eq!(delivery.contact, grace);
    assert_eq!(delivery.state, DeliveryState::Queued { why: None });
    let chat = world.conversation(0, 1);
    assert!(matches!(
        chat.recipients[0].why(),
        Some(Why::NotFound | Why::Connecting)
    ));
    assert_eq!(chat.recipients[0].device, delivery.device);

    world.network.part(0, 1, false);
    world.delivered(0, 1);
    let message = world.messages(0, 1).remove(0);
    assert!(message.is_delivered() && message.why().is_none());
    let theirs = world.messages(1, 0).remove(0);
    assert_eq!(theirs.author, Some(world.id(0)));
    assert!(theirs.deliveries.is_empty());
}

#[test]
fn an_event_about_a_message_names_conversation_and_author_or_device() {
    let mut world = people(5, &["Ada", "Grace"]);
    let id = world.send(1, 0, "hello");
    world.delivered(0, 1);
    let (conversation, grace) = (world.chat(0, 1), world.id(1));
    let came = Event::Message {
        conversation: conversation.clone(),
        id: id.clone(),
        author: Some(grace),
    };
    assert!(world.nodes[0].events.contains(&came));
    world
        .ask(0, Call::Read(conversation.clone(), id.clone()))
        .expect("it is there");
    let read = Event::Conversation { conversation };
    assert!(world.nodes[0].events.contains(&read));
    let delivery = world.messages(1, 0).remove(0).deliveries.remove(0);
    let delivered = Event::Delivered {
        conversation: world.chat(1, 0),
        contact: world.id(0),
        device: delivery.device,
        id,
        queued: 0,
    };
    assert!(world.nodes[1].events.contains(&delivered));
}

#[test]
fn a_sent_draft_goes_in_the_transaction_that_brings_its_message() {
    let mut world = people(7, &["Ada", "Grace"]);
    world.network.part(0, 1, true);
    world.run(60_000);
    let chat = world.chat(0, 1);
    let text = Draft::text("soon");
    let draft = |world: &mut World| world.conversation(0, 1).draft;
    let set = Call::SetDraft(chat.clone(), text.clone());
    world.ask(0, set).expect("it is kept");
    // A number of commits reach the disk; then the process dies, and starts again.
    for (commits, is_sent) in [(0, false), (1, true)] {
        world.nodes[0].storage.fail_after = Some(commits);
        world.nodes[0].call(Call::SendDraft(chat.clone(), text.clone()));
        world.run(1_000);
        world.nodes[0].storage.fail_after = None;
        world.restart(0);
        world.run(1_000);
        assert_eq!(world.texts(0, 1).len(), usize::from(is_sent));
        assert_eq!(draft(&mut world), (!is_sent).then(|| text.clone()));
    }
}

#[test]
fn a_row_of_a_newer_version_is_counted_passed_on_and_shows_no_text() {
    let mut world = people(6, &["Ada", "Grace"]);
    let id = world.send(0, 1, "hello");
    world.delivered(0, 1);
    let log = parse_message_id(&id).expect("an id of ours").log;
    let mut store = world.nodes[0].storage.store.clone();
    let later = What::Row(RowKind(63));
    store
        .write(|txn| {
            let spaces: Vec<SpaceId> = space::list(txn)?.into_iter().map(|(id, _)| id).collect();
            let body = Body::Bytes(Bytes::from_static(b"of a later version"));
            let written = space::append(txn, spaces[0], log, 1_790_000_100_000, later, body);
            written.expect("there is room");
            Ok(())
        })
        .expect("memory does not fail");
    world.roll_back(0, store);
    world.connected(0, 1);
    world.send(0, 1, "and on we go");
    world.delivered(0, 1);
    for (node, other) in [(0, 1), (1, 0)] {
        let page = world.messages(node, other);
        assert_eq!(page.len(), 3);
        let texts: Vec<bool> = page.iter().map(|one| one.text.is_some()).collect();
        assert_eq!(texts, [true, false, true]);
        assert_eq!(world.conversation(node, other).messages, 3);
    }
    assert_eq!(world.conversation(1, 0).unread, 3);
    // It can be spoken of as any row.
    let unknown = world.messages(1, 0).remove(1).id;
    let chat = world.chat(1, 0);
    let thumb = Private("👍".into());
    world
        .ask(1, Call::React(chat, unknown, thumb))
        .expect("it is a message");
    world.run(5_000);
    assert_eq!(world.messages(0, 1)[1].reactions.len(), 1);
}
