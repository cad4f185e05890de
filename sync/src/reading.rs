//! Reads a log from its start to its head, whatever the places of its entries in screen order.

use std::ops::{Bound, ControlFlow};

use bytes::Bytes;

use crate::id::{LogId, Seq, SpaceId};
use crate::log::LogRow;
use crate::page::{Placed, placed_in};
use crate::segment::Segment;
use crate::store::{Direction, Reader, StorageError};
use crate::tables::{Key, SEGMENTS, damaged};

/// Up to `count` entries of a log, rows and annotations, from `first` on. The shown wall time of each is its own.
pub fn entries(
    reader: &dyn Reader,
    space: SpaceId,
    log: LogId,
    first: Seq,
    count: usize,
) -> Result<Vec<Placed>, StorageError> {
    let mut entries = Vec::new();
    let row = LogRow::read(reader, space, log)?;
    let Some(row) = row.filter(|row| first.0 > 0 && first <= row.head) else {
        return Ok(entries);
    };
    let low = Key::segment(space, row.number, 0);
    let middle = Key::segment(space, row.number, first.0);
    let high = Key::segment(space, row.number, u64::MAX);
    let mut begin = middle.to_vec();
    let before = (Bound::Included(&low[..]), Bound::Included(&middle[..]));
    reader.scan(before, Direction::Backward, &mut |key, _| {
        begin = key.to_vec();
        ControlFlow::Break(())
    })?;
    let mut read = |bytes: &[u8]| {
        let bytes = Bytes::copy_from_slice(bytes);
        for stored in Segment::open(&bytes)? {
            let stored = stored?;
            if stored.batch.last() < first {
                continue;
            }
            for entry in stored.entries() {
                let (lamport, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                if entry.seq >= first && entries.len() < count {
                    entries.push(placed_in(&bytes, log, lamport, &entry));
                }
            }
        }
        Ok(entries.len() < count)
    };
    let mut failed = None;
    let range = (Bound::Included(&begin[..]), Bound::Included(&high[..]));
    reader.scan(range, Direction::Forward, &mut |_, bytes| {
        match read(bytes) {
            Ok(true) => return ControlFlow::Continue(()),
            Ok(false) => {}
            Err(error) => failed = Some(error),
        }
        ControlFlow::Break(())
    })?;
    failed.map_or(Ok(entries), Err)
}
