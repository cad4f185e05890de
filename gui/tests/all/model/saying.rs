//! What people say of messages: emoji and pins.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// A conversation with Ana of one message, which is hers.
fn talking() -> (Stage, MessageId) {
    let mut stage = Stage::open(&["Ana"]);
    let message = stage.talk("a").add("the hall is open", false, NOON);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.later(1_000);
    (stage, message)
}

/// The emoji under the last message: which, how many, and whether one of them is ours.
fn said(stage: &Stage) -> (Vec<(String, usize, bool)>, bool) {
    let row = stage.thread().rows.iter().rev();
    let mut messages = row.filter_map(|row| match &row.kind {
        RowKind::Message(message) => Some(message),
        _ => None,
    });
    let message = messages.next().expect("a message");
    let said = message.said.iter();
    let said = said.map(|said| (said.emoji.clone(), said.count, said.mine));
    (said.collect(), message.pinned)
}

fn react(stage: &mut Stage, id: &MessageId, emoji: &str) {
    let (id, emoji) = (id.clone(), emoji.to_owned());
    stage.does(ThreadAction::React { id, emoji });
    stage.later(1_000);
}

#[test]
fn an_emoji_is_put_on_a_message_and_pressed_again_taken_back() {
    let (mut stage, message) = talking();
    react(&mut stage, &message, "👍");
    assert_eq!(said(&stage).0, [("👍".to_owned(), 1, true)]);
    react(&mut stage, &message, "👍");
    assert_eq!(said(&stage).0, []);
}

#[test]
fn an_emoji_that_another_has_put_there_is_counted_with_ours() {
    let (mut stage, message) = talking();
    let theirs = Reaction {
        author: Some(id("a")),
        emoji: Private("🎉".into()),
    };
    stage.talk("a").message(&message).unwrap().reactions = vec![theirs];
    stage.happens(Event::MessageChanged {
        conversation: chat_id("a"),
        id: message.clone(),
    });
    stage.later(1_000);
    assert_eq!(said(&stage).0, [("🎉".to_owned(), 1, false)]);
    react(&mut stage, &message, "🎉");
    assert_eq!(said(&stage).0, [("🎉".to_owned(), 2, true)]);
}

#[test]
fn the_picker_that_a_message_opened_puts_one_emoji_there_and_closes() {
    let (mut stage, message) = talking();
    stage.does(Action::Picker(PickerAction::Open {
        purpose: Purpose::Reaction(message),
        language: "en".into(),
    }));
    assert!(stage.app.pages.picker.open.is_some());
    stage.does(Action::Picker(PickerAction::Pick("🦔".into())));
    stage.later(1_000);
    assert!(stage.app.pages.picker.open.is_none());
    assert_eq!(said(&stage).0, [("🦔".to_owned(), 1, true)]);
    assert_eq!(stage.thread().draft, "");
}

#[test]
fn a_message_is_pinned_and_taken_down() {
    let (mut stage, message) = talking();
    for pinned in [true, false] {
        let id = message.clone();
        stage.does(ThreadAction::Pin { id, pinned });
        stage.later(1_000);
        assert_eq!(said(&stage).1, pinned);
    }
}

#[test]
fn the_window_says_who_cannot_see_an_emoji_or_a_pin_before_one_is_put_there() {
    let (mut stage, message) = talking();
    let said = |stage: &mut Stage| {
        stage.does(ThreadAction::Details(message.clone()));
        let Some(Dialog::MessageDetails(details)) = &stage.app.pages.dialog.open else {
            panic!("no details");
        };
        let said = (&details.without_reactions, &details.without_pins);
        let said = (said.0.clone(), said.1.clone());
        stage.does(DialogAction::Dismiss);
        said
    };
    assert_eq!(said(&mut stage), (String::new(), String::new()));
    stage.talk("a").contact.cannot_show = vec![Feature::Pins];
    stage.happens(Event::Contact { contact: id("a") });
    stage.later(1_000);
    assert_eq!(said(&mut stage), (String::new(), "Ana".to_owned()));
    stage.talk("a").contact.cannot_show = Feature::ALL.to_vec();
    stage.happens(Event::Contact { contact: id("a") });
    stage.later(1_000);
    assert_eq!(said(&mut stage), ("Ana".to_owned(), "Ana".to_owned()));
}
