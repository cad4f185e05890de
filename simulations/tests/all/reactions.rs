//! Users react to what they have read and answer it, authors edit what has arrived, and the others get it.

use std::collections::BTreeMap;

use crate::support::walking::Walkers;
use hedgerow_simulations::plan::SECOND_US;
use hedgerow_simulations::record::{Delivery, Edit, Reaction, Record};
use hedgerow_simulations::scenario::Scenario;
use hedgerow_simulations::world::World;

/// A room that nobody leaves.
const HEAD: &str = r#"
name = "room"
description = "everybody within reach of everybody"
duration-s = 900
window-s = 5
acquaintance = "complete"
"#;

/// What they write in the first minute.
const TEXTS: &str = r#"
[[workload]]
what = "texts"
pace.every = { shortest-s = 0.3, longest-s = 0.9 }
length = { shortest = 20, longest = 200 }
until-s = 60
"#;

/// Two people who meet twice, and are apart in between.
pub const TWICE: &str = "1 2 0 80\n1 2 300 900\n";

const RADIO: &str = r#"
[[radios]]
name = "bluetooth"
carrier = "ble"
rate-bytes-s = 40_000
latency-s = 0.03
setup-s = 0.3
"#;

/// So many people in the room, and these lines of the workload and after it.
pub fn room(people: u32, rest: &str) -> Scenario {
    let people = Walkers {
        count: people,
        side_m: 20,
        range_m: 30,
        speed_m_s: [0.5, 1.5],
        longest_pause_s: 60,
        rate_bytes_s: 40_000,
    };
    let text = format!("{HEAD}{}{TEXTS}{rest}", people.lines());
    toml::from_str(&text).expect("the scenario is well-formed")
}

pub fn records(scenario: &Scenario, seed: u64) -> Vec<Record> {
    scenario
        .check()
        .expect("the scenario does not contradict itself");
    let mut world = World::new(scenario, seed, false).expect("the scenario can be run");
    let mut records = Vec::new();
    while world.advance(&mut records, &mut Vec::new()) {}
    records
}

/// What arrived, by message, and the reactions in their order.
fn run(scenario: &Scenario, seed: u64) -> (BTreeMap<i64, Delivery>, Vec<Reaction>) {
    let (mut arrived, mut reactions) = (BTreeMap::new(), Vec::new());
    for record in records(scenario, seed) {
        match record {
            Record::Delivery(delivery) => drop(arrived.insert(delivery.message, delivery)),
            Record::Reaction(reaction) => reactions.push(reaction),
            _ => {}
        }
    }
    (arrived, reactions)
}

/// Two people who meet at these times, with these lines of the workload and after it; and the directory in which the
/// times stand.
pub fn meeting(times: &str, rest: &str) -> (tempfile::TempDir, Scenario) {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("times.txt");
    std::fs::write(&path, times).expect("there is room");
    let trace = format!("movement.trace = {{ path = {path:?}, format = 'contact-list' }}");
    let text = format!("{HEAD}{trace}{RADIO}{TEXTS}{rest}");
    let scenario = toml::from_str(&text).expect("the scenario is well-formed");
    (directory, scenario)
}

/// The two, with these lines of the workload and after it.
fn run_two(rest: &str, seed: u64) -> (BTreeMap<i64, Delivery>, Vec<Reaction>) {
    let (_directory, scenario) = meeting(TWICE, rest);
    run(&scenario, seed)
}

/// One reaction to each of these messages: by its reader, within these seconds after it arrived, and it has reached the
/// author.
fn assert_all_reacted(
    arrived: &BTreeMap<i64, Delivery>,
    reactions: &[Reaction],
    [shortest_s, longest_s]: [u64; 2],
) {
    assert!(arrived.len() > 80, "{} messages arrived", arrived.len());
    assert_eq!(reactions.len(), arrived.len());
    let within = (shortest_s * SECOND_US) as i64..=(longest_s * SECOND_US) as i64;
    for reaction in reactions {
        let to = &arrived[&reaction.message];
        assert_eq!((reaction.from, reaction.to), (to.to, to.from));
        let after_us = reaction.at_us - to.at_us;
        assert!(within.contains(&after_us), "{reaction:?} to {to:?}");
        assert!(reaction.delay_us >= 0, "{reaction:?} is lost");
    }
}

#[test]
fn every_reaction_reaches_the_author_when_people_stay_together() {
    let scenario = room(6, "reactions = { share = 1, delay-s = [5, 60] }");
    let (arrived, reactions) = run(&scenario, 1);
    assert_all_reacted(&arrived, &reactions, [5, 60]);
}

/// They react while they are apart, and then so many reactions come at once that the engine tells no single one.
#[test]
fn reactions_that_were_made_apart_come_at_the_next_meeting() {
    let (arrived, reactions) = run_two("reactions = { share = 1, delay-s = [100, 150] }", 1);
    assert_all_reacted(&arrived, &reactions, [100, 150]);
    let mut at_once = BTreeMap::new();
    for reaction in &reactions {
        let arrived_us = reaction.at_us + reaction.delay_us;
        assert!(arrived_us > 300_000_000, "{reaction:?}");
        *at_once.entry((reaction.to, arrived_us)).or_insert(0) += 1;
    }
    let most = at_once.values().max();
    assert!(most.is_some_and(|most| *most > 16), "{at_once:?}");
}

/// Who has lost the texts of the other cannot react to them. So where one of the two alone gets reactions, that one has
/// lost its own texts: they come back from their reader, together with the reactions.
#[test]
fn reactions_reach_an_author_who_has_lost_the_messages() {
    let rest = "reactions = { share = 1, delay-s = [100, 150] }
        [[faults]]
        roll-back = { share = 0.5, kept-s = 1, at-s = 90 }";
    let mut lost = 0;
    for seed in 1..=6 {
        let (arrived, reactions) = run_two(rest, seed);
        let of = |author| reactions.iter().filter(move |one| one.to == author);
        for author in [0, 1] {
            let written = arrived.values().filter(|one| one.from == author).count();
            let made = of(author).count();
            assert!(made == 0 || made == written, "{made} of {written}");
            assert!(of(author).all(|one| one.delay_us >= 0));
        }
        lost += u32::from((of(0).count() == 0) != (of(1).count() == 0));
    }
    assert!(lost > 0, "in no seed one of the two has lost its texts");
}

#[test]
fn nobody_reacts_where_the_share_is_none() {
    let with = |rest| records(&room(4, rest), 1);
    let none = with("reactions = { share = 0, delay-s = [5, 60] }");
    assert_eq!(none, with(""));
    let is_reaction = |record: &Record| matches!(record, Record::Reaction(_));
    assert!(!none.iter().any(is_reaction));
}

#[test]
fn a_share_of_the_texts_gets_reactions() {
    let (arrived, reactions) = run(
        &room(4, "reactions = { share = 0.5, delay-s = [5, 60] }"),
        1,
    );
    let share = reactions.len() as f64 / arrived.len() as f64;
    assert!((0.35..0.65).contains(&share), "{share}");
}

#[test]
fn reactions_that_cannot_be_are_refused_with_the_reason() {
    let why = |rest: &str| room(2, rest).check().expect_err(rest).to_string();
    for (rest, words) in [
        ("reactions = { share = 1.1, delay-s = [5, 60] }", "0 to 1"),
        ("reactions = { share = nan, delay-s = [5, 60] }", "0 to 1"),
        ("reactions = { share = 0.5, delay-s = [60, 5] }", "shortest"),
        (
            "reactions = { share = 0.5, delay-s = [5, inf] }",
            "shortest",
        ),
        (
            "reactions = { share = 0.5, delay-s = [4, 60] }",
            "window-s, 5",
        ),
    ] {
        let said = why(rest);
        assert!(said.contains("reactions") && said.contains(words), "{said}");
    }
    let mut loads = room(
        2,
        "reactions = { share = 0.5, delay-s = [5, 60] }\n[courier]",
    );
    loads.workload[0].what = hedgerow_simulations::world::Choice::Loads;
    let said = loads.check().expect_err("loads").to_string();
    assert!(said.contains("no reactions to loads"), "{said}");
}

/// Deliveries by message, and edits, where people do all of this with each text that arrives.
fn edits(rest: &str) -> (BTreeMap<i64, Delivery>, Vec<Edit>) {
    let (mut arrived, mut edits) = (BTreeMap::new(), Vec::new());
    for record in records(&room(4, rest), 1) {
        match record {
            Record::Delivery(delivery) => drop(arrived.insert(delivery.message, delivery)),
            Record::Edit(edit) => edits.push(edit),
            _ => {}
        }
    }
    (arrived, edits)
}

#[test]
fn every_edit_reaches_the_reader_when_people_stay_together_and_no_reaction_is_taken_for_one() {
    let (arrived, edits) = edits(
        "edits = { share = 1, delay-s = [5, 60] }
        reactions = { share = 1, delay-s = [5, 60] }",
    );
    assert!(arrived.len() > 80, "{} messages arrived", arrived.len());
    assert_eq!(edits.len(), arrived.len());
    for edit in &edits {
        let of = &arrived[&edit.message];
        assert_eq!((edit.from, edit.to), (of.from, of.to));
        assert!(edit.at_us - of.at_us >= 5 * SECOND_US as i64);
        assert!(edit.delay_us > 0, "{edit:?}");
    }
}

#[test]
fn answers_are_messages_that_reach_the_author() {
    let (arrived, edits) = edits("replies = { share = 1, delay-s = [5, 60] }");
    assert!(edits.is_empty());
    let (answers, texts): (Vec<_>, Vec<_>) =
        arrived.values().partition(|one| one.message >= 1 << 31);
    assert!(texts.len() > 80 && answers.len() == texts.len());
    for (answer, text) in answers.iter().zip(&texts) {
        assert_eq!(answer.message - (1 << 31), text.message);
        assert_eq!((answer.from, answer.to), (text.to, text.from));
    }
}

#[test]
fn edits_and_replies_that_cannot_be_are_refused_with_the_reason() {
    for what in ["edits", "replies"] {
        let rest = format!("{what} = {{ share = 2, delay-s = [5, 60] }}");
        let said = room(2, &rest).check().expect_err("too many").to_string();
        assert!(said.contains(what) && said.contains("0 to 1"), "{said}");
    }
}
