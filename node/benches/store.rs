//! The parts of the store by themselves. The ratios to plain redb, which need both stores interleaved,
//! come from `cargo run --release -- bench store`.

use std::fs::File;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hedgerow_node::directory::DataKey;
use hedgerow_node::store::{CACHE_BYTES, RedbStore};
use hedgerow_sync::store::Store;

const ROWS: u32 = 100_000;
/// A cache that holds next to nothing, so that reads reach the blocks.
const NO_CACHE: usize = 64 * 1_024;

fn store(criterion: &mut Criterion) {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let path = directory.path().join("store");
    let key = DataKey::random().expect("randomness");
    let open = |cache| {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .expect("a file");
        RedbStore::open_with_cache(file, &key, cache).expect("a store")
    };
    open(CACHE_BYTES)
        .write(|txn| (0..ROWS).try_for_each(|row| txn.put(&row.to_be_bytes(), &[row as u8; 200])))
        .expect("rows");

    criterion.bench_function("store/open", |bencher| bencher.iter(|| open(CACHE_BYTES)));
    for (name, cache) in [("warm", CACHE_BYTES), ("cold", NO_CACHE)] {
        let store = open(cache);
        let mut row = 0;
        criterion.bench_function(&format!("store/read/{name}"), |bencher| {
            bencher.iter(|| {
                // Far apart when cold, within a few pages when warm.
                row = (row + if name == "cold" { 7_919 } else { 1 }) % ROWS;
                black_box(store.read(|reader| reader.get(&row.to_be_bytes()))).expect("a row")
            });
        });
    }
    let mut store = open(CACHE_BYTES);
    let mut number = 0_u32;
    criterion.bench_function("store/commit", |bencher| {
        bencher.iter(|| {
            number += 1;
            store
                .write(|txn| txn.put(b"number", &number.to_be_bytes()))
                .expect("a commit");
        });
    });
}

criterion_group!(benches, store);
criterion_main!(benches);
