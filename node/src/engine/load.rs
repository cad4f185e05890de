//! Loads: ghost bytes that a bundle stands for beside its own, so that simulations measure how bundles travel
//! without moving real contents.

use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::bundle::{Draft, MAX_BUNDLE};
use hedgerow_transport::handshake::Direction;
use hedgerow_transport::padding::padme;
use minicbor::{Decode, Encode};

use super::bundle_event::BundleEvent;
use super::couriering::held::Own;
use super::items::{self, ReleaseItem};
use super::{Effects as _, Owners, Turn};
use crate::api::ContactId;
use crate::courier::Release;
use crate::tables::{self, Table};

/// The most loads of one bundle.
const MAX_LOADS: usize = 64;

/// A number of ghost bytes in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Load {
    #[n(0)]
    pub id: u64,
    #[n(1)]
    pub length: u64,
}

/// In a bundle, item 51.
#[derive(Encode, Decode)]
pub(crate) struct LoadsItem {
    /// The ghost bytes of the bundle: those of its loads, padded if its sender pads.
    #[n(0)]
    pub ghost: u64,
    #[n(1)]
    loads: Vec<Load>,
}

/// The loads in an item of a bundle; `None` if the item cannot be parsed or holds too many.
pub(super) fn read(content: &[u8]) -> Option<LoadsItem> {
    let item = items::read::<LoadsItem>(content).ok()?;
    (item.loads.len() <= MAX_LOADS).then_some(item)
}

/// Notes the loads of an item of a device's bundle as taken. Gives those that are new here.
pub(super) fn take(
    turn: &mut Turn<'_>,
    device: DeviceId,
    content: &[u8],
) -> Result<Vec<u64>, StorageError> {
    let mut new = Vec::new();
    for load in read(content).map_or(Vec::new(), |item| item.loads) {
        let taken = Table::Loads.key(&[&device.0, &load.id.to_be_bytes()]);
        if turn.txn.get(&taken)?.is_none() {
            turn.txn.put(&taken, &[])?;
            new.push(load.id);
        }
    }
    Ok(new)
}

impl Owners {
    /// Seals a load for a contact.
    pub(super) fn load(
        &mut self,
        turn: &mut Turn<'_>,
        to: &ContactId,
        length: u64,
        id: u64,
    ) -> Result<(), StorageError> {
        if !self.simulates || !self.seal_load(turn, to, Load { id, length })? {
            turn.out.bundle(BundleEvent::NotSealed { load: id });
        }
        Ok(())
    }

    fn seal_load(
        &mut self,
        turn: &mut Turn<'_>,
        to: &ContactId,
        load: Load,
    ) -> Result<bool, StorageError> {
        let Some(couriering) = &mut self.couriering else {
            return Ok(false);
        };
        let Ok(identity) = self.people.contact_named(to) else {
            return Ok(false);
        };
        let Some(id) = self.people.devices_of(identity).next() else {
            return Ok(false);
        };
        let Some(prekey) = self
            .people
            .devices
            .get(&id)
            .and_then(|device| device.prekey.clone())
        else {
            return Ok(false);
        };
        let settings = couriering.settings().clone();
        let mut loads = vec![load];
        if !settings.one_message {
            for earlier in couriering.loads_for(id) {
                if loads.len() < MAX_LOADS && !loads.contains(earlier) {
                    loads.push(*earlier);
                }
            }
        }
        self.people.share_prekey(turn, id)?;
        let Some(device) = self.people.devices.get(&id) else {
            return Ok(false);
        };
        let direction = Direction::between(&self.account.device_id.0, &id.0);
        let draft = Draft::new(
            &device.bundle_tag_key,
            direction,
            MAX_BUNDLE,
            self.account.cryptography(),
            &mut turn.rng,
        );
        let mut draft = draft.without_padding();
        let release = Release(*draft.release());
        let bytes = loads
            .iter()
            .fold(0_u64, |sum, load| sum.saturating_add(load.length));
        let ghost = match settings.padding {
            true => padme(usize::try_from(bytes).unwrap_or(usize::MAX >> 1)) as u64,
            false => bytes,
        };
        let said = LoadsItem {
            ghost,
            loads: loads.clone(),
        };
        let pushed = draft
            .push(items::RELEASE, &tables::encoded(&ReleaseItem { release }))
            .and(draft.push(items::LOADS, &tables::encoded(&said)));
        let sealed = draft.seal(
            &self.account.secrets.device_key,
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
            newest: Vec::new(),
            loads,
        };
        let size = (bundle.len() as u64).saturating_add(ghost);
        couriering.add(turn, identity, bundle, size, own)
    }
}
