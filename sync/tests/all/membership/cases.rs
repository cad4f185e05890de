//! The cases of the rules, each with a name, and histories that were judged before.

use crate::support::group::{notation, slow};

#[test]
fn every_case_of_the_rules_has_its_outcome() {
    let cases = notation::cases(include_str!("../data/cases.txt"));
    assert_eq!(cases.len(), 42);
    for case in cases {
        for outcome in [case.story.judged(), slow::judge(&case.story, None)] {
            assert_eq!(
                notation::people(&case.story, &outcome),
                case.people,
                "{}",
                case.name
            );
            assert_eq!(
                notation::void(&case.story, &outcome),
                case.void,
                "{}",
                case.name
            );
        }
    }
}
