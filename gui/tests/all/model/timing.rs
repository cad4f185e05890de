//! Messages that disappear.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

const HOUR_S: u64 = 3_600;

/// In a conversation with Ana, whose timer is set to an hour.
fn timed() -> Stage {
    let mut stage = Stage::talking(1);
    sets(&mut stage, HOUR_S);
    stage
}

/// The timer is another one now.
fn sets(stage: &mut Stage, seconds: u64) {
    let conversation = chat_id("a");
    stage.talk("a").conversation.timer_s = seconds;
    stage.happens(Event::Conversation { conversation });
    stage.later(500);
}

/// Under which timer each text was sent.
fn sent(stage: &Stage) -> Vec<Option<u64>> {
    let asked = stage.asked.iter();
    let sent = asked.filter_map(|request| match request {
        Request::Send { draft, .. } => Some(draft.timer_s),
        _ => None,
    });
    sent.collect()
}

fn asked(stage: &Stage) -> Option<&Dialog> {
    stage.app.pages.dialog.open.as_ref()
}

#[test]
fn the_timer_that_holds_is_among_those_to_choose_from() {
    let mut stage = timed();
    sets(&mut stage, 90 * 60);
    stage.does(ArrangingAction::AskTimer(chat_id("a")));
    let Some(Dialog::Timing(timing)) = asked(&stage) else {
        panic!("nothing is asked");
    };
    assert!(timing.choices.contains(&0) && timing.choices.contains(&(90 * 60)));
    assert!(timing.choices.is_sorted());
    assert_eq!((timing.now_s, timing.without.as_str()), (90 * 60, ""));
    stage.act(DialogAction::Timer(60));
    let set = stage.asked.iter().find_map(|request| match request {
        Request::Call(Call::SetTimer(_, seconds)) => Some(*seconds),
        _ => None,
    });
    assert_eq!(set, Some(60));
}

#[test]
fn what_is_sent_goes_under_the_timer_that_its_writer_was_shown() {
    let mut stage = timed();
    stage.does(ThreadAction::Draft("now".into()));
    stage.act(ThreadAction::Send);
    assert_eq!(sent(&stage), [Some(HOUR_S)]);
}

#[test]
fn it_is_asked_before_a_text_goes_under_another_timer_and_the_text_stays() {
    let mut stage = timed();
    stage.does(ThreadAction::Draft("bring the key".into()));
    sets(&mut stage, 0);
    stage.does(ThreadAction::Send);
    assert!(matches!(asked(&stage), Some(Dialog::TimerChanged(changed)) if changed.now_s == 0));
    assert_eq!(stage.thread().draft, "bring the key");
    assert!(stage.thread().sending.is_empty() && stage.app.banner.shown.is_none());

    // The user does not send, so the program asks again.
    stage.does(DialogAction::Dismiss);
    assert_eq!(stage.thread().draft, "bring the key");
    stage.does(ThreadAction::Send);
    assert!(matches!(asked(&stage), Some(Dialog::TimerChanged(_))));
    stage.act(DialogAction::Confirm);
    assert_eq!(sent(&stage), [Some(0)]);
    stage.answer();
    assert_eq!(stage.thread().draft, "");
    message(stage.thread(), "bring the key");
}

#[test]
fn a_user_who_sets_the_timer_is_not_asked() {
    let mut stage = timed();
    stage.does(ThreadAction::Draft("bring the key".into()));
    stage.does(ArrangingAction::AskTimer(chat_id("a")));
    stage.does(DialogAction::Timer(0));
    stage.later(500);
    stage.does(ThreadAction::Send);
    assert!(asked(&stage).is_none());
    message(stage.thread(), "bring the key");
}

#[test]
fn a_message_shows_until_when_it_stays_once_that_is_known() {
    let mut stage = timed();
    let ours = stage.talk("a").add("ours", true, NOON);
    stage.talk("a").message(&ours).unwrap().disappears = Some(Disappears {
        after_s: HOUR_S,
        at_ms: None,
    });
    stage.happens(Event::Messages {
        conversation: chat_id("a"),
        count: 1,
    });
    stage.later(1_000);
    let goes = |stage: &Stage| message(stage.thread(), "ours").goes;
    assert_eq!(goes(&stage), Some(Goes::After(HOUR_S)));

    // It is delivered: its time begins, and the window asks until when.
    let at_ms = Some(NOON + 3_600_000);
    let last = stage.talk("a").messages.len() - 1;
    stage.talk("a").arrive(last);
    let message = stage.talk("a").message(&ours).unwrap();
    message.disappears.as_mut().unwrap().at_ms = at_ms;
    stage.happens(Event::Delivered {
        conversation: chat_id("a"),
        contact: id("a"),
        device: DeviceId("d1".repeat(8)),
        id: ours,
        queued: 0,
    });
    stage.later(1_000);
    assert!(matches!(goes(&stage), Some(Goes::At(when)) if (when.hour, when.minute) == (13, 0)));
}

#[test]
fn a_message_that_expired_is_sent_again() {
    let mut stage = timed();
    let ours = stage.talk("a").add("ours", true, NOON);
    stage.talk("a").message(&ours).unwrap().lapsed = true;
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    assert_eq!(message(stage.thread(), "ours").goes, Some(Goes::Lapsed));
    stage.act(ThreadAction::SendAgain(ours.clone()));
    let again = stage.asked.iter().find_map(|request| match request {
        Request::Call(Call::SendAgain(_, id)) => Some(id.clone()),
        _ => None,
    });
    assert_eq!(again, Some(ours));
}

#[test]
fn what_comes_while_something_lies_over_the_conversation_is_not_read() {
    let mut stage = timed();
    let picture = stage.comes("a", "From the roof");
    let talk = stage.talk("a");
    talk.attach_picture(&picture, "roof.jpg", 1_200_000, FileState::Freed);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    let picker = PickerAction::Open {
        purpose: Purpose::Draft,
        language: "en".into(),
    };
    let reads = |stage: &Stage| stage.log.iter().filter(|asked| *asked == "Read").count();
    for (cover, uncover) in [
        (
            Action::ShowSettings(SettingsPage::Overview),
            Action::LeaveSettings,
        ),
        (
            WindowAction::Focused(false).into(),
            WindowAction::Focused(true).into(),
        ),
        (Action::ShowKeys, DialogAction::Dismiss.into()),
        (picker.into(), PickerAction::Close.into()),
        (FileAction::View(picture).into(), ViewerAction::Close.into()),
    ] {
        stage.does(cover);
        stage.log.clear();
        let new = stage.comes("a", "new");
        stage.does(ThreadAction::Seen(new));
        stage.later(2_000);
        assert_eq!(reads(&stage), 0);
        stage.does(uncover);
        stage.later(2_000);
        assert_eq!(reads(&stage), 1);
    }
}
