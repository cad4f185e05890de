//! Contacts: renamed, blocked, removed, and found again wherever they and their clocks are.

use hedgerow_node::api::{Call, Carrier, Event, NewMessage, Private, Refusal, Reply, Why};
use hedgerow_node::harness::World;
use hedgerow_transport::carrier::CarrierEvent;

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// How long a beacon is announced.
const EPOCH_MS: u64 = 900_000;

fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    world
}

fn block(world: &mut World, node: usize, whom: usize, blocked: bool) {
    let id = world.id(whom);
    world
        .ask(node, Call::Block(id, blocked))
        .expect("a contact");
}

#[test]
fn a_name_of_ones_own_and_a_new_name_of_theirs_are_shown() {
    let mut world = pair(1);
    let ada = world.id(0);
    world
        .ask(1, Call::Rename(ada.clone(), Private("Countess".to_owned())))
        .expect("a contact");
    world
        .ask(0, Call::SetName(Private("Ada L.".to_owned())))
        .expect("a good name");
    world.run(1_000);
    let contact = world.contact(1, 0);
    assert_eq!(
        (contact.name.0.as_str(), contact.own_name.0.as_str()),
        ("Countess", "Ada L.")
    );
    world
        .ask(1, Call::Rename(ada.clone(), Private(String::new())))
        .expect("a contact");
    assert_eq!(world.contact(1, 0).name.0, "Ada L.");
    let long = world.ask(1, Call::Rename(ada, Private("x".repeat(65))));
    assert_eq!(
        long,
        Err(Refusal::TooLong {
            limit_bytes: 64,
            actual_bytes: 65
        })
    );
}

#[test]
fn a_name_that_is_not_seen_as_it_is_is_refused_when_it_is_typed() {
    let mut world = pair(1);
    let ada = world.id(0);
    for hostile in ["Ada\nGrace", "Ada\u{1b}[2J", "Ada\u{202e}"] {
        let name = || Private(hostile.to_owned());
        let refused = Err(Refusal::BadName);
        assert_eq!(world.ask(0, Call::SetName(name())), refused, "{hostile:?}");
        let rename = Call::Rename(ada.clone(), name());
        assert_eq!(world.ask(1, rename), refused, "{hostile:?}");
    }
}

#[test]
fn a_blocked_contact_gets_no_session_and_sees_nothing_but_absence() {
    let mut world = pair(2);
    block(&mut world, 0, 1, true);
    world.run(600_000);
    assert!(!world.sees(0, 1) && !world.sees(1, 0));
    let grace = world.chat(0, 1);
    assert_eq!(
        world.ask(0, Call::Send(grace, NewMessage::text("x"))),
        Err(Refusal::Blocked)
    );
    world.send(1, 0, "are you there?");
    world.run(600_000);
    let why = world.conversation(1, 0).why;
    assert!(
        matches!(why, Some(Why::NotFound | Why::Connecting)),
        "{why:?}"
    );
    block(&mut world, 0, 1, false);
    world.connected(0, 1);
    world.delivered(0, 1);
    assert_eq!(world.texts(0, 1), ["are you there?"]);
}

#[test]
fn a_removed_contact_is_gone_with_the_conversation_and_is_told() {
    let mut world = pair(3);
    world.send(0, 1, "hello");
    world.delivered(0, 1);
    let (grace, chat) = (world.id(1), world.chat(0, 1));
    world
        .ask(0, Call::Remove(grace.clone()))
        .expect("a contact");
    world.run(10_000);
    assert!(world.contacts(0).is_empty());
    assert_eq!(
        world.ask(0, Call::Conversations),
        Ok(Reply::Conversations(Vec::new()))
    );
    assert_eq!(
        world.ask(0, Call::Conversation(chat)),
        Err(Refusal::NoSuchConversation)
    );
    assert_eq!(
        world.ask(0, Call::Contact(grace)),
        Err(Refusal::NoSuchContact)
    );
    assert!(
        world.nodes[0]
            .events
            .iter()
            .any(|event| matches!(event, Event::Removed { .. }))
    );
    world.send(1, 0, "still there?");
    assert_eq!(world.conversation(1, 0).why, Some(Why::Refused));
    assert_eq!(
        world.texts(1, 0).len(),
        2,
        "the other side keeps what it has"
    );
}

#[test]
fn two_who_both_changed_their_beacon_keys_while_apart_and_moved_still_find_each_other() {
    let mut world = World::with(4, &["Ada", "Grace", "Eve", "Mallory"]);
    world.meet(0, 1);
    world.meet(0, 2);
    world.meet(1, 3);
    world.network.part(0, 1, true);
    block(&mut world, 0, 2, true);
    block(&mut world, 1, 3, true);
    let (ada, grace) = (world.move_away(0), world.move_away(1));
    world.connected(ada, grace);
    assert!(!world.sees(ada, 2) && !world.sees(grace, 3));
}

#[test]
fn presence_finds_a_contact_that_moved_and_whose_clock_is_off_by_years() {
    for error in [-7 * YEAR_MS, 3 * YEAR_MS] {
        let mut world = pair(5);
        world.network.part(0, 1, true);
        let grace = world.move_away(1);
        world.network.part(0, grace, true);
        world.nodes[grace].clock_error_ms = error;
        let ada = world.move_away(0);
        world.network.part(ada, grace, true);
        world.run(60_000);
        world.network.part(ada, grace, false);
        let minutes = minutes_until_seen(&mut world, ada, grace, 1);
        assert!(minutes.is_some(), "off by {error} ms");
    }
}

/// Two who know each other, after both have moved and one has started there with another clock: by no address
/// and no beacon they expect.
fn surprised(seed: u64, error: i64) -> World {
    let mut world = pair(seed);
    world.connected(0, 1);
    world.network.part(0, 1, true);
    let ada = world.move_away(0);
    world.leave(1);
    world.nodes[1].clock_error_ms = error;
    let grace = world.copy(1);
    assert_eq!((ada, grace), (2, 3));
    world
}

/// After how many minutes they see each other, if within `hours`.
fn minutes_until_seen(world: &mut World, one: usize, other: usize, hours: u64) -> Option<u64> {
    (0..hours * 60).find(|_| {
        world.run(60_000);
        world.sees(one, other)
    })
}

#[test]
fn after_a_start_with_a_clock_in_another_time_zone_contacts_are_found_within_minutes() {
    const HOUR_MS: i64 = 3_600_000;
    for error in [-11 * HOUR_MS, -HOUR_MS, 2 * HOUR_MS, 13 * HOUR_MS] {
        let mut world = surprised(11, error);
        let minutes = minutes_until_seen(&mut world, 2, 3, 1);
        assert!(minutes.is_some_and(|minutes| minutes < 3), "{minutes:?}");
    }
}

#[test]
fn after_a_start_with_a_clock_off_by_years_contacts_are_found_within_hours() {
    for (error, hours) in [(-2 * YEAR_MS, 3), (3 * YEAR_MS, 5)] {
        let mut world = surprised(12, error);
        let minutes = minutes_until_seen(&mut world, 2, 3, hours);
        assert!(minutes.is_some(), "off by {error} ms");
    }
}

#[test]
fn a_carrier_switched_off_stays_off_over_a_restart_and_says_so() {
    let mut world = pair(6);
    let carrier = Carrier::Memory;
    assert_eq!(
        world.ask(0, Call::SwitchCarrier(carrier, false)),
        Ok(Reply::Done)
    );
    world.run(1_000);
    world.send(0, 1, "x");
    assert_eq!(world.conversation(0, 1).why, Some(Why::NoCarrier));
    world.restart(0);
    world.run(60_000);
    assert!(!world.sees(0, 1));
    assert_eq!(
        world.ask(0, Call::SwitchCarrier(carrier, true)),
        Ok(Reply::Done)
    );
    world.connected(0, 1);
    let missing = Carrier::Ble;
    assert_eq!(
        world.ask(0, Call::SwitchCarrier(missing, false)),
        Err(Refusal::NoSuchCarrier)
    );
}

/// How many beacons a stranger has heard since it was asked last.
fn beacons(world: &mut World, stranger: usize) -> usize {
    let heard = world.heard(stranger).into_iter();
    heard
        .filter(|event| matches!(event, CarrierEvent::Beacon { .. }))
        .count()
}

/// Both announce from now on, or neither does.
fn announce(world: &mut World, announcing: bool) {
    for node in [0, 1] {
        let call = Call::AnnounceOver(Carrier::Memory, announcing);
        assert_eq!(world.ask(node, call), Ok(Reply::Done));
    }
    // What was on its way arrives.
    world.run(1_000);
}

#[test]
fn a_quiet_carrier_announces_nothing_over_a_restart_too_and_contacts_meet_at_known_addresses() {
    let mut world = pair(7);
    // Both miss a contact, or they would rest.
    let absent = world.add("Eve");
    for node in [0, 1] {
        world.meet_and_part(absent, node);
    }
    world.leave(absent);
    let stranger = world.stranger();
    world.run(EPOCH_MS);
    assert!(beacons(&mut world, stranger) > 0, "otherwise it is heard");
    announce(&mut world, false);
    beacons(&mut world, stranger);
    for restarted in [false, true] {
        if restarted {
            world.restart(0);
            world.restart(1);
        }
        world.connected(0, 1);
        world.run(4 * EPOCH_MS);
        assert_eq!(beacons(&mut world, stranger), 0, "restarted: {restarted}");
    }
    announce(&mut world, true);
    assert!(beacons(&mut world, stranger) > 0);
    assert_eq!(
        world.ask(0, Call::AnnounceOver(Carrier::Ble, false)),
        Err(Refusal::NoSuchCarrier)
    );
}

#[test]
fn a_carrier_made_quiet_while_it_is_off_announces_nothing_when_it_is_on_again() {
    let mut world = pair(8);
    let stranger = world.stranger();
    for call in [
        Call::SwitchCarrier(Carrier::Memory, false),
        Call::AnnounceOver(Carrier::Memory, false),
    ] {
        for node in [0, 1] {
            assert_eq!(world.ask(node, call.clone()), Ok(Reply::Done));
        }
        world.run(1_000);
    }
    beacons(&mut world, stranger);
    // What the carrier announces of its own accord is heard before the node can correct it.
    world.network.conditions.latency_ms = 0..=0;
    for node in [0, 1] {
        let call = Call::SwitchCarrier(Carrier::Memory, true);
        assert_eq!(world.ask(node, call), Ok(Reply::Done));
    }
    world.connected(0, 1);
    assert_eq!(beacons(&mut world, stranger), 0);
}

#[test]
fn a_device_that_announces_nothing_still_finds_one_that_does() {
    let mut world = pair(9);
    let call = Call::AnnounceOver(Carrier::Memory, false);
    assert_eq!(world.ask(0, call), Ok(Reply::Done));
    world.network.part(0, 1, true);
    let (ada, grace) = (world.move_away(0), world.move_away(1));
    world.connected(ada, grace);
}

#[test]
fn a_node_that_stops_says_so_and_its_contacts_know_at_once() {
    let mut world = pair(12);
    let received = |world: &mut World| match world.ask(1, Call::Status) {
        Ok(Reply::Status(status)) => status.traffic.received_bytes,
        other => panic!("no status: {other:?}"),
    };
    world.run(60_000);
    let before = received(&mut world);
    world.stop(0);
    assert!(received(&mut world) > before, "it says goodbye");
    assert_eq!(world.contacts(1)[0].reachable, None);
}
