//! Handles incoming entries, acknowledgements and refusals.

use super::tasks::{Arrived, Intake};
use super::{Event, Extent, Fault, MAX_TOLD_REFUSALS, Reconciler, note_acks};
use crate::batch::Batch;
use crate::id::{EntryId, LogId, Seq, SpaceId};
use crate::ingest::{Authorities, Authority, Devices, Ingested, Refusal, ingest_step};
use crate::log::LogRow;
use crate::peer::{self, MAX_REFUSALS};
use crate::space::Frontier;
use crate::store::{StorageError, Txn};
use crate::tables::LogNumber;
use crate::waiting::Waiter;

/// Work of one batch in a step, besides the segments that are read for it, and its rows of annotations and order.
pub(super) const BATCH_WORK: usize = 16;

impl Reconciler {
    /// Ingests batches; true once the arrived batches, and those that waited for them, are done.
    pub(super) fn intake(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
        intake: &mut Intake,
        left: &mut usize,
        events: &mut Vec<Event>,
    ) -> Result<bool, StorageError> {
        let authority = &match authorities.of(intake.space) {
            Authority::Devices(devices) => devices,
            Authority::Group(group) => {
                return self.group_intake(txn, group, intake, left, events);
            }
        };
        while *left > 0 {
            let Some(batch) = intake.next.take().or_else(|| self.next_waiter(intake)) else {
                if self.waiting.is_empty() {
                    for space in std::mem::take(&mut self.dropped) {
                        self.frontier_is_due(space, Extent::Full);
                    }
                }
                self.settle(txn, intake.space)?;
                return Ok(true);
            };
            intake.next = self.take_in(txn, authority, batch, intake, left, events)?;
        }
        Ok(false)
    }

    /// A waiting batch whose missing entry has been stored.
    fn next_waiter(&mut self, intake: &mut Intake) -> Option<Arrived> {
        while let Some((log, last)) = intake.stored.last() {
            if let Some(waiter) = self.waiting.ready(intake.space, *log, *last) {
                return Some(Arrived::new(waiter.log, waiter.core));
            }
            intake.stored.pop();
        }
        None
    }

    /// Ingests one batch. Returns it if more must be read for it first.
    fn take_in(
        &mut self,
        txn: &mut dyn Txn,
        authority: &Devices<'_>,
        mut batch: Arrived,
        intake: &mut Intake,
        left: &mut usize,
        events: &mut Vec<Event>,
    ) -> Result<Option<Arrived>, StorageError> {
        let (space, log) = (intake.space, batch.log);
        let ingested = ingest_step(
            txn,
            space,
            log,
            &batch.core,
            authority,
            &mut batch.read,
            left,
        )?;
        let Some(ingested) = ingested else {
            return Ok(Some(batch));
        };
        *left = left.saturating_sub(BATCH_WORK);
        let stored = &mut intake.stored;
        self.ingested(txn, authority, space, batch, ingested, stored, events)?;
        Ok(None)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a loop")]
    fn ingested(
        &mut self,
        txn: &mut dyn Txn,
        authority: &Devices<'_>,
        space: SpaceId,
        arrived: Arrived,
        ingested: Ingested,
        stored: &mut Vec<(LogId, Seq)>,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Arrived { log, core, .. } = arrived;
        let is_mine = authority.mine.contains(&log.device);
        let missing = match ingested {
            Ingested::Stored {
                first,
                last,
                changes,
            } => {
                stored.push((log, last));
                events.push(Event::Stored {
                    space,
                    log,
                    first,
                    last,
                    changes,
                });
                self.now_held(space, log, first, last);
                return self.sender_holds(txn, is_mine, space, log, last, events);
            }
            Ingested::Known { last } => {
                let head = LogRow::read(txn, space, log)?.map_or(last, |row| row.head);
                self.already_held(space, log, last, head);
                return self.sender_holds(txn, is_mine, space, log, last, events);
            }
            Ingested::Refused(refusal) => {
                self.refuse(space, log, refusal, events);
                return Ok(());
            }
            Ingested::Malformed(error) => {
                events.push(Event::Fault(Fault::BadBatch(error)));
                return Ok(());
            }
            Ingested::NoSuchSpace => return Ok(()),
            Ingested::Waits(missing) => Some(missing),
            Ingested::Gap => None,
        };
        let Ok(batch) = Batch::parse(&core) else {
            return Ok(());
        };
        let (first, last) = (batch.first, batch.last());
        let missing = missing.unwrap_or(EntryId {
            log,
            seq: Seq(first.0 - 1),
        });
        let gap = missing.log == log;
        if gap && !self.waiting.precedes(space, log, first) {
            return Ok(());
        }
        let waiter = Waiter {
            space,
            log,
            first,
            last,
            core,
            missing,
        };
        if !self.waiting.push(waiter) {
            self.dropped.insert(space);
        }
        Ok(())
    }

    /// Records that the store now holds entries that the peer holds too.
    pub(super) fn now_held(&mut self, space: SpaceId, log: LogId, first: Seq, last: Seq) {
        let Some(progress) = self.spaces.get_mut(&space) else {
            return;
        };
        progress.acks.insert(log, last);
        match &mut progress.view {
            Some(view) => {
                view.theirs.entry(log).or_insert(Seq(first.0 - 1));
                view.holds_up_to(log, last, last);
            }
            None => {
                progress.grown.entry(log).or_insert(first);
            }
        }
    }

    /// A peer that sends entries of ours (lost here, or of our other device) holds them, which is as good as an
    /// acknowledgement.
    pub(super) fn sender_holds(
        &self,
        txn: &mut dyn Txn,
        is_mine: bool,
        space: SpaceId,
        log: LogId,
        last: Seq,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        if !is_mine {
            return Ok(());
        }
        let row = LogRow::read(txn, space, log)?;
        let held = row.map(|row| (log, last, row)).into_iter();
        note_acks(txn, space, self.peer, held, events)
    }

    pub(super) fn refuse(
        &mut self,
        space: SpaceId,
        log: LogId,
        refusal: Refusal,
        events: &mut Vec<Event>,
    ) {
        if let Some(view) = self.view(space) {
            view.theirs.remove(&log);
        }
        let told = &mut self.told_refusals;
        if told.len() >= MAX_TOLD_REFUSALS || !told.insert((space, log)) {
            return;
        }
        self.refusals_due.push((space, log, refusal));
        events.push(Event::Refused {
            space,
            log,
            refusal,
        });
    }

    pub(super) fn ack(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        acked: Frontier,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let mut known = Vec::with_capacity(acked.len());
        for (log, seq) in acked {
            match LogRow::read(txn, space, log)? {
                Some(row) if seq <= row.head => known.push((log, seq, row)),
                // We never wrote that entry, so the acknowledgement says nothing about our entries.
                _ => {}
            }
        }
        if let Some(view) = self.view(space) {
            for (log, seq, row) in &known {
                view.holds_up_to(*log, *seq, row.head);
            }
        }
        note_acks(txn, space, self.peer, known.into_iter(), events)
    }

    pub(super) fn refused(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        log: LogId,
        reason: u8,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Some(row) = LogRow::read(txn, space, log)? else {
            return Ok(());
        };
        let refusal = Refusal::from_code(reason);
        self.remember_refusal(txn, space, row.number, refusal)?;
        if let Some(view) = self.view(space) {
            view.stop(log);
            view.theirs.remove(&log);
        }
        events.push(Event::RefusedByPeer {
            space,
            log,
            refusal,
        });
        Ok(())
    }

    fn remember_refusal(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        log: LogNumber,
        refusal: Refusal,
    ) -> Result<(), StorageError> {
        let peer = self.peer;
        let Some(progress) = self.progress(space) else {
            return Ok(());
        };
        let known = match progress.refusals {
            Some(known) => known,
            None => peer::refused_logs(txn, space, peer)?.len(),
        };
        progress.refusals = Some(known + 1);
        if known >= MAX_REFUSALS {
            return Ok(());
        }
        peer::record_refusal(txn, space, peer, log, refusal)
    }
}
