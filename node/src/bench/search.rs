//! Searches a long conversation through the in-process API, as somebody types, beside reading its newest page. The texts
//! have 200 bytes on average, and their words are as frequent as in prose (Zipf's law).

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hedgerow_sync::space;
use hedgerow_sync::store::Store;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::pair::{Pair, fill, open, refused, with_store};
use super::row::{Row, median};
use crate::api::{Api, MAX_HITS, PageFrom, Search};
use crate::runtime::OnAir;
use crate::search;
use crate::tables::{self, Table};

/// Searches of each kind.
const LOOKS: usize = 101;
/// Texts written at once.
const PORTION: usize = 100_000;

/// The rows for a conversation of `messages`; a search may take `most_ms`.
pub(super) async fn rows(place: &Path, messages: usize, most_ms: f64) -> Result<Vec<Row>> {
    let pair = Pair::meet(place).await?;
    let mut prose = Prose::new();
    let mut text_bytes = 0;
    for begun in (0..messages).step_by(PORTION) {
        let count = PORTION.min(messages - begun);
        let texts: Vec<String> = (0..count).map(|_| prose.text()).collect();
        text_bytes += texts.iter().map(String::len).sum::<usize>();
        fill(&pair.a, &pair.chat_of_a, texts).await?;
    }
    let slices = index(&pair)?;
    let index_bytes = with_store(&pair.a, |store| {
        store.read(|reader| {
            let mut bytes = 0;
            for table in [
                Table::SearchWords,
                Table::SearchVolumes,
                Table::SearchDocuments,
                Table::SearchLogs,
            ] {
                tables::visit(reader, &table.key(&[]), &mut |key, value| {
                    bytes += 1 + key.len() + value.len();
                })?;
            }
            Ok(bytes)
        })
    })?;
    let a = open(&pair.a, OnAir::No).await?;
    let (mut pages, mut prefixes, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        let start = Instant::now();
        let chat = pair.chat_of_a.clone();
        a.page(chat, PageFrom::Newest, MAX_HITS as u32)
            .await
            .map_err(refused)?;
        pages.push(start.elapsed());
        let text = prose.text();
        let word = text
            .split(' ')
            .find(|word| word.len() >= 3)
            .unwrap_or("the");
        prefixes.push(took(&a, &word[..3]).await?);
        pairs.push(took(&a, &text[..text.len().min(16)]).await?);
    }
    a.stop().await.map_err(refused)?;
    let ms = |times: Vec<Duration>| median(times).as_secs_f64() * 1e3;
    let page_ms = ms(pages);
    Ok(vec![
        Row::at_most(
            format!("of {messages}, the newest {MAX_HITS} with 3 letters"),
            ms(prefixes),
            "ms",
            most_ms,
        )
        .beside(page_ms),
        Row::reported(
            format!("of {messages}, those with the words of 16 letters"),
            ms(pairs),
            "ms",
        )
        .beside(page_ms),
        Row::at_most(
            format!("index of {messages}, for each byte of text"),
            index_bytes as f64 / text_bytes as f64,
            "bytes",
            0.30,
        ),
        Row::reported(
            format!("indexing {} of them", search::SLICE),
            ms(slices),
            "ms",
        ),
    ])
}

/// Indexes what still waits. Gives the time of each slice.
fn index(pair: &Pair) -> Result<Vec<Duration>> {
    with_store(&pair.a, |store| {
        let spaces = store.read(|reader| space::list(reader))?;
        let mut times = Vec::new();
        loop {
            let start = Instant::now();
            let left = store.write(|txn| {
                let spaces = spaces.iter().map(|(space, _)| *space);
                search::index(txn, spaces, i64::MAX)
            })?;
            times.push(start.elapsed());
            if left == 0 {
                return Ok(times);
            }
        }
    })
}

async fn took(node: &impl Api, words: &str) -> Result<Duration> {
    let start = Instant::now();
    let found = node.search(Search::of(words)).await.map_err(refused)?;
    let elapsed = start.elapsed();
    ensure!(!found.partial, "a search reached a bound");
    Ok(elapsed)
}

/// Texts of made-up words.
struct Prose {
    rng: ChaCha20Rng,
    /// How often each word and those before it occur.
    sums: Vec<f64>,
}

impl Prose {
    /// Different words.
    const VOCABULARY: usize = 40_000;

    fn new() -> Self {
        let sums = (1..=Self::VOCABULARY).scan(0.0, |sum, rank| {
            *sum += 1.0 / rank as f64;
            Some(*sum)
        });
        Self {
            rng: ChaCha20Rng::seed_from_u64(11),
            sums: sums.collect(),
        }
    }

    /// A text of 40 to 360 bytes.
    fn text(&mut self) -> String {
        let length = 40 + (self.rng.next_u64() % 320) as usize;
        let mut text = self.word();
        while text.len() < length {
            text.push(' ');
            text += &self.word();
        }
        text
    }

    fn word(&mut self) -> String {
        let all = self.sums.last().copied().unwrap_or_default();
        let at = self.rng.next_u32() as f64 / f64::from(u32::MAX) * all;
        let mut rank = self.sums.partition_point(|sum| *sum < at);
        let end = ["n", "", "r", "st", "nd"][rank * 13 / 3 % 5];
        let mut word = String::new();
        // The rarer a word is, the longer.
        loop {
            let (consonants, vowels) = (b"bcdfghjklmnprstvwyzk", b"aeiou");
            word.push(char::from(consonants[rank * 7 % 20]));
            word.push(char::from(vowels[rank / 20 * 3 % 5]));
            rank /= 100;
            if rank == 0 {
                break;
            }
        }
        word + end
    }
}
