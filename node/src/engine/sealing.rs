//! When a bundle is sealed for a contact that no session reaches (`docs/PROTOCOL.md` section 12a).

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::peer;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::bundle::{Draft, Header, MAX_BUNDLE};
use hedgerow_transport::handshake::Direction;
use hedgerow_transport::padding::padme;

use super::bundle_event::BundleEvent;
use super::carried::{self, Own, Parcel, Row};
use super::couriering::Couriering;
use super::fault::CallError;
use super::items::{self, ReleaseItem};
use super::{Effects as _, Engine, Turn, reconciling};
use crate::api::ContactId;
use crate::courier::{Envelope, Hint, Release, ReleaseHash, Tag};
use crate::tables;

/// The most parcels of one bundle.
const MAX_PARCELS: usize = 64;

impl Engine {
    /// Something waits for a contact.
    pub(super) fn courier_queued(&mut self, turn: &Turn<'_>, identity: IdentityId) {
        for id in self.devices_of(identity).collect::<Vec<DeviceId>>() {
            self.courier_queued_for(turn, id);
        }
    }

    /// Something waits for a device: a bundle of it is due at once, or as long after the last one as the
    /// settings say.
    pub(super) fn courier_queued_for(&mut self, turn: &Turn<'_>, id: DeviceId) {
        let Some(couriering) = &mut self.couriering else {
            return;
        };
        if self.sessions.contains_key(&id) || !self.devices.contains_key(&id) {
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
            let Some(device) = self.devices.get(&id) else {
                continue;
            };
            let identity = device.identity;
            let Some(contact) = self.contacts.get(&identity).filter(|one| !one.blocked) else {
                continue;
            };
            let space = reconciling::space_id(&contact.space);
            if self.sessions.contains_key(&id) || peer::unacked(turn.txn, space, id)? == 0 {
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
                newest: sealed.newest.map(|(log, seq)| (log.incarnation.0, seq.0)),
                parcels: Vec::new(),
            };
            self.give_to_couriers(turn, couriering, identity, &sealed.bundle, 0, own)?;
        }
        Ok(())
    }

    /// Seals a parcel for a contact.
    pub(super) fn parcel(
        &mut self,
        turn: &mut Turn<'_>,
        to: &ContactId,
        length: u64,
        id: u64,
    ) -> Result<(), StorageError> {
        let Some(mut couriering) = self.couriering.take() else {
            turn.out.bundle(BundleEvent::NotSealed { parcel: id });
            return Ok(());
        };
        let parcel = Parcel { id, length };
        let sealed = self.seal_parcel(turn, &mut couriering, to, parcel);
        self.couriering = Some(couriering);
        if !sealed? {
            turn.out.bundle(BundleEvent::NotSealed { parcel: id });
        }
        Ok(())
    }

    fn seal_parcel(
        &mut self,
        turn: &mut Turn<'_>,
        couriering: &mut Couriering,
        to: &ContactId,
        parcel: Parcel,
    ) -> Result<bool, StorageError> {
        let Ok(identity) = self.contact_named(to) else {
            return Ok(false);
        };
        let Some(id) = self.devices_of(identity).next() else {
            return Ok(false);
        };
        let Some(prekey) = self
            .devices
            .get(&id)
            .and_then(|device| device.prekey.clone())
        else {
            return Ok(false);
        };
        let settings = couriering.courier.settings().clone();
        let mut parcels = vec![parcel];
        if !settings.one_message {
            let earlier = couriering.own.values().filter(|own| own.to == id);
            for earlier in earlier.flat_map(|own| &own.parcels) {
                if parcels.len() < MAX_PARCELS && !parcels.contains(earlier) {
                    parcels.push(*earlier);
                }
            }
        }
        self.share_prekey(turn, id)?;
        let Some(device) = self.devices.get(&id) else {
            return Ok(false);
        };
        let direction = Direction::between(&self.device_id.0, &id.0);
        let draft = Draft::new(
            &device.bundle_tag_key,
            direction,
            MAX_BUNDLE,
            self.account.cryptography(),
            &mut turn.rng,
        );
        let mut draft = draft.without_padding();
        let release = Release(*draft.release());
        let ghosts = parcels
            .iter()
            .fold(0_u64, |sum, parcel| sum.saturating_add(parcel.length));
        let ghost = match settings.padding {
            true => padme(usize::try_from(ghosts).unwrap_or(usize::MAX >> 1)) as u64,
            false => ghosts,
        };
        let said = ReleaseItem { release, ghost };
        let mut pushed = draft.push(items::RELEASE, &tables::encoded(&said));
        for parcel in &parcels {
            pushed = pushed.and(draft.push(items::PARCEL, &tables::encoded(parcel)));
        }
        let sealed = draft.seal(
            &self.account.device_key,
            &prekey.public,
            &prekey.psk,
            settings.lifetime_s,
            &mut turn.rng,
        );
        let (Ok(()), Ok(bundle)) = (pushed, sealed) else {
            return Ok(false);
        };
        let own = Own {
            to: id,
            newest: None,
            parcels,
        };
        self.give_to_couriers(turn, couriering, identity, &bundle, ghost, own)
    }

    /// Keeps a bundle of ours where couriers are given it from. False: it has no room.
    fn give_to_couriers(
        &mut self,
        turn: &mut Turn<'_>,
        couriering: &mut Couriering,
        identity: IdentityId,
        bundle: &[u8],
        ghost: u64,
        own: Own,
    ) -> Result<bool, StorageError> {
        let Ok(header) = Header::parse(bundle) else {
            return Ok(false);
        };
        let length = bundle.len() as u64;
        let courier = &mut couriering.courier;
        let envelope = Envelope {
            tag: Tag(*header.tag()),
            size: length.saturating_add(ghost),
            lifetime_s: header.lifetime_s(),
            age_s: 0,
            release: ReleaseHash(*header.release()),
            copies: 1,
            hint: courier.needs_hint().then(|| Hint::of(&identity.0)),
        };
        if !courier.add(envelope, length, turn.now.mono_ms, &mut turn.rng) {
            return Ok(false);
        }
        if let Some(carried) = courier.bundles().get(&envelope.tag) {
            Row::of(carried, Some(&own), turn.now).save(turn.txn)?;
            carried::keep(turn.txn, &envelope.tag, bundle)?;
        }
        turn.out.bundle(BundleEvent::Sealed {
            bundle: envelope.tag,
            to: own.to,
            size: envelope.size,
            parcels: own.parcels.iter().map(|parcel| parcel.id).collect(),
            messages: own.newest.is_some(),
        });
        couriering.own.insert(envelope.tag, own);
        Ok(true)
    }
}
