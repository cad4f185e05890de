//! Texts being written: one is kept for each conversation, on this device alone.

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::store::{Reader, StorageError, Txn};

use super::fault::CallError;
use super::{Owners, Turn, conversation};
use crate::api::{ConversationId, Private, Reply};
use crate::tables::{self, Table};

/// The text being written in a conversation, if one is kept.
pub(super) fn of(reader: &dyn Reader, space: SpaceId) -> Result<Option<Private>, StorageError> {
    let text = tables::load(reader, &Table::Drafts.key(&[&space.0]))?;
    Ok(text.map(Private))
}

/// Keeps a text that is being written in a conversation.
pub(super) fn keep(txn: &mut dyn Txn, space: SpaceId, text: &Private) -> Result<(), StorageError> {
    tables::save(txn, &Table::Drafts.key(&[&space.0]), &text.0)
}

/// Forgets the text being written in a conversation.
pub(super) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    txn.remove(&Table::Drafts.key(&[&space.0]))
}

impl Owners {
    /// Sends what was being written; the draft goes with it, in the same transaction.
    pub(super) fn send_draft(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        text: &Private,
    ) -> Result<Reply, CallError> {
        let sent = self.send_text(turn, id, text)?;
        let (space, _) = self.conversations.named(id)?;
        forget(turn.txn, space)?;
        Ok(sent)
    }

    pub(super) fn set_draft(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        text: &Private,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.conversations.named(id)?;
        conversation::check_length(&text.0)?;
        let before = of(turn.txn, space)?;
        if before.is_some_and(|before| !text.0.starts_with(&before.0)) {
            turn.erased()?;
        }
        if text.0.is_empty() {
            forget(turn.txn, space)?;
        } else {
            keep(turn.txn, space, text)?;
        }
        Ok(Reply::Done)
    }
}
