//! Notes to oneself, and what is left of a chat whose contact was removed: conversations without members.

use hedgerow_node::api::{
    Call, Conversation, ConversationKind, DeliveryState, Event, MessageId, NewMessage, Page,
    PageFrom, Private, Refusal, Reply,
};
use hedgerow_node::engine::conversation;
use hedgerow_node::harness::World;
use hedgerow_sync::store::Store;

fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    world
}

fn shown(world: &mut World, call: Call) -> Conversation {
    match world.ask(0, call) {
        Ok(Reply::Conversation(chat)) => chat,
        other => panic!("no conversation: {other:?}"),
    }
}

fn all(world: &mut World) -> Vec<Conversation> {
    match world.ask(0, Call::Conversations) {
        Ok(Reply::Conversations(all)) => all,
        other => panic!("no conversations: {other:?}"),
    }
}

fn write(world: &mut World, chat: &Conversation, text: &str) -> MessageId {
    match world.ask(0, Call::Send(chat.id.clone(), NewMessage::text(text))) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("it is not sent: {other:?}"),
    }
}

fn page(world: &World, chat: &Conversation) -> Page {
    let store = &world.nodes[0].storage.store;
    let page =
        store.read(|reader| Ok(conversation::page(reader, &chat.id, &PageFrom::Oldest, 100)));
    page.expect("memory does not fail").expect("it is there")
}

fn texts(page: &Page) -> Vec<&str> {
    let texts = page.messages.iter().filter_map(|one| one.text.as_ref());
    texts.map(|text| text.0.as_str()).collect()
}

#[test]
fn notes_are_one_conversation_without_members_that_the_first_call_begins() {
    let mut world = pair(1);
    assert_eq!(all(&mut world).len(), 1);
    let notes = shown(&mut world, Call::Notes);
    assert_eq!(notes.kind, ConversationKind::Notes);
    assert!(notes.members.is_empty() && notes.name.0.is_empty());
    assert_eq!(shown(&mut world, Call::Notes), notes);
    let note = write(&mut world, &notes, "buy bread");
    world.restart(0);
    let notes = shown(&mut world, Call::Notes);
    assert_eq!((notes.messages, notes.unread, notes.queued), (1, 0, 0));
    assert_eq!(all(&mut world).len(), 2);
    let page = page(&world, &notes);
    assert_eq!(texts(&page), ["buy bread"]);
    assert!(page.messages[0].is_mine() && page.messages[0].deliveries.is_empty());
    let thumb = Private("👍".into());
    let react = Call::React(notes.id.clone(), note, thumb);
    assert_eq!(world.ask(0, react), Ok(Reply::Done));
}

#[test]
fn notes_are_offered_to_nobody() {
    let mut world = pair(2);
    world.run(60_000);
    let before = world.nodes[1].storage.commits;
    let notes = shown(&mut world, Call::Notes);
    for number in 0..50 {
        write(&mut world, &notes, &format!("note {number}"));
    }
    world.run(60_000);
    assert_eq!(world.nodes[1].storage.commits, before);
    world.restart(0);
    world.connected(0, 1);
    world.run(60_000);
    let theirs = match world.ask(1, Call::Conversations) {
        Ok(Reply::Conversations(all)) => all,
        other => panic!("no conversations: {other:?}"),
    };
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].messages, 0);
}

#[test]
fn what_was_said_with_a_removed_contact_stays_to_be_read_and_nobody_can_write_there() {
    let mut world = pair(3);
    let first = world.send(0, 1, "hello");
    world.delivered(0, 1);
    world.send(1, 0, "hello Ada");
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    world.run(120_000);
    world.send(0, 1, "are you there?");
    let (grace, chat) = (world.id(1), world.chat(0, 1));
    world.nodes[0].events.clear();
    let former = shown(&mut world, Call::RemoveKeeping(grace.clone()));
    assert_eq!((&former.id, former.kind), (&chat, ConversationKind::Former));
    assert_eq!((former.name.0.as_str(), former.messages), ("Grace", 3));
    assert!(former.members.is_empty() && former.recipients.is_empty());
    assert!(world.contacts(0).is_empty());
    let told: Vec<&Event> = world.nodes[0].events.iter().collect();
    let removed = Event::Removed {
        contact: grace.clone(),
    };
    let changed = Event::Conversation {
        conversation: chat.clone(),
    };
    let place = |event: &Event| told.iter().position(|one| *one == event);
    assert!(place(&removed).expect("an event") < place(&changed).expect("an event"));

    world.restart(0);
    assert_eq!(all(&mut world), std::slice::from_ref(&former));
    let read = page(&world, &former);
    assert_eq!(texts(&read), ["hello", "hello Ada", "are you there?"]);
    assert_eq!(read.messages[1].author, Some(grace));
    let states: Vec<Vec<DeliveryState>> = read
        .messages
        .iter()
        .map(|one| one.deliveries.iter().map(|one| one.state).collect())
        .collect();
    assert_eq!(states, [vec![DeliveryState::Delivered], vec![], vec![]]);
    for call in [
        Call::Send(chat.clone(), NewMessage::text("x")),
        Call::React(chat.clone(), first.clone(), Private("👍".into())),
        Call::Pin(chat.clone(), first, true),
    ] {
        assert_eq!(world.ask(0, call), Err(Refusal::NoLongerContact));
    }

    // What she still writes, or sends back, changes nothing.
    world.send(1, 0, "still there?");
    world.network.part(0, 1, false);
    world.run(1_200_000);
    assert_eq!(all(&mut world), [former]);
}

#[test]
fn a_former_contact_who_is_met_again_begins_a_new_conversation() {
    let mut world = pair(4);
    world.send(0, 1, "hello");
    world.delivered(0, 1);
    let (grace, before) = (world.id(1), world.chat(0, 1));
    let former = shown(&mut world, Call::RemoveKeeping(grace));
    let ada = world.id(0);
    world.ask(1, Call::Remove(ada)).expect("a contact");
    world.run(10_000);
    world.meet(0, 1);
    let now = world.chat(0, 1);
    assert_ne!(now, before);
    world.send(1, 0, "again");
    world.delivered(0, 1);
    assert_eq!(world.texts(0, 1), ["again"]);
    assert_eq!(texts(&page(&world, &former)), ["hello"]);
    assert_eq!(all(&mut world).len(), 2);
}

#[test]
fn a_conversation_without_members_is_erased_on_request_and_no_other_is() {
    let mut world = pair(5);
    let notes = shown(&mut world, Call::Notes);
    write(&mut world, &notes, "a secret");
    let chat = world.chat(0, 1);
    assert_eq!(
        world.ask(0, Call::EraseConversation(chat)),
        Err(Refusal::HasMembers)
    );
    let grace = world.id(1);
    let former = shown(&mut world, Call::RemoveKeeping(grace));
    for gone in [notes.id, former.id] {
        let erase = Call::EraseConversation(gone.clone());
        assert_eq!(world.ask(0, erase.clone()), Ok(Reply::Done));
        assert_eq!(world.ask(0, erase), Err(Refusal::NoSuchConversation));
        let told = Event::ConversationErased { conversation: gone };
        assert!(world.nodes[0].events.contains(&told));
    }
    assert_eq!(all(&mut world), []);
    assert_eq!(shown(&mut world, Call::Notes).messages, 0);
}
