//! Authors delete what has arrived, texts disappear by a timer, and readers tell what they have read.

use std::collections::BTreeSet;

use hedgerow_simulations::plan::SECOND_US;
use hedgerow_simulations::record::{Deletion, Delivery, Receipt, Record};
use hedgerow_simulations::scenario::Scenario;
use hedgerow_simulations::world::World;

use crate::reactions::{TWICE, meeting, room};

/// What a run came to.
#[derive(Default)]
struct Outcome {
    delivered: Vec<Delivery>,
    deletions: Vec<Deletion>,
    receipts: Vec<Receipt>,
    /// Messages of which a device has the text when the run is over.
    held: BTreeSet<i64>,
}

fn run(scenario: &Scenario, seed: u64) -> Outcome {
    scenario
        .check()
        .expect("the scenario does not contradict itself");
    let mut world = World::new(scenario, seed, false).expect("the scenario can be run");
    let (mut records, mut outcome) = (Vec::new(), Outcome::default());
    while world.advance(&mut records, &mut Vec::new()) {}
    for record in records {
        match record {
            Record::Message(message) if !world.holders(message.message as u64).is_empty() => {
                outcome.held.insert(message.message);
            }
            Record::Delivery(delivery) => outcome.delivered.push(delivery),
            Record::Deletion(deletion) => outcome.deletions.push(deletion),
            Record::Receipt(receipt) => outcome.receipts.push(receipt),
            _ => {}
        }
    }
    outcome
}

#[test]
fn a_deleted_text_is_on_no_device_when_people_stay_together() {
    let rest = "edits = { share = 1, delay-s = [5, 60] }
        reactions = { share = 1, delay-s = [5, 60] }";
    let stayed = run(&room(4, rest), 1);
    assert!(stayed.delivered.len() > 80);
    assert_eq!(stayed.held.len(), stayed.delivered.len());

    let gone = run(
        &room(
            4,
            &format!("{rest}\ndeletions = {{ share = 1, delay-s = [5, 60] }}"),
        ),
        1,
    );
    assert_eq!(gone.delivered.len(), stayed.delivered.len());
    assert_eq!(gone.deletions.len(), gone.delivered.len());
    assert!(gone.deletions.iter().all(|one| one.delay_us >= 0));
    assert_eq!(gone.held, BTreeSet::new());
}

#[test]
fn a_share_of_the_texts_is_deleted_and_the_others_stay() {
    let outcome = run(
        &room(4, "deletions = { share = 0.5, delay-s = [5, 60] }"),
        1,
    );
    let deleted: BTreeSet<i64> = outcome.deletions.iter().map(|one| one.message).collect();
    let delivered: BTreeSet<i64> = outcome.delivered.iter().map(|one| one.message).collect();
    assert!((30..70).contains(&(100 * deleted.len() / delivered.len())));
    let stay: BTreeSet<i64> = delivered.difference(&deleted).copied().collect();
    assert_eq!(outcome.held, stay);
}

/// Both delete while they are apart, so that many texts go at once; power cuts come in between.
#[test]
fn deletions_that_were_made_apart_take_the_texts_away_at_the_next_meeting() {
    let rest = "deletions = { share = 1, delay-s = [100, 150] }
        [[faults]]
        crash = { share = 0.5, at-s = 120, off-s = 3 }
        [[faults]]
        crash = { share = 1, at-s = 300.4, off-s = 2 }";
    for seed in 1..=4 {
        let (_directory, scenario) = meeting(TWICE, rest);
        let outcome = run(&scenario, seed);
        assert!(!outcome.deletions.is_empty());
        let deleted: BTreeSet<i64> = outcome.deletions.iter().map(|one| one.message).collect();
        assert!(outcome.held.is_disjoint(&deleted), "seed {seed}");
        for deletion in &outcome.deletions {
            assert!(deletion.delay_us >= 0, "{deletion:?}");
            assert!(deletion.at_us + deletion.delay_us > 300 * SECOND_US as i64);
        }
    }
}

#[test]
fn texts_disappear_everywhere_after_they_were_read() {
    let rest = "timer-s = 60\nreceipts = { share = 1, delay-s = [5, 60] }";
    let outcome = run(&room(4, rest), 1);
    assert!(outcome.delivered.len() > 80);
    assert_eq!(outcome.held, BTreeSet::new());
}

/// Who has not read them keeps them: the clock of a reader begins when the text was seen.
#[test]
fn texts_that_nobody_has_read_stay_with_the_reader() {
    let outcome = run(&room(4, "timer-s = 60"), 1);
    let delivered: BTreeSet<i64> = outcome.delivered.iter().map(|one| one.message).collect();
    assert!(delivered.len() > 80);
    assert_eq!(outcome.held, delivered);
}

/// Two people who part before they write, and meet again after 29 days.
#[test]
fn a_text_that_lapsed_was_never_delivered() {
    let apart = |timer: &str| {
        let times = "1 2 0 300\n1 2 2505600 2600000\n";
        let (_directory, mut scenario) = meeting(times, timer);
        scenario.duration_s = 2_600_000.0;
        scenario.window_s = 60.0;
        scenario.workload[0].from_s = 400.0;
        scenario.workload[0].until_s = Some(500.0);
        run(&scenario, 1)
    };
    assert!(apart("").delivered.len() > 80);
    let lapsed = apart("timer-s = 3600");
    assert_eq!(lapsed.delivered, []);
    // The author keeps them, to send them again.
    assert!(lapsed.held.len() > 80);
}

#[test]
fn every_receipt_reaches_the_author_when_people_stay_together() {
    let outcome = run(&room(4, "receipts = { share = 1, delay-s = [5, 60] }"), 1);
    assert!(outcome.delivered.len() > 80);
    assert_eq!(outcome.receipts.len(), outcome.delivered.len());
    for receipt in &outcome.receipts {
        assert!(receipt.delay_us >= 0, "{receipt:?}");
    }
}

#[test]
fn what_cannot_disappear_is_refused_with_the_reason() {
    for what in ["deletions", "receipts"] {
        let rest = format!("{what} = {{ share = 2, delay-s = [5, 60] }}");
        let said = room(2, &rest).check().expect_err("too many").to_string();
        assert!(said.contains(what) && said.contains("0 to 1"), "{said}");
    }
    for timer_s in [59, 31_536_001] {
        let said = room(2, &format!("timer-s = {timer_s}")).check();
        let said = said.expect_err("no timer").to_string();
        assert!(said.contains("a minute to a year"), "{said}");
    }
}
