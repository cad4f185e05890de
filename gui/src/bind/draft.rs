//! A long draft: where its cursor stands is found without setting all of it.

use slint::ComponentHandle;

use super::emoji::scale;
use crate::pictures::{Shape, caret};
use crate::ui::{AppWindow, Standing, ThreadView};

/// A draft of more bytes is long.
const LONG: usize = 1_000;

const BACKSPACE: &str = "\u{8}";
const DELETE: &str = "\u{7f}";

/// Where Slint encodes keys that write nothing.
const NO_LETTERS: std::ops::RangeInclusive<char> = '\u{f700}'..='\u{f7ff}';

pub fn listen(ui: &AppWindow) {
    let view = ui.global::<ThreadView>();
    view.on_is_long(|text| text.len() > LONG);
    view.on_is_typed(|text, key, anchor, cursor| {
        text.len() > LONG && changes(text.len(), &key, anchor, cursor)
    });
    let weak = ui.as_weak();
    view.on_standing(move |text, at, width, size, on_right| {
        let scale = scale(&weak);
        let shape = Shape {
            width: width * scale,
            height: 0.0,
            size: size * scale,
            weight: 400.0,
            wraps: true,
            elides: false,
            across: if on_right { 1.0 } else { 0.0 },
            down: 0.0,
        };
        let caret = caret(&text, usize::try_from(at).unwrap_or(0), shape);
        Standing {
            x: caret.x / scale,
            y: caret.y / scale,
            tall: (caret.tall / scale).ceil(),
        }
    });
}

/// Whether Slint's editor surely changes a text of so many bytes by this key alone.
fn changes(length: usize, key: &str, anchor: i32, cursor: i32) -> bool {
    let is_end = usize::try_from(cursor).is_ok_and(|cursor| cursor >= length);
    match key {
        BACKSPACE => anchor != cursor || cursor > 0,
        DELETE => anchor != cursor || !is_end,
        _ => {
            let is_letter = |c: char| c == '\n' || !(c.is_control() || NO_LETTERS.contains(&c));
            !key.is_empty() && key.chars().all(is_letter)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_or_taken_away_changes_a_text() {
        for key in ["a", " ", "\n", "я", "é", "🙂"] {
            assert!(changes(9, key, 3, 3), "{key}");
        }
        for key in ["", "\t", "\u{1b}", "\u{10}", "\u{f700}", "\u{f729}"] {
            assert!(!changes(9, key, 3, 3), "{key:?}");
        }
        assert!(changes(9, BACKSPACE, 9, 9) && !changes(9, BACKSPACE, 0, 0));
        assert!(changes(9, DELETE, 0, 0) && !changes(9, DELETE, 9, 9));
        assert!(changes(9, DELETE, 0, 9) && changes(9, BACKSPACE, 9, 0));
    }
}
