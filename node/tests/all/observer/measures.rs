//! What an observer can measure of a sight, and how alike it finds two.

use std::collections::BTreeSet;

use super::sights::{EPOCH_MS, Sight};

/// What can be measured of a sight, as numbers: the observer weighs them as it likes.
type Measure = fn(&Sight) -> Vec<f64>;

pub fn bits(bytes: &[u8]) -> impl Iterator<Item = f64> {
    let bit = |byte: u8, bit: u32| if byte >> bit & 1 == 1 { 1.0 } else { -1.0 };
    bytes
        .iter()
        .flat_map(move |byte| (0..8).map(move |place| bit(*byte, place)))
}

fn last_slots(sight: &Sight) -> &[[u8; 8]] {
    sight.announced.last().map_or(&[], |(_, slots)| slots)
}

pub const MEASURES: [(&str, Measure); 6] = [
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

pub const LIKENESSES: [(&str, Likeness); 5] = [
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
