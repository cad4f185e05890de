//! Facts: tells contacts' devices what has changed here, and takes in what has changed there
//! (`docs/PROTOCOL.md` section 8).

use hedgerow_sync::id::{DeviceId, IdentityId, SpaceId};
use hedgerow_sync::peer;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::device::{DeviceList, DeviceListFault};
use hedgerow_transport::keys::BeaconKey;

use super::account::Account;
use super::account::MAX_NAME;
use super::fact::{Fact, FactHeld, FactKind, PrekeyFact};
use super::fault::{LinkError, PeerFault};
use super::items::{self, Bye, Hello};
use super::link::State;
use super::links::Errand;
use super::live::Live;
use super::people::People;
use super::people::device::{Device, TheirPrekey};
use super::reach::endpoint::{Endpoint, MAX_ADDRESSES};
use super::reach::relays::RelayNames;
use super::{Engine, Owners, Turn};
use crate::tables;

/// The most versions by which a claim of the other side raises a fact of ours in one session, so that nobody can
/// use up the version numbers. A device that is further behind catches up in several sessions.
const MAX_OUTRUN: u32 = 1_024;

/// The most device lists in one session or bundle (`docs/PROTOCOL.md` section 1). To verify one costs up to
/// seventeen signatures.
pub(super) const MAX_LISTS: usize = 8;

impl Owners {
    /// A fact of ours has changed: gives it a new version, and tells it in every session.
    pub(super) fn fact_changed(
        &mut self,
        turn: &mut Turn<'_>,
        kind: FactKind,
    ) -> Result<(), StorageError> {
        self.account.told.raise(kind);
        self.account.told.save(turn.txn)?;
        self.reach.announcement_changed();
        turn.errands.push(Errand::TellFacts);
        Ok(())
    }

    /// If the other side holds newer versions of our facts than we have, this store was set back to an older state.
    /// Gives the facts that we have now versions above those.
    pub(super) fn raise_outrun_facts(
        &mut self,
        turn: &mut Turn<'_>,
        hello: &Hello,
    ) -> Result<(), StorageError> {
        for kind in FactKind::ALL {
            let have = hello.have.of(kind);
            let ours = self.account.told.versions.of(kind);
            if have > ours {
                let above = have.min(ours.saturating_add(MAX_OUTRUN)).saturating_add(1);
                self.reach.announcement_changed();
                // We tell the same prekey again: no claim of a contact takes one away.
                self.account.raise_to(turn.txn, kind, above)?;
            }
        }
        Ok(())
    }

    /// Handles a fact that the other side tells about itself.
    pub(super) fn handle_fact(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        fact: Fact,
    ) -> Result<(), LinkError> {
        let Some(kind) = FactKind::from_number(fact.kind) else {
            return Ok(());
        };
        if kind == FactKind::DeviceList {
            live.lists += 1;
            if live.lists > MAX_LISTS {
                return Err(PeerFault::OutOfPlace.into());
            }
        }
        self.fact_about(turn, live.device, kind, &fact)?;
        let held = FactHeld {
            kind: fact.kind,
            version: fact.version,
        };
        items::say(&mut live.session, items::FACT_HELD, &held);
        Ok(())
    }

    /// Takes in a fact about a device, from a session or a bundle.
    pub(super) fn fact_about(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        kind: FactKind,
        fact: &Fact,
    ) -> Result<(), LinkError> {
        let mut device = self
            .people
            .devices
            .remove(&id)
            .ok_or(PeerFault::OutOfPlace)?;
        let taken = self.take_fact(turn, id, &mut device, kind, fact);
        self.people.devices.insert(id, device);
        taken
    }

    /// Takes in a fact, unless the one that we hold is as new.
    fn take_fact(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        device: &mut Device,
        kind: FactKind,
        fact: &Fact,
    ) -> Result<(), LinkError> {
        let held = device.held.of(kind);
        // A second device list of the same version matters too.
        if fact.version < held || fact.version == held && kind != FactKind::DeviceList {
            return Ok(());
        }
        match kind {
            FactKind::DeviceList => self.handle_device_list(turn, id, device, fact)?,
            FactKind::Profile => {
                let (name,): (String,) =
                    minicbor::decode(&fact.bytes).map_err(|_| PeerFault::BadItem)?;
                if name.len() > MAX_NAME {
                    return Err(PeerFault::BadItem.into());
                }
                let contact = self
                    .people
                    .contacts
                    .get_mut(&device.identity)
                    .ok_or(PeerFault::OutOfPlace)?;
                if contact.own_name != name {
                    contact.rename_itself(name);
                    contact.save(turn.txn, device.identity)?;
                    turn.erased()?;
                    self.people
                        .name_changed(&self.account, turn, device.identity);
                    turn.pending.contacts.insert(device.identity);
                }
            }
            FactKind::Addresses => {
                let addresses: Vec<String> =
                    minicbor::decode(&fact.bytes).map_err(|_| PeerFault::BadItem)?;
                if addresses.len() > MAX_ADDRESSES {
                    return Err(PeerFault::BadItem.into());
                }
                device.addresses = Endpoint::parse_all(&addresses)
                    .iter()
                    .map(Endpoint::text)
                    .collect();
                let has_session = self.sessions.contains_key(&id);
                self.reach.ways_changed(turn, id, has_session);
            }
            FactKind::Prekey => {
                let prekey: PrekeyFact =
                    minicbor::decode(&fact.bytes).map_err(|_| PeerFault::BadItem)?;
                let psk = device.psk.current.for_prekey(&prekey.public);
                let before = device.prekey.replace(TheirPrekey {
                    number: prekey.number,
                    public: prekey.public,
                    psk,
                });
                if before.is_some() {
                    turn.erased()?;
                }
            }
            FactKind::BeaconKey => {
                let key: [u8; 32] = fact
                    .bytes
                    .as_slice()
                    .try_into()
                    .map_err(|_| PeerFault::BadItem)?;
                if device
                    .beacon_key
                    .replace(BeaconKey::from_bytes(key))
                    .is_some()
                {
                    turn.erased()?;
                }
                self.reach.beacons_changed();
            }
            FactKind::RelayNames => {
                device.relay_names = Some(RelayNames::decode(&fact.bytes)?);
                let has_session = self.sessions.contains_key(&id);
                self.reach.ways_changed(turn, id, has_session);
            }
        }
        if device.held.raise(kind, fact.version) {
            device.save(turn.txn, id)?;
        }
        Ok(())
    }

    /// Handles a contact's device list. Takes it in if it is newer than the one that we hold. Does not take in another
    /// one of the same version, but shows the user that there are two.
    fn handle_device_list(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        device: &Device,
        fact: &Fact,
    ) -> Result<(), LinkError> {
        let contact = self
            .people
            .contacts
            .get(&device.identity)
            .ok_or(PeerFault::OutOfPlace)?;
        if *contact.device_list == **fact.bytes {
            return Ok(());
        }
        let held = DeviceList::decode_kept(&contact.device_list).map_err(|_| tables::damaged())?;
        let list = DeviceList::decode(&fact.bytes)?;
        if list.version() != fact.version {
            return Err(PeerFault::BadItem.into());
        }
        match list.replaces(&held) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(DeviceListFault::Forked) => return Ok(self.people.doubt(turn, device.identity)?),
            Err(fault) => return Err(fault.into()),
        }
        self.people
            .refuse_others_devices(&self.account, device.identity, &list)?;
        let contact = self
            .people
            .contacts
            .get_mut(&device.identity)
            .ok_or(PeerFault::OutOfPlace)?;
        contact.device_list = list.encode().into();
        contact.devices = list.devices().copied().collect();
        contact.save(turn.txn, device.identity)?;
        let listed = contact.device_ids();
        let shared = self.conversations.shared_with(device.identity);
        let spaces: Vec<SpaceId> = shared.map(|(space, _)| space).collect();
        // Entries refused because of their device may be allowed by the newer list.
        for space in &spaces {
            peer::forget_refusals(turn.txn, *space, id)?;
        }
        for other in self.people.devices_of(device.identity).collect::<Vec<_>>() {
            if listed.contains(&other) {
                for space in &spaces {
                    peer::forget_refusals(turn.txn, *space, other)?;
                }
            } else {
                turn.errands.push(Errand::End(other, Bye::Removed));
                for space in &spaces {
                    peer::forget(turn.txn, *space, other)?;
                }
                self.forget_device(turn, other)?;
            }
        }
        Ok(())
    }

    /// The other side says which version of one of our facts it holds.
    pub(super) fn fact_held(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        held: FactHeld,
    ) -> Result<(), LinkError> {
        let Some(kind) = FactKind::from_number(held.kind) else {
            return Ok(());
        };
        let version = held.version.min(self.account.told.versions.of(kind));
        let device = self
            .people
            .devices
            .get_mut(&id)
            .ok_or(PeerFault::OutOfPlace)?;
        if device.given.raise(kind, version) {
            device.joined_by = None;
            device.save(turn.txn, id)?;
            self.reach.announcement_changed();
        }
        Ok(())
    }
}

impl People {
    /// The content of one of our facts; `None` if there is none yet.
    pub(super) fn fact(&self, account: &Account, kind: FactKind) -> Option<Fact> {
        let version = account.told.versions.of(kind);
        if version == 0 {
            return None;
        }
        let bytes = match kind {
            FactKind::DeviceList => account.told.device_list.to_vec(),
            FactKind::Profile => tables::encoded(&(account.told.name.as_str(),)),
            FactKind::Addresses => tables::encoded(&account.told.addresses),
            FactKind::Prekey => tables::encoded(&self.newest_prekey()?),
            FactKind::BeaconKey => account.told.beacon_key.as_bytes().to_vec(),
            FactKind::RelayNames => tables::encoded(&account.relay_names()),
        };
        Some(Fact {
            kind: kind as u8,
            version,
            bytes: bytes.into(),
        })
    }

    /// Tells every fact that the other side lacks and that this session has not told yet.
    pub(super) fn tell_facts(
        &self,
        account: &Account,
        turn: &mut Turn<'_>,
        live: &mut Live,
    ) -> Result<(), StorageError> {
        let Some(device) = self.devices.get(&live.device) else {
            return Ok(());
        };
        for kind in FactKind::ALL {
            let version = account.told.versions.of(kind);
            if version > device.given.of(kind)
                && live.told.raise(kind, version)
                && let Some(fact) = self.fact(account, kind)
            {
                if kind == FactKind::Prekey {
                    self.share_prekey(turn, live.device)?;
                }
                items::say(&mut live.session, items::FACT, &fact);
            }
        }
        Ok(())
    }

    /// Compares the device list that the other side names in its hello with the one that we hold. If both have the same
    /// version and differ, the identity has signed two.
    pub(super) fn compare_device_list(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        hello: &Hello,
    ) -> Result<(), LinkError> {
        let contact = self.contacts.get(&identity).ok_or(PeerFault::OutOfPlace)?;
        let held = DeviceList::decode_kept(&contact.device_list).map_err(|_| tables::damaged())?;
        let is_same_version = hello.device_list_version == held.version();
        if is_same_version && held.hash() != *hello.device_list_hash {
            self.doubt(turn, identity)?;
        }
        Ok(())
    }
}

impl Engine {
    /// Tells the other side of every session what it lacks, except on one link.
    pub(super) fn tell_everybody(
        &mut self,
        turn: &mut Turn<'_>,
        except: Option<LinkId>,
    ) -> Result<(), StorageError> {
        for up in self.owners.sessions.values() {
            let link = self.links.by_id.get_mut(&up.link);
            if Some(up.link) != except
                && let Some(State::Live(live)) = link.map(|link| &mut link.state)
            {
                self.owners
                    .people
                    .tell_facts(&self.owners.account, turn, live)?;
            }
        }
        Ok(())
    }
}
