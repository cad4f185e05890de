//! Beacons that belonged to no known device when we saw them.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_transport::beacon::Beacon;
use hedgerow_transport::carrier::{Address, CarrierKind};

/// The most beacons remembered: those seen last.
const MAX_UNKNOWN: usize = 256;

/// The beacons remembered, each with where it was seen last.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    /// By the carrier that saw them. No inner map is empty.
    seen: BTreeMap<CarrierKind, BTreeMap<Beacon, Seen>>,
    /// The same, by the time when they were seen.
    by_age: BTreeSet<(u64, CarrierKind, Beacon)>,
}

/// Where a beacon was seen last, and when (monotonic milliseconds).
#[derive(Debug)]
struct Seen {
    at: Vec<Address>,
    at_ms: u64,
}

impl Unknown {
    pub fn is_empty(&self) -> bool {
        self.by_age.is_empty()
    }

    /// Remembers a beacon that a carrier has seen.
    pub fn remember(
        &mut self,
        now_ms: u64,
        carrier: CarrierKind,
        beacon: Beacon,
        at: Vec<Address>,
    ) {
        let seen = Seen { at, at_ms: now_ms };
        let before = self.seen.entry(carrier).or_default().insert(beacon, seen);
        if let Some(before) = before {
            self.by_age.remove(&(before.at_ms, carrier, beacon));
        }
        self.by_age.insert((now_ms, carrier, beacon));
        if self.by_age.len() > MAX_UNKNOWN {
            self.forget_oldest();
        }
    }

    /// Takes out those beacons of a carrier that belong to a known device after all. Gives the owner of each, and where
    /// it was seen.
    pub fn take<K>(
        &mut self,
        carrier: CarrierKind,
        whose: impl Fn(&Beacon) -> Option<K>,
    ) -> Vec<(K, Beacon, Vec<Address>)> {
        let Some(seen) = self.seen.get_mut(&carrier) else {
            return Vec::new();
        };
        let known = seen.extract_if(.., |beacon, _| whose(beacon).is_some());
        let known = known.filter_map(|(beacon, seen)| {
            self.by_age.remove(&(seen.at_ms, carrier, beacon));
            Some((whose(&beacon)?, beacon, seen.at))
        });
        let known = known.collect();
        self.seen.retain(|_, seen| !seen.is_empty());
        known
    }

    /// Forgets the beacons that a carrier saw.
    pub fn forget(&mut self, carrier: CarrierKind) {
        self.seen.remove(&carrier);
        self.by_age.retain(|(_, over, _)| *over != carrier);
    }

    /// Forgets the beacons seen before a moment (monotonic milliseconds).
    pub fn forget_before(&mut self, ms: u64) {
        while self.by_age.first().is_some_and(|(at_ms, ..)| *at_ms < ms) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, carrier, beacon)) = self.by_age.pop_first()
            && let Some(seen) = self.seen.get_mut(&carrier)
        {
            seen.remove(&beacon);
            if seen.is_empty() {
                self.seen.remove(&carrier);
            }
        }
    }

    /// The carriers that saw them.
    pub fn carriers(&self) -> impl Iterator<Item = CarrierKind> {
        self.seen.keys().copied()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (CarrierKind, &Beacon)> {
        let carriers = self.seen.iter();
        carriers.flat_map(|(carrier, seen)| seen.keys().map(|beacon| (*carrier, beacon)))
    }
}
