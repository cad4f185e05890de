//! The same scenario and seed give the same records: on any number of threads, with and without real
//! cryptography, and when a run is stopped and goes on.

use crate::support::threads;
use crate::support::walking::Walkers;
use hedgerow_simulations::record::Record;
use hedgerow_simulations::scenario::{Cryptography, Scenario};
use hedgerow_simulations::world::World;

/// Half an hour in a park where some know one another.
const HEAD: &str = r#"
name = "park"
description = "small, and everything in it"
duration-s = 1800
window-s = 5
acquaintance.communities = { size = 4, outside = 4 }
"#;

/// What their radios do, what they write, and what breaks.
const REST: &str = r#"loss = 0.02
mtu-bytes = 244
discovery.within = { longest-s = 3 }
energy = { sleep-w = 0.001, scan-w = 0.01, connected-w = 0.02, send-w = 0.05 }

[[workload]]
what = "texts"
pace.poisson = { per-hour = 600 }
length = { shortest = 20, longest = 400 }
reactions = { share = 0.6, delay-s = [5, 300] }

[[faults]]
churn = { share = 0.2, on-s = 600, off-s = 60 }

[[faults]]
roll-back = { share = 0.1, kept-s = 400, at-s = 900 }

[[faults]]
clock = { share = 0.2, at-s = 500, furthest-s = 3000 }

[outputs]
sample-s = 300
"#;

/// Forty people; things break.
fn park() -> Scenario {
    let people = Walkers {
        count: 40,
        side_m: 250,
        range_m: 30,
        speed_m_s: [0.5, 1.5],
        longest_pause_s: 60,
        rate_bytes_s: 20_000,
    };
    let text = format!("{HEAD}{}{REST}", people.lines());
    toml::from_str(&text).expect("the scenario is well-formed")
}

/// Everything that happens from here on, and how many groups each thread has run.
fn play(mut world: World) -> (Vec<Record>, Vec<u64>) {
    let mut records = Vec::new();
    while world.advance(&mut records, &mut Vec::new()) {}
    (records, world.threads.clone())
}

fn run(scenario: &Scenario, seed: u64) -> Vec<Record> {
    play(World::new(scenario, seed, false).expect("the scenario can be run")).0
}

/// Panics with the first record in which two runs differ.
fn assert_same(one: &[Record], other: &[Record]) {
    for (number, (one, other)) in one.iter().zip(other).enumerate() {
        assert_eq!(one, other, "record {number}");
    }
    assert_eq!(one.len(), other.len());
}

fn delivered(records: &[Record]) -> usize {
    let arrived = records
        .iter()
        .filter(|record| matches!(record, Record::Delivery(_)));
    arrived.count()
}

/// Reactions that have reached the author.
fn reacted(records: &[Record]) -> usize {
    let arrived = records
        .iter()
        .filter(|record| matches!(record, Record::Reaction(reaction) if reaction.delay_us >= 0));
    arrived.count()
}

#[test]
fn any_number_of_threads_gives_the_same_records() {
    let scenario = park();
    let world = || World::new(&scenario, 1, false).expect("the scenario can be run");
    let on = |threads| threads::on(threads, || play(world()));
    let ((one, _), (two, groups)) = (on(1), on(2));
    assert!(delivered(&one) > 20, "{} messages arrived", delivered(&one));
    assert!(reacted(&one) > 5, "{} reactions arrived", reacted(&one));
    assert_same(&one, &two);
    assert!(
        groups.len() == 2 && groups.iter().all(|groups| *groups > 0),
        "both threads have worked: {groups:?}"
    );
}

#[test]
fn an_empty_battery_switches_a_device_off_for_good() {
    let mut scenario = park();
    scenario.faults.clear();
    let text = "capacity-j = 120\nfilled = [0.1, 1.0]\nbase-w = 0.01";
    scenario.battery = Some(toml::from_str(text).expect("the battery is well-formed"));
    let mut on = Vec::new();
    for record in run(&scenario, 5) {
        if let Record::Sample(sample) = record {
            on.push((sample.at_us, sample.on));
        }
    }
    let count = |at_s: i64| {
        let then = on.iter().filter(|(at_us, _)| *at_us == at_s * 1_000_000);
        then.filter(|(_, on)| *on).count()
    };
    assert_eq!(count(300), 40);
    assert!(
        (1..40).contains(&count(1_500)),
        "{} at the end",
        count(1_500)
    );
    assert!(count(1_200) >= count(1_500));
}

#[test]
fn another_seed_gives_other_records() {
    let scenario = park();
    assert_ne!(run(&scenario, 1), run(&scenario, 2));
}

#[test]
fn real_and_sized_cryptography_give_the_same_records() {
    let mut scenario = park();
    scenario.duration_s = 600.0;
    let sized = run(&scenario, 3);
    scenario.cryptography = Cryptography::Real;
    assert_same(&run(&scenario, 3), &sized);
}

#[test]
fn a_run_that_is_stopped_goes_on_to_the_same_records() {
    let mut scenario = park();
    scenario.checkpoint_every_s = Some(600.0);
    let whole = run(&scenario, 4);
    let mut world = World::new(&scenario, 4, false).expect("the scenario can be run");
    let mut records = Vec::new();
    while !world.is_at_checkpoint() || world.progress().now_us < 1_200_000_000 {
        assert!(world.advance(&mut records, &mut Vec::new()));
    }
    let checkpoint = world.save().expect("the world is at a checkpoint");
    drop(world);
    let world = World::resume(&scenario, 4, false, &checkpoint).expect("it is this world's");
    let (rest, _) = play(world);
    // Also to messages that had arrived before.
    let before = |rest: &Record| {
        matches!(rest, Record::Reaction(one) if records.iter().any(|record| {
            matches!(record, Record::Delivery(delivery) if delivery.message == one.message)
        }))
    };
    assert!(rest.iter().any(before), "no reaction was due or under way");
    records.extend(rest);
    assert_same(&records, &whole);
}
