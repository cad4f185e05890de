//! Answers and edits, by keys in a window.

use crate::stage::window::Window;
use crate::stage::{NOON, Stage, chat_id};
use hedgerow_gui::model::*;
use hedgerow_gui::ui::{self, ThreadView};
use hedgerow_node::api::*;
use i_slint_backend_testing::init_no_event_loop;
use slint::ComponentHandle;
use slint::platform::Key;

/// In a conversation with Ana: hers, then ours.
fn talking() -> Window {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    talk.contact.verified = true;
    talk.add("who has the key?", false, NOON - 60_000);
    talk.add("the office", true, NOON - 30_000);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    let mut window = Window::of(stage, 1_000.0, 700.0);
    window.does(ChatsAction::OpenChat(chat_id("a")));
    window
}

fn about(window: &Window) -> ui::About {
    let view = window.window.ui().global::<ThreadView>();
    view.get_about()
}

fn draft(window: &Window) -> String {
    let view = window.window.ui().global::<ThreadView>();
    view.get_draft_text().into()
}

/// What was sent, and what it answers or edits.
fn sent(window: &Window) -> Vec<(String, bool, bool)> {
    window.asked(|request| match request {
        Request::Send { draft, .. } => Some((
            draft.text.0.clone(),
            draft.reply_to.is_some(),
            draft.edit.is_some(),
        )),
        _ => None,
    })
}

#[test]
fn a_key_answers_the_message_that_has_the_keyboard_and_escape_drops_the_answer() {
    let mut window = talking();
    window.types("so");
    // The last message stands above where one writes.
    for _ in 0..20 {
        window.presses(&[Key::Shift], Key::Tab);
        window.presses(&[Key::Control], 'r');
        if about(&window) == ui::About::Reply {
            break;
        }
    }
    assert!(about(&window) == ui::About::Reply, "an answer is written");
    // The keyboard is where one writes: what is typed goes on.
    window.types(", who?");
    assert_eq!(draft(&window), "so, who?");
    window.presses(&[], Key::Escape);
    assert!(about(&window) == ui::About::Nothing);
    assert_eq!(draft(&window), "so, who?");
    window.presses(&[], Key::Return);
    assert_eq!(sent(&window), [("so, who?".into(), false, false)]);
}

#[test]
fn up_edits_our_last_message_where_nothing_is_written_and_escape_gives_the_edit_up() {
    let mut window = talking();
    window.types("x");
    window.presses(&[], Key::UpArrow);
    assert!(about(&window) == ui::About::Nothing, "something is written");
    window.presses(&[], Key::Delete);
    assert_eq!(draft(&window), "");
    window.presses(&[], Key::UpArrow);
    assert!(about(&window) == ui::About::Edit);
    assert_eq!(draft(&window), "the office");
    window.types(" again");
    window.presses(&[], Key::Escape);
    assert!(about(&window) == ui::About::Nothing);
    assert_eq!(draft(&window), "");
    assert!(sent(&window).is_empty());

    window.presses(&[], Key::UpArrow);
    window.types(", upstairs");
    window.presses(&[], Key::Return);
    assert_eq!(
        sent(&window),
        [("the office, upstairs".into(), false, true)]
    );
    assert!(about(&window) == ui::About::Nothing);
}
