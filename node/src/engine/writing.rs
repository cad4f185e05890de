//! Writing into a conversation: texts, and what people say of messages (`docs/PROTOCOL.md` section 4).

use bytes::Bytes;
use hedgerow_sync::conversation;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, IdentityId};
use hedgerow_sync::page;
use hedgerow_sync::space::{self, AppendError};

use super::conversation::{
    MAX_EMOJI, PIN, PINNED, REACTION, check_length, is_emoji, message_id, parse_message_id,
    text_body,
};
use super::fault::CallError;
use super::links::Errand;
use super::reach::dialling::Target;
use super::{Owners, Turn, reconciling};
use crate::api::{ContactId, MessageId, Private, Refusal, Reply};

impl Owners {
    pub(super) fn send_text(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        text: &Private,
    ) -> Result<Reply, CallError> {
        let identity = self.writable(id)?;
        if text.0.is_empty() {
            return Err(Refusal::Empty.into());
        }
        check_length(&text.0)?;
        let entry = self.append(turn, identity, What::TEXT, text_body(&text.0))?;
        Ok(Reply::Sent(message_id(entry)))
    }

    /// Puts an emoji on a message, in place of our last one; an empty one takes it back.
    pub(super) fn react(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        message: &MessageId,
        emoji: &Private,
    ) -> Result<Reply, CallError> {
        if emoji.0.len() > MAX_EMOJI || !(emoji.0.is_empty() || is_emoji(&emoji.0)) {
            return Err(Refusal::NotAnEmoji.into());
        }
        self.annotate(turn, id, message, REACTION, emoji.0.as_bytes())
    }

    /// Pins a message for everybody in the conversation, or takes it down.
    pub(super) fn pin(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        message: &MessageId,
        pinned: bool,
    ) -> Result<Reply, CallError> {
        self.annotate(turn, id, message, PIN, if pinned { PINNED } else { &[] })
    }

    /// Says something of a message; what we have said already is not said again.
    fn annotate(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        message: &MessageId,
        kind: AnnotationKind,
        says: &[u8],
    ) -> Result<Reply, CallError> {
        let identity = self.writable(id)?;
        let contact = self
            .people
            .contacts
            .get(&identity)
            .ok_or(Refusal::NoSuchContact)?;
        let space = reconciling::space_id(&contact.space);
        let target = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        let row = page::entry(turn.txn, space, target)?.filter(|entry| entry.what.is_row());
        if row.is_none() {
            return Err(Refusal::NoSuchMessage.into());
        }
        let said = conversation::annotations(turn.txn, space, kind, [target])?;
        let mut said = said.into_values().flatten();
        // A message has one pin, whoever set it, and an emoji of each person.
        let last = said.rfind(|said| kind == PIN || said.author() == self.account.device_id);
        let is_said = match last.map(|annotation| annotation.body) {
            Some(Body::Bytes(body)) => body == says,
            Some(Body::Gone) | None => says.is_empty(),
        };
        if !is_said {
            let body = Body::Bytes(Bytes::copy_from_slice(says));
            self.append(turn, identity, What::Annotation { kind, target }, body)?;
        }
        Ok(Reply::Done)
    }

    /// The contact that an API id names, if the conversation with it may be written into.
    fn writable(&self, id: &ContactId) -> Result<IdentityId, Refusal> {
        let identity = self.people.contact_named(id)?;
        let contact = self
            .people
            .contacts
            .get(&identity)
            .ok_or(Refusal::NoSuchContact)?;
        match contact.blocked {
            true => Err(Refusal::Blocked),
            false => Ok(identity),
        }
    }

    /// Appends an entry of ours, and sends it to everybody whom it concerns.
    fn append(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        what: What,
        body: Body,
    ) -> Result<EntryId, CallError> {
        let contact = self
            .people
            .contacts
            .get(&identity)
            .ok_or(Refusal::NoSuchContact)?;
        let space = reconciling::space_id(&contact.space);
        let log = self.account.own_log();
        let appended = match space::append(turn.txn, space, log, turn.now.wall_ms, what, body) {
            Ok(appended) => appended,
            Err(AppendError::Storage(error)) => return Err(error.into()),
            Err(AppendError::NoSuchSpace | AppendError::TooLong) => {
                tracing::error!("a contact without a space, or a body over its limit");
                return Err(Refusal::Bug.into());
            }
        };
        turn.errands
            .push(Errand::TellGrowth(space, log, appended.id.seq));
        self.conversation_changed(turn, identity, log, &appended.changes);
        self.courier_queued(turn, identity);
        // Somebody waits: devices that are out of reach are tried again at once.
        for device in self.people.devices_of(identity).collect::<Vec<_>>() {
            self.reach.hurry(Target::Device(device), turn.now.mono_ms);
        }
        Ok(appended.id)
    }
}
