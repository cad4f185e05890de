//! When a bundle is sealed for a contact that no session reaches (`docs/PROTOCOL.md` section 12a).

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::bundle::Header;

use super::bundle_event::BundleEvent;
use super::couriering::Couriering;
use super::fault::CallError;
use super::held::{self, Own, Row};
use super::{Effects as _, Owners, Turn};
use crate::courier::{Envelope, Hint, ReleaseHash, Tag};

impl Owners {
    /// Something waits for a contact.
    pub(super) fn courier_queued(&mut self, turn: &Turn<'_>, identity: IdentityId) {
        for id in self.people.devices_of(identity).collect::<Vec<DeviceId>>() {
            self.courier_queued_for(turn, id);
        }
    }

    /// Something waits for a device: a bundle of it is due at once, or as long after the last one as the
    /// settings say.
    pub(super) fn courier_queued_for(&mut self, turn: &Turn<'_>, id: DeviceId) {
        let Some(couriering) = &mut self.couriering else {
            return;
        };
        if self.sessions.contains_key(&id) || !self.people.devices.contains_key(&id) {
            return;
        }
        let now_ms = turn.now.mono_ms;
        let settings = couriering.courier.settings();
        let pause_ms = match settings.one_message {
            true => 0,
            false => u64::from(settings.reseal_s) * 1_000,
        };
        let sealed = couriering.sealed.get(&id);
        let due = sealed.map_or(now_ms, |sealed| (sealed + pause_ms).max(now_ms));
        couriering.due.entry(id).or_insert(due);
    }

    /// Seals what is due.
    pub(super) fn seal_due(
        &mut self,
        turn: &mut Turn<'_>,
        couriering: &mut Couriering,
    ) -> Result<(), StorageError> {
        let now_ms = turn.now.mono_ms;
        let due: Vec<DeviceId> = couriering
            .due
            .extract_if(.., |_, due| *due <= now_ms)
            .map(|(id, _)| id)
            .collect();
        for id in due {
            let Some(device) = self.people.devices.get(&id) else {
                continue;
            };
            let identity = device.identity;
            if !self.people.contacts.contains_key(&identity)
                || self.people.is_blocked(&identity)
                || self.sessions.contains_key(&id)
                || self.conversations.has_all(turn.txn, identity, id)?
            {
                continue;
            }
            let lifetime_s = couriering.courier.settings().lifetime_s;
            let sealed = match self.seal_bundle(turn, identity, id, lifetime_s) {
                Ok(Some(sealed)) => sealed,
                Ok(None) | Err(CallError::Refused(_)) => continue,
                Err(CallError::Storage(error)) => return Err(error),
            };
            couriering.sealed.insert(id, now_ms);
            let own = Own {
                to: id,
                newest: sealed.newest,
                #[cfg(feature = "simulation")]
                loads: Vec::new(),
            };
            let size = sealed.bundle.len() as u64;
            self.give_to_couriers(turn, couriering, identity, &sealed.bundle, size, own)?;
        }
        Ok(())
    }

    /// Keeps a bundle of ours, which counts for `size` bytes, where couriers are given it from. False: it has no
    /// room.
    pub(super) fn give_to_couriers(
        &mut self,
        turn: &mut Turn<'_>,
        couriering: &mut Couriering,
        identity: IdentityId,
        bundle: &[u8],
        size: u64,
        own: Own,
    ) -> Result<bool, StorageError> {
        let Ok(header) = Header::parse(bundle) else {
            return Ok(false);
        };
        let length = bundle.len() as u64;
        let courier = &mut couriering.courier;
        let envelope = Envelope {
            tag: Tag(*header.tag()),
            size,
            lifetime_s: header.lifetime_s(),
            age_s: 0,
            release: ReleaseHash(*header.release()),
            copies: 1,
            hint: courier.needs_hint().then(|| Hint::of(&identity.0)),
        };
        if !courier.add(envelope, length, turn.now.mono_ms, &mut turn.rng) {
            return Ok(false);
        }
        if let Some(held) = courier.bundles().get(&envelope.tag) {
            Row::of(held, Some(&own), turn.now).save(turn.txn)?;
            held::keep(turn.txn, &envelope.tag, bundle)?;
        }
        turn.out.bundle(BundleEvent::Sealed {
            bundle: envelope.tag,
            to: own.to,
            size: envelope.size,
            #[cfg(feature = "simulation")]
            loads: own.loads.iter().map(|load| load.id).collect(),
            messages: !own.newest.is_empty(),
        });
        couriering.own.insert(envelope.tag, own);
        Ok(true)
    }
}
