//! Every screen fits, in every language, on a phone and in large letters: no word is broken, nothing is cut off, nothing lies over
//! something else, and a finger finds what it presses. Found on the sizes that the layout itself gives.

mod broken;
mod parts;
pub mod stages;

use std::collections::BTreeMap;

use hedgerow_gui::fonts;
use hedgerow_gui::model::*;
use hedgerow_gui::ui::AppWindow;
use hedgerow_node::words::Language;
use i_slint_backend_testing::{ElementQuery, TestingBackend, TestingBackendOptions};
use i_slint_core::items::TextWrap;
use i_slint_core::lengths::LogicalRect;

use crate::stage::window::Window;
use parts::{Kind, Letters, Part, Scales};

/// The least width and height of what a finger presses, in pixels.
const FINGER: f32 = 44.0;

/// What is rounded, in pixels.
const ROUNDED: f32 = 1.0;

/// What people or the net have named, and examples of it: shortened or broken where there is no room.
const GIVEN: [&str; 12] = [
    "Bubble::body",
    "Quote::author",
    "Quote::words",
    "Chat::name",
    "Chat::preview",
    "Field::example",
    "Shown::link",
    "Thread::name",
    "Picker::called",
    "HitLine::name",
    "FileInMessage::name",
    "Attached::name",
];

/// What is no button: the bars at the side of what scrolls, and a message, which is as high as what it says.
const NO_BUTTON: [&str; 3] = ["ScrollBar", "Thread::drag", "Bubble::press"];

/// A way to look at a screen: width, height, size of text.
type Look = (f32, f32, u16);

const PHONE_LARGE: Look = (360.0, 720.0, 200);
const PHONE: Look = (360.0, 720.0, 100);
const WIDE: Look = (1_000.0, 700.0, 100);

fn begin() {
    let backend = TestingBackend::new(TestingBackendOptions {
        mock_time: true,
        threading: false,
        renderer_name: Some("software".into()),
    });
    slint::platform::set_platform(Box::new(backend)).expect("the first");
    let first = AppWindow::new().expect("a window");
    fonts::register();
    drop(first);
}

/// Cut off, or of a width that breaks a word.
fn is_cut(part: &Part, letters: &Letters) -> Option<String> {
    let (width, height) = (part.area.width(), part.area.height());
    let given = GIVEN.iter().any(|name| part.is_in(name));
    if letters.least_width > width + ROUNDED && !given {
        let least = letters.least_width;
        return Some(match letters.wrap {
            TextWrap::NoWrap => format!("needs {least} in width and has {width}"),
            _ => format!("has a word of {least} and a width of {width}"),
        });
    }
    // A long message is folded.
    let is_shortened = given && (letters.elides || part.is_in("Bubble::body"));
    (letters.height > height + ROUNDED && !is_shortened)
        .then(|| format!("needs {} in height and has {height}", letters.height))
}

fn is_within(area: &LogicalRect, room: &LogicalRect) -> bool {
    room.inflate(ROUNDED, ROUNDED).contains_rect(area)
}

/// What does not fit.
fn faults(parts: &[Part], by_finger: bool) -> Vec<String> {
    let mut faults = Vec::new();
    for part in parts {
        let mut fault = |what: String| faults.push(format!("{} {what}", part.name()));
        if let Kind::Letters(letters) = &part.kind {
            if let Some(cut) = is_cut(part, letters) {
                fault(cut);
            }
            if let Some(control) = part.control
                && !is_within(&part.area, &control)
            {
                fault(format!("leaves its control: {:?} {control:?}", part.area));
            }
        }
        let is_typed = part.is_in("TextInput");
        if !is_within(&part.area, &part.room) && !is_typed {
            fault(format!(
                "leaves what is seen: {:?} {:?}",
                part.area, part.room
            ));
        }
        let (width, height) = (part.area.width(), part.area.height());
        let is_small = width.min(height) + ROUNDED < FINGER;
        let is_pressed =
            part.kind == Kind::Target && !NO_BUTTON.iter().any(|name| part.is_in(name));
        if by_finger && is_pressed && is_small {
            fault(format!("is {width} × {height}, too small for a finger"));
        }
    }
    let seen: Vec<_> = parts
        .iter()
        .filter(|part| part.kind != Kind::Target)
        .collect();
    for (at, part) in seen.iter().enumerate() {
        for other in &seen[at + 1..] {
            if part.stands_beside(other) && overlap(part, other) {
                faults.push(format!("{} lies over {}", other.name(), part.name()));
            }
        }
    }
    faults
}

fn overlap(one: &Part, other: &Part) -> bool {
    let shared = one.area.intersection(&other.area);
    let is_seen =
        shared.is_some_and(|shared| shared.width() > ROUNDED && shared.height() > ROUNDED);
    // The time stands in the room that the last line of a text leaves, and what is typed in place of the example.
    let keeps_room = |one: &Part, other: &Part| {
        (one.is_in("Bubble::body") && other.is_in("Foot"))
            || (one.is_in("Field::example") && other.is_in("TextInput"))
            || (one.is_in("Composer") && other.is_in("TextInput"))
    };
    is_seen && !keeps_room(one, other) && !keeps_room(other, one)
}

/// What does not fit of any screen, looked at in this way: each fault once, with the languages and screens where it is.
fn all_faults(look: Look) -> BTreeMap<String, Vec<String>> {
    begin();
    let (width, height, percent) = look;
    let mut scales = Scales::default();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, stage, opens) in stages::all() {
        let mut window = Window::of(stage(), width, height);
        window.does(Action::Prefer(Preference::TextPercent(percent)));
        let folds = ElementQuery::from_root(window.window.ui()).match_inherits("Fold");
        for fold in folds.find_all() {
            fold.invoke_accessible_expand_action();
        }
        for language in Language::ALL {
            let code = language.code();
            window.does(Action::Prefer(Preference::Language(Some(code.into()))));
            opens(window.window.ui());
            window.settles();
            let parts = parts::of(window.window.ui(), &mut scales);
            for fault in faults(&parts, width < 640.0) {
                all.entry(fault).or_default().push(format!("{name} {code}"));
            }
        }
    }
    all
}

fn assert_fits(look: Look) {
    let faults = all_faults(look);
    let told = faults
        .iter()
        .map(|(fault, places)| format!("{}: {fault}", places.join(", ")));
    let told: Vec<_> = told.collect();
    assert!(told.is_empty(), "{}\n{}", told.len(), told.join("\n"));
}

#[test]
fn every_screen_fits_a_phone_in_letters_twice_as_large_in_every_language() {
    assert_fits(PHONE_LARGE);
}

#[test]
#[ignore = "a minute or two: the README has the command"]
fn every_screen_fits_a_phone_in_every_language() {
    assert_fits(PHONE);
}

#[test]
#[ignore = "a minute or two: the README has the command"]
fn every_screen_fits_a_wide_window_in_every_language() {
    assert_fits(WIDE);
}
