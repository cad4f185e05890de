//! People carry on sticks what has not arrived by radio.

use hedgerow_simulations::plan::SECOND_US;
use hedgerow_simulations::record::{Delivery, Message, Parcel, Record};
use hedgerow_simulations::scenario::Scenario;
use hedgerow_simulations::world::World;

use crate::reactions::{meeting, records, room};

/// What a run came to.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    messages: Vec<Message>,
    delivered: Vec<Delivery>,
    parcels: Vec<Parcel>,
}

fn run(scenario: &Scenario, seed: u64) -> Outcome {
    let mut outcome = Outcome::default();
    for record in records(scenario, seed) {
        match record {
            Record::Message(message) => outcome.messages.push(message),
            Record::Delivery(delivery) => outcome.delivered.push(delivery),
            Record::Parcel(parcel) => outcome.parcels.push(parcel),
            _ => {}
        }
    }
    outcome
}

/// Two people who are never near each other.
const APART: &str = "1 2 890 891\n";

const HALF: &str = "by-hand = { share = 0.2, after-s = [60, 100], way-s = [100, 200] }";

#[test]
fn what_waits_is_carried_by_hand_to_people_who_never_meet() {
    let (_directory, scenario) = meeting(APART, HALF);
    let outcome = run(&scenario, 1);
    assert!(outcome.parcels.len() > 5, "{outcome:?}");
    assert!(outcome.parcels.iter().all(|parcel| parcel.bytes > 0));
    let by_hand: Vec<_> = outcome
        .delivered
        .iter()
        .filter(|one| one.hops == 0)
        .collect();
    // All was written within a minute, and somebody thought of a stick after that.
    assert_eq!(by_hand.len(), outcome.messages.len());
    for delivery in by_hand {
        let after_s = delivery.delay_us / SECOND_US as i64;
        assert!((100..400).contains(&after_s), "{delivery:?}");
    }
}

#[test]
fn nothing_is_carried_to_people_who_have_it_already() {
    let outcome = run(&room(4, HALF), 1);
    assert_eq!(outcome.parcels, []);
    assert!(outcome.delivered.iter().all(|one| one.hops == 1));
    assert_eq!(outcome.delivered.len(), outcome.messages.len());
}

#[test]
fn a_larger_share_adds_parcels_and_changes_none_of_the_messages() {
    let messages = |share: f64| {
        let lines =
            format!("by-hand = {{ share = {share:?}, after-s = [60, 100], way-s = [100, 200] }}");
        let (_directory, scenario) = meeting(APART, &lines);
        let outcome = run(&scenario, 1);
        (outcome.messages, outcome.parcels.len())
    };
    let ((few_messages, few), (many_messages, many)) = (messages(0.0), messages(1.0));
    assert_eq!(few_messages, many_messages);
    assert!(few == 0 && many > 0, "{few} and {many}");
}

#[test]
fn sticks_on_their_way_outlast_a_checkpoint() {
    let whole = |resumes: bool| {
        let (_directory, mut scenario) = meeting(APART, HALF);
        scenario.checkpoint_every_s = Some(150.0);
        let mut world = World::new(&scenario, 1, false).expect("the scenario can be run");
        let mut records = Vec::new();
        while world.advance(&mut records, &mut Vec::new()) {
            if resumes && world.is_at_checkpoint() {
                let saved = world.save().expect("it fits into memory");
                world = World::resume(&scenario, 1, false, &saved).expect("it was just saved");
            }
        }
        let delivered = records.into_iter().filter_map(|record| match record {
            Record::Delivery(delivery) if delivery.hops == 0 => Some(delivery),
            _ => None,
        });
        delivered.collect::<Vec<_>>()
    };
    let delivered = whole(false);
    assert!(!delivered.is_empty());
    assert_eq!(delivered, whole(true));
}

#[test]
fn a_scenario_with_a_way_shorter_than_a_window_is_refused() {
    for (lines, why) in [
        (
            "by-hand = { share = 1, after-s = [0, 10], way-s = [1, 10] }",
            "window-s",
        ),
        (
            "by-hand = { share = 2, after-s = [0, 10], way-s = [10, 10] }",
            "from 0 to 1",
        ),
        (
            "by-hand = { share = 1, after-s = [20, 10], way-s = [10, 10] }",
            "shortest to the longest",
        ),
    ] {
        let refusal = room(3, lines).check().expect_err("it contradicts itself");
        assert!(refusal.to_string().contains(why), "{refusal}");
    }
}
