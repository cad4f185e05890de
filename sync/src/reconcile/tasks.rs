//! What an item asks for, done in steps: one call does a bounded share of it, so that other sessions have
//! their turn meanwhile (`docs/PROTOCOL.md` section 6).

use bytes::Bytes;

use super::{Event, Fault, Reconciler};
use crate::id::{LogId, Seq, SpaceId};
use crate::ingest::{Authority, LinkLamports};
use crate::space::Frontier;
use crate::store::{StorageError, Txn};
use crate::wire::Message;

/// What one call of a reconciler does, at most: logs that it looks at, links whose entries it reads, items
/// or batches of which it makes ready. Each of these reads or writes a few rows.
pub const STEP: usize = 256;

/// Something that waits to be done, or is done in part.
pub(super) enum Task {
    /// An item that has come.
    Item(Message),
    /// Logs that the peer says it holds.
    Acks(SpaceId, Frontier),
    /// Entries that have come.
    Intake(Intake),
    /// The walk over the logs of a space.
    Walk(SpaceId),
}

/// Entries that have come, and those that waited for them.
pub(super) struct Intake {
    pub(super) space: SpaceId,
    /// The batch being taken in.
    pub(super) next: Option<Arrived>,
    /// Up to where logs have been stored: batches may have waited for that.
    pub(super) stored: Vec<(LogId, Seq)>,
}

/// A batch that has come.
pub(super) struct Arrived {
    pub(super) log: LogId,
    pub(super) core: Bytes,
    /// What has been read of the entries that it links to.
    pub(super) lamports: LinkLamports,
}

impl Arrived {
    pub(super) fn new(log: LogId, core: Bytes) -> Arrived {
        Arrived {
            log,
            core,
            lamports: LinkLamports::new(),
        }
    }
}

impl Reconciler {
    /// An item of kind 16 to 21 has come. It is taken in at once as far as one step goes;
    /// [`Reconciler::proceed`] does the rest. Give the next item when [`Reconciler::is_busy`] is over: what
    /// comes before that waits in memory.
    pub fn receive(
        &mut self,
        txn: &mut dyn Txn,
        authority: &Authority<'_>,
        kind: u64,
        content: &Bytes,
    ) -> Result<Vec<Event>, StorageError> {
        match Message::decode(kind, content) {
            Ok(message) => self.tasks.push_back(Task::Item(message)),
            Err(_) => return Ok(vec![Event::Fault(Fault::BadItem)]),
        }
        self.proceed(txn, authority)
    }

    /// Whether something that has come is not taken in to its end.
    pub fn is_busy(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Does one step more of what has come.
    pub fn proceed(
        &mut self,
        txn: &mut dyn Txn,
        authority: &Authority<'_>,
    ) -> Result<Vec<Event>, StorageError> {
        let mut events = Vec::new();
        let mut left = STEP;
        while left > 0
            && let Some(task) = self.tasks.pop_front()
        {
            if let Some(rest) = self.step(txn, authority, task, &mut left, &mut events)? {
                self.tasks.push_front(rest);
            }
        }
        Ok(events)
    }

    /// As [`Reconciler::proceed`] while nothing has come but the peer's hello.
    pub(super) fn proceed_with_walks(
        &mut self,
        txn: &mut dyn Txn,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let mut left = STEP;
        while left > 0
            && let Some(Task::Walk(space)) = self.tasks.front()
        {
            let space = *space;
            if self.walk(txn, space, &mut left, events)? {
                self.tasks.pop_front();
            }
        }
        Ok(())
    }

    /// Does some of a task, and gives it back if there is more of it.
    fn step(
        &mut self,
        txn: &mut dyn Txn,
        authority: &Authority<'_>,
        task: Task,
        left: &mut usize,
        events: &mut Vec<Event>,
    ) -> Result<Option<Task>, StorageError> {
        match task {
            Task::Item(message) => {
                *left -= 1;
                self.item(txn, message, events)?;
                Ok(None)
            }
            Task::Acks(space, mut logs) => {
                let later = match logs.keys().nth(*left).copied() {
                    Some(at) => logs.split_off(&at),
                    None => Frontier::new(),
                };
                *left -= logs.len();
                self.ack(txn, space, logs, events)?;
                if later.is_empty() {
                    self.settle(txn, space)?;
                    return Ok(None);
                }
                Ok(Some(Task::Acks(space, later)))
            }
            Task::Intake(mut intake) => {
                let is_done = self.intake(txn, authority, &mut intake, left, events)?;
                Ok((!is_done).then_some(Task::Intake(intake)))
            }
            Task::Walk(space) => {
                let is_done = self.walk(txn, space, left, events)?;
                Ok((!is_done).then_some(Task::Walk(space)))
            }
        }
    }

    fn item(
        &mut self,
        txn: &mut dyn Txn,
        message: Message,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        match message {
            Message::Digests(digests) => {
                for (blind, digest) in digests {
                    self.digest(txn, blind, digest)?;
                }
            }
            Message::Frontier {
                space,
                base,
                logs,
                more,
            } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.frontier_part(txn, space, base, logs, more, events)?;
                }
            }
            Message::NeedFull(blind) => {
                if let Some(space) = self.blinds.space(&blind) {
                    self.frontier_is_due(space, super::Extent::Full);
                }
            }
            Message::Entries { space, log, core } => {
                match (self.blinds.space(&space), self.ends.log(log)) {
                    (Some(space), Some(log)) => self.tasks.push_front(Task::Intake(Intake {
                        space,
                        next: Some(Arrived::new(log, core)),
                        stored: Vec::new(),
                    })),
                    (Some(_), None) => events.push(Event::Fault(Fault::BadItem)),
                    (None, _) => {}
                }
            }
            Message::Ack { space, logs } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.tasks.push_front(Task::Acks(space, logs));
                }
            }
            Message::Refused { space, log, reason } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.refused(txn, space, log, reason, events)?;
                }
            }
        }
        Ok(())
    }
}
