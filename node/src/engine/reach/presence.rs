//! Being found and finding (`docs/PROTOCOL.md` section 11): what each carrier announces, whose beacons it sees, and
//! the search for contacts whose clock has changed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::beacon::{
    Beacon, ClockWatch, EPOCH_MS, Epoch, Known, Recogniser, corrected,
};
use hedgerow_transport::carrier::{Address, CarrierKind};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::search::{SEARCH_LONGEST_MS, Search, Sought, Unrecognised};
use rand_core::CryptoRng;

use super::unknown::Unknown;
use crate::engine::{Now, rng};

/// How long we remember unrecognised beacons: long enough that at least one step of the search looks at each, even
/// when the steps are rarest.
const UNKNOWN_MS: u64 = 2 * SEARCH_LONGEST_MS;

/// How long we announce at least after a carrier has begun to work or has other addresses.
const ARRIVAL_MS: RangeInclusive<u64> = 30_000..=90_000;

/// How long a resting device waits before it announces because a contact is missing. Most contacts come back at known
/// addresses by then, and an observer must not see two devices begin to announce when the session between them ends.
const MISSING_MS: RangeInclusive<u64> = 5_000..=35_000;

/// What we know about who is near.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    /// What each carrier announces.
    announced: BTreeMap<CarrierKind, Announced>,
    recognisers: BTreeMap<CarrierKind, Recogniser<DeviceId>>,
    unknown: Unknown,
    clock: Option<ClockWatch>,
    search: Search<DeviceId>,
    /// By how much the clocks of contacts seem to be ahead of ours, where a beacon contradicts their last session. The
    /// beacon may be an old one replayed, so a guess displaces nothing.
    guesses: BTreeMap<DeviceId, i64>,
}

/// What a carrier announces. All times are monotonic milliseconds.
#[derive(Debug, Clone)]
struct Announced {
    epoch: Epoch,
    /// When the device goes over to a later epoch, and decides whether to rest.
    until_ms: u64,
    /// When the device decides before that whether to rest.
    review_ms: Option<u64>,
    /// The last command to the carrier: to announce these real beacons of an epoch and to look for others, or, `None`,
    /// to do neither.
    told: Option<Told>,
    /// The beacons may have changed within the epoch.
    outdated: bool,
}

/// Beacons of an epoch.
pub(crate) type Told = (Epoch, Vec<Beacon>);

/// A contact's device that has been recognised.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub device: DeviceId,
    pub carrier: CarrierKind,
    pub beacon: Beacon,
    pub at: Vec<Address>,
}

impl Presence {
    /// Compares the clocks. Gives by how many milliseconds the wall clock has jumped since the last call.
    pub fn jump(&mut self, now: Now) -> Option<i64> {
        let clock = self
            .clock
            .get_or_insert_with(|| ClockWatch::new(now.mono_ms, now.wall_ms));
        let jump = clock.observe(now.mono_ms, now.wall_ms)?;
        for offset_ms in self.guesses.values_mut() {
            *offset_ms = corrected(*offset_ms, jump);
        }
        if jump.abs() > EPOCH_MS {
            self.doubt_clocks(now);
        }
        Some(jump)
    }

    /// Contacts, keys or clocks have changed: forgets which beacons belong to whom, to work it out again.
    pub fn changed(&mut self) {
        self.recognisers.clear();
    }

    /// A clock, ours or a contact's, has turned out to be wrong, so others may be too: the search for them hurries.
    pub fn doubt_clocks(&mut self, now: Now) {
        self.search.doubt(now.mono_ms);
    }

    /// Drops the guess about a device's clock, because a session has shown the clock or we forget the device. True if
    /// there was a guess.
    pub fn is_sure_of(&mut self, device: DeviceId) -> bool {
        self.guesses.remove(&device).is_some()
    }

    /// By how much a device's clock seems to be ahead of ours, if not by the offset of its last session (milliseconds).
    pub fn guess(&self, device: DeviceId) -> Option<i64> {
        self.guesses.get(&device).copied()
    }

    /// Whether [`set_known`](Self::set_known) must run before beacons of a carrier can be recognised.
    pub fn is_stale(&self, carrier: CarrierKind, wall_ms: i64) -> bool {
        self.recognisers
            .get(&carrier)
            .is_none_or(|recogniser| !recogniser.is_current(wall_ms))
    }

    /// Sets who may be near on a carrier. Gives those whose beacons were seen before.
    pub fn set_known(
        &mut self,
        cryptography: Cryptography,
        carrier: CarrierKind,
        wall_ms: i64,
        known: &[Known<'_, DeviceId>],
    ) -> Vec<Sighting> {
        let recogniser = match self.recognisers.remove(&carrier) {
            Some(mut recogniser) => {
                recogniser.follow(cryptography, carrier, wall_ms, known);
                recogniser
            }
            None => Recogniser::new(cryptography, carrier, wall_ms, known),
        };
        let known = self.unknown.take(carrier, |beacon| recogniser.find(beacon));
        let sightings = known.into_iter().map(|(device, beacon, at)| Sighting {
            device,
            carrier,
            beacon,
            at,
        });
        self.recognisers.insert(carrier, recogniser);
        sightings.collect()
    }

    /// The contact's device to which this beacon belongs, if any.
    pub fn whose(&self, carrier: CarrierKind, beacon: &Beacon) -> Option<DeviceId> {
        self.recognisers.get(&carrier)?.find(beacon)
    }

    /// The contact's device to which this beacon belongs. Remembers a beacon that belongs to none, so that the search
    /// for its owner begins some time later.
    pub fn recognise(
        &mut self,
        now: Now,
        carrier: CarrierKind,
        beacon: Beacon,
        at: Vec<Address>,
    ) -> Option<Sighting> {
        if let Some(device) = self.whose(carrier, &beacon) {
            return Some(Sighting {
                device,
                carrier,
                beacon,
                at,
            });
        }
        if !at.is_empty() {
            if self.unknown.is_empty() {
                self.search.begin(now.mono_ms);
            }
            self.unknown.remember(now.mono_ms, carrier, beacon, at);
        }
        None
    }

    /// The epoch whose beacons a carrier announces now; `None` while the device rests: the carrier then announces
    /// nothing and looks for nobody.
    ///
    /// A device rests while no contact is missing, because nobody that it could find looks for it then. It begins and
    /// ends a rest only at moments that were drawn before, so that they do not show when a contact came. One is the
    /// moment when it goes over to the next epoch, drawn at random within each epoch: if devices changed exactly when
    /// an epoch begins, the error of its clock would identify each. The other comes soon after a carrier has begun to
    /// work. Only when a contact goes missing does it draw one more moment.
    pub fn announcing(
        &mut self,
        carrier: CarrierKind,
        now: Now,
        is_missing: impl Fn() -> bool,
        rng: &mut dyn CryptoRng,
    ) -> Option<Epoch> {
        let current = Epoch::at(now.wall_ms);
        let next_ms = |rng: &mut dyn CryptoRng| {
            now.mono_ms + left_ms(now) + rng::between(rng, 0, EPOCH_MS as u64)
        };
        let pause = |rng: &mut dyn CryptoRng, range: RangeInclusive<u64>| {
            Some(now.mono_ms + rng::between(rng, *range.start(), *range.end()))
        };
        let Some(held) = self.announced.get_mut(&carrier) else {
            let announced = Announced {
                epoch: current,
                until_ms: next_ms(rng),
                review_ms: pause(rng, ARRIVAL_MS),
                told: None,
                outdated: false,
            };
            self.announced.insert(carrier, announced);
            return Some(current);
        };
        let lasts = now.mono_ms < held.until_ms && held.epoch.0 + 1 == current.0;
        if held.epoch != current && !lasts {
            held.epoch = current;
            held.until_ms = next_ms(rng);
            held.review_ms = None;
            return is_missing().then_some(current);
        }
        if held
            .review_ms
            .is_some_and(|review_ms| review_ms <= now.mono_ms)
        {
            held.review_ms = None;
            return is_missing().then_some(held.epoch);
        }
        if held.told.is_some() {
            return Some(held.epoch);
        }
        if held.review_ms.is_none() && is_missing() {
            held.review_ms = pause(rng, MISSING_MS);
        }
        None
    }

    /// Something has changed on which announcements depend: work them out again.
    pub fn outdate(&mut self) {
        for held in self.announced.values_mut() {
            held.outdated = true;
        }
    }

    /// Whether the last command to a carrier is for this epoch and not outdated.
    pub fn is_told(&self, carrier: CarrierKind, wanted: Option<Epoch>) -> bool {
        self.announced.get(&carrier).is_some_and(|held| {
            !held.outdated && held.told.as_ref().map(|(epoch, _)| *epoch) == wanted
        })
    }

    /// What the last command told a carrier to announce.
    pub fn told(&self, carrier: CarrierKind) -> Option<&Told> {
        self.announced.get(&carrier)?.told.as_ref()
    }

    /// Whether a carrier needs a new command, to announce these beacons of an epoch or to rest. If so, takes it as
    /// given.
    pub fn is_news(&mut self, carrier: CarrierKind, wanted: &Option<Told>) -> bool {
        let Some(held) = self.announced.get_mut(&carrier) else {
            return false;
        };
        held.outdated = false;
        let is_news = held.told != *wanted;
        if is_news {
            held.told.clone_from(wanted);
        }
        is_news
    }

    /// A carrier no longer announces or sees anything.
    pub fn silent(&mut self, carrier: CarrierKind) {
        self.announced.remove(&carrier);
        self.unknown.forget(carrier);
    }

    /// When, while a carrier works, the next epoch begins, or the device goes over to it, or decides whether to rest;
    /// or when the next step of the search is due (monotonic milliseconds).
    pub fn next_wake_ms(&self, now: Now, is_anybody_unseen: impl Fn() -> bool) -> Option<u64> {
        let epoch = (!self.announced.is_empty()).then_some(now.mono_ms + left_ms(now));
        let changes = self.announced.values().flat_map(|announced| {
            [Some(announced.until_ms), announced.review_ms]
                .into_iter()
                .flatten()
        });
        let change = changes.filter(|until_ms| *until_ms > now.mono_ms).min();
        let planned = [epoch, change].into_iter().flatten().min();
        let search_ms = self.search.due_ms();
        let is_next = planned.is_none_or(|planned_ms| search_ms < planned_ms);
        match is_next && self.is_searching() && is_anybody_unseen() {
            true => Some(search_ms),
            false => planned,
        }
    }

    /// Whether there are unrecognised beacons, for which a search makes sense while contacts are unseen.
    fn is_searching(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// A carrier with unrecognised beacons that [`set_known`](Self::set_known) may recognise.
    pub fn stale(&self, wall_ms: i64) -> Option<CarrierKind> {
        let mut carriers = self.unknown.carriers();
        carriers.find(|carrier| self.is_stale(*carrier, wall_ms))
    }

    /// Whether a step of the search is due, provided that contacts are unseen.
    pub fn search_is_due(&self, now: Now) -> bool {
        self.is_searching() && self.search.due_ms() <= now.mono_ms
    }

    /// Makes one step of the search for these devices, those seen last first, each with the expected offset of its
    /// clock. If it finds one, keeps a guess of that clock.
    pub fn search(
        &mut self,
        now: Now,
        cryptography: Cryptography,
        unseen: &[Sought<'_, DeviceId>],
    ) {
        self.unknown
            .forget_before((now.mono_ms + 1).saturating_sub(UNKNOWN_MS));
        let mut unrecognised = Unrecognised::new();
        for (carrier, beacon) in self.unknown.iter() {
            unrecognised.entry(carrier).or_default().insert(*beacon);
        }
        let found = self.search.step(
            now.mono_ms,
            now.wall_ms,
            cryptography,
            unseen,
            &unrecognised,
        );
        if let Some(found) = found {
            self.guesses.insert(found.who, found.offset_ms);
            self.changed();
        }
    }
}

/// How long the epoch still lasts, in milliseconds.
fn left_ms(now: Now) -> u64 {
    (EPOCH_MS - now.wall_ms.rem_euclid(EPOCH_MS)) as u64
}

#[cfg(test)]
mod tests {
    use hedgerow_transport::handshake::Direction;
    use hedgerow_transport::keys::{BeaconKey, PairBeaconKey};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

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
        let at = vec![Address("x".to_owned())];
        let early = presence.recognise(now, CarrierKind::Lan, beacon, at.clone());
        assert_eq!(early, None);
        let device = DeviceId([5; 16]);
        let known = Known {
            who: device,
            key: Some(&key),
            pair: (&pair, Direction::Up),
            offset_ms: 0,
        };
        let seen = presence.set_known(Cryptography::Real, CarrierKind::Lan, 0, &[known]);
        let sighting = Sighting {
            device,
            carrier: CarrierKind::Lan,
            beacon,
            at: at.clone(),
        };
        assert_eq!(seen, [sighting]);
        let again = presence.recognise(now, CarrierKind::Lan, beacon, at);
        assert_eq!(again.as_ref(), seen.first());
        assert!(!presence.is_searching());
    }

    /// Whether a device rests, second by second, while its contacts are all there except in the seconds of `missing`.
    fn rests(seed: u64, missing: std::ops::Range<u64>) -> Vec<bool> {
        let mut presence = Presence::default();
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let second = |second: u64| {
            let now = Now {
                mono_ms: second * 1_000,
                wall_ms: second as i64 * 1_000,
            };
            let is_missing = missing.contains(&second);
            let epoch = presence.announcing(CarrierKind::Lan, now, || is_missing, &mut rng);
            presence.is_news(CarrierKind::Lan, &epoch.map(|epoch| (epoch, Vec::new())));
            epoch.is_none()
        };
        (0..3_600).map(second).collect()
    }

    #[test]
    fn when_a_device_falls_silent_does_not_tell_when_its_contacts_came() {
        for seed in 0..20 {
            let alone = rests(seed, 0..0);
            let silent = alone.iter().position(|rests| *rests).expect("it rests");
            assert!((30..=91).contains(&silent), "after {silent} s");
            for came in [1, 10, 29] {
                assert_eq!(rests(seed, 0..came), alone, "they came after {came} s");
            }
            // Once a contact is late, the device announces until the next epoch's moment, even if the contact comes
            // then.
            let late = rests(seed, 0..100);
            let silent = late.iter().position(|rests| *rests).expect("it rests");
            assert!((900..=1_801).contains(&silent), "after {silent} s");
            assert_eq!(rests(seed, 0..800), late);
        }
    }

    #[test]
    fn a_contact_that_is_missed_for_a_moment_only_is_not_announced_for() {
        for seed in 0..20 {
            let calm = rests(seed, 0..0);
            assert_eq!(rests(seed, 300..304), calm);
            let missed = rests(seed, 300..400);
            let begins = missed[300..].iter().position(|rests| !rests);
            let after = begins.expect("it is announced again");
            assert!((5..=36).contains(&after), "after {after} s");
        }
    }
}
