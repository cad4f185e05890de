//! Being found and finding (`docs/PROTOCOL.md` section 11): what is announced, whose beacon is whose,
//! and how contacts are found whose clock is not what it was.

use std::collections::BTreeMap;

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::{Address, CarrierKind};

use super::Now;

/// Length of an epoch.
pub(crate) const EPOCH_MS: i64 = 900_000;

/// Beacons announced at once: one's own and three pairwise ones.
pub(crate) const SLOTS: usize = 4;

/// A wall clock that moves this much against the monotonic one has jumped; less is its own correction.
const JUMP_MS: i64 = 5_000;

/// Beacons remembered that nobody was recognised by.
const MAX_UNKNOWN: usize = 256;

/// How often one step of the search is taken.
const SEARCH_PAUSE_MS: u64 = 60_000;

/// Epochs of one step of the search: a year.
const YEAR_EPOCHS: i64 = 35_064;

/// Years searched, back and forth, around where a contact's clock is believed to be.
const SEARCH_YEARS: i64 = 10;

/// The epoch that a wall clock is in.
pub(crate) fn epoch(wall_ms: i64) -> i64 {
    wall_ms.div_euclid(EPOCH_MS)
}

/// What is known about who is near.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    /// What each carrier was told to announce, and for which epoch.
    announced: BTreeMap<CarrierKind, Announced>,
    /// Whose beacon is whose, for the epochs around each contact's clock.
    table: BTreeMap<(CarrierKind, [u8; 8]), DeviceId>,
    /// The epoch of our clock that the table was made for; `None` once contacts or keys changed.
    table_epoch: Option<i64>,
    /// Beacons that were not in the table when they were seen.
    unknown: BTreeMap<(CarrierKind, [u8; 8]), Vec<Address>>,
    /// The clocks at the last look.
    clocks: Option<Now>,
    search: Search,
}

/// What a carrier announces.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Announced {
    epoch: i64,
    /// The beacons that mean something.
    beacons: Vec<[u8; 8]>,
}

/// A walk through contacts and years.
#[derive(Debug, Default)]
struct Search {
    /// The next step; past the last there is nothing to do until the search is armed again.
    step: usize,
    due_ms: u64,
}

/// One step of the search: these epochs of this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchStep {
    /// Which of the contacts looked for.
    pub index: usize,
    /// Epochs to try, relative to where its clock is believed to be.
    pub epochs: std::ops::Range<i64>,
}

impl Presence {
    /// Compares the clocks: by how much the wall clock has jumped since the last look.
    pub fn jump(&mut self, now: Now) -> Option<i64> {
        let last = self.clocks.replace(now)?;
        let wall = now.wall_ms.saturating_sub(last.wall_ms);
        let mono = now.mono_ms.saturating_sub(last.mono_ms) as i64;
        let jump = wall.saturating_sub(mono);
        (jump.abs() >= JUMP_MS).then_some(jump)
    }

    /// Contacts, keys or clocks changed: the table is made anew at the next look.
    pub fn changed(&mut self) {
        self.table_epoch = None;
    }

    /// Whether the table is out of date.
    pub fn is_stale(&self, wall_ms: i64) -> bool {
        self.table_epoch != Some(epoch(wall_ms))
    }

    /// Sets the table, and gives the beacons seen before that it recognises.
    pub fn set_table(
        &mut self,
        table: BTreeMap<(CarrierKind, [u8; 8]), DeviceId>,
        wall_ms: i64,
    ) -> Vec<(DeviceId, CarrierKind, [u8; 8], Vec<Address>)> {
        self.table = table;
        self.table_epoch = Some(epoch(wall_ms));
        let (known, unknown) = std::mem::take(&mut self.unknown)
            .into_iter()
            .partition(|(beacon, _)| self.table.contains_key(beacon));
        self.unknown = unknown;
        let known: BTreeMap<_, _> = known;
        known
            .into_iter()
            .filter_map(|((carrier, beacon), at)| {
                Some((*self.table.get(&(carrier, beacon))?, carrier, beacon, at))
            })
            .collect()
    }

    /// Whose beacon this is; one of nobody known is remembered.
    pub fn recognise(
        &mut self,
        carrier: CarrierKind,
        beacon: [u8; 8],
        at: &[Address],
    ) -> Option<DeviceId> {
        let device = self.table.get(&(carrier, beacon)).copied();
        if device.is_none() && !at.is_empty() {
            if self.unknown.len() >= MAX_UNKNOWN {
                self.unknown.pop_first();
            }
            self.unknown.insert((carrier, beacon), at.to_vec());
        }
        device
    }

    /// Beacons of nobody known.
    pub fn unknown(&self) -> impl Iterator<Item = (CarrierKind, [u8; 8])> + '_ {
        self.unknown.keys().copied()
    }

    /// Whether a carrier has to be told to announce these; it is then taken as told.
    pub fn announces_anew(
        &mut self,
        carrier: CarrierKind,
        wall_ms: i64,
        beacons: &[[u8; 8]],
    ) -> bool {
        let announced = Announced {
            epoch: epoch(wall_ms),
            beacons: beacons.to_vec(),
        };
        if self.announced.get(&carrier) == Some(&announced) {
            return false;
        }
        self.announced.insert(carrier, announced);
        true
    }

    /// A carrier no longer announces anything.
    pub fn silent(&mut self, carrier: CarrierKind) {
        self.announced.remove(&carrier);
    }

    /// When the next epoch begins, if anything is announced.
    pub fn next_wake_ms(&self, now: Now, searching: bool) -> Option<u64> {
        let left = EPOCH_MS - now.wall_ms.rem_euclid(EPOCH_MS);
        let epoch = (!self.announced.is_empty()).then_some(now.mono_ms + left as u64);
        let search = searching.then_some(self.search.due_ms);
        [epoch, search].into_iter().flatten().min()
    }

    /// Begins the search again.
    pub fn arm_search(&mut self, now_ms: u64) {
        self.search = Search {
            step: 0,
            due_ms: now_ms + SEARCH_PAUSE_MS,
        };
    }

    /// Whether there is anything to search for: beacons of nobody, contacts unseen, steps left.
    pub fn is_searching(&self, unseen: usize) -> bool {
        !self.unknown.is_empty()
            && unseen > 0
            && self.search.step < unseen * (2 * SEARCH_YEARS as usize + 1)
    }

    /// The step that is due, for so many contacts unseen: all of them a year around their believed
    /// clock first, then a year further each way.
    pub fn search_step(&mut self, unseen: usize, now_ms: u64) -> Option<SearchStep> {
        if !self.is_searching(unseen) || self.search.due_ms > now_ms {
            return None;
        }
        let index = self.search.step % unseen;
        let round = (self.search.step / unseen) as i64;
        self.search.step += 1;
        self.search.due_ms = now_ms + SEARCH_PAUSE_MS;
        // 0, +1, -1, +2, -2, …
        let year = if round % 2 == 1 {
            (round + 1) / 2
        } else {
            -round / 2
        };
        let first = year * YEAR_EPOCHS - YEAR_EPOCHS / 2;
        Some(SearchStep {
            index,
            epochs: first..first + YEAR_EPOCHS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_jump_against_the_monotonic_clock_counts() {
        let mut presence = Presence::default();
        assert_eq!(
            presence.jump(Now {
                mono_ms: 0,
                wall_ms: 1_000_000
            }),
            None
        );
        assert_eq!(
            presence.jump(Now {
                mono_ms: 600_000,
                wall_ms: 1_600_010
            }),
            None
        );
        assert_eq!(
            presence.jump(Now {
                mono_ms: 600_001,
                wall_ms: 11
            }),
            Some(-1_600_000)
        );
    }

    #[test]
    fn the_search_covers_years_on_both_sides_without_gaps() {
        let mut presence = Presence::default();
        presence.recognise(CarrierKind::Lan, [1; 8], &[Address("x".to_owned())]);
        let mut ranges: Vec<_> = (0..)
            .map_while(|minute| presence.search_step(1, minute * SEARCH_PAUSE_MS))
            .map(|step| (step.epochs.start, step.epochs.end))
            .collect();
        ranges.sort_unstable();
        assert_eq!(ranges.len() as i64, 2 * SEARCH_YEARS + 1);
        assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert!(!presence.is_searching(1));
    }

    #[test]
    fn beacons_seen_too_early_are_recognised_later() {
        let mut presence = Presence::default();
        let at = [Address("x".to_owned())];
        assert_eq!(presence.recognise(CarrierKind::Lan, [1; 8], &at), None);
        let device = DeviceId([5; 16]);
        let known = presence.set_table(BTreeMap::from([((CarrierKind::Lan, [1; 8]), device)]), 0);
        assert_eq!(known.len(), 1);
        assert_eq!(presence.unknown().count(), 0);
        assert_eq!(
            presence.recognise(CarrierKind::Lan, [1; 8], &at),
            Some(device)
        );
    }
}
