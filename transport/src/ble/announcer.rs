//! Decides which beacon to advertise, and when it may change (`docs/PROTOCOL.md` section 13b).
//!
//! A controller that hides its address draws a new one at the first registration after the old one has
//! expired, and keeps it while one advertisement stays up. The announcer therefore holds back the beacons of
//! another epoch until the address is new, and registers no beacon of the old epoch once the address may be
//! new: no address shows two epochs, and no beacon appears under two addresses.

use crate::beacon::Beacon;

/// The shortest time for which the kernel keeps an address, plus a margin, in milliseconds.
pub const ADDRESS_MS: u64 = 905_000;

/// An address with this much time left, in milliseconds, gets no new registration.
pub const LAST_MS: u64 = 65_000;

/// How long one turn of the device's own beacon lasts if there are others.
pub const OWN_MS: u64 = 12_000;

/// How long one turn of another beacon lasts.
pub const OTHER_MS: u64 = 4_000;

/// The beacons and their turns. All times are monotonic milliseconds.
#[derive(Debug)]
pub struct Announcer {
    /// The shortest time for which the kernel keeps an address.
    address_ms: u64,
    wanted: Vec<Beacon>,
    /// Beacons shown under the present address.
    shown: Vec<Beacon>,
    /// When the controller drew the present address, as far as we know.
    taken_ms: Option<u64>,
    /// Number of the current turn: even turns belong to the own beacon.
    turn: usize,
    turn_ms: u64,
    /// Whether a beacon was advertised at the last call of [`Announcer::on_air`].
    stands: bool,
    /// The address never changes.
    is_fixed: bool,
}

/// What to advertise now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnAir {
    /// The beacon, if any.
    pub beacon: Option<Beacon>,
    /// Whether the address must be a new one: stop all advertising before this registration.
    pub is_fresh: bool,
    /// When to call [`Announcer::on_air`] again.
    pub until_ms: Option<u64>,
}

impl Announcer {
    /// Announces nothing. The kernel keeps an address for `address_ms`: [`ADDRESS_MS`] unless the kernel is
    /// configured otherwise.
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

    /// Declares that the address never changes: the user has allowed that, so beacons need not wait for a new one.
    pub fn fix(&mut self, is_fixed: bool) {
        self.is_fixed = is_fixed;
    }

    /// Announces these beacons from now on; the first gets most of the time.
    pub fn announce(&mut self, beacons: Vec<Beacon>) {
        self.wanted = beacons;
    }

    /// What to advertise now.
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
            // Registering the old beacon now might show it under a new address.
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
            // The present registration stays; the last one was that of the own beacon.
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
        // The own beacon gets the last registration before the address ages.
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

    /// Drives an announcer through these changes of epoch; returns each registration with its time.
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
        /// The controller draws addresses as measured in the lab: at a registration, if the old one has expired by
        /// then.
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
    fn an_announcement_late_in_an_address_waits_for_a_new_one() {
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
