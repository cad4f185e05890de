//! Deleting messages: here alone, or for everybody (`docs/PROTOCOL.md` section 4).
//!
//! A deletion for everybody is an annotation of its author's. It takes effect in the transaction that brings the later
//! of the two, itself or its target: so no order of arrival shows, tells or keeps a deleted text.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use hedgerow_sync::body;
use hedgerow_sync::conversation::{self as sync, Changes};
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::page::{self, Place};
use hedgerow_sync::store::{Direction, Reader, StorageError, Txn};

use super::conversation::{PIN, REACTION, parse_message_id};
use super::conversations::Kind;
use super::fault::CallError;
use super::items;
use super::messages_at_rest::{decode, encode};
use super::{Owners, Turn, disappearing, reading, starred};
use crate::api::{ConversationId, Deletion, MessageId, Refusal, RemovalState, Reply};
use crate::search;
use crate::tables::{self, Table, damaged};

/// An annotation by which its author deletes the target, a row of the same author, for everybody.
pub(super) const DELETION: AnnotationKind = AnnotationKind(4);

/// The annotations that go with a row.
const OF_A_ROW: [AnnotationKind; 2] = [REACTION, PIN];

/// What the author of a row has said of it, among what was said of it.
pub(super) fn by_author(
    kind: Kind,
    us: DeviceId,
    target: EntryId,
    said: &[sync::Annotation],
) -> Option<Place> {
    let author = kind.author(target.log.device, us);
    let mut said = said.iter();
    let by_author = said.find(|one| kind.author(one.author(), us) == author);
    by_author.map(|one| one.place)
}

impl Owners {
    pub(super) fn delete(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
        for_all: bool,
    ) -> Result<Reply, CallError> {
        let (space, known) = self.conversations.named(id)?;
        let kind = known.kind;
        let target = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        let place = page::row_place(turn.txn, space, target)?.ok_or(Refusal::NoSuchMessage)?;
        if !for_all {
            self.forget_message(turn, space, place)?;
            return Ok(Reply::Deletion(Deletion::Here));
        }
        if kind
            .author(target.log.device, self.account.device_id)
            .is_some()
        {
            return Err(Refusal::NotYours.into());
        }
        if body::is_unoffered(turn.txn, space, target)? {
            self.forget_message(turn, space, place)?;
            return Ok(Reply::Deletion(Deletion::NeverSent));
        }
        if self.deletion_of(turn.txn, space, kind, target)?.is_none() {
            let (space, _) = self.writable(id)?;
            let what = What::Annotation {
                kind: DELETION,
                target,
            };
            let deletion = self.append(turn, space, what, Body::Bytes(bytes::Bytes::new()))?;
            for member in self.conversations.members_of(space) {
                for device in self.people.devices_of(*member) {
                    await_removal(turn.txn, space, device, deletion, target)?;
                }
            }
        }
        Ok(Reply::Deletion(Deletion::Everywhere))
    }

    /// The deletion of a row for everybody, if its author has deleted it.
    fn deletion_of(
        &self,
        reader: &dyn Reader,
        space: SpaceId,
        kind: Kind,
        target: EntryId,
    ) -> Result<Option<Place>, StorageError> {
        let said = sync::annotations(reader, space, DELETION, [target])?;
        let said = said.get(&target);
        Ok(said.and_then(|said| by_author(kind, self.account.device_id, target, said)))
    }

    /// Removes a message from this device: what it says, what was said of it, and its place.
    pub(super) fn forget_message(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        place: Place,
    ) -> Result<(), StorageError> {
        let entry = place.id();
        self.remove_content(turn, space, entry)?;
        reading::forget_row(turn.txn, space, place)?;
        tables::remove_all(turn.txn, &removals_of(space, entry))?;
        disappearing::forget_message(turn.txn, space, place)?;
        sync::hide(turn.txn, space, entry)?;
        if !turn.pending.take_back(space, entry) {
            turn.pending.gone.entry(space).or_default().insert(entry);
        }
        Ok(())
    }

    /// Removes what a message says, and what was said of it.
    pub(super) fn remove_content(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        entry: EntryId,
    ) -> Result<(), StorageError> {
        search::forget(turn.txn, space, entry)?;
        starred::forget(turn.txn, space, entry)?;
        self.forget_file(turn, space, entry)?;
        disappearing::forget_text(turn.txn, space, entry)?;
        let mut any = body::remove(turn.txn, space, entry)?;
        for kind in OF_A_ROW {
            let said = sync::annotations(turn.txn, space, kind, [entry])?;
            for annotation in said.into_values().flatten() {
                any |= body::remove(turn.txn, space, annotation.place.id())?;
            }
        }
        let edits = sync::annotation_places(turn.txn, space, AnnotationKind::EDIT, [entry])?;
        for edit in edits.into_values().flatten() {
            any |= body::remove(turn.txn, space, edit.id())?;
        }
        if any {
            turn.erased()?;
        }
        Ok(())
    }

    /// Deletions take effect that came with these changes, or before what they delete.
    pub(super) fn apply_deletions(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        log: LogId,
        changes: &Changes,
    ) -> Result<(), StorageError> {
        let Some(kind) = self.conversations.get(space).map(|known| known.kind) else {
            return Ok(());
        };
        for target in &changes.annotated {
            // What comes later is said of a row that is hidden here, so it is kept no longer than the row.
            if page::row_place(turn.txn, space, *target)?.is_none()
                && let Some(entry) = page::entry(turn.txn, space, *target)?
                && entry.what.is_row()
            {
                self.remove_content(turn, space, *target)?;
            }
        }
        let rows = changes.rows.iter().flat_map(|run| {
            let seqs = (run.first.0..run.first.0 + run.count).map(Seq);
            seqs.map(|seq| EntryId { log, seq })
        });
        let targets: BTreeSet<EntryId> = rows.chain(changes.annotated.iter().copied()).collect();
        for (target, said) in sync::annotations(turn.txn, space, DELETION, targets)? {
            if by_author(kind, self.account.device_id, target, &said).is_none() {
                continue;
            }
            // An annotation cannot be deleted, and of what is not here nothing can be removed.
            let row = page::entry(turn.txn, space, target)?.filter(|row| row.what.is_row());
            if row.is_none() {
                continue;
            }
            self.remove_content(turn, space, target)?;
            if turn.pending.take_back(space, target) {
                // Nobody has seen it, so no line tells of it either.
                sync::hide(turn.txn, space, target)?;
            }
        }
        Ok(())
    }

    /// A device has entries of ours up to this one: the deletions among them have arrived there.
    pub(super) fn removals_acked(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        device: DeviceId,
        last: EntryId,
    ) -> Result<(), StorageError> {
        let prefix = awaited_by(space, device, last.log.incarnation);
        let mut acked = Vec::new();
        let end = [&prefix[..], &last.seq.0.to_be_bytes()].concat();
        let range = (Bound::Included(&prefix[..]), Bound::Included(&end[..]));
        turn.txn
            .scan(range, Direction::Forward, &mut |key, target| {
                acked.push((key.to_vec(), target.to_vec()));
                ControlFlow::Continue(())
            })?;
        if acked.is_empty() {
            return Ok(());
        }
        let known = self.people.devices.get(&device);
        let features = known.and_then(|device| device.features).unwrap_or_default();
        let at_ms = (features & items::REMOVES_DELETED != 0).then_some(turn.now.wall_ms);
        for (awaited, target) in acked {
            turn.txn.remove(&awaited)?;
            let target = decode(&target).ok_or_else(damaged)?;
            let key = [&removals_of(space, target)[..], &device.0].concat();
            tables::save(turn.txn, &key, &(at_ms,))?;
            turn.pending
                .annotated
                .entry(space)
                .or_default()
                .insert(target);
        }
        Ok(())
    }
}

/// What a device has said about the deletion of a message of ours; `None` if it was not asked.
pub(super) fn removal(
    reader: &dyn Reader,
    space: SpaceId,
    device: DeviceId,
    target: EntryId,
    deletion: EntryId,
) -> Result<Option<RemovalState>, StorageError> {
    let key = [&removals_of(space, target)[..], &device.0].concat();
    if let Some((at_ms,)) = tables::load::<(Option<i64>,)>(reader, &key)? {
        return Ok(Some(match at_ms {
            Some(at_ms) => RemovalState::Removed { at_ms },
            None => RemovalState::Unsupported,
        }));
    }
    let awaited = awaited_by(space, device, deletion.log.incarnation);
    let key = [&awaited[..], &deletion.seq.0.to_be_bytes()].concat();
    let waits = reader.with(&key, &mut |_| {})?;
    Ok(waits.then_some(RemovalState::Waiting))
}

/// Forgets what devices have said about deletions in a space.
pub(super) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    for table in [Table::Removals, Table::AwaitedRemovals] {
        tables::remove_all(txn, &table.key(&[&space.0]))?;
    }
    Ok(())
}

/// A device is to say that it holds this deletion of ours.
fn await_removal(
    txn: &mut dyn Txn,
    space: SpaceId,
    device: DeviceId,
    deletion: EntryId,
    target: EntryId,
) -> Result<(), StorageError> {
    let awaited = awaited_by(space, device, deletion.log.incarnation);
    let key = [&awaited[..], &deletion.seq.0.to_be_bytes()].concat();
    txn.put(&key, &encode(target))
}

fn awaited_by(space: SpaceId, device: DeviceId, incarnation: Incarnation) -> Vec<u8> {
    Table::AwaitedRemovals.key(&[&space.0, &device.0, &incarnation.0.to_be_bytes()])
}

fn removals_of(space: SpaceId, target: EntryId) -> Vec<u8> {
    Table::Removals.key(&[&space.0, &encode(target)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Call, Feature};
    use crate::harness::World;

    #[test]
    fn what_an_older_version_does_not_remove_is_never_said_to_be_removed() {
        let mut world = World::with(1, &["Ada", "Grace"]);
        let older = items::FEATURES & !items::REMOVES_DELETED;
        world.nodes[1].engine_mut().owners.account.features = older;
        world.meet(0, 1);
        let message = world.send(0, 1, "a mistake");
        world.delivered(0, 1);
        assert_eq!(world.contact(0, 1).cannot_show, [Feature::Deletions]);
        let chat = world.chat(0, 1);
        world
            .ask(0, Call::Delete(chat, message, true))
            .expect("it is ours");
        world.run(60_000);
        let message = world.messages(0, 1).pop().expect("its place stays");
        let removals = message.deleted.expect("it was deleted").removals;
        let states: Vec<_> = removals.iter().map(|one| one.state).collect();
        assert_eq!(states, [RemovalState::Unsupported]);
    }
}
