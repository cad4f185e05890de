//! Parcels carried by hand: sealed bundles in a file (`docs/PROTOCOL.md` section 12).

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::bundle::{Header, MAX_LIFETIME_S};

use super::fault::CallError;
use super::intake::{Brought, Intake};
use super::people::contact;
use super::{CallId, Effects as _, Engine, Owners, Turn, share};
use crate::api::{ContactId, Imported, Refusal, Reply};

/// The first bytes of a parcel: a name and a version.
pub const PARCEL_MAGIC: &[u8; 9] = b"HEDGEBDL\x02";

/// A parcel that the engine takes in, in slices of work. Its caller waits for the answer.
pub(super) struct Import {
    call: CallId,
    /// The bytes of bundles that are not parsed yet.
    rest: Bytes,
    /// Bundles for us. All but perhaps the last are open and sound. The engine takes in none before all are, so that a
    /// refused parcel leaves nothing behind.
    bundles: VecDeque<Intake>,
    /// The refusal if the parcel holds nothing for us.
    refusal: Refusal,
    brought: Option<Brought>,
}

impl Import {
    fn new(call: CallId, mut parcel: Bytes) -> Result<Import, Refusal> {
        if !parcel.starts_with(PARCEL_MAGIC) {
            return Err(Refusal::BadParcel);
        }
        parcel.advance(PARCEL_MAGIC.len());
        Ok(Import {
            call,
            rest: parcel,
            bundles: VecDeque::new(),
            refusal: Refusal::ParcelNotForUs,
            brought: None,
        })
    }

    /// Splits the next bundle off.
    fn next_bundle(&mut self) -> Result<Bytes, Refusal> {
        let header = Header::parse(&self.rest).map_err(|_| Refusal::BadParcel)?;
        if header.length() > self.rest.len() {
            return Err(Refusal::BadParcel);
        }
        Ok(self.rest.split_to(header.length()))
    }

    fn add(&mut self, more: Brought) {
        self.brought = Some(match self.brought.take() {
            Some(before) => Brought {
                messages: more.messages + before.messages,
                acknowledged: more.acknowledged + before.acknowledged,
                unusable: more.unusable + before.unusable,
                ..more
            },
            None => more,
        });
    }

    fn reply(&mut self) -> Result<Reply, Refusal> {
        let brought = self.brought.take().ok_or(self.refusal.clone())?;
        Ok(Reply::Imported(Imported {
            contact: contact::api_id(brought.identity),
            messages: brought.messages,
            acknowledged: brought.acknowledged,
            unusable: brought.unusable,
        }))
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
        let mut parcel = PARCEL_MAGIC.to_vec();
        for device in devices {
            if let Some(sealed) = self.seal_bundle(turn, identity, device, MAX_LIFETIME_S)? {
                parcel.extend_from_slice(&sealed.bundle);
            }
        }
        if parcel.len() == PARCEL_MAGIC.len() {
            return Err(Refusal::NoPrekey.into());
        }
        Ok(Reply::Bytes(parcel))
    }

    /// Continues with a parcel until `end` of the turn's work. Gives the answer once the whole parcel is taken in.
    fn import(
        &mut self,
        turn: &mut Turn<'_>,
        import: &mut Import,
        end: u64,
    ) -> Result<Option<Reply>, CallError> {
        while turn.meter.spent() < end {
            if let Some(bundle) = import.bundles.back_mut()
                && !bundle.is_checked()
            {
                self.check_intake(turn, bundle, end)?;
            } else if !import.rest.is_empty() {
                let sealed = import.next_bundle()?;
                turn.meter.count(share::STEERING_WORK);
                match self.begin_intake(turn, sealed) {
                    Ok(bundle) => import.bundles.push_back(bundle),
                    Err(CallError::Refused(why)) => import.refusal = why,
                    Err(error) => return Err(error),
                }
            } else if let Some(bundle) = import.bundles.front_mut() {
                match self.take_intake(turn, bundle, end) {
                    Ok(None) => {}
                    Ok(Some(brought)) => {
                        import.bundles.pop_front();
                        import.add(brought);
                    }
                    Err(CallError::Refused(why)) => {
                        import.bundles.pop_front();
                        import.refusal = why;
                    }
                    Err(error) => return Err(error),
                }
            } else {
                return Ok(Some(import.reply()?));
            }
        }
        Ok(None)
    }
}

impl Engine {
    /// Begins to take in a parcel. Gives the answer if the parcel is short and no other one is under way.
    pub(super) fn carry_import(
        &mut self,
        turn: &mut Turn<'_>,
        id: CallId,
        parcel: Vec<u8>,
    ) -> Result<Option<Reply>, CallError> {
        let mut import = Import::new(id, parcel.into())?;
        let end = turn.slice_end();
        if self.imports.is_empty()
            && let Some(reply) = self.owners.import(turn, &mut import, end)?
        {
            return Ok(Some(reply));
        }
        self.imports.push_back(import);
        Ok(None)
    }

    /// Continues with the oldest parcel for a slice, and answers its call once all of it is taken in.
    pub(super) fn import_slice(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let end = turn.slice_end();
        let Some(import) = self.imports.front_mut() else {
            return Ok(());
        };
        let answer = match self.owners.import(turn, import, end) {
            Ok(None) => return Ok(()),
            Ok(Some(reply)) => Ok(reply),
            Err(CallError::Refused(refusal)) => Err(refusal),
            Err(CallError::Storage(error)) => return Err(error),
        };
        turn.out.answer(import.call, answer);
        self.imports.pop_front();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hedgerow_sync::memory::MemoryStore;
    use hedgerow_sync::reconcile::Reconciler;
    use hedgerow_sync::store::Store;
    use hedgerow_transport::bundle::{Draft, MAX_BUNDLE};
    use hedgerow_transport::cryptography::Cryptography;
    use hedgerow_transport::handshake::Direction;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::api::Call;
    use crate::engine::fact::{Fact, FactKind};
    use crate::engine::items;
    use crate::engine::sealing::FILL;
    use crate::harness::World;
    use crate::tables;

    /// A parcel for the only contact of this engine: a fact that cannot be true, then everything that is queued.
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
        [&PARCEL_MAGIC[..], &sealed.expect("the keys are good")].concat()
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
