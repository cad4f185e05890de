//! Takes rows out of the conversation, in this store alone.

use crate::id::{EntryId, SpaceId};
use crate::log::LogRow;
use crate::order;
use crate::peer;
use crate::segment::{SEGMENT_VERSION, Segment, first_of_segment, put_segment, put_stored};
use crate::space::SpaceRow;
use crate::store::{StorageError, Txn};
use crate::tables::{Key, SEGMENTS, SPACES, damaged};

/// Takes a row out of pages, counts and positions. The entry stays, in its log and for peers. Returns whether it was
/// there: an entry that is not held, no row or hidden already stays unchanged.
pub fn hide(txn: &mut dyn Txn, space: SpaceId, entry: EntryId) -> Result<bool, StorageError> {
    set_row(txn, space, entry, false)
}

/// Hides a row, or shows a hidden one again. Returns whether that changed anything.
pub(crate) fn set_row(
    txn: &mut dyn Txn,
    space: SpaceId,
    entry: EntryId,
    is_shown: bool,
) -> Result<bool, StorageError> {
    let row = LogRow::read(txn, space, entry.log)?;
    let Some(mut row) = row.filter(|row| entry.seq.0 > 0 && entry.seq <= row.head) else {
        return Ok(false);
    };
    let first = first_of_segment(txn, space, row.number, entry.seq)?;
    let key = Key::segment(space, row.number, first);
    let bytes = txn.get(&key)?.ok_or_else(|| damaged(SEGMENTS))?;
    let mut segment = Vec::with_capacity(bytes.len() + 2);
    segment.push(SEGMENT_VERSION);
    let mut lamport = None;
    for stored in Segment::open(&bytes)? {
        let mut stored = stored?;
        if let Some(standing) = stored.standing(entry.seq)
            && standing.is_row != is_shown
        {
            lamport = Some(standing.lamport);
            let index = entry.seq.0 - stored.first();
            stored.rows = stored.rows.with(index, is_shown);
        }
        let core = stored.batch.core();
        put_stored(
            &mut segment,
            stored.skip,
            &stored.lamports,
            &stored.rows,
            core,
        );
    }
    let Some(lamport) = lamport else {
        return Ok(false);
    };
    put_segment(txn, space, &mut row, first, &segment)?;
    let changed = |rows: u64| match is_shown {
        true => rows + 1,
        false => rows.saturating_sub(1),
    };
    row.rows = changed(row.rows);
    row.write(txn, space, entry.log)?;
    order::row_changed(txn, space, row.number, lamport, is_shown)?;
    let mut of_space = SpaceRow::read(txn, space)?.ok_or_else(|| damaged(SPACES))?;
    of_space.rows = changed(of_space.rows);
    if row.mine {
        of_space.rows_mine = changed(of_space.rows_mine);
        peer::row_changed(txn, space, row.number, entry.seq, is_shown)?;
    }
    of_space.write(txn, space)?;
    Ok(true)
}
