//! Voice notes that are recorded.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::voices::SECOND;
use crate::stage::*;

/// What the microphone was told since this was asked last.
fn told(stage: &mut Stage) -> Vec<Record> {
    let done = std::mem::take(&mut stage.done).into_iter();
    let orders = done.filter_map(|effect| match effect {
        Effect::Record(order) => Some(order),
        _ => None,
    });
    orders.collect()
}

/// Recording begins, and the microphone listens.
fn begins(stage: &mut Stage, held: bool) -> Ticket {
    stage.does(RecordingAction::Begin { held });
    let [Record::Begin(ticket)] = told(stage)[..] else {
        panic!("it begins");
    };
    reports(stage, ticket, Heard::By(Private("Desk".into())));
    ticket
}

fn reports(stage: &mut Stage, ticket: Ticket, heard: Heard) {
    stage.does(RecordingAction::Report(ticket, heard));
}

/// The microphone hears the seconds from one to another, and the node keeps them.
fn hears(stage: &mut Stage, ticket: Ticket, from: u32, to: u32) {
    for second in from..to {
        let heard_ms = (second + 1) * 1_000;
        reports(stage, ticket, Heard::Loudness(900, heard_ms));
        reports(stage, ticket, Heard::Part(Part(vec![second as u8; SECOND])));
    }
}

/// The microphone does as it was told to.
fn ends(stage: &mut Stage, ticket: Ticket) {
    reports(stage, ticket, Heard::Part(Part(vec![255; SECOND])));
    reports(stage, ticket, Heard::Ended);
}

fn recording(stage: &Stage) -> Option<&Recording> {
    let page = &stage.app.pages.thread;
    page.recording_of(&page.open.as_ref()?.id)
}

fn state(stage: &Stage) -> Option<RecordingState> {
    recording(stage).map(|recording| recording.state)
}

/// The texts of our messages that are voice notes.
fn sent(stage: &mut Stage, letter: &str) -> Vec<String> {
    let messages = stage.talk(letter).messages.iter();
    let voices = messages.filter(|message| {
        let file = message.file.as_ref();
        message.is_mine() && file.is_some_and(|file| file.voice.is_some())
    });
    let texts = voices.map(|message| message.text.as_ref().map(|text| text.0.clone()));
    texts.map(Option::unwrap_or_default).collect()
}

fn kept(stage: &Stage, letter: &str) -> Option<usize> {
    stage.node.recordings.get(&chat_id(letter)).map(Vec::len)
}

#[test]
fn a_button_that_is_let_go_of_sends_what_it_recorded() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, true);
    hears(&mut stage, ticket, 0, 3);
    assert_eq!(
        kept(&stage, "a"),
        Some(3 * SECOND),
        "it is kept while it is recorded"
    );
    stage.does(RecordingAction::Release);
    assert_eq!(told(&mut stage), [Record::End]);
    assert!(recording(&stage).is_none(), "it is on its way");
    assert!(sent(&mut stage, "a").is_empty(), "its end is still to come");
    ends(&mut stage, ticket);
    assert_eq!(sent(&mut stage, "a"), [""]);
    assert_eq!(kept(&stage, "a"), None, "the message has it");
}

#[test]
fn a_button_that_is_only_pressed_or_left_goes_on_by_itself() {
    for strays in [false, true] {
        let mut stage = Stage::talking(1);
        let ticket = begins(&mut stage, true);
        if strays {
            hears(&mut stage, ticket, 0, 3);
            stage.does(RecordingAction::Lock);
        }
        stage.does(RecordingAction::Release);
        assert_eq!(state(&stage), Some(RecordingState::Hearing), "{strays}");
        assert!(!recording(&stage).expect("it goes on").held);
        assert!(told(&mut stage).is_empty());
    }
}

#[test]
fn a_recording_is_paused_heard_gone_on_with_and_sent_with_a_text() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 2);
    stage.does(RecordingAction::Pause);
    assert_eq!(told(&mut stage), [Record::Pause]);
    stage.does(PlayingAction::Toggle(Voiced::Recording));
    let begun = |effect: &Effect| matches!(effect, Effect::Play(Play::Begin { .. }));
    assert!(
        stage.done.iter().any(begun),
        "it is heard before it is sent"
    );
    stage.does(RecordingAction::GoOn);
    let stopped = |effect: &Effect| matches!(effect, Effect::Play(Play::Stop));
    assert!(
        stage.done.iter().any(stopped),
        "nobody records the loudspeaker"
    );
    assert_eq!(told(&mut stage), [Record::GoOn]);
    hears(&mut stage, ticket, 2, 4);
    assert_eq!(kept(&stage, "a"), Some(4 * SECOND));
    stage.does(ThreadAction::Draft("From the roof".into()));
    stage.does(ThreadAction::Send);
    ends(&mut stage, ticket);
    assert_eq!(sent(&mut stage, "a"), ["From the roof"]);
    assert!(stage.thread().draft.is_empty());
}

#[test]
fn what_is_discarded_is_kept_nowhere() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 2);
    stage.does(RecordingAction::Discard);
    assert_eq!(told(&mut stage), [Record::Stop]);
    assert!(recording(&stage).is_none() && kept(&stage, "a").is_none());
    // What was on its way from the microphone.
    hears(&mut stage, ticket, 2, 3);
    assert_eq!(kept(&stage, "a"), None);
    begins(&mut stage, false);
}

#[test]
fn a_lock_leaves_a_recording_that_is_there_again_after_it() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 5);
    stage.does(DoorAction::LockScreen);
    assert_eq!(told(&mut stage), [Record::Stop]);
    assert_hidden(&stage);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(state(&stage), Some(RecordingState::Kept));
    assert_eq!(recording(&stage).expect("it is there").duration_ms, 5_000);
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [""]);
}

#[test]
fn another_conversation_or_the_loss_of_the_focus_ends_listening_and_loses_nothing() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.done.clear();
    let ticket = begins(&mut stage, true);
    hears(&mut stage, ticket, 0, 2);
    stage.does(WindowAction::Focused(false));
    assert_eq!(told(&mut stage), [Record::Pause]);
    stage.does(WindowAction::Focused(true));
    stage.does(RecordingAction::Release);
    assert_eq!(
        state(&stage),
        Some(RecordingState::Paused),
        "it is not sent unseen"
    );
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    assert_eq!(told(&mut stage), [Record::Stop]);
    assert!(recording(&stage).is_none());
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(recording(&stage).expect("it is kept").duration_ms, 2_000);
}

#[test]
fn a_recording_goes_on_its_way_whichever_conversation_is_open() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.done.clear();
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 2);
    stage.does(ThreadAction::Send);
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    ends(&mut stage, ticket);
    assert_eq!(sent(&mut stage, "a"), [""]);
    assert!(sent(&mut stage, "b").is_empty());
}

#[test]
fn why_no_microphone_listens_is_told_and_what_was_heard_stays() {
    let mut stage = Stage::talking(1);
    stage.does(RecordingAction::Begin { held: true });
    let [Record::Begin(ticket)] = told(&mut stage)[..] else {
        panic!("it begins");
    };
    let muted = Silent::Muted(Private("Desk".into()));
    reports(&mut stage, ticket, Heard::Silent(muted.clone()));
    assert!(stage.app.banner.shown == Some(Banner::Silent(muted)));
    assert!(recording(&stage).is_none(), "nothing was heard");
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 2);
    reports(&mut stage, ticket, Heard::Silent(Silent::NoMicrophone));
    assert_eq!(state(&stage), Some(RecordingState::Kept));
    assert!(stage.thread().may_send);
}

#[test]
fn a_full_disk_ends_a_recording_and_what_is_kept_can_be_sent() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 2);
    stage.node.refuses_recordings = Some(Refusal::Storage {
        fault: StorageFault::Full,
    });
    hears(&mut stage, ticket, 2, 4);
    assert_eq!(told(&mut stage), [Record::Stop]);
    assert!(matches!(
        stage.app.banner.shown,
        Some(Banner::Refused(_) | Banner::Storage(_))
    ));
    assert_eq!(state(&stage), Some(RecordingState::Kept));
    assert_eq!(kept(&stage, "a"), Some(2 * SECOND));
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [""]);
}

#[test]
fn the_loss_of_the_node_ends_a_recording() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 2);
    stage.handle(Update::Departed(Departed::Lost));
    assert_eq!(told(&mut stage), [Record::Stop]);
}

#[test]
fn a_voice_note_that_cannot_be_uploaded_is_not_lost() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 2);
    stage.node.refuses_uploads = Some(Refusal::FileChanged);
    stage.does(ThreadAction::Send);
    ends(&mut stage, ticket);
    assert!(sent(&mut stage, "a").is_empty());
    assert_eq!(kept(&stage, "a"), Some(3 * SECOND));
    stage.node.refuses_uploads = None;
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [""]);
    assert_eq!(kept(&stage, "a"), None);
}

#[test]
fn one_is_recorded_at_a_time_and_none_while_a_message_is_edited() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, false);
    hears(&mut stage, ticket, 0, 1);
    stage.does(RecordingAction::Begin { held: false });
    assert!(told(&mut stage).is_empty());
    stage.does(RecordingAction::Discard);
    let mine = stage.talk("a").add("ours", true, NOON);
    stage.happens(Event::Missed);
    stage.later(200);
    stage.does(ThreadAction::Edit(mine));
    assert!(!stage.app.pages.thread.may_record());
}

#[test]
fn fifteen_minutes_end_a_recording_which_waits_to_be_sent() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, true);
    hears(&mut stage, ticket, 898, 900);
    ends(&mut stage, ticket);
    assert_eq!(state(&stage), Some(RecordingState::Kept));
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [""]);
}

#[test]
fn the_waveform_tells_the_last_moments_while_it_is_recorded_and_then_all() {
    let mut stage = Stage::talking(1);
    let ticket = begins(&mut stage, false);
    for tenth in 1..=200 {
        let loudness = if tenth <= 100 { 8_000 } else { 0 };
        reports(&mut stage, ticket, Heard::Loudness(loudness, tenth * 100));
    }
    let strokes = recording(&stage).expect("it listens").waveform();
    assert!(strokes.len() == 64 && strokes.iter().all(|stroke| *stroke == 0));
    stage.does(RecordingAction::Pause);
    let strokes = recording(&stage).expect("it is there").waveform();
    assert_eq!((strokes.len(), strokes[0], strokes[63]), (64, 255, 0));
}
