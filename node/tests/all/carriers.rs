//! Two carriers at once: a session goes over the better one, moves there when it can, and falls back when it
//! must; nothing is lost and nothing comes twice.

use std::collections::BTreeMap;

use crate::support::interleavings;
use hedgerow_node::api::{Call, Carrier, Private, Reply, WayState, WayStatus, Why};
use hedgerow_node::harness::{EPOCH_MS, RELAY, World};
use hedgerow_transport::carrier::CarrierKind;
use hedgerow_transport::carrier::memory::{Conditions, MemoryNetwork};
use proptest::prelude::*;

/// Two who know each other, near each other by Bluetooth and on one network (in memory) besides.
fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Ben"]);
    world.meet(0, 1);
    world.add_carrier(CarrierKind::Ble);
    world.run(10_000);
    world
}

/// Over which carrier a node reaches the other one.
fn reached(world: &mut World, node: usize) -> Option<Carrier> {
    let contact = world.id(1 - node);
    match world.ask(node, Call::Contact(contact)) {
        Ok(Reply::Contact(contact)) => contact.reachable,
        other => panic!("no contact: {other:?}"),
    }
}

/// Lets both go on until they reach each other over a carrier.
fn moved(world: &mut World, carrier: Carrier, limit_ms: u64) {
    let end_ms = world.now_ms + limit_ms;
    while (0..2).any(|node| reached(world, node) != Some(carrier)) {
        assert!(world.now_ms < end_ms, "not over {carrier:?}");
        world.run(500);
    }
}

/// Switches a node's access to the network in memory.
fn switch(world: &mut World, node: usize, on: bool) {
    switch_over(world, node, Carrier::Memory, on);
}

fn switch_over(world: &mut World, node: usize, carrier: Carrier, on: bool) {
    // One that has just started does not know its carriers yet.
    world.run(10);
    let answer = world.ask(node, Call::SwitchCarrier(carrier, on));
    assert_eq!(answer, Ok(Reply::Done));
}

#[test]
fn a_session_falls_back_to_another_carrier_and_returns_to_the_better_one_without_loss() {
    let mut world = pair(1);
    moved(&mut world, Carrier::Memory, 60_000);
    switch(&mut world, 0, false);
    for number in 0..50 {
        world.send(0, 1, &format!("going {number}"));
    }
    moved(&mut world, Carrier::Ble, 120_000);
    for number in 0..50 {
        world.send(1, 0, &format!("coming {number}"));
    }
    switch(&mut world, 0, true);
    moved(&mut world, Carrier::Memory, 30_000);
    world.delivered(0, 1);
    let texts = world.texts(0, 1);
    assert_eq!(texts.len(), 100, "nothing twice, nothing lost");
    assert_eq!(world.texts(1, 0), texts);
}

#[test]
fn whoever_gets_through_moves_the_session() {
    for shut in 0..2 {
        let mut world = pair(2 + shut as u64);
        switch(&mut world, 0, false);
        moved(&mut world, Carrier::Ble, 120_000);
        world.network.shut(shut, true);
        switch(&mut world, 0, true);
        moved(&mut world, Carrier::Memory, 60_000);
    }
}

#[test]
fn ways_that_fail_are_tried_again_after_a_pause_that_grows_while_the_session_lasts() {
    let mut world = pair(4);
    switch(&mut world, 0, false);
    moved(&mut world, Carrier::Ble, 120_000);
    world.network.part(0, 1, true);
    switch(&mut world, 0, true);
    world.run(600_000);
    assert_eq!(reached(&mut world, 0), Some(Carrier::Ble));
    let pumps = world.nodes[0].pumps;
    world.run(7_200_000);
    let pumps = world.nodes[0].pumps - pumps;
    assert!(pumps < 400, "{pumps} wake-ups in two hours");
    world.network.part(0, 1, false);
    moved(&mut world, Carrier::Memory, 3_700_000);
}

#[test]
fn each_carrier_says_whether_it_is_used_and_if_not_why() {
    use WayState::*;
    let mut world = pair(5);
    moved(&mut world, Carrier::Memory, 60_000);
    assert_eq!(states(&mut world), [InUse, Spare, ByHand]);
    switch(&mut world, 0, false);
    moved(&mut world, Carrier::Ble, 120_000);
    assert_eq!(states(&mut world), [Off, InUse, ByHand]);
    world.network.part(0, 1, true);
    switch(&mut world, 0, true);
    world.run(30_000);
    let [memory, bluetooth_now, _] = states(&mut world);
    let now_ms = EPOCH_MS + world.now_ms as i64;
    assert!(matches!(memory, NoAnswer { next_ms } if next_ms > now_ms));
    assert_eq!(bluetooth_now, InUse);
    bluetooth(&mut world).part(0, 1, true);
    world.run(60_000);
    assert!(matches!(states(&mut world)[1], NotFound | Trying));
    let contact = world.id(1);
    let blocked = world.ask(0, Call::Block(contact, true));
    blocked.expect("it is a contact");
    assert_eq!(states(&mut world), [NotWanted; 3]);
}

#[test]
fn a_contact_that_was_just_found_is_shown_as_being_tried() {
    let mut world = World::with(5, &["Ada", "Ben"]);
    world.meet(0, 1);
    world.network.part(0, 1, true);
    world.send(0, 1, "near?");
    world.run(600_000);
    for device in [0, 1] {
        world.network.shut(device, true);
    }
    world.network.part(0, 1, false);
    let mut found = 0;
    for _ in 0..600 {
        world.run(100);
        if world.conversation(0, 1).why == Some(Why::Connecting) {
            found += 1;
            assert_eq!(ways(&mut world)[0].state, WayState::Trying);
        }
    }
    assert!(found > 0, "nobody was found");
}

/// How memory, Bluetooth and files stand with the other one.
fn states(world: &mut World) -> [WayState; 3] {
    let ways = ways(world);
    let carriers: Vec<Carrier> = ways.iter().map(|way| way.carrier).collect();
    assert_eq!(carriers, [Carrier::Memory, Carrier::Ble, Carrier::File]);
    [0, 1, 2].map(|nth: usize| ways[nth].state)
}

fn ways(world: &mut World) -> Vec<WayStatus> {
    let contact = world.id(1);
    match world.ask(0, Call::Ways(contact)) {
        Ok(Reply::Ways(ways)) => ways,
        other => panic!("no ways: {other:?}"),
    }
}

#[test]
fn a_beacon_that_is_seen_over_a_better_carrier_moves_the_session() {
    let mut world = World::with(6, &["Ada", "Ben", "Cleo"]);
    world.meet(0, 1);
    world.meet(0, 2);
    world.meet(1, 2);
    world.add_carrier(CarrierKind::Ble);
    // Somebody is missing, so both go on to announce and to look.
    world.leave(2);
    world.network.part(0, 1, true);
    moved(&mut world, Carrier::Ble, 120_000);
    // By now the known addresses are tried once an hour, and were a few minutes ago.
    world.run(4 * 3_600_000 + 600_000);
    assert_eq!(reached(&mut world, 0), Some(Carrier::Ble));
    world.network.part(0, 1, false);
    moved(&mut world, Carrier::Memory, 60_000);
}

/// One step of life between three carriers.
#[derive(Debug, Clone)]
enum Step {
    Send(usize),
    Run(u64),
    Restart(usize),
    Part(Carrier, bool),
    Switch(usize, Carrier, bool),
}

const THREE: [Carrier; 3] = [Carrier::Memory, Carrier::Ble, Carrier::Relay];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let carrier = || proptest::sample::select(&THREE);
    let step = prop_oneof![
        5 => (0..2_usize).prop_map(Step::Send),
        4 => (1..20_000_u64).prop_map(Step::Run),
        1 => (0..2_usize).prop_map(Step::Restart),
        3 => (carrier(), any::<bool>()).prop_map(|(carrier, apart)| Step::Part(carrier, apart)),
        3 => (0..2_usize, carrier(), any::<bool>()).prop_map(|(node, carrier, on)| Step::Switch(node, carrier, on)),
    ];
    proptest::collection::vec(step, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: interleavings::cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_any_interleaving_of_carriers_one_that_is_left_is_enough_and_the_best_one_is_used(
        seed in 0..10_000_u64,
        steps in steps(),
        left in proptest::sample::select(&THREE),
        hears in any::<bool>(),
        is_switched in any::<bool>(),
    ) {
        let mut world = pair(seed);
        world.add_carrier(CarrierKind::Relay);
        for node in 0..2 {
            let relay = Call::AddRelay(Private(RELAY.to_owned()));
            prop_assert_eq!(world.ask(node, relay), Ok(Reply::Done));
        }
        world.run(1_000);
        for carrier in THREE {
            network(&mut world, carrier).conditions = Conditions {
                // Only who hears Bluetooth knows where to call there.
                multicast: hears || carrier == Carrier::Ble,
                ..Conditions::rough()
            };
        }
        let mut sent = BTreeMap::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Send(from) => {
                    let text = format!("{number} from {from}");
                    world.send(*from, 1 - *from, &text);
                    *sent.entry(text).or_insert(0) += 1;
                }
                Step::Run(ms) => world.run(*ms),
                Step::Restart(node) => world.restart(*node),
                Step::Part(carrier, apart) => network(&mut world, *carrier).part(0, 1, *apart),
                Step::Switch(node, carrier, on) => switch_over(&mut world, *node, *carrier, *on),
            }
        }
        for carrier in THREE {
            let is_left = carrier == left;
            match is_switched {
                true => (0..2).for_each(|node| switch_over(&mut world, node, carrier, is_left)),
                false => network(&mut world, carrier).part(0, 1, !is_left),
            }
        }
        // Both ways of being there: what the steps left of the other.
        network(&mut world, left).part(0, 1, false);
        (0..2).for_each(|node| switch_over(&mut world, node, left, true));
        // Rounds of dialling stand ten minutes apart by now, and on rough links some fail.
        moved(&mut world, left, 6_000_000);
        for carrier in THREE {
            let network = network(&mut world, carrier);
            network.conditions = Conditions::default();
            network.part(0, 1, false);
            (0..2).for_each(|node| switch_over(&mut world, node, carrier, true));
        }
        moved(&mut world, Carrier::Memory, 4_000_000);
        world.delivered(0, 1);
        world.delivered(1, 0);
        for node in 0..2 {
            let mut held = BTreeMap::new();
            for text in world.texts(node, 1 - node) {
                *held.entry(text).or_insert(0) += 1;
            }
            prop_assert_eq!(&held, &sent);
        }
    }
}

/// The network of a carrier.
fn network(world: &mut World, carrier: Carrier) -> &mut MemoryNetwork {
    let kind = match carrier {
        Carrier::Ble => CarrierKind::Ble,
        Carrier::Relay => CarrierKind::Relay,
        _ => return &mut world.network,
    };
    let network = world.further.get_mut(&kind);
    network.expect("it was added")
}

fn bluetooth(world: &mut World) -> &mut MemoryNetwork {
    network(world, Carrier::Ble)
}
