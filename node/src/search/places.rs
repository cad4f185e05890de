//! Which entry a document is. Documents are numbered as they are indexed, so the numbers stay when messages arrive late;
//! their times lie beside them.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow, Range};

use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::space;
use hedgerow_sync::store::{Direction, Reader, StorageError, Txn};

use super::layout::{Input, put_varint, put_zigzag};
use crate::tables::{self, Table, damaged};

/// Most documents of one run.
pub(super) const MAX_RUN: usize = 512;

/// Consecutive entries of a log, whose documents are consecutive too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub space: SpaceId,
    pub log: LogId,
    /// The first entry, and its document.
    pub first: Seq,
    pub document: u64,
    /// Of each entry: when it was written, Unix milliseconds; and whether it is an annotation.
    pub entries: Vec<(i64, bool)>,
}

impl Run {
    /// Adds it to the index.
    pub fn write(&self, txn: &mut dyn Txn) -> Result<(), StorageError> {
        let mut value = Vec::with_capacity(48 + 4 * self.entries.len());
        value.extend_from_slice(&self.space.0);
        value.extend_from_slice(&self.log.device.0);
        value.extend_from_slice(&self.log.incarnation.0.to_be_bytes());
        put_varint(&mut value, self.first.0);
        let mut before = 0i64;
        for (time_ms, is_annotation) in &self.entries {
            put_zigzag(
                &mut value,
                time_ms.wrapping_sub(before) << 1 | i64::from(*is_annotation),
            );
            before = *time_ms;
        }
        txn.put(&by_document(self.document), &value)?;
        let mut value = Vec::with_capacity(12);
        put_varint(&mut value, self.document);
        put_varint(&mut value, self.entries.len() as u64);
        txn.put(&by_entry(self.space, self.log, self.first), &value)
    }

    /// The entry of one of its documents.
    pub fn entry(&self, index: usize) -> EntryId {
        EntryId {
            log: self.log,
            seq: Seq(self.first.0 + index as u64),
        }
    }

    fn decode(document: u64, value: &[u8]) -> Option<Run> {
        let mut input = Input(value);
        let mut run = Run {
            space: SpaceId(input.array()?),
            log: log(&mut input)?,
            first: Seq(input.varint()?),
            document,
            entries: Vec::new(),
        };
        let mut before = 0i64;
        while !input.is_empty() {
            let step = input.zigzag()?;
            before = before.wrapping_add(step >> 1);
            run.entries.push((before, step & 1 == 1));
        }
        let end = run.first.0.checked_add(run.entries.len() as u64);
        (end.is_some() && run.entries.len() <= MAX_RUN).then_some(run)
    }
}

/// Calls `visit` with each run of these documents.
pub(super) fn runs(
    reader: &dyn Reader,
    documents: Range<u64>,
    visit: &mut dyn FnMut(Run),
) -> Result<(), StorageError> {
    let (low, high) = (by_document(documents.start), by_document(documents.end));
    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    let mut is_sound = true;
    reader.scan(range, Direction::Forward, &mut |key, value| {
        let document = key[1..].try_into().ok().map(u64::from_be_bytes);
        match document.and_then(|document| Run::decode(document, value)) {
            Some(run) => {
                visit(run);
                ControlFlow::Continue(())
            }
            None => {
                is_sound = false;
                ControlFlow::Break(())
            }
        }
    })?;
    is_sound.then_some(()).ok_or_else(damaged)
}

/// The document of an entry, if it has been indexed.
pub(super) fn document(
    reader: &dyn Reader,
    space: SpaceId,
    entry: EntryId,
) -> Result<Option<u64>, StorageError> {
    let low = by_entry(space, entry.log, Seq(0));
    let high = by_entry(space, entry.log, entry.seq);
    let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
    let mut found = None;
    reader.scan(range, Direction::Backward, &mut |key, value| {
        found = Some(decode_log(&key[17..], value));
        ControlFlow::Break(())
    })?;
    let Some(found) = found else { return Ok(None) };
    let (_, first, document, count) = found.ok_or_else(damaged)?;
    let index = entry.seq.0 - first.0;
    Ok((index < count).then(|| document + index))
}

/// How far each log of a space has been indexed.
pub(super) fn indexed(
    reader: &dyn Reader,
    space: SpaceId,
) -> Result<BTreeMap<LogId, Seq>, StorageError> {
    let (mut logs, mut is_sound) = (BTreeMap::new(), true);
    let prefix = Table::SearchLogs.key(&[&space.0]);
    tables::visit(reader, &prefix, &mut |rest, value| {
        if rest.is_empty() {
            return;
        }
        match decode_log(rest, value) {
            // Keys ascend, so the last run of a log counts.
            Some((log, first, _, count)) => {
                logs.insert(log, Seq((first.0 + count).saturating_sub(1)));
            }
            None => is_sound = false,
        }
    })?;
    if is_sound { Ok(logs) } else { Err(damaged()) }
}

/// The documents of a space.
pub(super) fn documents(
    reader: &dyn Reader,
    space: SpaceId,
) -> Result<Vec<Range<u64>>, StorageError> {
    let (mut documents, mut is_sound) = (Vec::new(), true);
    let prefix = Table::SearchLogs.key(&[&space.0]);
    tables::visit(reader, &prefix, &mut |rest, value| {
        if rest.is_empty() {
            return;
        }
        match decode_log(rest, value) {
            Some((_, _, document, count)) => documents.push(document..document + count),
            None => is_sound = false,
        }
    })?;
    if is_sound {
        Ok(documents)
    } else {
        Err(damaged())
    }
}

/// How far a space has been indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// Number of its entries that have been indexed.
    pub count: u64,
    /// The log where the next slice begins to look.
    pub next: LogId,
    /// Number of its entries, and of those that were indexed, when a slice last began with the first log.
    pub lap: (u64, u64),
}

impl Progress {
    /// The beginning of the logs of a space.
    pub const FIRST: LogId = LogId {
        device: DeviceId([0; 16]),
        incarnation: Incarnation(0),
    };

    pub fn load(reader: &dyn Reader, space: SpaceId) -> Result<Progress, StorageError> {
        let mut progress = Some(Progress::at_first(0));
        reader.with(&Table::SearchLogs.key(&[&space.0]), &mut |value| {
            progress = Progress::decode(&mut Input(value));
        })?;
        progress.ok_or_else(damaged)
    }

    pub fn save(&self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let mut value = Vec::with_capacity(40);
        put_varint(&mut value, self.count);
        // The next slice begins with the first log anyway.
        if self.next != Progress::FIRST {
            put_varint(&mut value, self.lap.0);
            put_varint(&mut value, self.lap.1);
            value.extend_from_slice(&self.next.device.0);
            value.extend_from_slice(&self.next.incarnation.0.to_be_bytes());
        }
        txn.put(&Table::SearchLogs.key(&[&space.0]), &value)
    }

    fn decode(input: &mut Input<'_>) -> Option<Progress> {
        let count = input.varint()?;
        if input.is_empty() {
            return Some(Progress::at_first(count));
        }
        Some(Progress {
            count,
            lap: (input.varint()?, input.varint()?),
            next: log(input)?,
        })
    }

    fn at_first(count: u64) -> Progress {
        Progress {
            count,
            next: Progress::FIRST,
            lap: (0, 0),
        }
    }
}

/// Some logs of a space, one after the other.
pub(super) struct Stretch {
    /// Each log, its highest entry, and its first that is not indexed.
    pub logs: Vec<(LogId, Seq, Seq)>,
    /// The log after them; `None` at the end.
    pub next: Option<LogId>,
}

/// Looks at `from` and the logs after it, as far as `limit` of them and twice as many rows of the index go.
pub(super) fn stretch(
    reader: &dyn Reader,
    space: SpaceId,
    from: LogId,
    limit: usize,
) -> Result<Stretch, StorageError> {
    let mut heads = space::heads(reader, space, from, limit + 1)?;
    let mut next = match heads.len() > limit {
        true => heads.pop().map(|(log, _)| log),
        false => None,
    };
    let (Some((first, _)), Some((last, _))) = (heads.first(), heads.last()) else {
        return Ok(Stretch {
            logs: Vec::new(),
            next: None,
        });
    };
    // A log may have any number of runs, of which the last counts.
    let low = last_run(reader, space, *first)?.unwrap_or(Seq(0));
    let (low, high) = (
        by_entry(space, *first, low),
        by_entry(space, *last, Seq(u64::MAX)),
    );
    let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
    let (mut indexed, mut left, mut is_sound) = (BTreeMap::new(), 2 * limit, true);
    reader.scan(range, Direction::Forward, &mut |key, value| {
        let Some((log, first, _, count)) = decode_log(&key[17..], value) else {
            is_sound = false;
            return ControlFlow::Break(());
        };
        if left == 0 {
            // This log may have further runs.
            indexed.remove(&log);
            next = Some(log);
            return ControlFlow::Break(());
        }
        left -= 1;
        indexed.insert(log, Seq(first.0 + count));
        ControlFlow::Continue(())
    })?;
    if !is_sound {
        return Err(damaged());
    }
    let logs = heads
        .into_iter()
        .take_while(|(log, _)| next.is_none_or(|next| *log < next))
        .map(|(log, head)| (log, head, indexed.get(&log).copied().unwrap_or(Seq(1))));
    Ok(Stretch {
        logs: logs.collect(),
        next,
    })
}

/// The first entry of the last run of a log.
fn last_run(reader: &dyn Reader, space: SpaceId, log: LogId) -> Result<Option<Seq>, StorageError> {
    let low = by_entry(space, log, Seq(0));
    let high = by_entry(space, log, Seq(u64::MAX));
    let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
    let mut found = None;
    reader.scan(range, Direction::Backward, &mut |key, value| {
        found = Some(decode_log(&key[17..], value));
        ControlFlow::Break(())
    })?;
    found.map_or(Ok(None), |found| {
        found.map(|(_, first, ..)| Some(first)).ok_or_else(damaged)
    })
}

/// Forgets which entries the documents of a space are.
pub(super) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    for run in documents(txn, space)? {
        txn.remove(&by_document(run.start))?;
    }
    tables::remove_all(txn, &Table::SearchLogs.key(&[&space.0]))
}

fn by_document(document: u64) -> Vec<u8> {
    Table::SearchDocuments.key(&[&document.to_be_bytes()])
}

fn by_entry(space: SpaceId, log: LogId, first: Seq) -> Vec<u8> {
    let incarnation = log.incarnation.0.to_be_bytes();
    let first = first.0.to_be_bytes();
    Table::SearchLogs.key(&[&space.0, &log.device.0, &incarnation, &first])
}

/// Log, first entry, its document and the number of entries of a run, from the rest of the key after the space.
fn decode_log(rest: &[u8], value: &[u8]) -> Option<(LogId, Seq, u64, u64)> {
    let (mut key, mut value) = (Input(rest), Input(value));
    let log = log(&mut key)?;
    let first = Seq(u64::from_be_bytes(key.array()?));
    let (document, count) = (value.varint()?, value.varint()?);
    let is_sound = count <= MAX_RUN as u64
        && first.0.checked_add(count).is_some()
        && document.checked_add(count).is_some();
    is_sound.then_some((log, first, document, count))
}

fn log(input: &mut Input<'_>) -> Option<LogId> {
    Some(LogId {
        device: DeviceId(input.array()?),
        incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
    })
}
