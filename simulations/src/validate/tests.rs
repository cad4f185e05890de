//! The couriers agree with theory and oracle, and a table shows when they do not.

use proptest::prelude::*;

use super::on_trace::arrivals;
use super::random::Outcome;
use super::*;
use crate::oracle::{self, Question};
use crate::plan::Change;

#[test]
fn every_policy_has_the_exact_delay_and_copies() {
    let options = Options {
        seeds: vec![1],
        messages: 1000,
        networks: vec![Network {
            devices: 20,
            sprayed: 6,
        }],
        ..Options::default()
    };
    let mut told = 0;
    let validation = run(&options, |_| told += 1).expect("no trace is read");
    assert_eq!((told, validation.at_random.len()), (5, 5));
    for row in &validation.at_random {
        assert!(row.holds, "{row:?}");
        assert!(row.copies_p > 0.001, "{row:?}");
    }
    assert!(validation.holds());
}

#[test]
fn what_cannot_be_run_is_refused() {
    assert_eq!(Options::default().check(), Ok(()));
    let one_message = Options {
        messages: 1,
        ..Options::default()
    };
    assert!(one_message.check().is_err());
    let alone = Network {
        devices: 1,
        sprayed: 2,
    };
    let nobody_else = Options {
        networks: vec![alone],
        ..Options::default()
    };
    assert!(nobody_else.check().is_err());
}

#[test]
fn the_same_seed_gives_the_same_rows_on_any_number_of_threads() {
    let options = Options {
        seeds: vec![1, 2],
        messages: 50,
        networks: vec![Network {
            devices: 10,
            sprayed: 4,
        }],
        ..Options::default()
    };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| run(&options, |_| ()).expect("no trace is read"))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(
        one.at_random.len(),
        15,
        "two seeds and both together for each policy"
    );
    assert_ne!(one.at_random[0].delay_s, one.at_random[1].delay_s);
}

#[test]
fn a_wrong_policy_does_not_hold() {
    let network = Network {
        devices: 30,
        sprayed: 4,
    };
    let outcomes = at_random(&policies(4)[1].1, network, 2000, 1, 0);
    assert!(AtRandom::new(Spreading::TwoHop, network, Some(1), &outcomes).holds);
    let other = AtRandom::new(Spreading::Epidemic, network, Some(1), &outcomes);
    assert!(
        !other.holds && other.deviation > 3.0 && other.copies_p < 1e-6,
        "{other:?}"
    );

    let validation = Validation {
        at_random: vec![other],
        on_trace: Vec::new(),
    };
    assert!(!validation.holds());
    let text = validation.text();
    assert!(
        text.contains("FAILS") && text.contains("1 of 1 rows of one seed"),
        "{text}"
    );
    assert!(text.contains("skipped"), "{text}");
    let json = validation.json_lines();
    assert!(
        json.starts_with("{\"check\":\"at-random\",\"policy\":\"epidemic\""),
        "{json}"
    );
}

#[test]
fn a_row_counts_as_it_should() {
    let network = Network {
        devices: 3,
        sprayed: 2,
    };
    let outcomes = [(1000.0, 1), (3000.0, 2)].map(|(delay_s, copies)| Outcome { delay_s, copies });
    let row = AtRandom::new(Spreading::Epidemic, network, None, &outcomes);
    assert_eq!((row.delay_s, row.delay_error_s), (2000.0, 1000.0));
    // (1 + 1/2) hours / 2
    assert!((row.exact_delay_s - 2700.0).abs() < 1e-9);
    assert!((row.deviation + 0.7).abs() < 1e-9);
    assert_eq!((row.copies, row.exact_copies), (1.5, 1.5));
}

#[test]
fn a_trace_is_held_against_its_oracle() {
    let path = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(&path, "20 1 2\n40 2 3\n40 3 4\n60 4 5\n80 1 5\n100 2 5\n").expect("written");
    let options = Options {
        networks: Vec::new(),
        trace: Some(TraceSettings::at(path.path())),
        trace_messages: 200,
        ..Options::default()
    };
    let validation = run(&options, |_| ()).expect("a good trace");
    assert_eq!(validation.on_trace.len(), 5);
    assert!(validation.holds(), "{:?}", validation.on_trace);
    let by_path = &validation.on_trace[2];
    assert!(
        by_path.delivered > validation.on_trace[0].delivered,
        "{by_path:?}"
    );

    std::fs::write(&path, "20 1 2\n9999999 1 2\n").expect("written");
    let error = run(&options, |_| ()).expect_err("longer than any bundle lives");
    assert!(
        error
            .to_string()
            .contains("longer than a bundle may be carried"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn epidemic_is_the_oracle_and_no_policy_is_better(
        contacts in proptest::collection::vec((0_u32..6, 1_u32..6, 0_u64..150, 1_u64..40), 0..25),
        asked in proptest::collection::vec((0_u32..6, 1_u32..6, 0_u64..160), 1..20),
    ) {
        let mut changes: Vec<Change> = Vec::new();
        for (radio, (a, further, start_us, length_us)) in (0..).zip(contacts) {
            let b = (a + further) % 6;
            let up = Change { at_us: start_us, up: true, a: a.min(b), b: a.max(b), radio };
            changes.extend([up, Change { at_us: start_us + length_us, up: false, ..up }]);
        }
        changes.sort_unstable();
        let mut questions: Vec<Question> = asked
            .into_iter()
            .map(|(from, further, at_us)| Question { from, to: (from + further) % 6, at_us })
            .collect();
        questions.sort_by_key(|question| question.at_us);
        let best = oracle::flooding(6, &changes, &questions);
        for (spreading, policy) in policies(4) {
            let arrivals = arrivals(&policy, 6, &changes, &questions);
            match spreading {
                Spreading::Epidemic => prop_assert_eq!(&arrivals, &best),
                Spreading::Direct => {
                    prop_assert_eq!(&arrivals, &oracle::direct(&changes, &questions));
                }
                _ => {}
            }
            for (arrival, best) in arrivals.iter().zip(&best) {
                prop_assert!(
                    arrival.is_none_or(|at_us| best.is_some_and(|best_us| best_us <= at_us))
                );
            }
        }
    }
}
