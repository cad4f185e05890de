//! What people say of messages: an emoji each, and pins; before and after the message, near and far.

use hedgerow_node::api::{Call, Event, Message, MessageId, Private, Refusal, Reply};
use hedgerow_node::harness::World;

fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    world
}

fn react(world: &mut World, who: usize, of: &MessageId, emoji: &str) -> Result<Reply, Refusal> {
    let with = world.chat(who, 1 - who);
    world.ask(
        who,
        Call::React(with, of.clone(), Private(emoji.to_owned())),
    )
}

fn pin(world: &mut World, who: usize, of: &MessageId, pinned: bool) {
    let with = world.chat(who, 1 - who);
    let answer = world.ask(who, Call::Pin(with, of.clone(), pinned));
    assert_eq!(answer, Ok(Reply::Done));
}

/// The newest message: each emoji on it with whether it is one's own, and whether it is pinned.
fn said(world: &mut World, node: usize) -> (Vec<(bool, String)>, bool) {
    let message: Message = world.messages(node, 1 - node).pop().expect("a message");
    let reactions = message.reactions.iter();
    let reactions = reactions.map(|one| (one.author.is_none(), one.emoji.0.clone()));
    (reactions.collect(), message.pinned)
}

#[test]
fn each_person_has_one_emoji_on_a_message_and_the_other_sees_it() {
    let mut world = pair(1);
    let message = world.send(0, 1, "the hall is open");
    world.delivered(0, 1);
    react(&mut world, 1, &message, "👍").unwrap();
    react(&mut world, 0, &message, "❤️").unwrap();
    react(&mut world, 1, &message, "👨‍👩‍👧").unwrap();
    world.run(5_000);
    let (mut ada, mut grace) = (said(&mut world, 0).0, said(&mut world, 1).0);
    ada.sort();
    grace.sort();
    assert_eq!(ada, [(false, "👨‍👩‍👧".to_owned()), (true, "❤️".to_owned())]);
    assert_eq!(grace, [(false, "❤️".to_owned()), (true, "👨‍👩‍👧".to_owned())]);
}

#[test]
fn an_emoji_is_taken_back_on_both_sides() {
    let mut world = pair(2);
    let message = world.send(0, 1, "the hall is open");
    world.delivered(0, 1);
    react(&mut world, 1, &message, "👍").unwrap();
    world.run(5_000);
    assert_eq!(said(&mut world, 0).0.len(), 1);
    react(&mut world, 1, &message, "").unwrap();
    world.run(5_000);
    assert_eq!(said(&mut world, 0).0, []);
    assert_eq!(said(&mut world, 1).0, []);
}

#[test]
fn an_emoji_is_no_message_is_not_unread_and_moves_no_list() {
    let mut world = pair(3);
    let message = world.send(0, 1, "the hall is open");
    world.delivered(0, 1);
    let before = world.conversation(0, 1);
    world.nodes[0].events.clear();
    react(&mut world, 1, &message, "👍").unwrap();
    world.run(5_000);
    let after = world.conversation(0, 1);
    assert_eq!(
        (after.messages, after.unread),
        (before.messages, before.unread)
    );
    let events = &world.nodes[0].events;
    let told = |event: &Event| matches!(event, Event::Message { .. } | Event::Messages { .. });
    assert!(!events.iter().any(told), "{events:?}");
    let changed =
        |event: &Event| matches!(event, Event::MessageChanged { id, .. } if *id == message);
    assert_eq!(events.iter().filter(|event| changed(event)).count(), 1);
}

#[test]
fn emoji_given_while_both_are_apart_meet_on_both_sides() {
    let mut world = pair(4);
    let message = world.send(0, 1, "the hall is open");
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    world.run(120_000);
    react(&mut world, 0, &message, "🎉").unwrap();
    react(&mut world, 1, &message, "👍").unwrap();
    pin(&mut world, 1, &message, true);
    assert_eq!(said(&mut world, 0).0.len(), 1);
    world.network.part(0, 1, false);
    world.run(1_200_000);
    for node in [0, 1] {
        let (reactions, pinned) = said(&mut world, node);
        assert_eq!((reactions.len(), pinned), (2, true));
    }
}

#[test]
fn an_emoji_on_a_message_that_is_still_under_way_comes_with_it() {
    let mut world = pair(5);
    world.network.part(0, 1, true);
    let message = world.send(0, 1, "the hall is open");
    react(&mut world, 0, &message, "⏰").unwrap();
    world.network.part(0, 1, false);
    world.run(1_200_000);
    assert_eq!(said(&mut world, 1).0, [(false, "⏰".to_owned())]);
    assert_eq!(world.conversation(0, 1).queued, 0);
}

#[test]
fn the_last_who_pinned_or_took_down_decides() {
    let mut world = pair(6);
    let message = world.send(0, 1, "the hall is open");
    world.delivered(0, 1);
    pin(&mut world, 0, &message, true);
    world.run(5_000);
    assert!(said(&mut world, 0).1 && said(&mut world, 1).1);
    pin(&mut world, 1, &message, false);
    world.run(5_000);
    assert!(!said(&mut world, 0).1 && !said(&mut world, 1).1);
}

#[test]
fn what_is_said_already_is_not_said_again() {
    let mut world = pair(7);
    let message = world.send(0, 1, "the hall is open");
    world.delivered(0, 1);
    react(&mut world, 1, &message, "👍").unwrap();
    world.run(5_000);
    let commits = world.nodes[1].storage.commits;
    react(&mut world, 1, &message, "👍").unwrap();
    world.run(5_000);
    assert_eq!(world.nodes[1].storage.commits, commits);
}

#[test]
fn what_is_not_one_emoji_is_refused() {
    let mut world = pair(8);
    let message = world.send(0, 1, "the hall is open");
    for text in [
        "a",
        "7",
        "👍👍",
        "👍 ",
        "ok 👍",
        "\u{202e}",
        "\u{200d}",
        &"👍\u{fe0f}".repeat(9),
    ] {
        assert_eq!(
            react(&mut world, 0, &message, text),
            Err(Refusal::NotAnEmoji),
            "{text:?}"
        );
    }
    for emoji in ["👍🏽", "7️⃣", "🇱🇻", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "❤️"] {
        assert_eq!(
            react(&mut world, 0, &message, emoji),
            Ok(Reply::Done),
            "{emoji:?}"
        );
    }
    let nothing = MessageId(message.0.replace("-1", "-ff"));
    assert_eq!(
        react(&mut world, 0, &nothing, "👍"),
        Err(Refusal::NoSuchMessage)
    );
}
