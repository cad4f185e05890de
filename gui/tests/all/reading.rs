//! When a message counts as read: all of it was in view, in a window in front.

use crate::stage::window::Window;
use crate::stage::{NOON, Stage, chat_id};
use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use i_slint_backend_testing::init_no_event_loop;

/// In a conversation with Ana, who has written this, and nobody has read it yet.
fn unread(texts: &[&str]) -> Window {
    read_before(&[], texts)
}

/// In a conversation with Ana, who has written this: the first part was read before.
fn read_before(before: &[&str], texts: &[&str]) -> Window {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    for text in before {
        talk.read = Some(talk.add(text, false, NOON - 60_000));
    }
    for text in texts {
        talk.add(text, false, NOON - 60_000);
    }
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    let mut window = Window::of(stage, 1_000.0, 700.0);
    window.does(ChatsAction::OpenChat(chat_id("a")));
    window
}

/// How many of the messages the node was told to be read.
fn read(window: &Window) -> Option<usize> {
    let told = window.asked(|request| match request {
        Request::Call(Call::Read(_, upto)) => Some(upto.clone()),
        _ => None,
    });
    let messages = &window.node.talks.values().next()?.messages;
    let places = told
        .iter()
        .filter_map(|id| messages.iter().position(|one| one.id == *id));
    places.max().map(|last| last + 1)
}

/// A message of hers comes, and time passes.
fn comes(window: &mut Window) {
    let talk = window.node.talks.values_mut().next().unwrap();
    let id = talk.add("new", false, NOON);
    window.hears(Update::Event(Event::Message {
        conversation: chat_id("a"),
        id,
        author: None,
    }));
    window.passes(400);
    window.does(Action::Tick);
}

#[test]
fn a_message_of_which_a_part_is_folded_is_read_when_all_of_it_is_shown() {
    let long: String = (0..20).map(|at| format!("line {at}\n")).collect();
    let mut window = unread(&["short", &long, "after it"]);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(1), "nor what stands below it");
    window.clicks("Show all");
    window.scrolls(-2_000.0);
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(3));
}

#[test]
fn a_message_that_is_higher_than_the_window_is_read_at_its_end() {
    let long: String = (0..60).map(|at| format!("line {at}\n")).collect();
    let mut window = unread(&[&long]);
    window.does(Action::Tick);
    assert_eq!(read(&window), None);
    window.clicks("Show all");
    for _ in 0..12 {
        window.scrolls(-400.0);
    }
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(1));
}

#[test]
fn nothing_is_read_in_a_window_that_is_not_in_front() {
    let mut window = unread(&[]);
    window.does(WindowAction::Focused(false));
    comes(&mut window);
    assert_eq!(read(&window), None);
    window.does(WindowAction::Focused(true));
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(1));
}

#[test]
fn a_folded_message_that_was_passed_by_holds_up_what_stands_below_it() {
    let long: String = (0..20).map(|at| format!("line {at}\n")).collect();
    let mut texts = vec!["short", long.as_str()];
    texts.extend(["after it"; 30]);
    let mut window = unread(&texts);
    window.does(ThreadAction::JumpToNewest);
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(1));
}

#[test]
fn what_is_unfolded_stays_where_one_reads() {
    let long: String = (0..60).map(|at| format!("line {at}\n")).collect();
    let mut window = unread(&["before", &long]);
    window.does(ThreadAction::JumpToNewest);
    let before = window.lines();
    window.clicks("Show all");
    let after = window.lines();
    assert_eq!(
        before.last().map(|(_, y)| *y),
        after.last().map(|(_, y)| *y)
    );
}

#[test]
fn what_was_read_before_holds_nothing_up_although_it_is_folded() {
    let long: String = (0..20).map(|at| format!("line {at}\n")).collect();
    let mut window = read_before(&[&long], &["after it"]);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(2));
}

#[test]
fn the_end_of_a_message_that_is_higher_than_the_window_is_not_all_of_it() {
    let long: String = (0..120).map(|at| format!("line {at}\n")).collect();
    let mut window = unread(&[&long]);
    window.clicks("Show all");
    // Past its middle at once.
    window.scrolls(-9_000.0);
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), None);
    window.scrolls(9_000.0);
    for _ in 0..12 {
        window.scrolls(-400.0);
    }
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(1));
}

#[test]
fn nothing_is_read_below_a_dialog_or_the_picker() {
    let picker = PickerAction::Open {
        purpose: Purpose::Draft,
        language: "en".into(),
    };
    let covers: [(Action, Action); 2] = [
        (Action::ShowKeys, DialogAction::Dismiss.into()),
        (picker.into(), PickerAction::Close.into()),
    ];
    let mut window = unread(&["before"]);
    window.does(Action::Tick);
    for (before, (cover, uncover)) in covers.into_iter().enumerate() {
        window.does(cover);
        comes(&mut window);
        assert_eq!(read(&window), Some(before + 1));
        window.does(uncover);
        window.passes(400);
        window.does(Action::Tick);
        assert_eq!(read(&window), Some(before + 2));
    }
}
