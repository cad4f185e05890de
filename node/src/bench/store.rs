//! The encrypted store beside plain redb, in alternation.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hedgerow_sync::store::{StorageError, Store};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::row::{Row, median};
use crate::directory::DataKey;
use crate::store::{CACHE_BYTES, Place, Placed, RedbStore};

/// Runs of each figure; the median counts.
const RUNS: usize = 11;
/// Bytes of a value: a short message.
const VALUE: usize = 200;
/// Rows of the small store, which fits into the product's cache, and of the large one, which does not.
const SMALL: u32 = 10_000;
const LARGE: u32 = 100_000;
/// Durable commits of one row.
const COMMITS: u32 = 500;
/// Reads of one run.
const READS: u32 = 20_000;
/// A cache that holds almost nothing, so that reads reach the blocks.
const NO_CACHE: usize = 64 * 1_024;

/// The rows.
pub(super) fn rows(place: &Path) -> Result<Vec<Row>> {
    let pair = Pair {
        plain: place.join("plain"),
        sealed: place.join("sealed"),
        key: DataKey::random()?,
    };
    Ok(vec![
        bulk(&pair)?,
        single(&pair)?,
        in_place(place)?,
        reads("warm reads, shipped cache", &pair, SMALL, CACHE_BYTES, 1.15)?,
        reads("cold reads, no cache", &pair, LARGE, NO_CACHE, 1.75)?,
    ])
}

/// Paths of the two stores.
struct Pair {
    plain: PathBuf,
    sealed: PathBuf,
    key: DataKey,
}

/// Times of the plain store and of the encrypted one.
type Times = [Vec<Duration>; 2];

impl Pair {
    /// Opens both, or creates them anew.
    fn open(&self, cache: usize) -> Result<[RedbStore; 2]> {
        let plain = redb::Database::builder()
            .set_cache_size(cache)
            .create(&self.plain)?;
        Ok([
            RedbStore::plain_for_measurement(plain)?,
            RedbStore::open_with_cache(file(&self.sealed)?, &self.key, cache)?,
        ])
    }

    fn remove(&self) {
        for path in [&self.plain, &self.sealed] {
            // At first there is no file to remove.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn fill(store: &mut RedbStore, rows: u32) -> Result<(), StorageError> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut value = [0; VALUE];
    store.write(|txn| {
        (0..rows).try_for_each(|row| {
            rng.fill_bytes(&mut value);
            txn.put(&row.to_be_bytes(), &value)
        })
    })
}

fn bulk(pair: &Pair) -> Result<Row> {
    let mut times = Times::default();
    for _ in 0..RUNS {
        pair.remove();
        for (store, times) in pair.open(CACHE_BYTES)?.iter_mut().zip(&mut times) {
            let start = Instant::now();
            fill(store, SMALL)?;
            times.push(start.elapsed());
        }
    }
    Ok(row("bulk insert of 10,000", times, 1.10))
}

fn single(pair: &Pair) -> Result<Row> {
    let mut times = Times::default();
    let mut stores = pair.open(CACHE_BYTES)?;
    for key in SMALL..SMALL + COMMITS {
        for (store, times) in stores.iter_mut().zip(&mut times) {
            let start = Instant::now();
            store.write(|txn| txn.put(&key.to_be_bytes(), &[1; VALUE]))?;
            times.push(start.elapsed());
        }
    }
    Ok(row("one durable commit", times, 1.20))
}

/// What it costs to look whether the file is still there, beside a store that does not.
fn in_place(place: &Path) -> Result<Row> {
    let key = DataKey::random()?;
    let paths = ["anywhere", "placed", "lock", "slots"].map(|name| place.join(name));
    let [anywhere, placed, lock, slots] = &paths;
    let at = Place::default()
        .with_file(lock.clone(), &file(lock)?)?
        .with_name(slots.clone())
        .with_file(placed.clone(), &file(placed)?)?;
    file(slots)?;
    let mut stores = [
        RedbStore::open(file(anywhere)?, &key)?,
        RedbStore::open(Placed::new(file(placed)?, at), &key)?,
    ];
    let mut times = Times::default();
    for commit in 0..COMMITS {
        for (store, times) in stores.iter_mut().zip(&mut times) {
            let start = Instant::now();
            store.write(|txn| txn.put(&commit.to_be_bytes(), &[1; VALUE]))?;
            times.push(start.elapsed());
        }
    }
    let [base, ours] = times.map(median);
    let name = "encrypted store: looking for its file before a commit";
    Ok(Row::ratio(name, ours, base, 1.05))
}

fn reads(name: &str, pair: &Pair, rows: u32, cache: usize, reach: f64) -> Result<Row> {
    pair.remove();
    for mut store in pair.open(CACHE_BYTES)? {
        fill(&mut store, rows)?;
    }
    let stores = pair.open(cache)?;
    let mut times = Times::default();
    for run in 0..RUNS as u64 + 1 {
        for (store, times) in stores.iter().zip(&mut times) {
            let mut rng = ChaCha20Rng::seed_from_u64(run);
            let start = Instant::now();
            for _ in 0..READS {
                let key = rng.next_u32() % rows;
                let mut length = 0;
                // One transaction for each read, as when a message is read by its id.
                store.read(|reader| {
                    reader.with(&key.to_be_bytes(), &mut |value| length = value.len())
                })?;
                ensure!(length == VALUE, "a row is missing");
            }
            // The first run warms the cache.
            if run > 0 {
                times.push(start.elapsed() / READS);
            }
        }
    }
    Ok(row(name, times, reach))
}

fn row(name: &str, [plain, sealed]: Times, reach: f64) -> Row {
    Row::ratio(
        format!("encrypted store: {name}"),
        median(sealed),
        median(plain),
        reach,
    )
}
