//! Removes bodies from entries, and exchanges those that have not left yet (`docs/PROTOCOL.md` section 4).
//!
//! The entry keeps its place, kind and links; its neighbours stay provable. A store holds a body once, or more than
//! once if a batch repeated entries, and this removes every copy. A body of such an entry that arrives later is not
//! stored.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use bytes::Bytes;

use crate::batch::{Batch, BatchBuilder};
use crate::entry::{Body, Entry};
use crate::id::{EntryId, Seq, SpaceId};
use crate::log::LogRow;
use crate::rows::Rows;
use crate::segment::{
    Lamports, SEGMENT_VERSION, Segment, Standing, Stored, cost, first_of_segment, put_segment,
    put_stored, with_segment,
};
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{Key, LogNumber, SEGMENTS, damaged};

/// Removes the body of an entry. Returns whether it was there: an entry that is not held, or whose body has already
/// left, stays unchanged.
pub fn remove(txn: &mut dyn Txn, space: SpaceId, entry: EntryId) -> Result<bool, StorageError> {
    let row = LogRow::read(txn, space, entry.log)?;
    let Some(mut row) = row.filter(|row| entry.seq.0 > 0 && entry.seq <= row.head) else {
        return Ok(false);
    };
    if row.chain.is_some() {
        // Nobody is asked for it any more.
        crate::group::forget_want(txn, space, &row, entry.seq)?;
    }
    let mut rewritten = Vec::new();
    for first in segments_from(txn, space, row.number, entry.seq, row.repeats)? {
        let key = Key::segment(space, row.number, first);
        let bytes = txn.get(&key)?.ok_or_else(|| damaged(SEGMENTS))?;
        if let Some(bytes) = without(&bytes, entry.seq)? {
            rewritten.push((first, bytes));
        }
    }
    let left = !rewritten.is_empty();
    for (first, bytes) in rewritten {
        put_segment(txn, space, &mut row, first, &bytes)?;
    }
    if left {
        row.removed += 1;
        row.write(txn, space, entry.log)?;
    }
    Ok(left)
}

/// Whether no link, parcel or bundle may hold an entry: one of ours that was never offered.
pub fn is_unoffered(
    reader: &dyn Reader,
    space: SpaceId,
    entry: EntryId,
) -> Result<bool, StorageError> {
    let row = LogRow::read(reader, space, entry.log)?;
    Ok(row.is_some_and(|row| row.is_unoffered(entry.seq)))
}

/// Removes the body of an entry of ours before anybody gets it: what leaves later is a void. Returns whether that was
/// possible: an entry that was [offered](is_unoffered) stays unchanged.
pub fn void(txn: &mut dyn Txn, space: SpaceId, entry: EntryId) -> Result<bool, StorageError> {
    Ok(is_unoffered(txn, space, entry)? && remove(txn, space, entry)?)
}

/// Exchanges the body of an entry of ours before anybody gets it. Returns whether that was possible: an entry that was
/// [offered](is_unoffered), or has no body any more, stays unchanged.
pub fn replace(
    txn: &mut dyn Txn,
    space: SpaceId,
    entry: EntryId,
    body: Bytes,
) -> Result<bool, StorageError> {
    let row = LogRow::read(txn, space, entry.log)?;
    let Some(mut row) = row.filter(|row| row.is_unoffered(entry.seq)) else {
        return Ok(false);
    };
    let first = first_of_segment(txn, space, row.number, entry.seq)?;
    let key = Key::segment(space, row.number, first);
    let bytes = txn.get(&key)?.ok_or_else(|| damaged(SEGMENTS))?;
    // What was never offered lies in a segment of its own log's making, which is one unsealed batch.
    let mut stored = Segment::open(&bytes)?;
    let stored = stored.next().ok_or_else(|| damaged(SEGMENTS))??;
    let Some(batches) = exchanged(&stored, entry, body)? else {
        return Ok(false);
    };
    for batch in batches {
        let mut segment = vec![SEGMENT_VERSION];
        let core = batch.builder.unsealed();
        put_stored(&mut segment, 0, &batch.lamports, &batch.rows, &core);
        put_segment(txn, space, &mut row, batch.first, &segment)?;
    }
    row.write(txn, space, entry.log)?;
    Ok(true)
}

/// An unsealed batch under construction, with what is stored beside it.
struct Unsealed {
    first: u64,
    builder: BatchBuilder,
    lamports: Lamports,
    rows: Rows,
}

/// The entries of an unsealed batch, cut anew with another body of one of them; `None` if that has left.
fn exchanged(
    stored: &Stored<'_>,
    changed: EntryId,
    body: Bytes,
) -> Result<Option<Vec<Unsealed>>, StorageError> {
    let mut batches: Vec<Unsealed> = Vec::new();
    for (Standing { lamport, is_row }, entry) in stored.standings().zip(stored.batch.entries()) {
        let view = entry.map_err(|_| damaged(SEGMENTS))?;
        let is_changed = view.seq == changed.seq;
        if is_changed && view.body.is_gone() {
            return Ok(None);
        }
        let entry = Entry {
            what: view.what(changed.log),
            links: view.links.clone().collect(),
            wall_ms: view.wall_ms,
            body: match is_changed {
                true => Body::Bytes(body.clone()),
                false => view.body.to_body(),
            },
        };
        let fits = |batch: &mut Unsealed| batch.builder.push(&entry);
        if !batches.last_mut().is_some_and(fits) {
            let mut builder = BatchBuilder::new(changed.log, view.seq, view.wall_ms);
            builder.push(&entry);
            batches.push(Unsealed {
                first: view.seq.0,
                builder,
                lamports: Lamports::default(),
                rows: Rows::default(),
            });
        }
        if let Some(batch) = batches.last_mut() {
            batch.lamports.push(lamport);
            batch.rows.push(is_row);
        }
    }
    Ok(Some(batches))
}

/// The segments that may hold an entry, by their first entries: one, or with `and_later` all from there on.
fn segments_from(
    reader: &dyn Txn,
    space: SpaceId,
    log: LogNumber,
    seq: Seq,
    and_later: bool,
) -> Result<Vec<u64>, StorageError> {
    let mut firsts = Vec::new();
    let mut gather = |low: u64, high: u64, direction, limit: usize| {
        let low = Key::segment(space, log, low);
        let high = Key::segment(space, log, high);
        let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
        reader.scan(range, direction, &mut |key, _| {
            if let Some(first) = key.last_chunk() {
                firsts.push(u64::from_be_bytes(*first));
            }
            match firsts.len() < limit {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })
    };
    gather(0, seq.0, Direction::Backward, 1)?;
    if and_later {
        gather(seq.0 + 1, u64::MAX, Direction::Forward, usize::MAX)?;
    }
    Ok(firsts)
}

/// A segment without the body of an entry; `None` if it does not hold that body.
fn without(bytes: &[u8], seq: Seq) -> Result<Option<Vec<u8>>, StorageError> {
    let mut segment = Vec::with_capacity(bytes.len());
    segment.push(SEGMENT_VERSION);
    let mut any = false;
    for stored in Segment::open(bytes)? {
        let stored = stored?;
        let core = match (stored.batch.first..=stored.batch.last()).contains(&seq) {
            true => stored
                .batch
                .without(|at| at == seq)
                .map_err(|_| damaged(SEGMENTS))?,
            false => None,
        };
        any |= core.is_some();
        put_stored(
            &mut segment,
            stored.skip,
            &stored.lamports,
            &stored.rows,
            core.as_deref().unwrap_or(stored.batch.core()),
        );
    }
    Ok(any.then_some(segment))
}

/// Which of the entries that a batch repeats have lost their bodies, as far as that has been read.
#[derive(Default)]
pub(crate) struct Gone {
    seqs: BTreeSet<Seq>,
    /// How far they have been read, and the number of removed bodies then.
    next: u64,
    removed: u64,
}

impl Gone {
    /// Reads on, up to the first `skip` entries of the batch, about `left` segments of usual length. Returns whether all is read.
    pub(crate) fn read(
        &mut self,
        reader: &dyn Txn,
        space: SpaceId,
        row: &LogRow,
        batch: &Batch<'_>,
        skip: u64,
        left: &mut usize,
    ) -> Result<bool, StorageError> {
        // In a group a body may be gone that never came.
        if row.removed == 0 && row.chain.is_none() {
            return Ok(true);
        }
        if self.next < batch.first.0 || self.removed != row.removed {
            // A body has left since: it may be one that was still there when it was read.
            *self = Gone {
                seqs: BTreeSet::new(),
                next: batch.first.0,
                removed: row.removed,
            };
        }
        let end = batch.first.0 + skip;
        while self.next < end {
            if *left == 0 {
                return Ok(false);
            }
            let cost = self.read_segment(reader, space, row.number, end)?;
            *left = left.saturating_sub(cost);
        }
        Ok(true)
    }

    fn read_segment(
        &mut self,
        reader: &dyn Txn,
        space: SpaceId,
        log: LogNumber,
        end: u64,
    ) -> Result<usize, StorageError> {
        let begun = self.next;
        let cost = with_segment(reader, space, log, Seq(begun), |bytes| {
            for stored in Segment::open(bytes)? {
                for entry in stored?.entries() {
                    let (_, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                    if entry.seq.0 == self.next && self.next < end {
                        self.next += 1;
                        if entry.body.is_gone() {
                            self.seqs.insert(entry.seq);
                        }
                    }
                }
            }
            Ok(cost(bytes))
        })?;
        if self.next == begun {
            return Err(damaged(SEGMENTS));
        }
        Ok(cost)
    }

    /// The core of the batch without these bodies; `None` if it keeps all.
    pub(crate) fn leave(&self, batch: &Batch<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        if self.seqs.is_empty() {
            return Ok(None);
        }
        batch
            .without(|seq| self.seqs.contains(&seq))
            .map_err(|_| damaged(SEGMENTS))
    }
}
