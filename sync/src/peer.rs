//! What a peer's device holds of a space: acknowledged entries, the frontier last known equal, and
//! logs it does not want. Facts, kept over restarts: `delivered` is a lookup.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::id::{DeviceId, LogId, Seq, SpaceId};
use crate::ingest::Refusal;
use crate::layout::{Input, put_varint};
use crate::log::LogRow;
use crate::space::{Digest, Frontier, SpaceRow, each_log};
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{
    ACKS, BASES, DELIVERED, Key, LogNumber, REFUSALS, damaged, read_row, remove_prefix, scan_prefix,
};

/// Up to where `device` is known to hold a log; 0 if nothing is known.
pub fn acked(
    reader: &dyn Reader,
    space: SpaceId,
    device: DeviceId,
    log: LogId,
) -> Result<Seq, StorageError> {
    match LogRow::read(reader, space, log)? {
        Some(row) => read_ack(reader, space, device, row.number),
        None => Ok(Seq(0)),
    }
}

/// How many entries of ours `device` is not known to hold.
pub fn unacked(reader: &dyn Reader, space: SpaceId, device: DeviceId) -> Result<u64, StorageError> {
    let mine = SpaceRow::read(reader, space)?.map_or(0, |row| row.mine);
    Ok(mine.saturating_sub(read_delivered(reader, space, device)?))
}

/// Why `device` does not want a log, if it has said so.
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

/// Forgets what `device` refused: it has learnt something (a device list) that may change its mind.
pub fn forget_refusals(
    txn: &mut dyn Txn,
    space: SpaceId,
    device: DeviceId,
) -> Result<(), StorageError> {
    remove_prefix(txn, &Key::of_peer(REFUSALS, space, device))
}

/// Forgets all that is known of a device that is gone.
pub fn forget(txn: &mut dyn Txn, space: SpaceId, device: DeviceId) -> Result<(), StorageError> {
    for table in [ACKS, DELIVERED, BASES, REFUSALS] {
        remove_prefix(txn, &Key::of_peer(table, space, device))?;
    }
    Ok(())
}

/// Remembers that `device` holds these logs up to there, as far as they are held here. Gives those
/// where this is news.
pub(crate) fn record_acks(
    txn: &mut dyn Txn,
    space: SpaceId,
    device: DeviceId,
    logs: impl Iterator<Item = (LogId, Seq, LogRow)>,
) -> Result<Vec<(LogId, Seq)>, StorageError> {
    let mut news = Vec::new();
    let mut delivered = 0;
    for (log, seq, row) in logs {
        let seq = seq.min(row.head);
        let before = read_ack(txn, space, device, row.number)?;
        if seq <= before {
            continue;
        }
        let key = Key::of_peer(ACKS, space, device).then(&row.number.to_be_bytes());
        let mut value = Vec::with_capacity(10);
        put_varint(&mut value, seq.0);
        txn.put(&key, &value)?;
        if row.mine {
            delivered += seq.0 - before.0;
        }
        news.push((log, seq));
    }
    if delivered > 0 {
        delivered += read_delivered(txn, space, device)?;
        let mut value = Vec::with_capacity(10);
        put_varint(&mut value, delivered);
        txn.put(&Key::of_peer(DELIVERED, space, device), &value)?;
    }
    Ok(news)
}

/// A frontier that both sides held at one moment.
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

    /// The digest alone.
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
        let mut base = Base {
            digest: input.array()?,
            logs: BTreeMap::new(),
        };
        while !input.is_empty() {
            let log = LogNumber::try_from(input.varint()?).ok()?;
            base.logs.insert(log, Seq(input.counted()?));
        }
        Some(base)
    }
}

/// Remembers that `device` refuses a log.
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

/// The logs that `device` refuses.
pub(crate) fn refused_logs(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    device: DeviceId,
) -> Result<Vec<LogNumber>, StorageError> {
    let mut logs = Vec::new();
    let prefix = Key::of_peer(REFUSALS, space, device);
    let mut intact = true;
    scan_prefix(reader, &prefix, Direction::Forward, &mut |rest, _| {
        match rest.try_into() {
            Ok(number) => logs.push(LogNumber::from_be_bytes(number)),
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

/// The logs of a space that `device` accepts, as far as it has said.
pub(crate) fn offered(
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

/// The heads of these logs.
pub(crate) fn heads(logs: &BTreeMap<LogId, LogRow>) -> Frontier {
    logs.iter().map(|(log, row)| (*log, row.head)).collect()
}

fn read_ack(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    device: DeviceId,
    log: LogNumber,
) -> Result<Seq, StorageError> {
    let key = Key::of_peer(ACKS, space, device).then(&log.to_be_bytes());
    let seq = read_row(reader, &key, |value| Input(value).counted())?;
    Ok(Seq(seq.unwrap_or(0)))
}

fn read_delivered(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    device: DeviceId,
) -> Result<u64, StorageError> {
    let key = Key::of_peer(DELIVERED, space, device);
    Ok(read_row(reader, &key, |value| Input(value).counted())?.unwrap_or(0))
}
