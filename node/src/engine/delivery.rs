//! What is delivered and what is not, and the one plain reason why (`docs/PROTOCOL.md` section 6).

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::peer;
use hedgerow_sync::store::{Reader, StorageError};

use super::dialling::{Outlook, Target};
use super::{Engine, Now, reconciling};
use crate::api::Why;

/// Messages of ours that none of a contact's devices is known to hold.
pub(crate) fn queued(
    reader: &dyn Reader,
    engine: &Engine,
    identity: IdentityId,
) -> Result<u64, StorageError> {
    let Some(contact) = engine.contacts.get(&identity) else {
        return Ok(0);
    };
    let space = reconciling::space_id(&contact.space);
    let mut least = None;
    for device in engine.devices_of(identity) {
        let unacked = peer::unacked(reader, space, device)?;
        least = Some(least.map_or(unacked, |least: u64| least.min(unacked)));
    }
    Ok(least.unwrap_or_default())
}

impl Engine {
    /// The devices of a contact that we share keys with.
    pub(super) fn devices_of(&self, identity: IdentityId) -> impl Iterator<Item = DeviceId> + '_ {
        self.devices
            .iter()
            .filter(move |(_, device)| device.identity == identity)
            .map(|(id, _)| *id)
    }

    /// Why messages for a contact are not delivered, if there are any.
    pub(super) fn why(&self, identity: IdentityId, now: Now) -> Why {
        if self
            .contacts
            .get(&identity)
            .is_some_and(|contact| contact.blocked)
        {
            return Why::Blocked;
        }
        let devices: Vec<DeviceId> = self.devices_of(identity).collect();
        if devices.iter().any(|id| self.sessions.contains_key(id)) {
            return Why::OnItsWay;
        }
        if devices
            .iter()
            .all(|id| self.devices.get(id).is_none_or(|device| device.gone))
        {
            return Why::Refused;
        }
        if !self.carriers.keys().any(|kind| self.is_usable(*kind)) {
            return Why::NoCarrier;
        }
        let outlooks = devices
            .iter()
            .map(|id| self.dialling.outlook(Target::Device(*id), now.mono_ms));
        outlooks.fold(Why::NotFound, |why, outlook| match (why, outlook) {
            (Why::Connecting, _) | (_, Outlook::Connecting) => Why::Connecting,
            (Why::NoAnswer { next_ms }, Outlook::Waiting(due)) => Why::NoAnswer {
                next_ms: next_ms.min(wall_of(due, now)),
            },
            (_, Outlook::Waiting(due)) => Why::NoAnswer {
                next_ms: wall_of(due, now),
            },
            (why, Outlook::NotFound) => why,
        })
    }
}

/// The wall time of a moment of the monotonic clock.
fn wall_of(mono_ms: u64, now: Now) -> i64 {
    now.wall_ms
        .saturating_add(mono_ms.saturating_sub(now.mono_ms) as i64)
}
