//! Where one writes: what is seen of it while it grows.

use hedgerow_gui::model::*;
use i_slint_backend_testing::{ElementHandle, init_no_event_loop};

use crate::stage::Stage;
use crate::stage::window::Window;

/// What is rounded, in pixels.
const ROUNDED: f32 = 1.0;

/// The part of a line that may be out of view: no letter stands there.
const CUT: f32 = 0.125;

/// The most lines that are seen at a time.
const LINES: f32 = 6.0;

/// How far the first line stands above the room for the text, and how high that is.
fn hidden(window: &Window) -> (f32, f32) {
    let only = |id: &str| {
        let found = ElementHandle::find_by_element_id(window.window.ui(), id);
        let found: Vec<_> = found.collect();
        assert_eq!(found.len(), 1, "{id}");
        found.into_iter().next().expect("one")
    };
    let (frame, input) = (only("Composer::frame"), only("Composer::input"));
    let above = frame.absolute_position().y - input.absolute_position().y;
    (above, frame.size().height)
}

#[test]
fn the_first_line_keeps_its_place_until_there_are_too_many_and_then_whole_lines_are_seen() {
    init_no_event_loop();
    for (width, percent) in [(360.0, 100), (360.0, 200), (1_000.0, 100)] {
        let mut window = Window::of(Stage::talking(3), width, 720.0);
        window.does(Action::Prefer(Preference::TextPercent(percent)));
        let (_, least) = hidden(&window);
        let mut highest = least;
        let mut went_on = 0;
        // Words fill the lines, as they do for somebody who writes.
        for word in 0..400 {
            window.types("longer ");
            let (above, tall) = hidden(&window);
            let what = format!("{width} {percent}, word {word}: {above} of {tall}");
            if tall > highest + ROUNDED || tall < least + ROUNDED {
                assert!(above < ROUNDED, "{what}: it grows, and all of it is seen");
                highest = highest.max(tall);
                continue;
            }
            if above > ROUNDED {
                let lines = above / (tall / LINES);
                let cut = (lines - lines.round()).abs();
                assert!(cut < CUT, "{what}: {cut} of a line is cut");
                went_on += 1;
            }
            if went_on > 20 {
                break;
            }
        }
        assert!(
            went_on > 20,
            "{width} {percent}: it is longer than its room"
        );
    }
}
