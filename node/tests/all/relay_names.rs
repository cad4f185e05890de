//! Under which names devices wait at relays, and for whom, over months.

use hedgerow_node::api::{Call, Carrier, Event, Private, Reply};
use hedgerow_node::harness::{RELAY, World};
use hedgerow_transport::carrier::CarrierKind;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// The longest pause between two attempts to reach somebody, and time for one.
const ATTEMPT_MS: u64 = 20 * 60_000;

fn done(world: &mut World, node: usize, call: Call) {
    assert_eq!(world.ask(node, call), Ok(Reply::Done));
}

fn block(world: &mut World, node: usize, whom: usize) {
    let id = world.id(whom);
    world.ask(node, Call::Block(id, true)).expect("a contact");
}

/// People who met on a network days ago, and use one relay; from now on they are on no network.
fn people(seed: u64, names: &[&str], meetings: &[(usize, usize)]) -> World {
    let mut world = World::with(seed, names);
    world.add_carrier(CarrierKind::Relay);
    for node in 0..names.len() {
        done(&mut world, node, Call::AddRelay(Private(RELAY.into())));
    }
    for (one, other) in meetings {
        world.meet(*one, *other);
    }
    world.run(10_000);
    for node in 0..names.len() {
        done(
            &mut world,
            node,
            Call::SwitchCarrier(Carrier::Memory, false),
        );
    }
    for (one, other) in meetings {
        assert!(meet_again(&mut world, *one, *other));
    }
    world.run(2 * DAY_MS);
    world
}

/// Whether two have a session within the time of some attempts.
fn meet_again(world: &mut World, one: usize, other: usize) -> bool {
    let end_ms = world.now_ms + ATTEMPT_MS;
    while !(world.sees(one, other) && world.sees(other, one)) {
        if world.now_ms >= end_ms {
            return false;
        }
        world.run(1_000);
    }
    true
}

/// Cuts the first two off from one another at the relay, or lets them meet there again.
fn part(world: &mut World, apart: bool) {
    let relay = world.further.get_mut(&CarrierKind::Relay);
    relay.expect("it was added").part(0, 1, apart);
}

/// How many names a node goes by.
fn names(world: &World, node: usize) -> usize {
    world.further[&CarrierKind::Relay].names(node).len()
}

#[test]
fn two_who_were_both_off_for_half_a_year_find_each_other_at_their_relay() {
    let mut world = people(1, &["Ada", "Ben"], &[(0, 1)]);
    world.leave(0);
    world.leave(1);
    world.run(180 * DAY_MS);
    let (ada, ben) = (world.copy(0), world.copy(1));
    assert!(meet_again(&mut world, ada, ben));
    world.run(60_000);
    assert_eq!([names(&world, ada), names(&world, ben)], [1, 1]);
}

#[test]
fn two_who_both_blocked_somebody_while_apart_are_waited_for_and_the_blocked_are_not() {
    let everybody = ["Ada", "Ben", "Eve", "Mallory"];
    let mut world = people(2, &everybody, &[(0, 1), (0, 2), (1, 3)]);
    part(&mut world, true);
    block(&mut world, 0, 2);
    block(&mut world, 1, 3);
    world.run(2 * DAY_MS);
    for node in 0..2 {
        assert_eq!(names(&world, node), 2, "the day's and the other's");
    }
    part(&mut world, false);
    assert!(meet_again(&mut world, 0, 1));
    for (node, blocked) in [(0, 2), (1, 3)] {
        assert!(!world.sees(node, blocked) && !world.sees(blocked, node));
    }
    world.run(60_000);
    assert_eq!([names(&world, 0), names(&world, 1)], [1, 1]);
}

#[test]
fn whoever_knows_the_names_of_the_day_is_not_waited_for_alone() {
    let mut world = people(3, &["Ada", "Ben"], &[(0, 1)]);
    assert_eq!(names(&world, 0), 1);
    world.leave(1);
    for _ in 0..59 {
        world.run(DAY_MS);
        assert_eq!(names(&world, 0), 1);
    }
    world.run(7 * DAY_MS);
    assert_eq!(names(&world, 0), 2);
}

#[test]
fn of_many_who_may_not_know_the_day_s_name_three_at_a_time_are_waited_for_in_turn() {
    let everybody = ["Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Eve"];
    let meetings: Vec<_> = (1..everybody.len()).map(|other| (0, other)).collect();
    let mut world = people(4, &everybody, &meetings);
    block(&mut world, 0, 6);
    for node in 1..everybody.len() {
        world.leave(node);
    }
    let mut known = std::collections::BTreeSet::new();
    // As many turns as five need, of one day: no name of another day is counted.
    let to_noon_ms = (DAY_MS * 3 / 2).saturating_sub(world.now_ms % DAY_MS);
    world.run(to_noon_ms);
    for _ in 0..5 {
        assert_eq!(names(&world, 0), 4);
        known.extend(world.further[&CarrierKind::Relay].names(0).iter().cloned());
        world.run(HOUR_MS);
    }
    assert_eq!(
        known.len(),
        6,
        "the day's, and one for each but whom we blocked"
    );
}

#[test]
fn whoever_joined_by_an_invitation_that_is_over_before_the_first_session_is_found_at_the_relay() {
    let mut world = people(5, &["Ada", "Ben"], &[]);
    let link = world.invite(0);
    assert_eq!(names(&world, 0), 2, "the day's and the invitation's");
    world
        .ask(1, Call::Join(link.into()))
        .expect("the link is good");
    // Both have the other as a contact, and no session yet.
    let has_joined = |world: &World| {
        let mut events = world.nodes[1].events.iter();
        events.any(|event| matches!(event, Event::Joined { .. }))
    };
    assert!(world.until(ATTEMPT_MS, has_joined));
    part(&mut world, true);
    assert_eq!(world.contacts(0).len(), 1);
    assert_eq!(world.contact(0, 1).last_seen_ms, None);
    world.run(3 * DAY_MS);
    assert_eq!(names(&world, 0), 2, "the day's and Ben's");
    part(&mut world, false);
    assert!(meet_again(&mut world, 0, 1));
}
