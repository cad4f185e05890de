//! Beacons that nobody was recognised by when they were seen.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_transport::beacon::Beacon;
use hedgerow_transport::carrier::{Address, CarrierKind};

/// How many are remembered: those seen last.
const MAX_UNKNOWN: usize = 256;

/// The beacons remembered, each with where it was seen last.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    /// By the carrier that they were seen over. None is empty.
    seen: BTreeMap<CarrierKind, BTreeMap<Beacon, Seen>>,
    /// The same by when they were seen.
    by_age: BTreeSet<(u64, CarrierKind, Beacon)>,
}

/// Where, and when (monotonic milliseconds).
#[derive(Debug)]
struct Seen {
    at: Vec<Address>,
    at_ms: u64,
}

impl Unknown {
    pub fn is_empty(&self) -> bool {
        self.by_age.is_empty()
    }

    /// One is seen.
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

    /// Takes out those seen over a carrier that belong to somebody after all: whose they are, and where they
    /// were seen.
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

    /// Forgets those of a carrier.
    pub fn forget(&mut self, carrier: CarrierKind) {
        self.seen.remove(&carrier);
        self.by_age.retain(|(_, over, _)| *over != carrier);
    }

    /// Forgets those seen before a moment.
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

    /// The carriers that they were seen over.
    pub fn carriers(&self) -> impl Iterator<Item = CarrierKind> {
        self.seen.keys().copied()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (CarrierKind, &Beacon)> {
        let carriers = self.seen.iter();
        carriers.flat_map(|(carrier, seen)| seen.keys().map(|beacon| (*carrier, beacon)))
    }
}
