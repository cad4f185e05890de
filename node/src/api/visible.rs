//! What strangers wrote, made safe to show.

/// The text with everything made visible that would move the cursor, change colours, or turn the
/// reading direction: for a terminal, which obeys all of it. Line breaks and tabs of a message stay.
pub fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            c if is_hostile(c) => {
                shown.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(c)));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// As [`text`], for names: on one line, with single spaces, so that a name makes no columns.
pub fn name(name: &str) -> String {
    let words: Vec<_> = name
        .split(is_space)
        .filter(|word| !word.is_empty())
        .collect();
    text(&words.join(" "))
}

/// JSON in which no string has anything in it that a terminal obeys: what stands in strings for such a character is
/// its escape, which means the same. (JSON itself escapes only U+0000 to U+001F.)
pub fn json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            c if is_hostile(c) => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown
}

/// The text without control characters, and without what makes a run of it read backwards: for a
/// window, which lays every message out by itself. Marks and isolates stay, which honest texts of
/// mixed directions need and which end with the message.
pub fn paragraph(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_override(*c)))
        .collect()
}

/// The name without anything that is not seen and turns what is around it: on one line, with single
/// spaces. A name in which nothing can be seen is `None`.
pub fn label(name: &str) -> Option<String> {
    let seen: String = name
        .chars()
        .filter(|c| c.is_whitespace() || !is_hostile(*c))
        .collect();
    let words: Vec<_> = seen.split_whitespace().collect();
    let label = words.join(" ");
    let invisible = |c: char| {
        c.is_whitespace()
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
    };
    (!label.chars().all(invisible)).then_some(label)
}

/// Whether everything in the name is shown as it is: nothing moves the cursor, breaks the line or turns the reading
/// direction.
pub fn is_plain(name: &str) -> bool {
    !name.chars().any(is_hostile)
}

/// What stands between words. A control character does not, but for line breaks and tabs.
fn is_space(c: char) -> bool {
    matches!(c, '\n' | '\t') || c.is_whitespace() && !is_hostile(c)
}

/// Control characters, and the marks, embeddings, overrides and isolates of the bidirectional
/// algorithm, which make a text read as another one.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || is_override(c)
        || matches!(
            c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}'
        )
        || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Embeddings and overrides of the bidirectional algorithm.
fn is_override(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_bidi_overrides_become_visible() {
        assert_eq!(text("a\u{1b}[31mb"), "a⟨U+001B⟩[31mb");
        assert_eq!(text("gpj\u{202e}exe"), "gpj⟨U+202E⟩exe");
        assert_eq!(text("one\ntwo\tthree\r"), "one\ntwo\tthree⟨U+000D⟩");
        assert_eq!(text("Grüße 👩‍👩‍👧 שלום 你好"), "Grüße 👩‍👩‍👧 שלום 你好");
    }

    #[test]
    fn a_name_stays_on_its_line_and_makes_no_columns() {
        assert_eq!(name("Ana\nBen"), "Ana Ben");
        assert_eq!(name(" Ana \u{a0}\t\u{3000} yes   lan "), "Ana yes lan");
        assert_eq!(name("Ana\rBen"), "Ana⟨U+000D⟩Ben");
    }

    #[test]
    fn json_keeps_its_meaning_and_loses_what_a_terminal_obeys() {
        let hostile: String = (0x7f..=0x9f)
            .chain([0x1b, 0x202e, 0x2028])
            .filter_map(char::from_u32)
            .collect();
        let written = serde_json::to_string(&[&hostile, "Grüße\n"]).unwrap();
        let shown = json(&written);
        assert!(
            shown.contains("\\u009b") && shown.contains("\\u007f") && shown.contains("Grüße\\n")
        );
        assert!(!shown.chars().any(is_hostile), "{shown}");
        let read: Vec<String> = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, [hostile.as_str(), "Grüße\n"]);
    }

    #[test]
    fn a_paragraph_keeps_its_lines_and_its_direction_and_loses_overrides() {
        assert_eq!(
            paragraph("gpj\u{202e}exe\u{7}\r\n\tשלום\u{200f}!"),
            "gpjexe\n\tשלום\u{200f}!"
        );
    }

    #[test]
    fn a_label_shows_what_it_says() {
        assert_eq!(
            label(" Ana\n\u{202e}neB\u{2069} ").as_deref(),
            Some("Ana neB")
        );
        assert_eq!(label("👩‍👩‍👧 Ana").as_deref(), Some("👩‍👩‍👧 Ana"));
        for unseen in ["", " \t", "\u{200b}\u{feff}", "\u{200e}\u{3164}"] {
            assert_eq!(label(unseen), None);
        }
    }
}
