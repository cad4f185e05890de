//! Calls about contacts: show, verify, rename, block, remove.

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::device::{DeviceKeys, DeviceList};
use hedgerow_transport::keys::BeaconKey;

use super::account::Account;
use super::conversations;
use super::fact::FactKind;
use super::fault::{CallError, PeerFault};
use super::items::Bye;
use super::links::Errand;
use super::people::People;
use super::people::names::Names;
use super::people::{contact, replay};
use super::reach::dialling::Target;
use super::{Engine, Now, Owners, Turn, View};
use crate::api::{Contact, ContactId, Feature, Identities, Notice, Private, Refusal, Reply, typed};
use crate::tables::Table;

/// What stays of a contact who is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Nothing,
    Conversation,
}

impl Owners {
    /// Forgets a device, with the keys that we share with it.
    pub(super) fn forget_device(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
    ) -> Result<(), StorageError> {
        self.people.devices.remove(&id);
        self.people.refusals.remove(&id);
        if let Some(couriering) = &mut self.couriering {
            couriering.forget(turn, id);
        }
        self.reach.forget_device(id);
        turn.txn.remove(&Table::Devices.key(&[&id.0]))?;
        replay::forget_device(turn.txn, id)?;
        self.people.forget_prekeys_of(turn, id)
    }

    /// Draws a new beacon key: from now on only contacts who get the new one recognise this device's beacon.
    fn redraw_beacon_key(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.account.told.beacon_key = BeaconKey::random(&mut turn.rng);
        turn.erased()?;
        // The names at relays derive from it.
        if !self.account.settings.relays.is_empty() {
            self.fact_changed(turn, FactKind::RelayNames)?;
        }
        self.fact_changed(turn, FactKind::BeaconKey)
    }
}

impl People {
    /// The identity that an API id names.
    pub(super) fn contact_named(&self, id: &ContactId) -> Result<IdentityId, Refusal> {
        let prefix: Option<[u8; 16]> = data_encoding::HEXLOWER
            .decode(id.0.as_bytes())
            .ok()
            .and_then(|prefix| prefix.try_into().ok());
        let mut least = [0; 32];
        least[..16].copy_from_slice(&prefix.ok_or(Refusal::NoSuchContact)?);
        self.contacts
            .range(IdentityId(least)..)
            .next()
            .map(|(identity, _)| *identity)
            .filter(|identity| identity.0[..16] == least[..16])
            .ok_or(Refusal::NoSuchContact)
    }

    pub(super) fn safety_words(
        &self,
        account: &Account,
        id: &ContactId,
    ) -> Result<Reply, CallError> {
        let identity = self.contact_named(id)?;
        Ok(Reply::Identities(Identities {
            contact: contact::api_id(identity),
            ours: account.identity().0,
            theirs: identity.0,
        }))
    }

    fn contact_mut(
        &mut self,
        id: &ContactId,
    ) -> Result<(IdentityId, &mut contact::Contact), CallError> {
        let identity = self.contact_named(id)?;
        let contact = self.contacts.get_mut(&identity);
        Ok((identity, contact.ok_or(Refusal::NoSuchContact)?))
    }

    /// A contact, or we, may have another name on screen now, or none. So the look-alike marks of others may change.
    pub(super) fn name_changed(
        &mut self,
        account: &Account,
        turn: &mut Turn<'_>,
        identity: IdentityId,
    ) {
        let shown = match identity == account.identity() {
            true => Some(account.told.name.as_str()),
            false => self.contacts.get(&identity).map(contact::Contact::name),
        };
        if let Some(names) = self.names.get_mut() {
            let touched = names.set(identity, shown);
            let known = touched
                .into_iter()
                .filter(|other| self.contacts.contains_key(other));
            turn.pending.contacts.extend(known);
        }
    }

    fn names(&self, account: &Account) -> &Names {
        self.names.get_or_init(|| {
            let mut names = Names::default();
            names.set(account.identity(), Some(&account.told.name));
            for (identity, contact) in &self.contacts {
                names.set(*identity, Some(contact.name()));
            }
            names
        })
    }

    /// The features that no device of a person shows, as these devices have said of themselves.
    fn cannot_show(&self, identity: IdentityId) -> Vec<Feature> {
        let mut features = Feature::ALL.to_vec();
        features.retain(|feature| {
            let mut devices = self.devices.of(identity).peekable();
            let shows = |id| {
                self.devices
                    .get(&id)
                    .is_some_and(|one| one.may_show(*feature))
            };
            devices.peek().is_some() && !devices.any(shows)
        });
        features
    }

    /// Refuses a device list that would bring in a device of ours or of another contact.
    ///
    /// It compares signing keys only. Anybody can name somebody else's X25519 key beside a signing key of their own.
    /// They gain nothing by it; but if we refused it, they could keep the owner of that key out.
    pub(super) fn refuse_others_devices(
        &self,
        account: &Account,
        identity: IdentityId,
        list: &DeviceList,
    ) -> Result<(), PeerFault> {
        let is_named = |device: &DeviceKeys| {
            let mut named = list.devices();
            named.any(|named| named.signing == device.signing)
        };
        let others = self.contacts.iter().filter(|(id, _)| **id != identity);
        let mut others = others.flat_map(|(_, contact)| &contact.devices);
        if account.device_list.devices().any(is_named) || others.any(is_named) {
            return Err(PeerFault::OthersDevice);
        }
        Ok(())
    }

    /// The other side did what a device with its state cannot do, or what our state does not explain: one of the two
    /// devices runs an older state, or somebody runs a copy of one. Marks the contact so that the user sees it.
    pub(super) fn doubt(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
    ) -> Result<(), StorageError> {
        if let Some(contact) = self.contacts.get_mut(&identity)
            && (contact.verified || !contact.older_state)
        {
            contact.older_state = true;
            contact.verified = false;
            contact.save(turn.txn, identity)?;
            turn.pending.contacts.insert(identity);
        }
        Ok(())
    }
}

impl Engine {
    pub(super) fn list_contacts(&self, now: Now) -> Vec<Contact> {
        let contacts = self.owners.people.contacts.keys();
        contacts
            .filter_map(|identity| self.view_contact(now, *identity))
            .collect()
    }

    pub(super) fn show_contact(&self, id: &ContactId, now: Now) -> Result<Reply, CallError> {
        let identity = self.owners.people.contact_named(id)?;
        let contact = self.view_contact(now, identity);
        Ok(Reply::Contact(contact.ok_or(Refusal::NoSuchContact)?))
    }

    /// A contact as the API shows it; `None` if there is none.
    fn view_contact(&self, now: Now, identity: IdentityId) -> Option<Contact> {
        let known = self.owners.people.contacts.get(&identity)?;
        let reachable = self.owners.people.devices_of(identity).find_map(|id| {
            let link = self.links.by_id.get(&self.owners.sessions.get(&id)?.link)?;
            Some(link.carrier)
        });
        let last_seen_ms = self
            .owners
            .people
            .devices_of(identity)
            .filter_map(|id| self.owners.people.devices.get(&id)?.last_seen_ms)
            .max()
            .map(|seen| {
                if reachable.is_some() {
                    now.wall_ms
                } else {
                    seen
                }
            });
        Some(Contact {
            id: contact::api_id(identity),
            name: Private(known.name().to_owned()),
            own_name: Private(known.own_name.clone()),
            former_name: known.former_name.clone().map(Private),
            lookalike: self
                .owners
                .people
                .names(&self.owners.account)
                .is_shared(identity),
            verified: known.verified,
            blocked: known.blocked,
            notice: known.older_state.then_some(Notice::OlderState),
            reachable,
            last_seen_ms,
            cannot_show: self.owners.people.cannot_show(identity),
            conversation: conversations::api_id(self.owners.conversations.direct(identity)?),
        })
    }

    pub(super) fn verify(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        verified: bool,
    ) -> Result<Reply, CallError> {
        // More loads by itself from a contact who is verified.
        turn.errands.push(Errand::Fetch);
        self.change(turn, id, |contact| {
            contact.verified = verified;
            // A user who compares the words has seen the notice.
            contact.older_state &= !verified;
        })
    }

    pub(super) fn rename(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        alias: &Private,
    ) -> Result<Reply, CallError> {
        let alias = typed::name(&alias.0)?;
        let (_, contact) = self.owners.people.contact_mut(id)?;
        if !contact.alias.is_empty() && contact.alias != alias {
            turn.erased()?;
        }
        self.change(turn, id, |contact| contact.rename(alias))
    }

    fn change(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        change: impl FnOnce(&mut contact::Contact),
    ) -> Result<Reply, CallError> {
        let (identity, contact) = self.owners.people.contact_mut(id)?;
        change(contact);
        contact.save(turn.txn, identity)?;
        self.owners
            .people
            .name_changed(&self.owners.account, turn, identity);
        turn.pending.contacts.insert(identity);
        self.show_contact(id, turn.now)
    }

    pub(super) fn block(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        blocked: bool,
    ) -> Result<Reply, CallError> {
        let (identity, contact) = self.owners.people.contact_mut(id)?;
        if contact.blocked != blocked {
            contact.blocked = blocked;
            contact.save(turn.txn, identity)?;
            self.owners.reach.announcement_changed();
            for device in self.owners.people.devices_of(identity).collect::<Vec<_>>() {
                // To the contact, blocking looks like absence.
                self.end_session(turn, device, Bye::Stopping, None)?;
                if blocked {
                    self.owners.reach.drop_target(Target::Device(device));
                } else {
                    let view = View::of(
                        &self.owners.account,
                        &self.owners.people,
                        &self.owners.sessions,
                    );
                    self.owners.reach.want_device(turn, view, device);
                }
            }
            self.owners.redraw_beacon_key(turn)?;
            turn.pending.contacts.insert(identity);
        }
        self.show_contact(id, turn.now)
    }

    /// Removes a contact: the conversation goes too, or stays and is read and written no more.
    pub(super) fn remove(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        kept: Kept,
    ) -> Result<Reply, CallError> {
        let identity = self.owners.people.contact_named(id)?;
        let name = self.owners.people.contacts.get(&identity);
        let name = name.map(|contact| contact.name().to_owned());
        let former = match kept {
            Kept::Nothing => None,
            Kept::Conversation => {
                let name = name.unwrap_or_default();
                let conversations = &mut self.owners.conversations;
                conversations.keep_former(turn, identity, name)?
            }
        };
        for device in self.owners.people.devices_of(identity).collect::<Vec<_>>() {
            self.end_session(turn, device, Bye::Removed, None)?;
            self.owners.forget_device(turn, device)?;
        }
        if self.owners.people.contacts.remove(&identity).is_some() {
            self.owners
                .people
                .name_changed(&self.owners.account, turn, identity);
        }
        self.owners.forget_person(turn, identity)?;
        self.owners.conversations.remove_with(turn, identity)?;
        turn.txn.remove(&Table::Contacts.key(&[&identity.0]))?;
        self.owners.redraw_beacon_key(turn)?;
        turn.pending.removed.insert(identity);
        match former {
            Some(space) => {
                let kept = conversations::api_id(space);
                self.owners.show_conversation(turn, &kept)
            }
            None => Ok(Reply::Done),
        }
    }

    /// Ends every link with a device except one. Where a session is up, it tells the device why.
    pub(super) fn end_session(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        bye: Bye,
        except: Option<LinkId>,
    ) -> Result<(), StorageError> {
        let links = self.links.with_device(id);
        let links: Vec<_> = links.filter(|link| Some(*link) != except).collect();
        for link_id in links {
            if let Some(link) = self.links.by_id.remove(&link_id) {
                self.part(turn, link_id, link, bye)?;
            }
        }
        Ok(())
    }
}
