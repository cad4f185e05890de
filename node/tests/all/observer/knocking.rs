//! A stranger who knocks gets no byte, and an end that does not depend on what it said.

use std::sync::LazyLock;

use bytes::Bytes;
use hedgerow_node::api::Call;
use hedgerow_node::harness::World;
use hedgerow_transport::carrier::memory::MemoryNetwork;
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, DialId, LinkId};
use hedgerow_transport::handshake::Joining;
use hedgerow_transport::invitation::Invitation;
use hedgerow_transport::keys::{InvitationSecret, StaticKey};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::FALSE_ALARM;
use super::sights::EPOCH_MS;
use crate::support::statistics::same_distribution;

/// How a device treats a link.
#[derive(Debug, Clone, Copy)]
pub struct Reaction {
    pub answered_bytes: usize,
    pub ended_after_ms: u64,
}

/// Strangers that dial these devices at once, each on a link of its own, and say this.
pub fn knock(world: &mut World, knocks: &[(usize, Vec<u8>)]) -> Vec<Reaction> {
    let stranger = world.stranger();
    let mut links: Vec<Option<(LinkId, u64)>> = vec![None; knocks.len()];
    let mut reactions: Vec<Option<Reaction>> = vec![None; knocks.len()];
    let mut answered = vec![0; knocks.len()];
    for (number, (to, _)) in knocks.iter().enumerate() {
        let dial = CarrierCommand::Dial {
            dial: DialId(number as u64),
            to: MemoryNetwork::address(*to),
        };
        world.network.command(stranger, dial, world.now_ms);
    }
    while reactions.iter().any(Option::is_none) {
        world.run(10);
        for event in world.heard(stranger) {
            let find = |link| {
                links
                    .iter()
                    .position(|up| up.is_some_and(|up| up.0 == link))
            };
            match event {
                CarrierEvent::Up { link, dial, .. } => {
                    let number = dial.expect("strangers are not dialled").0 as usize;
                    links[number] = Some((link, world.now_ms));
                    let bytes = Bytes::copy_from_slice(&knocks[number].1);
                    let send = CarrierCommand::Send { link, bytes };
                    world.network.command(stranger, send, world.now_ms);
                }
                CarrierEvent::Bytes { link, bytes } => {
                    answered[find(link).expect("a link of ours")] += bytes.len();
                }
                CarrierEvent::Down { link } => {
                    let number = find(link).expect("a link of ours");
                    let begun = links[number].map_or(0, |up| up.1);
                    reactions[number] = Some(Reaction {
                        answered_bytes: answered[number],
                        ended_after_ms: world.now_ms - begun,
                    });
                }
                _ => {}
            }
        }
    }
    reactions.into_iter().flatten().collect()
}

/// How many strangers try each way of knocking.
const KNOCKS: usize = 400;

/// A first flight of one contact to another that has not arrived there: somebody has lured it.
fn lured_flight(world: &mut World, from: usize, to: usize) -> Vec<u8> {
    let replayer = world.stranger();
    world.network.part(from, to, true);
    // A beacon that was seen before lures nobody.
    world.run(EPOCH_MS);
    world.heard(replayer);
    let mut beacons = Vec::new();
    while beacons.is_empty() {
        world.run(1_000);
        let heard = world.heard(replayer).into_iter();
        beacons = heard
            .filter_map(|event| match event {
                CarrierEvent::Beacon { beacon, at } => {
                    (at == [MemoryNetwork::address(to)]).then_some(beacon)
                }
                _ => None,
            })
            .collect();
    }
    let announce = CarrierCommand::Announce {
        beacons,
        look: false,
    };
    world.network.command(replayer, announce, world.now_ms);
    world.run(60_000);
    let (mut dialled, mut flight) = (None, Vec::new());
    for event in world.heard(replayer) {
        match event {
            CarrierEvent::Up {
                link, from: who, ..
            } if who == Some(MemoryNetwork::address(from)) => {
                dialled = Some(link);
            }
            CarrierEvent::Bytes { link, bytes } if dialled == Some(link) => {
                flight.extend_from_slice(&bytes);
            }
            _ => {}
        }
    }
    flight
}

/// Ways to knock without being a contact, and how a device treats each.
static KNOCKED: LazyLock<Vec<(&'static str, Vec<Reaction>)>> = LazyLock::new(|| {
    let mut world = World::with(5, &["Ada", "Grace", "Cleo", "Dora", "Edna"]);
    world.meet(0, 1);
    world.watch();
    for apart in [true, false] {
        world.network.part(0, 1, apart);
        world.run(60_000);
    }
    let streams = world.watched().into_iter();
    let mut flights = streams.filter(|stream| stream.dialled && stream.to < 2);
    let flight = flights.next().expect("they meet again");
    let [of_contact, of_blocked, of_removed] = [2, 3, 4].map(|contact| {
        world.meet(flight.to, contact);
        lured_flight(&mut world, contact, flight.to)
    });
    let answered = knock(&mut world, &[(flight.to, of_contact)])[0].answered_bytes;
    assert!(answered > 0, "a contact gets an answer, from any place");
    let (blocked, removed) = (world.id(3), world.id(4));
    for call in [Call::Block(blocked, true), Call::Remove(removed)] {
        world.ask(flight.to, call).expect("they are contacts");
    }
    let link = world.invite(flight.to);
    let invitation = Invitation::parse(&link.0).expect("a fresh link");
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let mut garbage = |length: usize| {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        bytes
    };
    let uninvited = {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let key = StaticKey::random(&mut rng);
        let made_up = InvitationSecret::random(&mut rng);
        let (tag_key, psk) = (made_up.tag_key(), made_up.psk());
        Joining::new(&key, &invitation.inviter, &tag_key, &psk, &mut rng).1
    };
    let mut altered = flight.first.clone();
    altered[40] ^= 1;
    let ways = [
        ("silence", Vec::new()),
        ("a byte", garbage(1)),
        ("half a flight of garbage", garbage(48)),
        ("a flight of garbage", garbage(223)),
        ("much garbage", garbage(9_000)),
        ("a replayed flight", flight.first.clone()),
        (
            "a flight without its end",
            flight.first[..flight.first.len() - 1].to_vec(),
        ),
        ("half a flight", flight.first[..60].to_vec()),
        ("an altered flight", altered),
        ("a flight of somebody who knows whom it is for", uninvited),
        ("a flight of a contact who was blocked", of_blocked),
        ("a flight of a contact who was removed", of_removed),
    ];
    let mut knocked = Vec::new();
    for (way, bytes) in ways {
        let knocks = vec![(flight.to, bytes); KNOCKS];
        knocked.push((way, knock(&mut world, &knocks)));
    }
    knocked
});

/// How a stranger could tell one way of knocking from another.
fn differences(knocked: &[(&'static str, Vec<Reaction>)]) -> Vec<String> {
    let mut differences = Vec::new();
    let ends = |reactions: &[Reaction]| -> Vec<u64> {
        reactions
            .iter()
            .map(|reaction| reaction.ended_after_ms)
            .collect()
    };
    for (number, (way, reactions)) in knocked.iter().enumerate() {
        if reactions.iter().any(|reaction| reaction.answered_bytes > 0) {
            differences.push(format!("{way} is answered"));
        }
        for (other, others) in &knocked[..number] {
            if !same_distribution(&ends(reactions), &ends(others), FALSE_ALARM) {
                differences.push(format!("{way} ends unlike {other}"));
            }
        }
    }
    differences
}

#[test]
fn a_stranger_gets_no_byte_and_an_end_that_does_not_depend_on_what_it_said() {
    assert_eq!(differences(&KNOCKED), Vec::<String>::new());
}

#[test]
fn a_device_that_answers_garbage_at_once_is_caught() {
    let mut knocked = KNOCKED.clone();
    for reaction in &mut knocked[3].1 {
        reaction.answered_bytes = 1;
    }
    assert_eq!(differences(&knocked), ["a flight of garbage is answered"]);
}

#[test]
fn a_device_that_ends_garbage_early_is_caught() {
    let mut knocked = KNOCKED.clone();
    for reaction in &mut knocked[3].1 {
        reaction.ended_after_ms = reaction.ended_after_ms * 3 / 4;
    }
    let differences = differences(&knocked);
    assert_eq!(differences.len(), KNOCKED.len() - 1, "{differences:?}");
}
