//! Being found and finding (`docs/PROTOCOL.md` section 11): what is announced over each carrier, whose
//! beacons are seen, and the search for contacts whose clock is not what it was.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::beacon::{
    Beacon, ClockWatch, EPOCH_MS, Epoch, Known, Recogniser, SEARCH_INTERVAL_MS, Search, SearchStep,
};
use hedgerow_transport::carrier::{Address, CarrierKind};
use hedgerow_transport::keys::BeaconKey;
use rand_core::CryptoRng;

use super::{Now, chance};

/// Beacons remembered that nobody was recognised by.
const MAX_UNKNOWN: usize = 256;

/// What is known about who is near.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    /// What each carrier was told to announce.
    announced: BTreeMap<CarrierKind, Announced>,
    recognisers: BTreeMap<CarrierKind, Recogniser<DeviceId>>,
    /// Beacons that nobody was recognised by when they were seen.
    unknown: BTreeMap<(CarrierKind, Beacon), Vec<Address>>,
    clock: Option<ClockWatch>,
    searches: BTreeMap<CarrierKind, Search<DeviceId>>,
    search_due_ms: u64,
}

/// What a carrier announces: the epoch, and the beacons that mean something.
#[derive(Debug, Clone)]
struct Announced {
    epoch: Epoch,
    beacons: Vec<Beacon>,
    /// When those of a later epoch follow (monotonic milliseconds).
    until_ms: u64,
}

/// A contact's device that has been recognised.
pub(crate) struct Sighting {
    pub device: DeviceId,
    pub carrier: CarrierKind,
    pub beacon: Beacon,
    pub at: Vec<Address>,
}

impl Presence {
    /// Compares the clocks: by how much the wall clock has jumped since the last look.
    pub fn jump(&mut self, now: Now) -> Option<i64> {
        match &mut self.clock {
            Some(clock) => clock.observe(now.mono_ms, now.wall_ms),
            None => {
                self.clock = Some(ClockWatch::new(now.mono_ms, now.wall_ms));
                None
            }
        }
    }

    /// Contacts, keys or clocks changed: who is recognised by what is worked out anew, and whoever was
    /// searched for in vain is searched for again.
    pub fn changed(&mut self) {
        self.recognisers.clear();
        self.searches.clear();
    }

    /// Whether a carrier's beacons cannot be recognised before [`set_known`](Self::set_known).
    pub fn is_stale(&self, carrier: CarrierKind, wall_ms: i64) -> bool {
        self.recognisers
            .get(&carrier)
            .is_none_or(|recogniser| !recogniser.is_current(wall_ms))
    }

    /// Sets who may be near over a carrier, and gives those whose beacons were seen before.
    pub fn set_known<'k>(
        &mut self,
        carrier: CarrierKind,
        wall_ms: i64,
        known: impl IntoIterator<Item = Known<'k, DeviceId>>,
    ) -> Vec<Sighting> {
        let recogniser = Recogniser::new(carrier, wall_ms, known);
        let mut sightings = Vec::new();
        self.unknown.retain(|(over, beacon), at| {
            let device = if *over == carrier {
                recogniser.find(beacon)
            } else {
                None
            };
            let at = std::mem::take(at);
            match device {
                Some(device) => sightings.push(Sighting {
                    device,
                    carrier,
                    beacon: *beacon,
                    at,
                }),
                None => return true,
            }
            false
        });
        self.recognisers.insert(carrier, recogniser);
        sightings
    }

    /// Whose beacon this is; one of nobody known is remembered, and the search for whoever it may be of
    /// begins a while later: most contacts are met within that.
    pub fn recognise(
        &mut self,
        now: Now,
        carrier: CarrierKind,
        beacon: Beacon,
        at: &[Address],
    ) -> Option<DeviceId> {
        let device = self
            .recognisers
            .get(&carrier)
            .and_then(|recogniser| recogniser.find(&beacon));
        if device.is_none() && !at.is_empty() {
            if self.unknown.is_empty() {
                let due_ms = now.mono_ms + SEARCH_INTERVAL_MS;
                self.search_due_ms = self.search_due_ms.max(due_ms);
            }
            if self.unknown.len() >= MAX_UNKNOWN {
                self.unknown.pop_first();
            }
            self.unknown.insert((carrier, beacon), at.to_vec());
        }
        device
    }

    /// The epoch whose beacons a carrier announces now. It changes at a moment drawn anew within each
    /// epoch: if all changed as epochs begin, the error of its clock would tell every device.
    pub fn announced_epoch(&self, carrier: CarrierKind, now: Now) -> Epoch {
        let current = Epoch::at(now.wall_ms);
        match self.announced.get(&carrier) {
            Some(announced)
                if now.mono_ms < announced.until_ms && announced.epoch.0 + 1 == current.0 =>
            {
                announced.epoch
            }
            _ => current,
        }
    }

    /// Whether a carrier has to be told to announce these beacons of an epoch; it is then taken as told.
    pub fn announces_anew(
        &mut self,
        carrier: CarrierKind,
        now: Now,
        epoch: Epoch,
        beacons: &[Beacon],
        rng: &mut dyn CryptoRng,
    ) -> bool {
        let held = self.announced.get(&carrier);
        if held.is_some_and(|held| held.epoch == epoch && held.beacons == beacons) {
            return false;
        }
        let until_ms = match held {
            Some(held) if held.epoch == epoch => held.until_ms,
            _ => now.mono_ms + left_ms(now) + chance::between(rng, 0, EPOCH_MS as u64),
        };
        let announced = Announced {
            epoch,
            beacons: beacons.to_vec(),
            until_ms,
        };
        self.announced.insert(carrier, announced);
        true
    }

    /// A carrier no longer announces or sees anything.
    pub fn silent(&mut self, carrier: CarrierKind) {
        self.announced.remove(&carrier);
        self.unknown.retain(|(over, _), _| *over != carrier);
    }

    /// When the next epoch begins, or is announced, if anything is; or the next step of the search is due.
    pub fn next_wake_ms(&self, now: Now, anybody_unseen: bool) -> Option<u64> {
        let epoch = (!self.announced.is_empty()).then_some(now.mono_ms + left_ms(now));
        let changes = self.announced.values().map(|announced| announced.until_ms);
        let change = changes.filter(|until_ms| *until_ms > now.mono_ms).min();
        let search = self
            .is_searching(anybody_unseen)
            .then_some(self.search_due_ms);
        [epoch, change, search].into_iter().flatten().min()
    }

    /// Whether there is anything to search for: beacons of nobody, and contacts unseen.
    fn is_searching(&self, anybody_unseen: bool) -> bool {
        anybody_unseen && !self.unknown.is_empty()
    }

    /// Whether a step of the search is due.
    pub fn search_is_due(&self, now: Now, anybody_unseen: bool) -> bool {
        self.is_searching(anybody_unseen) && self.search_due_ms <= now.mono_ms
    }

    /// One step of the search for these, given the latest seen first and where each clock is expected:
    /// who was found, and by how many epochs it is ahead of that.
    pub fn search(
        &mut self,
        now: Now,
        unseen: Vec<(DeviceId, BeaconKey, Epoch)>,
    ) -> Option<(DeviceId, i64)> {
        self.search_due_ms = now.mono_ms + SEARCH_INTERVAL_MS;
        let carriers: BTreeSet<CarrierKind> =
            self.unknown.keys().map(|(carrier, _)| *carrier).collect();
        self.searches
            .retain(|carrier, _| carriers.contains(carrier));
        for carrier in carriers {
            let unknown = self
                .unknown
                .keys()
                .filter(|(over, _)| *over == carrier)
                .map(|(_, beacon)| *beacon)
                .collect();
            let search = self
                .searches
                .entry(carrier)
                .or_insert_with(|| Search::new(carrier, unseen.clone()));
            match search.step(now.mono_ms, &unknown) {
                SearchStep::Found { who, ahead_epochs } => return Some((who, ahead_epochs)),
                SearchStep::Exhausted => {
                    self.searches.remove(&carrier);
                }
                SearchStep::TooEarly(_) | SearchStep::Nothing => {}
            }
        }
        None
    }
}

/// How long the epoch still lasts, in milliseconds.
fn left_ms(now: Now) -> u64 {
    (EPOCH_MS - now.wall_ms.rem_euclid(EPOCH_MS)) as u64
}

#[cfg(test)]
mod tests {
    use hedgerow_transport::handshake::Direction;
    use hedgerow_transport::keys::PairBeaconKey;

    use super::*;

    #[test]
    fn beacons_seen_too_early_are_recognised_later() {
        let mut presence = Presence::default();
        let now = Now {
            mono_ms: 0,
            wall_ms: 0,
        };
        let (key, pair) = (
            BeaconKey::from_bytes([1; 32]),
            PairBeaconKey::from_bytes([2; 32]),
        );
        let beacon = key.beacon(CarrierKind::Lan, Epoch::at(0));
        let at = [Address("x".to_owned())];
        assert_eq!(presence.recognise(now, CarrierKind::Lan, beacon, &at), None);
        let device = DeviceId([5; 16]);
        let known = Known {
            who: device,
            key: Some(&key),
            pair: (&pair, Direction::Up),
            offset_ms: 0,
        };
        let seen = presence.set_known(CarrierKind::Lan, 0, [known]);
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].at, at);
        assert_eq!(
            presence.recognise(now, CarrierKind::Lan, beacon, &at),
            Some(device)
        );
        assert!(!presence.is_searching(true));
    }
}
