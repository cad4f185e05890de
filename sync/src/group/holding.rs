//! What the entries of a member prove about what it holds.
//!
//! A device takes in an entry only with all that it links to, and links to the newest that it holds. So whoever signs an entry holds
//! what lies in its past. A frontier or an acknowledgement that somebody else tells of a member proves nothing.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use crate::id::{DeviceId, EntryId, LogId, Seq, SpaceId};
use crate::log::LogRow;
use crate::segment::{Segment, standing_of};
use crate::space::each_log;
use crate::store::{Direction, Reader, StorageError};
use crate::tables::{Key, SEGMENTS, damaged};

/// Most segments that one look reads. What lies deeper is not known.
const MAX_SEGMENTS: usize = 64;

/// Whether something that a member signed has an entry in its past, as far as the newest entries show.
pub fn shows_to_hold(
    reader: &dyn Reader,
    space: SpaceId,
    member: DeviceId,
    entry: EntryId,
) -> Result<bool, StorageError> {
    let row = LogRow::read(reader, space, entry.log)?;
    let Some(row) = row.filter(|row| (Seq(1)..=row.head).contains(&entry.seq)) else {
        return Ok(false);
    };
    // An entry of a lower Lamport has it not in its past.
    let lamport = standing_of(reader, space, row.number, entry.seq)?.lamport;
    let mut logs = BTreeMap::new();
    each_log(reader, space, |log, row| _ = logs.insert(log, row))?;
    // How far each log lies in that past.
    let mut past: BTreeMap<LogId, Seq> = BTreeMap::new();
    let signed = logs.iter().filter(|(log, _)| log.device == member);
    let mut due: Vec<(LogId, Seq)> = signed.map(|(log, row)| (*log, row.head)).collect();
    let mut segments = 0;
    while let Some((log, seq)) = due.pop() {
        if log == entry.log && seq >= entry.seq {
            return Ok(true);
        }
        let before = past.get(&log).copied().unwrap_or_default();
        let Some(row) = logs.get(&log).filter(|row| seq > before && seq <= row.head) else {
            continue;
        };
        past.insert(log, seq);
        let mut failed = None;
        let (low, high) = (
            Key::segment(space, row.number, 0),
            Key::segment(space, row.number, seq.0),
        );
        let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
        reader.scan(range, Direction::Backward, &mut |_, bytes| {
            segments += 1;
            let mut reaches_back = true;
            let mut read = || {
                for stored in Segment::open(bytes)? {
                    for one in stored?.entries() {
                        let (its, one) = one.map_err(|_| damaged(SEGMENTS))?;
                        reaches_back &= its > lamport && one.seq > before;
                        if its > lamport && one.seq > before && one.seq <= seq {
                            due.extend(one.links.map(|link| (link.log, link.seq)));
                        }
                    }
                }
                Ok(())
            };
            failed = read().err();
            match failed.is_none() && reaches_back && segments < MAX_SEGMENTS {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        if segments >= MAX_SEGMENTS {
            return Ok(false);
        }
    }
    Ok(false)
}
