//! People write in groups, and what they write comes to everybody in them, through one another.

use std::collections::{BTreeMap, BTreeSet};

use crate::reactions::meeting;
use crate::support::threads;
use crate::support::walking::Walkers;
use hedgerow_simulations::record::{GroupDelivery, GroupMessage, Record};
use hedgerow_simulations::scenario::Scenario;
use hedgerow_simulations::world::World;

/// Half an hour in a park where few know one another.
const HEAD: &str = r#"
name = "park"
description = "small, and a few groups in it"
duration-s = 1800
window-s = 5
acquaintance.random = { mean = 1 }
"#;

const GROUPS: &str = r#"
[[group-chats]]
count = 4
people = 6
contacts = 0.4
per-hour = 120
length = { shortest = 20, longest = 400 }
"#;

/// What breaks.
const FAULTS: &str = r#"
[[faults]]
churn = { share = 0.2, on-s = 600, off-s = 60 }

[[faults]]
roll-back = { share = 0.1, kept-s = 400, at-s = 900 }
"#;

fn park(count: u32, rest: &str) -> Scenario {
    let people = Walkers {
        count,
        side_m: 120,
        range_m: 30,
        speed_m_s: [0.5, 1.5],
        longest_pause_s: 60,
        rate_bytes_s: 40_000,
    };
    let text = format!("{HEAD}{}{GROUPS}{rest}", people.lines());
    toml::from_str(&text).expect("the scenario is well-formed")
}

fn world(scenario: &Scenario, seed: u64) -> World {
    scenario
        .check()
        .expect("the scenario does not contradict itself");
    World::new(scenario, seed, false).expect("the scenario can be run")
}

fn play(mut world: World) -> Vec<Record> {
    let mut records = Vec::new();
    while world.advance(&mut records, &mut Vec::new()) {}
    assert_eq!(world.disagreements(), Vec::<String>::new());
    records
}

/// What was written, by number, and what came to whom.
fn told(records: &[Record]) -> (BTreeMap<i64, GroupMessage>, Vec<GroupDelivery>) {
    let (mut written, mut arrived) = (BTreeMap::new(), Vec::new());
    for record in records {
        match record {
            Record::GroupMessage(one) => drop(written.insert(one.message, one.clone())),
            Record::GroupDelivery(one) => arrived.push(one.clone()),
            _ => {}
        }
    }
    (written, arrived)
}

/// Three in a group. The first two meet, then the second and the third: the first and the third never do.
#[test]
fn everybody_in_a_group_gets_what_everybody_wrote_though_two_never_meet() {
    let times = "1 2 100 200\n2 3 300 400\n1 2 500 600\n2 3 700 800\n";
    let group = r#"
[[group-chats]]
count = 1
people = 3
contacts = 1
per-hour = 900
length = { shortest = 20, longest = 200 }
until-s = 250
"#;
    let (_directory, mut scenario) = meeting(times, group);
    scenario.workload.clear();
    let (written, arrived) = told(&play(world(&scenario, 1)));
    assert!(written.len() > 30, "{} were written", written.len());
    let authors: BTreeSet<i32> = written.values().map(|one| one.from).collect();
    assert_eq!(authors, BTreeSet::from([0, 1, 2]));
    let pairs: BTreeSet<(i64, i32)> = arrived.iter().map(|one| (one.message, one.to)).collect();
    assert_eq!(pairs.len(), arrived.len(), "something came twice");
    assert_eq!(pairs.len(), written.len() * 2);
    for one in &arrived {
        let via = match (one.from, one.to) {
            (0, 2) | (2, 0) => (1, 2),
            (from, _) => (from, 1),
        };
        assert_eq!((one.via, one.hops), via, "{one:?}");
    }
}

#[test]
fn what_is_written_in_a_group_comes_to_its_members_alone_and_once() {
    let records = play(world(&park(24, ""), 1));
    let (written, arrived) = told(&records);
    assert!(written.len() > 150, "{} were written", written.len());
    let mut pairs = BTreeSet::new();
    for one in &arrived {
        assert!(pairs.insert((one.message, one.to)), "{one:?} came twice");
        assert_eq!(one.from, written[&one.message].from);
        assert!(one.via >= 0 && one.via_member, "{one:?}");
    }
    let wanted: i32 = written.values().map(|one| one.others).sum();
    let share = arrived.len() as f64 / f64::from(wanted);
    assert!(share > 0.8, "{share} of {wanted}");
    let by_others = arrived.iter().filter(|one| one.via != one.from).count();
    assert!(by_others > 50, "{by_others} came through others");
}

#[test]
fn groups_give_the_same_records_on_any_number_of_threads() {
    let scenario = park(24, FAULTS);
    let on = |threads| threads::on(threads, || play(world(&scenario, 2)));
    let (one, two) = (on(1), on(2));
    assert!(told(&one).1.len() > 100);
    assert_eq!(one, two);
}

#[test]
fn a_run_with_groups_that_is_stopped_goes_on_to_the_same_records() {
    let mut scenario = park(24, FAULTS);
    scenario.checkpoint_every_s = Some(600.0);
    let whole = play(world(&scenario, 3));
    let mut world = world(&scenario, 3);
    let mut records = Vec::new();
    while !world.is_at_checkpoint() {
        assert!(world.advance(&mut records, &mut Vec::new()));
    }
    let checkpoint = world.save().expect("the world is at a checkpoint");
    drop(world);
    let world = World::resume(&scenario, 3, false, &checkpoint).expect("it is this world's");
    records.extend(play(world));
    assert_eq!(records, whole);
}

#[test]
fn pairwise_the_same_texts_go_to_contacts_alone() {
    let scenario = park(24, "");
    let mut pairwise = scenario.clone();
    pairwise.group_chats[0].pairwise = true;
    let (in_groups, _) = told(&play(world(&scenario, 1)));
    let (written, arrived) = told(&play(world(&pairwise, 1)));
    assert_eq!(written, in_groups);
    assert!(arrived.len() > 100, "{} arrived", arrived.len());
    for one in &arrived {
        assert_eq!((one.via, one.hops), (one.from, 1), "{one:?}");
    }
    let wanted: i32 = written.values().map(|one| one.others).sum();
    // Six of the fifteen pairs of a group are contacts, and some besides.
    let share = arrived.len() as f64 / f64::from(wanted);
    assert!((0.2..0.6).contains(&share), "{share} of {wanted}");
}
