//! Turns a text with links into the markup for the interface's styled text. Escapes every character of the text that
//! could be markup.

use crate::model::{Piece, Span};

/// The markup of a text.
pub fn markdown(spans: &[Span]) -> String {
    let mut markup = String::new();
    for span in spans {
        match &span.link {
            None => text(&mut markup, &span.text),
            Some(link) => {
                markup.push('[');
                text(&mut markup, &span.text);
                markup.push_str("](<");
                for letter in link.chars() {
                    match letter {
                        '<' => markup.push_str("%3C"),
                        '>' => markup.push_str("%3E"),
                        '\\' => markup.push_str("%5C"),
                        letter if letter.is_whitespace() || letter.is_control() => {}
                        letter => markup.push(letter),
                    }
                }
                markup.push_str(">)");
            }
        }
    }
    markup
}

/// The markup of an excerpt: what was found is underlined.
pub fn marked(excerpt: &[Piece]) -> String {
    let mut markup = String::new();
    for piece in excerpt {
        if piece.found {
            markup.push_str("<u>");
        }
        text(&mut markup, &piece.text);
        if piece.found {
            markup.push_str("</u>");
        }
    }
    markup
}

fn text(markup: &mut String, text: &str) {
    let mut line_begins = markup.is_empty() || markup.ends_with('\n');
    for letter in text.chars() {
        match letter {
            // A line break that stays one, even in an empty line.
            '\n' if line_begins => markup.push_str("\u{a0}\\\n"),
            '\n' => markup.push_str("\\\n"),
            // Markup drops spaces at the beginning of a line, or takes the line for code.
            ' ' | '\t' if line_begins => markup.push('\u{a0}'),
            letter if letter.is_ascii_punctuation() => {
                markup.push('\\');
                markup.push(letter);
            }
            letter => markup.push(letter),
        }
        line_begins = letter == '\n' || (line_begins && matches!(letter, ' ' | '\t'));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slint::StyledText;

    use super::*;

    fn plain(text: &str) -> Span {
        Span {
            text: text.into(),
            link: None,
        }
    }

    #[test]
    fn what_looks_like_markup_is_text() {
        let hostile = "# *a* <u>b</u> [c](http://d) `e` &amp; 1. - > | ~~f~~\n\n    code\n---";
        let markup = markdown(&[plain(hostile)]);
        let styled = StyledText::from_markdown(&markup).expect("it is understood");
        // Four paragraphs of plain letters, without formats or links.
        let seen = format!("{styled:?}");
        let letters = r##"text: "# *a* <u>b</u> [c](http://d) `e` &amp; 1. - > | ~~f~~""##;
        assert!(seen.contains(letters), "{seen}");
        assert!(seen.contains(r#"text: "---""#), "{seen}");
        assert_eq!(
            seen.matches("formatting: [], links: []").count(),
            4,
            "{seen}"
        );
    }

    proptest! {
        #[test]
        fn every_text_is_understood(text in "\\PC{0,200}", link in "https?://[a-z<>\\\\ ]{1,20}") {
            let link = Span { text: "there".into(), link: Some(link) };
            let markup = markdown(&[plain(&text), link]);
            prop_assert!(StyledText::from_markdown(&markup).is_ok());
        }
    }
}
