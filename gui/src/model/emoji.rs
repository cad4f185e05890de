//! Emoji: the list of all, their names, and the texts that consist only of them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use unicode_segmentation::UnicodeSegmentation;

/// All emoji, by group, in the order of the picker.
const LIST: &str = include_str!("../../emoji/list.txt");

/// The character that asks for a picture after one that is usually drawn as a letter.
const SELECTOR: char = '\u{fe0f}';

/// The most emoji of a text that is drawn large because it consists only of them.
const MOST_LARGE: usize = 5;

/// The longest text that we check for that, in bytes: an emoji has at most 35.
const MAX_LARGE: usize = MOST_LARGE * 40;

/// The most bytes of the uncompressed names of one language.
const MAX_NAMES: usize = 1024 * 1024;

macro_rules! names {
    ($language:literal) => {
        (
            $language,
            include_bytes!(concat!(env!("OUT_DIR"), "/", $language, ".txt")).as_slice(),
        )
    };
}

/// The names of all emoji, compressed by the build. Each line belongs to the same line of `LIST`: the name, then words
/// by which a search finds it.
const NAMES: [(&str, &[u8]); 12] = [
    names!("en"),
    names!("ar"),
    names!("bg"),
    names!("da"),
    names!("es"),
    names!("fa"),
    names!("fr"),
    names!("he"),
    names!("lv"),
    names!("ro"),
    names!("sv"),
    names!("uk"),
];

/// A group of emoji, as Unicode divides them, and two of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EmojiGroup {
    /// Recently used.
    Recent,
    Smileys,
    People,
    Nature,
    Food,
    Travel,
    Activities,
    Objects,
    Symbols,
    Flags,
    /// Found by the search.
    Found,
}

/// The groups of `LIST`, in its order.
const GROUPS: [EmojiGroup; 9] = [
    EmojiGroup::Smileys,
    EmojiGroup::People,
    EmojiGroup::Nature,
    EmojiGroup::Food,
    EmojiGroup::Travel,
    EmojiGroup::Activities,
    EmojiGroup::Objects,
    EmojiGroup::Symbols,
    EmojiGroup::Flags,
];

/// A colour of skin: none, or one of Fitzpatrick's from light to dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SkinTone(u8);

impl SkinTone {
    /// The characters of Unicode; the first is none.
    const CHARACTERS: [Option<char>; 6] = [
        None,
        Some('\u{1f3fb}'),
        Some('\u{1f3fc}'),
        Some('\u{1f3fd}'),
        Some('\u{1f3fe}'),
        Some('\u{1f3ff}'),
    ];

    /// The colour with a number from a file; none if there is no such colour.
    pub(crate) fn numbered(number: u8) -> Self {
        match usize::from(number) < Self::CHARACTERS.len() {
            true => Self(number),
            false => Self::default(),
        }
    }

    /// Its number in a file.
    pub(crate) fn number(self) -> u8 {
        self.0
    }

    /// The colour after it; none after the last.
    pub(crate) fn next(self) -> Self {
        Self::numbered(self.0 + 1)
    }

    fn character(self) -> Option<char> {
        Self::CHARACTERS[usize::from(self.0)]
    }
}

/// An emoji that can be picked.
pub(crate) struct Emoji {
    /// Its characters in a text.
    pub text: &'static str,
    pub group: EmojiGroup,
    has_tones: bool,
}

impl Emoji {
    /// Its characters in a text, with skin of this colour if it has any.
    pub fn toned(&self, tone: SkinTone) -> String {
        let Some(tone) = tone.character().filter(|_| self.has_tones) else {
            return self.text.to_owned();
        };
        let mut characters = self.text.chars();
        let first = characters.next().into_iter();
        let rest = characters.as_str();
        let rest = rest.strip_prefix(SELECTOR).unwrap_or(rest);
        first.chain([tone]).chain(rest.chars()).collect()
    }
}

static ALL: LazyLock<Vec<Emoji>> = LazyLock::new(|| {
    let mut groups = GROUPS.into_iter();
    let mut group = EmojiGroup::Smileys;
    let mut all = Vec::new();
    for line in LIST.lines() {
        if line.starts_with("= ") {
            group = groups.next().unwrap_or(group);
            continue;
        }
        let (text, has_tones) = match line.split_once(' ') {
            Some((text, _)) => (text, true),
            None => (line, false),
        };
        all.push(Emoji {
            text,
            group,
            has_tones,
        });
    }
    all
});

static BARE: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| all().iter().map(|emoji| bare(emoji.text)).collect());

/// All emoji that can be picked.
pub(crate) fn all() -> &'static [Emoji] {
    &ALL
}

/// An emoji without the selector and the colours of skin, which are optional.
fn bare(text: &str) -> String {
    let is_optional = |c: char| c == SELECTOR || SkinTone::CHARACTERS.contains(&Some(c));
    match text.chars().all(is_optional) {
        true => text.to_owned(),
        false => text.chars().filter(|c| !is_optional(*c)).collect(),
    }
}

/// Whether both are the same emoji, apart from the colour of skin.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    bare(one) == bare(other)
}

/// Whether a text is exactly one emoji. `©`, digits and arrows are letters unless the selector follows.
pub(crate) fn is_emoji(text: &str) -> bool {
    let is_picture = |c: char| c >= '\u{2300}' || c == SELECTOR || c == '\u{20e3}';
    text.chars().any(is_picture) && BARE.contains(&bare(text))
}

/// Whether a text consists only of emoji, and of so few that they are drawn large.
pub(crate) fn is_large(text: &str) -> bool {
    if text.len() > MAX_LARGE || text.is_ascii() {
        return false;
    }
    let mut clusters = text
        .graphemes(true)
        .filter(|cluster| !cluster.trim().is_empty())
        .peekable();
    clusters.peek().is_some() && clusters.clone().count() <= MOST_LARGE && clusters.all(is_emoji)
}

/// The names of all emoji in one language.
pub(crate) struct Names {
    lines: String,
    /// The words for the search, in small letters, with the English ones.
    words: Vec<String>,
}

impl Names {
    /// The names in this language; in English if there are none.
    pub fn of(language: &str) -> Self {
        let english = unpacked("en");
        let lines = match language {
            "en" => english.clone(),
            other => unpacked(other),
        };
        let words = lines.lines().zip(english.lines());
        let words = words
            .map(|(here, english)| match here == english {
                true => here.to_lowercase(),
                false => format!("{here}|{english}").to_lowercase(),
            })
            .collect();
        Self { lines, words }
    }

    /// The names, in the order of [`all`].
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.lines
            .lines()
            .map(|line| line.split('|').next().unwrap_or(line))
    }

    /// The places of the emoji that have, for each word of the query, a word that begins with it. Those whose name
    /// begins with the query come first.
    pub fn find(&self, query: &str) -> Vec<usize> {
        let query = query.to_lowercase();
        let wanted: Vec<&str> = query.split_whitespace().collect();
        let begins = |line: &str, word: &str| {
            line.match_indices(word).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                before.is_none_or(|before| !before.is_alphanumeric())
            })
        };
        let mut found: Vec<usize> = (0..self.words.len())
            .filter(|at| wanted.iter().all(|word| begins(&self.words[*at], word)))
            .collect();
        found.sort_by_key(|at| !self.words[*at].starts_with(query.trim()));
        found
    }
}

fn unpacked(language: &str) -> String {
    let known = NAMES.iter().find(|(code, _)| *code == language);
    let (_, packed) = known.unwrap_or(&NAMES[0]);
    let whole = decompress_to_vec_zlib_with_limit(packed, MAX_NAMES).unwrap_or_default();
    String::from_utf8(whole).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_emoji_has_a_name_in_every_language() {
        assert!(all().len() > 1_500);
        for (language, _) in NAMES {
            let names = Names::of(language);
            assert_eq!(names.iter().count(), all().len(), "{language}");
            assert!(names.iter().all(|name| !name.is_empty()), "{language}");
        }
        assert_eq!(GROUPS.last(), all().last().map(|last| &last.group));
    }

    #[test]
    fn skin_has_the_colour_that_was_chosen_and_the_rest_stays() {
        let tone = SkinTone::numbered(3);
        let toned = |text: &str| {
            let emoji = all().iter().find(|emoji| emoji.text == text);
            emoji.expect("it is there").toned(tone)
        };
        assert_eq!(toned("👋"), "👋🏽");
        assert_eq!(toned("✌️"), "✌🏽");
        assert_eq!(toned("👩‍🚀"), "👩🏽‍🚀");
        assert_eq!(toned("🙂"), "🙂");
        assert_eq!(SkinTone::numbered(5).next(), SkinTone::default());
        assert_eq!(SkinTone::numbered(200), SkinTone::default());
    }

    #[test]
    fn a_few_emoji_alone_are_large_and_anything_else_is_not() {
        for large in ["🙂", " ❤️ ", "❤", "👩🏽‍🚀👋🏿", "🇧🇬 🇸🇪", "1️⃣", "🙂🙂🙂🙂🙂", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"]
        {
            assert!(is_large(large), "{large}");
        }
        for not in [
            "",
            " ",
            "1",
            "©",
            "🙂!",
            "ok 🙂",
            "🙂🙂🙂🙂🙂🙂",
            "→",
            "\u{fe0f}",
            "語",
        ] {
            assert!(!is_large(not), "{not}");
        }
    }

    #[test]
    fn emoji_are_found_by_the_beginnings_of_words_in_ones_own_language_and_in_english() {
        let first = |language: &str, query: &str| {
            let found = Names::of(language).find(query);
            found.first().map(|at| all()[*at].text)
        };
        assert_eq!(first("en", "thumbs up"), Some("👍"));
        assert_eq!(first("en", "THU UP"), Some("👍"));
        assert_eq!(first("sv", "tumme upp"), Some("👍"));
        assert_eq!(first("sv", "thumbs up"), Some("👍"));
        assert_eq!(first("bg", "КОТКА"), Some("🐈"));
        assert_eq!(first("ar", "قطة"), Some("🐈"));
        assert_eq!(first("en", "nothing is called so"), None);
    }
}
