//! Applies accepted entries to the conversation.

use super::annotations::Said;
use super::receipts;
use crate::entry::{AnnotationKind, RowKind, What};
use crate::id::{EntryId, LogId, Seq, SpaceId};
use crate::log::LogRow;
use crate::order;
use crate::segment::Standing;
use crate::space::SpaceRow;
use crate::store::{StorageError, Txn};

/// What accepted entries changed in the conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// New rows, by their numbers in the log.
    pub rows: Vec<NewRows>,
    /// Entries with new annotations, held or not.
    pub annotated: Vec<EntryId>,
    /// Entries, held or not, up to which the log's owner has now read their logs.
    pub read: Vec<EntryId>,
}

/// Consecutive entries of a log, all of them rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRows {
    /// The first.
    pub first: Seq,
    /// Number of rows.
    pub count: u64,
    /// What they are.
    pub kind: RowKind,
}

/// An entry that has been stored.
pub(crate) struct Accepted {
    pub(crate) what: What,
    pub(crate) wall_ms: i64,
    pub(crate) standing: Standing,
    /// Membership shows it: in a chat always.
    pub(crate) is_shown: bool,
}

/// Counts, orders and indexes entries of `log` that were stored right after its head, and indexes their annotations.
/// Writes both rows.
pub(crate) fn apply(
    txn: &mut dyn Txn,
    space: SpaceId,
    row: &mut SpaceRow,
    log: LogId,
    head: &mut LogRow,
    accepted: &[Accepted],
) -> Result<Changes, StorageError> {
    let first = head.head.0 + 1;
    let standings = accepted.iter().map(|entry| entry.standing);
    order::add(txn, space, head.number, first, standings)?;
    let mut changes = Changes::default();
    for (seq, entry) in (first..).map(Seq).zip(accepted) {
        match entry.what {
            What::Row(kind) if entry.standing.is_row => {
                changes.row(seq, kind);
                head.rows += 1;
                row.newest_wall_ms = entry.wall_ms;
            }
            What::Row(_) => {}
            What::Annotation { .. } if !entry.is_shown => {}
            What::Annotation {
                kind: AnnotationKind::READ,
                target,
            } => {
                if receipts::note(txn, space, target, log.device)? {
                    changes.read.push(target);
                }
            }
            What::Annotation { kind, target } => {
                let said = Said::new(entry.standing.lamport, log.incarnation, seq);
                if said.place(txn, space, kind, target, log.device)? {
                    changes.annotated.push(target);
                }
            }
        }
        head.head = seq;
        head.lamport = entry.standing.lamport;
        head.wall_ms = entry.wall_ms;
    }
    changes.annotated.sort();
    changes.annotated.dedup();
    head.write(txn, space, log)?;
    row.grew(head, accepted.len() as u64, changes.row_count());
    row.write(txn, space)?;
    Ok(changes)
}

impl Changes {
    fn row(&mut self, seq: Seq, kind: RowKind) {
        match self.rows.last_mut() {
            Some(run) if run.first.0 + run.count == seq.0 && run.kind == kind => run.count += 1,
            _ => self.rows.push(NewRows {
                first: seq,
                count: 1,
                kind,
            }),
        }
    }

    /// Number of new rows.
    pub fn row_count(&self) -> u64 {
        self.rows.iter().map(|run| run.count).sum()
    }
}
