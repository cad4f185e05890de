//! What a message has beside words, so that a search finds it by that alone.

use linkify::{LinkFinder, LinkKind};

/// Something that a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A picture, as its sender says.
    Picture,
    /// A file that is neither a picture nor a voice note.
    File,
    /// A voice note.
    Voice,
    /// A link in its text.
    Link,
}

impl Mark {
    /// The mark of a file of this type.
    pub fn of_file(media_type: Option<&str>, is_voice: bool) -> Mark {
        match media_type {
            _ if is_voice => Mark::Voice,
            Some(media_type) if media_type.starts_with("image/") => Mark::Picture,
            _ => Mark::File,
        }
    }

    /// How it stands in the index: as a word that no text has.
    pub(super) fn term(self) -> &'static str {
        match self {
            Mark::Picture => "\u{1}picture",
            Mark::File => "\u{1}file",
            Mark::Voice => "\u{1}voice",
            Mark::Link => "\u{1}link",
        }
    }
}

/// Whether a text has a link to a page.
pub fn has_link(text: &str) -> bool {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    finder.links(text).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::words;

    #[test]
    fn no_word_of_a_text_is_a_mark() {
        for mark in [Mark::Picture, Mark::File, Mark::Voice, Mark::Link] {
            words::terms(mark.term(), |term| assert_ne!(term, mark.term()));
        }
    }

    #[test]
    fn an_address_of_a_page_is_a_link_and_a_full_stop_is_none() {
        assert!(has_link("see https://example.org/hall."));
        assert!(!has_link("see the hall.at noon"));
    }
}
