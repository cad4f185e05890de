//! What a message says around the words that were found in it.

use hedgerow_node::api::{FoundRange, visible};

/// The most characters that are shown before the first word that was found, and of all.
const BEFORE: usize = 30;
const WHOLE: usize = 120;

/// A part of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// Whether it is what was found.
    pub found: bool,
}

impl Piece {
    /// Something that was not found.
    pub fn plain(text: &str) -> Piece {
        Piece {
            text: text.to_owned(),
            found: false,
        }
    }
}

/// The text around what was found, on one line. Ranges that do not fit the text mark nothing.
pub(super) fn excerpt(text: &str, ranges: &[FoundRange]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for range in ranges {
        let parts = text.get(at..range.start);
        let Some((before, found)) = parts.zip(text.get(range.start..range.end)) else {
            break;
        };
        pieces.push(match at {
            0 => piece(&end_of(before), false),
            _ => piece(before, false),
        });
        pieces.push(piece(found, true));
        at = range.end;
    }
    pieces.push(piece(text.get(at..).unwrap_or_default(), false));
    let mut left = WHOLE;
    for piece in &mut pieces {
        let length = piece.text.chars().count();
        if length > left {
            let rest = if left > 0 { "…" } else { "" };
            piece.text = piece.text.chars().take(left).chain(rest.chars()).collect();
        }
        left = left.saturating_sub(length);
    }
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// The end of a text, as much as is shown of it.
fn end_of(text: &str) -> String {
    match text.char_indices().rev().nth(BEFORE - 1) {
        Some((at, _)) if at > 0 => format!("…{}", &text[at..]),
        _ => text.to_owned(),
    }
}

/// A part of a text, with one space where there are several, or a line ends.
fn piece(text: &str, found: bool) -> Piece {
    let mut line = String::new();
    for letter in text.chars().take(WHOLE * 4) {
        let letter = if letter.is_whitespace() { ' ' } else { letter };
        if letter != ' ' || !line.ends_with(' ') {
            line.push(letter);
        }
    }
    let text = visible::paragraph(&line);
    Piece { text, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, ranges: &[(usize, usize)]) -> String {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|(start, end)| FoundRange {
                start: *start,
                end: *end,
            })
            .collect();
        let pieces = excerpt(text, &ranges).into_iter();
        let marked = pieces.map(|piece| match piece.found {
            true => format!("[{}]", piece.text),
            false => piece.text,
        });
        marked.collect()
    }

    #[test]
    fn an_excerpt_is_one_short_line_with_the_words_marked() {
        assert_eq!(shown("the\n hall is", &[(5, 9)]), "the [hall] is");
        let long = format!("{}hall {}", "over ".repeat(40), "and out ".repeat(40));
        let line = shown(&long, &[(200, 204)]);
        assert!(line.starts_with('…') && line.ends_with('…') && line.contains("[hall]"));
        assert!(line.chars().count() < WHOLE + 8, "{line}");
    }

    #[test]
    fn ranges_that_do_not_fit_a_text_mark_nothing() {
        for range in [(1, 2), (0, 9), (5, 4)] {
            assert_eq!(shown("é", &[range]), "é");
        }
    }

    #[test]
    fn an_excerpt_obeys_no_override() {
        assert_eq!(shown("gpj\u{202e}exe", &[(0, 3)]), "[gpj]exe");
    }
}
