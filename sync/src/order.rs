//! Screen order: (Lamport, device, incarnation, sequence), the same on every device
//! (`docs/PROTOCOL.md` section 5).
//!
//! The index has one row for every 256 Lamports, which lists the runs of logs in that bucket. Lamports rise within a
//! log, so a log has at most one run in a bucket; the counts of the runs give positions.

use crate::id::{Lamport, SpaceId};
use crate::layout::{Input, put_varint};
use crate::segment::Standing;
use crate::store::{Reader, StorageError, Txn};
use crate::tables::{Key, LogNumber, ORDER, damaged, read_row};

/// Entries of one log in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) log: LogNumber,
    pub(crate) first: u64,
    pub(crate) count: u64,
    /// Number of its rows of the conversation.
    pub(crate) rows: u64,
}

/// Lamports of one bucket, and so the most entries of one log in it.
const BUCKET: u64 = 256;

/// The bucket of a Lamport.
pub(crate) fn bucket_of(lamport: Lamport) -> u64 {
    lamport.0 / BUCKET
}

pub(crate) fn read_bucket(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    bucket: u64,
) -> Result<Vec<Run>, StorageError> {
    Ok(read_row(reader, &Key::order(space, bucket), decode_runs)?.unwrap_or_default())
}

pub(crate) fn decode_runs(value: &[u8]) -> Option<Vec<Run>> {
    let mut input = Input(value);
    let mut runs = Vec::new();
    while !input.is_empty() {
        runs.push(read_run(&mut input)?);
    }
    Some(runs)
}

/// Number of rows of the conversation in the encoded runs of a bucket.
pub(crate) fn count_rows(value: &[u8]) -> Option<u64> {
    let mut input = Input(value);
    let mut rows = 0;
    while !input.is_empty() {
        rows += read_run(&mut input)?.rows;
    }
    Some(rows)
}

fn read_run(input: &mut Input<'_>) -> Option<Run> {
    let run = Run {
        log: LogNumber::try_from(input.varint()?).ok()?,
        first: input.counted()?,
        count: input.counted()?,
        rows: input.counted()?,
    };
    (run.rows <= run.count && run.count <= BUCKET).then_some(run)
}

/// Adds consecutive entries of a log, `first` and those after it, to the index.
pub(crate) fn add(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogNumber,
    first: u64,
    standings: impl Iterator<Item = Standing>,
) -> Result<(), StorageError> {
    let mut run = Run {
        log,
        first,
        count: 0,
        rows: 0,
    };
    let mut bucket = 0;
    for Standing { lamport, is_row } in standings {
        if run.count > 0 && bucket_of(lamport) != bucket {
            add_run(txn, space, bucket, run)?;
            run.first += run.count;
            run.count = 0;
            run.rows = 0;
        }
        bucket = bucket_of(lamport);
        run.count += 1;
        run.rows += u64::from(is_row);
    }
    if run.count > 0 {
        add_run(txn, space, bucket, run)?;
    }
    Ok(())
}

fn add_run(txn: &mut dyn Txn, space: SpaceId, bucket: u64, run: Run) -> Result<(), StorageError> {
    let mut runs = read_bucket(txn, space, bucket)?;
    match runs.iter_mut().find(|known| known.log == run.log) {
        Some(known) => {
            known.count += run.count;
            known.rows += run.rows;
        }
        None => runs.push(run),
    }
    write_bucket(txn, space, bucket, &runs)
}

/// One row of a log in the bucket of this Lamport is hidden, or shown again.
pub(crate) fn row_changed(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogNumber,
    lamport: Lamport,
    is_shown: bool,
) -> Result<(), StorageError> {
    let bucket = bucket_of(lamport);
    let mut runs = read_bucket(txn, space, bucket)?;
    let run = runs.iter_mut().find(|run| run.log == log);
    let run = run.ok_or_else(|| damaged(ORDER))?;
    let rows = match is_shown {
        true => run.rows.checked_add(1).filter(|rows| *rows <= run.count),
        false => run.rows.checked_sub(1),
    };
    run.rows = rows.ok_or_else(|| damaged(ORDER))?;
    write_bucket(txn, space, bucket, &runs)
}

fn write_bucket(
    txn: &mut dyn Txn,
    space: SpaceId,
    bucket: u64,
    runs: &[Run],
) -> Result<(), StorageError> {
    let mut value = Vec::with_capacity(runs.len() * 8);
    for run in runs {
        put_varint(&mut value, u64::from(run.log));
        put_varint(&mut value, run.first);
        put_varint(&mut value, run.count);
        put_varint(&mut value, run.rows);
    }
    txn.put(&Key::order(space, bucket), &value)
}
