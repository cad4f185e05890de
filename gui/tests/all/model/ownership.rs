//! Whose node it is, and what goes wrong.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

#[test]
fn a_client_says_so_and_may_take_over() {
    let mut stage = Stage::open(&["Ana"]);
    stage.handle(Update::Opened {
        mode: Mode::Client {
            version: "0.1.0".into(),
        },
        found: Found::Open,
    });
    stage.answer();
    assert!(matches!(
        stage.app.banner.shown,
        Some(Banner::Client { .. })
    ));
    assert_eq!(stage.app.pages.chats.rows.len(), 1);
    stage.does(DoorAction::TakeOver);
    stage.does(DoorAction::TakeOver);
    assert_eq!(
        stage.log.iter().filter(|name| *name == "TakeOver").count(),
        1
    );
    stage.handle(found(Found::Locked));
    assert!(
        stage.app.context.place == Place::Unlock
            && stage.app.banner.shown == Some(Banner::TookOver)
    );
    stage.does(DoorAction::TakeOver);
    assert_eq!(
        stage.log.iter().filter(|name| *name == "TakeOver").count(),
        1
    );
}

#[test]
fn a_lost_node_loses_no_draft() {
    let mut stage = Stage::talking(10);
    stage.does(ThreadAction::Draft("unsent".into()));
    stage.log.clear();
    stage.handle(Update::Departed(Departed::Lost));
    assert!(stage.app.context.place == Place::Starting);
    assert_hidden(&stage);
    assert!(stage.log.is_empty(), "there is nobody to ask");
    stage.handle(found(Found::Locked));
    assert!(stage.app.banner.shown == Some(Banner::OwnerGone));
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    assert_eq!(stage.thread().draft, "unsent");
    assert_eq!(
        stage.talk("a").conversation.draft,
        Some(Draft::text("unsent"))
    );
}

#[test]
fn a_failing_store_is_told_until_it_works_again() {
    let mut stage = Stage::talking(10);
    stage.later(1_000);
    let full = Refusal::Storage {
        fault: StorageFault::Full,
    };
    stage.handle(Update::Refused(full));
    let told = Some(Banner::Storage(StorageFault::Full));
    assert!(stage.app.banner.shown == told);
    stage.later(60_000);
    stage.does(ThreadAction::CopyMessage(MessageId("bb-01-1".into())));
    assert!(stage.app.banner.shown == told, "nothing hides it");
    stage.happens(Event::Missed);
    stage.later(1_000);
    assert!(stage.app.banner.shown.is_none());
}

#[test]
fn whoever_missed_events_looks_at_everything_again() {
    let mut stage = Stage::talking(10);
    let last = stage.thread().rows.back().unwrap().id.clone();
    stage.does(ThreadAction::Seen(MessageId(last)));
    stage.meet("b", "Ben");
    stage.talk("a").add("unheard", false, NOON);
    stage.talk("a").contact.verified = true;
    stage.happens(Event::Missed);
    stage.later(1_000);
    assert_eq!(stage.app.pages.chats.rows.len(), 2);
    assert_eq!(texts(stage.thread()).last().unwrap(), "unheard");
    assert!(stage.thread().face.verified);

    stage.node.talks.remove(&id("a"));
    stage.happens(Event::Missed);
    stage.later(1_000);
    assert!(
        stage.app.pages.thread.open.is_none()
            && stage.app.context.place == Place::Main(Pane::Nothing)
    );
}

#[test]
fn quitting_keeps_what_is_being_written() {
    let mut stage = Stage::talking(10);
    stage.does(ThreadAction::Draft("unsent".into()));
    stage.does(WindowAction::Quit);
    assert_eq!(
        stage.talk("a").conversation.draft,
        Some(Draft::text("unsent"))
    );
    assert!(matches!(stage.done.last(), Some(Effect::Quit)));
}

#[test]
fn midnight_renames_the_days() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::Prefer(Preference::LockAfterMin(None)));
    stage.comes("a", "hello");
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(stage.app.pages.chats.rows[0].when.unwrap().day, Day::Today);
    stage.later(12 * 3_600_000 + 1);
    assert_eq!(
        stage.app.pages.chats.rows[0].when.unwrap().day,
        Day::Yesterday
    );
    assert!(
        matches!(&stage.thread().rows[0].kind, RowKind::Day(when) if when.day == Day::Yesterday)
    );
}

#[test]
fn what_is_in_view_behind_another_window_is_read_when_the_window_comes_to_the_front() {
    let mut stage = Stage::talking(10);
    stage.does(WindowAction::Focused(false));
    let new = stage.comes("a", "new");
    stage.does(ThreadAction::Seen(new));
    stage.later(1_000);
    assert_eq!(stage.talk("a").unread(), 1);
    stage.does(WindowAction::Focused(true));
    stage.later(1_000);
    assert_eq!(
        (stage.talk("a").unread(), stage.app.pages.chats.unread),
        (0, 0)
    );
}

#[test]
fn a_text_on_its_way_to_the_store_is_not_lost_with_the_node_or_the_conversation() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(ThreadAction::Draft("to Ana".into()));
    stage.talk("a").contact.blocked = true;
    stage.act(ThreadAction::Send);
    stage.act(ChatsAction::OpenChat(chat_id("b")));
    stage.answer();
    let ana = |stage: &mut Stage| stage.talk("a").conversation.draft.clone();
    assert_eq!(ana(&mut stage), Some(Draft::text("to Ana")));

    stage.does(ThreadAction::Draft("to Ben".into()));
    stage.act(ThreadAction::Send);
    stage.asked.clear();
    stage.handle(Update::Departed(Departed::Lost));
    stage.handle(unlocked());
    stage.answer();
    assert_eq!(stage.thread().draft, "to Ben");
    assert_eq!(ana(&mut stage), Some(Draft::text("to Ana")));
}
