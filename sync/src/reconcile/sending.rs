//! Makes the outgoing items and entries.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::group::GroupProgress;
use super::view::Next;
use super::{Extent, Progress, Reconciler, STEP};
use crate::group::fork;
use crate::id::{DeviceId, Lamport, LogId, Seq, SpaceId};
use crate::log::{LogRow, next_logs};
use crate::mark::MarkKey;
use crate::outgoing::{Sent, next_batch, next_run};
use crate::peer::{Base, refused_logs};
use crate::segment::standing_of;
use crate::space::{self, Frontier};
use crate::store::{Reader, StorageError};
use crate::tables::LogNumber;
use crate::wire::{Blind, FORKED, MAX_DIGESTS, MAX_FRONTIER, Message, Tag};

/// A frontier that leaves part by part. If a log grows after its part has left, the peer gets the earlier value.
pub(super) struct Telling {
    pub(super) extent: Extent,
    begun: Option<Begun>,
}

struct Begun {
    base: Option<Base>,
    refused: BTreeSet<LogNumber>,
    /// The last log that was handled.
    after: Option<LogId>,
}

impl Telling {
    pub(super) fn new(extent: Extent) -> Telling {
        Telling {
            extent,
            begun: None,
        }
    }
}

impl Reconciler {
    /// Whether there is anything to send.
    pub fn has_more(&self) -> bool {
        self.digests_due
            || !self.refusals_due.is_empty()
            || self.spaces.values().any(Progress::has_more)
    }

    /// Makes the next items: up to about `budget` bytes of entries (the last may exceed it), and as far as one step
    /// goes; [`Reconciler::has_more`] tells whether to call it again. Call it whenever the link has room; it reads
    /// everything from the store as it leaves.
    pub fn fill(
        &mut self,
        reader: &dyn Reader,
        mark_key: &MarkKey,
        budget: usize,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        self.fill_digests(out);
        for (space, log, refusal) in std::mem::take(&mut self.refusals_due) {
            if let Some(blind) = self.blinds.of(space) {
                out.push(Message::Refused {
                    space: blind,
                    log,
                    reason: refusal.code(),
                });
            }
        }
        let mut newest = Vec::new();
        let mut steps = STEP;
        for (space, progress) in &mut self.spaces {
            if progress.has_control()
                && let Some(blind) = self.blinds.of(*space)
            {
                progress.fill_control(reader, *space, blind, self.peer, &mut steps, out)?;
            }
            if progress.has_entries() {
                let wall_ms = space::summary(reader, *space)?.map(|sum| sum.newest_wall_ms);
                newest.push((Reverse(wall_ms), *space));
            }
        }
        newest.sort();
        let mut left = budget;
        for (_, space) in newest {
            while left > 0 {
                let next = self.next_entries(reader, space, mark_key, &mut steps)?;
                let Some(message) = next else {
                    break;
                };
                if let Message::Entries { core, .. } = &message {
                    left = left.saturating_sub(core.len());
                }
                out.push(message);
            }
        }
        // Headers go before bodies.
        for (space, progress) in &mut self.spaces {
            if progress.has_bodies()
                && let Some(group) = &mut progress.group
                && let Some(blind) = self.blinds.of(*space)
            {
                let bodies = &mut group.bodies;
                bodies.fill(reader, *space, blind, &mut steps, &mut left, out)?;
            }
        }
        Ok(())
    }

    fn fill_digests(&mut self, out: &mut Vec<Message>) {
        if !std::mem::take(&mut self.digests_due) {
            return;
        }
        let spaces = self.spaces.iter();
        let digests: Vec<_> = spaces
            .filter_map(|(space, progress)| Some((self.blinds.of(*space)?, progress.stated)))
            .collect();
        for part in digests.chunks(MAX_DIGESTS) {
            out.push(Message::Digests(part.to_vec()));
        }
    }

    /// The next batch of a space, by Lamport, if it is found within `steps`.
    fn next_entries(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
        mark_key: &MarkKey,
        steps: &mut usize,
    ) -> Result<Option<Message>, StorageError> {
        let Some(view) = self.spaces.get_mut(&space).and_then(|of| of.view.as_mut()) else {
            return Ok(None);
        };
        while let Some(rest) = steps.checked_sub(1)
            && let Some((log, next)) = view.pop()
        {
            *steps = rest;
            let Some(row) = LogRow::read(reader, space, log)? else {
                continue;
            };
            let from = next.seq;
            if from > row.sendable() {
                // It comes again when the log has grown, which marks it as offered.
                continue;
            }
            if next.is_guess {
                let lamport = standing_of(reader, space, row.number, from)?.lamport;
                if view.comes_before(lamport, log) {
                    view.send(log, Next::at(from, lamport));
                    continue;
                }
            }
            let batch = match row.chain {
                Some(_) => {
                    let logs = view.queued() + 1;
                    next_run(reader, space, log, &row, from, logs, view.bare_before)?
                }
                None => {
                    let holds = |entry| view.holds(entry);
                    next_batch(reader, space, log, &row, from, holds)?
                }
            };
            let actual = batch.first_lamport;
            if actual > next.lamport && view.comes_before(actual, log) {
                view.send(log, Next::at(from, actual));
                continue;
            }
            if batch.last < row.sendable() {
                let lamport = Lamport(batch.last_lamport.0 + 1);
                view.send(log, Next::at(Seq(batch.last.0 + 1), lamport));
            }
            let core = match batch.batch {
                Sent::Whole(core) => core,
                Sent::Own(own) => own.seal(mark_key, space, &self.ends.next_salt()),
            };
            return Ok(self.blinds.of(space).map(|blind| Message::Entries {
                space: blind,
                log: self.ends.name(log),
                core: core.into(),
            }));
        }
        match view.is_sending_any() {
            true => Ok(None),
            false => self.next_proof(reader, space),
        }
    }

    /// The next proof that a log of a group is forked. What there is of it has left before.
    fn next_proof(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
    ) -> Result<Option<Message>, StorageError> {
        let Some(view) = self.spaces.get_mut(&space).and_then(|of| of.view.as_mut()) else {
            return Ok(None);
        };
        let Some(blind) = self.blinds.of(space) else {
            return Ok(None);
        };
        while let Some(log) = view.pop_conflict() {
            if let Some(row) = LogRow::read(reader, space, log)?
                && row.head.0 > 0
            {
                let end = next_run(reader, space, log, &row, row.head, 1, Lamport(0))?;
                if let Sent::Whole(core) = end.batch {
                    return Ok(Some(Message::Entries {
                        space: blind,
                        log: self.ends.name(log),
                        core: core.into(),
                    }));
                }
            }
        }
        while let Some(log) = view.pop_fork() {
            if let Some(fork) = fork(reader, space, log)? {
                return Ok(Some(Message::Forked {
                    space: blind,
                    log,
                    fork,
                }));
            }
        }
        Ok(None)
    }
}

impl Progress {
    fn has_more(&self) -> bool {
        self.has_control() || self.has_entries() || self.has_bodies()
    }

    /// Whether bodies of a group are to be sent, and nothing before them.
    fn has_bodies(&self) -> bool {
        let has_bodies = |group: &GroupProgress| group.bodies.has_bodies();
        !self.has_entries() && self.group.as_deref().is_some_and(has_bodies)
    }

    /// Whether anything except entries is to be sent.
    fn has_control(&self) -> bool {
        let has_control = |group: &GroupProgress| group.has_control();
        self.need_full_due
            || self.frontier_due.is_some()
            || !self.acks.is_empty()
            || self.group.as_deref().is_some_and(has_control)
    }

    fn has_entries(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.has_entries())
    }

    /// Makes all items except entries.
    fn fill_control(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
        blind: Blind,
        peer: DeviceId,
        steps: &mut usize,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        if std::mem::take(&mut self.need_full_due) {
            out.push(Message::NeedFull(blind));
        }
        if let Some(group) = &mut self.group {
            group.fill(reader, space, blind, steps, out)?;
        }
        let operations_first = |group: &GroupProgress| group.has_operations();
        if *steps > 0
            && !self.group.as_deref().is_some_and(operations_first)
            && let Some(telling) = self.frontier_due.take()
        {
            self.frontier_due = telling.tell(reader, space, blind, peer, steps, out)?;
        }
        if !self.acks.is_empty() {
            each_part(std::mem::take(&mut self.acks), |logs| {
                out.push(Message::Ack { space: blind, logs });
            });
        }
        Ok(())
    }
}

impl Telling {
    /// Sends the next logs; returns itself if there are more.
    fn tell(
        self,
        reader: &dyn Reader,
        space: SpaceId,
        blind: Blind,
        peer: DeviceId,
        steps: &mut usize,
        out: &mut Vec<Message>,
    ) -> Result<Option<Telling>, StorageError> {
        let extent = self.extent;
        let mut begun = match self.begun {
            Some(begun) => begun,
            None => Begun {
                base: match extent {
                    Extent::Difference => Base::read(reader, space, peer)?,
                    Extent::Full => None,
                },
                refused: refused_logs(reader, space, peer)?,
                after: None,
            },
        };
        let count = (*steps).min(MAX_FRONTIER);
        let (logs, is_over) = next_logs(reader, space, begun.after, count)?;
        *steps = steps.saturating_sub(logs.len().max(1));
        begun.after = logs.last().map(|(log, _)| *log).or(begun.after);
        let known = |number| begun.base.as_ref().and_then(|base| base.logs.get(&number));
        let changed: Frontier = logs
            .iter()
            .filter(|(_, row)| !begun.refused.contains(&row.number))
            .filter(|(_, row)| row.forked || known(row.number) != Some(&row.head))
            .map(|(log, row)| (*log, row.head))
            .collect();
        let tags = logs.iter().filter(|(log, _)| changed.contains_key(log));
        let tags = tags.filter_map(|(log, row)| Some((*log, tag_of(row)?)));
        if is_over || !changed.is_empty() {
            out.push(Message::Frontier {
                space: blind,
                base: begun.base.as_ref().map(|base| base.digest),
                tags: tags.collect(),
                logs: changed,
                more: !is_over,
            });
        }
        let begun = Some(begun);
        Ok((!is_over).then_some(Telling { extent, begun }))
    }
}

/// The beginning of a log's chain in a group.
fn tag_of(row: &LogRow) -> Option<Tag> {
    match row.forked {
        true => Some(FORKED),
        false => row.chain.as_ref()?.0.first_chunk().copied(),
    }
}

/// Passes on `logs` in parts that fit an item.
fn each_part(mut logs: Frontier, mut give: impl FnMut(Frontier)) {
    while let Some(at) = logs.keys().nth(MAX_FRONTIER).copied() {
        let rest = logs.split_off(&at);
        give(std::mem::replace(&mut logs, rest));
    }
    give(logs);
}
