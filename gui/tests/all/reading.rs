//! When a message counts as read: all of it was in view, in a window in front.

use crate::stage::window::Window;
use crate::stage::{NOON, Stage, chat_id};
use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use i_slint_backend_testing::init_no_event_loop;

/// In a conversation with Ana, who has written this, and nobody has read it yet.
fn unread(texts: &[&str]) -> Window {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana"]);
    for text in texts {
        stage.talk("a").add(text, false, NOON - 60_000);
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

#[test]
fn a_message_of_which_a_part_is_folded_is_read_when_all_of_it_is_shown() {
    let long: String = (0..20).map(|at| format!("line {at}\n")).collect();
    let mut window = unread(&["short", &long, "after it"]);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(1), "nor what stands below it");
    window.clicks("Show all");
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
    window.scrolls(-5_000.0);
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(1));
}

#[test]
fn nothing_is_read_in_a_window_that_is_not_in_front() {
    let mut window = unread(&[]);
    window.does(WindowAction::Focused(false));
    let talk = window.node.talks.values_mut().next().unwrap();
    let new = talk.add("new", false, NOON);
    let conversation = chat_id("a");
    window.hears(Update::Event(Event::Message {
        conversation,
        id: new,
        author: None,
    }));
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), None);
    window.does(WindowAction::Focused(true));
    window.passes(400);
    window.does(Action::Tick);
    assert_eq!(read(&window), Some(1));
}
