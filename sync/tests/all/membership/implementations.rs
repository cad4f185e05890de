//! The crate's implementation of the rules and a slow one agree, and a third one can be asked.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::histories;
use crate::support::group::random::{self, plot};
use crate::support::group::{notation, slow};

fn both_agree_on(count: u32) {
    let config = Config {
        cases: histories(count),
        ..Config::with_source_file(file!())
    };
    TestRunner::new(config)
        .run(&plot(40), |plot| {
            let story = random::story(&plot);
            prop_assert_eq!(story.judged(), slow::judge(&story, None));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn two_implementations_agree_on_500_histories() {
    both_agree_on(500);
}

/// `cargo test -p hedgerow-sync --test all --release -- --ignored histories`
#[test]
#[ignore = "takes minutes"]
fn two_implementations_agree_on_20_000_histories() {
    both_agree_on(20_000);
}

/// Writes histories with their outcome to the file `HEDGEROW_HISTORIES`, in the notation of `data/cases.txt`, for another
/// implementation to judge: 20,000, unless `PROPTEST_CASES` is set. Always the same ones.
///
/// `HEDGEROW_HISTORIES=file cargo test -p hedgerow-sync --test all --release -- --ignored written`
#[test]
#[ignore = "writes a file"]
fn histories_are_written_for_a_third_implementation() {
    let file = std::env::var("HEDGEROW_HISTORIES").expect("HEDGEROW_HISTORIES names a file");
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut lines = String::new();
    for number in 0..histories(20_000) {
        let plot = plot(30).new_tree(&mut runner).expect("any plot will do");
        let story = random::story(&plot.current());
        lines += &notation::line(&format!("history_{number}"), &story, &story.judged());
        lines += "\n";
    }
    std::fs::write(file, lines).expect("the file can be written");
}
