//! Where this device can be reached: what contacts and invitations are told of it in each mode.

use std::ops::{Bound, ControlFlow};

use hedgerow_node::api::{Call, Carrier, Private, RelayPaths, Reply};
use hedgerow_node::engine::Input;
use hedgerow_node::harness::{RELAY, World};
use hedgerow_sync::store::{Direction, Store};
use hedgerow_transport::carrier::{Address, CarrierEvent, CarrierKind};
use hedgerow_transport::invitation::Invitation;

const MINUTE_MS: u64 = 60_000;

/// Addresses of a device on its local network that say nothing of its hardware, and what of each gives it away.
const OURS: [(&str, &str); 5] = [
    ("203.0.113.77:4711", "203.0.113.77"),
    ("[2001:db8:77::a1b2]:4711", "2001:db8:77::a1b2"),
    ("192.168.77.7:4711", "192.168.77.7"),
    ("[fd77::a1b2]:4711", "fd77::a1b2"),
    ("[fe80::77:a1b2%2]:4711", "fe80::77:a1b2"),
];

/// Addresses that the hardware address 52:54:00:12:34:56 can be read from.
const HARDWARE: [(&str, &str); 3] = [
    ("[2001:db8:77:0:5054:ff:fe12:3456]:4711", "5054:ff:fe12"),
    ("[fd77::5054:ff:fe12:3456]:4711", "5054:ff:fe12"),
    ("[fe80::5054:ff:fe12:3456%2]:4711", "5054:ff:fe12"),
];

fn done(world: &mut World, node: usize, call: Call) {
    assert_eq!(world.ask(node, call), Ok(Reply::Done));
}

/// Contacts who use one relay beside their network. The first has addresses on a local network too.
fn people(seed: u64, paths: RelayPaths) -> World {
    let mut world = World::with(seed, &["Ada", "Ben", "Cleo"]);
    for kind in [CarrierKind::Relay, CarrierKind::Lan] {
        world.add_carrier(kind);
    }
    for node in 0..3 {
        done(&mut world, node, Call::AddRelay(Private(RELAY.into())));
    }
    done(&mut world, 0, Call::SetRelayPaths(paths));
    has_addresses(&mut world);
    world.meet(0, 1);
    world.run(MINUTE_MS);
    world
}

/// The carrier of the local network reports the first node's addresses.
fn has_addresses(world: &mut World) {
    let all = OURS.iter().chain(&HARDWARE);
    let addresses = all.map(|(at, _)| Address((*at).into())).collect();
    let event = CarrierEvent::Addresses(addresses);
    world.nodes[0].input(Input::Carrier(CarrierKind::Lan, event));
    world.run(1_000);
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// Whether a text stands anywhere in what a node keeps: every byte that it was told and believed is there.
fn keeps(world: &World, node: usize, text: &str) -> bool {
    let found = world.nodes[node].storage.read(|reader| {
        let mut found = false;
        let all = (Bound::Unbounded, Bound::Unbounded);
        reader.scan(all, Direction::Forward, &mut |_, value| {
            found |= holds(value, text);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    });
    found.expect("memory does not fail")
}

/// Which of these texts a node keeps.
fn kept<'t>(world: &World, node: usize, of: &[(&'t str, &'t str)]) -> Vec<&'t str> {
    let kept = of.iter().filter(|(_, text)| keeps(world, node, text));
    kept.map(|(at, _)| *at).collect()
}

/// The addresses of a fresh invitation of the first node.
fn invited_to(world: &mut World) -> Vec<String> {
    let link = world.invite(0);
    let invitation = Invitation::parse(&link.0).expect("our own link");
    let addresses = invitation.addresses.into_iter();
    addresses.map(|address| address.0).collect()
}

fn modes() -> [RelayPaths; 2] {
    let proxy = Private("127.0.0.1:9050".into());
    [RelayPaths::Relayed, RelayPaths::Proxied { proxy }]
}

#[test]
fn with_relays_alone_or_a_proxy_nobody_is_told_an_address_of_ours() {
    for (seed, paths) in modes().into_iter().enumerate() {
        let mut world = people(seed as u64, paths);
        assert_eq!(kept(&world, 1, &OURS), [""; 0], "a contact");
        assert!(keeps(&world, 1, RELAY), "relays are told");
        assert_eq!(invited_to(&mut world), [format!("relay/{RELAY}")]);
        // A meeting tells addresses too, whichever side has joined.
        world.meet(2, 0);
        world.run(MINUTE_MS);
        assert_eq!(kept(&world, 2, &OURS), [""; 0], "a maker of an invitation");
    }
}

#[test]
fn what_was_told_is_withdrawn_once_paths_lead_over_relays_alone() {
    for (seed, paths) in modes().into_iter().enumerate() {
        let mut world = people(10 + seed as u64, RelayPaths::Direct);
        assert_eq!(kept(&world, 1, &OURS).len(), OURS.len());
        done(&mut world, 0, Call::SetRelayPaths(paths));
        world.run(MINUTE_MS);
        assert_eq!(kept(&world, 1, &OURS), [""; 0]);
        done(&mut world, 0, Call::SetRelayPaths(RelayPaths::Direct));
        world.run(MINUTE_MS);
        assert_eq!(kept(&world, 1, &OURS).len(), OURS.len());
    }
}

#[test]
fn a_carrier_that_is_switched_off_withdraws_its_addresses() {
    let mut world = people(20, RelayPaths::Direct);
    assert_eq!(kept(&world, 1, &OURS).len(), OURS.len());
    done(&mut world, 0, Call::SwitchCarrier(Carrier::Lan, false));
    world.run(MINUTE_MS);
    assert_eq!(kept(&world, 1, &OURS), [""; 0], "contacts");
    let told = invited_to(&mut world);
    assert!(told.iter().all(|at| !at.starts_with("lan/")), "{told:?}");
    // A start in which the carrier comes up before it is switched off tells nothing either.
    world.restart(0);
    has_addresses(&mut world);
    world.connected(0, 1);
    world.run(MINUTE_MS);
    assert_eq!(kept(&world, 1, &OURS), [""; 0], "contacts, after a start");
    done(&mut world, 0, Call::SwitchCarrier(Carrier::Relay, false));
    world.run(MINUTE_MS);
    let told = invited_to(&mut world);
    assert!(told.iter().all(|at| !at.starts_with("relay/")), "{told:?}");
}

#[test]
fn no_address_that_tells_the_hardware_is_told_in_any_mode() {
    let all = modes().into_iter().chain([RelayPaths::Direct]);
    for (seed, paths) in all.enumerate() {
        let mut world = people(30 + seed as u64, paths);
        assert_eq!(kept(&world, 1, &HARDWARE), [""; 0], "a contact");
        let told = invited_to(&mut world);
        let tells = |at: &String| HARDWARE.iter().any(|(_, part)| at.contains(part));
        assert!(!told.iter().any(tells), "{told:?}");
    }
}

/// With cryptography that keeps nothing secret what is said can be read as it passes.
#[test]
fn nothing_that_is_said_holds_an_address_of_ours() {
    use hedgerow_transport::cryptography::Cryptography;

    let said = |seed, paths: &RelayPaths| {
        let mut world = World::new(seed);
        world.cryptography = Cryptography::Sized;
        for name in ["Ada", "Ben"] {
            world.add(name);
        }
        for kind in [CarrierKind::Relay, CarrierKind::Lan] {
            world.add_carrier(kind);
        }
        world.watch();
        for node in 0..2 {
            done(&mut world, node, Call::AddRelay(Private(RELAY.into())));
        }
        done(&mut world, 0, Call::SetRelayPaths(paths.clone()));
        has_addresses(&mut world);
        world.meet(0, 1);
        world.run(MINUTE_MS);
        let streams = world.watched();
        assert!(streams.iter().all(|stream| stream.bytes.len() < 16 * 1_024));
        let bytes: Vec<u8> = streams.into_iter().flat_map(|one| one.bytes).collect();
        assert!(holds(&bytes, RELAY), "what is said can be read");
        let all = OURS.iter().chain(&HARDWARE);
        let told = all.filter(|(at, text)| holds(&bytes, at) || holds(&bytes, text));
        told.map(|(at, _)| *at).collect::<Vec<_>>()
    };
    for (seed, paths) in modes().iter().enumerate() {
        assert_eq!(said(40 + seed as u64, paths), [""; 0]);
    }
    let directly = said(50, &RelayPaths::Direct);
    assert_eq!(directly, OURS.map(|(at, _)| at), "no hardware address");
}
