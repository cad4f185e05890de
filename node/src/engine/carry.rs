//! Parcels carried by hand: sealed bundles in a file (`docs/PROTOCOL.md` section 12).

use std::collections::BTreeMap;

use hedgerow_sync::batch::Batch;
use hedgerow_sync::id::{DeviceId, IdentityId, Incarnation, Seq, SpaceId};
use hedgerow_sync::peer;
use hedgerow_sync::reconcile::{Channel, Reconciler, Shared};
use hedgerow_sync::store::StorageError;
use hedgerow_sync::wire::{Blind, LogName, Message, Role};
use hedgerow_transport::bundle::{
    self, BundleFault, BundleItem, Draft, Header, MAX_BUNDLE, MAX_LIFETIME_S,
};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::handshake::Direction;

use super::account::Account;
use super::conversations::Conversations;
use super::couriering::held::Newest;
use super::fact::{Fact, FactHeld, FactKind};
use super::facts::MAX_LISTS;
use super::fault::{CallError, LinkError};
use super::items::{self, ReleaseItem};
#[cfg(feature = "simulation")]
use super::load;
use super::people::People;
use super::people::contact;
use super::{Owners, Turn, rng};
use crate::api::{ContactId, Imported, Refusal, Reply};
use crate::courier::Release;
use crate::tables::{self, Table};

/// What a parcel begins with: a name and a version.
const MAGIC: &[u8] = b"HEDGEBDL\x02";

/// The most bytes of entries read at once for a parcel.
const FILL: usize = 1 << 20;

/// A bundle of ours.
pub(super) struct Sealed {
    pub bundle: bytes::Bytes,
    /// The newest of our messages in it, of each conversation.
    pub newest: Vec<Newest>,
}

/// A bundle that has been opened and is sound.
pub(super) struct Opened {
    identity: IdentityId,
    pub(super) device: DeviceId,
    tag: [u8; 32],
    /// The key under which its tag is kept, once it is taken in.
    taken: Vec<u8>,
    /// The prekey it was sealed to.
    prekey: u32,
    pub(super) items: Vec<BundleItem>,
}

/// What one bundle brought.
pub(super) struct Brought {
    pub identity: IdentityId,
    pub messages: u64,
    acknowledged: u64,
    unusable: u64,
    /// Loads that are new here.
    #[cfg(feature = "simulation")]
    pub loads: Vec<u64>,
}

impl Opened {
    /// Its release value.
    pub fn release(&self) -> Option<Release> {
        let mut items = self.items.iter();
        let item = items.find(|item| item.kind == items::RELEASE)?;
        let said = items::read::<ReleaseItem>(&item.content).ok()?;
        Some(said.release)
    }
}

impl Owners {
    pub(super) fn carry_export(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
    ) -> Result<Reply, CallError> {
        let identity = self.people.contact_named(id)?;
        if self
            .people
            .contacts
            .get(&identity)
            .is_some_and(|contact| contact.blocked)
        {
            return Err(Refusal::Blocked.into());
        }
        let devices: Vec<DeviceId> = self.people.devices_of(identity).collect();
        let mut parcel = MAGIC.to_vec();
        for device in devices {
            if let Some(sealed) = self.seal_bundle(turn, identity, device, MAX_LIFETIME_S)? {
                parcel.extend_from_slice(&sealed.bundle);
            }
        }
        if parcel.len() == MAGIC.len() {
            return Err(Refusal::NoPrekey.into());
        }
        Ok(Reply::Parcel(parcel))
    }

    /// All that a device has not acknowledged, as far as it fits; `None` without a prekey of it.
    pub(super) fn seal_bundle(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        id: DeviceId,
        lifetime_s: u32,
    ) -> Result<Option<Sealed>, CallError> {
        let Some(device) = self.people.devices.get(&id) else {
            return Ok(None);
        };
        let Some(prekey) = device.prekey.clone() else {
            return Ok(None);
        };
        let direction = Direction::between(&self.account.device_id.0, &id.0);
        let mut draft = Draft::new(
            &device.bundle_tag_key,
            direction,
            MAX_BUNDLE,
            self.account.cryptography(),
            &mut turn.rng,
        );
        let release = ReleaseItem {
            release: Release(*draft.release()),
        };
        draft
            .push(items::RELEASE, &tables::encoded(&release))
            .map_err(|_| Refusal::Bug)?;
        for kind in FactKind::ALL {
            let held = device.held.of(kind);
            if held > 0 {
                let held = FactHeld {
                    kind: kind as u8,
                    version: held,
                };
                draft
                    .push(items::FACT_HELD, &tables::encoded(&held))
                    .map_err(|_| Refusal::Bug)?;
            }
            if self.account.told.versions.of(kind) > device.given.of(kind)
                && let Some(fact) = self.people.fact(&self.account, kind)
            {
                draft
                    .push(items::FACT, &tables::encoded(&fact))
                    .map_err(|_| Refusal::Bug)?;
            }
        }
        self.people.share_prekey(turn, id)?;
        let shared = self.conversations.carried_with(identity);
        let salt_seed = rng::bytes(turn.rng);
        let channel = self.bundle_channel(id, draft.tag(), &salt_seed);
        let mut reconciler = Reconciler::export(turn.txn, &channel, &shared)?;
        let (mut room, mut newest) = (true, BTreeMap::new());
        while room && reconciler.has_more() {
            let mut messages = Vec::new();
            reconciler.fill(turn.txn, &self.account.mark_key, FILL, &mut messages)?;
            for message in messages {
                room = room && draft.push(message.kind(), &message.encode()).is_ok();
                if room && let Some((blind, incarnation, seq)) = last_of_ours(&message) {
                    newest.insert(blind, (incarnation, seq));
                }
            }
        }
        let newest = shared.iter().filter_map(|shared| {
            let blind = Blind::new(shared.secret, draft.tag(), Role::Bundle);
            let (incarnation, seq) = newest.get(&blind)?;
            Some(Newest {
                space: shared.space,
                incarnation: incarnation.0,
                seq: seq.0,
            })
        });
        let newest = newest.collect();
        let sealed = draft.seal(
            &self.account.secrets.device_key,
            &prekey.public,
            &prekey.psk,
            lifetime_s,
            &mut turn.rng,
        );
        Ok(Some(Sealed {
            bundle: sealed.map_err(|_| Refusal::NoPrekey)?,
            newest,
        }))
    }

    /// Reconciliation by a bundle.
    fn bundle_channel<'a>(
        &self,
        peer: DeviceId,
        tag: &'a [u8],
        salt_seed: &'a [u8; 32],
    ) -> Channel<'a> {
        Channel {
            me: self.account.own_log(),
            peer,
            role: Role::Bundle,
            hash: tag,
            salt_seed,
        }
    }

    pub(super) fn carry_import(
        &mut self,
        turn: &mut Turn<'_>,
        parcel: &[u8],
    ) -> Result<Reply, CallError> {
        let mut rest = parcel.strip_prefix(MAGIC).ok_or(Refusal::BadParcel)?;
        // All is looked at before anything is taken in: what is refused leaves nothing behind.
        let mut opened = Vec::new();
        let mut refusal = Refusal::ParcelNotForUs;
        while !rest.is_empty() {
            let length = Header::parse(rest)
                .map_err(|_| Refusal::BadParcel)?
                .length();
            let (bundle, behind) = rest.split_at_checked(length).ok_or(Refusal::BadParcel)?;
            rest = behind;
            match self.open_bundle(turn, bundle) {
                Ok(bundle) => opened.push(bundle),
                Err(CallError::Refused(why)) => refusal = why,
                Err(error) => return Err(error),
            }
        }
        let mut brought: Option<Brought> = None;
        for bundle in opened {
            if turn.txn.get(&bundle.taken)?.is_some() {
                // The same one twice.
                continue;
            }
            let more = self.take_bundle(turn, &bundle)?;
            let before = brought.take();
            brought = Some(match before {
                Some(before) => Brought {
                    messages: more.messages + before.messages,
                    acknowledged: more.acknowledged + before.acknowledged,
                    unusable: more.unusable + before.unusable,
                    ..more
                },
                None => more,
            });
        }
        let brought = brought.ok_or(refusal)?;
        Ok(Reply::Imported(Imported {
            contact: contact::api_id(brought.identity),
            messages: brought.messages,
            acknowledged: brought.acknowledged,
            unusable: brought.unusable,
        }))
    }

    /// Opens a bundle and looks at all in it. Nothing of it is taken in yet.
    pub(super) fn open_bundle(
        &mut self,
        turn: &mut Turn<'_>,
        sealed: &[u8],
    ) -> Result<Opened, CallError> {
        let header = Header::parse(sealed).map_err(|_| Refusal::BadParcel)?;
        let id = self.people.sender_of(&self.account, header.tag());
        let id = id.ok_or(Refusal::ParcelNotForUs)?;
        if !self.people.may_talk_to(id) {
            return Err(Refusal::Blocked.into());
        }
        let taken = Table::BundleTags.key(&[&id.0, &header.tag()[..16]]);
        if turn.txn.get(&taken)?.is_some() {
            return Err(Refusal::ParcelKnown.into());
        }
        let device = self
            .people
            .devices
            .get(&id)
            .ok_or(Refusal::ParcelNotForUs)?;
        let identity = device.identity;
        let keys = self.people.bundle_keys(turn.txn, id)?;
        let opened = bundle::open(
            sealed,
            &device.device_key,
            keys.iter().map(|(_, prekey, secret)| (*prekey, secret)),
        );
        let contents = match opened {
            Ok(contents) => contents,
            Err(BundleFault::NoPrekey) => {
                // Sealed to what is lost here: the sender is to hear again of what is there.
                if device.given.of(FactKind::Prekey)
                    >= self.account.told.versions.of(FactKind::Prekey)
                {
                    self.fact_changed(turn, FactKind::Prekey)?;
                }
                return Err(Refusal::ParcelNotForUs.into());
            }
            Err(BundleFault::Malformed | BundleFault::Altered) => {
                return Err(Refusal::BadParcel.into());
            }
        };
        let lists = contents.items.iter().filter(|item| is_list(item)).count();
        if lists > MAX_LISTS || contents.items.iter().any(|item| !self.is_sound(item)) {
            return Err(Refusal::BadParcel.into());
        }
        Ok(Opened {
            identity,
            device: id,
            tag: *header.tag(),
            taken,
            prekey: keys[contents.which].0,
            items: contents.items,
        })
    }

    /// Takes in what a bundle says. It is its contact's word, so whatever in it makes sense counts, and
    /// only what does not is left out.
    pub(super) fn take_bundle(
        &mut self,
        turn: &mut Turn<'_>,
        bundle: &Opened,
    ) -> Result<Brought, StorageError> {
        turn.txn.put(&bundle.taken, &bundle.prekey.to_be_bytes())?;
        let (identity, id) = (bundle.identity, bundle.device);
        let mut brought = Brought {
            identity,
            messages: 0,
            acknowledged: 0,
            unusable: 0,
            #[cfg(feature = "simulation")]
            loads: bundle.take_loads(turn)?,
        };
        let shared = self.conversations.carried_with(identity);
        let spaces: Vec<SpaceId> = shared.iter().map(|shared| shared.space).collect();
        let salt_seed = rng::bytes(turn.rng);
        let channel = self.bundle_channel(id, &bundle.tag, &salt_seed);
        let mut reconciler = Reconciler::new(turn.txn, &channel, &shared)?;
        let rows = |turn: &Turn<'_>| -> Result<(u64, u64), StorageError> {
            let (mut held, mut queued) = (0, 0);
            for space in &spaces {
                let summary = hedgerow_sync::space::summary(turn.txn, *space)?;
                held += summary.map_or(0, |summary| summary.rows);
                queued += peer::unacked_rows(turn.txn, *space, id)?;
            }
            Ok((held, queued))
        };
        let (before, queued) = rows(turn)?;
        for item in &bundle.items {
            match self.take_item(turn, bundle, &mut reconciler, item) {
                Ok(()) => {}
                Err(LinkError::Peer(_)) => brought.unusable += 1,
                Err(LinkError::Storage(error)) => return Err(error),
            }
        }
        let (after, left) = rows(turn)?;
        brought.messages = after.saturating_sub(before);
        brought.acknowledged = queued.saturating_sub(left);
        Ok(brought)
    }

    /// Takes in one thing that a bundle says.
    fn take_item(
        &mut self,
        turn: &mut Turn<'_>,
        bundle: &Opened,
        reconciler: &mut Reconciler,
        item: &BundleItem,
    ) -> Result<(), LinkError> {
        match item.kind {
            items::FACT => {
                let fact: Fact = items::read(&item.content)?;
                if let Some(kind) = FactKind::from_number(fact.kind) {
                    self.fact_about(turn, bundle.device, kind, &fact)?;
                }
            }
            items::FACT_HELD => self.fact_held(turn, bundle.device, items::read(&item.content)?)?,
            kind if items::SYNC.contains(&kind) => {
                let speaker = self.speaker(bundle.identity)?;
                let events = reconciler.receive(turn.txn, &speaker, kind, &item.content)?;
                self.sync_events(turn, bundle.identity, bundle.device, events)?;
                while reconciler.is_busy() {
                    let speaker = self.speaker(bundle.identity)?;
                    let events = reconciler.proceed(turn.txn, &speaker)?;
                    self.sync_events(turn, bundle.identity, bundle.device, events)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether an item can be read to its end, and may be here.
    fn is_sound(&self, item: &BundleItem) -> bool {
        match item.kind {
            items::FACT => items::read::<Fact>(&item.content).is_ok(),
            items::FACT_HELD => items::read::<FactHeld>(&item.content).is_ok(),
            items::RELEASE => items::read::<ReleaseItem>(&item.content).is_ok(),
            #[cfg(feature = "simulation")]
            items::LOADS if self.simulates() => load::is_sound(item),
            items::LOADS => false,
            kind if items::SYNC.contains(&kind) => match Message::decode(kind, &item.content) {
                Ok(Message::Entries { core, .. }) => Batch::parse(&core).is_ok(),
                Ok(_) => true,
                Err(_) => false,
            },
            _ => true,
        }
    }
}

impl People {
    /// Whose bundle this tag is of, among contacts' devices.
    pub(super) fn sender_of(&self, account: &Account, tag: &[u8; 32]) -> Option<DeviceId> {
        match account.cryptography() {
            Cryptography::Real => {
                let me = account.device_id;
                let senders = self.devices.iter().map(|(id, device)| {
                    let direction = Direction::between(&id.0, &me.0);
                    (*id, &device.bundle_tag_key, direction)
                });
                bundle::recognise(tag, senders)
            }
            #[cfg(feature = "simulation")]
            Cryptography::Sized => self.sized_sender_of(account, tag),
        }
    }
}

impl Conversations {
    /// Those that bundles to and from an identity bring.
    fn carried_with(&self, identity: IdentityId) -> Vec<Shared<'_>> {
        let shared = self.with(identity);
        shared.map(|(space, one)| one.shared(space)).collect()
    }
}

/// The last entry of ours in a message, and the conversation as it is called there, if it has any.
fn last_of_ours(message: &Message) -> Option<(Blind, Incarnation, Seq)> {
    let Message::Entries {
        space, log, core, ..
    } = message
    else {
        return None;
    };
    let LogName::SenderIn(incarnation) = *log else {
        return None;
    };
    Some((*space, incarnation, Batch::parse(core).ok()?.last()))
}

/// Whether an item tells a device list.
fn is_list(item: &BundleItem) -> bool {
    item.kind == items::FACT
        && items::read::<Fact>(&item.content)
            .is_ok_and(|fact| fact.kind == FactKind::DeviceList as u8)
}

#[cfg(test)]
mod tests {
    use crate::engine::Engine;
    use hedgerow_sync::memory::MemoryStore;
    use hedgerow_sync::store::Store;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::api::Call;
    use crate::harness::World;

    /// A parcel to the only contact of this engine: a fact that cannot be, then all that is queued.
    fn parcel_with_a_wrong_fact(engine: &Engine, mut store: MemoryStore) -> Vec<u8> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (id, device) = engine
            .owners
            .people
            .devices
            .iter()
            .next()
            .expect("there is a contact");
        let direction = Direction::between(&engine.owners.account.device_id.0, &id.0);
        let mut draft = Draft::new(
            &device.bundle_tag_key,
            direction,
            MAX_BUNDLE,
            Cryptography::Real,
            &mut rng,
        );
        let name = "n".repeat(super::super::account::MAX_NAME + 1);
        let wrong = Fact {
            kind: FactKind::Profile as u8,
            version: 9,
            bytes: tables::encoded(&(name,)).into(),
        };
        draft
            .push(items::FACT, &tables::encoded(&wrong))
            .expect("there is room");
        let shared = engine.owners.conversations.carried_with(device.identity);
        let mut messages = Vec::new();
        let queued = |txn: &mut dyn hedgerow_sync::store::Txn| {
            let channel = engine.owners.bundle_channel(*id, draft.tag(), &[4; 32]);
            let mut reconciler = Reconciler::export(txn, &channel, &shared)?;
            reconciler.fill(txn, &engine.owners.account.mark_key, FILL, &mut messages)
        };
        store.write(queued).expect("memory does not fail");
        for message in messages {
            draft
                .push(message.kind(), &message.encode())
                .expect("there is room");
        }
        let prekey = device.prekey.as_ref().expect("it was told");
        let sealed = draft.seal(
            &engine.owners.account.secrets.device_key,
            &prekey.public,
            &prekey.psk,
            MAX_LIFETIME_S,
            &mut rng,
        );
        [MAGIC, &sealed.expect("the keys are good")].concat()
    }

    #[test]
    fn what_makes_sense_in_a_parcel_comes_in_and_the_answer_says_that_the_rest_did_not() {
        let mut world = World::with(3, &["Ada", "Grace"]);
        world.meet(0, 1);
        world.network.part(0, 1, true);
        world.send(1, 0, "by hand");
        let grace = &world.nodes[1];
        let parcel = parcel_with_a_wrong_fact(grace.engine(), grace.storage.store.clone());
        let Ok(Reply::Imported(imported)) = world.ask(0, Call::CarryImport(parcel)) else {
            panic!("it was refused");
        };
        assert_eq!((imported.messages, imported.unusable), (1, 1));
        assert_eq!(world.texts(0, 1), ["by hand"]);
        assert_eq!(world.contact(0, 1).own_name.0, "Grace");
    }
}
