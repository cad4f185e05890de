//! When we seal a bundle for a contact without a session, and where it is kept then.

use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, IdentityId, SpaceId};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::bundle::Header;

use super::Couriering;
use super::held::Own;
use crate::courier::{Envelope, Hint, ReleaseHash, Tag};
use crate::engine::bundle_event::BundleEvent;
use crate::engine::{Effects as _, Now, Turn};

impl Couriering {
    /// Messages wait for a device without a session. A bundle for it is due at once, or as long after the last one as
    /// the settings say.
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

    /// Takes out the devices for which a bundle is due.
    pub fn take_due(&mut self, now: Now) -> Vec<DeviceId> {
        let due = self.due.extract_if(.., |_, due| *due <= now.mono_ms);
        due.map(|(device, _)| device).collect()
    }

    /// Notes when a bundle of messages was sealed for a device.
    pub fn note_sealed(&mut self, device: DeviceId, now: Now) {
        self.sealed.insert(device, now.mono_ms);
    }

    /// Keeps a bundle of ours, which counts as `size` bytes, so that couriers can take copies. False if there is no
    /// room for it.
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

    /// A contact has acknowledged entries: bundles whose messages have arrived another way may go.
    pub fn acked(&mut self, identity: IdentityId) {
        if !self.own.is_empty() {
            self.acked.insert(identity);
        }
    }

    /// Takes out the contacts who have acknowledged entries since the last call.
    pub fn take_acked(&mut self) -> impl Iterator<Item = IdentityId> + use<> {
        std::mem::take(&mut self.acked).into_iter()
    }

    /// Drops those bundles for some devices of which every message by our device is acknowledged.
    pub fn drop_acked(
        &mut self,
        turn: &mut Turn<'_>,
        us: impl Fn(SpaceId) -> DeviceId,
        is_to: impl Fn(DeviceId) -> bool,
    ) -> Result<(), StorageError> {
        let mut arrived = Vec::new();
        for (tag, own) in self.own.iter().filter(|(_, own)| is_to(own.to)) {
            if !own.newest.is_empty() && own.is_acked(turn.txn, &us)? {
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
