//! Beacons: what a device announces so that its contacts, and nobody else, see that it is near
//! (`docs/PROTOCOL.md` section 11).
//!
//! Everything here takes the time as an argument. The monotonic time must go on while the machine
//! sleeps, or waking would look like a clock that was set forward.

use std::fmt;

use crate::carrier::CarrierKind;
use crate::cryptography::Cryptography;
use crate::handshake::Direction;
use crate::keys::{BeaconKey, PairBeaconKey, mac, truncated};
use rand_core::CryptoRng;

/// Eight bytes that look random.
pub type Beacon = [u8; 8];

/// How long a beacon is announced, in milliseconds.
pub const EPOCH_MS: i64 = 900_000;
/// How many beacons a device announces at once.
pub const SLOTS: usize = 4;
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

    /// The same under a cryptography.
    #[must_use]
    pub fn beacon_under(
        &self,
        cryptography: Cryptography,
        carrier: CarrierKind,
        epoch: Epoch,
    ) -> Beacon {
        match cryptography {
            Cryptography::Real => self.beacon(carrier, epoch),
            #[cfg(feature = "sized")]
            Cryptography::Sized => crate::sized::beacon(self, carrier, epoch),
        }
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
        cryptography: Cryptography,
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
                beacons.extend(
                    key.map(|key| (key.beacon_under(cryptography, carrier, Epoch(epoch)), who)),
                );
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
