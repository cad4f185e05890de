//! Measures the encrypted store beside plain redb, interleaved, and how fast it opens:
//!
//!     cargo run --release -p hedgerow-node --example store [DIRECTORY]
//!
//! The directory must be on a real disk; by default the measurement's files lie under `target`.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::{Duration, Instant};

use hedgerow_node::directory::DataKey;
use hedgerow_node::store::{CACHE_BYTES, RedbStore};
use hedgerow_sync::store::Store;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Runs a figure is the median of.
const RUNS: usize = 11;
/// Bytes of a value: a short message.
const VALUE: usize = 200;
/// Rows of the small store, which the shipped cache holds, and of the large one, which it does not.
const SMALL: u32 = 10_000;
const LARGE: u32 = 100_000;
/// A cache that holds next to nothing, so that reads reach the blocks.
const NO_CACHE: usize = 64 * 1_024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args()
        .nth(1)
        .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../target").to_owned());
    let directory = tempfile::tempdir_in(directory)?;
    let pair = Pair {
        plain: directory.path().join("plain"),
        sealed: directory.path().join("sealed"),
        key: DataKey::random()?,
    };
    bulk(&pair)?;
    single(&pair)?;
    reads("warm reads, shipped cache", &pair, SMALL, CACHE_BYTES, 1.15)?;
    reads("cold reads, no cache", &pair, LARGE, NO_CACHE, 1.75)?;
    opening(&pair)?;
    Ok(())
}

/// Where the two stores lie.
struct Pair {
    plain: std::path::PathBuf,
    sealed: std::path::PathBuf,
    key: DataKey,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

impl Pair {
    /// Opens both, or begins them anew.
    fn open(&self, cache: usize) -> Outcome<[RedbStore; 2]> {
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

fn fill(store: &mut RedbStore, rows: u32) -> Outcome<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut value = [0; VALUE];
    store.write(|txn| {
        for row in 0..rows {
            rng.fill_bytes(&mut value);
            txn.put(&row.to_be_bytes(), &value)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn bulk(pair: &Pair) -> Outcome<()> {
    let mut times = [vec![], vec![]];
    for _ in 0..RUNS {
        pair.remove();
        let mut stores = pair.open(CACHE_BYTES)?;
        for (store, times) in stores.iter_mut().zip(&mut times) {
            let start = Instant::now();
            fill(store, SMALL)?;
            times.push(start.elapsed());
        }
    }
    report("bulk insert of 10,000", &mut times, 1.10);
    Ok(())
}

fn single(pair: &Pair) -> Outcome<()> {
    let mut times = [vec![], vec![]];
    let mut stores = pair.open(CACHE_BYTES)?;
    for row in SMALL..SMALL + 1_000 {
        for (store, times) in stores.iter_mut().zip(&mut times) {
            let start = Instant::now();
            store.write(|txn| txn.put(&row.to_be_bytes(), &[1; VALUE]))?;
            times.push(start.elapsed());
        }
    }
    report("one durable commit", &mut times, 1.20);
    Ok(())
}

fn reads(name: &str, pair: &Pair, rows: u32, cache: usize, reach: f64) -> Outcome<()> {
    pair.remove();
    for mut store in pair.open(CACHE_BYTES)? {
        fill(&mut store, rows)?;
    }
    let stores = pair.open(cache)?;
    let mut times = [vec![], vec![]];
    for run in 0..RUNS as u64 + 1 {
        for (store, times) in stores.iter().zip(&mut times) {
            let mut rng = ChaCha8Rng::seed_from_u64(run);
            let start = Instant::now();
            for _ in 0..20_000 {
                let row = rng.next_u32() % rows;
                let mut length = 0;
                // One transaction each, as one message is read by its id.
                store.read(|reader| {
                    reader.with(&row.to_be_bytes(), &mut |value| length = value.len())
                })?;
                assert_eq!(length, VALUE);
            }
            // The first run warms the cache.
            if run > 0 {
                times.push(start.elapsed() / 20_000);
            }
        }
    }
    report(name, &mut times, reach);
    Ok(())
}

/// Opens the large store after a clean end and after what a killed process leaves.
fn opening(pair: &Pair) -> Outcome<()> {
    let mut clean = vec![];
    let mut killed = vec![];
    let copy = pair.sealed.with_extension("killed");
    for run in 0..RUNS {
        let mut store = RedbStore::open(file(&pair.sealed)?, &pair.key)?;
        store.write(|txn| txn.put(b"run", &[run as u8]))?;
        std::fs::copy(&pair.sealed, &copy)?;
        store.close();
        for (path, times) in [(&pair.sealed, &mut clean), (&copy, &mut killed)] {
            let start = Instant::now();
            let store = RedbStore::open(file(path)?, &pair.key)?;
            assert_eq!(
                store.read(|reader| reader.get(b"run"))?,
                Some(vec![run as u8])
            );
            times.push(start.elapsed());
        }
    }
    println!(
        "open with 100,000 rows: after a clean end {:?}, after a kill {:?}",
        median(&mut clean),
        median(&mut killed)
    );
    Ok(())
}

fn report(name: &str, times: &mut [Vec<Duration>; 2], reach: f64) {
    let [plain, sealed] = times.each_mut().map(|times| median(times));
    let ratio = sealed.as_secs_f64() / plain.as_secs_f64();
    let holds = if ratio <= reach {
        "holds"
    } else {
        "FALLS SHORT"
    };
    println!(
        "{name}: plain {plain:?}, encrypted {sealed:?}, {ratio:.2}x (at most {reach}x: {holds})"
    );
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
