//! Many links by one device.

use bytes::Bytes;
use hedgerow_transport::carrier::memory::MemoryNetwork;
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, DialId};
use hedgerow_transport::handshake::{Counted, Dialling, Party};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::engine::link::State;

/// Grace sends sound first flights, under the psk or the rescue key, and then nothing.
#[test]
fn links_of_one_device_that_prove_nothing_are_few() {
    for rescue in [false, true] {
        let mut world = World::with(1, &["Ada", "Grace"]);
        world.meet(0, 1);
        let store = world.nodes[1].storage.store.clone();
        let (me, identity) = (
            secrets(&store),
            world.nodes[1].engine().owners.account.identity(),
        );
        let (ada, grace) = (keys(&world, 0), keys(&world, 1));
        let known: Device = load(&store, &Table::Devices.key(&[&ada.device_id()]));
        let party = |identity: [u8; 32], keys: DeviceKeys| Party {
            identity,
            device: keys.device_id(),
            key: keys.key,
        };
        let psk = if rescue {
            known.rescue_key.as_psk()
        } else {
            known.psk.current.clone()
        };
        let stranger = world.stranger();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for counter in 1..=64 {
            let to = MemoryNetwork::address(0);
            let dial = CarrierCommand::Dial {
                dial: DialId(counter),
                to,
            };
            world.network.command(stranger, dial, world.now_ms);
            world.run(100);
            let link = world
                .heard(stranger)
                .into_iter()
                .find_map(|event| match event {
                    CarrierEvent::Up { link, .. } => Some(link),
                    _ => None,
                });
            let (_, flight) = Dialling::new(
                &me.device_key,
                &party(identity.0, grace),
                &party(known.identity.0, ada),
                &known.tag_key,
                &psk,
                Counted {
                    incarnation: 99,
                    counter,
                },
                &mut rng,
            )
            .unwrap();
            let bytes = Bytes::from(flight);
            let send = CarrierCommand::Send {
                link: link.expect("a link"),
                bytes,
            };
            world.network.command(stranger, send, world.now_ms);
            world.run(100);
        }
        let links = world.nodes[0].engine().links.by_id.values();
        let live = links
            .filter(|link| matches!(link.state, State::Live(_)))
            .count();
        assert!(live <= 5, "{live} links, rescue: {rescue}");
        assert!(world.sees(0, 1) && world.sees(1, 0), "the session stays");
    }
}
