//! The tables of this crate, by the first byte of each key. Numbers in keys are big-endian; numbers in values are
//! varints unless a width is given. `space` and `device` are ids of 16 bytes; `log` is the local number of a log in
//! its space, a u32. All tables have version 3, which the rows of [`SPACES`] carry. An entry is a row of the
//! conversation or an annotation.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `0x0E` wanted bodies | space ‖ Lamport of the first entry of its stored run u64 ‖ log ‖ seq u64 | entries of the space when it came: a body of a group that came without its bytes |
//! | `0x0F` bodies asked | space ‖ peer device | entries of the space up to which the device was asked for all bodies that were wanted |
//! | `0x10` spaces | space | version u8 ‖ kind u8 ‖ flags u8 ‖ logs ‖ entries ‖ mine ‖ rows ‖ rows of mine ‖ newest row's wall (zigzag) ‖ digest 16 if flag bit 0 ‖ tips × (log ‖ seq ‖ Lamport) |
//! | `0x11` logs | space ‖ device ‖ incarnation u64 | log u32 ‖ flags u8 (bit 0: mine; bit 1: a batch repeats entries of one before it; bit 2: forked) ‖ head seq ‖ rows ‖ bodies removed ‖ offered up to seq ‖ head Lamport ‖ head wall (zigzag) ‖ tail segment's first seq ‖ tail segment's length ‖ in a group: chain 32 |
//! | `0x12` log names | space ‖ log | device 16 ‖ incarnation u64 |
//! | `0x13` segments | space ‖ log ‖ first seq u64 | version u8 ‖ stored batches, at most [`SEGMENT_TARGET`](crate::segment::SEGMENT_TARGET) unless one alone is larger |
//! | `0x14` order | space ‖ Lamport >> 8 u64 | runs × (log ‖ first seq ‖ count ‖ rows): the logs with entries there; can be rebuilt from the segments |
//! | `0x15` acks | space ‖ peer device ‖ log | seq ‖ rows up to there if the log is mine, else 0: the device holds the log up to there |
//! | `0x16` delivered | space ‖ peer device | entries ‖ rows of ours it holds: the sums over `0x15` of logs that are mine |
//! | `0x17` bases | space ‖ peer device | digest 16 ‖ logs × (log ‖ seq): the frontier last known equal |
//! | `0x18` refusals | space ‖ peer device ‖ log | reason u8: the device refuses entries of this log |
//! | `0x19` annotations | space ‖ target's device ‖ its incarnation u64 ‖ its seq u64 ‖ kind u16 ‖ author's device | Lamport ‖ incarnation u64 ‖ seq of the last annotation of that kind by that author; of edits those of the first [`MAX_EDITS`](crate::conversation::MAX_EDITS), in screen order; can be rebuilt from the segments |
//! | `0x1A` read | space ‖ log's device ‖ its incarnation u64 ‖ reader's device | seq: the reader's device says that its user has read the log up to there; can be rebuilt from the segments |
//! | `0x1B` operations | space ‖ number u32 | operation: the control log, whole, in the order of acceptance, which decides nothing |
//! | `0x1C` operation numbers | space ‖ operation 32 | number u32; can be rebuilt from `0x1B` |
//! | `0x1D` control heads | space | digest of the operations that count 16 ‖ some of those held × id 32; can be rebuilt from `0x1B` |
//! | `0x1E` forks | space ‖ log | head seq ‖ chain 32 ‖ signature 64 ‖ core: two signed heads of one log that do not continue one another |
//! | `0x1F` refused | space ‖ log ‖ seq u64 | nothing: membership does not show this entry; can be rebuilt from the segments and `0x1B` |

use std::ops::{Bound, ControlFlow};

use crate::id::{DeviceId, LogId, SpaceId};
use crate::store::{Direction, KeyRange, Reader, StorageError, StorageFault, Txn, Visit};

/// Bodies of groups that came without their bytes.
pub const WANTED_BODIES: u8 = 0x0E;
/// How far devices were asked for such bodies.
pub const ASKED_BODIES: u8 = 0x0F;
/// Spaces.
pub const SPACES: u8 = 0x10;
/// Logs by name.
pub const LOGS: u8 = 0x11;
/// Logs by local number.
pub const LOG_NAMES: u8 = 0x12;
/// Entries.
pub const SEGMENTS: u8 = 0x13;
/// Screen order.
pub const ORDER: u8 = 0x14;
/// The entries that devices hold.
pub const ACKS: u8 = 0x15;
/// How many of our entries devices hold.
pub const DELIVERED: u8 = 0x16;
/// Frontiers last known equal.
pub const BASES: u8 = 0x17;
/// Logs that devices refuse.
pub const REFUSALS: u8 = 0x18;
/// Annotations of entries.
pub const ANNOTATIONS: u8 = 0x19;
/// How far logs are read.
pub const READ: u8 = 0x1A;
/// Operations of control logs.
pub const OPERATIONS: u8 = 0x1B;
/// Operations by id.
pub const OPERATION_NUMBERS: u8 = 0x1C;
/// The newest operations of control logs.
pub const CONTROL_HEADS: u8 = 0x1D;
/// Proofs that an author forked a log.
pub const FORKS: u8 = 0x1E;
/// Entries that membership does not show.
pub const REFUSED: u8 = 0x1F;

/// Every table whose keys begin with a space; removed with the space.
pub(crate) const OF_A_SPACE: [u8; 18] = [
    WANTED_BODIES,
    ASKED_BODIES,
    SPACES,
    LOGS,
    LOG_NAMES,
    SEGMENTS,
    ORDER,
    ACKS,
    DELIVERED,
    BASES,
    REFUSALS,
    ANNOTATIONS,
    READ,
    OPERATIONS,
    OPERATION_NUMBERS,
    CONTROL_HEADS,
    FORKS,
    REFUSED,
];

/// The local number of a log in its space.
pub(crate) type LogNumber = u32;

/// A key under construction, on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    bytes: [u8; 72],
    length: usize,
}

impl Key {
    pub(crate) fn table(table: u8) -> Key {
        let mut bytes = [0; 72];
        bytes[0] = table;
        Key { bytes, length: 1 }
    }

    pub(crate) fn new(table: u8, space: SpaceId) -> Key {
        Key::table(table).then(&space.0)
    }

    pub(crate) fn log(space: SpaceId, log: LogId) -> Key {
        Key::new(LOGS, space)
            .then(&log.device.0)
            .then(&log.incarnation.0.to_be_bytes())
    }

    pub(crate) fn segment(space: SpaceId, log: LogNumber, first: u64) -> Key {
        Key::new(SEGMENTS, space)
            .then(&log.to_be_bytes())
            .then(&first.to_be_bytes())
    }

    pub(crate) fn refused(space: SpaceId, log: LogNumber, seq: u64) -> Key {
        Key::new(REFUSED, space)
            .then(&log.to_be_bytes())
            .then(&seq.to_be_bytes())
    }

    pub(crate) fn order(space: SpaceId, bucket: u64) -> Key {
        Key::new(ORDER, space).then(&bucket.to_be_bytes())
    }

    pub(crate) fn of_peer(table: u8, space: SpaceId, peer: DeviceId) -> Key {
        Key::new(table, space).then(&peer.0)
    }

    /// Appends `part`. Keys of this crate are at most 72 bytes, an annotation's is 67.
    pub(crate) fn then(mut self, part: &[u8]) -> Key {
        self.bytes[self.length..self.length + part.len()].copy_from_slice(part);
        self.length += part.len();
        self
    }
}

impl std::ops::Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Calls `visit` for each key that begins with `prefix`: with the rest of the key, and the value.
pub(crate) fn scan_prefix(
    reader: &(impl Reader + ?Sized),
    prefix: &[u8],
    direction: Direction,
    visit: Visit<'_>,
) -> Result<(), StorageError> {
    let mut past = prefix.to_vec();
    while let Some(last) = past.last_mut() {
        if *last < 0xff {
            *last += 1;
            break;
        }
        past.pop();
    }
    let high = if past.is_empty() {
        Bound::Unbounded
    } else {
        Bound::Excluded(past.as_slice())
    };
    let range: KeyRange<'_> = (Bound::Included(prefix), high);
    reader.scan(range, direction, &mut |key, value| {
        visit(&key[prefix.len()..], value)
    })
}

/// Removes every key that begins with `prefix`.
pub(crate) fn remove_prefix(txn: &mut dyn Txn, prefix: &[u8]) -> Result<(), StorageError> {
    let mut keys = Vec::new();
    scan_prefix(txn, prefix, Direction::Forward, &mut |rest, _| {
        keys.push([prefix, rest].concat());
        ControlFlow::Continue(())
    })?;
    for key in keys {
        txn.remove(&key)?;
    }
    Ok(())
}

/// Decodes the value of `key` with `read`, which returns `None` for bytes that this crate cannot have written.
pub(crate) fn read_row<T>(
    reader: &(impl Reader + ?Sized),
    key: &[u8],
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>, StorageError> {
    let mut read = Some(read);
    let mut row = None;
    reader.with(key, &mut |value| {
        if let Some(read) = read.take() {
            row = Some(read(value));
        }
    })?;
    match row {
        Some(None) => Err(damaged(key[0])),
        Some(Some(row)) => Ok(Some(row)),
        None => Ok(None),
    }
}

/// The error for a row that this crate cannot have written.
pub(crate) fn damaged(table: u8) -> StorageError {
    StorageError {
        reason: format!(
            "a row of table {table:#04x} is damaged; restore a backup of the data directory"
        ),
        kind: StorageFault::Damaged,
    }
}

/// The error for a row of a version with other tables.
pub(crate) fn other_version(table: u8) -> StorageError {
    StorageError {
        reason: format!(
            "a row of table {table:#04x} was written by another version of Hedgerow, which this one \
             cannot read; use that version"
        ),
        kind: StorageFault::Damaged,
    }
}
