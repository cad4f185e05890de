//! What a peer's device holds of a space: acknowledged entries, the frontier last known equal, and the logs that it
//! refuses. Stored across restarts, so `delivered` is a lookup.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::id::{DeviceId, LogId, Seq, SpaceId};
use crate::ingest::Refusal;
use crate::layout::{Input, put_varint};
use crate::log::LogRow;
use crate::segment::rows_between;
use crate::space::{Digest, SpaceRow, each_log};
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{
    ACKS, ASKED_BODIES, BASES, DELIVERED, Key, LogNumber, REFUSALS, damaged, read_row,
    remove_prefix, scan_prefix,
};

/// Most logs remembered as refused by a device. Further refusals hold only for their session.
pub const MAX_REFUSALS: usize = 1_024;

/// The last entry of a log that `device` is known to hold; 0 if nothing is known.
pub fn acked(
    reader: &dyn Reader,
    space: SpaceId,
    device: DeviceId,
    log: LogId,
) -> Result<Seq, StorageError> {
    match LogRow::read(reader, space, log)? {
        Some(row) => Ok(Ack::read(reader, space, device, row.number)?.seq),
        None => Ok(Seq(0)),
    }
}

/// Number of our entries that `device` is not known to hold, and so still has to get.
pub fn unacked(reader: &dyn Reader, space: SpaceId, device: DeviceId) -> Result<u64, StorageError> {
    let mine = SpaceRow::read(reader, space)?.map_or(0, |row| row.mine);
    Ok(mine.saturating_sub(Delivered::read(reader, space, device)?.entries))
}

/// Number of our rows that `device` is not known to hold, and so its user has not got.
pub fn unacked_rows(
    reader: &dyn Reader,
    space: SpaceId,
    device: DeviceId,
) -> Result<u64, StorageError> {
    let mine = SpaceRow::read(reader, space)?.map_or(0, |row| row.rows_mine);
    Ok(mine.saturating_sub(Delivered::read(reader, space, device)?.rows))
}

/// The devices that are known to hold some of our entries in a space.
pub fn holders(reader: &dyn Reader, space: SpaceId) -> Result<Vec<DeviceId>, StorageError> {
    let mut holders = Vec::new();
    let mut intact = true;
    let prefix = Key::new(DELIVERED, space);
    scan_prefix(reader, &prefix, Direction::Forward, &mut |rest, _| {
        match rest.try_into() {
            Ok(device) => holders.push(DeviceId(device)),
            Err(_) => intact = false,
        }
        ControlFlow::Continue(())
    })?;
    if intact {
        Ok(holders)
    } else {
        Err(damaged(DELIVERED))
    }
}

/// Why `device` refuses a log, if it does.
pub fn refusal(
    reader: &dyn Reader,
    space: SpaceId,
    device: DeviceId,
    log: LogId,
) -> Result<Option<Refusal>, StorageError> {
    let Some(row) = LogRow::read(reader, space, log)? else {
        return Ok(None);
    };
    let key = Key::of_peer(REFUSALS, space, device).then(&row.number.to_be_bytes());
    read_row(reader, &key, |value| {
        value.first().copied().map(Refusal::from_code)
    })
}

/// Forgets what `device` refused: it has received something (a device list) that may change its decision.
pub fn forget_refusals(
    txn: &mut dyn Txn,
    space: SpaceId,
    device: DeviceId,
) -> Result<(), StorageError> {
    remove_prefix(txn, &Key::of_peer(REFUSALS, space, device))
}

/// Forgets everything about a device that is gone.
pub fn forget(txn: &mut dyn Txn, space: SpaceId, device: DeviceId) -> Result<(), StorageError> {
    for table in [ACKS, DELIVERED, BASES, REFUSALS, ASKED_BODIES] {
        remove_prefix(txn, &Key::of_peer(table, space, device))?;
    }
    Ok(())
}

/// Records that `device` holds these logs up to these entries, or up to our own heads if these are lower. Returns those
/// that are news.
pub(crate) fn record_acks(
    txn: &mut dyn Txn,
    space: SpaceId,
    device: DeviceId,
    logs: impl Iterator<Item = (LogId, Seq, LogRow)>,
) -> Result<Vec<(LogId, Seq)>, StorageError> {
    let mut news = Vec::new();
    let mut delivered = Delivered::default();
    for (log, seq, row) in logs {
        let seq = seq.min(row.head);
        let before = Ack::read(txn, space, device, row.number)?;
        if seq <= before.seq {
            continue;
        }
        let ack = before.up_to(txn, space, &row, seq)?;
        ack.write(txn, space, device, row.number)?;
        if row.mine {
            held_elsewhere(txn, space, log, seq)?;
            delivered.entries += seq.0 - before.seq.0;
            delivered.rows += ack.rows.saturating_sub(before.rows);
        }
        news.push((log, seq));
    }
    if delivered != Delivered::default() {
        let before = Delivered::read(txn, space, device)?;
        delivered.entries += before.entries;
        delivered.rows += before.rows;
        delivered.write(txn, space, device)?;
    }
    Ok(news)
}

/// A device holds entries of ours: they have left, also if this store is older than it once was and does not know.
fn held_elsewhere(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogId,
    seq: Seq,
) -> Result<(), StorageError> {
    match LogRow::read(txn, space, log)? {
        Some(mut row) if row.offered < seq => {
            row.offered = seq;
            row.write(txn, space, log)
        }
        _ => Ok(()),
    }
}

/// A row of ours is hidden and counts no more among those that devices hold, or is shown again.
pub(crate) fn row_changed(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogNumber,
    seq: Seq,
    is_shown: bool,
) -> Result<(), StorageError> {
    let mut devices = Vec::new();
    let prefix = Key::new(DELIVERED, space);
    scan_prefix(txn, &prefix, Direction::Forward, &mut |rest, _| {
        devices.extend(rest.try_into().map(DeviceId));
        ControlFlow::Continue(())
    })?;
    for device in devices {
        let mut ack = Ack::read(txn, space, device, log)?;
        if ack.seq >= seq {
            ack.rows = changed(ack.rows, is_shown);
            ack.write(txn, space, device, log)?;
            let mut delivered = Delivered::read(txn, space, device)?;
            delivered.rows = changed(delivered.rows, is_shown);
            delivered.write(txn, space, device)?;
        }
    }
    Ok(())
}

/// A number of rows with one more or one fewer.
fn changed(rows: u64, is_shown: bool) -> u64 {
    match is_shown {
        true => rows + 1,
        false => rows.saturating_sub(1),
    }
}

/// The last entry of a log that a device holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ack {
    seq: Seq,
    /// Number of rows up to there, if the log is ours.
    rows: u64,
}

impl Ack {
    /// The acknowledgement moved on to `seq`, with its rows. In the life of a log this passes each entry once.
    fn up_to(
        &self,
        reader: &dyn Txn,
        space: SpaceId,
        row: &LogRow,
        seq: Seq,
    ) -> Result<Ack, StorageError> {
        let rows = if !row.mine {
            0
        } else if seq == row.head {
            row.rows
        } else if row.rows == row.head.0 {
            seq.0
        } else {
            let next = Seq(self.seq.0 + 1);
            self.rows + rows_between(reader, space, row.number, next, seq)?
        };
        Ok(Ack { seq, rows })
    }

    fn read(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        device: DeviceId,
        log: LogNumber,
    ) -> Result<Ack, StorageError> {
        let key = Key::of_peer(ACKS, space, device).then(&log.to_be_bytes());
        let ack = read_row(reader, &key, |value| {
            let mut input = Input(value);
            Some(Ack {
                seq: Seq(input.counted()?),
                rows: input.counted()?,
            })
        })?;
        Ok(ack.unwrap_or_default())
    }

    fn write(
        &self,
        txn: &mut dyn Txn,
        space: SpaceId,
        device: DeviceId,
        log: LogNumber,
    ) -> Result<(), StorageError> {
        let key = Key::of_peer(ACKS, space, device).then(&log.to_be_bytes());
        let mut value = Vec::with_capacity(10);
        put_varint(&mut value, self.seq.0);
        put_varint(&mut value, self.rows);
        txn.put(&key, &value)
    }
}

/// How many of our entries and rows a device holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Delivered {
    entries: u64,
    rows: u64,
}

impl Delivered {
    fn read(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        device: DeviceId,
    ) -> Result<Delivered, StorageError> {
        let key = Key::of_peer(DELIVERED, space, device);
        let delivered = read_row(reader, &key, |value| {
            let mut input = Input(value);
            Some(Delivered {
                entries: input.counted()?,
                rows: input.counted()?,
            })
        })?;
        Ok(delivered.unwrap_or_default())
    }

    fn write(
        &self,
        txn: &mut dyn Txn,
        space: SpaceId,
        device: DeviceId,
    ) -> Result<(), StorageError> {
        let mut value = Vec::with_capacity(10);
        put_varint(&mut value, self.entries);
        put_varint(&mut value, self.rows);
        txn.put(&Key::of_peer(DELIVERED, space, device), &value)
    }
}

/// A frontier that both sides once held at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) digest: Digest,
    pub(crate) logs: BTreeMap<LogNumber, Seq>,
}

impl Base {
    pub(crate) fn read(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        device: DeviceId,
    ) -> Result<Option<Base>, StorageError> {
        read_row(reader, &Key::of_peer(BASES, space, device), Base::decode)
    }

    /// Reads only the digest.
    pub(crate) fn read_digest(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        device: DeviceId,
    ) -> Result<Option<Digest>, StorageError> {
        let key = Key::of_peer(BASES, space, device);
        read_row(reader, &key, |value| Input(value).array())
    }

    pub(crate) fn write(
        &self,
        txn: &mut dyn Txn,
        space: SpaceId,
        device: DeviceId,
    ) -> Result<(), StorageError> {
        let mut value = self.digest.to_vec();
        for (log, seq) in &self.logs {
            put_varint(&mut value, u64::from(*log));
            put_varint(&mut value, seq.0);
        }
        txn.put(&Key::of_peer(BASES, space, device), &value)
    }

    fn decode(value: &[u8]) -> Option<Base> {
        let mut input = Input(value);
        let digest = input.array()?;
        let mut logs = Vec::new();
        while !input.is_empty() {
            let log = LogNumber::try_from(input.varint()?).ok()?;
            logs.push((log, Seq(input.counted()?)));
        }
        // Stored in order, so the map builds at once.
        let logs = logs.into_iter().collect();
        Some(Base { digest, logs })
    }
}

/// Records that `device` refuses a log. The caller keeps the number of refusals below [`MAX_REFUSALS`].
pub(crate) fn record_refusal(
    txn: &mut dyn Txn,
    space: SpaceId,
    device: DeviceId,
    log: LogNumber,
    refusal: Refusal,
) -> Result<(), StorageError> {
    let key = Key::of_peer(REFUSALS, space, device).then(&log.to_be_bytes());
    txn.put(&key, &[refusal.code()])
}

/// The logs that `device` refuses, at most about [`MAX_REFUSALS`].
pub(crate) fn refused_logs(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    device: DeviceId,
) -> Result<BTreeSet<LogNumber>, StorageError> {
    let mut logs = BTreeSet::new();
    let prefix = Key::of_peer(REFUSALS, space, device);
    let mut intact = true;
    scan_prefix(reader, &prefix, Direction::Forward, &mut |rest, _| {
        match rest.try_into() {
            Ok(number) => {
                logs.insert(LogNumber::from_be_bytes(number));
            }
            Err(_) => intact = false,
        }
        ControlFlow::Continue(())
    })?;
    if intact {
        Ok(logs)
    } else {
        Err(damaged(REFUSALS))
    }
}

/// The logs of a space that `device` does not refuse.
pub(crate) fn accepted_logs(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    device: DeviceId,
) -> Result<BTreeMap<LogId, LogRow>, StorageError> {
    let refused = refused_logs(reader, space, device)?;
    let mut logs = BTreeMap::new();
    each_log(reader, space, |log, row| {
        if !refused.contains(&row.number) {
            logs.insert(log, row);
        }
    })?;
    Ok(logs)
}
