//! Carriers, as the engine follows them: their state and addresses, what is announced over them, whose
//! beacons they see, and whom to dial over them (`docs/PROTOCOL.md` sections 11 and 13).

use std::collections::BTreeMap;

use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{Address, CarrierKind, CarrierState};

use super::dialling::Target;
use super::fact::FactKind;
use super::presence::{self, SLOTS};
use super::way::{MAX_ADDRESSES, Way};
use super::{Carrier, Effects as _, Engine, Turn, chance};

/// The longest random pause before a lost session is dialled again.
const REDIAL_PAUSE_MS: u64 = 2_000;

impl Engine {
    pub(super) fn carrier_state(
        &mut self,
        turn: &mut Turn<'_>,
        kind: CarrierKind,
        state: CarrierState,
    ) -> Result<(), StorageError> {
        let carrier = self.carriers.entry(kind).or_insert(Carrier {
            state,
            addresses: Vec::new(),
        });
        carrier.state = state;
        if matches!(state, CarrierState::On | CarrierState::NoDiscovery) {
            if self.account.switched_off.contains(&(kind as u8)) {
                turn.out.switch(kind, false);
            } else {
                self.dialling.refresh(turn.now.mono_ms);
            }
        } else {
            self.presence.silent(kind);
        }
        self.news.carriers.insert(kind);
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
        });
        if carrier.addresses == addresses {
            return Ok(());
        }
        carrier.addresses = addresses;
        self.dialling.refresh(turn.now.mono_ms);
        self.news.carriers.insert(kind);
        let told = self.own_addresses();
        if told != self.account.addresses {
            self.account.addresses = told;
            self.fact_changed(turn, FactKind::Addresses)?;
        }
        Ok(())
    }

    /// Where this device can be reached, over all carriers.
    pub(super) fn own_addresses(&self) -> Vec<String> {
        let ways = self.carriers.iter().flat_map(|(kind, carrier)| {
            carrier.addresses.iter().map(|address| Way {
                carrier: *kind,
                address: address.clone(),
            })
        });
        ways.take(MAX_ADDRESSES).map(|way| way.text()).collect()
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
            device.clock_offset_ms = device.clock_offset_ms.saturating_sub(jump);
            device.save(turn.txn, *id)?;
        }
        self.presence.changed();
        self.presence.arm_search(turn.now.mono_ms);
        Ok(())
    }

    /// Announces what this epoch asks for, if it is not announced yet: our beacon, and pairwise ones for
    /// contacts that do not hold our newest beacon key.
    pub(super) fn announce(&mut self, turn: &mut Turn<'_>) {
        let usable: Vec<CarrierKind> = self
            .carriers
            .iter()
            .filter(|(_, carrier)| carrier.state == CarrierState::On)
            .map(|(kind, _)| *kind)
            .collect();
        let epoch = presence::epoch(turn.now.wall_ms);
        for kind in usable {
            let mut beacons = vec![beacon(self.account.beacon_key.as_bytes(), kind, epoch, &[])];
            let version = self.account.versions.of(FactKind::BeaconKey);
            let uninformed: Vec<_> = self
                .devices
                .iter()
                .filter(|(id, device)| {
                    device.given.of(FactKind::BeaconKey) < version && self.may_talk_to(**id)
                })
                .collect();
            let pairwise = SLOTS - 1;
            let turn_of = epoch.rem_euclid(uninformed.len().max(1) as i64) as usize * pairwise;
            for slot in 0..pairwise.min(uninformed.len()) {
                let (id, device) = uninformed[(turn_of + slot) % uninformed.len()];
                let by_lower = self.device_id < *id;
                beacons.push(beacon(
                    device.pair_beacon_key.as_bytes(),
                    kind,
                    epoch,
                    &[u8::from(!by_lower)],
                ));
            }
            if self
                .presence
                .announces_anew(kind, turn.now.wall_ms, &beacons)
            {
                while beacons.len() < SLOTS {
                    beacons.push(chance::bytes(turn.rng));
                }
                turn.out.announce(kind, beacons);
            }
        }
    }

    /// Makes the table of beacons anew if it is out of date.
    pub(super) fn recognise_beacons(&mut self, turn: &mut Turn<'_>) {
        if !self.presence.is_stale(turn.now.wall_ms) {
            return;
        }
        let mut table = BTreeMap::new();
        for kind in self.carriers.keys() {
            for (id, device) in &self.devices {
                let around =
                    presence::epoch(turn.now.wall_ms.saturating_add(device.clock_offset_ms));
                for epoch in around - 1..=around + 1 {
                    for beacon in self.beacons_of(*id, *kind, epoch) {
                        table.insert((*kind, beacon), *id);
                    }
                }
            }
        }
        let known = self.presence.set_table(table, turn.now.wall_ms);
        for (device, kind, beacon, at) in known {
            self.found(turn, device, kind, beacon, &at);
        }
    }

    /// What a device announces in an epoch of its clock, as far as we can know.
    fn beacons_of(&self, id: DeviceId, kind: CarrierKind, epoch: i64) -> Vec<[u8; 8]> {
        let Some(device) = self.devices.get(&id) else {
            return Vec::new();
        };
        let own = device
            .beacon_key
            .as_ref()
            .map(|key| beacon(key.as_bytes(), kind, epoch, &[]));
        let pair = beacon(
            device.pair_beacon_key.as_bytes(),
            kind,
            epoch,
            &[u8::from(id > self.device_id)],
        );
        own.into_iter().chain([pair]).collect()
    }

    /// Somebody announces a beacon.
    pub(super) fn beacon_seen(
        &mut self,
        turn: &mut Turn<'_>,
        kind: CarrierKind,
        beacon: [u8; 8],
        at: &[Address],
    ) {
        if self.presence.is_stale(turn.now.wall_ms) {
            self.recognise_beacons(turn);
        }
        if let Some(device) = self.presence.recognise(kind, beacon, at) {
            self.found(turn, device, kind, beacon, at);
        }
    }

    fn found(
        &mut self,
        turn: &mut Turn<'_>,
        device: DeviceId,
        kind: CarrierKind,
        beacon: [u8; 8],
        at: &[Address],
    ) {
        let ways = at.iter().map(|address| Way {
            carrier: kind,
            address: address.clone(),
        });
        self.dialling.seen(
            Target::Device(device),
            beacon,
            ways,
            turn.now.mono_ms,
            turn.rng,
        );
    }

    /// Devices looked for, those seen last first.
    fn unseen(&self) -> Vec<DeviceId> {
        let mut unseen: Vec<_> = self
            .devices
            .iter()
            .filter(|(id, _)| self.may_talk_to(**id) && !self.sessions.contains_key(id))
            .map(|(id, device)| (std::cmp::Reverse(device.last_seen_ms), *id))
            .collect();
        unseen.sort_unstable();
        unseen.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn is_searching(&self) -> bool {
        self.presence.is_searching(self.unseen().len())
    }

    /// Tries a year of one contact's epochs against the beacons that nobody was recognised by.
    pub(super) fn search_beacons(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let unseen = self.unseen();
        let Some(step) = self.presence.search_step(unseen.len(), turn.now.mono_ms) else {
            return Ok(());
        };
        let id = unseen[step.index];
        let Some(device) = self.devices.get(&id) else {
            return Ok(());
        };
        let around = presence::epoch(turn.now.wall_ms.saturating_add(device.clock_offset_ms));
        let unknown: std::collections::BTreeSet<_> = self.presence.unknown().collect();
        let kinds: std::collections::BTreeSet<_> = unknown.iter().map(|(kind, _)| *kind).collect();
        let found = step.epochs.map(|away| around + away).find(|epoch| {
            kinds.iter().any(|kind| {
                self.beacons_of(id, *kind, *epoch)
                    .into_iter()
                    .any(|beacon| unknown.contains(&(*kind, beacon)))
            })
        });
        if let (Some(epoch), Some(device)) = (found, self.devices.get_mut(&id)) {
            let away = epoch - presence::epoch(turn.now.wall_ms);
            device.clock_offset_ms = away * presence::EPOCH_MS;
            device.save(turn.txn, id)?;
            self.presence.changed();
            self.recognise_beacons(turn);
        }
        Ok(())
    }

    /// Wants a session with a device, unless there is one or is to be none.
    pub(super) fn want_device(&mut self, turn: &mut Turn<'_>, id: DeviceId) {
        if self.may_talk_to(id) && !self.sessions.contains_key(&id) {
            let pause = chance::between(turn.rng, 0, REDIAL_PAUSE_MS);
            self.dialling
                .want(Target::Device(id), turn.now.mono_ms + pause);
        }
    }

    /// Starts the dials that are due.
    pub(super) fn start_dials(&mut self, turn: &mut Turn<'_>) {
        let known = |target| match target {
            Target::Device(id) => self.devices.get(&id).map(super::device::Device::ways),
            Target::Inviter(id) => self.joinings.get(&id).map(super::joining::Joining::ways),
        };
        let carriers = &self.carriers;
        let usable = |kind| {
            carriers.get(&kind).is_some_and(|carrier| {
                matches!(carrier.state, CarrierState::On | CarrierState::NoDiscovery)
            })
        };
        let started = self.dialling.start(
            turn.now.mono_ms,
            &|target| known(target).unwrap_or_default(),
            &usable,
        );
        for (dial, way) in started {
            turn.out.dial(way.carrier, dial, way.address);
        }
    }
}

fn beacon(key: &[u8; 32], kind: CarrierKind, epoch: i64, direction: &[u8]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher
        .update(&[kind as u8])
        .update(&epoch.to_be_bytes())
        .update(direction);
    *hasher.finalize().as_bytes().first_chunk().expect("8 of 32")
}
