//! Voice notes recorded and played by keys, pointer and screen reader.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use i_slint_backend_testing::init_no_event_loop;
use slint::LogicalPosition;
use slint::platform::Key;

use crate::screens;
use crate::stage::voices::SECOND;
use crate::stage::window::Window;
use crate::stage::*;

const MICROPHONE: &str = "Record a voice note";
const PLAY: &str = "Play: Voice note, 0:48";
const PAUSE: &str = "Pause: Voice note, 0:48";
const TRACK: &str = "Place in the voice note";

thread_local! {
    /// Once for each test.
    static BACKEND: () = init_no_event_loop();
}

fn talking() -> Window {
    BACKEND.with(|()| ());
    Window::of(Stage::talking(3), 900.0, 700.0)
}

/// What the microphone was told so far.
fn told(window: &Window) -> Vec<Record> {
    window.did(|effect| match effect {
        Effect::Record(order) => Some(*order),
        _ => None,
    })
}

/// Lets the microphone hear this many seconds. Gives the ticket of the recording.
fn hears(window: &mut Window, seconds: u32) -> Ticket {
    let Some(Record::Begin(ticket)) = told(window)
        .into_iter()
        .rev()
        .find(|order| matches!(order, Record::Begin(_)))
    else {
        panic!("it listens");
    };
    let mut report = |heard| window.does(RecordingAction::Report(ticket, heard));
    report(Heard::By(Private("Desk".into())));
    report(Heard::Loudness(900, seconds * 1_000));
    report(Heard::Part(Part(vec![1; seconds as usize * SECOND])));
    ticket
}

fn ends(window: &mut Window, ticket: Ticket) {
    window.does(RecordingAction::Report(ticket, Heard::Part(Part(vec![1]))));
    window.does(RecordingAction::Report(ticket, Heard::Ended));
}

/// The texts of our messages that are voice notes.
fn sent(window: &Window) -> Vec<String> {
    let messages = window.node.talks[&id("a")].messages.iter();
    let voices = messages.filter(|message| {
        let file = message.file.as_ref();
        message.is_mine() && file.is_some_and(|file| file.voice.is_some())
    });
    let texts = voices.map(|message| message.text.as_ref().map(|text| text.0.clone()));
    texts.map(Option::unwrap_or_default).collect()
}

#[test]
fn a_microphone_that_is_held_records_and_sends_when_it_is_let_go_of() {
    let mut window = talking();
    let place = window.holds(MICROPHONE);
    let ticket = hears(&mut window, 2);
    window.one("Let go to send. Slide away to go on without holding.");
    window.lets_go(place);
    assert_eq!(told(&window).last(), Some(&Record::End));
    ends(&mut window, ticket);
    assert_eq!(sent(&window), [""]);
    window.one(MICROPHONE);
}

#[test]
fn a_microphone_that_is_clicked_or_left_goes_on_until_it_is_sent_or_discarded() {
    for strays in [false, true] {
        let mut window = talking();
        match strays {
            false => window.clicks(MICROPHONE),
            true => {
                let place = window.holds(MICROPHONE);
                hears(&mut window, 2);
                window.lets_go(LogicalPosition::new(place.x - 200.0, place.y));
            }
        }
        let ticket = hears(&mut window, 2);
        window.one("“Desk” is listening.");
        assert!(matches!(told(&window)[..], [Record::Begin(_)]), "{strays}");
        if strays {
            window.clicks("Discard the recording");
            assert_eq!(told(&window).last(), Some(&Record::Stop));
            window.one(MICROPHONE);
            assert!(sent(&window).is_empty() && window.node.recordings.is_empty());
        } else {
            window.clicks("Send");
            ends(&mut window, ticket);
            assert_eq!(sent(&window), [""]);
        }
    }
}

#[test]
fn keys_record_pause_go_on_and_send_with_a_text() {
    let mut window = talking();
    window.presses(&[Key::Control], 'm');
    let ticket = hears(&mut window, 2);
    window.presses(&[Key::Control], 'm');
    window.one("Kept on this device until you send or discard it.");
    window.presses(&[Key::Control], 'm');
    assert!(matches!(
        told(&window)[..],
        [Record::Begin(_), Record::Pause, Record::GoOn]
    ));
    window.types("From the roof");
    window.presses(&[], Key::Return);
    ends(&mut window, ticket);
    assert_eq!(sent(&window), ["From the roof"]);
}

#[test]
fn where_something_is_written_the_button_sends_it() {
    let mut window = talking();
    window.types("Hello");
    assert!(window.all(MICROPHONE).is_empty());
    window.clicks("Send");
    assert!(told(&window).is_empty());
    window.one(MICROPHONE);
}

#[test]
fn a_screen_reader_records_with_one_press() {
    let mut window = talking();
    window.one(MICROPHONE).invoke_accessible_default_action();
    window.settles();
    let ticket = hears(&mut window, 2);
    window.one("Send").invoke_accessible_default_action();
    window.settles();
    ends(&mut window, ticket);
    assert_eq!(sent(&window), [""]);
}

/// A conversation with voice notes, of which the one of 48 seconds plays from its 17th second.
fn playing(language: &str) -> Window {
    BACKEND.with(|()| ());
    let mut stage = screens::voices();
    stage.does(Action::Prefer(Preference::Language(Some(language.into()))));
    Window::of(stage, 900.0, 700.0)
}

/// Where the loudspeaker was told to play.
fn sought(window: &Window) -> Vec<u32> {
    window.did(|effect| match effect {
        Effect::Play(Play::Seek(place_ms)) => Some(*place_ms),
        _ => None,
    })
}

#[test]
fn a_voice_note_is_paused_and_played_by_its_button_and_by_its_strokes() {
    let mut window = playing("en");
    window.clicks(PAUSE);
    assert!(window.done(|effect| matches!(effect, Effect::Play(Play::Pause))));
    window.clicks(PLAY);
    assert!(window.done(|effect| matches!(effect, Effect::Play(Play::GoOn))));
    window.all("Speed 1×")[0].invoke_accessible_default_action();
    window.settles();
    assert!(window.done(|effect| matches!(effect, Effect::Play(Play::At(Tempo::Faster)))));
    assert!(!window.all("Speed 1.5×").is_empty());
    window.all(TRACK)[0].invoke_accessible_increment_action();
    window.settles();
    assert_eq!(sought(&window), [17_000 + 2_400]);
}

#[test]
fn time_runs_from_left_to_right_in_every_language() {
    for language in ["en", "ar"] {
        let mut window = playing(language);
        let label = if language == "ar" {
            "الموضع في الرسالة الصوتية"
        } else {
            TRACK
        };
        let (at, size) = {
            let track = &window.all(label)[0];
            (track.absolute_position(), track.size())
        };
        let height = at.y + size.height / 2.0;
        let left = LogicalPosition::new(at.x + size.width * 0.25, height);
        window.draws(left, left);
        let right = LogicalPosition::new(at.x + size.width * 0.75, height);
        window.draws(right, right);
        let [earlier, later] = sought(&window)[..] else {
            panic!("{language}: both are sought");
        };
        assert!(
            (10_000..14_000).contains(&earlier) && (34_000..38_000).contains(&later),
            "{language}: {earlier} and {later} ms"
        );
    }
}
