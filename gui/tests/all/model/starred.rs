//! Starred messages, and what others have read.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

fn says(hit: &Hit) -> String {
    hit.excerpt
        .iter()
        .map(|piece| piece.text.as_str())
        .collect()
}

#[test]
fn starred_messages_of_all_conversations_stand_on_a_page_and_lead_to_their_place() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    let key = stage.talk("a").add("the key is at the office", false, NOON);
    let soup = stage.talk("b").add("soup at six", false, NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    for (letter, id) in [("a", key), ("b", soup)] {
        stage.does(ChatsAction::OpenChat(chat_id(letter)));
        stage.does(ThreadAction::Star { id, starred: true });
        stage.later(1_000);
    }
    assert!(message(stage.thread(), "soup at six").starred);

    stage.does(StarredAction::Open);
    assert!(stage.app.context.place == Place::Main(Pane::Starred));
    let starred = &stage.app.pages.starred;
    let said: Vec<_> = starred.hits.iter().map(says).collect();
    assert_eq!(said, ["soup at six", "the key is at the office"]);
    stage.does(StarredAction::Move { down: true });
    stage.does(StarredAction::GoMarked);
    stage.later(1_000);
    assert_eq!(stage.thread().face.name, "Ana");
    message(stage.thread(), "the key is at the office");
}

#[test]
fn the_page_of_starred_messages_is_forgotten_behind_a_lock() {
    let mut stage = Stage::talking(2);
    let id = stage.talk("a").messages[0].id.clone();
    stage.does(ThreadAction::Star { id, starred: true });
    stage.does(StarredAction::Open);
    assert_eq!(stage.app.pages.starred.hits.len(), 1);
    stage.act(StarredAction::Open);
    stage.does(DoorAction::LockScreen);
    assert!(
        stage.app.pages.starred.hits.is_empty(),
        "also what comes late"
    );
}

#[test]
fn receipts_are_off_at_first_and_what_was_read_shows_on_all_before_it() {
    let mut stage = Stage::talking(0);
    assert!(stage.app.context.me.as_ref().is_some_and(|me| !me.receipts));
    stage.does(SettingsAction::Receipts(true));
    assert!(stage.app.context.me.as_ref().is_some_and(|me| me.receipts));
    let talk = stage.talk("a");
    let ours = [talk.add("one", true, NOON), talk.add("two", true, NOON)];
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    for message in &mut stage.talk("a").messages {
        message.deliveries[0].state = DeliveryState::Read;
    }
    stage.happens(Event::Read {
        conversation: chat_id("a"),
        contact: id("a"),
        device: DeviceId("d1".repeat(8)),
        id: ours[1].clone(),
    });
    stage.later(1_000);
    for text in ["one", "two"] {
        assert_eq!(message(stage.thread(), text).tick, Some(Tick::Read));
    }
}
