//! Beacons: a device announces them so that its contacts, and nobody else, recognise it nearby
//! (`docs/PROTOCOL.md` section 11).
//!
//! Every function takes the time as an argument. The monotonic clock must run while the machine sleeps;
//! otherwise waking up would look as if somebody had set the wall clock forward.

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
/// The wall clock has jumped if it differs from the monotonic one by at least this many milliseconds.
const JUMP_MS: i64 = 1_000;

/// A quarter of an hour, counted from 1970 by the announcer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch of a wall time in milliseconds since 1970; earlier times belong to epoch 0.
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

    /// The same for either kind of cryptography.
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

    /// The same for either kind of cryptography.
    #[must_use]
    pub fn beacon_under(
        &self,
        cryptography: Cryptography,
        carrier: CarrierKind,
        epoch: Epoch,
        direction: Direction,
    ) -> Beacon {
        match cryptography {
            Cryptography::Real => self.beacon(carrier, epoch, direction),
            #[cfg(feature = "sized")]
            Cryptography::Sized => crate::sized::pair_beacon(self, carrier, epoch, direction),
        }
    }
}

/// The beacons to announce in an epoch: the device's own, then up to three pairwise ones, which take turns.
/// Random bytes fill the remaining slots, so that nobody can count the pairwise beacons.
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
    /// Its owner, for the caller.
    pub who: K,
    /// Its beacon key, if it has told us.
    pub key: Option<&'k BeaconKey>,
    /// The pair's key, and the direction from the contact to us.
    pub pair: (&'k PairBeaconKey, Direction),
    /// Its clock minus ours, in milliseconds.
    pub offset_ms: i64,
}

/// Epochs by which a clock with this offset in milliseconds is ahead of ours, in the middle of our epoch.
#[must_use]
pub fn epochs_ahead(offset_ms: i64) -> i64 {
    offset_ms.saturating_add(EPOCH_MS / 2).div_euclid(EPOCH_MS)
}

/// The beacons by which we recognise contacts now: those of the epochs before, at and after each contact's time in
/// the middle of our epoch. Rebuild it after every change of keys or clocks, and let it [follow](Self::follow)
/// the epoch.
pub struct Recogniser<K> {
    epoch: Epoch,
    /// One table for each of the three epochs, in order.
    tables: [Table<K>; 3],
}

/// The beacons of one epoch.
struct Table<K> {
    /// Sorted, as numbers: compact and fast to compare.
    beacons: Vec<u64>,
    /// The owner of each beacon.
    owners: Vec<K>,
}

impl<K: Copy + Ord> Table<K> {
    /// Computes the beacons of the epoch that is `ahead` of each contact's: at most two keyed hashes for each.
    fn new(
        cryptography: Cryptography,
        carrier: CarrierKind,
        epoch: Epoch,
        ahead: i64,
        known: &[Known<'_, K>],
    ) -> Self {
        let mut beacons = Vec::with_capacity(2 * known.len());
        for Known {
            who,
            key,
            pair: (pair, direction),
            offset_ms,
        } in known
        {
            let ahead = ahead.saturating_add(epochs_ahead(*offset_ms));
            let epoch = Epoch(epoch.0.saturating_add_signed(ahead));
            let own = key.map(|key| key.beacon_under(cryptography, carrier, epoch));
            let pairwise = pair.beacon_under(cryptography, carrier, epoch, *direction);
            let both = own.into_iter().chain([pairwise]);
            beacons.extend(both.map(|beacon| (u64::from_be_bytes(beacon), *who)));
        }
        beacons.sort_unstable();
        let (beacons, owners) = beacons.into_iter().unzip();
        Self { beacons, owners }
    }

    fn find(&self, beacon: u64) -> Option<K> {
        let at = self.beacons.binary_search(&beacon).ok()?;
        self.owners.get(at).copied()
    }
}

impl<K: Copy + Ord> Recogniser<K> {
    /// Computes the beacons of three epochs.
    #[must_use]
    pub fn new(
        cryptography: Cryptography,
        carrier: CarrierKind,
        wall_ms: i64,
        known: &[Known<'_, K>],
    ) -> Self {
        let epoch = Epoch::at(wall_ms);
        let tables = [-1, 0, 1];
        Self {
            epoch,
            tables: tables.map(|ahead| Table::new(cryptography, carrier, epoch, ahead, known)),
        }
    }

    /// Moves to the epoch of this wall time. `known` must be what the recogniser was made with. If the new epoch
    /// follows the last one, this computes only the third table.
    pub fn follow(
        &mut self,
        cryptography: Cryptography,
        carrier: CarrierKind,
        wall_ms: i64,
        known: &[Known<'_, K>],
    ) {
        let epoch = Epoch::at(wall_ms);
        if epoch.0 != self.epoch.0 + 1 {
            *self = Self::new(cryptography, carrier, wall_ms, known);
            return;
        }
        self.epoch = epoch;
        self.tables.rotate_left(1);
        self.tables[2] = Table::new(cryptography, carrier, epoch, 1, known);
    }

    /// Whether it still applies at this wall time.
    #[must_use]
    pub fn is_current(&self, wall_ms: i64) -> bool {
        self.epoch == Epoch::at(wall_ms)
    }

    /// The owner of a beacon.
    #[must_use]
    pub fn find(&self, beacon: &Beacon) -> Option<K> {
        let beacon = u64::from_be_bytes(*beacon);
        self.tables.iter().find_map(|table| table.find(beacon))
    }
}

impl<K> fmt::Debug for Recogniser<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recogniser")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// Detects that the wall clock was set, by comparing it with the monotonic one.
#[derive(Debug, Clone, Copy)]
pub struct ClockWatch {
    mono_ms: u64,
    wall_ms: i64,
}

impl ClockWatch {
    /// Starts to compare.
    #[must_use]
    pub fn new(mono_ms: u64, wall_ms: i64) -> Self {
        Self { mono_ms, wall_ms }
    }

    /// Milliseconds by which the wall clock has jumped since the last jump, or since the start. After a jump, call
    /// [`corrected`] for the offsets of all contacts.
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

/// A contact's clock offset after our own wall clock has jumped.
#[must_use]
pub fn corrected(offset_ms: i64, jump_ms: i64) -> i64 {
    offset_ms.saturating_sub(jump_ms)
}
