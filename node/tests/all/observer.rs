//! Somebody on the network who sees every announcement and the first bytes of every link, and replays
//! them, links no device across epochs better than by tossing a coin. Network address and port are left
//! out: they link a device for as long as it keeps them (`docs/PROTOCOL.md` section 11).
//!
//! A *sight* is what one device shows in one epoch. Two devices are looked at in two epochs, and the
//! observer says which is which; each sight is used once, so by chance it is right as often as a coin:
//! the exact binomial distribution bounds how often it may be right. Each break of the promise is put
//! into what is observed, and must be caught by the same observer.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::support::statistics::{Coin, binomial_tails, same_distribution};
use bytes::Bytes;
use hedgerow_node::api::Call;
use hedgerow_node::harness::{Stream, World};
use hedgerow_transport::carrier::memory::MemoryNetwork;
use hedgerow_transport::carrier::{Address, CarrierCommand, CarrierEvent, DialId, LinkId};
use hedgerow_transport::handshake::Joining;
use hedgerow_transport::invitation::Invitation;
use hedgerow_transport::keys::{InvitationSecret, StaticKey};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const DEVICES: usize = 20;
const EPOCHS: usize = 50;
const EPOCH_MS: u64 = 900_000;
/// How likely one observer is to be called better than chance by chance alone. All tests of this file
/// together ask fewer than 2,000 such questions.
const FALSE_ALARM: f64 = 1e-7;

/// What one device shows in one epoch.
#[derive(Debug, Clone, Default)]
struct Sight {
    /// When announcements came, in milliseconds of the epoch, and their slots.
    announced: Vec<(u64, Vec<[u8; 8]>)>,
    /// First flights it sent.
    flights: Vec<Vec<u8>>,
    /// All that it sent within handshakes, and behind them.
    handshakes: Vec<Vec<u8>>,
}

/// What all devices show in all epochs, and what they do when it is replayed.
#[derive(Clone)]
struct Observed {
    /// By epoch, then by device.
    sights: Vec<Vec<Sight>>,
    /// Answers to each first flight replayed to the device it was for, and to another device.
    replays: Vec<[Reaction; 2]>,
    /// Dials that came to somebody who replayed all beacons seen, while contacts were connected; and
    /// while they were not, with the minutes that took.
    lured: usize,
    lured_unseen: (usize, u64),
}

/// How a device treats a link.
#[derive(Debug, Clone, Copy)]
struct Reaction {
    answered_bytes: usize,
    ended_after_ms: u64,
}

/// Devices that are contacts by twos: each two meet again in every epoch.
fn couples() -> impl Iterator<Item = (usize, usize)> {
    (0..DEVICES).step_by(2).map(|one| (one, one + 1))
}

/// Devices to be told apart: no contacts of each other.
fn doubles() -> impl Iterator<Item = (usize, usize)> {
    (0..DEVICES / 2).map(|one| (one, one + DEVICES / 2))
}

static OBSERVED: LazyLock<Observed> = LazyLock::new(observe);

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

fn number(address: &Address) -> Option<usize> {
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

/// Strangers that dial these devices at once, each on a link of its own, and say this.
fn knock(world: &mut World, knocks: &[(usize, Vec<u8>)]) -> Vec<Reaction> {
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

/// What can be measured of a sight, as numbers: the observer weighs them as it likes.
type Measure = fn(&Sight) -> Vec<f64>;

fn bits(bytes: &[u8]) -> impl Iterator<Item = f64> {
    let bit = |byte: u8, bit: u32| if byte >> bit & 1 == 1 { 1.0 } else { -1.0 };
    bytes
        .iter()
        .flat_map(move |byte| (0..8).map(move |place| bit(*byte, place)))
}

fn last_slots(sight: &Sight) -> &[[u8; 8]] {
    sight.announced.last().map_or(&[], |(_, slots)| slots)
}

const MEASURES: [(&str, Measure); 6] = [
    ("bits of beacons", |sight| {
        last_slots(sight)
            .iter()
            .flat_map(|slot| bits(slot))
            .collect()
    }),
    ("order of slots", |sight| {
        let slots = last_slots(sight);
        let pairs = (0..slots.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        pairs
            .map(|(a, b)| if slots[a] < slots[b] { 1.0 } else { -1.0 })
            .collect()
    }),
    ("bits of first flights", |sight| {
        let flight = sight.flights.first();
        bits(flight.and_then(|flight| flight.get(..96)).unwrap_or(&[])).collect()
    }),
    ("bits of handshakes", |sight| {
        let shake = sight.handshakes.last();
        bits(shake.and_then(|shake| shake.get(..48)).unwrap_or(&[])).collect()
    }),
    ("lengths and numbers", |sight| {
        let mean = |all: &[Vec<u8>]| {
            all.iter().map(Vec::len).sum::<usize>() as f64 / all.len().max(1) as f64
        };
        let centred = |value: f64, about: f64| (value - about) / about;
        vec![
            centred(mean(&sight.flights), 223.0),
            centred(sight.announced.len() as f64, 2.0),
        ]
    }),
    ("moment of announcing", |sight| {
        let about = EPOCH_MS as f64 / 2.0;
        let at = sight.announced.first().map_or(about, |(at, _)| *at as f64);
        vec![(at - about) / EPOCH_MS as f64]
    }),
];

/// How much alike two sights are.
type Likeness = fn(&Sight, &Sight) -> f64;

const LIKENESSES: [(&str, Likeness); 5] = [
    ("equal slots", |a, b| {
        let slots = |sight: &Sight| -> BTreeSet<[u8; 8]> {
            let all = sight.announced.iter().flat_map(|(_, slots)| slots);
            all.copied().collect()
        };
        slots(a).intersection(&slots(b)).count() as f64
    }),
    ("longest common prefix of slots", |a, b| {
        let common = |a: &[u8; 8], b: &[u8; 8]| {
            (u64::from_be_bytes(*a) ^ u64::from_be_bytes(*b)).leading_zeros()
        };
        let all = last_slots(a)
            .iter()
            .flat_map(|a| last_slots(b).iter().map(move |b| common(a, b)));
        all.max().map_or(0.0, f64::from)
    }),
    ("fewest bits between slots", |a, b| {
        let apart = |a: &[u8; 8], b: &[u8; 8]| {
            (u64::from_be_bytes(*a) ^ u64::from_be_bytes(*b)).count_ones()
        };
        let all = last_slots(a)
            .iter()
            .flat_map(|a| last_slots(b).iter().map(move |b| apart(a, b)));
        -all.min().map_or(64.0, f64::from)
    }),
    (
        "equal windows of 8 bytes in first flights and handshakes",
        |a, b| {
            let windows = |sight: &Sight| -> BTreeSet<Vec<u8>> {
                let said = sight.flights.iter().chain(&sight.handshakes);
                said.flat_map(|said| said.windows(8))
                    .map(<[u8]>::to_vec)
                    .collect()
            };
            windows(a).intersection(&windows(b)).count() as f64
        },
    ),
    ("moment of announcing", |a, b| {
        match (a.announced.first(), b.announced.first()) {
            (Some((a, _)), Some((b, _))) => -(a.abs_diff(*b) as f64),
            _ => 0.0,
        }
    }),
];

/// How often the observer was right, of so many times.
#[derive(Debug)]
struct Score {
    by: String,
    right: u64,
    times: u64,
}

impl Score {
    /// Whether it is more, or less, than a coin could explain.
    fn links(&self) -> bool {
        let (low, high) = binomial_tails(self.times, self.right);
        low.min(high) < FALSE_ALARM / 2.0
    }
}

/// All that the observer tries.
fn scores(observed: &Observed) -> Vec<Score> {
    let sights = &observed.sights;
    let mut coin = Coin::new(3);
    let mut scores = Vec::new();
    let mut score = |by: &str, verdicts: &mut dyn Iterator<Item = f64>| {
        // Above zero it says so, below it says the contrary, and at zero it tosses a coin.
        let (mut right, mut times) = (0, 0);
        for verdict in verdicts {
            times += 1;
            right += u64::from(verdict > 0.0 || (verdict == 0.0 && coin.toss()));
        }
        let by = by.to_owned();
        scores.push(Score { by, right, times });
    };
    // Which of two devices is which, one epoch later.
    for (by, like) in LIKENESSES {
        let mut verdicts = doubles().flat_map(|(a, b)| {
            sights.chunks_exact(2).map(move |two| {
                let (now, then) = (&two[0], &two[1]);
                like(&now[a], &then[a]) + like(&now[b], &then[b])
                    - like(&now[a], &then[b])
                    - like(&now[b], &then[a])
            })
        });
        score(&format!("{by}, from one epoch to the next"), &mut verdicts);
    }
    // Which of two devices is which, once both have been known for half the time.
    let (known, later) = sights.split_at(EPOCHS / 2);
    for (by, measure) in MEASURES {
        let profile = |device: usize| -> Vec<f64> {
            let mut sum: Vec<f64> = Vec::new();
            for epoch in known {
                let measured = measure(&epoch[device]);
                sum.resize(sum.len().max(measured.len()), 0.0);
                for (sum, value) in sum.iter_mut().zip(measured) {
                    *sum += value / known.len() as f64;
                }
            }
            sum
        };
        let profiles: Vec<Vec<f64>> = (0..DEVICES).map(profile).collect();
        let fits = |device: usize, sight: &Sight| -> f64 {
            let measured = measure(sight);
            let each = profiles[device].iter().zip(&measured);
            each.map(|(known, value)| known * value).sum()
        };
        let mut verdicts =
            doubles().flat_map(|(a, b)| later.iter().map(move |epoch| (a, b, epoch)));
        let mut verdicts = verdicts.by_ref().map(|(a, b, epoch)| {
            fits(a, &epoch[a]) + fits(b, &epoch[b]) - fits(a, &epoch[b]) - fits(b, &epoch[a])
        });
        score(&format!("{by}, by a linear score"), &mut verdicts);
    }
    // Whom a first flight was for, by what its replay brings about.
    let mut verdicts = observed
        .replays
        .iter()
        .map(|[addressee, other]| addressee.answered_bytes as f64 - other.answered_bytes as f64);
    score("answers to replays", &mut verdicts);
    let mut verdicts = observed
        .replays
        .iter()
        .map(|[addressee, other]| addressee.ended_after_ms as f64 - other.ended_after_ms as f64);
    score("ends after replays", &mut verdicts);
    scores
}

/// Bits of what should look random that do not, by their place.
fn unfair_bits(observed: &Observed) -> Vec<String> {
    let sights = || observed.sights.iter().flatten();
    let beacons: Vec<Vec<u8>> = sights()
        .flat_map(|sight| &sight.announced)
        .filter(|(_, slots)| slots.len() == 4)
        .map(|(_, slots)| slots.concat())
        .collect();
    let flights: Vec<Vec<u8>> = sights().flat_map(|sight| sight.flights.clone()).collect();
    let mut unfair = Vec::new();
    for (what, samples, length) in [
        ("announcements", beacons, 32),
        ("first flights", flights, 96),
    ] {
        for place in 0..length * 8 {
            let ones = samples.iter().filter(|sample| {
                sample
                    .get(place / 8)
                    .is_some_and(|byte| byte >> (place % 8) & 1 == 1)
            });
            let (low, high) = binomial_tails(samples.len() as u64, ones.count() as u64);
            if low.min(high) < FALSE_ALARM / 2.0 {
                unfair.push(format!("{what}, bit {place}"));
            }
        }
    }
    unfair
}

/// What gives devices away, if anything does.
fn leaks(observed: &Observed) -> Vec<String> {
    let scores = scores(observed);
    let links = scores.iter().filter(|score| score.links());
    let mut leaks: Vec<String> = links.map(|score| format!("{score:?}")).collect();
    leaks.extend(unfair_bits(observed));
    leaks
}

#[test]
fn an_observer_links_no_device_across_epochs() {
    for score in scores(&OBSERVED) {
        println!(
            "{:>4} of {:>4} right by {}",
            score.right, score.times, score.by
        );
    }
    let sights = || OBSERVED.sights.iter().flatten();
    let announced: usize = sights().map(|sight| sight.announced.len()).sum();
    assert!(
        announced >= EPOCHS * DEVICES * 9 / 10,
        "{announced} announcements only"
    );
    let flights: usize = OBSERVED
        .sights
        .iter()
        .flatten()
        .map(|sight| sight.flights.len())
        .sum();
    assert!(flights >= EPOCHS * DEVICES / 2, "{flights} handshakes only");
    assert_eq!(leaks(&OBSERVED), Vec::<String>::new());
}

#[test]
fn a_replayed_beacon_lures_nobody_who_is_connected() {
    assert_eq!(OBSERVED.lured, 0);
}

/// A stated limit: who looks for a contact whose clock may be years off takes an old beacon for it, at
/// most once a minute.
#[test]
fn a_replayed_beacon_lures_who_searches_at_most_once_a_minute() {
    let (lured, minutes) = OBSERVED.lured_unseen;
    assert!(
        lured as u64 <= DEVICES as u64 * (minutes + 1),
        "{lured} in {minutes} min"
    );
}

/// The same observations, with something else in the place of what each device shows.
fn broken(mut with: impl FnMut(&mut Sight, usize, usize)) -> Vec<String> {
    let mut observed = OBSERVED.clone();
    for (epoch, sights) in observed.sights.iter_mut().enumerate() {
        for (device, sight) in sights.iter_mut().enumerate() {
            with(sight, device, epoch);
        }
    }
    leaks(&observed)
}

fn caught(leaks: &[String], by: &str) {
    assert!(
        leaks.iter().any(|leak| leak.contains(by)),
        "{by}: {leaks:?}"
    );
}

fn name(device: usize) -> [u8; 8] {
    *blake3::hash(&[device as u8])
        .as_bytes()
        .first_chunk()
        .expect("32 bytes")
}

#[test]
fn a_static_beacon_is_caught() {
    let leaks = broken(|sight, device, _| {
        for (_, slots) in &mut sight.announced {
            slots[0] = name(device);
        }
    });
    caught(&leaks, "equal slots");
    caught(&leaks, "bits of beacons");
}

#[test]
fn a_stable_instance_name_is_caught_in_any_slot() {
    let leaks = broken(|sight, device, epoch| {
        for (_, slots) in &mut sight.announced {
            let slot = (epoch * 7 + device) % slots.len();
            slots[slot] = name(device);
        }
    });
    caught(&leaks, "equal slots");
}

#[test]
fn a_stable_order_of_slots_is_caught() {
    let leaks = broken(|sight, device, _| {
        for (_, slots) in &mut sight.announced {
            slots.sort();
            let length = slots.len();
            slots.rotate_left(device % length);
            if device / DEVICES.div_ceil(2) == 1 {
                slots.reverse();
            }
        }
    });
    caught(&leaks, "order of slots");
}

#[test]
fn an_unmasked_ephemeral_key_is_caught() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let leaks = broken(|sight, _, _| {
        for flight in &mut sight.flights {
            flight[32..64].copy_from_slice(&StaticKey::random(&mut rng).public().0);
        }
    });
    // The highest bit of a public key is always 0.
    caught(&leaks, &format!("first flights, bit {}", 63 * 8 + 7));
}

#[test]
fn a_nonce_that_is_counted_is_caught() {
    let mut counter = 0u64;
    let leaks = broken(|sight, device, _| {
        for said in sight.flights.iter_mut().chain(&mut sight.handshakes) {
            counter += 1;
            said[..8].copy_from_slice(&name(device));
            said[8..16].copy_from_slice(&counter.to_be_bytes());
        }
    });
    caught(&leaks, "equal windows of 8 bytes");
    caught(&leaks, "bits of first flights");
    caught(&leaks, "first flights, bit 64");
}

#[test]
fn an_answer_to_a_replayed_first_flight_is_caught() {
    let mut observed = OBSERVED.clone();
    for [addressee, _] in &mut observed.replays {
        addressee.answered_bytes = 176;
    }
    caught(&leaks(&observed), "answers to replays");
}

#[test]
fn another_end_after_a_replayed_first_flight_is_caught() {
    let mut observed = OBSERVED.clone();
    for [addressee, _] in &mut observed.replays {
        addressee.ended_after_ms = 40_000;
    }
    caught(&leaks(&observed), "ends after replays");
}

#[test]
fn a_beacon_that_changes_by_the_devices_clock_alone_is_caught() {
    let leaks = broken(|sight, device, _| {
        for (at, _) in &mut sight.announced {
            *at = 1_000 * device as u64;
        }
    });
    caught(&leaks, "moment of announcing");
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
    assert!(
        answered > 0,
        "a contact is answered, whoever brings what it says"
    );
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
