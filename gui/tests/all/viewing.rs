//! What is in view of a conversation: where it opens, what moves it, and what does not.

use crate::stage::window::Window;
use crate::stage::{NOON, Stage, chat_id, id};
use hedgerow_gui::model::*;
use hedgerow_gui::ui::ThreadView;
use hedgerow_node::api::*;
use i_slint_backend_testing::init_no_event_loop;
use slint::platform::Key;
use slint::{ComponentHandle, LogicalPosition, LogicalSize, Model};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Below the head of a conversation.
const TOP: f32 = 60.0;

/// A window with the list of conversations; Ana has written so many messages, and so many of them were read.
fn written(count: usize, read: usize) -> Window {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana", "Ben"]);
    let talk = stage.talk("a");
    for number in 0..count {
        let ago = (count - number) as i64 * 10 * MINUTE;
        talk.add(&format!("line {number}"), false, NOON - ago);
    }
    talk.read = read
        .checked_sub(1)
        .map(|last| talk.messages[last].id.clone());
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    Window::of(stage, 1_000.0, 700.0)
}

/// A window in the conversation with Ana.
fn talking(count: usize) -> Window {
    let mut window = written(count, count);
    window.clicks("Ana");
    window
}

fn texts(window: &Window) -> Vec<String> {
    window.lines().into_iter().map(|(text, _)| text).collect()
}

fn bottom(window: &Window) -> f32 {
    let list = window.one("Message to Ana");
    list.absolute_position().y
}

/// Theirs arrives in the place that its time gives it.
fn comes(window: &mut Window, at: usize, text: &str) {
    let talk = window.node.talks.get_mut(&id("a")).unwrap();
    let time_ms = talk.messages.get(at).map_or(NOON, |next| next.time_ms);
    let message = talk.insert(at, text, false, time_ms);
    window.hears(Update::Event(Event::Message {
        conversation: chat_id("a"),
        id: message,
        author: Some(id("a")),
    }));
}

fn assert_same_place(before: &[(String, f32)], after: &[(String, f32)]) {
    for (text, y) in before {
        let found = after.iter().find(|(after, _)| after == text);
        let (_, now) = found.unwrap_or_else(|| panic!("{text} is gone from view: {after:?}"));
        assert!((y - now).abs() < 1.0, "{text} went from {y} to {now}");
    }
}

#[test]
fn a_conversation_opens_at_the_unread_line_and_only_what_came_into_view_is_read() {
    let mut window = written(100, 40);
    window.clicks("Ana");
    let lines = window.lines();
    let line = lines.iter().position(|(text, _)| text == "New messages");
    let line = line.expect("the unread line is in view");
    assert_eq!(lines[line + 1].0, "line 40");
    assert!(lines[line].1 < TOP + 100.0, "and near the top: {lines:?}");
    let read = window.asked(|request| match request {
        Request::Call(Call::Read(_, upto)) => Some(upto.clone()),
        _ => None,
    });
    let talk = &window.node.talks[&id("a")];
    let upto = talk
        .messages
        .iter()
        .find(|one| Some(&one.id) == read.last());
    let upto = &upto.unwrap().text.as_ref().unwrap().0;
    let mut below = lines[line + 1..]
        .iter()
        .filter(|(_, y)| *y < bottom(&window));
    let last = below.next_back().unwrap();
    let whole = lines.iter().rev().nth(1).unwrap();
    assert!(*upto == last.0 || *upto == whole.0, "{upto} of {lines:?}");
    assert!(talk.unread() > 20, "what is below was never seen");
}

#[test]
fn a_conversation_without_unread_messages_opens_at_its_end() {
    let window = talking(100);
    assert_eq!(texts(&window).last().unwrap(), "line 99");
}

#[test]
fn whoever_is_at_the_end_stays_there_in_larger_letters() {
    let mut window = talking(100);
    for percent in [200, 100] {
        window.does(Action::Prefer(Preference::TextPercent(percent)));
        let texts = texts(&window);
        assert_eq!(texts.last().map(String::as_str), Some("line 99"));
        assert!(window.all("Newest").is_empty(), "there is nowhere to go");
    }
}

#[test]
fn what_comes_above_the_view_or_goes_from_there_does_not_move_it() {
    let mut window = talking(2_000);
    window.does(ThreadAction::ScrollTo(0.5));
    let before = window.lines();
    assert!(
        before.iter().any(|(text, _)| text == "line 1000"),
        "{before:?}"
    );
    // Older ones are loaded.
    window.does(ThreadAction::NearTop);
    assert_same_place(&before, &window.lines());
    // One arrives late, further up and loaded.
    comes(&mut window, 980, "late");
    assert_same_place(&before, &window.lines());
    // So much is loaded below that what is far above is let go.
    for _ in 0..3 {
        window.does(ThreadAction::NearBottom);
        assert_same_place(&before, &window.lines());
    }
    let first = window.window.ui().global::<ThreadView>().get_first();
    assert!(first >= 800, "what is far above is let go: {first}");
}

/// The messages that are made and laid out, in view or not.
fn made(window: &Window) -> Vec<String> {
    let rows = window.window.ui().global::<ThreadView>().get_rows();
    rows.iter().map(|row| row.text.into()).collect()
}

#[test]
fn a_load_of_older_messages_makes_no_more_rows_than_are_near_the_view() {
    let mut window = talking(2_000);
    window.does(ThreadAction::ScrollTo(0.5));
    let before = made(&window);
    for _ in 0..8 {
        window.does(ThreadAction::NearTop);
    }
    let (after, seen) = (made(&window), texts(&window));
    assert_eq!(before, after, "all that was loaded is far");
    assert!(after.len() < 5 * seen.len(), "{} rows", after.len());
    let scrolled = |window: &mut Window, by: f32| {
        let mut most = 0;
        for _ in 0..20 {
            let before = window.lines();
            window.scrolls(by);
            let after = window.lines();
            for (text, y) in before {
                if let Some((_, now)) = after.iter().find(|(after, _)| *after == text) {
                    assert!((now - y - by).abs() < 1.0, "{text} from {y} to {now}");
                }
            }
            most = most.max(made(window).len());
        }
        most
    };
    let up = scrolled(&mut window, 200.0);
    assert!(up < 6 * seen.len(), "{up} rows");
    let down = scrolled(&mut window, -200.0);
    assert!(down < 6 * seen.len(), "{down} rows");
}

#[test]
fn what_comes_at_the_end_is_made_alone_and_not_at_all_while_the_view_is_far_from_there() {
    let mut window = talking(500);
    let before = made(&window);
    comes(&mut window, 500, "one more");
    let mut expected = before;
    expected.push("one more".into());
    assert_eq!(made(&window), expected);
    for _ in 0..30 {
        window.scrolls(200.0);
    }
    let before = made(&window);
    comes(&mut window, 501, "and another");
    assert_eq!(made(&window), before);
    window.clicks("1 new message");
    assert_eq!(texts(&window).last().unwrap(), "and another");
}

#[test]
fn the_end_stays_in_view_for_whoever_is_there_and_nobody_else_is_moved() {
    let mut window = talking(200);
    comes(&mut window, 200, "one more");
    assert_eq!(texts(&window).last().unwrap(), "one more");
    window
        .window
        .ui()
        .window()
        .set_size(LogicalSize::new(1_000.0, 500.0));
    window.settles();
    assert_eq!(texts(&window).last().unwrap(), "one more");
    window.does(Action::Prefer(Preference::TextPercent(150)));
    assert_eq!(texts(&window).last().unwrap(), "one more");

    window.scrolls(300.0);
    let before = window.lines();
    assert_ne!(before.last().unwrap().0, "one more");
    comes(&mut window, 201, "and another");
    assert_same_place(&before, &window.lines());
    window.clicks("1 new message");
    assert_eq!(texts(&window).last().unwrap(), "and another");
    assert!(window.all("Newest").is_empty(), "there is nowhere to go");
}

#[test]
fn scrolling_up_loads_what_is_older_until_the_beginning() {
    let mut window = talking(300);
    // No turn of the wheel goes further than what is laid out.
    for _ in 0..24 {
        window.scrolls(2_000.0);
    }
    assert_eq!(texts(&window)[1], "line 0");
}

#[test]
fn jumps_land_where_they_say() {
    let mut window = talking(3_000);
    // A day: its line is at the top.
    window.clicks("Go to a day");
    window.clicks("13 May 2026");
    let lines = window.lines();
    let day = lines.iter().position(|(text, _)| text == "Yesterday");
    assert!(
        lines[day.expect("the day is in view")].1 < TOP + 100.0,
        "{lines:?}"
    );
    // What is late.
    comes(&mut window, 100, "late");
    window.clicks("1 late message above");
    let lines = window.lines();
    let late = lines.iter().find(|(text, _)| text == "late");
    assert!(late.expect("it is in view").1 < TOP + 100.0, "{lines:?}");
    // The newest.
    window.clicks("Newest");
    assert_eq!(texts(&window).last().unwrap(), "line 2999");
}

#[test]
fn a_conversation_is_gone_through_by_keys() {
    let mut window = talking(300);
    window.presses(&[Key::Shift], Key::Tab);
    window.presses(&[], Key::PageUp);
    let up = texts(&window);
    assert!(!up.contains(&"line 299".to_owned()));
    window.presses(&[], Key::PageUp);
    assert_ne!(texts(&window), up);
    window.presses(&[], Key::PageDown);
    assert_eq!(texts(&window), up);
    window.presses(&[], Key::UpArrow);
    window.presses(&[], Key::DownArrow);
    assert_eq!(texts(&window), up);
    window.presses(&[], Key::Home);
    assert_eq!(texts(&window)[1], "line 0");
    window.presses(&[], Key::End);
    assert_eq!(texts(&window).last().unwrap(), "line 299");
}

#[test]
fn conversations_are_stepped_through_and_left_by_keys_and_the_screen_is_locked() {
    let mut window = talking(3);
    window.presses(&[Key::Alt], Key::DownArrow);
    window.one("Message to Ben");
    window.presses(&[Key::Alt], Key::UpArrow);
    window.one("Message to Ana");
    window.clicks("Go to a day");
    window.one("Cancel");
    window.presses(&[], Key::Escape);
    assert!(window.all("Cancel").is_empty());
    window.one("Message to Ana");
    window.presses(&[], Key::Escape);
    assert!(window.all("Message to Ana").is_empty());
    window.presses(&[Key::Control], 'l');
    window.one("The screen is locked");
    assert!(window.all("Ana").is_empty());
}

#[test]
fn enter_sends_or_begins_a_line_as_the_user_prefers() {
    let sent = |window: &Window| {
        window.asked(|request| match request {
            Request::Send { draft, .. } => Some(draft.text.0.clone()),
            _ => None,
        })
    };
    let written = |window: &Window| window.one("Message to Ana").accessible_value();
    let mut window = talking(3);
    window.types("one");
    window.presses(&[Key::Shift], Key::Return);
    window.types("two");
    assert_eq!(written(&window).unwrap(), "one\ntwo");
    window.presses(&[], Key::Return);
    assert_eq!(sent(&window), ["one\ntwo"]);
    assert_eq!(written(&window).unwrap(), "");

    window.does(Action::Prefer(Preference::EnterSends(false)));
    window.types("three");
    window.presses(&[], Key::Return);
    window.types("four");
    assert_eq!(written(&window).unwrap(), "three\nfour");
    assert_eq!(sent(&window).len(), 1);
    window.presses(&[Key::Control], Key::Return);
    assert_eq!(sent(&window)[1..], ["three\nfour"]);
}

/// A window with so many conversations, the newest first.
fn conversations(count: usize) -> Window {
    init_no_event_loop();
    let mut stage = Stage::open(&[]);
    for number in 0..count {
        let id = format!("{number:x}");
        stage.meet(&id, &format!("Contact {number}"));
        let ago = number as i64 * 10 * MINUTE;
        stage.talk(&id).add("Hello", false, NOON - DAY - ago);
    }
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    Window::of(stage, 1_000.0, 700.0)
}

/// A message of this contact is the newest of all.
fn writes(window: &mut Window, number: usize, ago: i64) {
    let letter = format!("{number:x}");
    let talk = window.node.talks.get_mut(&id(&letter)).unwrap();
    let message = talk.add("And another", false, NOON - ago);
    window.hears(Update::Event(Event::Message {
        conversation: chat_id(&letter),
        id: message,
        author: Some(id(&letter)),
    }));
}

#[test]
fn the_keyboard_stays_with_its_conversation_wherever_that_goes() {
    let mut window = conversations(6);
    let opened = |window: &mut Window| {
        window.presses(&[], Key::Return);
        let head = window.all("About Contact 2");
        window.does(Action::Back);
        !head.is_empty()
    };
    // Beside it stands the button of the search.
    window.clicks("Find a contact");
    for _ in 0..4 {
        window.presses(&[], Key::Tab);
    }
    assert!(opened(&mut window), "the third has the focus");
    window.clicks("Find a contact");
    for _ in 0..4 {
        window.presses(&[], Key::Tab);
    }
    // Another comes to the top, from below and from above; then this one; then one of those is gone.
    writes(&mut window, 5, 9 * MINUTE);
    writes(&mut window, 1, 8 * MINUTE);
    writes(&mut window, 2, 7 * MINUTE);
    writes(&mut window, 4, 6 * MINUTE);
    let contact = id("5");
    window.node.talks.remove(&contact);
    window.hears(Update::Event(Event::Removed { contact }));
    assert!(opened(&mut window), "it still has it");
}

#[test]
fn what_is_in_view_of_the_list_stays_there_when_others_come_to_the_top() {
    let mut window = conversations(40);
    let places = |window: &Window| -> Vec<(String, f32)> {
        let list = window.one("Conversations");
        let rows = list.query_descendants().match_inherits("Chat").find_all();
        let told = rows.iter().filter_map(|row| {
            let label = row.accessible_label()?;
            Some((label.to_string(), row.absolute_position().y))
        });
        told.filter(|(_, y)| (100.0..600.0).contains(y)).collect()
    };
    let list = window.one("Conversations");
    let position = LogicalPosition::new(list.absolute_position().x + 20.0, 400.0);
    window.turns(position, -700.0);
    let before = places(&window);
    assert!(before.len() > 4 && before[0].0 != "Contact 0", "{before:?}");
    writes(&mut window, 39, 9 * MINUTE);
    assert_same_place(&before, &places(&window));
    writes(&mut window, 0, 8 * MINUTE);
    assert_same_place(&before, &places(&window));
    // Whoever is at the top sees what comes.
    window.turns(position, 10_000.0);
    writes(&mut window, 20, 7 * MINUTE);
    assert_eq!(places(&window)[0].0, "Contact 20");
}

#[test]
fn a_part_of_a_message_is_marked_and_copied() {
    let mut window = talking(3);
    window
        .one("Ana, 11:50: line 2")
        .invoke_accessible_default_action();
    window.settles();
    // From the button that closes it, over those that copy, pin and lead to the emoji.
    for _ in 0..4 {
        window.presses(&[Key::Shift], Key::Tab);
    }
    window.presses(&[], Key::Home);
    for _ in "line".chars() {
        window.presses(&[Key::Shift], Key::RightArrow);
    }
    window.presses(&[Key::Control], 'c');
    // What stands there is not changed.
    window.types("x");
    let said = window.one("Message text: select to copy");
    assert_eq!(said.accessible_value().as_deref(), Some("line 2"));
    window.presses(&[], Key::Escape);
    window.presses(&[Key::Control], 'v');
    let draft = window.one("Message to Ana").accessible_value();
    assert_eq!(draft.as_deref(), Some("line"));
}

/// The middle of the first line of a message's text: this part of the way from its left end to its right.
fn in_text(window: &Window, text: &str, part: f32) -> LogicalPosition {
    let list = window.one("Messages");
    let bubbles = list.query_descendants().match_inherits("Bubble").find_all();
    let says = |label: &str| label.ends_with(text);
    let bubble = bubbles
        .iter()
        .find(|one| one.accessible_label().is_some_and(|label| says(&label)))
        .expect("the message is loaded");
    let press = bubble.query_descendants().match_inherits("Press");
    let press = press.find_first().expect("it can be pressed");
    let (at, size) = (press.absolute_position(), press.size());
    let (side, top) = (12.0, 8.0);
    let width = size.width - 2.0 * side;
    LogicalPosition::new(at.x + side + width * part, at.y + top + 8.0)
}

const MARKED: &str = "Message text: select to copy";

/// Puts what was copied into the draft, and gives it.
fn pasted(window: &mut Window) -> String {
    window.clicks("Message to Ana");
    window.presses(&[Key::Control], 'v');
    let draft = window.one("Message to Ana").accessible_value();
    draft.unwrap_or_default().into()
}

#[test]
fn a_part_of_a_message_is_marked_where_it_stands_and_nothing_moves() {
    let text = "The gate is open from six, and the code is 4711";
    let mut window = talking(300);
    comes(&mut window, 300, text);
    let before = window.lines();
    let (start, middle) = (in_text(&window, text, 0.0), in_text(&window, text, 0.5));
    assert!(window.all(MARKED).is_empty(), "nobody points at it");
    window.points(start);
    window.one(MARKED);
    // Up as well, which elsewhere moves the conversation.
    window.draws(middle, LogicalPosition::new(middle.x, middle.y - 60.0));
    window.draws(start, middle);
    window.presses(&[Key::Control], 'c');
    assert_same_place(&before, &window.lines());
    let part = pasted(&mut window);
    assert!(!part.is_empty() && part.len() < text.len() && text.starts_with(&part));
    assert!(window.all(MARKED).is_empty(), "the pointer is elsewhere");
    // Nor is anything made of what only passes below it.
    window.points(middle);
    window.one(MARKED);
    window.turns(middle, 120.0);
    assert!(window.all(MARKED).is_empty(), "it passes");
    assert!(
        window.all("Close").is_empty(),
        "the details were not asked for"
    );
}

#[test]
fn a_link_opens_when_it_is_pressed_and_not_when_what_is_around_it_is_marked() {
    let text = "See https://example.org/minutes for all of it";
    let mut window = talking(3);
    comes(&mut window, 3, text);
    let [start, link, end] = [0.0, 0.4, 1.0].map(|part| in_text(&window, text, part));
    window.draws(start, end);
    assert!(window.all("Open it").is_empty());
    window.presses(&[Key::Control], 'c');
    window.draws(link, link);
    window.one("Open it");
    window.presses(&[], Key::Escape);
    assert_eq!(pasted(&mut window), text);
}

#[test]
fn a_message_is_marked_and_copied_by_keys_alone() {
    let mut window = talking(3);
    // The last message.
    window.presses(&[Key::Shift], Key::Tab);
    window.presses(&[Key::Control], 'c');
    assert_eq!(pasted(&mut window), "line 2");
    window.presses(&[Key::Control], 'a');
    window.presses(&[], Key::Delete);
    window.presses(&[Key::Shift], Key::Tab);
    window.presses(&[Key::Control], 'a');
    for _ in " 2".chars() {
        window.presses(&[Key::Shift], Key::LeftArrow);
    }
    window.presses(&[Key::Control], 'c');
    // Back to the message, which is left as usual.
    window.presses(&[], Key::Escape);
    window.presses(&[], Key::Return);
    window.one("Close");
    window.presses(&[], Key::Escape);
    assert_eq!(pasted(&mut window), "line");
}

#[test]
fn a_text_that_begins_from_the_right_stands_on_the_right() {
    let mut window = talking(1);
    for (text, is_right) in [
        ("אני בדרך", true),
        ("🙂 مرحبا Ana", true),
        ("Ana مرحبا", false),
    ] {
        comes(&mut window, 1, text);
        let rows = window.window.ui().global::<ThreadView>().get_rows();
        let row = rows.iter().find(|row| row.text == text);
        assert_eq!(row.map(|row| row.right_to_left), Some(is_right), "{text}");
    }
}
