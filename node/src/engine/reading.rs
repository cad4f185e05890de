//! How far the user has read, and what has arrived since: below that place, and, late, above it.

use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, Lamport, LogId, Seq, SpaceId};
use hedgerow_sync::page::{self, Place};
use hedgerow_sync::space;
use hedgerow_sync::store::{Reader, StorageError, Txn};

use super::fault::CallError;
use super::pending_events::Run;
use super::{Owners, Turn, conversation};
use crate::api::{ConversationId, MessageId, Refusal, Reply};
use crate::tables::{self, Table, damaged};

/// Late arrivals above the read position that are told apart; further ones are not counted.
const MAX_LATE: usize = 1_024;

/// The place read last, if anything was.
pub(crate) fn position(reader: &dyn Reader, space: SpaceId) -> Result<Option<Place>, StorageError> {
    let mut place = None;
    reader.with(&Table::ReadPositions.key(&[&space.0]), &mut |bytes| {
        place = Some(decode(bytes))
    })?;
    match place {
        None => Ok(None),
        Some(place) => place.ok_or_else(damaged).map(Some),
    }
}

/// Messages of others that come after the read position.
pub(crate) fn unread(
    reader: &dyn Reader,
    space: SpaceId,
    me: DeviceId,
) -> Result<u64, StorageError> {
    match position(reader, space)? {
        Some(place) => page::count_after(reader, space, place, &[me]),
        None => {
            let summary = space::summary(reader, space)?;
            Ok(summary.map_or(0, |summary| summary.rows - summary.rows_mine))
        }
    }
}

/// Messages that arrived late and stand above the read position, in order.
pub(crate) fn late(reader: &dyn Reader, space: SpaceId) -> Result<Vec<Place>, StorageError> {
    let mut late = Vec::new();
    tables::visit(
        reader,
        &Table::UnreadAbove.key(&[&space.0]),
        &mut |place, _| late.push(decode(place)),
    )?;
    late.into_iter()
        .map(|place| place.ok_or_else(damaged))
        .collect()
}

/// A row is gone, late or not.
pub(crate) fn forget_row(
    txn: &mut dyn Txn,
    space: SpaceId,
    place: Place,
) -> Result<(), StorageError> {
    txn.remove(&Table::UnreadAbove.key(&[&space.0, &encode(place)]))
}

/// Forgets what was read of a space.
pub(crate) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    txn.remove(&Table::ReadPositions.key(&[&space.0]))?;
    tables::remove_all(txn, &Table::UnreadAbove.key(&[&space.0]))
}

/// New messages of others: those above the read position are late.
pub(crate) fn arrived<'a>(
    txn: &mut dyn Txn,
    space: SpaceId,
    runs: impl Iterator<Item = &'a Run>,
) -> Result<(), StorageError> {
    let Some(read) = position(txn, space)? else {
        return Ok(());
    };
    // Counted once, however many arrive, and only if one is late.
    let mut room = None;
    for run in runs {
        for step in 0..run.count {
            let id = EntryId {
                seq: Seq(run.first.seq.0 + step),
                ..run.first
            };
            // Within a log the order is that of the sequence: once one is below, all further ones are.
            let Some(place) = page::place(txn, space, id)?.filter(|place| *place < read) else {
                break;
            };
            let left = match room {
                Some(left) => left,
                None => MAX_LATE.saturating_sub(late(txn, space)?.len()),
            };
            room = Some(left.saturating_sub(1));
            if left == 0 {
                return Ok(());
            }
            txn.put(&Table::UnreadAbove.key(&[&space.0, &encode(place)]), &[])?;
        }
    }
    Ok(())
}

impl Owners {
    pub(super) fn read_up_to(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<Reply, CallError> {
        let (space, known) = self.conversations.named(id)?;
        let mut settings = known.settings;
        let entry = conversation::parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        let place = page::row_place(turn.txn, space, entry)?.ok_or(Refusal::NoSuchMessage)?;
        self.disappearing
            .read_up_to(turn.txn, turn.now, space, place)?;
        let mut changed = false;
        let before = position(turn.txn, space)?;
        // What is read now stands after this.
        let mut after = before;
        if before.is_none_or(|read| read < place) {
            turn.txn
                .put(&Table::ReadPositions.key(&[&space.0]), &encode(place))?;
            changed = true;
        }
        for seen in late(turn.txn, space)?
            .into_iter()
            .take_while(|late| *late <= place)
        {
            turn.txn
                .remove(&Table::UnreadAbove.key(&[&space.0, &encode(seen)]))?;
            changed = true;
            after = None;
        }
        if changed {
            turn.pending.conversations.insert(space);
            self.was_read(turn, space, after);
        }
        if settings.looked_at() {
            self.set_settings(turn, space, settings)?;
        }
        Ok(Reply::Done)
    }
}

/// A place as a key that sorts as places do: Lamport, device, incarnation, sequence.
pub(super) fn encode(place: Place) -> [u8; 40] {
    let mut bytes = [0; 40];
    bytes[..8].copy_from_slice(&place.lamport.0.to_be_bytes());
    bytes[8..24].copy_from_slice(&place.log.device.0);
    bytes[24..32].copy_from_slice(&place.log.incarnation.0.to_be_bytes());
    bytes[32..].copy_from_slice(&place.seq.0.to_be_bytes());
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Option<Place> {
    let (lamport, bytes) = bytes.split_first_chunk()?;
    let (device, bytes) = bytes.split_first_chunk()?;
    let (incarnation, bytes) = bytes.split_first_chunk()?;
    let incarnation = Incarnation(u64::from_be_bytes(*incarnation));
    Some(Place {
        lamport: Lamport(u64::from_be_bytes(*lamport)),
        log: LogId {
            device: DeviceId(*device),
            incarnation,
        },
        seq: Seq(u64::from_be_bytes(bytes.try_into().ok()?)),
    })
}
