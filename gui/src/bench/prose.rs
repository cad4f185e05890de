//! Texts as people write them: most short, some long, some with links, breaks and other scripts.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const WORDS: [&str; 48] = [
    "the",
    "hall",
    "is",
    "open",
    "until",
    "nine",
    "and",
    "we",
    "have",
    "tea",
    "bring",
    "a",
    "blanket",
    "if",
    "you",
    "can",
    "roof",
    "leaks",
    "again",
    "over",
    "north",
    "door",
    "meeting",
    "tomorrow",
    "at",
    "seven",
    "please",
    "tell",
    "others",
    "no",
    "network",
    "since",
    "morning",
    "water",
    "comes",
    "from",
    "well",
    "behind",
    "school",
    "who",
    "has",
    "keys",
    "thanks",
    "see",
    "soon",
    "batteries",
    "radio",
    "quiet",
];

const RARE: [&str; 6] = [
    "https://example.org/minutes?week=32",
    "утре в седем пред читалището",
    "🙂",
    "ne vedem mâine dimineață",
    "\n",
    "smørrebrød",
];

/// One in three texts ends with one of these.
const EMOJI: [&str; 6] = ["🙂", "👍🏽", "❤️", "😂", "🎉", "👩‍🚀"];

/// As many texts as are asked for; the same for the same seed.
pub fn texts(count: usize, seed: u64) -> Vec<String> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            // Two in three are up to a dozen words, one in three up to five dozen.
            let most = if rng.next_u32() % 3 > 0 { 12 } else { 60 };
            let words = 1 + rng.next_u32() as usize % most;
            let text = text(&mut rng, words);
            match rng.next_u32() % 3 {
                0 => {
                    let emoji = EMOJI[rng.next_u32() as usize % EMOJI.len()];
                    format!("{text} {emoji}")
                }
                _ => text,
            }
        })
        .collect()
}

/// The same texts without emoji.
pub fn plain(count: usize, seed: u64) -> Vec<String> {
    let mut texts = texts(count, seed);
    for text in &mut texts {
        for emoji in EMOJI {
            *text = text.replace(emoji, "");
        }
        text.truncate(text.trim_end().len());
    }
    texts.retain(|text| !text.is_empty());
    texts
}

/// A text of exactly so many bytes, in paragraphs.
pub fn draft(bytes: usize) -> String {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut draft = String::with_capacity(bytes + 1_000);
    while draft.len() < bytes {
        draft.push_str(&text(&mut rng, 100));
        draft.push('\n');
    }
    draft.truncate(draft.floor_char_boundary(bytes));
    draft
}

fn text(rng: &mut ChaCha20Rng, words: usize) -> String {
    let mut text = String::new();
    for _ in 0..words {
        if !text.is_empty() {
            text.push(' ');
        }
        let word = match rng.next_u32() % 60 {
            0 if !text.is_empty() => RARE[rng.next_u32() as usize % RARE.len()],
            _ => WORDS[rng.next_u32() as usize % WORDS.len()],
        };
        text.push_str(word);
    }
    text.trim().to_owned()
}
