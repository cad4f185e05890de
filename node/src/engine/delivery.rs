//! What is delivered and what is not (`docs/PROTOCOL.md` section 6).

use hedgerow_sync::id::IdentityId;
use hedgerow_sync::peer;
use hedgerow_sync::store::{Reader, StorageError};

use super::people::People;
use super::reconciling;

/// Messages of ours that none of a contact's devices is known to hold.
pub(crate) fn queued(
    reader: &dyn Reader,
    people: &People,
    identity: IdentityId,
) -> Result<u64, StorageError> {
    let Some(contact) = people.contacts.get(&identity) else {
        return Ok(0);
    };
    let space = reconciling::space_id(&contact.space);
    let mut least = None;
    for device in people.devices_of(identity) {
        let unacked = peer::unacked_rows(reader, space, device)?;
        least = Some(least.map_or(unacked, |least: u64| least.min(unacked)));
    }
    Ok(least.unwrap_or_default())
}
