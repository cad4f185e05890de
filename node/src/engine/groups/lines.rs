//! What has changed in a group: who is in, and its timer. Each device notes it when it learns of it, behind the newest
//! message that it has then: no message says it, so nobody can leave it unsaid.

use std::ops::{Bound, ControlFlow};

use hedgerow_sync::id::{DeviceId, SpaceId};
use hedgerow_sync::page::{self, PageFrom, Place};
use hedgerow_sync::store::{Direction, Reader, StorageError};
use minicbor::{Decode, Encode};

use crate::engine::{Turn, reading};
use crate::tables::{self, Table, damaged};

/// A change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Line {
    #[n(0)]
    pub what: Noted,
    /// Who brought it about.
    #[cbor(n(1), with = "crate::engine::codec::fixed_option", has_nil)]
    pub by: Option<DeviceId>,
    /// When this device learned of it, by its clock in Unix milliseconds.
    #[n(2)]
    pub at_ms: i64,
}

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Noted {
    /// Somebody's level.
    #[n(0)]
    Level {
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        who: DeviceId,
        #[n(1)]
        before: u8,
        #[n(2)]
        now: u8,
    },
    /// The timer.
    #[n(1)]
    Timer {
        #[n(0)]
        seconds: u64,
    },
    /// An admin was lowered by somebody who does not outrank it.
    #[n(2)]
    Suspended {
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        who: DeviceId,
        #[n(1)]
        now: u8,
    },
    /// It has objected, and is an admin again.
    #[n(3)]
    Objected {
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        who: DeviceId,
    },
    /// It is an admin again, because the author of the line undid what suspended it.
    #[n(4)]
    Restored {
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        who: DeviceId,
    },
    /// We have come into the group, and it continues this one.
    #[n(5)]
    Continues {
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        space: SpaceId,
    },
    /// We have come into this one, which continues the group.
    #[n(6)]
    GoesOn {
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        space: SpaceId,
    },
}

/// Notes a change behind the newest message.
pub(super) fn note(turn: &mut Turn<'_>, space: SpaceId, line: Line) -> Result<(), StorageError> {
    let newest = page::page(turn.txn, space, PageFrom::Newest, 1)?;
    let newest = newest.and_then(|page| page.entries.last().map(|entry| entry.place()));
    let after = newest.map_or([0; 40], reading::encode);
    let prefix = Table::GroupLines.key(&[&space.0, &after]);
    let mut number = 0u64;
    tables::visit(turn.txn, &prefix, &mut |_, _| number += 1)?;
    let key = [&prefix[..], &number.to_be_bytes()].concat();
    tables::save(turn.txn, &key, &line)?;
    match line.what {
        Noted::Timer { .. } | Noted::Continues { .. } | Noted::GoesOn { .. } => {
            turn.pending.reshown.insert(space);
        }
        _ => turn.pending.memberships.push((space, line)),
    }
    Ok(())
}

/// The changes noted behind the message at `from` (`None`: before all) or a later one, and before `to` (`None`: without an end).
pub(crate) fn lines_between(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    from: Option<Place>,
    to: Option<Place>,
) -> Result<Vec<Line>, StorageError> {
    let from = from.map_or([0; 40], reading::encode);
    let low = Table::GroupLines.key(&[&space.0, &from]);
    let high = match to {
        Some(to) => Table::GroupLines.key(&[&space.0, &reading::encode(to)]),
        None => tables::after(&Table::GroupLines.key(&[&space.0])),
    };
    let (mut lines, mut is_sound) = (Vec::new(), true);
    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    reader.scan(range, Direction::Forward, &mut |_, row| {
        match minicbor::decode(row) {
            Ok(line) => lines.push(line),
            Err(_) => is_sound = false,
        }
        ControlFlow::Continue(())
    })?;
    is_sound.then_some(lines).ok_or_else(damaged)
}
