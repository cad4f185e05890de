//! Finding out what differs, from digests and frontiers.

use std::collections::BTreeMap;

use super::{Event, Extent, Fault, Reconciler, View, note_acks};
use crate::id::{LogId, Seq, SpaceId};
use crate::log::LogRow;
use crate::peer::{Base, heads, offered};
use crate::segment::lamport_of;
use crate::space::{Digest, Frontier, MAX_LOGS, frontier_digest};
use crate::store::{StorageError, Txn};
use crate::wire::{Blind, Role};

impl Reconciler {
    pub(super) fn digest(
        &mut self,
        txn: &mut dyn Txn,
        blind: Blind,
        theirs: Digest,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Some(space) = self.blinds.space(&blind) else {
            return Ok(());
        };
        let Some(progress) = self.progress(space) else {
            return Ok(());
        };
        if progress.stated == theirs {
            return self.equal(txn, space, events);
        }
        if !progress.told_frontier {
            self.frontier_is_due(space, Extent::Difference);
        }
        Ok(())
    }

    /// The peer held, when it said so, exactly what we held when this session began.
    pub(super) fn equal(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let peer = self.peer;
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        if progress.view.is_some() {
            return Ok(());
        }
        progress.view = Some(View {
            settled: true,
            ..View::default()
        });
        let grown = std::mem::take(&mut progress.grown);
        if Base::read_digest(txn, space, peer)? != Some(progress.stated) {
            let logs = offered(txn, space, peer)?;
            let held = |log: &LogId, row: &LogRow| match grown.get(log) {
                Some(first) => Seq(first.0.saturating_sub(1)),
                None => row.head,
            };
            let base = Base {
                digest: progress.stated,
                logs: logs
                    .iter()
                    .map(|(log, row)| (row.number, held(log, row)))
                    .filter(|(_, seq)| seq.0 > 0)
                    .collect(),
            };
            base.write(txn, space, peer)?;
            let acks = logs.iter().map(|(log, row)| (*log, held(log, row), *row));
            note_acks(txn, space, peer, acks, events)?;
        }
        for (log, first) in grown {
            self.grew(txn, space, log, first)?;
        }
        Ok(())
    }

    pub(super) fn frontier_is_due(&mut self, space: SpaceId, extent: Extent) {
        if let Some(progress) = self.progress(space) {
            progress.told_frontier = true;
            if progress.frontier_due != Some(Extent::Full) {
                progress.frontier_due = Some(extent);
            }
        }
    }

    pub(super) fn frontier_part(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        base: Option<Digest>,
        part: Frontier,
        more: bool,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let peer = self.peer;
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        let mut coming = progress.coming.take().unwrap_or_default();
        coming.extend(part);
        if coming.len() > MAX_LOGS as usize {
            events.push(Event::Fault(Fault::BadItem));
            return Ok(());
        }
        if more {
            progress.coming = Some(coming);
            return Ok(());
        }
        let told_frontier = progress.told_frontier;
        let logs = offered(txn, space, peer)?;
        let mut theirs = Frontier::new();
        if let Some(digest) = base {
            match Base::read(txn, space, peer)?.filter(|base| base.digest == digest) {
                Some(base) => {
                    let held = logs.iter().filter_map(|(log, row)| {
                        base.logs.get(&row.number).map(|seq| (*log, *seq))
                    });
                    theirs.extend(held);
                }
                None => {
                    progress.need_full_due = true;
                    if !told_frontier {
                        self.frontier_is_due(space, Extent::Difference);
                    }
                    return Ok(());
                }
            }
        }
        theirs.extend(coming);
        if !told_frontier {
            self.frontier_is_due(space, Extent::Difference);
        }
        let acks = logs
            .iter()
            .filter_map(|(log, row)| Some((*log, *theirs.get(log)?, *row)));
        note_acks(txn, space, peer, acks, events)?;
        self.begin(txn, space, &logs, theirs)?;
        self.settle(txn, space)
    }

    /// The peer's frontier is known: find what it lacks.
    pub(super) fn begin(
        &mut self,
        reader: &dyn Txn,
        space: SpaceId,
        logs: &BTreeMap<LogId, LogRow>,
        mut theirs: Frontier,
    ) -> Result<(), StorageError> {
        let mut view = View {
            // Who makes a bundle does not remember what he put in, so it is no base.
            settled: self.role == Role::Bundle,
            ..View::default()
        };
        for (log, row) in logs {
            let held = theirs.get(log).copied().unwrap_or(Seq(0));
            if held == row.head {
                theirs.remove(log);
                continue;
            }
            theirs.insert(*log, held);
            if held < row.head {
                let from = Seq(held.0 + 1);
                let lamport = lamport_of(reader, space, row.number, from)?;
                view.send_from(lamport, *log, from);
            }
        }
        view.theirs = theirs;
        if let Some(progress) = self.progress(space) {
            progress.grown.clear();
            progress.view = Some(view);
        }
        Ok(())
    }

    /// Remembers the frontier as a base, once a session, when the peer is known to hold the same.
    pub(super) fn settle(&mut self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let peer = self.peer;
        let Some(view) = self.view(space) else {
            return Ok(());
        };
        if view.settled || !view.theirs.is_empty() {
            return Ok(());
        }
        view.settled = true;
        let logs = offered(txn, space, peer)?;
        let base = Base {
            digest: frontier_digest(&heads(&logs)),
            logs: logs.values().map(|row| (row.number, row.head)).collect(),
        };
        base.write(txn, space, peer)
    }
}
