//! The interface from right to left: whatever stands on one side stands on the other, as in a mirror. Texts of people keep their own
//! direction.

use hedgerow_gui::model::*;
use hedgerow_gui::ui::{AppWindow, Direction};
use i_slint_backend_testing::{ElementHandle, ElementQuery, init_no_event_loop};
use slint::ComponentHandle;

use crate::screens::screens;
use crate::stage::window::Window;
use crate::stage::{Stage, chat_id};

/// How far from its mirror image something may stand, in pixels.
const OFF: f32 = 1.0;

/// What has a side of its own: the time in the last line of a text, the bars of Slint's own lists, pictures over letters, the two
/// lines beside the name of a day, which are alike, and the strokes of a voice note, whose time runs from left to right.
const KEEPS_ITS_SIDE: [&str; 5] = ["Foot", "ScrollBar", "Pictures", "Separator", "Strokes"];

/// Where an element stands.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    name: String,
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Place {
    fn of(element: &ElementHandle) -> Self {
        let (at, size) = (element.absolute_position(), element.size());
        let name = element.id().or(element.type_name());
        Self {
            name: name.unwrap_or_default().into(),
            left: at.x,
            top: at.y,
            width: size.width,
            height: size.height,
        }
    }

    fn has(&self, other: &Self) -> bool {
        let within = |from: f32, length: f32, at: f32, long: f32| {
            at >= from - OFF && at + long <= from + length + OFF
        };
        within(self.left, self.width, other.left, other.width)
            && within(self.top, self.height, other.top, other.height)
    }

    fn mirrored(&self, width: f32) -> Self {
        Self {
            left: width - self.width - self.left,
            ..self.clone()
        }
    }

    fn is_near(&self, other: &Self) -> bool {
        let is_near = |one: f32, other: f32| (one - other).abs() <= OFF;
        self.name == other.name
            && is_near(self.left, other.left)
            && is_near(self.top, other.top)
            && is_near(self.width, other.width)
            && is_near(self.height, other.height)
    }
}

fn elements(ui: &AppWindow) -> Vec<ElementHandle> {
    let query = ElementQuery::from_root(ui).match_descendants();
    query.match_predicate(|_| true).find_all()
}

fn places(ui: &AppWindow) -> Vec<Place> {
    elements(ui).iter().map(Place::of).collect()
}

/// Which places of a window are those of what keeps its side, or are within it.
fn keeping(ui: &AppWindow) -> Vec<Place> {
    let all = elements(ui).into_iter();
    let kept = all.filter(|element| {
        let mut names = element
            .type_name()
            .into_iter()
            .chain(element.bases().into_iter().flatten());
        names.any(|name| KEEPS_ITS_SIDE.contains(&name.as_str()))
    });
    kept.map(|element| Place::of(&element)).collect()
}

/// What does not stand where the mirror image of what was there `before` stands.
fn unmirrored(before: &[Place], after: &[Place], kept: &[Place], width: f32) -> Vec<String> {
    let named = |places: &[Place]| {
        places
            .iter()
            .map(|place| place.name.clone())
            .collect::<Vec<_>>()
    };
    if named(before) != named(after) {
        return vec!["there are other elements".into()];
    }
    let pairs = before.iter().zip(after).filter(|(one, _)| {
        let is_seen = one.width > 0.0 && one.left + one.width > 0.0 && one.left < width;
        is_seen && !kept.iter().any(|place| place.has(one))
    });
    let wrong = pairs.filter_map(|(one, other)| {
        let wanted = one.mirrored(width);
        (!wanted.is_near(other)).then(|| format!("{other:?}, not at {}", wanted.left))
    });
    wrong.collect()
}

#[test]
fn every_screen_is_mirrored_where_one_reads_from_the_right() {
    init_no_event_loop();
    let mut wrong = Vec::new();
    for (name, stage) in screens() {
        let is_narrow_too = ["welcome", "chats", "conversation", "settings"].contains(&name);
        let widths = [1_100.0, 360.0];
        for width in &widths[..1 + usize::from(is_narrow_too)] {
            let mut stage = stage();
            stage.does(Action::Prefer(Preference::Language(Some("en".into()))));
            let mut window = Window::of(stage, *width, 720.0);
            let ui = window.window.clone();
            let (before, kept) = (places(ui.ui()), keeping(ui.ui()));
            assert!(before.len() > 20, "this cannot be all of {name}");
            ui.ui().global::<Direction>().set_rtl(true);
            window.settles();
            let found = unmirrored(&before, &places(ui.ui()), &kept, *width);
            wrong.extend(found.iter().map(|what| format!("{name} {width}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_stays_on_its_side_is_found() {
    let part = |name: &str, left| Place {
        name: name.into(),
        left,
        top: 0.0,
        width: 10.0,
        height: 10.0,
    };
    let before = [part("icon", 0.0), part("text", 20.0)];
    let mirrored = [part("icon", 90.0), part("text", 70.0)];
    assert_eq!(unmirrored(&before, &mirrored, &[], 100.0), [""; 0]);
    let left = [part("icon", 90.0), part("text", 20.0)];
    assert_eq!(unmirrored(&before, &left, &[], 100.0).len(), 1);
    assert_eq!(unmirrored(&before, &left, &before[1..], 100.0), [""; 0]);
}

#[test]
fn arabic_hebrew_and_persian_run_from_the_right_and_nothing_else() {
    init_no_event_loop();
    let mut window = Window::of(Stage::open(&["Ana"]), 1_000.0, 700.0);
    for (code, is_mirrored) in [
        ("ar", true),
        ("uk", false),
        ("he", true),
        ("fa", true),
        ("fr", false),
    ] {
        window.does(Action::Prefer(Preference::Language(Some(code.into()))));
        let ui = window.window.ui();
        assert_eq!(ui.global::<Direction>().get_rtl(), is_mirrored, "{code}");
    }
}

#[test]
fn a_name_that_runs_the_other_way_does_not_mix_with_the_sentence() {
    init_no_event_loop();
    let mut window = Window::of(Stage::open(&["Ana", "מרים"]), 1_000.0, 700.0);
    window.clicks("Ana");
    window.one("Message to Ana");
    window.does(ChatsAction::OpenChat(chat_id("b")));
    window.one("Message to \u{2068}מרים\u{2069}");
    window.window.ui().global::<Direction>().set_rtl(true);
    window.settles();
    window.one("Message to מרים");
}

#[test]
fn what_somebody_types_runs_as_its_first_letter_does() {
    init_no_event_loop();
    let window = Window::of(Stage::open(&["Ana"]), 1_000.0, 700.0);
    let direction = window.window.ui().global::<Direction>();
    for (text, from_right) in [
        ("hello", false),
        ("مرحبا", true),
        ("  שלום, Ana", true),
        ("Ana: שלום", false),
    ] {
        for rtl in [false, true] {
            assert_eq!(
                direction.invoke_runs_left(text.into(), rtl),
                from_right,
                "{text}"
            );
        }
    }
    assert!(direction.invoke_runs_left("12:30 🙂".into(), true));
    assert!(!direction.invoke_runs_left("".into(), false));
}
