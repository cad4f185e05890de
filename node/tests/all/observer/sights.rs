//! What devices show in each epoch, and what they do when it is replayed.

use std::sync::LazyLock;

use hedgerow_node::harness::{Stream, World};
use hedgerow_transport::carrier::{Address, CarrierCommand, CarrierEvent};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::knocking::{Reaction, knock};

pub const DEVICES: usize = 20;

pub const EPOCHS: usize = 50;

pub const EPOCH_MS: u64 = 900_000;

/// What one device shows in one epoch.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// When announcements came, in milliseconds of the epoch, and their slots.
    pub announced: Vec<(u64, Vec<[u8; 8]>)>,
    /// First flights it sent.
    pub flights: Vec<Vec<u8>>,
    /// All that it sent within handshakes, and behind them.
    pub handshakes: Vec<Vec<u8>>,
}

/// What all devices show in all epochs, and what they do when it is replayed.
#[derive(Clone)]
pub struct Observed {
    /// By epoch, then by device.
    pub sights: Vec<Vec<Sight>>,
    /// Answers to each first flight replayed to the device it was for, and to another device.
    pub replays: Vec<[Reaction; 2]>,
    /// Dials that came to somebody who replayed all beacons seen, while contacts were connected; and
    /// while they were not, with the minutes that took.
    pub lured: usize,
    pub lured_unseen: (usize, u64),
}

/// Devices that are contacts by twos: each two meet again in every epoch.
fn couples() -> impl Iterator<Item = (usize, usize)> {
    (0..DEVICES).step_by(2).map(|one| (one, one + 1))
}

/// Devices to be told apart: no contacts of each other.
pub fn doubles() -> impl Iterator<Item = (usize, usize)> {
    (0..DEVICES / 2).map(|one| (one, one + DEVICES / 2))
}

pub static OBSERVED: LazyLock<Observed> = LazyLock::new(observe);

fn observe() -> Observed {
    let names: Vec<String> = (0..DEVICES).map(|name| format!("device {name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::with(1, &names);
    for (one, other) in couples() {
        world.meet(one, other);
    }
    // Everybody misses somebody: a device whose contacts are all there shows less.
    let absent = world.add("absent");
    for device in 0..DEVICES {
        world.meet_and_part(absent, device);
    }
    world.leave(absent);
    // No two clocks agree: up to a minute either way.
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    for node in &mut world.nodes {
        node.clock_error_ms = i64::from(rng.next_u32() % 120_000) - 60_000;
    }
    let observer = world.stranger();
    // Epochs of the observer's clock, which is true.
    let into = (hedgerow_node::harness::EPOCH_MS as u64 + world.now_ms) % EPOCH_MS;
    world.run(2 * EPOCH_MS - into);
    world.heard(observer);
    let mut sights = Vec::new();
    for _ in 0..EPOCHS {
        let begun = world.now_ms;
        let mut epoch = vec![Sight::default(); DEVICES];
        world.watch();
        for (minute, apart) in [(0, false), (7, true), (8, false)] {
            listen_until(&mut world, observer, begun, minute, &mut epoch);
            for (one, other) in couples() {
                world.network.part(one, other, apart);
            }
        }
        listen_until(&mut world, observer, begun, 15, &mut epoch);
        for stream in world.watched() {
            let Some(device) = stream.from.as_ref().and_then(number) else {
                continue;
            };
            let sight = &mut epoch[device];
            if stream.dialled {
                sight.flights.push(stream.first);
            }
            sight.handshakes.push(stream.bytes);
        }
        sights.push(epoch);
    }
    let replays = replay_flights(&mut world);
    let (lured, _) = replay_beacons(&mut world, &sights);
    for (one, other) in couples() {
        world.network.part(one, other, true);
    }
    world.run(2 * EPOCH_MS);
    let lured_unseen = replay_beacons(&mut world, &sights);
    Observed {
        sights,
        replays,
        lured,
        lured_unseen,
    }
}

/// Lets the world go on to a minute of the epoch, and notes what is announced meanwhile, millisecond by
/// millisecond as far as that matters.
fn listen_until(world: &mut World, observer: usize, begun: u64, minute: u64, epoch: &mut [Sight]) {
    let end = begun + minute * 60_000;
    while world.now_ms < end {
        world.run((end - world.now_ms).min(250));
        let at = world.now_ms - begun;
        for event in world.heard(observer) {
            let CarrierEvent::Beacon { beacon, at: whose } = event else {
                continue;
            };
            let Some(device) = whose.first().and_then(number) else {
                continue;
            };
            let announced = &mut epoch[device].announced;
            match announced.last_mut() {
                Some((last, slots)) if *last == at && slots.len() < 4 => slots.push(beacon),
                _ => announced.push((at, vec![beacon])),
            }
        }
    }
}

pub fn number(address: &Address) -> Option<usize> {
    let number = address.0.strip_prefix("memory:")?.parse().ok()?;
    (number < DEVICES).then_some(number)
}

/// Replays first flights to the device each was for, and to one that it was not for.
fn replay_flights(world: &mut World) -> Vec<[Reaction; 2]> {
    let mut flights: Vec<Stream> = Vec::new();
    for round in 0..6 {
        world.watch();
        for (one, other) in couples() {
            world.network.part(one, other, true);
        }
        world.run(1_000 + round);
        for (one, other) in couples() {
            world.network.part(one, other, false);
        }
        world.run(60_000);
        let streams = world.watched().into_iter();
        flights.extend(streams.filter(|stream| stream.dialled && stream.to < DEVICES));
    }
    let mut knocks = Vec::new();
    for flight in &flights {
        for to in [flight.to, (flight.to + DEVICES / 2) % DEVICES] {
            knocks.push((to, flight.first.clone()));
        }
    }
    let reactions = knock(world, &knocks);
    reactions.chunks(2).map(|two| [two[0], two[1]]).collect()
}

/// Announces all beacons seen; counts the dials that follow, and the minutes.
fn replay_beacons(world: &mut World, sights: &[Vec<Sight>]) -> (usize, u64) {
    let begun = world.now_ms;
    let replayer = world.stranger();
    for epoch in sights {
        for (_, slots) in epoch.iter().flat_map(|sight| &sight.announced) {
            let beacons = slots.clone();
            let announce = CarrierCommand::Announce {
                beacons,
                look: false,
            };
            world.network.command(replayer, announce, world.now_ms);
            world.run(3);
        }
    }
    world.run(60_000);
    let heard = world.heard(replayer).into_iter();
    let dials = heard.filter(|event| matches!(event, CarrierEvent::Up { .. }));
    (dials.count(), (world.now_ms - begun) / 60_000)
}
