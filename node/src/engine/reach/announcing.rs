//! Being found and finding (`docs/PROTOCOL.md` section 11): what each carrier announces, and whose beacons it sees.

use hedgerow_transport::beacon::{self, Beacon, Epoch, Known};
use hedgerow_transport::carrier::{Address, CarrierCommand, CarrierKind};
use hedgerow_transport::handshake::Direction;
use hedgerow_transport::search::Sought;

use super::dialling::Target;
use super::endpoint::{ANNOUNCING, Endpoint, MAX_ADDRESSES};
use super::presence::Sighting;
use super::{Reach, View};
use crate::engine::fact::FactKind;
use crate::engine::{Effects as _, Turn};

impl Reach {
    /// Makes each carrier announce our beacon, and pairwise ones for contacts that do not hold our newest beacon key,
    /// and look for others, if it does not yet. Where the user has switched announcing off, the carrier announces the
    /// empty list. While the device rests, it neither announces nor looks.
    pub fn announce(&mut self, turn: &mut Turn<'_>, view: View<'_>) {
        for kind in ANNOUNCING {
            if !self.is_usable(kind) {
                continue;
            }
            let is_missing = || view.is_anybody_unseen();
            let epoch = self
                .presence
                .announcing(kind, turn.now, is_missing, turn.rng);
            let wanted = || epoch.map(|epoch| (epoch, beacons(view, kind, epoch)));
            if self.presence.is_told(kind, epoch) {
                debug_assert_eq!(self.presence.told(kind), wanted().as_ref());
                continue;
            }
            let wanted = wanted();
            if !self.presence.is_news(kind, &wanted) {
                continue;
            }
            let slots = wanted.as_ref().and_then(|(epoch, beacons)| {
                let (own, pairwise) = beacons.split_first()?;
                Some(beacon::announcement(*own, pairwise, *epoch, &mut turn.rng))
            });
            let announce = CarrierCommand::Announce {
                beacons: slots.map_or_else(Vec::new, Vec::from),
                look: wanted.is_some(),
            };
            turn.out.command(kind, announce);
        }
    }

    /// Works out again whose beacons were seen, for carriers where that is out of date.
    pub fn recognise_beacons(&mut self, turn: &mut Turn<'_>, view: View<'_>) {
        while let Some(kind) = self.presence.stale(turn.now.wall_ms) {
            self.follow_beacons(turn, view, kind);
        }
    }

    /// Works out again whose beacons a carrier may see, if that is out of date.
    fn follow_beacons(&mut self, turn: &mut Turn<'_>, view: View<'_>, kind: CarrierKind) {
        let wall_ms = turn.now.wall_ms;
        if !self.presence.is_stale(kind, wall_ms) {
            return;
        }
        let guesses = view.people.devices.iter().filter_map(|(id, device)| {
            let offset_ms = self.presence.guess(*id)?;
            Some((*id, device, offset_ms))
        });
        let sure = view.people.devices.iter();
        let sure = sure.map(|(id, device)| (*id, device, device.clock_offset_ms));
        let known: Vec<_> = sure
            .chain(guesses)
            .map(|(id, device, offset_ms)| Known {
                who: id,
                key: device.beacon_key.as_ref(),
                pair: (
                    &device.pair_beacon_key,
                    Direction::between(&id.0, &view.account.device_id.0),
                ),
                offset_ms,
            })
            .collect();
        let cryptography = view.account.cryptography();
        let sightings = self.presence.set_known(cryptography, kind, wall_ms, &known);
        for sighting in sightings {
            self.sighted(turn, view, sighting);
        }
    }

    /// A carrier has seen a beacon.
    pub fn beacon_seen(
        &mut self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        carrier: CarrierKind,
        beacon: Beacon,
        at: Vec<Address>,
    ) {
        self.follow_beacons(turn, view, carrier);
        if let Some(sighting) = self.presence.recognise(turn.now, carrier, beacon, at) {
            self.sighted(turn, view, sighting);
        }
    }

    /// A carrier has heard that a beacon is withdrawn. Anybody can say so.
    pub fn beacon_withdrawn(
        &mut self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        carrier: CarrierKind,
        beacon: Beacon,
    ) {
        self.follow_beacons(turn, view, carrier);
        if let Some(device) = self.presence.whose(carrier, &beacon) {
            self.dialling
                .withdrawn(Target::Device(device), carrier, beacon);
        }
    }

    fn sighted(&mut self, turn: &mut Turn<'_>, view: View<'_>, sighting: Sighting) {
        let carrier = sighting.carrier;
        let endpoints = sighting
            .at
            .into_iter()
            .map(|address| Endpoint { carrier, address });
        if view.sessions.contains_key(&sighting.device) {
            let endpoints = endpoints.take(MAX_ADDRESSES).collect();
            self.path_upgrades
                .sighted(sighting.device, sighting.beacon, endpoints);
            return;
        }
        let target = Target::Device(sighting.device);
        self.dialling.seen(
            target,
            sighting.beacon,
            endpoints,
            turn.now.mono_ms,
            turn.rng,
        );
    }

    /// Compares the unrecognised beacons with more distant epochs of contacts.
    pub fn search_beacons(&mut self, turn: &mut Turn<'_>, view: View<'_>) {
        if !self.presence.search_is_due(turn.now) {
            return;
        }
        let mut unseen: Vec<_> = view.unseen().collect();
        if unseen.is_empty() {
            return;
        }
        unseen.sort_by_key(|(_, device)| std::cmp::Reverse(device.last_seen_ms));
        let unseen = unseen.into_iter().filter_map(|(id, device)| {
            Some(Sought {
                who: id,
                key: device.beacon_key.as_ref()?,
                offset_ms: device.clock_offset_ms,
            })
        });
        let unseen: Vec<_> = unseen.collect();
        self.presence
            .search(turn.now, view.account.cryptography(), &unseen);
        self.recognise_beacons(turn, view);
    }
}

/// The real beacons, without random slots: ours, then those for contacts that do not hold our newest key. Code that
/// changes them calls [`outdate`](super::presence::Presence::outdate).
fn beacons(view: View<'_>, kind: CarrierKind, epoch: Epoch) -> Vec<Beacon> {
    if !view.account.settings.is_announced_over(kind) {
        return Vec::new();
    }
    let cryptography = view.account.cryptography();
    let version = view.account.told.versions.of(FactKind::BeaconKey);
    let uninformed = view.people.devices.iter().filter(|(id, device)| {
        device.given.of(FactKind::BeaconKey) < version && view.people.may_talk_to(**id)
    });
    let pairwise = uninformed.map(|(id, device)| {
        let direction = Direction::between(&view.account.device_id.0, &id.0);
        let key = &device.pair_beacon_key;
        key.beacon_under(cryptography, kind, epoch, direction)
    });
    let key = &view.account.told.beacon_key;
    let own = key.beacon_under(cryptography, kind, epoch);
    std::iter::once(own).chain(pairwise).collect()
}
