//! Searches for contacts whose clocks have changed (`docs/PROTOCOL.md` section 11): compares unrecognised beacons with
//! those of more and more distant epochs, a little at a time.
//!
//! In a crowd there are always beacons of strangers, and some contact is always missing. So a search that finds
//! nothing gets slower and slower, until there is a reason to doubt a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::beacon::{Beacon, EPOCH_MS, Epoch};
use crate::carrier::CarrierKind;
use crate::cryptography::Cryptography;
use crate::keys::BeaconKey;

/// How far the search looks for a contact's clock in each direction, in years.
pub const SEARCH_YEARS: u64 = 60;
/// Epochs of one contact that one step tries: one year. A step costs at most twice as many keyed hashes on each
/// carrier, some milliseconds.
pub const SEARCH_STEP_EPOCHS: u64 = 35_064;
/// How far every step looks for each recent contact in each direction, in epochs: two days, more than time zones and
/// summer time differ.
pub const SEARCH_NEAR_EPOCHS: u64 = 192;
/// Number of contacts that each step searches this near: together they cost as much as one contact's year.
pub const SEARCH_NEAR_CONTACTS: usize = (SEARCH_STEP_EPOCHS / (2 * SEARCH_NEAR_EPOCHS)) as usize;
/// The shortest pause between steps, in milliseconds.
pub const SEARCH_INTERVAL_MS: u64 = 60_000;
/// The longest pause between steps, in milliseconds.
pub const SEARCH_LONGEST_MS: u64 = 3_600_000;

/// A ring covers half a year on either side.
const RING_EPOCHS: u64 = SEARCH_STEP_EPOCHS / 2;
const RINGS: u64 = 2 * SEARCH_YEARS;

/// Beacons that belong to no known contact.
pub type Unrecognised = BTreeMap<CarrierKind, BTreeSet<Beacon>>;

/// A contact to search for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'k, K> {
    /// The contact, for the caller.
    pub who: K,
    /// Its beacon key.
    pub key: &'k BeaconKey,
    /// How far its clock is expected to be ahead of ours, in milliseconds.
    pub offset_ms: i64,
}

/// A contact that was found, and the offset of its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<K> {
    /// The contact whose beacon was seen.
    pub who: K,
    /// How far its clock is ahead of ours, in milliseconds.
    pub offset_ms: i64,
}

/// Progress of a search. Each step tries the days around the expected time of the contacts seen last, then one year of
/// one contact: first the nearest year of every contact, then the next.
#[derive(Debug, Clone)]
pub struct Search<K> {
    due_ms: u64,
    pause_ms: u64,
    ring: u64,
    /// Contacts already tried in this ring.
    tried: BTreeSet<K>,
    /// Something gave a reason to doubt clocks: the search goes through the nearest ring without longer pauses.
    doubting: bool,
}

impl<K> Default for Search<K> {
    fn default() -> Self {
        Self {
            due_ms: 0,
            pause_ms: SEARCH_INTERVAL_MS,
            ring: 0,
            tried: BTreeSet::new(),
            doubting: false,
        }
    }
}

impl<K: Copy + Ord> Search<K> {
    /// When the next step is due, in monotonic milliseconds.
    #[must_use]
    pub fn due_ms(&self) -> u64 {
        self.due_ms
    }

    /// Starts anew, because the first unrecognised beacons have appeared. The first step comes after a pause, since
    /// most contacts connect within that time.
    pub fn begin(&mut self, now_ms: u64) {
        *self = Self {
            due_ms: self.due_ms.max(now_ms.saturating_add(SEARCH_INTERVAL_MS)),
            doubting: self.doubting,
            ..Self::default()
        };
    }

    /// Reacts to a reason to doubt a clock: one pass over the nearest year of all contacts follows at the shortest
    /// pause, unless one is already running.
    pub fn doubt(&mut self, now_ms: u64) {
        if !self.doubting {
            *self = Self {
                due_ms: self.due_ms.min(now_ms.saturating_add(SEARCH_INTERVAL_MS)),
                doubting: true,
                ..Self::default()
            };
        }
    }

    /// Tries the next epochs of these contacts; those seen last must come first. Call it when it is
    /// [due](Self::due_ms).
    pub fn step(
        &mut self,
        now_ms: u64,
        wall_ms: i64,
        cryptography: Cryptography,
        contacts: &[Sought<'_, K>],
        unrecognised: &Unrecognised,
    ) -> Option<Found<K>> {
        self.due_ms = now_ms.saturating_add(self.pause_ms);
        let is_new = |sought: &&Sought<'_, K>| !self.tried.contains(&sought.who);
        let turn = contacts.iter().find(is_new).or_else(|| {
            self.ring = (self.ring + 1) % RINGS;
            self.tried.clear();
            self.doubting = false;
            contacts.first()
        });
        if !self.doubting {
            self.pause_ms = (2 * self.pause_ms).min(SEARCH_LONGEST_MS);
        }
        let turn = turn?;
        self.tried.insert(turn.who);
        let near = contacts.iter().take(SEARCH_NEAR_CONTACTS);
        let near = near.map(|sought| (sought, 0..SEARCH_NEAR_EPOCHS));
        let ring = self.ring * RING_EPOCHS..(self.ring + 1) * RING_EPOCHS;
        near.chain([(turn, ring)]).find_map(|(sought, distances)| {
            let expected = Epoch::at(wall_ms.saturating_add(sought.offset_ms));
            let ahead = match cryptography {
                Cryptography::Real => sought.find(expected, distances, unrecognised),
                #[cfg(feature = "sized")]
                Cryptography::Sized => sought.find_sized(expected, &distances, unrecognised),
            }?;
            Some(Found {
                who: sought.who,
                offset_ms: sought.offset_ms.saturating_add(ahead * EPOCH_MS),
            })
        })
    }
}

impl<K> Sought<'_, K> {
    /// The number of epochs by which its clock is ahead of the expected time, if one of these beacons is its own; the
    /// smallest distance if several fit.
    fn find(
        &self,
        expected: Epoch,
        distances: Range<u64>,
        unrecognised: &Unrecognised,
    ) -> Option<i64> {
        let mut aheads = distances.flat_map(|distance| [distance as i64, -(distance as i64)]);
        aheads.find(|ahead| {
            let epoch = expected.0.checked_add_signed(*ahead).map(Epoch);
            epoch.is_some_and(|epoch| {
                unrecognised
                    .iter()
                    .any(|(carrier, beacons)| beacons.contains(&self.key.beacon(*carrier, epoch)))
            })
        })
    }

    /// The same for sized beacons, which reveal their epoch.
    #[cfg(feature = "sized")]
    fn find_sized(
        &self,
        expected: Epoch,
        distances: &Range<u64>,
        unrecognised: &Unrecognised,
    ) -> Option<i64> {
        let all = crate::sized::beacons_of(self.key);
        let own = unrecognised.iter().flat_map(|(carrier, beacons)| {
            let own = beacons.range(all.clone());
            own.map(|beacon| crate::sized::beacon_epoch(*carrier, *beacon))
        });
        own.map(|epoch| epoch.0 as i64 - expected.0 as i64)
            .filter(|ahead| distances.contains(&ahead.unsigned_abs()))
            .min_by_key(|ahead| (ahead.unsigned_abs(), *ahead < 0))
    }
}
