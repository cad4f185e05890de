//! How far each device says that its user has read each log.
//!
//! A receipt is an annotation whose target is the last entry read of one log: everything before it in that log counts as
//! read too. Within a log the order is that of the sequence, so a receipt claims nothing that had not arrived when it was
//! written. Of the receipts of one device for one log the furthest counts, in whatever order they arrive.

use crate::id::{DeviceId, EntryId, LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint};
use crate::store::{Reader, StorageError, Txn};
use crate::tables::{Key, READ, read_row};

/// The last entry of a log that the user of `device` has read, by what the device has said; 0 if it has said nothing.
/// It may name entries that never were.
pub fn read_up_to(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogId,
    device: DeviceId,
) -> Result<Seq, StorageError> {
    let seq = read_row(reader, &key(space, log, device), |value| {
        Some(Seq(Input(value).varint()?))
    })?;
    Ok(seq.unwrap_or(Seq(0)))
}

/// Notes a receipt of `device`. Returns whether it says more than those before it.
pub(super) fn note(
    txn: &mut dyn Txn,
    space: SpaceId,
    target: EntryId,
    device: DeviceId,
) -> Result<bool, StorageError> {
    if read_up_to(txn, space, target.log, device)? >= target.seq {
        return Ok(false);
    }
    let mut value = Vec::with_capacity(4);
    put_varint(&mut value, target.seq.0);
    txn.put(&key(space, target.log, device), &value)?;
    Ok(true)
}

fn key(space: SpaceId, log: LogId, device: DeviceId) -> Key {
    Key::new(READ, space)
        .then(&log.device.0)
        .then(&log.incarnation.0.to_be_bytes())
        .then(&device.0)
}
