//! The crate's implementation of the rules and a slow one agree.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::histories;
use crate::support::group::random::{self, plot};
use crate::support::group::slow;

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
