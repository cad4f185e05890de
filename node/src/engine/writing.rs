//! Writing into a conversation: texts, and what people say of messages (`docs/PROTOCOL.md` section 4).

use bytes::Bytes;
use hedgerow_sync::conversation;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, SpaceId};
use hedgerow_sync::page;
use hedgerow_sync::space::{self, AppendError};

use super::conversation::{
    MAX_EMOJI, PIN, PINNED, REACTION, check_length, is_emoji, message_id, parse_message_id,
    text_body,
};
use super::conversations::Kind;
use super::fault::CallError;
use super::links::Errand;
use super::reach::dialling::Target;
use super::{Owners, Turn};
use crate::api::{ConversationId, MessageId, Private, Refusal, Reply};

impl Owners {
    pub(super) fn send_text(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        text: &Private,
    ) -> Result<Reply, CallError> {
        let (space, kind) = self.writable(id)?;
        if text.0.trim().is_empty() {
            return Err(Refusal::Empty.into());
        }
        check_length(&text.0)?;
        let entry = self.append(turn, space, kind, What::TEXT, text_body(&text.0))?;
        Ok(Reply::Sent(message_id(entry)))
    }

    /// Puts an emoji on a message, in place of our last one; an empty one takes it back.
    pub(super) fn react(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
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
        id: &ConversationId,
        message: &MessageId,
        pinned: bool,
    ) -> Result<Reply, CallError> {
        self.annotate(turn, id, message, PIN, if pinned { PINNED } else { &[] })
    }

    /// Says something of a message; what we have said already is not said again.
    fn annotate(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
        of: AnnotationKind,
        says: &[u8],
    ) -> Result<Reply, CallError> {
        let (space, kind) = self.writable(id)?;
        let target = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        let row = page::entry(turn.txn, space, target)?.filter(|entry| entry.what.is_row());
        if row.is_none() {
            return Err(Refusal::NoSuchMessage.into());
        }
        let said = conversation::annotations(turn.txn, space, of, [target])?;
        let mut said = said.into_values().flatten();
        // A message has one pin for everybody, and one emoji of each person.
        let last = said.rfind(|said| of == PIN || self.account.is_ours(said.author()));
        let is_said = match last.map(|annotation| annotation.body) {
            Some(Body::Bytes(body)) => body == says,
            Some(Body::Gone) | None => says.is_empty(),
        };
        if !is_said {
            let body = Body::Bytes(Bytes::copy_from_slice(says));
            let what = What::Annotation { kind: of, target };
            self.append(turn, space, kind, what, body)?;
        }
        Ok(Reply::Done)
    }

    /// The conversation that an API id names, if we may write there: not to somebody who is blocked.
    fn writable(&self, id: &ConversationId) -> Result<(SpaceId, Kind), Refusal> {
        let (space, known) = self.conversations.named(id)?;
        let members = known.kind.members();
        match members.iter().any(|member| self.people.is_blocked(member)) {
            true => Err(Refusal::Blocked),
            false => Ok((space, known.kind)),
        }
    }

    /// Appends an entry of ours, and sends it to all members of the conversation.
    fn append(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        kind: Kind,
        what: What,
        body: Body,
    ) -> Result<EntryId, CallError> {
        let log = self.account.own_log();
        let appended = match space::append(turn.txn, space, log, turn.now.wall_ms, what, body) {
            Ok(appended) => appended,
            Err(AppendError::Storage(error)) => return Err(error.into()),
            Err(AppendError::NoSuchSpace | AppendError::TooLong) => {
                tracing::error!("a conversation without a space, or a body over its limit");
                return Err(Refusal::Bug.into());
            }
        };
        turn.errands
            .push(Errand::TellGrowth(space, log, appended.id.seq));
        self.conversation_changed(turn, space, log, &appended.changes);
        for member in kind.members() {
            self.courier_queued(turn, member);
            // Somebody waits: devices that are out of reach are tried again at once.
            for device in self.people.devices_of(member) {
                self.reach.hurry(Target::Device(device), turn.now.mono_ms);
            }
        }
        Ok(appended.id)
    }
}
