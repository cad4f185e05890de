//! Locking, hiding and destroying.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

#[test]
fn an_idle_screen_locks_and_hides_everything_while_the_node_goes_on() {
    let mut stage = Stage::talking(10);
    stage.does(ThreadAction::Draft("unsent".into()));
    stage.later(9 * 60_000);
    stage.does(Action::Touched);
    stage.later(9 * 60_000);
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
    stage.log.clear();
    stage.later(61_000);
    assert!(stage.app.context.place == Place::ScreenLocked);
    assert_hidden(&stage);
    assert!(!stage.log.contains(&"Lock".to_owned()));
    assert_eq!(
        stage.talk("a").conversation.draft,
        Some(Draft::text("unsent"))
    );

    // What arrives late changes nothing of that.
    stage.handle(Update::Status(stage.node.status()));
    stage.happens(Event::Missed);
    assert_hidden(&stage);

    stage.does(DoorAction::Passphrase(passphrase("loud hedge")));
    stage.does(DoorAction::GoOn);
    assert!(stage.app.context.place == Place::ScreenLocked && stage.app.door.attempts == 1);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    assert!(
        stage.app.context.place == Place::Main(Pane::Thread),
        "where one was"
    );
    assert_eq!(stage.thread().draft, "unsent");
}

#[test]
fn a_screen_that_is_never_to_lock_does_not() {
    let mut stage = Stage::talking(10);
    stage.does(Action::Prefer(Preference::LockAfterMin(None)));
    stage.later(3 * 3_600_000);
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
}

#[test]
fn an_idle_window_is_not_woken() {
    let mut stage = Stage::talking(1_000);
    stage.later(2_000);
    let due = stage.app.wake_at().unwrap();
    assert_eq!(
        due - stage.now.monotonic_ms,
        10 * 60_000 - 2_000,
        "but to lock"
    );
    stage.does(Action::Prefer(Preference::LockAfterMin(None)));
    stage.later(1_000);
    let due = stage.app.wake_at().unwrap();
    assert!(
        due - stage.now.monotonic_ms > 11 * 3_600_000,
        "but at midnight"
    );
    stage.app.changed();
    stage.later(3_600_000);
    assert!(!stage.app.changed().any());
}

#[test]
fn notifications_tell_names_only_while_the_screen_is_open() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    let notified = |stage: &mut Stage| -> Vec<(Option<String>, Option<String>)> {
        let told = stage.done.drain(..).filter_map(|effect| match effect {
            Effect::Notify(told) => {
                Some((told.name.map(|name| name.0), told.text.map(|text| text.0)))
            }
            _ => None,
        });
        told.collect()
    };
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.comes("a", "in view");
    assert_eq!(notified(&mut stage), []);
    stage.comes("b", "secret");
    assert_eq!(notified(&mut stage), [(Some("Ben".into()), None)]);
    stage.does(Action::Prefer(Preference::Previews(true)));
    stage.does(WindowAction::Focused(false));
    stage.comes("a", "behind another window");
    let told = (Some("Ana".into()), Some("behind another window".into()));
    assert_eq!(notified(&mut stage), [told]);
    for sound in [false, true] {
        stage.does(Action::Prefer(Preference::Sound(sound)));
        stage.done.clear();
        stage.comes("a", "heard, or not");
        let is_so = |effect: &Effect| matches!(effect, Effect::Notify(told) if told.sound == sound);
        assert!(stage.done.iter().any(is_so), "{sound}");
    }
    stage.done.clear();

    stage.does(DoorAction::LockScreen);
    assert!(
        stage
            .done
            .iter()
            .any(|effect| matches!(effect, Effect::ClearNotifications))
    );
    assert!(
        stage
            .done
            .iter()
            .any(|effect| matches!(effect, Effect::SetTitle { unread: 0 }))
    );
    stage.comes("b", "secret");
    stage.comes("b", "secret");
    assert_eq!(notified(&mut stage), [(None, None)]);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    stage.does(Action::Prefer(Preference::Notifications(false)));
    stage.done.clear();
    stage.comes("b", "secret");
    assert_eq!(notified(&mut stage), []);
}

#[test]
fn a_muted_conversation_notifies_nobody_until_the_mute_ends_on_an_open_and_a_locked_screen() {
    for locked in [false, true] {
        let mut stage = Stage::open(&["Ana", "Ben"]);
        let end = stage.now.wall_ms + 3_600_000;
        let ben = stage.node.talks.get_mut(&id("b")).expect("a contact");
        ben.conversation.muted = Some(Muted::UntilMs(end));
        let told = Event::Conversation {
            conversation: chat_id("b"),
        };
        stage.happens(told);
        stage.later(200);
        if locked {
            stage.does(DoorAction::LockScreen);
        }
        let notified = |stage: &mut Stage, from| {
            stage.done.clear();
            stage.comes(from, "hello");
            let is_told = |effect: &Effect| matches!(effect, Effect::Notify(_));
            stage.done.iter().any(is_told)
        };
        assert!(!notified(&mut stage, "b"));
        assert!(notified(&mut stage, "a"));
        stage.later(3_600_000);
        assert!(notified(&mut stage, "b"), "locked: {locked}");
    }
}

/// The one notification that was shown since.
fn notified_of(stage: &mut Stage) -> ConversationId {
    let mut shown = stage.done.drain(..).filter_map(|effect| match effect {
        Effect::Notify(shown) => Some(shown.conversation),
        _ => None,
    });
    shown.next_back().expect("a notification")
}

#[test]
fn a_notification_leads_to_its_conversation_and_through_the_lock_first() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(WindowAction::Focused(false));
    stage.comes("b", "are you there?");
    let of = notified_of(&mut stage);
    stage.does(DoorAction::Wipe);
    stage.does(Action::OpenNotified(of));
    assert!(stage.thread().id == chat_id("b") && stage.app.pages.dialog.open.is_none());
    assert!(matches!(stage.done.last(), Some(Effect::Raise)));

    stage.does(DoorAction::LockScreen);
    stage.done.clear();
    stage.comes("a", "and you?");
    let of = notified_of(&mut stage);
    stage.does(Action::OpenNotified(of));
    assert!(matches!(stage.done.last(), Some(Effect::Raise)));
    assert!(stage.app.context.place == Place::ScreenLocked);
    assert_hidden(&stage);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    assert!(stage.thread().id == chat_id("a"));
    // A contact that is gone leads nowhere.
    stage.does(Action::OpenNotified(chat_id("c")));
    assert!(stage.thread().id == chat_id("a"));
}

#[test]
fn closing_the_window_closes_everything_unless_the_user_stays_on_and_there_is_a_tray() {
    let last = |stage: &mut Stage| stage.done.drain(..).next_back();
    let mut stage = Stage::talking(3);
    stage.does(WindowAction::Close);
    assert!(matches!(last(&mut stage), Some(Effect::Quit)));
    stage.does(WindowAction::Tray(true));
    stage.does(WindowAction::Close);
    assert!(
        matches!(last(&mut stage), Some(Effect::Quit)),
        "not asked for"
    );

    stage.does(Action::Prefer(Preference::StaysOn(true)));
    stage.does(ThreadAction::Draft("half a".into()));
    stage.does(WindowAction::Close);
    assert!(matches!(last(&mut stage), Some(Effect::Hide)));
    assert!(stage.talk("a").conversation.draft.is_some());
    // Nobody sees what comes, though the conversation is open.
    stage.comes("a", "are you there?");
    assert!(
        stage
            .done
            .iter()
            .any(|done| matches!(done, Effect::Notify(_)))
    );
    stage.does(WindowAction::ComeForward);
    assert!(matches!(last(&mut stage), Some(Effect::Raise)));

    // Without a tray there is no way back, so the window comes by itself.
    stage.does(DoorAction::LockScreen);
    stage.does(WindowAction::Close);
    assert!(matches!(last(&mut stage), Some(Effect::Hide)));
    stage.does(WindowAction::Tray(false));
    assert!(matches!(last(&mut stage), Some(Effect::Raise)));
    stage.does(WindowAction::Close);
    assert!(matches!(last(&mut stage), Some(Effect::Quit)));
}

#[test]
fn a_node_locked_by_anybody_hides_everything() {
    let mut stage = Stage::talking(10);
    stage.happens(Event::Lock { locked: true });
    assert!(stage.app.context.place == Place::Unlock);
    assert_hidden(&stage);
    stage.happens(Event::Lock { locked: false });
    assert!(matches!(stage.app.context.place, Place::Main(_)));

    // A locked screen stays locked, whoever unlocks the node behind it.
    stage.does(DoorAction::LockScreen);
    stage.happens(Event::Lock { locked: true });
    assert!(stage.app.context.place == Place::Unlock);
    stage.happens(Event::Lock { locked: false });
    assert!(stage.app.context.place == Place::ScreenLocked);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    assert!(matches!(stage.app.context.place, Place::Main(_)));
    stage.log.clear();
    stage.does(DoorAction::LockNode);
    assert_eq!(stage.log, ["Lock"]);
    assert!(stage.app.context.place == Place::Unlock);
    assert_hidden(&stage);
}

#[test]
fn two_deliberate_actions_destroy_everything_from_everywhere() {
    let places: [fn(&mut Stage); 4] = [
        |_| {},
        |stage| stage.does(DoorAction::LockScreen),
        |stage| stage.does(DoorAction::LockNode),
        |stage| stage.handle(Update::NotOpened(Refusal::StoreMissing)),
    ];
    for go in places {
        let mut stage = Stage::talking(10);
        go(&mut stage);
        stage.log.clear();
        stage.does(DoorAction::Wipe);
        assert!(matches!(
            stage.app.pages.dialog.open,
            Some(Dialog::Wipe { busy: false })
        ));
        assert!(!stage.log.contains(&"Wipe".to_owned()));
        stage.does(DialogAction::Confirm);
        assert!(stage.app.context.place == Place::Wiped);
        assert_hidden(&stage);
        assert!(
            stage
                .done
                .iter()
                .any(|effect| matches!(effect, Effect::ForgetPreferences))
        );
        stage.does(DoorAction::TryAgain);
        stage.handle(found(Found::Nothing));
        assert!(stage.app.context.place == Place::Welcome);
    }
}

#[test]
fn a_wipe_that_was_not_confirmed_is_none() {
    let mut stage = Stage::talking(10);
    stage.does(DoorAction::Wipe);
    stage.does(DialogAction::Dismiss);
    stage.does(DialogAction::Confirm);
    assert!(!stage.log.contains(&"Wipe".to_owned()));
}
