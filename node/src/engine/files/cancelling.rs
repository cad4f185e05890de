//! The author of a message takes its file back while it is on its way (`docs/PROTOCOL.md` sections 4 and 16).
//!
//! A cancellation is an annotation by the author of its target. It takes effect in the transaction that brings the later of
//! the two, itself or the message, and deletes what has come of the file. Where the file is whole it stays: to take that
//! back, its author deletes the message for everybody.

use std::collections::BTreeSet;

use bytes::Bytes;
use hedgerow_sync::body;
use hedgerow_sync::conversation::{self as sync, Changes};
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, LogId, Seq, SpaceId};
use hedgerow_sync::page;
use hedgerow_sync::store::{Reader, StorageError};

use super::fetching::new_name;
use super::row::{self, FileRow, State};
use super::{Owners, Turn};
use crate::api::{ConversationId, MessageId, Refusal, Reply};
use crate::engine::content::{Content, MESSAGE};
use crate::engine::conversation::parse_message_id;
use crate::engine::fault::CallError;
use crate::engine::links::Errand;
use crate::engine::{Effects as _, deletion};
use crate::files::tree::FileId;
use crate::files::work::FileCommand;
use crate::{search, tables};

/// An annotation by which its author takes back the file of the target, a row of the same author.
pub(super) const CANCELLATION: AnnotationKind = AnnotationKind(8);

impl Owners {
    /// Takes the file of a message of ours back.
    pub(in crate::engine) fn cancel_file(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<Reply, CallError> {
        let (space, known) = self.conversations.named(id)?;
        let kind = known.kind;
        let target = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        let place = page::row_place(turn.txn, space, target)?.ok_or(Refusal::NoSuchMessage)?;
        let us = self.account.device_id;
        if kind.author(target.log.device, us).is_some() {
            return Err(Refusal::NotYours.into());
        }
        let file = row::of_message(turn.txn, space, target)?.ok_or(Refusal::NoFile)?;
        let row = FileRow::load(turn.txn, space, file)?.ok_or(Refusal::NoFile)?;
        if row.state == State::Cancelled {
            return Ok(Reply::Done);
        }
        if row.state != State::Here || self.has_arrived(turn, space, file)? {
            return Err(Refusal::FileArrived.into());
        }
        if body::is_unoffered(turn.txn, space, target)? {
            match without_file(turn, space, target)? {
                true => self.forget_file(turn, space, target)?,
                false => self.forget_message(turn, space, place)?,
            }
            return Ok(Reply::Done);
        }
        let (space, _) = self.writable(id)?;
        let what = What::Annotation {
            kind: CANCELLATION,
            target,
        };
        self.append(turn, space, what, Body::Bytes(Bytes::new()))?;
        Ok(Reply::Done)
    }

    /// Cancellations take effect that came with these changes, or before the messages whose files they take back.
    pub(in crate::engine) fn apply_cancellations(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        log: LogId,
        changes: &Changes,
    ) -> Result<(), StorageError> {
        let messages = changes.rows.iter().filter(|run| run.kind == MESSAGE);
        let messages = messages.flat_map(|run| {
            let seqs = (run.first.0..run.first.0 + run.count).map(Seq);
            seqs.map(|seq| EntryId { log, seq })
        });
        let targets = messages.chain(changes.annotated.iter().copied()).collect();
        self.apply_cancellations_of(turn, space, targets)
    }

    /// Cancellations of the files of these messages take effect.
    pub(in crate::engine) fn apply_cancellations_of(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        targets: BTreeSet<EntryId>,
    ) -> Result<(), StorageError> {
        for target in self.taken_back(turn.txn, space, targets)? {
            if let Some(file) = row::of_message(turn.txn, space, target)? {
                self.take_back(turn, space, file)?;
            }
        }
        Ok(())
    }

    /// Of which of these messages the author has taken the file back.
    pub(super) fn taken_back(
        &self,
        reader: &dyn Reader,
        space: SpaceId,
        targets: BTreeSet<EntryId>,
    ) -> Result<Vec<EntryId>, StorageError> {
        let Some(kind) = self.conversations.get(space).map(|known| known.kind) else {
            return Ok(Vec::new());
        };
        let said = sync::annotations(reader, space, CANCELLATION, targets)?;
        let by_author = said.into_iter().filter(|(target, said)| {
            deletion::by_author(kind, self.account.device_id, *target, said).is_some()
        });
        Ok(by_author.map(|(target, _)| target).collect())
    }

    /// Deletes what has come of a file, or our copy of one of ours. One of another that is whole stays, and its author
    /// learns of that.
    fn take_back(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
    ) -> Result<(), StorageError> {
        let Some(row) = FileRow::load(turn.txn, space, file)? else {
            return Ok(());
        };
        let stays = row.state == State::Here && !row.is_ours;
        if row.state != State::Cancelled && !stays {
            let (stored, anew) = (row.stored(), new_name(turn));
            self.change_row(turn, space, file, |row| {
                row.begins_anew(anew);
                row.state = State::Cancelled;
                row.free = None;
            })?;
            turn.out.file(FileCommand::Remove(stored));
        }
        turn.errands.push(Errand::StopFile(space, file));
        Ok(())
    }
}

/// Whether its sender has taken the file of a message back.
pub(in crate::engine) fn is_cancelled(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    entry: EntryId,
) -> Result<bool, StorageError> {
    let Some(file) = row::of_message(reader, space, entry)? else {
        return Ok(false);
    };
    let row = FileRow::load(reader, space, file)?;
    Ok(row.is_some_and(|row| row.state == State::Cancelled))
}

/// Takes the file out of a message that nobody was offered. False if nothing else is in the message.
fn without_file(
    turn: &mut Turn<'_>,
    space: SpaceId,
    target: EntryId,
) -> Result<bool, StorageError> {
    let row = page::entry(turn.txn, space, target)?;
    let Some(content) = row.as_ref().and_then(Content::of) else {
        return Ok(false);
    };
    if content.text.is_empty() {
        return Ok(false);
    }
    // Its kind is in the header, which stays: so it is a message that says no more than a text.
    let content = Content {
        file: None,
        ..content
    };
    search::forget(turn.txn, space, target)?;
    let body = Bytes::from(tables::encoded(&content));
    let is_replaced = body::replace(turn.txn, space, target, body)?;
    search::remember(turn.txn, space, target)?;
    if is_replaced {
        turn.erased()?;
        let changed = turn.pending.annotated.entry(space).or_default();
        changed.insert(target);
    }
    Ok(is_replaced)
}
