//! A notification keeps to what its message says, and goes with it.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// In another program's window; Ana has just written, and a notification shows what.
fn notified() -> (Stage, MessageId) {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::Prefer(Preference::Previews(true)));
    stage.does(WindowAction::Focused(false));
    stage.done.clear();
    let message = stage.comes("a", "at noon");
    assert_eq!(told(&mut stage), ["shows at noon"]);
    (stage, message)
}

/// What was done with notifications since the last call.
fn told(stage: &mut Stage) -> Vec<String> {
    let text = |told: Notification| told.text.map_or_else(|| "something".into(), |text| text.0);
    let told = stage.done.drain(..).filter_map(|effect| match effect {
        Effect::Notify(told) => Some(format!("shows {}", text(told))),
        Effect::ChangeNotification(told) => Some(format!("says {}", text(told))),
        Effect::ClearNotifications => Some("withdraws".to_owned()),
        _ => None,
    });
    told.collect()
}

fn changed(stage: &mut Stage, id: &MessageId) {
    stage.happens(Event::MessageChanged {
        conversation: chat_id("a"),
        id: id.clone(),
    });
    stage.later(200);
}

fn gone(stage: &mut Stage, id: &MessageId) {
    let talk = stage.talk("a");
    talk.messages.retain(|message| message.id != *id);
    stage.happens(Event::MessageGone {
        conversation: chat_id("a"),
        id: id.clone(),
    });
    stage.later(200);
}

#[test]
fn an_edit_changes_the_notification_in_its_place() {
    let (mut stage, message) = notified();
    stage.talk("a").edit(&message, "at one", NOON);
    changed(&mut stage, &message);
    assert_eq!(told(&mut stage), ["says at one"]);
    // What is drawn anew for another reason says the same.
    changed(&mut stage, &message);
    assert_eq!(told(&mut stage), Vec::<String>::new());
}

#[test]
fn a_message_that_its_author_deletes_takes_its_notification_with_it() {
    let (mut stage, message) = notified();
    stage.talk("a").delete(&message, NOON);
    changed(&mut stage, &message);
    assert_eq!(told(&mut stage), ["withdraws"]);
}

#[test]
fn a_message_that_expires_takes_its_notification_with_it_and_no_other_does() {
    let (mut stage, message) = notified();
    let later = stage.comes("a", "well?");
    assert_eq!(told(&mut stage), ["shows well?"]);
    gone(&mut stage, &message);
    assert_eq!(told(&mut stage), Vec::<String>::new());
    gone(&mut stage, &later);
    assert_eq!(told(&mut stage), ["withdraws"]);
}

#[test]
fn what_is_told_without_a_name_on_a_locked_screen_is_withdrawn_with_its_message() {
    for deleted in [false, true] {
        let mut stage = Stage::open(&["Ana"]);
        stage.does(DoorAction::LockScreen);
        stage.done.clear();
        let message = stage.comes("a", "secret");
        assert_eq!(told(&mut stage), ["shows something"]);
        match deleted {
            true => {
                stage.talk("a").delete(&message, NOON);
                changed(&mut stage, &message);
            }
            false => gone(&mut stage, &message),
        }
        assert_eq!(told(&mut stage), ["withdraws"]);
    }
}

#[test]
fn a_contact_that_is_removed_takes_its_notification_along() {
    let (mut stage, _) = notified();
    stage.node.talks.remove(&id("a"));
    stage.happens(Event::Removed { contact: id("a") });
    assert_eq!(told(&mut stage), ["withdraws"]);
}
