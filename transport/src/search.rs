//! The search for contacts whose clocks are not what they were (`docs/PROTOCOL.md` section 11): beacons that
//! nobody was recognised by are compared with those of more and more distant epochs, a little at a time.
//!
//! Where many announce themselves there are always beacons of strangers, and a contact is always missing. So a
//! search that has found nothing goes on slower and slower, until there is a reason to doubt a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::beacon::{Beacon, EPOCH_MS, Epoch};
use crate::carrier::CarrierKind;
use crate::cryptography::Cryptography;
use crate::keys::BeaconKey;

/// How far the search looks for a contact's clock in each direction, in years.
pub const SEARCH_YEARS: u64 = 60;
/// How many epochs of one contact one step tries: one year. A step costs twice as many keyed hashes at most on
/// each carrier, some milliseconds.
pub const SEARCH_STEP_EPOCHS: u64 = 35_064;
/// How far every step looks for each contact in each direction, in epochs: two days, more than time zones and
/// summer time are apart.
pub const SEARCH_NEAR_EPOCHS: u64 = 192;
/// For how many contacts a step looks that far: together they cost as much as one contact's year.
pub const SEARCH_NEAR_CONTACTS: usize = (SEARCH_STEP_EPOCHS / (2 * SEARCH_NEAR_EPOCHS)) as usize;
/// The shortest pause between steps, in milliseconds.
pub const SEARCH_INTERVAL_MS: u64 = 60_000;
/// The longest pause between steps, in milliseconds.
pub const SEARCH_LONGEST_MS: u64 = 3_600_000;

/// A ring is half a year to either side.
const RING_EPOCHS: u64 = SEARCH_STEP_EPOCHS / 2;
const RINGS: u64 = 2 * SEARCH_YEARS;

/// Beacons that nobody was recognised by.
pub type Unrecognised = BTreeMap<CarrierKind, BTreeSet<Beacon>>;

/// Whom to search for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'k, K> {
    /// Who it is.
    pub who: K,
    /// Its beacon key.
    pub key: &'k BeaconKey,
    /// How far its clock is expected to be ahead of ours, in milliseconds.
    pub offset_ms: i64,
}

/// Who was found, and by which error of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<K> {
    /// Whose beacon was seen.
    pub who: K,
    /// How far its clock is ahead of ours, in milliseconds.
    pub offset_ms: i64,
}

/// Where a search has come to. Each step tries the days next to the clocks of the contacts seen last, then one
/// year of one contact: the nearest year of every contact first, then the next.
#[derive(Debug, Clone)]
pub struct Search<K> {
    due_ms: u64,
    pause_ms: u64,
    ring: u64,
    /// Whose turn has been in this ring.
    tried: BTreeSet<K>,
    /// There was a reason to doubt clocks: the nearest ring is gone through without longer pauses.
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

    /// There are beacons to find the owners of, where there were none: the search begins anew, a while later,
    /// since most contacts are met within that.
    pub fn begin(&mut self, now_ms: u64) {
        *self = Self {
            due_ms: self.due_ms.max(now_ms.saturating_add(SEARCH_INTERVAL_MS)),
            doubting: self.doubting,
            ..Self::default()
        };
    }

    /// There is a reason to think that a clock is wrong: one pass over the nearest year of all contacts follows
    /// at the shortest pause, unless one is under way.
    pub fn doubt(&mut self, now_ms: u64) {
        if !self.doubting {
            *self = Self {
                due_ms: self.due_ms.min(now_ms.saturating_add(SEARCH_INTERVAL_MS)),
                doubting: true,
                ..Self::default()
            };
        }
    }

    /// Tries the next epochs of these contacts, of which those seen last come first. To be called when it is
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
    /// How many epochs its clock is ahead of where it is expected, if one of these beacons is its: the smallest
    /// distance counts.
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

    /// The same, by what sized beacons tell of themselves.
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
