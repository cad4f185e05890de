//! What one touches every minute: by pointer and keys, in a window.

use crate::stage::window::Window;
use crate::stage::{self, NOON, Stage, chat_id, id};
use hedgerow_gui::model::*;
use hedgerow_gui::ui::{BannerView, Tip};
use hedgerow_node::api::*;
use i_slint_backend_testing::init_no_event_loop;
use i_slint_core::input::MouseEvent;
use i_slint_core::lengths::LogicalPoint;
use i_slint_core::window::WindowInner;
use slint::platform::{Key, PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition};

thread_local! {
    /// Once for each test.
    static BACKEND: () = init_no_event_loop();
}

fn open(stage: Stage) -> Window {
    open_as(stage, 1_100.0, 760.0)
}

fn open_as(stage: Stage, width: f32, height: f32) -> Window {
    BACKEND.with(|()| ());
    Window::of(stage, width, height)
}

/// In a conversation with Ana, who is verified, and who wrote this.
fn reading(texts: &[&str]) -> Window {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    let talk = stage.talk("a");
    talk.contact.verified = true;
    for text in texts {
        talk.add(text, false, NOON - 60_000);
    }
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    open(stage)
}

/// The place and the size of what has this label.
fn place(window: &Window, label: &str) -> (LogicalPosition, f32, f32) {
    let one = window.one(label);
    (one.absolute_position(), one.size().width, one.size().height)
}

fn middle(window: &Window, label: &str) -> LogicalPosition {
    let (at, width, height) = place(window, label);
    LogicalPosition::new(at.x + width / 2.0, at.y + height / 2.0)
}

/// Within the bubble of a message of theirs.
fn bubble(window: &Window, label: &str) -> LogicalPosition {
    let (at, _, height) = place(window, label);
    LogicalPosition::new(at.x + 40.0, at.y + height - 12.0)
}

/// Holds a button of the pointer down there for so long.
fn holds(window: &mut Window, position: LogicalPosition, button: PointerEventButton, ms: u64) {
    window.points(position);
    let event = WindowEvent::PointerPressed { position, button };
    window.window.ui().window().dispatch_event(event);
    window.settles();
    window.passes(ms);
    let event = WindowEvent::PointerReleased { position, button };
    window.window.ui().window().dispatch_event(event);
    window.settles();
}

#[test]
fn a_button_without_words_says_what_it_does_while_the_pointer_rests_on_it() {
    let mut window = open(Stage::open(&["Ana"]));
    let told = |window: &Window| window.window.ui().global::<Tip>().get_text().to_string();
    let lock = middle(&window, "Lock the screen");
    window.points(lock);
    window.passes(400);
    window.settles();
    assert_eq!(told(&window), "Lock the screen");
    let keys = window.window.ui().global::<Tip>().get_keys();
    assert_eq!(keys, "Ctrl+L");
    window.points(LogicalPosition::new(lock.x, lock.y + 300.0));
    assert_eq!(told(&window), "");
    // Whoever comes by key is told too, and not what was left.
    window.clicks("Find a contact");
    window.presses(&[Key::Shift], Key::Tab);
    assert_eq!(told(&window), "Settings");
    window.presses(&[Key::Shift], Key::Tab);
    assert_eq!(told(&window), "Lock the screen");
}

#[test]
fn the_time_stands_in_the_last_line_where_there_is_room() {
    let window = reading(&["Thank you"]);
    let (_, _, short) = place(&window, "Ana, 11:59: Thank you");
    // No room: a line as wide as a bubble can be.
    let text = "A line that is as long as the bubble is wide, to the last of its letters";
    let full = reading(&[text]);
    let (_, _, long) = place(&full, &format!("Ana, 11:59: {text}"));
    assert!(short < 45.0, "one line: {short}");
    assert!(long > short + 12.0, "two lines: {long}");
}

#[test]
fn a_long_text_is_folded_after_twelve_lines_and_a_few_more_are_not() {
    let lines = |count: usize| {
        (0..count)
            .map(|at| format!("line {at}\n"))
            .collect::<String>()
    };
    let text = lines(40);
    let mut window = reading(&[text.trim()]);
    let label = format!("Ana, 11:59: {}", text.trim());
    let (_, _, folded) = place(&window, &label);
    window.clicks("Show all");
    let (_, _, whole) = place(&window, &label);
    assert!(folded < 330.0 && whole > 700.0, "{folded}, then {whole}");
    assert!(window.all("Show all").is_empty());
    let text = lines(13);
    let window = reading(&[text.trim()]);
    assert!(window.all("Show all").is_empty());
}

#[test]
fn what_is_told_and_goes_by_itself_moves_nothing() {
    let mut window = reading(&["Good morning"]);
    let before = place(&window, "Message to Ana");
    let message = bubble(&window, "Ana, 11:59: Good morning");
    holds(&mut window, message, PointerEventButton::Right, 50);
    window.clicks("Copy");
    window.one("Copied.");
    assert_eq!(place(&window, "Message to Ana"), before);
    window.passes(4_100);
    window.does(Action::Tick);
    assert!(window.all("Copied.").is_empty());
    // What has to be mended stays, above everything.
    let fault = Refusal::Storage {
        fault: StorageFault::Full,
    };
    window.hears(Update::Refused(fault));
    let view = window.window.ui().global::<BannerView>();
    assert!(view.get_lasts());
    assert_ne!(place(&window, "Message to Ana").2, 0.0);
}

#[test]
fn nothing_moves_while_a_first_start_is_typed_and_what_is_missing_is_said() {
    let mut stage = Stage::new();
    stage.handle(stage::found(Found::Nothing));
    let mut window = open(stage);
    let labels = ["Passphrase", "Repeat passphrase", "Create identity"];
    let places = |window: &Window| labels.map(|label| place(window, label).0.y);
    let before = places(&window);
    window.clicks("Create identity");
    window.one("Enter a name.");
    window.types("Ana");
    window.clicks("Passphrase");
    window.types("abcd");
    window.clicks("Repeat passphrase");
    window.types("ab");
    window.one("The passphrases do not match.");
    assert_eq!(places(&window), before);
    window.types("cd");
    window.clicks("Create identity");
    let weak = "Choose a stronger passphrase to continue. Easy to guess: a sequence.";
    window.one(weak);
    assert_eq!(places(&window), before);
    // The keyboard is where it is missing.
    window.types(" violet harbour mends nine clocks");
    assert!(window.all(weak).is_empty());
    window.clicks("Create identity");
    window.one("The passphrases do not match.");
    assert!(
        window
            .asked(|request| matches!(request, Request::Create { .. }).then_some(()))
            .is_empty()
    );
}

#[test]
fn destroying_is_held_for_two_seconds_by_pointer_or_key() {
    for by_key in [false, true] {
        let mut stage = Stage::open(&["Ana"]);
        stage.does(DoorAction::LockScreen);
        let mut window = open(stage);
        window.clicks("Destroy everything…");
        let hold = "Hold for two seconds to destroy";
        let wipes = |window: &Window| {
            let wipe = |request: &Request| matches!(request, Request::Host(HostCall::Wipe));
            window.asked(|request| wipe(request).then_some(())).len()
        };
        let at = middle(&window, hold);
        let press = |window: &mut Window, ms| {
            if by_key {
                window.presses(&[], Key::Tab);
                let text: slint::SharedString = char::from(Key::Return).into();
                let ui = window.window.ui();
                ui.window()
                    .dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
                window.settles();
                window.passes(ms);
                let ui = window.window.ui();
                ui.window()
                    .dispatch_event(WindowEvent::KeyReleased { text });
                window.presses(&[Key::Shift], Key::Tab);
            } else {
                holds(window, at, PointerEventButton::Left, ms);
            }
        };
        press(&mut window, 1_500);
        window.passes(3_000);
        assert_eq!(wipes(&window), 0, "by key: {by_key}");
        press(&mut window, 2_100);
        assert_eq!(wipes(&window), 1, "by key: {by_key}");
    }
}

#[test]
fn a_menu_opens_by_right_click_and_by_key_and_gives_the_keyboard_back() {
    let mut window = reading(&["Good morning"]);
    let message = bubble(&window, "Ana, 11:59: Good morning");
    holds(&mut window, message, PointerEventButton::Right, 50);
    window.one("React…");
    window.clicks("Pin for both");
    let pins = |window: &Window| {
        window.asked(|request| matches!(request, Request::Call(Call::Pin(..))).then_some(()))
    };
    assert_eq!(pins(&window).len(), 1);
    assert!(window.all("React…").is_empty());

    // By key: the last line but one leads to the details, and back to the message.
    window.clicks("Message to Ana");
    window.presses(&[Key::Shift], Key::Tab);
    window.presses(&[], Key::Menu);
    window.presses(&[], Key::UpArrow);
    window.presses(&[], Key::UpArrow);
    window.presses(&[], Key::Return);
    window.one("Written: Today, 11:59");
    window.presses(&[], Key::Escape);
    window.clicks("Message to Ana");
    window.presses(&[Key::Shift], Key::Tab);
    window.presses(&[Key::Shift], Key::F10);
    window.one("React…");
    window.presses(&[], Key::Escape);
    assert!(window.all("React…").is_empty());
    window.presses(&[], Key::Return);
    window.one("Written: Today, 11:59");
    window.presses(&[], Key::Escape);

    let ben = middle(&window, "Ben");
    holds(&mut window, ben, PointerEventButton::Right, 50);
    window.clicks("Block…");
    window.one("Block Ben?");
}

/// A finger comes down there, perhaps moves, and goes after so long.
fn touches(window: &mut Window, at: LogicalPosition, moves_down: f32, ms: u64) {
    let (button, click_count, touch_finger_id) = (PointerEventButton::Left, 0, 1);
    let comes = LogicalPoint::new(at.x, at.y);
    let goes = LogicalPoint::new(at.x, at.y + moves_down);
    let feels = |window: &mut Window, event: MouseEvent| {
        WindowInner::from_pub(window.window.ui().window()).process_mouse_input(event);
        window.settles();
    };
    feels(
        window,
        MouseEvent::Pressed {
            position: comes,
            button,
            click_count,
            touch_finger_id,
        },
    );
    if moves_down != 0.0 {
        feels(
            window,
            MouseEvent::Moved {
                position: goes,
                touch_finger_id,
            },
        );
    }
    window.passes(ms);
    window.settles();
    feels(
        window,
        MouseEvent::Released {
            position: goes,
            button,
            click_count,
            touch_finger_id,
        },
    );
}

#[test]
fn a_menu_opens_under_a_finger_that_stays_and_under_no_other() {
    let mut window = reading(&["Good morning"]);
    let message = bubble(&window, "Ana, 11:59: Good morning");
    touches(&mut window, message, 0.0, 700);
    window.one("React…");
    assert!(
        window.all("Written: Today, 11:59").is_empty(),
        "no press besides"
    );
    window.clicks("Copy");
    window.one("Copied.");
    touches(&mut window, message, 30.0, 700);
    assert!(window.all("React…").is_empty(), "it has moved");
}

#[test]
fn an_emoji_is_put_on_a_message_from_its_menu_by_pointer_and_by_keys() {
    let mut window = reading(&["Good morning"]);
    let said = |window: &Window| {
        window.asked(|request| match request {
            Request::Call(Call::React(_, _, emoji)) => Some(emoji.0.clone()),
            _ => None,
        })
    };
    let message = bubble(&window, "Ana, 11:59: Good morning");
    holds(&mut window, message, PointerEventButton::Right, 50);
    window.clicks("😂");
    assert_eq!(said(&window), ["😂"]);
    assert!(window.all("React…").is_empty(), "the menu has closed");
    window.clicks("Message to Ana");
    // Over the emoji below the message, to the message.
    window.presses(&[Key::Shift], Key::Tab);
    window.presses(&[Key::Shift], Key::Tab);
    window.points(LogicalPosition::new(5.0, 5.0));
    window.presses(&[], Key::Menu);
    window.presses(&[], Key::LeftArrow);
    window.presses(&[], Key::Return);
    assert_eq!(said(&window), ["😂", "🙏"]);
}

#[test]
fn who_it_is_is_asked_later_where_that_was_wished() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let mut window = open(stage);
    window.one("Compare safety words");
    window.clicks("Later");
    assert!(window.all("Compare safety words").is_empty());
    window.does(ChatsAction::OpenChat(chat_id("b")));
    window.one("Compare safety words");
    window.does(ChatsAction::OpenChat(chat_id("a")));
    assert!(window.all("Compare safety words").is_empty());
}

#[test]
fn the_keyboard_returns_to_what_opened_a_dialog() {
    let mut window = reading(&["Good morning"]);
    window.clicks("Message to Ana");
    window.presses(&[Key::Shift], Key::Tab);
    for _ in 0..2 {
        window.presses(&[], Key::Return);
        window.one("Written: Today, 11:59");
        window.presses(&[], Key::Escape);
        assert!(window.all("Written: Today, 11:59").is_empty());
    }
}

#[test]
fn the_keyboard_returns_to_what_a_click_has_opened_a_dialog_from() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::ShowPerson(id("a")));
    let mut window = open_as(stage, 1_100.0, 1_400.0);
    window.clicks("Block…");
    window.one("Block Ana?");
    window.presses(&[], Key::Escape);
    assert!(window.all("Block Ana?").is_empty());
    window.presses(&[], Key::Return);
    window.one("Block Ana?");
    window.presses(&[], Key::Escape);

    // Who writes and clicks in between goes on writing.
    let mut window = reading(&["Good morning"]);
    window.types("On my ");
    window.clicks("Go to a day");
    window.presses(&[], Key::Escape);
    window.types("way");
    let draft = window.one("Message to Ana").accessible_value();
    assert_eq!(draft.as_deref(), Some("On my way"));
}

#[test]
fn a_toast_covers_no_newest_message() {
    for (width, height) in [(1_100.0, 760.0), (360.0, 720.0)] {
        let mut stage = Stage::talking(30);
        let last = stage.comes("a", "Good morning");
        let mut window = open_as(stage, width, height);
        window.does(ThreadAction::JumpToNewest);
        window.does(ThreadAction::CopyMessage(last));
        let (text, newest) = window.lines().pop().expect("a message");
        assert!(text == "Good morning" && newest < height, "it is in view");
        let (at, _, high) = place(&window, "Copied.");
        assert!(at.y + high < newest, "{} + {high}: {newest}", at.y);
    }
}

#[test]
fn the_name_of_the_application_is_whole_or_not_there() {
    for (percent, whole) in [(100, true), (200, false)] {
        let mut stage = Stage::open(&["Ana"]);
        stage.does(Action::Prefer(Preference::TextPercent(percent)));
        let window = open_as(stage, 360.0, 720.0);
        assert_eq!(
            window.all("Hedgerow").len(),
            usize::from(whole),
            "{percent} %"
        );
        window.one("Add a contact");
    }
}

#[test]
fn the_calendar_greys_days_on_which_nothing_was_written() {
    let mut window = reading(&["Good morning"]);
    window.clicks("Go to a day");
    let is_there = |window: &Window, day: &str| window.one(day).accessible_enabled();
    assert_eq!(is_there(&window, "14 May 2026"), Some(true), "today");
    assert_eq!(is_there(&window, "13 May 2026"), Some(false));
    window.clicks("13 May 2026");
    window.one("13 May 2026");
    window.clicks("Earlier month");
    assert_eq!(is_there(&window, "14 April 2026"), Some(false));
    window.clicks("Later month");
    window.clicks("14 May 2026");
    assert!(window.all("14 May 2026").is_empty(), "it leads there");
}

#[test]
fn keys_lead_to_a_conversation_and_tell_of_themselves() {
    let mut window = reading(&["Good morning"]);
    window.presses(&[Key::Control], 'k');
    window.types("be");
    window.presses(&[], Key::Return);
    window.one("Message to Ben");
    window.one("Ana");
    window.presses(&[], Key::F1);
    window.one("Ctrl+K: Go to a conversation");
    window.presses(&[], Key::Escape);
    window.presses(&[Key::Control], '/');
    window.one("F1, Ctrl+/: These shortcuts");
}

#[test]
fn settings_stand_beside_their_list_where_there_is_room_and_are_left_at_once() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::ShowSettings(SettingsPage::Overview));
    let mut window = open(stage);
    window.one("Save name");
    window.clicks("Language");
    window.one("Latviešu");
    window.clicks("Appearance");
    window.one("High contrast");
    window.one("Security");
    window.presses(&[], Key::Escape);
    assert!(window.all("Security").is_empty());

    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::ShowSettings(SettingsPage::Overview));
    let mut window = open_as(stage, 360.0, 720.0);
    assert!(window.all("Save name").is_empty());
    window.clicks("Security");
    window.one("Lock now");
    window.clicks("Back");
    window.one("About Hedgerow");
}

#[test]
fn a_passphrase_can_be_shown_and_capitals_nobody_meant_are_noticed() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(DoorAction::LockScreen);
    let mut window = open(stage);
    window.types("q");
    assert!(window.all("Caps Lock").is_empty());
    window.types("Q");
    window.one("Caps Lock");
    window.types("q");
    assert!(window.all("Caps Lock").is_empty());
    window.clicks("Show the passphrase");
    window.clicks("Hide the passphrase");
    window.one("Show the passphrase");
}

#[test]
fn a_link_that_is_none_is_told_beside_its_field_which_has_the_keyboard() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::ShowAdding);
    let mut window = open(stage);
    window.clicks("The link that you were given");
    window.types("hello");
    window.clicks("Join");
    let field = window.one("The link that you were given");
    let problem = field.accessible_description().unwrap_or_default();
    let told = window.one(&problem);
    let below = told.absolute_position().y - field.absolute_position().y;
    assert!((0.0..60.0).contains(&below), "{below}");
    window.types("!");
    let field = window.one("The link that you were given");
    assert_eq!(field.accessible_value().as_deref(), Some("hello!"));
}

#[test]
fn joining_shows_what_goes_on_where_it_was_begun_and_can_be_given_up() {
    let mut stage = Stage::open(&[]);
    stage.does(Action::ShowAdding);
    let mut window = open(stage);
    window.clicks("The link that you were given");
    window.types("hedgerow:ABC");
    window.presses(&[], Key::Return);
    assert_eq!(window.all("Cancel").len(), 1);
    window.clicks("Cancel");
    let cancelled =
        window.asked(|request| matches!(request, Request::Call(Call::CancelJoin(_))).then_some(()));
    assert_eq!(cancelled.len(), 1);
}

#[test]
fn a_day_is_chosen_in_a_month_by_arrows() {
    let mut window = reading(&["Good morning"]);
    window.clicks("Go to a day");
    window.one("14 May 2026");
    window.presses(&[], Key::PageUp);
    window.one("30 April 2026");
    assert!(window.all("31 April 2026").is_empty());
    window.presses(&[], Key::DownArrow);
    window.presses(&[], Key::LeftArrow);
    window.presses(&[], Key::Return);
    assert!(window.all("30 April 2026").is_empty(), "it is closed");
}

#[test]
fn who_is_not_verified_is_said_above_the_conversation_with_the_way_to_change_it() {
    let stage = {
        let mut stage = Stage::open(&["Ana"]);
        stage.does(ChatsAction::OpenChat(chat_id("a")));
        stage
    };
    let mut window = open(stage);
    window.clicks("Compare safety words");
    window.one("They are the same: mark as verified");
}

#[test]
fn notes_to_oneself_need_no_contact() {
    let mut window = open(Stage::open(&[]));
    window.clicks("Notes to self");
    window.types("gate code 4711");
    window.presses(&[], Key::Return);
    let notes = window.node.notes.as_ref().expect("they are begun");
    assert_eq!(notes.messages.len(), 1);
}

#[test]
fn what_is_left_of_a_chat_with_somebody_removed_says_why_nobody_can_be_written_to() {
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    talk.add("Good morning", false, NOON - 60_000);
    talk.part();
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let mut window = open(stage);
    window.one("You have removed this contact. Add them again to write.");
    assert!(window.all("Message to Ana").is_empty());
    assert!(window.all("Pick an emoji").is_empty() && window.all("Send").is_empty());
    let at = bubble(&window, "Ana, 11:59: Good morning");
    holds(&mut window, at, PointerEventButton::Right, 0);
    window.one("Copy");
    assert!(window.all("Reply").is_empty() && window.all("👍").is_empty());
}
