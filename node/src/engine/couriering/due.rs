//! When a bundle is sealed for a contact that no session reaches, and where it lies then.

use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::bundle::Header;

use super::Couriering;
use super::held::Own;
use crate::courier::{Envelope, Hint, ReleaseHash, Tag};
use crate::engine::bundle_event::BundleEvent;
use crate::engine::{Effects as _, Now, Turn};

impl Couriering {
    /// Something waits for a device without session: a bundle of it is due at once, or as long after the last one as the
    /// settings say.
    pub fn queued(&mut self, device: DeviceId, now: Now) {
        let settings = self.courier.settings();
        let pause_ms = match settings.one_message {
            true => 0,
            false => u64::from(settings.reseal_s) * 1_000,
        };
        let sealed = self.sealed.get(&device);
        let due = sealed.map_or(now.mono_ms, |sealed| (sealed + pause_ms).max(now.mono_ms));
        self.due.entry(device).or_insert(due);
    }

    /// The devices for which a bundle is due; they are not due any more.
    pub fn take_due(&mut self, now: Now) -> Vec<DeviceId> {
        let due = self.due.extract_if(.., |_, due| *due <= now.mono_ms);
        due.map(|(device, _)| device).collect()
    }

    /// A bundle of messages has been sealed for a device.
    pub fn note_sealed(&mut self, device: DeviceId, now: Now) {
        self.sealed.insert(device, now.mono_ms);
    }

    /// Keeps a bundle of ours, which counts for `size` bytes, where couriers are given it from. False: it has no
    /// room.
    pub fn add(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        bundle: Bytes,
        size: u64,
        own: Own,
    ) -> Result<bool, StorageError> {
        let Ok(header) = Header::parse(&bundle) else {
            return Ok(false);
        };
        let length = bundle.len() as u64;
        let courier = &mut self.courier;
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
        turn.out.bundle(BundleEvent::Sealed {
            bundle: envelope.tag,
            to: own.to,
            size: envelope.size,
            #[cfg(feature = "simulation")]
            loads: own.loads.iter().map(|load| load.id).collect(),
            messages: !own.newest.is_empty(),
        });
        self.own.insert(envelope.tag, own);
        self.contents.keep(envelope.tag, bundle);
        Ok(true)
    }

    /// A contact has acknowledged something: bundles of what has arrived another way may go.
    pub fn acked(&mut self, identity: IdentityId) {
        if !self.own.is_empty() {
            self.acked.insert(identity);
        }
    }

    /// Those who have acknowledged something since this was asked last.
    pub fn take_acked(&mut self) -> impl Iterator<Item = IdentityId> + use<> {
        std::mem::take(&mut self.acked).into_iter()
    }

    /// Lets go of bundles for some devices whose messages, of our device, have all been acknowledged.
    pub fn drop_acked(
        &mut self,
        turn: &mut Turn<'_>,
        us: DeviceId,
        is_to: impl Fn(DeviceId) -> bool,
    ) -> Result<(), StorageError> {
        let mut arrived = Vec::new();
        for (tag, own) in self.own.iter().filter(|(_, own)| is_to(own.to)) {
            if !own.newest.is_empty() && own.is_acked(turn.txn, us)? {
                arrived.push(*tag);
            }
        }
        for tag in arrived {
            self.courier.remove(&tag, turn.now.mono_ms, &mut turn.rng);
        }
        Ok(())
    }

    /// The loads in bundles of ours for a device.
    #[cfg(feature = "simulation")]
    pub fn loads_for(&self, device: DeviceId) -> impl Iterator<Item = &crate::engine::load::Load> {
        let its = self.own.values().filter(move |own| own.to == device);
        its.flat_map(|own| &own.loads)
    }
}
