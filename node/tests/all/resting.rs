//! A device whose contacts are all there announces nothing and looks for nobody, until one is missing.

use hedgerow_node::harness::World;
use hedgerow_transport::carrier::CarrierEvent;

const MINUTE_MS: u64 = 60_000;

/// How long a beacon is announced.
const EPOCH_MS: u64 = 900_000;

/// Two contacts who have met and have come to rest.
fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    // What was announced when they had no contacts yet was decided upon long ago.
    world.run(2 * EPOCH_MS);
    assert!(rests(&world, 0) && rests(&world, 1));
    world
}

/// Whether a node announces nothing and looks for nobody.
fn rests(world: &World, node: usize) -> bool {
    let (beacons, look) = world.network.announced(node);
    assert_eq!(beacons.is_empty(), !look, "both or neither");
    !look
}

/// How many beacons a stranger has heard.
fn beacons(world: &mut World, stranger: usize) -> usize {
    let heard = world.heard(stranger).into_iter();
    heard
        .filter(|event| matches!(event, CarrierEvent::Beacon { .. }))
        .count()
}

#[test]
fn whose_contacts_are_all_there_is_silent_and_looks_for_nobody() {
    let mut world = pair(1);
    let stranger = world.stranger();
    world.run(8 * EPOCH_MS);
    assert_eq!(beacons(&mut world, stranger), 0);
    assert!(rests(&world, 0) && rests(&world, 1));
}

#[test]
fn who_misses_a_contact_announces_and_looks_all_the_time() {
    let mut world = World::with(2, &["Ada", "Grace", "Eve"]);
    world.meet(0, 1);
    world.meet_and_part(0, 2);
    world.leave(2);
    world.run(2 * EPOCH_MS);
    for _ in 0..60 {
        world.run(MINUTE_MS);
        assert!(!rests(&world, 0), "Ada misses Eve");
        assert!(rests(&world, 1), "Grace misses nobody");
    }
}

#[test]
fn two_that_rest_announce_again_at_once_when_their_link_breaks_and_find_each_other() {
    for seed in 3..8 {
        let mut world = pair(seed);
        world.network.part(0, 1, true);
        world.run(40_000);
        assert!(!rests(&world, 0) && !rests(&world, 1));
        // Far beyond the time in which known addresses are tried often.
        world.run(30 * MINUTE_MS);
        world.network.part(0, 1, false);
        world.run(5_000);
        assert!(world.sees(0, 1) && world.sees(1, 0));
    }
}

#[test]
fn two_that_rest_and_are_moved_apart_find_each_other_elsewhere() {
    let mut world = pair(9);
    world.network.part(0, 1, true);
    let (ada, grace) = (world.move_away(0), world.move_away(1));
    world.connected(ada, grace);
}

#[test]
fn a_link_that_breaks_and_comes_back_is_not_shown() {
    let mut world = pair(10);
    let stranger = world.stranger();
    for _ in 0..20 {
        world.network.part(0, 1, true);
        world.network.part(0, 1, false);
        world.run(MINUTE_MS);
        assert!(world.sees(0, 1) && world.sees(1, 0));
    }
    assert_eq!(beacons(&mut world, stranger), 0);
}

#[test]
fn who_has_no_contacts_is_soon_silent() {
    let mut world = World::with(11, &["Ada"]);
    assert!(!rests(&world, 0), "at first");
    world.run(2 * MINUTE_MS);
    assert!(rests(&world, 0));
}
