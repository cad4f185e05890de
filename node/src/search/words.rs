//! The words of a text as search compares them (`docs/PROTOCOL.md` section 14).
//!
//! Words are those of UAX #29. Each is folded: compatibility forms are made equal (NFKC), and letter case, diacritics,
//! harakat, niqqud, tatweel and apostrophes are dropped. Scripts that put no space between words (Han, kana, Thai and
//! others) give a word for each character.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

/// The words of one text that are looked at; a text may have more.
pub const MAX_WORDS: usize = 4_096;

/// The longest folded word, in bytes: a longer one is cut.
pub const MAX_WORD: usize = 48;

/// A word in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Folded; never empty.
    pub folded: String,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// It is a character of a script without spaces …
    pub is_character: bool,
    /// … and follows another such character directly.
    pub is_joined: bool,
}

/// The words of a text, in its order.
pub fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut end_of_character = None;
    let pieces = text
        .unicode_word_indices()
        .flat_map(|(at, word)| pieces(at, word));
    pieces
        .filter_map(move |(range, is_character)| {
            let folded = fold(&text[range.clone()]);
            let is_joined = is_character && end_of_character == Some(range.start);
            end_of_character = is_character.then_some(range.end);
            (!folded.is_empty()).then_some(Word {
                folded,
                range,
                is_character,
                is_joined,
            })
        })
        .take(MAX_WORDS)
}

/// What the index keeps of a text: its words, and each pair of joined characters.
pub fn terms(text: &str, mut found: impl FnMut(&str)) {
    let mut last = String::new();
    for word in words(text) {
        found(&word.folded);
        if word.is_joined {
            last.push_str(&word.folded);
            found(&last);
        }
        last = word.folded;
    }
}

/// A word of UAX #29, or its characters if it is of a script without spaces.
fn pieces(at: usize, word: &str) -> impl Iterator<Item = (Range<usize>, bool)> {
    let is_character = word.chars().next().is_some_and(has_no_spaces);
    let whole = (!is_character).then(|| (at..at + word.len(), false));
    let graphemes = is_character.then(|| word.grapheme_indices(true));
    let characters = graphemes
        .into_iter()
        .flatten()
        .map(move |(inner, grapheme)| (at + inner..at + inner + grapheme.len(), true));
    whole.into_iter().chain(characters)
}

fn has_no_spaces(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            c.script(),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Bopomofo
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
                | Script::Tibetan
        )
}

/// A word as it is compared; empty if nothing of it is left.
fn fold(word: &str) -> String {
    let mut folded = if word.is_ascii() {
        let mut folded = word.to_ascii_lowercase();
        folded.retain(|c| c != '\'');
        folded
    } else {
        // Upper case first: it makes `ß` and `ss`, `σ` and `ς`, `ı` and `i` equal. It can compose letters anew.
        let cased = word.nfkd().filter(|c| !is_dropped(*c));
        let cased = cased
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase);
        cased.nfkd().filter(|c| !is_dropped(*c)).nfc().collect()
    };
    folded.truncate(folded.floor_char_boundary(MAX_WORD));
    folded
}

/// Apostrophes, tatweel, joiners, and the marks of scripts whose readers leave them out. Marks of other scripts are
/// letters: vowels of Indic and Thai, voiced kana.
fn is_dropped(c: char) -> bool {
    match c {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{2bc}' => true,
        '\u{640}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => true,
        '\u{3099}' | '\u{309a}' => false,
        c if c.is_ascii() => false,
        c => {
            let script = c.script();
            let is_left_out = matches!(
                script,
                Script::Inherited
                    | Script::Common
                    | Script::Latin
                    | Script::Greek
                    | Script::Cyrillic
                    | Script::Arabic
                    | Script::Hebrew
                    | Script::Syriac
            );
            is_left_out && is_combining_mark(c)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).map(|word| word.folded).collect()
    }

    fn all_terms(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        terms(text, |term| all.push(term.to_owned()));
        all
    }

    #[test]
    fn case_diacritics_and_compatibility_forms_do_not_tell_words_apart() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("Čaj", "caj"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδός"),
            ("ﬁre", "fire"),
            ("ｆｕｌｌ", "full"),
            ("don’t", "dont"),
            ("é", "e\u{301}"),
            ("مُحَمَّد", "محمد"),
            ("أحمـــد", "احمد"),
            ("שָׁלוֹם", "שלום"),
            ("Київ", "КИЇВ"),
            ("ŪDENS", "udens"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
            assert_eq!(folded(one).len(), 1);
        }
        for (one, other) in [("か", "が"), ("कि", "की"), ("กา", "กี")] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }

    #[test]
    fn scripts_without_spaces_give_characters_and_pairs() {
        assert_eq!(
            all_terms("東京タワー"),
            ["東", "京", "東京", "タ", "京タ", "ワ", "タワ", "ー", "ワー"]
        );
        assert_eq!(all_terms("東 京"), ["東", "京"]);
        let thai = words("ที่นี่").collect::<Vec<_>>();
        assert!(thai.len() == 2 && thai[1].is_joined && !thai[0].is_joined);
        assert_eq!(all_terms("서울역 앞"), ["서울역", "앞"]);
    }

    #[test]
    fn a_word_knows_its_place() {
        let text = "The “Übung”, 東京!";
        let places: Vec<&str> = words(text).map(|word| &text[word.range]).collect();
        assert_eq!(places, ["The", "Übung", "東", "京"]);
    }

    #[test]
    fn words_are_bounded_in_number_and_length() {
        assert_eq!(words(&"a ".repeat(70_000)).count(), MAX_WORDS);
        let long = "ä".repeat(3_000) + &"한".repeat(3_000);
        assert!(words(&long).all(|word| word.folded.len() <= MAX_WORD));
    }

    proptest! {
        #[test]
        fn any_text_has_words_that_fold_to_themselves(text in "\\PC{0,200}") {
            for word in words(&text) {
                prop_assert!(!word.folded.is_empty() && word.folded.len() <= MAX_WORD);
                prop_assert!(text.get(word.range.clone()).is_some());
            }
        }
    }
}
