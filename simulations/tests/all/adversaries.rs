//! What adversaries reach in small worlds: as much as is said that they can, and none of what the protocol
//! promises that nobody can. That a figure that must be 0 is something else where what it
//! watches is broken is shown beside what counts it.

use std::collections::BTreeMap;

use crate::support::threads;
use crate::support::walking::Walkers;
use hedgerow_simulations::record::Record;
use hedgerow_simulations::scenario::{Cryptography, Scenario};
use hedgerow_simulations::world::{Pace, World};

/// Ten minutes in which people on a square know some of the others.
const HEAD: &str = r#"
name = "square"
description = "small, with couriers"
duration-s = 600
acquaintance.random = { mean = 6 }

[courier]
policy = { spray-and-wait = { copies = 8, binary = true } }
one-message = true
"#;

/// What they write.
const REST: &str = r#"
[[workload]]
what = "loads"
pace.poisson = { per-hour = 600 }
length = { shortest = 1000, longest = 3000 }
until-s = 400

[outputs]
contacts = false
"#;

fn text(count: u32, side_m: u32, adversary: &str) -> String {
    let people = Walkers {
        count,
        side_m,
        range_m: 25,
        speed_m_s: [1.0, 2.0],
        longest_pause_s: 30,
        rate_bytes_s: 40_000,
    };
    format!("{HEAD}{}{REST}\n{adversary}", people.lines())
}

/// Sixteen people.
fn square(adversary: &str) -> Scenario {
    let scenario: Scenario =
        toml::from_str(&text(16, 150, adversary)).expect("the scenario is well-formed");
    scenario.check().expect("nothing in it contradicts itself");
    scenario
}

/// The figures of a world, and all that was recorded.
fn play(mut world: World) -> (BTreeMap<&'static str, f64>, Vec<Record>) {
    let mut records = Vec::new();
    while world.advance(&mut records, &mut Vec::new()) {}
    (world.figures().into_iter().collect(), records)
}

fn attacked(scenario: &Scenario) -> BTreeMap<&'static str, f64> {
    attacked_with_seed(scenario, 1)
}

fn attacked_with_seed(scenario: &Scenario, seed: u64) -> BTreeMap<&'static str, f64> {
    play(World::new(scenario, seed, false).expect("the scenario can be run")).0
}

/// The delivery ratio among honest devices in the twin.
fn unharmed(scenario: &Scenario) -> f64 {
    let twin = World::twin(scenario, 1).expect("the scenario can be run");
    play(twin.expect("it is disturbed")).0["honest_delivery_ratio"]
}

#[test]
fn a_black_hole_swallows_and_loses_messages_and_makes_nobody_else_drop_any() {
    let scenario = square("[[adversaries]]\nblack-hole = { share = 0.5 }");
    let figures = attacked(&scenario);
    assert!(figures["blackhole_swallowed"] > 20.0, "{figures:?}");
    assert!(figures["blackhole_only_share"] > 0.0, "{figures:?}");
    assert_eq!(figures["blackhole_deleted"], 0.0);
    let (lost, whole) = (figures["honest_delivery_ratio"], unharmed(&scenario));
    assert!(lost < whole, "{lost} of {whole}");
}

#[test]
fn a_flooder_takes_no_more_than_the_quota() {
    let mut scenario =
        square("[[adversaries]]\nflooder = { share = 0.1, every-s = 2, bytes = 4000 }");
    if let Some(courier) = &mut scenario.courier {
        courier.quota_bytes = 100_000;
    }
    let figures = attacked(&scenario);
    assert!(figures["flooder_bundles"] > 500.0, "{figures:?}");
    assert!(figures["flooder_storage_share"] > 0.1, "{figures:?}");
    assert!(figures["flooder_storage_share_worst"] <= 1.0, "{figures:?}");
    assert!(figures["flooder_honest_dropped"] > 0.0, "{figures:?}");
    let (lost, whole) = (figures["honest_delivery_ratio"], unharmed(&scenario));
    assert!(lost <= whole, "{lost} of {whole}");
}

/// Twelve identities, with a budget of 5 bundles a link or without.
fn sybils(budget: Option<u32>) -> BTreeMap<&'static str, f64> {
    let mut scenario = square(
        "[[adversaries]]\nsybil = { share = 0.05, identities = 12, contacts = 6, every-s = 10, \
         bytes = 2000 }",
    );
    if let Some(courier) = &mut scenario.courier {
        courier.link_bundles = budget;
    }
    attacked(&scenario)
}

#[test]
fn budgets_hold_each_link_whoever_it_claims_to_be() {
    let figures = sybils(Some(5));
    assert!(figures["sybil_links"] > 10.0, "{figures:?}");
    assert_eq!(figures["sybil_link_bundles"], 5.0, "{figures:?}");
    assert_eq!(figures["sybil_link_budget_share"], 1.0, "{figures:?}");
    assert!(figures["sybil_storage_share_worst"] <= 1.0, "{figures:?}");
    let most = 5.0 * figures["sybil_links"];
    assert!(figures["sybil_transfers"] <= most, "{figures:?}");
    // Without a budget the same identities bring more over one link.
    let free = sybils(None);
    assert!(free["sybil_link_bundles"] > 5.0, "{free:?}");
    assert!(free["sybil_transfers"] > figures["sybil_transfers"]);
}

#[test]
fn forged_receipts_delete_nothing() {
    let scenario = square("[[adversaries]]\nreceipt-forger = { share = 0.2, every-s = 20 }");
    let (figures, records) =
        play(World::new(&scenario, 1, false).expect("the scenario can be run"));
    assert!(figures["forger_said"] > 1_000.0, "{figures:?}");
    assert_eq!(figures["forger_deleted"], 0.0);
    // True ones do, so somebody has listened.
    let released = records
        .iter()
        .any(|record| matches!(record, Record::Drop(row) if row.reason == "released"));
    assert!(released);
}

#[test]
fn replays_provoke_dials_and_open_nothing() {
    let figures = attacked(&square(
        "[[adversaries]]\nreplayer = { share = 0.2, every-s = 10, after-s = 60 }",
    ));
    assert!(figures["replayer_dials"] > 0.0, "{figures:?}");
    assert!(figures["replayer_provoked_bytes"] > 0.0, "{figures:?}");
    assert!(figures["replayer_flights"] > 10.0, "{figures:?}");
    assert_eq!(figures["replayer_sessions"], 0.0);
    // What is answered is what never arrived before.
    assert!(
        figures["replayer_recognised"] > 0.0 || figures["replayer_answered_bytes"] == 0.0,
        "{figures:?}"
    );
}

/// Ten people in the course of two hours, whom a tracker watches.
fn tracked(seed: u64, tracker: &str) -> BTreeMap<&'static str, f64> {
    let adversary = format!("[[adversaries]]\ntracker = {tracker}");
    let mut scenario: Scenario =
        toml::from_str(&text(10, 300, &adversary)).expect("the scenario is well-formed");
    scenario.cryptography = Cryptography::Real;
    scenario.check().expect("nothing in it contradicts itself");
    scenario.duration_s = 7_200.0;
    scenario.workload[0].until_s = None;
    scenario.workload[0].pace = Pace::Poisson { per_hour: 60.0 };
    attacked_with_seed(&scenario, seed)
}

/// By what a tracker recognises devices. Games of one world share their material, and one world in forty is
/// lucky; the means of independent worlds are not.
fn recognised(tracker: &str, worlds: u64) -> Vec<&'static str> {
    let figures: Vec<_> = (1..=worlds).map(|seed| tracked(seed, tracker)).collect();
    let kinds = ["beacons", "moments", "flights", "lengths", "tags"].into_iter();
    let is_above = |what: &&str| {
        let figure = |world: &BTreeMap<&str, f64>, name: &str| {
            world[format!("tracker_{what}_{name}").as_str()]
        };
        for world in &figures {
            assert!(figure(world, "trials") >= 20.0, "{what}: {world:?}");
        }
        let above = figures.iter().map(|world| figure(world, "above_chance"));
        let above: Vec<f64> = above.collect();
        let mean = above.iter().sum::<f64>() / worlds as f64;
        let spread = above.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
        let error = (spread / (worlds * (worlds - 1)) as f64).sqrt();
        mean > 3.0 * error
    };
    kinds.filter(is_above).collect()
}

#[test]
fn a_tracker_is_no_better_than_chance() {
    assert_eq!(recognised("{}", 6), [""; 0]);
}

#[test]
fn a_tracker_finds_each_broken_protocol() {
    for (broken, found) in [
        ("static-beacon", "beacons"),
        ("fixed-moment", "moments"),
        ("static-flight", "flights"),
        ("static-tag", "tags"),
    ] {
        let recognised = recognised(&format!("{{ broken = \"{broken}\" }}"), 3);
        assert!(recognised.contains(&found), "{broken}: {recognised:?}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_figures_and_records() {
    let scenario = square(
        "[[adversaries]]\nreplayer = { share = 0.1, every-s = 10, after-s = 60 }\n\
         [[adversaries]]\nreceipt-forger = { share = 0.1, every-s = 20 }\n\
         [[adversaries]]\nblack-hole = { share = 0.1 }\n\
         [[adversaries]]\nflooder = { share = 0.1, every-s = 20, bytes = 1000 }",
    );
    let world = || World::new(&scenario, 1, false).expect("the scenario can be run");
    let on = |threads| threads::on(threads, || play(world()));
    let ((figures, records), (same, records_of_two)) = (on(1), on(2));
    assert_eq!(figures, same);
    assert_eq!(records.len(), records_of_two.len());
    assert!(records == records_of_two);
}

#[test]
fn contradictions_are_refused() {
    let refused = |adversary: &str| {
        let scenario: Scenario =
            toml::from_str(&text(16, 150, adversary)).expect("the scenario is well-formed");
        scenario
            .check()
            .expect_err("it contradicts itself")
            .to_string()
    };
    assert!(refused("[[adversaries]]\ntracker = {}").contains("cryptography"));
    assert!(refused("[[adversaries]]\nblack-hole = { share = 2 }").contains("shares"));
    let hole = "[[adversaries]]\nblack-hole = { share = 0.1 }\n";
    assert!(refused(&hole.repeat(2)).contains("once"));
}
