//! The tracker: hears everything on the air everywhere, with the time and the radio, and tries to find out that one
//! device sent two things. It sees no address and no place, so only the protocol itself can reveal a device. It also
//! sees the tags of all bundles, as if it were a courier everywhere.
//!
//! It plays a game many times. It sees something that a device sent, and two things sent at least two epochs later,
//! one of them by the same device; it says which. A guess is right every other time. It compares things by the
//! number of equal bits at equal places (for announcements with several slots, of the most similar pair), by their
//! length, and by the moment within an epoch.
//!
//! | figure, for `beacons`, `moments`, `flights`, `lengths` and `tags` | what |
//! | --- | --- |
//! | `tracker_…_trials` | games |
//! | `tracker_…_above_chance` | share of right answers, less one half: 0 is chance, 0.5 is always right |
//! | `tracker_…_low`, `tracker_…_high` | its 95 % interval (Wilson); the tracker links devices if `low` is above 0 |
//!
//! Limits: an observer who watches one place without a pause sees one beacon end as the next begins, and needs no
//! game; a gap of two epochs stands for two observers, or for a break. The game uses no pairs that are heard
//! together, such as a first flight right after a beacon. It ignores presence (when a device is silent), signal
//! strength and timing of radios, and what couriers learn from requests for tags. Games share their material, so the
//! intervals are somewhat too narrow. With `broken` it sees what a broken protocol would have sent, which shows that
//! it can find a link at all.

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_node::courier::Tag;
use hedgerow_transport::beacon::EPOCH_MS;
use hedgerow_transport::carrier::CarrierKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::DeviceNumber;
use crate::rng::{self, Purpose};

/// Hears everything on the air everywhere, and tries to follow devices.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tracker {
    /// Shows it what a protocol broken in this way would send, to test that it finds the link.
    #[serde(default)]
    pub broken: Option<Broken>,
}

/// A way in which a protocol might be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Broken {
    /// A device's beacons never change.
    StaticBeacon,
    /// A device changes to the next beacon at the same moment of each epoch.
    FixedMoment,
    /// First flights begin with sixteen bytes that are the same for a device.
    StaticFlight,
    /// Tags begin with eight bytes that are the same for a device.
    StaticTag,
}

/// Microseconds of an epoch.
const EPOCH_US: u64 = EPOCH_MS as u64 * 1_000;

/// Most sightings of each kind to keep for a device; later ones are ignored.
const MAX_SIGHTINGS: usize = 1_024;

/// The quantile of the normal distribution that gives 95 %.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// Something that was on the air.
#[derive(Debug, Clone)]
struct Sighting {
    at_us: u64,
    /// One or more strings of bytes.
    strings: Vec<Bytes>,
}

type Album = BTreeMap<DeviceNumber, Vec<Sighting>>;

/// Everything that was on the air, by sender: the tracker only learns whether it was right.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    /// By radio, since the tracker does not compare different ones.
    announced: BTreeMap<u8, Album>,
    flights: Album,
    tags: Album,
}

impl Sightings {
    pub fn announced(
        &mut self,
        device: DeviceNumber,
        at_us: u64,
        carrier: CarrierKind,
        beacons: &[[u8; 8]],
    ) {
        let strings = beacons.iter().map(|beacon| Bytes::copy_from_slice(beacon));
        let album = self.announced.entry(carrier as u8).or_default();
        add(album, device, at_us, strings.collect());
    }

    pub fn flight(&mut self, device: DeviceNumber, at_us: u64, bytes: &Bytes) {
        add(&mut self.flights, device, at_us, vec![bytes.clone()]);
    }

    pub fn tag(&mut self, device: DeviceNumber, at_us: u64, tag: &Tag) {
        let string = Bytes::copy_from_slice(&tag.0);
        add(&mut self.tags, device, at_us, vec![string]);
    }
}

fn add(album: &mut Album, device: DeviceNumber, at_us: u64, strings: Vec<Bytes>) {
    let sightings = album.entry(device).or_default();
    if sightings.len() < MAX_SIGHTINGS {
        sightings.push(Sighting { at_us, strings });
    }
}

macro_rules! names {
    ($what:literal) => {
        [
            concat!("tracker_", $what, "_trials"),
            concat!("tracker_", $what, "_above_chance"),
            concat!("tracker_", $what, "_low"),
            concat!("tracker_", $what, "_high"),
        ]
    };
}
pub(super) fn figures(
    tracker: &Tracker,
    sightings: &Sightings,
    seed: u64,
    figures: &mut Vec<(&'static str, f64)>,
) {
    let announced: Vec<Album> = sightings.announced.values().cloned().map(changes).collect();
    let broken = |albums: Vec<Album>, how: Broken| match tracker.broken == Some(how) {
        true => albums.into_iter().map(|album| how.applied(album)).collect(),
        false => albums,
    };
    let beacons = broken(announced.clone(), Broken::StaticBeacon);
    let moments = broken(announced, Broken::FixedMoment);
    let flights = broken(vec![sightings.flights.clone()], Broken::StaticFlight);
    let tags = broken(vec![sightings.tags.clone()], Broken::StaticTag);
    let mut game = |names: [&'static str; 4], albums: &[Album], score: Score, stream: u64| {
        let outcome = play(albums, score, seed, stream);
        let (low, high) = outcome.interval();
        let values = [
            f64::from(outcome.trials),
            outcome.share() - 0.5,
            low - 0.5,
            high - 0.5,
        ];
        figures.extend(names.into_iter().zip(values));
    };
    game(names!("beacons"), &beacons, agreeing, 2);
    game(names!("moments"), &moments, same_moment, 3);
    game(names!("flights"), &flights, agreeing, 4);
    game(names!("lengths"), &flights, same_length, 5);
    game(names!("tags"), &tags, agreeing, 6);
}

/// Keeps only changes: a device that falls silent and then announces again repeats itself. At the start of the world
/// all devices announce at the same moment, which reveals nothing.
fn changes(mut album: Album) -> Album {
    for sightings in album.values_mut() {
        sightings.retain(|one| one.at_us > 0);
        let own = |one: &Sighting| one.strings.first().cloned();
        sightings.dedup_by(|one, before| own(one) == own(before));
    }
    album
}

/// Similarity of two sightings: higher is more similar.
type Score = fn(&Sighting, &Sighting) -> f64;

/// The share of equal bits at equal places, in the most similar pair of strings.
fn agreeing(one: &Sighting, other: &Sighting) -> f64 {
    let pairs = one
        .strings
        .iter()
        .flat_map(|one| other.strings.iter().map(move |other| (one, other)));
    let shares = pairs.map(|(one, other)| {
        let length = one.len().min(other.len()).max(1) as f64;
        let differing: u32 = one
            .iter()
            .zip(other)
            .map(|(one, other)| (one ^ other).count_ones())
            .sum();
        1.0 - f64::from(differing) / (8.0 * length)
    });
    shares.fold(0.0, f64::max)
}

fn same_length(one: &Sighting, other: &Sighting) -> f64 {
    let length = |sighting: &Sighting| sighting.strings.iter().map(Bytes::len).sum::<usize>();
    -(length(one).abs_diff(length(other)) as f64)
}

fn same_moment(one: &Sighting, other: &Sighting) -> f64 {
    let apart_us = one.at_us.abs_diff(other.at_us) % EPOCH_US;
    -(apart_us.min(EPOCH_US - apart_us) as f64)
}

#[derive(Debug, Default)]
struct Outcome {
    trials: u32,
    /// Twice the number of right answers: a tie counts half.
    halves: u32,
}

impl Outcome {
    fn share(&self) -> f64 {
        f64::from(self.halves) / 2.0 / f64::from(self.trials)
    }

    /// The 95 % interval of the true share (Wilson).
    fn interval(&self) -> (f64, f64) {
        let (trials, share) = (f64::from(self.trials), self.share());
        let square = QUANTILE * QUANTILE;
        let centre = share + square / (2.0 * trials);
        let spread = share * (1.0 - share) / trials + square / (4.0 * trials * trials);
        let reach = QUANTILE * spread.sqrt();
        let scale = 1.0 + square / trials;
        ((centre - reach) / scale, (centre + reach) / scale)
    }
}

/// Plays once for each sighting that is followed by later ones, of the same device and of others.
fn play(albums: &[Album], score: Score, seed: u64, stream: u64) -> Outcome {
    let mut rng = rng::stream(seed, Purpose::Adversary, stream);
    let mut outcome = Outcome::default();
    for album in albums {
        let devices: Vec<_> = album.iter().collect();
        for (place, (_, sightings)) in devices.iter().enumerate() {
            for shown in *sightings {
                let later = |place: usize| {
                    let all: &[Sighting] = devices[place].1;
                    let since_us = shown.at_us + 2 * EPOCH_US;
                    &all[all.partition_point(|one| one.at_us < since_us)..]
                };
                let others: Vec<usize> = (0..devices.len())
                    .filter(|other| *other != place && !later(*other).is_empty())
                    .collect();
                if later(place).is_empty() || others.is_empty() {
                    continue;
                }
                let other = others[rng::index(&mut rng, others.len())];
                let mut drawn = |place| {
                    let all = later(place);
                    score(shown, &all[rng::index(&mut rng, all.len())])
                };
                let (same, other) = (drawn(place), drawn(other));
                outcome.trials += 1;
                outcome.halves += match same.total_cmp(&other) {
                    std::cmp::Ordering::Greater => 2,
                    std::cmp::Ordering::Equal => 1,
                    std::cmp::Ordering::Less => 0,
                };
            }
        }
    }
    outcome
}

impl Broken {
    /// What a protocol broken in this way would have sent.
    fn applied(self, mut album: Album) -> Album {
        for sightings in album.values_mut() {
            let Some(first) = sightings.first().cloned() else {
                continue;
            };
            for sighting in sightings.iter_mut() {
                match self {
                    Broken::StaticBeacon => sighting.strings.clone_from(&first.strings),
                    Broken::FixedMoment => {
                        let moment_us = first.at_us % EPOCH_US;
                        sighting.at_us = sighting.at_us / EPOCH_US * EPOCH_US + moment_us;
                    }
                    Broken::StaticFlight => begin_as(sighting, &first, 16),
                    Broken::StaticTag => begin_as(sighting, &first, 8),
                }
            }
        }
        album
    }
}

fn begin_as(sighting: &mut Sighting, first: &Sighting, length: usize) {
    for (string, first) in sighting.strings.iter_mut().zip(&first.strings) {
        let length = length.min(string.len()).min(first.len());
        let mut changed = string.to_vec();
        changed[..length].copy_from_slice(&first[..length]);
        *string = changed.into();
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;

    /// Twelve devices, each of which sends something new and random in each of forty epochs.
    fn seen() -> Sightings {
        let mut sightings = Sightings::default();
        let mut rng = rng::stream(1, Purpose::Engine, 0);
        for device in 0..12 {
            for epoch in 1..40 {
                let at_us = epoch * EPOCH_US + rng::index(&mut rng, EPOCH_US as usize) as u64;
                let mut random = [0; 96];
                rng.fill_bytes(&mut random);
                let beacons = [*random.first_chunk().expect("it is long enough")];
                sightings.announced(device, at_us, CarrierKind::Ble, &beacons);
                sightings.flight(device, at_us, &Bytes::copy_from_slice(&random));
                let tag = Tag(*random.first_chunk().expect("it is long enough"));
                sightings.tag(device, at_us, &tag);
            }
        }
        sightings
    }

    /// Whether the tracker finds this link.
    fn is_found(broken: Option<Broken>, what: &str) -> bool {
        let mut found = Vec::new();
        figures(&Tracker { broken }, &seen(), 1, &mut found);
        let low = format!("tracker_{what}_low");
        let figure = found.iter().find(|(name, _)| *name == low);
        figure.expect("it was counted").1 > 0.0
    }

    #[test]
    fn what_is_random_cannot_be_linked() {
        for what in ["beacons", "moments", "flights", "lengths", "tags"] {
            assert!(!is_found(None, what), "{what}");
        }
    }

    #[test]
    fn each_broken_variant_is_found() {
        assert!(is_found(Some(Broken::StaticBeacon), "beacons"));
        assert!(is_found(Some(Broken::FixedMoment), "moments"));
        assert!(is_found(Some(Broken::StaticFlight), "flights"));
        assert!(is_found(Some(Broken::StaticTag), "tags"));
    }
}
