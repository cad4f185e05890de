//! Emoji in texts, and the picker in the window.

use crate::stage::window::Window;
use crate::stage::{NOON, Stage, chat_id};
use hedgerow_gui::fonts;
use hedgerow_gui::model::*;
use hedgerow_gui::pictures::{Shape, Spot, caret, spots, within};
use hedgerow_gui::ui::ThreadView;
use hedgerow_node::api::*;
use i_slint_backend_testing::{
    AccessibleRole, ElementQuery, TestingBackend, TestingBackendOptions, init_no_event_loop,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use slint::platform::Key;
use slint::{ComponentHandle, LogicalPosition, LogicalSize};

mod ruler {
    slint::slint! {
        // What Slint makes of a text, asked by its cursor.
        export component Ruler inherits Window {
            in property <string> told;
            in property <length> size: 15px;
            in property <length> wide: 300px;
            out property <Point> found;
            out property <length> high: input.preferred-height;
            default-font-family: "Inter";
            width: 1000px;
            height: 1000px;
            public function look(at: int) { input.set-selection-offsets(at, at); }
            input := TextInput {
                x: 0;
                y: 0;
                width: root.wide;
                height: 1000px;
                text: root.told;
                font-size: root.size;
                single-line: false;
                wrap: word-wrap;
                cursor-position-changed(at) => { root.found = at; }
            }
        }
    }
}

const EMOJI: [&str; 9] = ["🙂", "❤️", "❤", "👩🏽‍🚀", "🇧🇬", "1️⃣", "©️", "☔", "👍🏿"];

/// With real fonts, drawn in software.
fn drawn() {
    let backend = TestingBackend::new(TestingBackendOptions {
        mock_time: true,
        threading: false,
        renderer_name: Some("software".into()),
    });
    slint::platform::set_platform(Box::new(backend)).expect("the first");
}

#[test]
fn pictures_stand_where_slint_has_left_room_for_them() {
    drawn();
    let ruler = ruler::Ruler::new().expect("a window");
    fonts::register();
    ruler.window().set_size(LogicalSize::new(1_000.0, 1_000.0));
    ruler.show().expect("it is shown");
    // From left to right alone: elsewhere a cursor has two places where lines and directions meet, and this asks it.
    let onward = prop_oneof![
        prop::sample::select(&EMOJI[..]),
        Just(" "),
        Just("\n"),
        Just("roof"),
        Just("читалището "),
        Just("smørrebrød, "),
    ];
    let text = proptest::collection::vec(onward, 1..40);
    let sizes = (
        60.0..500.0_f32,
        prop::sample::select(&[12.0_f32, 15.0, 30.0, 36.0][..]),
    );
    let mut runner = TestRunner::new(Config::with_cases(60));
    let outcome = runner.run(&(text, sizes), |(pieces, (wide, size))| {
        let text = pieces.concat();
        let shape = Shape {
            width: wide,
            height: 1_000.0,
            size,
            weight: 400.0,
            wraps: true,
            elides: false,
            across: 0.0,
            down: 0.0,
        };
        let mut found = spots(&text, shape);
        ruler.set_told(text.as_str().into());
        ruler.set_size(size);
        ruler.set_wide(wide);
        let mut at = 0;
        for piece in &pieces {
            if EMOJI.contains(piece) {
                prop_assert!(within(piece));
                ruler.invoke_look(at);
                let place = ruler.get_found();
                // The cursor is at the top of a line, to the right of what is read from there.
                let is_here = |spot: &Spot| {
                    let down = spot.baseline - place.y;
                    let across = place.x - spot.x;
                    down > 0.0
                        && down < size * 1.5
                        && (across.abs() < 1.5 || (across - size * 1.185).abs() < 1.5)
                };
                let spot = found.iter().position(is_here);
                prop_assert!(
                    spot.is_some(),
                    "{piece} at {place:?} of {text:?}: {found:?}"
                );
                found.remove(spot.unwrap_or(0));
            }
            at += piece.len() as i32;
        }
        prop_assert!(
            found.is_empty(),
            "no more than there are: {text:?}: {found:?}"
        );
        Ok(())
    });
    outcome.unwrap_or_else(|fault| panic!("{fault}"));
}

#[test]
fn the_cursor_of_a_long_draft_is_found_where_slint_finds_it() {
    drawn();
    let ruler = ruler::Ruler::new().expect("a window");
    fonts::register();
    ruler.window().set_size(LogicalSize::new(1_000.0, 1_000.0));
    ruler.show().expect("it is shown");
    let piece = prop::sample::select(
        &[
            "🙂",
            "❤️",
            " ",
            "\n",
            "\r\n",
            "roof",
            "читалището ",
            "مرحبا ",
            "שלום ",
            "é",
            "👩🏽‍🚀",
        ][..],
    );
    let text = (
        proptest::collection::vec(piece, 0..40),
        any::<prop::sample::Index>(),
    );
    let sizes = (60.0..500.0_f32, prop::sample::select(&[15.0_f32, 30.0][..]));
    let mut runner = TestRunner::new(Config::with_cases(200));
    let outcome = runner.run(&(text, sizes), |((pieces, at), (wide, size))| {
        let text = pieces.concat();
        let at = text.floor_char_boundary(at.index(text.len() + 1));
        let shape = Shape {
            width: wide,
            height: 0.0,
            size,
            weight: 400.0,
            wraps: true,
            elides: false,
            across: 0.0,
            down: 0.0,
        };
        ruler.set_told(text.as_str().into());
        ruler.set_size(size);
        ruler.set_wide(wide);
        ruler.invoke_look(at as i32);
        let (place, caret) = (ruler.get_found(), caret(&text, at, shape));
        let off = (place.x - caret.x).abs().max((place.y - caret.y).abs());
        prop_assert!(off < 0.1, "{at} of {text:?}: {place:?} {caret:?}");
        let high = ruler.get_high();
        prop_assert_eq!(high, caret.tall.ceil(), "{:?}", text);
        Ok(())
    });
    outcome.unwrap_or_else(|fault| panic!("{fault}"));
}

#[test]
fn a_line_that_ends_with_dots_has_no_picture_after_them() {
    drawn();
    let ruler = ruler::Ruler::new().expect("a window");
    fonts::register();
    ruler.show().expect("it is shown");
    let shape = |width| Shape {
        width,
        height: 20.0,
        size: 15.0,
        weight: 400.0,
        wraps: false,
        elides: true,
        across: 0.0,
        down: 0.5,
    };
    let text = "🙂 tea is on 🙂";
    assert_eq!(spots(text, shape(300.0)).len(), 2);
    assert_eq!(spots(text, shape(80.0)).len(), 1);
}

fn talking(width: f32) -> Window {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana"]);
    stage.talk("a").add("Warm here 🔥", false, NOON - 60_000);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let mut window = Window::of(stage, width, 720.0);
    window.does(ChatsAction::OpenChat(chat_id("a")));
    window.window.ui().invoke_focus_draft();
    window.settles();
    window
}

fn draft(window: &Window) -> String {
    let view = window.window.ui().global::<ThreadView>();
    view.get_draft_text().into()
}

/// The line below the grid says so, also to a screen reader.
fn is_marked(window: &Window, name: &str) -> bool {
    let named = window.all(name);
    let mut roles = named.iter().map(|one| one.accessible_role());
    roles.any(|role| role == Some(AccessibleRole::Text))
}

fn is_open(window: &Window) -> bool {
    !window.all("Find an emoji").is_empty()
}

#[test]
fn an_emoji_is_picked_by_the_keyboard_and_stands_where_the_cursor_was() {
    let mut window = talking(1_000.0);
    window.one("Ana, 11:59: Warm here 🔥");
    window.types("ab");
    window.presses(&[], Key::LeftArrow);
    window.presses(&[Key::Control], '.');
    assert!(is_open(&window));
    window.types("thumbs");
    assert!(is_marked(&window, "thumbs up"));
    window.presses(&[], Key::Return);
    assert_eq!(draft(&window), "a👍b");
    window.presses(&[], Key::RightArrow);
    assert!(is_marked(&window, "thumbs down"));
    window.presses(&[], Key::Return);
    assert_eq!(draft(&window), "a👍👎b");
    window.presses(&[], Key::Escape);
    assert!(!is_open(&window));
    // The cursor is back, behind what was put there.
    window.types("c");
    assert_eq!(draft(&window), "a👍👎cb");
    window.presses(&[], Key::Return);
    let sent = window.asked(|request| match request {
        Request::Send { draft, .. } => Some(draft.text.0.clone()),
        _ => None,
    });
    assert_eq!(sent, ["a👍👎cb"]);
}

#[test]
fn what_is_picked_replaces_what_is_marked() {
    let mut window = talking(1_000.0);
    window.types("wonderful");
    window.presses(&[Key::Control], 'a');
    window.presses(&[Key::Control], '.');
    window.types("beaming");
    window.presses(&[], Key::Return);
    assert_eq!(draft(&window), "😁");
}

#[test]
fn on_a_phone_everything_of_the_picker_is_large_enough_for_a_finger() {
    let mut window = talking(360.0);
    window.clicks("Pick an emoji");
    assert!(is_open(&window));
    let cells = || {
        ElementQuery::from_root(window.window.ui())
            .match_inherits("Cell")
            .find_all()
    };
    assert!(cells().len() >= 8 * 5, "{}", cells().len());
    for cell in cells() {
        let (at, size) = (cell.absolute_position(), cell.size());
        assert!(size.width >= 40.0 && size.height >= 40.0, "{size:?}");
        assert!(at.x >= 0.0 && at.x + size.width <= 360.0, "{at:?}");
        assert!(cell.accessible_label().is_some_and(|name| !name.is_empty()));
        assert_eq!(cell.accessible_role(), Some(AccessibleRole::Button));
    }
    let tabs = ElementQuery::from_root(window.window.ui())
        .match_inherits("Tab")
        .find_all();
    assert_eq!(tabs.len(), 9);
    for tab in &tabs {
        assert!(tab.size().width >= 40.0 && tab.size().height >= 40.0);
    }
    for label in ["Close", "Colour of skin", "Pick an emoji"] {
        let size = window.one(label).size();
        assert!(size.width >= 40.0 && size.height >= 40.0, "{label}");
    }
    window.clicks("Food and drink");
    window.clicks("green apple");
    assert_eq!(draft(&window), "🍏");
    // A press beside it closes it.
    window.points(LogicalPosition::new(180.0, 100.0));
    window.draws(
        LogicalPosition::new(180.0, 100.0),
        LogicalPosition::new(180.0, 100.0),
    );
    assert!(!is_open(&window));
}

#[test]
fn the_names_are_those_of_the_language_and_english_ones_are_found_too() {
    let mut window = talking(1_000.0);
    window.does(Action::Prefer(Preference::Language(Some("sv".into()))));
    window.presses(&[Key::Control], '.');
    for query in ["tumme upp", "thumbs up"] {
        window.types(query);
        assert!(is_marked(&window, "tummen upp"), "{query}");
        for _ in 0..query.chars().count() {
            window.presses(&[], Key::Backspace);
        }
    }
}

fn pictures(window: &Window) -> usize {
    let all = ElementQuery::from_root(window.window.ui()).match_inherits("Pictures");
    all.find_all().len()
}

#[test]
fn emoji_of_a_message_that_is_being_sent_are_drawn() {
    init_no_event_loop();
    let sending = |text: &str| {
        let mut stage = Stage::talking(1);
        stage.does(ThreadAction::Draft(text.into()));
        stage.act(ThreadAction::Send);
        assert_eq!(stage.thread().sending.len(), 1);
        // The node does not answer.
        stage.asked.clear();
        pictures(&Window::of(stage, 1_000.0, 720.0))
    };
    assert_eq!(sending("On its way 🔥"), sending("On its way") + 1);
}

#[test]
fn an_emoji_that_the_node_refuses_is_no_bug_to_the_user() {
    let mut window = talking(1_000.0);
    window.hears(Update::Refused(Refusal::NotAnEmoji));
    let told = window.all("This is not one emoji. Give exactly one, like 👍.");
    assert!(!told.is_empty());
}
