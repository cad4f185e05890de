//! Each fuzz target takes its seeds, and inputs near them, without a panic. `fuzz/smoke` searches further, guided by
//! coverage.

use std::fs;
use std::path::Path;

use hedgerow_fuzz::targets;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// Inputs near the seeds for each target, unless `HEDGEROW_CASES` gives another number.
const CASES: u32 = 256;

/// A change of an input.
#[derive(Debug, Clone)]
enum Edit {
    /// Other bytes at a place.
    Overwrite(Index, Vec<u8>),
    /// More bytes at a place.
    Insert(Index, Vec<u8>),
    /// Fewer bytes: those between two places.
    Remove(Index, Index),
    /// Bytes between two places once more, at a third.
    Repeat(Index, Index, Index),
}

impl Edit {
    fn apply(&self, input: &mut Vec<u8>) {
        let place = |index: &Index, input: &[u8]| index.index(input.len() + 1);
        match self {
            Self::Overwrite(at, bytes) => {
                let at = place(at, input);
                let end = (at + bytes.len()).min(input.len());
                input.splice(at..end, bytes.iter().copied());
            }
            Self::Insert(at, bytes) => {
                let at = place(at, input);
                input.splice(at..at, bytes.iter().copied());
            }
            Self::Remove(one, other) => {
                let (one, other) = (place(one, input), place(other, input));
                input.drain(one.min(other)..one.max(other));
            }
            Self::Repeat(one, other, at) => {
                let (one, other) = (place(one, input), place(other, input));
                let again = input[one.min(other)..one.max(other)].to_vec();
                let at = place(at, input);
                input.splice(at..at, again);
            }
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let bytes = || proptest::collection::vec(any::<u8>(), 1..9);
    let place = any::<Index>;
    prop_oneof![
        (place(), bytes()).prop_map(|(at, bytes)| Edit::Overwrite(at, bytes)),
        (place(), bytes()).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (place(), place()).prop_map(|(one, other)| Edit::Remove(one, other)),
        (place(), place(), place()).prop_map(|(one, other, at)| Edit::Repeat(one, other, at)),
    ]
}

/// The seeds of a target, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let files = fs::read_dir(directory).expect("a directory of seeds");
    let mut paths: Vec<_> = files.map(|file| file.expect("a seed").path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("a seed"))
        .collect()
}

fn runs(target: &str) {
    let (_, run) = targets::ALL
        .into_iter()
        .find(|(name, _)| *name == target)
        .expect("a target");
    let mut seeds = seeds(target);
    seeds.iter().for_each(|seed| run(seed));
    seeds.push(Vec::new());

    let cases = std::env::var("HEDGEROW_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let inputs = (any::<Index>(), proptest::collection::vec(edit(), 1..6));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&inputs, |(seed, edits)| {
            let mut input = seeds[seed.index(seeds.len())].clone();
            edits.iter().for_each(|edit| edit.apply(&mut input));
            run(&input);
            Ok(())
        })
        .unwrap();
}

macro_rules! targets {
    ($($target:ident,)*) => {
        $(
            #[test]
            fn $target() {
                runs(stringify!($target));
            }
        )*

        #[test]
        fn every_target_is_run_here() {
            let here = [$(stringify!($target)),*];
            assert_eq!(targets::ALL.map(|(name, _)| name), here);
        }
    };
}
targets! {
    api,
    batch,
    ble,
    bundle,
    contact,
    courier,
    devices,
    group,
    handshake,
    history,
    invitation,
    meeting,
    message,
    operation,
    picture,
    psk,
    reconciler,
    relay,
    replay,
    row,
    search,
    session,
    slots,
}
