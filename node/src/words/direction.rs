//! Words that run the other way than the sentence around them.

use std::borrow::Cow;

use unicode_bidi::{BidiClass, bidi_class};

/// A name, an address or a command as it goes into a sentence that runs from the right, or from the left. If any of it runs the other
/// way, it stands between the marks that keep the order of both (UAX #9: first strong isolate, pop directional isolate).
pub fn isolated(text: &str, right_to_left: bool) -> Cow<'_, str> {
    let is_foreign = |letter| match bidi_class(letter) {
        BidiClass::L => right_to_left,
        BidiClass::R | BidiClass::AL => !right_to_left,
        _ => false,
    };
    match text.chars().any(is_foreign) {
        true => format!("\u{2068}{text}\u{2069}").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_the_other_way_is_isolated() {
        assert_eq!(isolated("Ben", false), "Ben");
        assert_eq!(isolated("Ben", true), "\u{2068}Ben\u{2069}");
        assert_eq!(isolated("مريم", false), "\u{2068}مريم\u{2069}");
        assert_eq!(isolated("مريم", true), "مريم");
        assert_eq!(isolated("דנה (Dana)", true), "\u{2068}דנה (Dana)\u{2069}");
        for of_no_direction in ["", "12:30", "🚲!", "٣٫٥"] {
            assert_eq!(isolated(of_no_direction, false), of_no_direction);
            assert_eq!(isolated(of_no_direction, true), of_no_direction);
        }
    }
}
