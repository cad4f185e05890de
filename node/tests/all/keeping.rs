//! What the user makes of conversations and messages on this device: muted, archived, marked as unread, starred.

use hedgerow_node::api::{
    Call, Conversation, ConversationId, Draft, Event, MessageId, Muted, Refusal, Reply, StarredPage,
};
use hedgerow_node::engine::starred;
use hedgerow_node::harness::{EPOCH_MS, World};
use hedgerow_sync::store::Store;

fn people(seed: u64, names: &[&str]) -> World {
    let mut world = World::with(seed, names);
    for other in 1..names.len() {
        world.meet(0, other);
    }
    world
}

fn arrange(world: &mut World, call: Call) -> Conversation {
    match world.ask(0, call) {
        Ok(Reply::Conversation(chat)) => chat,
        other => panic!("no conversation: {other:?}"),
    }
}

fn mute(world: &mut World, muted: Option<Muted>) -> Conversation {
    let chat = world.chat(0, 1);
    arrange(world, Call::Mute(chat, muted))
}

fn archive(world: &mut World, archived: bool) -> Conversation {
    let chat = world.chat(0, 1);
    arrange(world, Call::Archive(chat, archived))
}

/// The wall clock of the world.
fn wall_ms(world: &World) -> i64 {
    EPOCH_MS + world.now_ms as i64
}

fn star(world: &mut World, with: usize, message: &MessageId, starred: bool) {
    let chat = world.chat(0, with);
    let done = world.ask(0, Call::Star(chat, message.clone(), starred));
    assert_eq!(done, Ok(Reply::Done));
}

fn stars(world: &World, before: Option<u64>, limit: u32) -> StarredPage {
    let store = &world.nodes[0].storage.store;
    let page = store.read(|reader| Ok(starred::page(reader, before, limit)));
    page.expect("memory does not fail").expect("it is whole")
}

fn texts(page: &StarredPage) -> Vec<&str> {
    let texts = page.messages.iter();
    let texts = texts.filter_map(|one| one.message.text.as_ref());
    texts.map(|text| text.0.as_str()).collect()
}

#[test]
fn a_mute_is_kept_over_a_restart_and_ends_by_itself() {
    let mut world = people(1, &["Ada", "Grace"]);
    let end = wall_ms(&world) + 3_600_000;
    let muted = Some(Muted::UntilMs(end));
    assert_eq!(mute(&mut world, muted).muted, muted);
    world.restart(0);
    assert_eq!(world.conversation(0, 1).muted, muted);
    world.run(3_600_000);
    assert_eq!(world.conversation(0, 1).muted, None);
    assert_eq!(
        mute(&mut world, Some(Muted::Forever)).muted,
        Some(Muted::Forever)
    );
    assert_eq!(mute(&mut world, None).muted, None);
}

#[test]
fn an_archived_conversation_comes_back_when_somebody_else_writes_there() {
    let mut world = people(2, &["Ada", "Grace"]);
    assert!(archive(&mut world, true).archived);
    world.send(0, 1, "for the record");
    world.delivered(0, 1);
    assert!(world.conversation(0, 1).archived, "ours leaves it there");
    world.nodes[0].events.clear();
    world.send(1, 0, "hello?");
    world.delivered(0, 1);
    assert!(!world.conversation(0, 1).archived);
    let conversation = world.chat(0, 1);
    let told = Event::Conversation { conversation };
    assert!(world.nodes[0].events.contains(&told));
}

#[test]
fn an_archived_conversation_that_is_muted_stays_archived() {
    let mut world = people(3, &["Ada", "Grace"]);
    archive(&mut world, true);
    mute(&mut world, Some(Muted::Forever));
    world.send(1, 0, "hello?");
    world.delivered(0, 1);
    assert!(world.conversation(0, 1).archived);
    mute(&mut world, None);
    assert!(world.conversation(0, 1).archived, "what came then is past");
    world.send(1, 0, "are you there?");
    world.delivered(0, 1);
    assert!(!world.conversation(0, 1).archived);
}

#[test]
fn a_draft_that_changes_is_told_to_all_surfaces_and_one_that_stays_is_not() {
    let mut world = people(5, &["Ada", "Grace"]);
    let conversation = world.chat(0, 1);
    let told = Event::Conversation {
        conversation: conversation.clone(),
    };
    let mut is_told = |text: &str| {
        world.nodes[0].events.clear();
        let draft = Draft::text(text);
        let kept = world.ask(0, Call::SetDraft(conversation.clone(), draft));
        assert_eq!(kept, Ok(Reply::Done));
        world.nodes[0].events.contains(&told)
    };
    assert!(!is_told(""), "there was none");
    assert!(is_told("half a sent"));
    assert!(!is_told("half a sent"));
    assert!(is_told("half a sentence"));
    assert!(is_told(""));
}

#[test]
fn a_mark_as_unread_stays_until_one_reads_there() {
    let mut world = people(4, &["Ada", "Grace"]);
    let id = world.send(1, 0, "hello");
    world.delivered(0, 1);
    let chat = world.chat(0, 1);
    let read = |world: &mut World| world.ask(0, Call::Read(chat.clone(), id.clone()));
    read(&mut world).expect("it is there");
    assert!(arrange(&mut world, Call::MarkUnread(chat.clone(), true)).marked_unread);
    world.restart(0);
    let marked = world.conversation(0, 1);
    assert_eq!((marked.marked_unread, marked.unread), (true, 0));
    read(&mut world).expect("it is there");
    assert!(!world.conversation(0, 1).marked_unread);
    assert!(arrange(&mut world, Call::MarkUnread(chat.clone(), true)).marked_unread);
    assert!(!arrange(&mut world, Call::MarkUnread(chat, false)).marked_unread);
}

#[test]
fn starred_messages_of_all_conversations_are_listed_those_starred_last_first() {
    let mut world = people(5, &["Ada", "Grace", "Ben"]);
    let from_grace: Vec<MessageId> = ["one", "two", "three"]
        .map(|text| world.send(1, 0, text))
        .into();
    let to_ben = world.send(0, 2, "four");
    world.delivered(0, 1);
    world.delivered(0, 2);
    for message in [&from_grace[1], &from_grace[0]] {
        star(&mut world, 1, message, true);
    }
    star(&mut world, 2, &to_ben, true);
    star(&mut world, 1, &from_grace[2], true);
    star(&mut world, 1, &from_grace[2], true);
    assert_eq!(
        texts(&stars(&world, None, 10)),
        ["three", "four", "one", "two"]
    );
    assert!(world.messages(0, 1).iter().all(|message| message.starred));
    assert!(world.messages(1, 0).iter().all(|message| !message.starred));

    let first = stars(&world, None, 3);
    assert_eq!(texts(&first), ["three", "four", "one"]);
    let ben = world.chat(0, 2);
    assert_eq!(first.messages[1].conversation, ben);
    let second = stars(&world, first.older, 3);
    assert_eq!((texts(&second), second.older), (vec!["two"], None));

    star(&mut world, 1, &from_grace[0], false);
    world.restart(0);
    assert_eq!(texts(&stars(&world, None, 10)), ["three", "four", "two"]);
    let shown: Vec<bool> = world.messages(0, 1).iter().map(|one| one.starred).collect();
    assert_eq!(shown, [false, true, true]);
}

#[test]
fn stars_go_with_their_conversation() {
    let mut world = people(6, &["Ada", "Grace", "Ben"]);
    let hers = world.send(1, 0, "hers");
    let his = world.send(2, 0, "his");
    world.delivered(0, 1);
    world.delivered(0, 2);
    star(&mut world, 1, &hers, true);
    star(&mut world, 2, &his, true);
    let grace = world.id(1);
    world.ask(0, Call::Remove(grace)).expect("a contact");
    assert_eq!(texts(&stars(&world, None, 10)), ["his"]);
}

#[test]
fn what_is_no_message_cannot_be_starred_and_what_is_no_conversation_not_arranged() {
    let mut world = people(7, &["Ada", "Grace"]);
    let message = world.send(0, 1, "hello");
    world.delivered(0, 1);
    let chat = world.chat(0, 1);
    let nothing = MessageId(message.0.replace("-1", "-ff"));
    for nothing in [nothing, MessageId("x".into())] {
        let star = Call::Star(chat.clone(), nothing, true);
        assert_eq!(world.ask(0, star), Err(Refusal::NoSuchMessage));
    }
    let nowhere = ConversationId("00".repeat(16));
    for call in [
        Call::Star(nowhere.clone(), message, true),
        Call::Mute(nowhere.clone(), None),
        Call::Archive(nowhere.clone(), true),
        Call::MarkUnread(nowhere, true),
    ] {
        assert_eq!(world.ask(0, call), Err(Refusal::NoSuchConversation));
    }
}

#[test]
fn nobody_is_told_what_one_makes_of_a_conversation() {
    let mut world = people(8, &["Ada", "Grace"]);
    let message = world.send(1, 0, "hello");
    world.delivered(0, 1);
    world.run(60_000);
    let commits = world.nodes[1].storage.commits;
    star(&mut world, 1, &message, true);
    mute(&mut world, Some(Muted::Forever));
    archive(&mut world, true);
    let chat = world.chat(0, 1);
    arrange(&mut world, Call::MarkUnread(chat, true));
    world.run(60_000);
    assert_eq!(world.nodes[1].storage.commits, commits);
}

#[test]
fn a_deleted_message_leaves_the_stars() {
    let mut world = people(9, &["Ada", "Grace"]);
    let kept = world.send(0, 1, "kept");
    let ours = world.send(0, 1, "ours");
    let theirs = world.send(1, 0, "theirs");
    let hers = world.send(1, 0, "hers");
    world.delivered(0, 1);
    for message in [&kept, &ours, &theirs, &hers] {
        star(&mut world, 1, message, true);
    }
    let (ada, grace) = (world.chat(0, 1), world.chat(1, 0));
    for (message, for_all) in [(ours, true), (theirs, false)] {
        let delete = Call::Delete(ada.clone(), message, for_all);
        world.ask(0, delete).expect("it is there");
    }
    world
        .ask(1, Call::Delete(grace, hers, true))
        .expect("it is hers");
    world.run(10_000);
    assert_eq!(texts(&stars(&world, None, 10)), ["kept"]);
}
