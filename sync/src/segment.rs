//! Segments: the batches of a log as they came, several in a store row, so that a row fills a leaf of the store (a row
//! for each message would cost twice as much).
//!
//! ```text
//! segment = version u8 (2) ‖ stored × n
//! stored  = skip ‖ first Lamport ‖ jumps ‖ jumps × (index delta ‖ extra)
//!         ‖ runs ‖ runs × (rows before it ‖ others) ‖ length ‖ core
//! ```
//!
//! The store held the first `skip` entries of the core already when it came: they do not count, but the core stays
//! whole, because its mark covers them. The Lamport of the others rises by one, and by `extra` more at each jump. The
//! runs of entries that are no rows, or hidden ones, are stored too, so that rows are counted without reading entries.

use std::ops::{Bound, ControlFlow};

use crate::batch::{Batch, BatchError, EntryView};
use crate::id::{Lamport, Seq, SpaceId};
use crate::layout::{Input, MAX_COUNTED, put_varint};
use crate::log::LogRow;
use crate::rows::Rows;
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{Key, LogNumber, SEGMENTS, damaged, other_version};

/// Bytes of one segment, unless a single batch is larger: it fits one leaf of the store.
pub const SEGMENT_TARGET: usize = 3_950;

/// First byte of a segment.
pub(crate) const SEGMENT_VERSION: u8 = 2;

/// The Lamports of consecutive entries: usually each is one more than the last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lamports {
    first: u64,
    last: u64,
    count: u64,
    jumps: Vec<(u64, u64)>,
}

impl Lamports {
    pub(crate) fn push(&mut self, lamport: Lamport) {
        if self.count == 0 {
            self.first = lamport.0;
        } else if lamport.0 > self.last + 1 {
            self.jumps.push((self.count, lamport.0 - self.last - 1));
        }
        self.last = lamport.0;
        self.count += 1;
    }

    pub(crate) fn last(&self) -> Lamport {
        Lamport(self.last)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Lamport> {
        let mut next = self.first;
        let mut jumps = self.jumps.iter().peekable();
        (0..self.count).map(move |index| {
            if let Some((_, extra)) = jumps.next_if(|(at, _)| *at == index) {
                next += extra;
            }
            next += 1;
            Lamport(next - 1)
        })
    }
}

/// One stored batch.
pub(crate) struct Stored<'a> {
    pub(crate) skip: u64,
    pub(crate) lamports: Lamports,
    pub(crate) rows: Rows,
    pub(crate) batch: Batch<'a>,
}

impl<'a> Stored<'a> {
    /// The first entry that counts.
    pub(crate) fn first(&self) -> u64 {
        self.batch.first.0 + self.skip
    }

    /// The Lamport of that entry.
    pub(crate) fn first_lamport(&self) -> Lamport {
        Lamport(self.lamports.first)
    }

    /// Lamport and kind of one of the entries that count.
    pub(crate) fn standing(&self, seq: Seq) -> Option<Standing> {
        let index = seq.0.checked_sub(self.first())?;
        Some(Standing {
            lamport: self.lamports.iter().nth(usize::try_from(index).ok()?)?,
            is_row: self.rows.is_row(index),
        })
    }

    /// The same for each of the entries that count.
    pub(crate) fn standings(&self) -> impl Iterator<Item = Standing> {
        let lamports = self.lamports.iter();
        lamports
            .zip(self.rows.iter())
            .map(|(lamport, is_row)| Standing { lamport, is_row })
    }

    /// The entries that count, with their Lamports.
    pub(crate) fn entries(
        &self,
    ) -> impl Iterator<Item = Result<(Lamport, EntryView<'a>), BatchError>> {
        let entries = self.batch.entries().skip(self.skip as usize);
        let lamports = self.lamports.iter();
        // `entries` must be first: a zip asks its second iterator only if the first has another item.
        entries
            .zip(lamports)
            .map(|(entry, lamport)| Ok((lamport, entry?)))
    }

    fn read(input: &mut Input<'a>) -> Option<Stored<'a>> {
        let skip = input.varint()?;
        let first = input.varint()?;
        let jump_count = input.length()?;
        let mut lamports = Lamports {
            first,
            ..Lamports::default()
        };
        let mut index = 0u64;
        let mut extras = 0u64;
        for _ in 0..jump_count {
            index = index.checked_add(input.varint()?)?;
            let extra = input.varint()?;
            extras = extras.checked_add(extra)?;
            lamports.jumps.push((index, extra));
        }
        let mut runs = *input;
        let run_count = runs.length()?;
        *input = runs;
        for _ in 0..run_count {
            input.varint()?;
            input.varint()?;
        }
        let length = input.length()?;
        let batch = Batch::parse_head(input.take(length)?).ok()?;
        lamports.count = batch.count.checked_sub(skip)?;
        let rows = Rows::read(&mut runs, run_count, lamports.count)?;
        lamports.last = first
            .checked_add(lamports.count.checked_sub(1)?)?
            .checked_add(extras)?;
        let jumps_lie_within = jump_count == 0 || index < lamports.count;
        if !jumps_lie_within || lamports.last > MAX_COUNTED {
            return None;
        }
        Some(Stored {
            skip,
            lamports,
            rows,
            batch,
        })
    }
}

/// Appends a stored batch.
pub(crate) fn put_stored(
    out: &mut Vec<u8>,
    skip: u64,
    lamports: &Lamports,
    rows: &Rows,
    core: &[u8],
) {
    put_varint(out, skip);
    put_varint(out, lamports.first);
    put_varint(out, lamports.jumps.len() as u64);
    let mut before = 0;
    for (index, extra) in &lamports.jumps {
        put_varint(out, index - before);
        put_varint(out, *extra);
        before = *index;
    }
    rows.put(out);
    put_varint(out, core.len() as u64);
    out.extend_from_slice(core);
}

/// Iterates over the stored batches of a segment.
pub(crate) struct Segment<'a>(Input<'a>);

impl<'a> Segment<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Segment<'a>, StorageError> {
        let mut input = Input(bytes);
        match input.byte() {
            Some(SEGMENT_VERSION) => Ok(Segment(input)),
            Some(_) => Err(other_version(SEGMENTS)),
            None => Err(damaged(SEGMENTS)),
        }
    }
}

impl<'a> Iterator for Segment<'a> {
    type Item = Result<Stored<'a>, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let stored = Stored::read(&mut self.0);
        if stored.is_none() {
            self.0 = Input(&[]);
        }
        Some(stored.ok_or_else(|| damaged(SEGMENTS)))
    }
}

/// Calls `read` with the segment that holds entry `seq` of a log; the entry must be held.
pub(crate) fn with_segment<T>(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogNumber,
    seq: Seq,
    mut read: impl FnMut(&[u8]) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    let low = Key::segment(space, log, 0);
    let high = Key::segment(space, log, seq.0);
    let mut found = None;
    reader.scan(
        (Bound::Included(&low), Bound::Included(&high)),
        Direction::Backward,
        &mut |_, value| {
            found = Some(read(value));
            ControlFlow::Break(())
        },
    )?;
    found.unwrap_or_else(|| Err(damaged(SEGMENTS)))
}

/// The first entry of the segment that holds entry `seq` of a log, by which its key ends; the entry must be held.
pub(crate) fn first_of_segment(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogNumber,
    seq: Seq,
) -> Result<u64, StorageError> {
    let low = Key::segment(space, log, 0);
    let high = Key::segment(space, log, seq.0);
    let mut first = None;
    reader.scan(
        (Bound::Included(&low), Bound::Included(&high)),
        Direction::Backward,
        &mut |key, _| {
            first = key.last_chunk().map(|first| u64::from_be_bytes(*first));
            ControlFlow::Break(())
        },
    )?;
    first.ok_or_else(|| damaged(SEGMENTS))
}

/// Stores a segment of a log that begins with entry `first`. The caller writes the row.
pub(crate) fn put_segment(
    txn: &mut dyn Txn,
    space: SpaceId,
    row: &mut LogRow,
    first: u64,
    segment: &[u8],
) -> Result<(), StorageError> {
    if first >= row.tail_first {
        row.tail_first = first;
        row.tail_length = segment.len() as u64;
    }
    txn.put(&Key::segment(space, row.number, first), segment)
}

/// The place of an entry in the order, and whether it is a row that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) lamport: Lamport,
    pub(crate) is_row: bool,
}

/// The standing of a held entry.
pub(crate) fn standing_of(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogNumber,
    seq: Seq,
) -> Result<Standing, StorageError> {
    with_segment(reader, space, log, seq, |bytes| standing_in(bytes, seq))
}

/// The standing of an entry in the segment that holds it.
pub(crate) fn standing_in(segment: &[u8], seq: Seq) -> Result<Standing, StorageError> {
    for stored in Segment::open(segment)? {
        let stored = stored?;
        if seq <= stored.batch.last() {
            return stored.standing(seq).ok_or_else(|| damaged(SEGMENTS));
        }
    }
    Err(damaged(SEGMENTS))
}

/// What a segment costs of a step's budget: a long one as much as the short ones of its length.
pub(crate) fn cost(segment: &[u8]) -> usize {
    segment.len().div_ceil(SEGMENT_TARGET)
}

/// Number of rows from `first` to `last` of a log; these entries must be held.
pub(crate) fn rows_between(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogNumber,
    first: Seq,
    last: Seq,
) -> Result<u64, StorageError> {
    let mut rows = 0;
    let mut next = first.0;
    while next <= last.0 {
        let begun = next;
        with_segment(reader, space, log, Seq(next), |bytes| {
            for stored in Segment::open(bytes)? {
                let stored = stored?;
                let end = last.0.min(stored.batch.last().0) + 1;
                if next < end && next >= stored.first() {
                    let before = |seq| stored.rows.before(seq - stored.first());
                    rows += before(end) - before(next);
                    next = end;
                }
            }
            Ok(())
        })?;
        if next == begun {
            return Err(damaged(SEGMENTS));
        }
    }
    Ok(rows)
}
