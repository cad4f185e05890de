//! Voice notes being recorded: one is kept for each conversation, on this device alone, part by part, so that what is
//! recorded outlives the program that records it.

use std::ops::Bound;

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::store::{Direction, Reader, StorageError, Txn};

use super::fault::CallError;
use super::{Owners, Turn, conversations};
use crate::api::{ConversationId, MAX_RECORDING, Refusal, Reply};
use crate::tables::{self, Table};

/// The bytes that are kept of a conversation's recording.
pub(super) fn length(reader: &dyn Reader, space: SpaceId) -> Result<u64, StorageError> {
    let prefix = Table::Recordings.key(&[&space.0]);
    let end = tables::after(&prefix);
    let range = (Bound::Included(&prefix[..]), Bound::Excluded(&end[..]));
    let mut length = 0;
    reader.scan(range, Direction::Backward, &mut |key, part| {
        let from = key[prefix.len()..].try_into().map(u64::from_be_bytes);
        length = from.unwrap_or(0) + part.len() as u64;
        std::ops::ControlFlow::Break(())
    })?;
    Ok(length)
}

/// What is kept of a conversation's recording.
///
/// # Errors
/// There is no such conversation, or nothing is being recorded there; the store failed.
pub fn of(reader: &dyn Reader, id: &ConversationId) -> Result<Vec<u8>, Refusal> {
    let space = conversations::parse_id(id).ok_or(Refusal::NoSuchConversation)?;
    let mut recording = Vec::new();
    let prefix = Table::Recordings.key(&[&space.0]);
    tables::visit(reader, &prefix, &mut |_, part| recording.extend(part))?;
    match recording.is_empty() {
        true => Err(Refusal::NoFile),
        false => Ok(recording),
    }
}

/// Forgets the recording of a conversation.
pub(super) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    tables::remove_all(txn, &Table::Recordings.key(&[&space.0]))
}

impl Owners {
    /// Keeps the bytes of a recording that stand from `from` on. The first begins it anew.
    pub(super) fn keep_recording(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        from: u64,
        part: &[u8],
    ) -> Result<Reply, CallError> {
        let (space, _) = self.conversations.named(id)?;
        if from == 0 {
            forget(turn.txn, space)?;
        }
        let kept = length(turn.txn, space)?;
        if from != kept {
            let what = format!("the recording goes on at byte {kept}");
            return Err(Refusal::BadRequest { what }.into());
        }
        let actual_bytes = from + part.len() as u64;
        if actual_bytes > MAX_RECORDING {
            let limit_bytes = MAX_RECORDING;
            return Err(Refusal::TooLong {
                limit_bytes,
                actual_bytes,
            }
            .into());
        }
        let key = Table::Recordings.key(&[&space.0, &from.to_be_bytes()]);
        turn.txn.put(&key, part)?;
        if from == 0 {
            turn.pending.conversations.insert(space);
        }
        Ok(Reply::Done)
    }

    /// Forgets the recording of a conversation, if there is one.
    pub(super) fn drop_recording(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.conversations.named(id)?;
        forget(turn.txn, space)?;
        turn.pending.conversations.insert(space);
        Ok(Reply::Done)
    }
}
