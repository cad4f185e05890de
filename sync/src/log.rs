//! The state of a log in a store: how far it is held.

use std::ops::{Bound, ControlFlow};

use crate::batch::Chain;
use crate::id::{DeviceId, Incarnation, Lamport, LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint, put_zigzag};
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{Key, LOG_NAMES, LOGS, LogNumber, damaged, read_row};

/// The head of a log. The store holds every entry below it, though perhaps without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogRow {
    pub(crate) number: LogNumber,
    /// A device of this store's identity writes it.
    pub(crate) mine: bool,
    /// A stored batch repeats entries of an earlier one.
    pub(crate) repeats: bool,
    /// Its author signed two heads that do not continue one another: it is frozen.
    pub(crate) forked: bool,
    pub(crate) head: Seq,
    /// Number of its entries that are rows of the conversation.
    pub(crate) rows: u64,
    /// Number of its bodies that were removed in this store.
    pub(crate) removed: u64,
    /// In a log of ours: the last entry that a link, a parcel or a bundle may hold.
    pub(crate) offered: Seq,
    pub(crate) lamport: Lamport,
    pub(crate) wall_ms: i64,
    /// The newest segment: its first entry and its length in bytes; 0 if there is none.
    pub(crate) tail_first: u64,
    pub(crate) tail_length: u64,
    /// In a group: the chain up to its head.
    pub(crate) chain: Option<Chain>,
}

impl LogRow {
    pub(crate) fn new(number: LogNumber, mine: bool) -> LogRow {
        LogRow {
            number,
            mine,
            repeats: false,
            forked: false,
            head: Seq(0),
            rows: 0,
            removed: 0,
            offered: Seq(0),
            lamport: Lamport(0),
            wall_ms: 0,
            tail_first: 0,
            tail_length: 0,
            chain: None,
        }
    }

    pub(crate) fn read(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        log: LogId,
    ) -> Result<Option<LogRow>, StorageError> {
        read_row(reader, &Key::log(space, log), LogRow::decode)
    }

    pub(crate) fn write(
        &self,
        txn: &mut dyn Txn,
        space: SpaceId,
        log: LogId,
    ) -> Result<(), StorageError> {
        let mut value = Vec::with_capacity(48);
        value.extend_from_slice(&self.number.to_be_bytes());
        value.push(
            (u8::from(self.mine) * MINE)
                | (u8::from(self.repeats) * REPEATS)
                | (u8::from(self.forked) * FORKED),
        );
        put_varint(&mut value, self.head.0);
        put_varint(&mut value, self.rows);
        put_varint(&mut value, self.removed);
        put_varint(&mut value, self.offered.0);
        put_varint(&mut value, self.lamport.0);
        put_zigzag(&mut value, self.wall_ms);
        put_varint(&mut value, self.tail_first);
        put_varint(&mut value, self.tail_length);
        value.extend_from_slice(self.chain.as_ref().map_or(&[], |chain| &chain.0[..]));
        txn.put(&Key::log(space, log), &value)
    }

    /// Whether an entry is ours and was never offered.
    pub(crate) fn is_unoffered(&self, seq: Seq) -> bool {
        self.mine && self.offered < seq && seq <= self.head
    }

    /// The last entry that may leave: of ours, one that is marked as offered.
    pub(crate) fn sendable(&self) -> Seq {
        match self.mine {
            true => self.offered.min(self.head),
            false => self.head,
        }
    }

    /// Marks all entries of a log of ours as offered. The caller commits that before the first of them leaves.
    pub(crate) fn offer(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        log: LogId,
    ) -> Result<(), StorageError> {
        if !self.mine || self.offered >= self.head {
            return Ok(());
        }
        self.offered = self.head;
        self.write(txn, space, log)
    }

    pub(crate) fn decode(value: &[u8]) -> Option<LogRow> {
        let mut input = Input(value);
        let number = LogNumber::from_be_bytes(input.array()?);
        let flags = input.byte()?;
        Some(LogRow {
            number,
            mine: flags & MINE != 0,
            repeats: flags & REPEATS != 0,
            forked: flags & FORKED != 0,
            head: Seq(input.counted()?),
            rows: input.counted()?,
            removed: input.counted()?,
            offered: Seq(input.counted()?),
            lamport: Lamport(input.counted()?),
            wall_ms: input.zigzag()?,
            tail_first: input.counted()?,
            tail_length: input.counted()?,
            chain: match input.is_empty() {
                true => None,
                false => Some(Chain(input.array()?)),
            },
        })
    }
}

const MINE: u8 = 1;
const REPEATS: u8 = 2;
const FORKED: u8 = 4;

/// The next logs of a space in the order of their names, at most `count`, after `after` if given. Also returns
/// whether these are the last.
pub(crate) fn next_logs(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    after: Option<LogId>,
    count: usize,
) -> Result<(Vec<(LogId, LogRow)>, bool), StorageError> {
    let first = Key::new(LOGS, space);
    let low = after.map(|log| Key::log(space, log));
    let low = low
        .as_deref()
        .map_or(Bound::Included(&*first), Bound::Excluded);
    let last = first.then(&[0xff; 24]);
    let (mut logs, mut are_last, mut is_intact) = (Vec::new(), true, true);
    let range = (low, Bound::Included(&*last));
    reader.scan(range, Direction::Forward, &mut |key, value| {
        if logs.len() == count {
            are_last = false;
            return ControlFlow::Break(());
        }
        match (decode_log_id(&key[first.len()..]), LogRow::decode(value)) {
            (Some(log), Some(row)) => {
                logs.push((log, row));
                ControlFlow::Continue(())
            }
            _ => {
                is_intact = false;
                ControlFlow::Break(())
            }
        }
    })?;
    if is_intact {
        Ok((logs, are_last))
    } else {
        Err(damaged(LOGS))
    }
}

/// The name of log `number`.
pub(crate) fn log_name(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    number: LogNumber,
) -> Result<LogId, StorageError> {
    let key = Key::new(LOG_NAMES, space).then(&number.to_be_bytes());
    read_row(reader, &key, decode_log_id)?.ok_or_else(|| damaged(LOG_NAMES))
}

pub(crate) fn write_log_name(
    txn: &mut dyn Txn,
    space: SpaceId,
    number: LogNumber,
    log: LogId,
) -> Result<(), StorageError> {
    let key = Key::new(LOG_NAMES, space).then(&number.to_be_bytes());
    let mut value = log.device.0.to_vec();
    value.extend_from_slice(&log.incarnation.0.to_be_bytes());
    txn.put(&key, &value)
}

/// Reads device 16 ‖ incarnation 8.
pub(crate) fn decode_log_id(bytes: &[u8]) -> Option<LogId> {
    let mut input = Input(bytes);
    Some(LogId {
        device: DeviceId(input.array()?),
        incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
    })
}
