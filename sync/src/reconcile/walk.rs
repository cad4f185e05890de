//! Walks over the logs of a space after a frontier or an equal digest, a few logs at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::tasks::Task;
use super::{Event, Reconciler, View, note_acks};
use crate::id::{LogId, Seq, SpaceId};
use crate::log::{LogRow, next_logs};
use crate::page::{PageFrom, page};
use crate::peer::{self, Base};
use crate::space::{self, Digest, FrontierDigest};
use crate::store::{StorageError, Txn};
use crate::tables::LogNumber;

/// Rows of a group whose bodies go with their headers when a peer lacks more entries than that.
const NEWEST_WHOLE: u64 = 200;

/// How far a walk over the logs of a space has come, and its aim. Skips refused logs.
pub(super) struct Walk {
    /// The last log that was handled.
    after: Option<LogId>,
    refused: BTreeSet<LogNumber>,
    aim: Aim,
}

enum Aim {
    /// The peer told its frontier: finds what it lacks. `base` holds what the peer did not repeat.
    Answer {
        base: BTreeMap<LogNumber, Seq>,
        view: View,
    },
    /// When the peer said hello, it held everything with this digest: all that we hold except what has grown since.
    Agree {
        digest: Digest,
        grown: BTreeMap<LogId, Seq>,
        held: BTreeMap<LogNumber, Seq>,
    },
    /// The peer holds what we hold: stores that as a base, unless the space has grown meanwhile.
    Remember {
        entries: u64,
        digest: Box<FrontierDigest>,
        held: BTreeMap<LogNumber, Seq>,
    },
}

impl Walk {
    /// Records that entries of a log from `first` on are new and the peer may lack them. Returns the view under
    /// construction if the walk has passed the log, since then the view already covers it.
    pub(super) fn grew(&mut self, log: LogId, first: Seq) -> Option<&mut View> {
        match &mut self.aim {
            Aim::Answer { view, .. } => {
                self.after.is_some_and(|after| log <= after).then_some(view)
            }
            Aim::Agree { grown, .. } => {
                grown.entry(log).or_insert(first);
                None
            }
            Aim::Remember { .. } => None,
        }
    }

    /// Whether the walk makes the view of the session.
    pub(super) fn is_answer(&self) -> bool {
        matches!(self.aim, Aim::Answer { .. })
    }
}

impl Reconciler {
    /// Starts to compare our logs with the peer's: `view` as it told them, and `base` for those it did not repeat.
    pub(super) fn answer(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        base: BTreeMap<LogNumber, Seq>,
        view: View,
    ) -> Result<(), StorageError> {
        self.begin_walk(txn, space, Aim::Answer { base, view })
    }

    /// Starts to record that the peer holds what we held with this digest.
    pub(super) fn agree(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        digest: Digest,
        grown: BTreeMap<LogId, Seq>,
    ) -> Result<(), StorageError> {
        let aim = Aim::Agree {
            digest,
            grown,
            held: BTreeMap::new(),
        };
        self.begin_walk(txn, space, aim)
    }

    /// Starts to store our present frontier as a base.
    pub(super) fn remember(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
    ) -> Result<(), StorageError> {
        let aim = Aim::Remember {
            entries: entries(txn, space)?,
            digest: Box::new(FrontierDigest::new()),
            held: BTreeMap::new(),
        };
        self.begin_walk(txn, space, aim)
    }

    fn begin_walk(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        aim: Aim,
    ) -> Result<(), StorageError> {
        let refused = peer::refused_logs(txn, space, self.peer)?;
        if let Some(progress) = self.progress(space) {
            progress.walk = Some(Box::new(Walk {
                after: None,
                refused,
                aim,
            }));
            self.tasks.push_front(Task::Walk(space));
        }
        Ok(())
    }

    /// Walks on over `left` logs of a space; true at the end.
    pub(super) fn walk(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        left: &mut usize,
        events: &mut Vec<Event>,
    ) -> Result<bool, StorageError> {
        let peer = self.peer;
        let Some(progress) = self.progress(space) else {
            return Ok(true);
        };
        let Some(mut walk) = progress.walk.take() else {
            return Ok(true);
        };
        let (mut logs, is_over) = next_logs(txn, space, walk.after, *left)?;
        *left = left.saturating_sub(logs.len().max(1));
        walk.after = logs.last().map(|(log, _)| *log).or(walk.after);
        logs.retain(|(_, row)| !walk.refused.contains(&row.number));
        let acks = walk.aim.look(&logs);
        if let Aim::Answer { view, .. } = &walk.aim {
            let mut sent = logs.iter_mut().filter(|(log, _)| view.is_sending(*log));
            sent.try_for_each(|(log, row)| row.offer(txn, space, *log))?;
        }
        note_acks(txn, space, peer, acks.into_iter(), events)?;
        if is_over {
            self.walk_is_over(txn, space, *walk)?;
        } else if let Some(progress) = self.progress(space) {
            progress.walk = Some(walk);
        }
        Ok(is_over)
    }

    fn walk_is_over(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        walk: Walk,
    ) -> Result<(), StorageError> {
        let peer = self.peer;
        match walk.aim {
            Aim::Answer { mut view, .. } => {
                if !self.is_one_way
                    && view.lacking > NEWEST_WHOLE
                    && self.spaces.get(&space).is_some_and(|it| it.group.is_some())
                {
                    let newest = PageFrom::Newest;
                    let page = page(txn, space, newest, NEWEST_WHOLE as usize)?;
                    let oldest = page.and_then(|page| Some(page.entries.first()?.lamport));
                    view.bare_before = oldest.unwrap_or_default();
                }
                if let Some(progress) = self.progress(space) {
                    progress.grown.clear();
                    progress.view = Some(view);
                }
                self.may_hold_bodies(space, false);
                self.settle(txn, space)
            }
            Aim::Agree { digest, held, .. } => Base { digest, logs: held }.write(txn, space, peer),
            Aim::Remember {
                entries: before,
                digest,
                held,
            } => {
                if entries(txn, space)? != before {
                    return Ok(());
                }
                let digest = digest.finish();
                if walk.refused.is_empty() {
                    space::keep_digest(txn, space, digest)?;
                }
                Base { digest, logs: held }.write(txn, space, peer)
            }
        }
    }
}

fn entries(txn: &dyn Txn, space: SpaceId) -> Result<u64, StorageError> {
    Ok(space::summary(txn, space)?.map_or(0, |summary| summary.entries))
}

impl Aim {
    /// Handles the next logs. Returns what the peer holds of them.
    fn look(&mut self, logs: &[(LogId, LogRow)]) -> Vec<(LogId, Seq, LogRow)> {
        let mut acks = Vec::new();
        for (log, row) in logs {
            match self {
                Aim::Answer { base, view } => {
                    let told = view
                        .theirs
                        .get(log)
                        .or_else(|| base.get(&row.number))
                        .copied();
                    view.compare(*log, row, told.unwrap_or(Seq(0)));
                    acks.extend(told.map(|seq| (*log, seq, *row)));
                }
                Aim::Agree { grown, held, .. } => {
                    let seq = match grown.get(log) {
                        Some(first) => Seq(first.0.saturating_sub(1)),
                        None => row.head,
                    };
                    if seq.0 > 0 {
                        held.insert(row.number, seq);
                    }
                    acks.push((*log, seq, *row));
                }
                Aim::Remember { digest, held, .. } => {
                    digest.add(*log, row);
                    held.insert(row.number, row.head);
                }
            }
        }
        acks
    }
}
