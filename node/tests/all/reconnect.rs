//! What it costs that two contacts find each other again with nothing new to say.

use hedgerow_node::api::{Call, Carrier, NewMessage, Reply, Traffic};
use hedgerow_node::engine::introduction::{Assembled, Card, card};
use hedgerow_node::engine::synthetic;
use hedgerow_node::harness::{EPOCH_MS, World};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const SPACES: u32 = 100;

/// The most bytes each way after the handshake.
const MOST_BYTES: u64 = 200;

/// The same of two members of many groups.
const MOST_BYTES_OF_GROUPS: u64 = 250;

/// Two contacts that share many spaces, connected and with nothing left to say.
fn pair() -> World {
    let mut met = World::with(1, &["Ada", "Grace"]);
    met.meet(0, 1);
    met.run(60_000);
    let mut stores = Vec::new();
    for node in &mut met.nodes {
        synthetic::share(&mut node.storage, SPACES).expect("memory does not fail");
        stores.push(node.storage.store.clone());
    }
    let mut world = World::resume(2, &stores);
    world.connected(0, 1);
    world.run(60_000);
    world
}

fn traffic(world: &mut World, node: usize) -> Traffic {
    match world.ask(node, Call::Status) {
        Ok(Reply::Status(status)) => status.traffic,
        other => panic!("no status: {other:?}"),
    }
}

/// One session was made since, and it cost no more round trips than it may.
fn assert_cheap(before: Traffic, after: Traffic, round_trips: u64, most_bytes: u64) {
    assert_eq!(after.sessions, before.sessions + 1, "one session");
    let shaken_sent = after.handshake_sent_bytes - before.handshake_sent_bytes;
    let shaken_received = after.handshake_bytes - before.handshake_bytes - shaken_sent;
    assert!(shaken_sent >= 48, "a flight was sent");
    assert!(shaken_received >= 48, "a flight was received");
    let sent = after.sent_bytes - before.sent_bytes - shaken_sent;
    let received = after.received_bytes - before.received_bytes - shaken_received;
    assert!(sent <= most_bytes, "{sent} bytes sent");
    assert!(received <= most_bytes, "{received} bytes received");
    let taken = after.round_trips - before.round_trips;
    assert!(
        (1..=round_trips).contains(&taken),
        "{taken} round trips after the handshake"
    );
    assert!(after.handshake_round_trips - before.handshake_round_trips <= 1);
}

#[test]
fn a_carrier_switched_off_and_on_again_costs_a_hello_and_its_addresses_whatever_is_shared() {
    let mut world = pair();
    for node in [0, 1, 0] {
        world
            .ask(node, Call::SwitchCarrier(Carrier::Memory, false))
            .expect("there is one");
        world.run(5_000);
        assert!(!world.sees(0, 1) && !world.sees(1, 0));
        let before = [traffic(&mut world, 0), traffic(&mut world, 1)];
        world
            .ask(node, Call::SwitchCarrier(Carrier::Memory, true))
            .expect("there is one");
        world.connected(0, 1);
        world.run(60_000);
        for (node, before) in before.into_iter().enumerate() {
            // It tells again what was withdrawn.
            assert_cheap(before, traffic(&mut world, node), 2, MOST_BYTES);
        }
    }
}

/// Each side in turn is restarted while the other is away. To find each other again costs both no more than this.
fn assert_restarts_are_cheap(mut world: impl FnMut() -> World, most_bytes: u64) {
    for restarted in [0, 1] {
        let mut world = world();
        world.network.part(0, 1, true);
        world.run(5_000);
        world.restart(restarted);
        world.run(5_000);
        let before = [traffic(&mut world, 0), traffic(&mut world, 1)];
        world.network.part(0, 1, false);
        world.connected(0, 1);
        world.run(60_000);
        for (node, before) in before.into_iter().enumerate() {
            assert_cheap(before, traffic(&mut world, node), 1, most_bytes);
        }
    }
}

#[test]
fn a_restart_costs_one_hello_each_way_whatever_is_shared() {
    assert_restarts_are_cheap(pair, MOST_BYTES);
}

/// Two contacts who are in 20 groups of 50, each of which has something written by both of them.
fn members() -> World {
    const GROUPS: usize = 20;
    const PEOPLE: usize = 50;
    let mut met = World::with(3, &["Ada", "Grace"]);
    met.meet(0, 1);
    met.run(60_000);
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let groups = (0..GROUPS).map(|number| {
        let name = format!("group {number}");
        Assembled::drawn(&name, PEOPLE, &mut rng).expect("there is room")
    });
    let groups: Vec<Assembled> = groups.collect();
    let wall_ms = EPOCH_MS + met.now_ms as i64;
    let cards: Vec<Card> = met
        .nodes
        .iter_mut()
        .map(|node| card(&mut node.storage, &[], wall_ms, &mut rng).expect("it has an identity"))
        .collect();
    for group in &groups {
        for (place, node) in met.nodes.iter_mut().enumerate() {
            let other = 1 - place;
            group
                .join(&mut node.storage, place, [(other, &cards[other])], wall_ms)
                .expect("memory does not fail");
        }
    }
    let stores: Vec<_> = met
        .nodes
        .iter()
        .map(|node| node.storage.store.clone())
        .collect();
    let mut world = World::resume(5, &stores);
    world.connected(0, 1);
    for group in &groups {
        for node in [0, 1] {
            let said = NewMessage::text(format!("node {node} was here"));
            world
                .ask(node, Call::Send(group.id(), said))
                .expect("it is a member");
        }
    }
    world.run(60_000);
    for group in &groups {
        for node in [0, 1] {
            match world.ask(node, Call::Conversation(group.id())) {
                Ok(Reply::Conversation(chat)) => assert_eq!(chat.unread, 1, "it came"),
                other => panic!("no group: {other:?}"),
            }
        }
    }
    world
}

#[test]
fn members_of_twenty_groups_who_have_nothing_new_spend_one_round_trip_and_250_bytes() {
    assert_restarts_are_cheap(members, MOST_BYTES_OF_GROUPS);
}
