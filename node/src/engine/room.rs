//! An invitation for a room (`docs/PROTOCOL.md` section 10): whoever reads it from the wall becomes a contact, and is invited into
//! a group. It is for many, so it verifies nobody, and it closes itself.

use hedgerow_sync::id::{DeviceId, IdentityId, SpaceId};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::keys::PublicKey;
use minicbor::{Decode, Encode};

use super::fault::CallError;
use super::invitation::{Fate, InvitationKey};
use super::links::Errand;
use super::people::contact;
use super::{Owners, Turn, conversations};
use crate::api::{self, ContactId, ConversationId, Refusal};

/// How many people may use one.
pub(crate) const MAX_JOINED: usize = 64;

/// What an invitation for a room is for, and who has used it.
#[derive(Encode, Decode)]
pub(crate) struct Room {
    #[cbor(n(0), with = "super::codec::fixed")]
    group: SpaceId,
    /// Who has used it, in this order.
    #[n(1)]
    joined: Vec<Joined>,
}

/// Somebody who has used it.
#[derive(Encode, Decode)]
struct Joined {
    #[cbor(n(0), with = "super::codec::fixed")]
    identity: IdentityId,
    #[cbor(n(1), with = "super::codec::fixed")]
    device: DeviceId,
}

impl Room {
    pub fn was_used_by(&self, device: DeviceId) -> bool {
        self.joined.iter().any(|one| one.device == device)
    }

    /// As it is shown.
    pub fn view(&self) -> api::Room {
        let joined = self.joined.iter();
        api::Room {
            group: conversations::api_id(self.group),
            joined: joined.map(|one| contact::api_id(one.identity)).collect(),
            limit: MAX_JOINED as u32,
        }
    }
}

impl Owners {
    /// Opens a room for a group, into which we must be able to invite.
    pub(super) fn open_room(&self, group: &ConversationId) -> Result<Room, Refusal> {
        let (space, _) = self.group_named(group)?;
        self.may_invite_into(space)?;
        Ok(Room {
            group: space,
            joined: Vec::new(),
        })
    }

    /// Ends an invitation for a room into whose group we cannot invite any more.
    pub(super) fn shut_room(
        &mut self,
        turn: &mut Turn<'_>,
        id: InvitationKey,
    ) -> Result<(), StorageError> {
        let made = self.people.invitations.get(&id);
        let room = made.and_then(|made| made.room.as_ref().filter(|_| made.is_open()));
        let shuts = room.is_some_and(|room| self.may_invite_into(room.group).is_err());
        if shuts && let Some(made) = self.people.invitations.get_mut(&id) {
            made.end(Fate::Cancelled, turn.now.wall_ms);
            made.save(turn.txn, id)?;
            turn.pending.invitations.insert(id);
        }
        Ok(())
    }

    /// Somebody has become a contact by an invitation: notes it, and invites them into the group if it is for a room. An invitation
    /// for one person ends, and that for a room when all places are taken.
    pub(super) fn came_by(
        &mut self,
        turn: &mut Turn<'_>,
        id: InvitationKey,
        identity: IdentityId,
        (device, key): (DeviceId, PublicKey),
    ) -> Result<(), StorageError> {
        let Some(made) = self.people.invitations.get_mut(&id) else {
            return Ok(());
        };
        let is_over = match &mut made.room {
            None => {
                made.used_by = Some(device);
                true
            }
            Some(room) => {
                if !room.was_used_by(device) {
                    room.joined.push(Joined { identity, device });
                }
                room.joined.len() >= MAX_JOINED
            }
        };
        if is_over {
            made.end(Fate::Used, turn.now.wall_ms);
        }
        let of = made.is_open().then_some(key);
        turn.errands.push(Errand::EndMeetings(id, of));
        made.save(turn.txn, id)?;
        turn.pending.invitations.insert(id);
        match made.room.as_ref().map(|room| room.group) {
            Some(group) => self.invite_from_room(turn, group, identity),
            None => Ok(()),
        }
    }

    fn invite_from_room(
        &mut self,
        turn: &mut Turn<'_>,
        group: SpaceId,
        identity: IdentityId,
    ) -> Result<(), StorageError> {
        let (group, contact): (ConversationId, ContactId) =
            (conversations::api_id(group), contact::api_id(identity));
        match self.invite_to_group(turn, &group, &contact) {
            Ok(_) => Ok(()),
            Err(CallError::Storage(error)) => Err(error),
            Err(CallError::Refused(refused)) => {
                tracing::debug!(?refused, "nobody is invited from the room");
                Ok(())
            }
        }
    }
}
