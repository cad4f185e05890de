//! Writing into a conversation: messages, their edits, and what people say of them (`docs/PROTOCOL.md` section 4).

use bytes::Bytes;
use hedgerow_sync::body;
use hedgerow_sync::conversation::{self, MAX_EDITS};
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, SpaceId};
use hedgerow_sync::membership::Level;
use hedgerow_sync::page::{self, Placed};
use hedgerow_sync::space::{self, AppendError};
use hedgerow_sync::store::{Reader, StorageError};

use super::content::{Content, text_body};
use super::conversation::{
    MAX_EMOJI, PIN, PINNED, REACTION, check_length, is_emoji, message_id, parse_message_id,
};
use super::conversations::Kind;
use super::edits::Edits;
use super::fault::CallError;
use super::links::Errand;
use super::reach::dialling::Target;
use super::{Owners, Turn, timers};
use crate::api::{ConversationId, MessageId, NewMessage, Private, Refusal, Reply};
use crate::search;

/// Most conversations that a message is forwarded to at once.
pub const MAX_RECEIVERS: usize = 32;

impl Owners {
    pub(super) fn send_message(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &NewMessage,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.writable(id)?;
        match &message.file {
            Some(_) => check_length(&message.text.0)?,
            None => check_text(&message.text)?,
        }
        let now_s = timers::of(turn.txn, space)?;
        if message.timer_s.is_some_and(|shown_s| shown_s != now_s) {
            return Err(Refusal::TimerChanged { now_s }.into());
        }
        let mut content = Content::text(&message.text.0);
        content.timer_s = timers::of_new(turn.txn, space)?;
        if let Some(answered) = &message.reply_to {
            let (row, _) = written(turn.txn, space, answered)?;
            content.reply_to = Some(row.id.into());
        }
        let file = message.file.as_ref();
        content.file = file.map(|file| self.files.part(file)).transpose()?;
        let (what, body) = content.row();
        let entry = self.append(turn, space, what, body)?;
        if let Some(file) = file {
            self.attached(turn, space, entry, file)?;
        }
        Ok(Reply::Sent(message_id(entry)))
    }

    /// Gives a message of ours another text; the one that it has already is not said again.
    pub(super) fn edit(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
        text: &Private,
    ) -> Result<Reply, CallError> {
        let (space, kind) = self.writable(id)?;
        check_text(text)?;
        let (row, content) = written(turn.txn, space, message)?;
        if !self.is_ours(space, row.id.log.device) {
            return Err(Refusal::NotYours.into());
        }
        let edits = self.edits(turn.txn, space, kind, row.id)?;
        if edits.last(turn.txn, space)?.text(row.id, &content).as_ref() == Some(text) {
            return Ok(Reply::Done);
        }
        if exchange(turn, space, &row, content, edits.present(row.id), text)? {
            return Ok(Reply::Done);
        }
        if edits.times(row.id) >= MAX_EDITS {
            let limit = MAX_EDITS as u32;
            return Err(Refusal::TooManyEdits { limit }.into());
        }
        let what = What::Annotation {
            kind: AnnotationKind::EDIT,
            target: row.id,
        };
        self.append(turn, space, what, text_body(&text.0))?;
        Ok(Reply::Done)
    }

    /// Writes the text of a message into other conversations, as new messages: into all of them or into none.
    pub(super) fn forward(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
        to: &[ConversationId],
    ) -> Result<Reply, CallError> {
        if to.len() > MAX_RECEIVERS {
            let limit = MAX_RECEIVERS as u32;
            return Err(Refusal::TooManyReceivers { limit }.into());
        }
        let (space, known) = self.conversations.named(id)?;
        let (row, content) = written(turn.txn, space, message)?;
        let edits = self.edits(turn.txn, space, known.kind, row.id)?;
        let text = edits.last(turn.txn, space)?.text(row.id, &content);
        // A file would need another key in each conversation: the host seals it anew and sends it there.
        let text = text.filter(|text| !text.0.is_empty());
        let mut content = Content::text(&text.ok_or(Refusal::NoText)?.0);
        let to: Result<Vec<_>, Refusal> = to.iter().map(|id| self.writable(id)).collect();
        let mut sent = Vec::new();
        for (space, _) in to? {
            content.timer_s = timers::of_new(turn.txn, space)?;
            let (what, body) = content.row();
            let entry = self.append(turn, space, what, body)?;
            sent.push(message_id(entry));
        }
        Ok(Reply::Forwarded(sent))
    }

    fn edits(
        &self,
        reader: &dyn Reader,
        space: SpaceId,
        kind: Kind,
        of: EntryId,
    ) -> Result<Edits, StorageError> {
        Edits::read(reader, space, kind, self.account.device_id, [of])
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
        let (space, _) = self.writable(id)?;
        let target = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        if page::row_place(turn.txn, space, target)?.is_none() {
            return Err(Refusal::NoSuchMessage.into());
        }
        let said = conversation::annotations(turn.txn, space, of, [target])?;
        let mut said = said.into_values().flatten();
        // A message has one pin for everybody, and one emoji of each person.
        let last = said.rfind(|said| of == PIN || self.is_ours(space, said.author()));
        let is_said = match last.map(|annotation| annotation.body) {
            Some(Body::Bytes(body)) => body == says,
            Some(Body::Gone) | None => says.is_empty(),
        };
        if !is_said {
            let body = Body::Bytes(Bytes::copy_from_slice(says));
            let what = What::Annotation { kind: of, target };
            self.append(turn, space, what, body)?;
        }
        Ok(Reply::Done)
    }

    /// The conversation that an API id names, if we may write there: not to somebody who is blocked.
    pub(super) fn writable(&self, id: &ConversationId) -> Result<(SpaceId, Kind), Refusal> {
        let (space, known) = self.conversations.named(id)?;
        if let Some(open) = self.groups.get(space) {
            return match open.my_level() {
                _ if !open.group.membership().is_judged() => Err(Refusal::NewerGroup),
                Level::NONE if open.is_suspended() => Err(Refusal::Suspended),
                Level::NONE => Err(Refusal::NotAMember),
                _ => Ok((space, known.kind)),
            };
        }
        let mut members = known.kind.members().iter();
        if !known.kind.is_open() {
            return Err(Refusal::NoLongerContact);
        }
        match members.any(|member| self.people.is_blocked(member)) {
            true => Err(Refusal::Blocked),
            false => Ok((space, known.kind)),
        }
    }

    /// Appends an entry of ours, and sends it to all members of the conversation.
    pub(super) fn append(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        what: What,
        body: Body,
    ) -> Result<EntryId, CallError> {
        let written = self.write(turn, space, what, body)?;
        let entry = written.ok_or(Refusal::Bug)?;
        let members = self.conversations.members_of(space).to_vec();
        for member in &members {
            self.courier_queued(turn, *member);
            // Somebody waits: devices that are out of reach are tried again at once.
            for device in self.people.devices_of(*member) {
                self.reach.hurry(Target::Device(device), turn.now.mono_ms);
            }
        }
        Ok(entry)
    }

    /// Appends an entry of ours, which goes with the sessions that are up and the next ones; `None`: a bug.
    pub(super) fn write(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        what: What,
        body: Body,
    ) -> Result<Option<EntryId>, StorageError> {
        let mut log = self.account.own_log();
        let appended = match self.groups.get(space) {
            Some(_) => self.groups.append(turn, space, log.incarnation, what, body),
            None => space::append(turn.txn, space, log, turn.now.wall_ms, what, body).map(Some),
        };
        let appended = match appended {
            Ok(Some(appended)) => appended,
            Ok(None) => return Ok(None),
            Err(AppendError::Storage(error)) => return Err(error),
            Err(AppendError::NoSuchSpace | AppendError::TooLong) => {
                tracing::error!("a conversation without a space, or a body over its limit");
                return Ok(None);
            }
        };
        log = appended.id.log;
        turn.errands
            .push(Errand::TellWritten(space, log, appended.id.seq));
        self.conversation_changed(turn, space, log, &appended.changes)?;
        Ok(Some(appended.id))
    }
}

/// Exchanges the present text of a message of ours, which an entry gives it, if nobody can have got that entry: then
/// nothing tells of the edit. Returns whether that was so.
fn exchange(
    turn: &mut Turn<'_>,
    space: SpaceId,
    row: &Placed,
    content: Content,
    present: EntryId,
    text: &Private,
) -> Result<bool, StorageError> {
    let body = if present == row.id {
        let text = text.0.clone();
        let (what, body) = Content { text, ..content }.row();
        if what != row.what {
            return Ok(false);
        }
        body
    } else {
        text_body(&text.0)
    };
    let Body::Bytes(body) = body else {
        return Ok(false);
    };
    search::forget(turn.txn, space, row.id)?;
    let is_replaced = body::replace(turn.txn, space, present, body)?;
    search::remember(turn.txn, space, row.id)?;
    if !is_replaced {
        return Ok(false);
    }
    turn.erased()?;
    let changed = turn.pending.annotated.entry(space).or_default();
    changed.insert(row.id);
    Ok(true)
}

/// Refuses a text that says nothing or is too long.
fn check_text(text: &Private) -> Result<(), Refusal> {
    if text.0.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    check_length(&text.0)
}

/// A message with a text, as it was written at first.
fn written(
    reader: &dyn Reader,
    space: SpaceId,
    message: &MessageId,
) -> Result<(Placed, Content), CallError> {
    let target = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
    page::row_place(reader, space, target)?.ok_or(Refusal::NoSuchMessage)?;
    let row = page::entry(reader, space, target)?.ok_or(Refusal::NoSuchMessage)?;
    let content = Content::of(&row).ok_or(Refusal::NoText)?;
    Ok((row, content))
}
