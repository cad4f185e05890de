//! Which members of a group have a message of ours. A member's own word counts: an acknowledgement in a session with it, a receipt
//! that it signed, or anything that it signed after the message. What somebody else tells of it is a claim, and counts nothing.

use hedgerow_sync::conversation::read_up_to;
use hedgerow_sync::group::shows_to_hold;
use hedgerow_sync::id::{DeviceId, EntryId, IdentityId, SpaceId};
use hedgerow_sync::membership::Level;
use hedgerow_sync::page;
use hedgerow_sync::peer;
use hedgerow_sync::store::{Reader, StorageError};

use super::{Names, people};
use crate::api::{ConversationId, Holding, HoldingState, MessageId, Refusal, Reply};
use crate::engine::conversation::parse_message_id;
use crate::engine::fault::CallError;
use crate::engine::{Now, Owners, Turn, View};

impl Owners {
    /// Which members have a message of ours, by name.
    pub(in crate::engine) fn holders(
        &self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.group_named(id)?;
        let entry = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        page::row_place(turn.txn, space, entry)?.ok_or(Refusal::NoSuchMessage)?;
        if !self.is_ours(space, entry.log.device) {
            return Err(Refusal::NotYours.into());
        }
        let me = entry.log.device;
        let names = Names::read(turn.txn, space, me)?;
        let mut holders = Vec::new();
        for (member, person) in people::all(turn.txn, space)? {
            if member == me || person.level_if_it_objects < Level::MEMBER.code() {
                continue;
            }
            let state = self.holding(turn.txn, turn.now, (space, entry), member, person.contact)?;
            holders.push(Holding {
                who: names.of(member),
                state,
            });
        }
        holders.sort_by(|one, other| one.who.name.0.cmp(&other.who.name.0));
        Ok(Reply::Holders(holders))
    }

    fn holding(
        &self,
        reader: &dyn Reader,
        now: Now,
        (space, entry): (SpaceId, EntryId),
        member: DeviceId,
        contact: Option<IdentityId>,
    ) -> Result<HoldingState, StorageError> {
        let has_read = read_up_to(reader, space, entry.log, member)? >= entry.seq;
        if has_read && self.account.settings.receipts {
            return Ok(HoldingState::Read);
        }
        let devices = contact
            .into_iter()
            .flat_map(|one| self.people.devices_of(one));
        let devices: Vec<DeviceId> = devices.collect();
        let mut is_held = has_read;
        for device in &devices {
            is_held |= peer::acked(reader, space, *device, entry.log)? >= entry.seq;
        }
        if is_held || shows_to_hold(reader, space, member, entry)? {
            return Ok(HoldingState::Delivered);
        }
        let view = View::of(&self.account, &self.people, &self.sessions);
        let reasons = devices.iter().map(|id| self.reach.why(view, *id, now));
        let seen = devices.iter().filter_map(|id| self.people.devices.get(id));
        Ok(HoldingState::Unknown {
            why: reasons.min_by_key(crate::api::Why::rank),
            seen_ms: seen.filter_map(|device| device.last_seen_ms).max(),
        })
    }
}
