//! Which beacon is on the air, and when it may change (`docs/PROTOCOL.md` section 13b).
//!
//! A controller that hides its address draws a new one at the first registration after the old one has
//! expired, and keeps it while one advertisement stays up. Beacons of another epoch therefore wait for a
//! new address, and none of the old epoch is registered once the address may be a new one: no address
//! shows two epochs, and no beacon two addresses.

use crate::beacon::Beacon;

/// How long the kernel keeps an address at least, in milliseconds, and a little more.
pub const ADDRESS_MS: u64 = 905_000;

/// Nothing is registered anew when an address has no more than this left, in milliseconds.
pub const LAST_MS: u64 = 65_000;

/// How long the device's own beacon is on the air at a time, while there are others.
pub const OWN_MS: u64 = 12_000;

/// How long another is.
pub const OTHER_MS: u64 = 4_000;

/// What is on the air. All times are monotonic milliseconds.
#[derive(Debug)]
pub struct Announcer {
    /// How long an address is kept at least.
    address_ms: u64,
    wanted: Vec<Beacon>,
    /// Those of the present address.
    shown: Vec<Beacon>,
    /// When the present address was taken, as far as we know.
    taken_ms: Option<u64>,
    /// The turn that has the air: even ones are those of the own beacon.
    turn: usize,
    turn_ms: u64,
    /// Whether anything was on the air at the last look.
    stands: bool,
    /// The address stays the same whatever is done.
    is_fixed: bool,
}

/// What to have on the air now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnAir {
    /// The beacon, if any.
    pub beacon: Option<Beacon>,
    /// Whether the address must be a new one: everything is to be silent before it.
    pub is_fresh: bool,
    /// When to ask again.
    pub until_ms: Option<u64>,
}

impl Announcer {
    /// Nothing is announced. An address is kept for so long, in milliseconds: [`ADDRESS_MS`] unless
    /// somebody has told the kernel otherwise.
    #[must_use]
    pub fn new(address_ms: u64) -> Self {
        Self {
            address_ms,
            wanted: Vec::new(),
            shown: Vec::new(),
            taken_ms: None,
            turn: 0,
            turn_ms: 0,
            stands: false,
            is_fixed: false,
        }
    }

    /// The address is one that never changes: the user has allowed that, so beacons need not wait for it.
    pub fn fix(&mut self, is_fixed: bool) {
        self.is_fixed = is_fixed;
    }

    /// Announces these from now on, the first of them for most of the time.
    pub fn announce(&mut self, beacons: Vec<Beacon>) {
        self.wanted = beacons;
    }

    /// What to have on the air now.
    pub fn on_air(&mut self, now_ms: u64) -> OnAir {
        let silent = OnAir {
            beacon: None,
            is_fresh: false,
            until_ms: None,
        };
        let stood = std::mem::replace(&mut self.stands, !self.wanted.is_empty());
        if self.wanted.is_empty() {
            return silent;
        }
        let aged_ms = self.address_ms.saturating_sub(LAST_MS);
        let age_ms = self.taken_ms.map(|taken_ms| now_ms - taken_ms);
        let may_change = self.is_fixed || age_ms.is_none_or(|age_ms| age_ms >= self.address_ms);
        if !stood && !may_change && age_ms.is_some_and(|age_ms| age_ms >= aged_ms) {
            // To begin with the old beacon now may be to begin with a new address.
            self.stands = false;
            let until_ms = self.taken_ms.map(|taken_ms| taken_ms + self.address_ms);
            return OnAir { until_ms, ..silent };
        }
        let is_fresh = may_change && (self.wanted != self.shown || !stood);
        if is_fresh {
            self.shown.clone_from(&self.wanted);
            self.taken_ms = Some(now_ms);
            (self.turn, self.turn_ms) = (0, now_ms);
        }
        let expires_ms = self.taken_ms.unwrap_or(now_ms) + self.address_ms;
        let ages_ms = match self.is_fixed {
            true => u64::MAX,
            false => self.taken_ms.unwrap_or(now_ms) + aged_ms,
        };
        if now_ms >= ages_ms {
            // What stands, stands on; the own beacon has been registered as the last.
            let until_ms = (self.wanted != self.shown).then_some(expires_ms);
            return OnAir {
                beacon: self.shown.first().copied(),
                is_fresh,
                until_ms,
            };
        }
        let lasts_ms = if self.turn.is_multiple_of(2) {
            OWN_MS
        } else {
            OTHER_MS
        };
        if self.shown.len() > 1 && now_ms >= self.turn_ms + lasts_ms {
            (self.turn, self.turn_ms) = (self.turn + 1, now_ms);
        }
        let lasts_ms = if self.turn.is_multiple_of(2) {
            OWN_MS
        } else {
            OTHER_MS
        };
        let ends_ms = (self.shown.len() > 1).then_some(self.turn_ms + lasts_ms);
        // The last registration before the address ages is that of the own beacon.
        let is_last = ends_ms.is_some_and(|ends_ms| ends_ms + OTHER_MS >= ages_ms);
        if is_last && self.turn % 2 == 1 {
            (self.turn, self.turn_ms) = (self.turn + 1, now_ms);
        }
        let others = self.shown.len().saturating_sub(1).max(1);
        let beacon = match self.turn % 2 {
            0 => self.shown.first(),
            _ => self.shown.get(1 + self.turn / 2 % others),
        };
        let waits = (self.wanted != self.shown).then_some(expires_ms);
        let turns = match is_last {
            true => None,
            false => ends_ms,
        };
        OnAir {
            beacon: beacon.copied(),
            is_fresh,
            until_ms: [waits, turns].into_iter().flatten().min(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AGED_MS: u64 = ADDRESS_MS - LAST_MS;

    fn epoch(n: u8) -> Vec<Beacon> {
        (0..4).map(|slot| [n, slot, 0, 0, 0, 0, 0, 0]).collect()
    }

    /// Follows an announcer through these changes of epoch and gives each registration: when, and what.
    fn registrations(changes: &[u64], until_ms: u64, is_fixed: bool) -> Vec<(u64, Beacon)> {
        let mut announcer = Announcer::new(ADDRESS_MS);
        announcer.fix(is_fixed);
        let mut changes = changes.iter().copied().zip(1..).peekable();
        let (mut now_ms, mut seen, mut current) = (0, Vec::new(), None);
        while now_ms < until_ms {
            while let Some((_, n)) = changes.next_if(|(at_ms, _)| *at_ms <= now_ms) {
                announcer.announce(epoch(n));
            }
            let air = announcer.on_air(now_ms);
            if air.beacon != current {
                current = air.beacon;
                seen.extend(current.map(|beacon| (now_ms, beacon)));
            }
            let next_ms = [air.until_ms, changes.peek().map(|(at_ms, _)| *at_ms)];
            now_ms = next_ms.into_iter().flatten().min().unwrap_or(until_ms);
        }
        seen
    }

    proptest! {
        /// The address is drawn by the controller as the trial in the lab showed: at a registration, if
        /// the old one has expired by then.
        #[test]
        fn no_address_shows_two_epochs_and_no_beacon_two_addresses(
            pauses in prop::collection::vec(1_000_u64..1_800_000, 1..12),
        ) {
            let mut at_ms = 0;
            let changes: Vec<u64> = std::iter::once(0)
                .chain(pauses.iter().map(|pause| { at_ms += pause; at_ms }))
                .collect();
            let (mut address, mut taken_ms) = (0, 0);
            let mut epochs: Vec<(u64, u8)> = Vec::new();
            for (now_ms, beacon) in registrations(&changes, at_ms + 2_000_000, false) {
                if now_ms >= taken_ms + 900_000 {
                    (address, taken_ms) = (address + 1, now_ms);
                }
                if epochs.last() != Some(&(address, beacon[0])) {
                    epochs.push((address, beacon[0]));
                }
            }
            for pair in epochs.windows(2) {
                prop_assert!(pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1, "{epochs:?}");
            }
        }
    }

    #[test]
    fn the_own_beacon_has_most_of_the_air_and_all_others_have_turns() {
        let seen = registrations(&[0], ADDRESS_MS, false);
        let mut own_ms = 0;
        for pair in seen.windows(2) {
            own_ms += u64::from(pair[0].1[1] == 0) * (pair[1].0 - pair[0].0);
        }
        let (last_ms, last) = *seen.last().expect("some");
        assert!(
            own_ms * 4 >= last_ms * 3 - OWN_MS,
            "{own_ms} of {last_ms} ms"
        );
        assert!((1..4).all(|slot| seen.iter().any(|(_, beacon)| beacon[1] == slot)));
        assert!(last[1] == 0 && last_ms < AGED_MS, "the own one stays");
    }

    #[test]
    fn an_address_that_never_changes_lets_nothing_wait() {
        let seen = registrations(&[0, 5_000], 6_000, true);
        assert_eq!(seen, [(0, epoch(1)[0]), (5_000, epoch(2)[0])]);
    }

    #[test]
    fn whoever_speaks_again_late_takes_a_new_address_first() {
        let mut announcer = Announcer::new(ADDRESS_MS);
        announcer.announce(epoch(1));
        announcer.on_air(0);
        announcer.announce(Vec::new());
        announcer.on_air(100_000);
        announcer.announce(epoch(1));
        let air = announcer.on_air(AGED_MS + 1);
        assert_eq!((air.beacon, air.until_ms), (None, Some(ADDRESS_MS)));
        let air = announcer.on_air(ADDRESS_MS);
        assert_eq!((air.beacon, air.is_fresh), (Some(epoch(1)[0]), true));
        announcer.announce(epoch(2));
        let air = announcer.on_air(2 * ADDRESS_MS - 1);
        assert_eq!(
            air.beacon,
            Some(epoch(1)[0]),
            "the address is not old enough"
        );
    }

    #[test]
    fn silence_is_at_once() {
        let mut announcer = Announcer::new(ADDRESS_MS);
        announcer.announce(epoch(1));
        assert_eq!(announcer.on_air(0).beacon, Some(epoch(1)[0]));
        announcer.announce(Vec::new());
        assert_eq!(announcer.on_air(1).beacon, None);
    }
}
