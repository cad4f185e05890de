//! Contacts that were introduced without a meeting are as if they had met.

use hedgerow_node::api::{Call, Reply, Status};
use hedgerow_node::harness::World;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_transport::cryptography::Cryptography;

#[test]
fn who_was_introduced_finds_talks_and_takes_parcels() {
    let mut world = World::acquainted(7, 3, Cryptography::Real);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        world.connected(one, other);
        world.send(one, other, "hello");
        world.delivered(one, other);
        assert_eq!(world.texts(other, one), ["hello"]);
    }
    world.network.part(0, 1, true);
    world.send(0, 1, "by hand");
    let contact = world.id(1);
    let parcel = world.carry_out(0, &contact).expect("it has her prekey");
    world.carry_in(1, &parcel).expect("a parcel for her");
    assert_eq!(world.texts(1, 0), ["hello", "by hand"]);
}

/// What a node has said and heard beside handshakes.
fn said(world: &mut World, node: usize) -> (u64, u64) {
    match world.ask(node, Call::Status) {
        Ok(Reply::Status(Status { traffic, .. })) => (
            traffic.sessions,
            traffic.sent_bytes + traffic.received_bytes - traffic.handshake_bytes,
        ),
        other => panic!("no status: {other:?}"),
    }
}

#[test]
fn a_first_session_of_two_who_were_introduced_tells_no_more_than_a_later_one() {
    let mut first = World::acquainted(7, 2, Cryptography::Real);
    first.connected(0, 1);
    first.run(1_000);
    let stores: Vec<MemoryStore> = first
        .nodes
        .iter()
        .map(|node| node.storage.store.clone())
        .collect();
    let mut later = World::resume(8, &stores);
    later.connected(0, 1);
    later.run(1_000);
    for node in [0, 1] {
        assert_eq!(said(&mut first, node), said(&mut later, node));
    }
}
