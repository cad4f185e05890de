//! What a stranger gets: nothing, whatever is sent, and contacts are served meanwhile.

use bytes::Bytes;
use hedgerow_node::api::{Call, Event, NewInvitation, NewMessage, Private, Reply};
use hedgerow_node::engine::Input;
use hedgerow_node::harness::World;
use hedgerow_transport::carrier::memory::MemoryNetwork;
use hedgerow_transport::carrier::{
    CarrierCommand, CarrierEvent, CarrierKind, DialId, Ending, LinkId,
};
use hedgerow_transport::handshake::Joining;
use hedgerow_transport::invitation::Invitation;
use hedgerow_transport::keys::StaticKey;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    world
}

/// Lets a stranger dial the first node; gives the link and everything that comes back over it until it
/// ends, with the time that took.
fn knock(world: &mut World, dial: u64, say: &[u8]) -> (usize, u64) {
    let stranger = world.stranger();
    let to = MemoryNetwork::address(0);
    world.network.command(
        stranger,
        CarrierCommand::Dial {
            dial: DialId(dial),
            to,
        },
        world.now_ms,
    );
    let begun = world.now_ms;
    let mut answer = 0;
    let mut link: Option<LinkId> = None;
    for _ in 0..60_000 {
        world.run(1);
        for event in world.heard(stranger) {
            match event {
                CarrierEvent::Up { link: up, .. } => {
                    link = Some(up);
                    let bytes = Bytes::copy_from_slice(say);
                    world.network.command(
                        stranger,
                        CarrierCommand::Send { link: up, bytes },
                        world.now_ms,
                    );
                }
                CarrierEvent::Bytes { bytes, .. } => answer += bytes.len(),
                CarrierEvent::Down { .. } => return (answer, world.now_ms - begun),
                _ => {}
            }
        }
    }
    if let Some(link) = link {
        world.network.command(
            stranger,
            CarrierCommand::End {
                link,
                ending: Ending::Now,
            },
            world.now_ms,
        );
    }
    panic!("the link never ends");
}

/// The first flights that a node got since the world was watched.
fn first_flights_to(world: &mut World, node: usize) -> Vec<Vec<u8>> {
    let streams = world.watched().into_iter();
    let dialled = streams.filter(|stream| stream.dialled && stream.to == node);
    dialled.map(|stream| stream.first).collect()
}

#[test]
fn silence_and_garbage_of_any_length_get_no_byte_and_an_end_within_the_same_span() {
    let mut world = pair(1);
    let mut ends = Vec::new();
    for (number, length) in [0, 1, 31, 95, 96, 97, 351, 352, 5_000, 70_000]
        .into_iter()
        .enumerate()
    {
        let garbage: Vec<u8> = (0..length)
            .map(|byte: usize| (byte * 31 + number) as u8)
            .collect();
        let (answer, after) = knock(&mut world, number as u64, &garbage);
        assert_eq!(answer, 0, "{length} bytes of garbage were answered");
        assert!(
            (20_000..=40_100).contains(&after),
            "{length} bytes: ended after {after} ms"
        );
        ends.push(after);
    }
    ends.dedup();
    assert!(ends.len() > 5, "the end is drawn anew each time");
}

#[test]
fn a_replayed_and_a_truncated_first_flight_are_garbage() {
    let mut world = pair(2);
    let mut flights = Vec::new();
    // Either may be the one who dials.
    while flights.is_empty() {
        world.network.part(0, 1, true);
        world.run(1_000);
        world.watch();
        world.network.part(0, 1, false);
        world.connected(0, 1);
        flights = first_flights_to(&mut world, 0);
    }
    for (number, flight) in flights.iter().enumerate() {
        for cut in [flight.len(), flight.len() - 1, 96, 95] {
            let (answer, after) =
                knock(&mut world, number as u64 * 10 + cut as u64, &flight[..cut]);
            assert_eq!(
                answer, 0,
                "{cut} bytes of a flight seen before were answered"
            );
            assert!((20_000..=40_100).contains(&after));
        }
    }
}

#[test]
fn an_invitation_answers_a_nonce_once_and_so_many_in_all() {
    let mut world = World::with(3, &["Ada", "Grace"]);
    let link = world.invite(0);
    world.watch();
    world.ask(1, Call::Join(link.into())).expect("a good link");
    world.connected(0, 1);
    let flights = first_flights_to(&mut world, 0);
    let (answer, _) = knock(&mut world, 1, &flights[0]);
    assert_eq!(answer, 0);
}

#[test]
fn contacts_are_served_at_once_during_a_flood_of_strangers() {
    let mut world = pair(4);
    let stranger = world.stranger();
    for dial in 0..2_000 {
        let to = MemoryNetwork::address(0);
        world.network.command(
            stranger,
            CarrierCommand::Dial {
                dial: DialId(dial),
                to,
            },
            world.now_ms,
        );
    }
    world.run(5);
    let links: Vec<LinkId> = world
        .heard(stranger)
        .into_iter()
        .filter_map(|event| match event {
            CarrierEvent::Up { link, .. } => Some(link),
            _ => None,
        })
        .collect();
    assert_eq!(links.len(), 2_000);
    for link in links {
        let bytes = Bytes::from(vec![7; 400]);
        world
            .network
            .command(stranger, CarrierCommand::Send { link, bytes }, world.now_ms);
    }
    world.run(1);
    let ada = world.chat(1, 0);
    let before = world.now_ms;
    world.nodes[1].call(Call::Send(ada, NewMessage::text("in the flood")));
    assert!(world.until(100, |world| {
        world.nodes[0].events.iter().any(|event| {
            matches!(
                event,
                Event::Message {
                    author: Some(_),
                    ..
                }
            )
        })
    }));
    assert!(
        world.now_ms - before <= 10,
        "after {} ms",
        world.now_ms - before
    );
}

#[test]
fn an_invitation_answers_64_handshakes_and_no_more() {
    let mut world = World::with(8, &["Ada"]);
    let link = world.invite(0);
    assert_eq!(answers(&mut world, &link, 66), 64);
}

#[test]
fn an_invitation_for_a_room_answers_1024_handshakes_and_no_more() {
    let mut world = World::with(8, &["Ada"]);
    let name = Private("Riverside".into());
    let Ok(Reply::Conversation(group)) = world.ask(0, Call::NewGroup(name)) else {
        panic!("no group");
    };
    let room = NewInvitation {
        valid_for_s: 24 * 3_600,
        in_person: false,
        group: Some(group.id),
    };
    let Ok(Reply::Invitation(room)) = world.ask(0, Call::Invite(room)) else {
        panic!("no invitation");
    };
    let link = room.link.expect("it is open");
    assert_eq!(answers(&mut world, &link, 1_026), 1_024);
}

/// How many of so many handshakes of a stranger the first node answers.
fn answers(world: &mut World, link: &Private, handshakes: u64) -> usize {
    let invitation = Invitation::parse(&link.0).expect("a fresh link");
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let stranger = world.stranger();
    let mut is_answered = |number: u64| {
        let key = StaticKey::random(&mut rng);
        let secret = &invitation.secret;
        let (_, flight) = Joining::new(
            &key,
            &invitation.inviter,
            &secret.tag_key(),
            &secret.psk(),
            &mut rng,
        );
        let dial = CarrierCommand::Dial {
            dial: DialId(number),
            to: MemoryNetwork::address(0),
        };
        world.network.command(stranger, dial, world.now_ms);
        let mut answer = 0;
        for _ in 0..100 {
            world.run(10);
            for event in world.heard(stranger) {
                match event {
                    CarrierEvent::Up { link, .. } => {
                        let bytes = Bytes::from(flight.clone());
                        let send = CarrierCommand::Send { link, bytes };
                        world.network.command(stranger, send, world.now_ms);
                    }
                    CarrierEvent::Bytes { bytes, .. } => answer += bytes.len(),
                    _ => {}
                }
            }
        }
        answer > 0
    };
    (0..handshakes)
        .filter(|number| is_answered(*number))
        .count()
}

/// When two who lost each other have a session again, while somebody takes back for them what they announce.
fn met_again_ms(is_forging: bool) -> u64 {
    let mut world = pair(10);
    let stranger = world.stranger();
    world.network.part(0, 1, true);
    world.run(60_000);
    world.network.part(0, 1, false);
    world.restart(1);
    let begun_ms = world.now_ms;
    let mut seen = Vec::new();
    for _ in 0..1_000 {
        world.run(20);
        seen.extend(
            world
                .heard(stranger)
                .into_iter()
                .filter_map(|event| match event {
                    CarrierEvent::Beacon { beacon, .. } => Some(beacon),
                    _ => None,
                }),
        );
        for beacon in seen.iter().filter(|_| is_forging) {
            for node in &mut world.nodes {
                let gone = CarrierEvent::BeaconWithdrawn { beacon: *beacon };
                node.input(Input::Carrier(CarrierKind::Memory, gone));
            }
        }
        if world.sees(0, 1) && world.sees(1, 0) {
            assert!(!seen.is_empty(), "there was something to forge");
            return world.now_ms - begun_ms;
        }
    }
    panic!("they do not find each other");
}

#[test]
fn a_forged_goodbye_keeps_no_two_apart() {
    assert_eq!(met_again_ms(true), met_again_ms(false));
}

#[test]
fn a_replayed_beacon_brings_one_first_flight_however_long_nobody_answers_it() {
    let mut world = pair(9);
    let stranger = world.stranger();
    let mut beacons = Vec::new();
    // A node that starts is announced, also to those who are there.
    world.restart(1);
    world.run(1_000);
    for event in world.heard(stranger) {
        if let CarrierEvent::Beacon { beacon, at } = event
            && at == [MemoryNetwork::address(1)]
        {
            beacons.push(beacon);
        }
    }
    world.leave(1);
    let of_one_epoch = beacons.split_off(beacons.len() - 4);
    let mut dials = 0;
    for _ in 0..20 {
        let announce = CarrierCommand::Announce {
            beacons: of_one_epoch.clone(),
            look: false,
        };
        world.network.command(stranger, announce, world.now_ms);
        world.run(60_000);
        let heard = world.heard(stranger).into_iter();
        dials += heard
            .filter(|event| matches!(event, CarrierEvent::Up { .. }))
            .count();
    }
    assert_eq!(dials, 1);
}
