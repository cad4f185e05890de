//! Claims that would make us throw away the keys to which others seal.

use hedgerow_transport::keys::StaticKey;

use super::*;
use crate::engine::people::device::TheirPrekey;

/// Ada, Grace and Mallory; both know Ada. Grace has sealed a parcel for Ada.
fn three(seed: u64) -> (World, Vec<Vec<u8>>) {
    let mut world = World::with(seed, &["Ada", "Grace", "Mallory"]);
    world.meet(0, 1);
    world.meet(0, 2);
    world.run(60_000);
    world.network.part(0, 1, true);
    world.run(1_000);
    world.send(1, 0, "sealed early");
    let parcel = parcel(&mut world, 1);
    (world, parcel)
}

/// A parcel of a node for Ada.
fn parcel(world: &mut World, node: usize) -> Vec<Vec<u8>> {
    let ada = world.id(0);
    world.carry_out(node, &ada).expect("it has her prekey")
}

#[test]
fn reconnects_with_claims_take_no_prekey_away() {
    let (mut world, sealed) = three(1);
    let ada = device(&world, 0);
    let before = table(&world, 0, Table::Prekeys);
    for _ in 0..9 {
        let version = world.nodes[0]
            .engine()
            .owners
            .account
            .told
            .versions
            .of(FactKind::Prekey);
        let mut store = world.nodes[2].storage.store.clone();
        change_device(&mut store, ada, |device| {
            device.held.raise(FactKind::Prekey, version + 5);
        });
        world.roll_back(2, store);
        world.connected(0, 2);
        world.run(1_000);
        let now = world.nodes[0]
            .engine()
            .owners
            .account
            .told
            .versions
            .of(FactKind::Prekey);
        assert!(now > version + 5, "told again, above the claim");
    }
    assert_eq!(table(&world, 0, Table::Prekeys), before);
    world.carry_in(0, &sealed).expect("its key is kept");
    assert_eq!(world.texts(0, 1), ["sealed early"]);
}

#[test]
fn parcels_sealed_to_nothing_take_no_prekey_away() {
    let (mut world, sealed) = three(2);
    let ada = device(&world, 0);
    let before = table(&world, 0, Table::Prekeys);
    for number in 0..9 {
        let mut store = world.nodes[2].storage.store.clone();
        change_device(&mut store, ada, |device| {
            let public = StaticKey::from_bytes([number + 1; 32]).public();
            let psk = device.psk.current.for_prekey(&public);
            device.prekey = Some(TheirPrekey {
                number: 1,
                public,
                psk,
            });
        });
        world.roll_back(2, store);
        let nonsense = parcel(&mut world, 2);
        world
            .carry_in(0, &nonsense)
            .expect_err("nobody can open it");
        world.connected(0, 2);
        world.run(10_000);
    }
    assert_eq!(table(&world, 0, Table::Prekeys), before);
    world.carry_in(0, &sealed).expect("its key is kept");
    assert_eq!(world.texts(0, 1), ["sealed early"]);
}
