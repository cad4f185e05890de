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

/// As [`text`], for names: on one line.
pub fn name(name: &str) -> String {
    text(name).replace(['\n', '\t'], " ")
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
    fn a_name_stays_on_its_line() {
        assert_eq!(name("Ana\nBen"), "Ana Ben");
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
