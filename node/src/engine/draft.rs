//! Messages being written: one is kept for each conversation, on this device alone.

use hedgerow_sync::id::{EntryId, SpaceId};
use hedgerow_sync::page;
use hedgerow_sync::store::{Reader, StorageError, Txn};
use minicbor::{Decode, Encode};

use super::content::{Content, Name};
use super::conversation::{check_length, message_id, parse_message_id};
use super::fault::CallError;
use super::{Owners, Turn};
use crate::api::{ConversationId, Draft, MessageId, NewMessage, Refusal, Reply};
use crate::tables::{self, Table};

/// A message being written, as it is kept.
#[derive(PartialEq, Eq, Encode, Decode)]
pub(super) struct Kept {
    #[n(0)]
    text: String,
    #[n(1)]
    about: About,
}

/// What it will be.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
enum About {
    /// A message.
    #[n(0)]
    Nothing,
    /// An answer to this message.
    #[n(1)]
    Reply(#[n(0)] Name),
    /// The text of this message.
    #[n(2)]
    Edit(#[n(0)] Name),
}

impl Kept {
    /// The message being written in a conversation, if one is kept.
    pub fn load(reader: &dyn Reader, space: SpaceId) -> Result<Option<Kept>, StorageError> {
        tables::load(reader, &Table::Drafts.key(&[&space.0]))
    }

    /// Keeps the text alone: for another conversation.
    pub fn save_text(self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let about = About::Nothing;
        Kept { about, ..self }.save(txn, space)
    }

    fn save(&self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        tables::save(txn, &Table::Drafts.key(&[&space.0]), self)
    }
}

/// The message being written in a conversation as it is shown: one that was to answer or edit what is gone has become
/// a plain text.
pub(super) fn of(reader: &dyn Reader, space: SpaceId) -> Result<Option<Draft>, StorageError> {
    let Some(Kept { text, about }) = Kept::load(reader, space)? else {
        return Ok(None);
    };
    let mut draft = Draft::text(text);
    let (About::Reply(target) | About::Edit(target)) = about else {
        return Ok(Some(draft));
    };
    let target = EntryId::from(target);
    let row = page::entry(reader, space, target)?;
    if row.as_ref().and_then(Content::of).is_none() {
        draft.target_gone = true;
    } else if matches!(about, About::Edit(_)) {
        draft.edit = Some(message_id(target));
    } else {
        draft.reply_to = Some(message_id(target));
    }
    Ok(Some(draft))
}

/// Forgets the message being written in a conversation.
pub(super) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    txn.remove(&Table::Drafts.key(&[&space.0]))
}

impl Owners {
    /// Writes what was being written; the draft goes with it, in the same transaction.
    pub(super) fn send_draft(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        draft: &Draft,
    ) -> Result<Reply, CallError> {
        let written = match (&draft.edit, &draft.reply_to) {
            (Some(_), Some(_)) => return Err(both().into()),
            (Some(message), None) => {
                self.edit(turn, id, message, &draft.text)?;
                Reply::Sent(message.clone())
            }
            (None, reply_to) => {
                let message = NewMessage {
                    text: draft.text.clone(),
                    reply_to: reply_to.clone(),
                    timer_s: draft.timer_s,
                    file: None,
                };
                self.send_message(turn, id, &message)?
            }
        };
        let (space, _) = self.conversations.named(id)?;
        forget(turn.txn, space)?;
        Ok(written)
    }

    pub(super) fn set_draft(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        draft: &Draft,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.conversations.named(id)?;
        check_length(&draft.text.0)?;
        let name = |message: &MessageId| {
            let entry = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
            Ok::<Name, Refusal>(entry.into())
        };
        let about = match (&draft.edit, &draft.reply_to) {
            (Some(_), Some(_)) => return Err(both().into()),
            (Some(message), None) => About::Edit(name(message)?),
            (None, Some(message)) => About::Reply(name(message)?),
            (None, None) => About::Nothing,
        };
        let before = Kept::load(turn.txn, space)?;
        let text = draft.text.0.clone();
        let is_empty = text.is_empty() && about == About::Nothing;
        let now = (!is_empty).then_some(Kept { text, about });
        if now == before {
            return Ok(Reply::Done);
        }
        if before.is_some_and(|before| !draft.text.0.starts_with(&before.text)) {
            turn.erased()?;
        }
        match now {
            Some(kept) => kept.save(turn.txn, space)?,
            None => forget(turn.txn, space)?,
        }
        turn.pending.conversations.insert(space);
        Ok(Reply::Done)
    }
}

fn both() -> Refusal {
    let what = "a draft answers a message or edits one, not both".to_owned();
    Refusal::BadRequest { what }
}
