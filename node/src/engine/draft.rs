//! Texts being written: one is kept for each contact, on this device alone.

use hedgerow_sync::id::IdentityId;
use hedgerow_sync::store::{Reader, StorageError, Txn};

use super::fault::CallError;
use super::{Owners, Turn, conversation};
use crate::api::{ContactId, Private, Reply};
use crate::tables::{self, Table};

/// The text being written to a contact, if one is kept.
pub(super) fn of(
    reader: &dyn Reader,
    identity: IdentityId,
) -> Result<Option<Private>, StorageError> {
    let text = tables::load(reader, &Table::Drafts.key(&[&identity.0]))?;
    Ok(text.map(Private))
}

/// Forgets the text being written to a contact.
pub(super) fn forget(txn: &mut dyn Txn, identity: IdentityId) -> Result<(), StorageError> {
    txn.remove(&Table::Drafts.key(&[&identity.0]))
}

impl Owners {
    /// Sends what was being written; the draft goes with it, in the same transaction.
    pub(super) fn send_draft(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        text: &Private,
    ) -> Result<Reply, CallError> {
        let sent = self.send_text(turn, id, text)?;
        forget(turn.txn, self.people.contact_named(id)?)?;
        Ok(sent)
    }

    pub(super) fn set_draft(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ContactId,
        text: &Private,
    ) -> Result<Reply, CallError> {
        let identity = self.people.contact_named(id)?;
        conversation::check_length(&text.0)?;
        let before = of(turn.txn, identity)?;
        if before.is_some_and(|before| !text.0.starts_with(&before.0)) {
            turn.erased()?;
        }
        if text.0.is_empty() {
            forget(turn.txn, identity)?;
        } else {
            tables::save(turn.txn, &Table::Drafts.key(&[&identity.0]), &text.0)?;
        }
        Ok(Reply::Done)
    }
}
