//! The cases of the rules, each with a name, and histories that were judged before.

use crate::support::group::{notation, slow};

fn have_their_outcomes(file: &str, count: usize) {
    let cases = notation::cases(file);
    assert_eq!(cases.len(), count);
    for case in cases {
        for outcome in [case.story.judged(), slow::judge(&case.story, None)] {
            let people = notation::people(&case.story, &outcome);
            assert_eq!(people, case.people, "{}", case.name);
            let void = notation::void(&case.story, &outcome);
            assert_eq!(void, case.void, "{}", case.name);
        }
    }
}

#[test]
fn every_case_of_the_rules_has_its_outcome() {
    have_their_outcomes(include_str!("../data/cases.txt"), 42);
}

#[test]
fn histories_that_three_implementations_judged_alike_keep_their_outcomes() {
    have_their_outcomes(include_str!("../data/histories.txt"), 500);
}
