//! Conversations as the API shows them, and how far what we wrote there has come (`docs/PROTOCOL.md` section 6).

use hedgerow_sync::id::{DeviceId, IdentityId, SpaceId};
use hedgerow_sync::peer;
use hedgerow_sync::space;
use hedgerow_sync::store::{Reader, StorageError};

use super::conversations::{self, Conversation};
use super::fault::CallError;
use super::people::contact::{self, Contact};
use super::{Now, Owners, Turn, View, draft, reading, recording, timers};
use crate::api::{self, ConversationId, Delivery, DeliveryState, Private, Refusal, Reply};

/// How far what we wrote in a conversation has come.
pub(super) struct Recipients {
    /// Every device that it goes to, those of one member in a row, and whether it has all.
    pub devices: Vec<Delivery>,
    /// Messages that some member has on no device yet.
    pub queued: u64,
}

/// What a device of a contact is called in the API: the first half of its id, in hex.
pub(crate) fn device_name(id: DeviceId) -> api::DeviceId {
    api::DeviceId(data_encoding::HEXLOWER.encode(&id.0[..8]))
}

impl Owners {
    pub(super) fn list_conversations(
        &self,
        reader: &dyn Reader,
        now: Now,
    ) -> Result<Vec<api::Conversation>, StorageError> {
        let mut shown = Vec::new();
        for (space, known) in self.conversations.shown() {
            shown.extend(self.view_conversation(reader, now, space, known)?);
        }
        Ok(shown)
    }

    /// Removes a conversation that no contact takes with it, and all that was written there.
    pub(super) fn erase_conversation(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
    ) -> Result<Reply, CallError> {
        let (space, known) = self.conversations.named(id)?;
        if let Some(open) = self.groups.get(space)
            && !open.standing(turn.txn)?.is_over()
        {
            return Err(Refusal::StillAMember.into());
        }
        if !known.kind.members().is_empty() {
            return Err(Refusal::HasMembers.into());
        }
        match known.kind.is_group() {
            true => self.erase_group(turn, space)?,
            false => self.conversations.remove(turn, space)?,
        }
        turn.pending.erased.insert(space);
        Ok(Reply::Done)
    }

    pub(super) fn show_conversation(
        &self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
    ) -> Result<Reply, CallError> {
        let (space, known) = self.conversations.named(id)?;
        let shown = self.view_conversation(turn.txn, turn.now, space, known)?;
        Ok(Reply::Conversation(
            shown.ok_or(Refusal::NoSuchConversation)?,
        ))
    }

    /// A conversation as it is shown; `None`: people see none.
    fn view_conversation(
        &self,
        reader: &dyn Reader,
        now: Now,
        space: SpaceId,
        known: &Conversation,
    ) -> Result<Option<api::Conversation>, StorageError> {
        let Some(kind) = known.kind.shown() else {
            return Ok(None);
        };
        let members = self.conversations.members_of(space);
        let names = members.iter().filter_map(|id| self.people.contacts.get(id));
        let names: Vec<&str> = names.map(Contact::name).collect();
        let Recipients { devices, queued } = self.recipients(reader, now, space, members)?;
        let summary = space::summary(reader, space)?;
        let (continues, continued_by) = self.continuations(reader, space)?;
        Ok(Some(api::Conversation {
            id: conversations::api_id(space),
            kind,
            name: Private(known.name.clone().unwrap_or_else(|| names.join(", "))),
            members: members
                .iter()
                .map(|member| contact::api_id(*member))
                .collect(),
            messages: summary.map_or(0, |summary| summary.rows),
            unread: reading::unread(reader, space, known.kind.us(self.account.device_id))?,
            queued,
            why: api::why(&devices),
            recipients: devices,
            draft: draft::of(reader, space)?,
            recording: recording::length(reader, space)?,
            timer_s: timers::of(reader, space)?,
            active_ms: known.active_ms,
            muted: known.settings.muted(now.wall_ms),
            archived: known.settings.archived,
            marked_unread: known.settings.marked_unread,
            group: self.group_state(reader, space)?,
            continues,
            continued_by,
        }))
    }

    /// How far what we wrote in a conversation has come.
    pub(super) fn recipients(
        &self,
        reader: &dyn Reader,
        now: Now,
        space: SpaceId,
        members: &[IdentityId],
    ) -> Result<Recipients, StorageError> {
        let view = View::of(&self.account, &self.people, &self.sessions);
        let (mut devices, mut queued) = (Vec::new(), 0);
        for member in members {
            let mut least = None;
            for id in self.people.devices_of(*member) {
                let unacked = peer::unacked_rows(reader, space, id)?;
                least = Some(least.map_or(unacked, |least: u64| least.min(unacked)));
                devices.push(Delivery {
                    contact: contact::api_id(*member),
                    device: device_name(id),
                    state: match unacked {
                        0 => DeliveryState::Delivered,
                        _ => DeliveryState::Queued {
                            why: Some(self.reach.why(view, id, now)),
                        },
                    },
                });
            }
            queued = queued.max(least.unwrap_or_default());
        }
        Ok(Recipients { devices, queued })
    }
}
