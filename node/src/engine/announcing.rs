//! Carriers, as the engine follows them: their state and addresses, what is announced over them, whose
//! beacons they see, and whom to dial over them (`docs/PROTOCOL.md` sections 11 and 13).

use std::collections::BTreeMap;

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::beacon::{self, Beacon, Epoch, Known};
use hedgerow_transport::carrier::{Address, CarrierCommand, CarrierKind, CarrierState, LinkId};
use hedgerow_transport::handshake::Direction;
use hedgerow_transport::relay::RelayPaths;
use hedgerow_transport::search::Sought;

use super::contact::Contact;
use super::device::Device;
use super::dialling::Target;
use super::endpoint::{ANNOUNCING, Endpoint, MAX_ADDRESSES};
use super::fact::FactKind;
use super::presence::Sighting;
use super::{Carrier, Effects as _, Engine, Turn, rng};

/// The most relays among the addresses told.
const MAX_TOLD_RELAYS: usize = 4;

/// The longest random pause before a lost session is dialled again.
const REDIAL_PAUSE_MS: u64 = 2_000;

impl Engine {
    pub(super) fn carrier_state(
        &mut self,
        turn: &mut Turn<'_>,
        kind: CarrierKind,
        state: CarrierState,
    ) -> Result<(), StorageError> {
        if kind == CarrierKind::Ble && !self.carriers.contains_key(&kind) {
            turn.out.command(kind, self.account.settings.radio.into());
        }
        let carrier = self.carriers.entry(kind).or_insert(Carrier {
            state,
            addresses: Vec::new(),
            airtime: None,
        });
        carrier.state = state;
        if state != CarrierState::On {
            carrier.airtime = None;
        }
        let is_wanted = !self.account.settings.is_off(kind);
        if !is_wanted && state != CarrierState::Off {
            turn.out.command(kind, CarrierCommand::Switch { on: false });
        }
        if matches!(state, CarrierState::On | CarrierState::NoDiscovery) {
            if is_wanted {
                self.refresh_dials(turn);
                self.look_for_better();
            }
        } else {
            self.presence.silent(kind);
        }
        self.pending.carriers.insert(kind);
        Ok(())
    }

    pub(super) fn carrier_addresses(
        &mut self,
        turn: &mut Turn<'_>,
        kind: CarrierKind,
        addresses: Vec<Address>,
    ) -> Result<(), StorageError> {
        let carrier = self.carriers.entry(kind).or_insert(Carrier {
            state: CarrierState::On,
            addresses: Vec::new(),
            airtime: None,
        });
        if carrier.addresses == addresses {
            return Ok(());
        }
        carrier.addresses = addresses;
        // Nothing is announced there yet, and sessions that lead to the old ones may be dead.
        self.presence.silent(kind);
        self.refresh_dials(turn);
        self.look_for_better();
        self.pending.carriers.insert(kind);
        self.addresses_changed(turn)
    }

    /// Tells contacts where this device can be reached, if that is news.
    pub(super) fn addresses_changed(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let told = self.own_addresses();
        if told != self.account.told.addresses {
            self.account.told.addresses = told;
            self.fact_changed(turn, FactKind::Addresses)?;
        }
        Ok(())
    }

    /// Where this device can be reached, as contacts and invitations are told: now, or where a carrier that has no
    /// address was when it had one, so that one which goes and comes back leaves nothing new to tell. Carriers that
    /// the user has switched off are left out, and so is what tells the hardware. If paths lead over relays alone,
    /// relays are all that is told.
    pub(super) fn own_addresses(&self) -> Vec<String> {
        self.own_endpoints().iter().map(Endpoint::text).collect()
    }

    /// What an invitation says: nobody is sent to a relay while relays are switched off.
    pub(super) fn invited_to(&self) -> Vec<Address> {
        let endpoints = self.own_endpoints().into_iter();
        let endpoints =
            endpoints.filter(|endpoint| !self.account.settings.is_off(endpoint.carrier));
        endpoints.map(|endpoint| Address(endpoint.text())).collect()
    }

    fn own_endpoints(&self) -> Vec<Endpoint> {
        let relays: Vec<Endpoint> = self.own_relays().take(MAX_TOLD_RELAYS).collect();
        let mut endpoints = self.endpoints_beside_relays();
        endpoints.truncate(MAX_ADDRESSES - relays.len());
        endpoints.extend(relays);
        endpoints
    }

    /// Relays are told of whether or not they have a place for us now: it comes back. So they are while the user has
    /// switched relays off: an address of a relay says nothing of where we are, and two who both took theirs back
    /// would find each other no more once relays are all that is left.
    fn own_relays(&self) -> impl Iterator<Item = Endpoint> + '_ {
        self.account.settings.relays.iter().map(|relay| Endpoint {
            carrier: CarrierKind::Relay,
            address: Address(relay.clone()),
        })
    }

    /// What is told of all other carriers.
    fn endpoints_beside_relays(&self) -> Vec<Endpoint> {
        if self.account.settings.relay_paths != RelayPaths::Direct {
            return Vec::new();
        }
        let now = |kind: CarrierKind| self.carriers.get(&kind).map(|carrier| &carrier.addresses);
        let is_nowhere = |kind| now(kind).is_none_or(Vec::is_empty);
        let mut endpoints = Endpoint::parse_all(&self.account.told.addresses);
        endpoints.retain(|endpoint| is_nowhere(endpoint.carrier));
        for (kind, carrier) in &self.carriers {
            endpoints.extend(carrier.addresses.iter().map(|address| Endpoint {
                carrier: *kind,
                address: address.clone(),
            }));
        }
        endpoints.retain(|endpoint| {
            let is_told = endpoint.carrier != CarrierKind::Relay
                && !self.account.settings.is_off(endpoint.carrier);
            is_told && !endpoint.address.tells_hardware()
        });
        endpoints.sort_by_key(|endpoint| endpoint.carrier);
        endpoints
    }

    /// Whether links can be made over a carrier.
    pub(super) fn is_usable(&self, kind: CarrierKind) -> bool {
        self.carriers.get(&kind).is_some_and(|carrier| {
            matches!(carrier.state, CarrierState::On | CarrierState::NoDiscovery)
        })
    }

    /// Corrects contacts' clock offsets if our wall clock has jumped.
    pub(super) fn follow_clock(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let Some(jump) = self.presence.jump(turn.now) else {
            return Ok(());
        };
        for (id, device) in &mut self.devices {
            device.clock_offset_ms = beacon::corrected(device.clock_offset_ms, jump);
            device.save(turn.txn, *id)?;
        }
        self.presence.changed();
        Ok(())
    }

    /// Has each carrier announce what is to be announced now, if it does not yet: our beacon, and pairwise
    /// ones for contacts that do not hold our newest beacon key; and look for others. Where we are not to
    /// be announced it is the empty list, and while no contact is missing neither.
    pub(super) fn announce(&mut self, turn: &mut Turn<'_>) {
        for kind in ANNOUNCING {
            if !self.is_usable(kind) {
                continue;
            }
            let (devices, contacts) = (&self.devices, &self.contacts);
            let is_missing = || is_anybody_unseen(devices, contacts, &self.sessions);
            let epoch = self
                .presence
                .announcing(kind, turn.now, is_missing, turn.rng);
            let wanted = || epoch.map(|epoch| (epoch, self.beacons(kind, epoch)));
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

    /// The beacons that mean something: ours, then those for contacts that do not hold our newest key.
    /// Whatever changes them says so to [`outdate`](super::presence::Presence::outdate).
    fn beacons(&self, kind: CarrierKind, epoch: Epoch) -> Vec<Beacon> {
        if !self.account.settings.is_announced_over(kind) {
            return Vec::new();
        }
        let cryptography = self.account.cryptography();
        let version = self.account.told.versions.of(FactKind::BeaconKey);
        let uninformed = self.devices.iter().filter(|(id, device)| {
            device.given.of(FactKind::BeaconKey) < version && self.may_talk_to(**id)
        });
        let pairwise = uninformed.map(|(id, device)| {
            let direction = Direction::between(&self.account.device_id.0, &id.0);
            let key = &device.pair_beacon_key;
            key.beacon_under(cryptography, kind, epoch, direction)
        });
        let key = &self.account.told.beacon_key;
        let own = key.beacon_under(cryptography, kind, epoch);
        std::iter::once(own).chain(pairwise).collect()
    }

    /// Works out anew whose beacons were seen, where that is out of date.
    pub(super) fn recognise_beacons(&mut self, turn: &mut Turn<'_>) {
        while let Some(kind) = self.presence.stale(turn.now.wall_ms) {
            self.follow_beacons(turn, kind);
        }
    }

    /// Works out anew whose beacons may be seen over a carrier, if that is out of date.
    fn follow_beacons(&mut self, turn: &mut Turn<'_>, kind: CarrierKind) {
        let wall_ms = turn.now.wall_ms;
        if !self.presence.is_stale(kind, wall_ms) {
            return;
        }
        let guesses = self.devices.iter().filter_map(|(id, device)| {
            let offset_ms = self.presence.guess(*id)?;
            Some((*id, device, offset_ms))
        });
        let sure = self.devices.iter();
        let sure = sure.map(|(id, device)| (*id, device, device.clock_offset_ms));
        let known: Vec<_> = sure
            .chain(guesses)
            .map(|(id, device, offset_ms)| Known {
                who: id,
                key: device.beacon_key.as_ref(),
                pair: (
                    &device.pair_beacon_key,
                    Direction::between(&id.0, &self.account.device_id.0),
                ),
                offset_ms,
            })
            .collect();
        let cryptography = self.account.cryptography();
        let sightings = self.presence.set_known(cryptography, kind, wall_ms, &known);
        for sighting in sightings {
            self.sighted(turn, sighting);
        }
    }

    /// Somebody announces a beacon.
    pub(super) fn beacon_seen(
        &mut self,
        turn: &mut Turn<'_>,
        carrier: CarrierKind,
        beacon: Beacon,
        at: Vec<Address>,
    ) {
        self.follow_beacons(turn, carrier);
        if let Some(sighting) = self.presence.recognise(turn.now, carrier, beacon, at) {
            self.sighted(turn, sighting);
        }
    }

    fn sighted(&mut self, turn: &mut Turn<'_>, sighting: Sighting) {
        let carrier = sighting.carrier;
        let endpoints = sighting
            .at
            .into_iter()
            .map(|address| Endpoint { carrier, address });
        if self.sessions.contains_key(&sighting.device) {
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

    /// Whether any device is looked for.
    pub(super) fn is_anybody_unseen(&self) -> bool {
        is_anybody_unseen(&self.devices, &self.contacts, &self.sessions)
    }

    /// Tries more distant epochs of contacts against the beacons that nobody was recognised by.
    pub(super) fn search_beacons(&mut self, turn: &mut Turn<'_>) {
        if !self.presence.search_is_due(turn.now) {
            return;
        }
        let mut unseen: Vec<_> = unseen(&self.devices, &self.contacts, &self.sessions).collect();
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
            .search(turn.now, self.account.cryptography(), &unseen);
        self.recognise_beacons(turn);
    }

    /// Wants a session with a device, unless there is one or is to be none.
    pub(super) fn want_device(&mut self, turn: &mut Turn<'_>, id: DeviceId) {
        if !self.may_talk_to(id) || self.sessions.contains_key(&id) {
            return;
        }
        let target = Target::Device(id);
        if is_way_known(&self.devices, target) {
            let pause = rng::between(turn.rng, 0, REDIAL_PAUSE_MS);
            self.dialling.want(target, turn.now.mono_ms + pause);
        } else {
            self.dialling.wait_for(target);
        }
    }

    /// The network here has changed: everybody to whom a way is known is dialled afresh.
    pub(super) fn refresh_dials(&mut self, turn: &Turn<'_>) {
        let devices = &self.devices;
        self.dialling
            .refresh(turn.now.mono_ms, |target| is_way_known(devices, target));
    }

    /// Starts the dials that are due.
    pub(super) fn start_dials(&mut self, turn: &mut Turn<'_>) {
        let mut dialling = std::mem::take(&mut self.dialling);
        let known = |target| match target {
            Target::Device(id) => {
                let device = self.devices.get(&id);
                device.map(|device| self.device_endpoints(id, device, turn.now))
            }
            Target::Inviter(id) => {
                let joining = self.joinings.get(&id);
                joining.map(|joining| self.inviter_endpoints(joining))
            }
        };
        let started = dialling.start(
            turn.now.mono_ms,
            &|target| known(target).unwrap_or_default(),
            &|kind| self.is_usable(kind),
        );
        self.dialling = dialling;
        for (dial, endpoint) in started {
            let to = endpoint.address;
            turn.out
                .command(endpoint.carrier, CarrierCommand::Dial { dial, to });
        }
    }
}

/// Whether there may be anything to dial but what a beacon tells. The maker of an invitation is always named with
/// an address.
pub(super) fn is_way_known(devices: &BTreeMap<DeviceId, Device>, target: Target) -> bool {
    match target {
        Target::Device(id) => devices.get(&id).is_some_and(Device::has_ways),
        Target::Inviter(_) => true,
    }
}

fn is_anybody_unseen(
    devices: &BTreeMap<DeviceId, Device>,
    contacts: &BTreeMap<IdentityId, Contact>,
    sessions: &BTreeMap<DeviceId, LinkId>,
) -> bool {
    unseen(devices, contacts, sessions).next().is_some()
}

/// The devices that are looked for.
fn unseen<'e>(
    devices: &'e BTreeMap<DeviceId, Device>,
    contacts: &'e BTreeMap<IdentityId, Contact>,
    sessions: &'e BTreeMap<DeviceId, LinkId>,
) -> impl Iterator<Item = (DeviceId, &'e Device)> {
    let apart = devices.iter().filter(|(id, _)| !sessions.contains_key(*id));
    let unseen = apart.filter(|(_, device)| device.is_welcome(contacts));
    unseen.map(|(id, device)| (*id, device))
}
