//! Beacons: what a device announces so that its contacts, and nobody else, see that it is near
//! (`docs/PROTOCOL.md` section 11).
//!
//! Everything here takes the time as an argument. The monotonic time must go on while the machine
//! sleeps, or waking would look like a clock that was set forward.

use std::collections::BTreeSet;
use std::fmt;

use crate::carrier::CarrierKind;
use crate::handshake::Direction;
use crate::keys::{BeaconKey, PairBeaconKey, mac, truncated};
use rand_core::CryptoRng;

/// Eight bytes that look random.
pub type Beacon = [u8; 8];

/// How long a beacon is announced, in milliseconds.
pub const EPOCH_MS: i64 = 900_000;
/// How many beacons a device announces at once.
pub const SLOTS: usize = 4;
/// How far the search looks for a contact's clock in each direction, in years.
pub const SEARCH_YEARS: u64 = 60;
/// How many epochs of one contact one step of the search tries: one year. A step costs this many keyed
/// hashes, some milliseconds.
pub const SEARCH_STEP_EPOCHS: u64 = 35_064;
/// How far apart the steps of the search are, in milliseconds.
pub const SEARCH_INTERVAL_MS: u64 = 60_000;
/// A wall clock that is off the monotonic one by so many milliseconds has jumped.
const JUMP_MS: i64 = 1_000;

/// A quarter of an hour, counted from 1970 by the announcer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch of a wall time in milliseconds since 1970; what is before counts as epoch 0.
    #[must_use]
    pub fn at(wall_ms: i64) -> Self {
        Self(u64::try_from(wall_ms.div_euclid(EPOCH_MS)).unwrap_or(0))
    }
}

impl BeaconKey {
    /// The beacon of an epoch on a carrier.
    #[must_use]
    pub fn beacon(&self, carrier: CarrierKind, epoch: Epoch) -> Beacon {
        truncated(mac(self.as_bytes(), &[&[carrier as u8], &epoch.0.to_be_bytes()]).as_bytes())
    }
}

impl PairBeaconKey {
    /// The pairwise beacon of an epoch on a carrier; the direction is from the announcer to the contact.
    #[must_use]
    pub fn beacon(&self, carrier: CarrierKind, epoch: Epoch, direction: Direction) -> Beacon {
        let input: [&[u8]; 3] = [&[carrier as u8], &epoch.0.to_be_bytes(), &[direction as u8]];
        truncated(mac(self.as_bytes(), &input).as_bytes())
    }
}

/// What to announce in an epoch: the device's own beacon, then up to three of the pairwise ones, which
/// take turns, and random bytes in the places that are left: how many there are does not show.
pub fn announcement(
    own: Beacon,
    pairwise: &[Beacon],
    epoch: Epoch,
    rng: &mut impl CryptoRng,
) -> [Beacon; SLOTS] {
    let mut slots = [own; SLOTS];
    for slot in &mut slots[1..] {
        rng.fill_bytes(slot);
    }
    let places = SLOTS - 1;
    let turn = match pairwise.len() {
        0 => 0,
        n => (epoch.0 % n as u64) as usize * places % n,
    };
    let in_turn = pairwise
        .iter()
        .cycle()
        .skip(turn)
        .take(pairwise.len().min(places));
    for (slot, beacon) in slots[1..].iter_mut().zip(in_turn) {
        *slot = *beacon;
    }
    slots
}

/// A contact's device that may announce itself.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k, K> {
    /// Who it is.
    pub who: K,
    /// Its beacon key, if it has told it.
    pub key: Option<&'k BeaconKey>,
    /// The pair's key, and the direction from it to us.
    pub pair: (&'k PairBeaconKey, Direction),
    /// Its clock minus ours, in milliseconds.
    pub offset_ms: i64,
}

/// The beacons by which contacts would be recognised now: of the epochs before, of and after each
/// contact's time. To be rebuilt once an epoch, and after every change of keys or clocks.
pub struct Recogniser<K> {
    epoch: Epoch,
    beacons: Vec<(Beacon, K)>,
}

impl<K: Copy + Ord> Recogniser<K> {
    /// Computes the beacons: at most six keyed hashes for each device.
    pub fn new<'k>(
        carrier: CarrierKind,
        wall_ms: i64,
        known: impl IntoIterator<Item = Known<'k, K>>,
    ) -> Self {
        let mut beacons = Vec::new();
        for Known {
            who,
            key,
            pair: (pair, direction),
            offset_ms,
        } in known
        {
            let epoch = Epoch::at(wall_ms.saturating_add(offset_ms)).0;
            for epoch in epoch.saturating_sub(1)..=epoch.saturating_add(1) {
                beacons.extend(key.map(|key| (key.beacon(carrier, Epoch(epoch)), who)));
                beacons.push((pair.beacon(carrier, Epoch(epoch), direction), who));
            }
        }
        beacons.sort_unstable();
        Self {
            epoch: Epoch::at(wall_ms),
            beacons,
        }
    }

    /// Whether it still serves at this wall time.
    #[must_use]
    pub fn is_current(&self, wall_ms: i64) -> bool {
        self.epoch == Epoch::at(wall_ms)
    }

    /// Whose beacon this is.
    #[must_use]
    pub fn find(&self, beacon: &Beacon) -> Option<K> {
        let at = self.beacons.partition_point(|(known, _)| known < beacon);
        self.beacons
            .get(at)
            .filter(|(known, _)| known == beacon)
            .map(|(_, who)| *who)
    }
}

impl<K> fmt::Debug for Recogniser<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recogniser")
            .field("beacons", &self.beacons.len())
            .finish_non_exhaustive()
    }
}

/// Notices when the wall clock is set, by comparing it with the monotonic one.
#[derive(Debug, Clone, Copy)]
pub struct ClockWatch {
    mono_ms: u64,
    wall_ms: i64,
}

impl ClockWatch {
    /// Begins to watch.
    #[must_use]
    pub fn new(mono_ms: u64, wall_ms: i64) -> Self {
        Self { mono_ms, wall_ms }
    }

    /// By how many milliseconds the wall clock has jumped since the last jump, or since the beginning.
    /// All offsets of contacts are then to be [`corrected`].
    pub fn observe(&mut self, mono_ms: u64, wall_ms: i64) -> Option<i64> {
        let elapsed = i64::try_from(mono_ms.saturating_sub(self.mono_ms)).unwrap_or(i64::MAX);
        let jump = wall_ms.saturating_sub(self.wall_ms.saturating_add(elapsed));
        if jump.saturating_abs() < JUMP_MS {
            return None;
        }
        *self = Self { mono_ms, wall_ms };
        Some(jump)
    }
}

/// A contact's clock offset after a jump of our own wall clock.
#[must_use]
pub fn corrected(offset_ms: i64, jump_ms: i64) -> i64 {
    offset_ms.saturating_sub(jump_ms)
}

/// What a step of the search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchStep<K> {
    /// It is too early: not before this monotonic time in milliseconds.
    TooEarly(u64),
    /// Nothing yet.
    Nothing,
    /// A beacon is this contact's, whose clock is so many epochs ahead of where it was expected.
    Found {
        /// Whose.
        who: K,
        /// How far its clock is from where it was expected.
        ahead_epochs: i64,
    },
    /// All that may be searched has been.
    Exhausted,
}

/// Looks for contacts whose clocks, or our own, are off by years, a little at a time: unrecognised
/// beacons are compared with those of ever more distant epochs. The nearest year of every contact comes
/// first, in the order given; steps are at least [`SEARCH_INTERVAL_MS`] apart.
pub struct Search<K> {
    carrier: CarrierKind,
    contacts: Vec<(K, BeaconKey, Epoch)>,
    contact: usize,
    ring: u64,
    not_before_ms: u64,
}

impl<K: Copy> Search<K> {
    /// Begins: the contacts seen last come first, each with the epoch at which its clock is expected.
    #[must_use]
    pub fn new(carrier: CarrierKind, contacts: Vec<(K, BeaconKey, Epoch)>) -> Self {
        Self {
            carrier,
            contacts,
            contact: 0,
            ring: 0,
            not_before_ms: 0,
        }
    }

    /// Tries one year of one contact.
    pub fn step(&mut self, mono_ms: u64, unrecognised: &BTreeSet<Beacon>) -> SearchStep<K> {
        if mono_ms < self.not_before_ms {
            return SearchStep::TooEarly(self.not_before_ms);
        }
        if self.contact == self.contacts.len() {
            self.contact = 0;
            self.ring += 1;
        }
        let Some((who, key, expected)) = self
            .contacts
            .get(self.contact)
            .filter(|_| self.ring < 2 * SEARCH_YEARS)
        else {
            return SearchStep::Exhausted;
        };
        self.contact += 1;
        self.not_before_ms = mono_ms.saturating_add(SEARCH_INTERVAL_MS);
        // A ring is half a year to either side.
        let half = SEARCH_STEP_EPOCHS / 2;
        for distance in self.ring * half..(self.ring + 1) * half {
            for ahead in [distance as i64, -(distance as i64)] {
                let Some(epoch) = expected.0.checked_add_signed(ahead) else {
                    continue;
                };
                if unrecognised.contains(&key.beacon(self.carrier, Epoch(epoch))) {
                    return SearchStep::Found {
                        who: *who,
                        ahead_epochs: ahead,
                    };
                }
            }
        }
        SearchStep::Nothing
    }
}

impl<K> fmt::Debug for Search<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search")
            .field("contacts", &self.contacts.len())
            .finish_non_exhaustive()
    }
}
