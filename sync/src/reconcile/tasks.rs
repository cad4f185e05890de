//! Executes incoming items in steps: one call does a bounded amount of work, so that other sessions get their turn
//! (`docs/PROTOCOL.md` section 6).

use bytes::Bytes;

use super::{Event, Fault, Reconciler};
use crate::id::{LogId, Seq, SpaceId};
use crate::ingest::{Authorities, Read};
use crate::space::Frontier;
use crate::store::{StorageError, Txn};
use crate::wire::Message;

/// Most units of work in one call of a reconciler: logs that it looks at, links whose entries it reads, items or
/// batches that it makes. Each reads or writes a few rows.
pub const STEP: usize = 256;

/// Unfinished work.
pub(super) enum Task {
    /// An item that arrived.
    Item(Message),
    /// Logs that the peer says it holds.
    Acks(SpaceId, Frontier),
    /// Entries that arrived.
    Intake(Intake),
    /// The walk over the logs of a space.
    Walk(SpaceId),
    /// The search for bodies to ask for.
    Ask(SpaceId),
}

/// Entries that arrived, and those that waited for them.
pub(super) struct Intake {
    pub(super) space: SpaceId,
    /// The batch to ingest next.
    pub(super) next: Option<Arrived>,
    /// How far logs have been stored: batches may wait for that.
    pub(super) stored: Vec<(LogId, Seq)>,
}

/// A batch that arrived.
pub(super) struct Arrived {
    pub(super) log: LogId,
    pub(super) core: Bytes,
    /// What has been read for it.
    pub(super) read: Read,
}

impl Arrived {
    pub(super) fn new(log: LogId, core: Bytes) -> Arrived {
        Arrived {
            log,
            core,
            read: Read::default(),
        }
    }
}

impl Reconciler {
    /// Takes an item of kind 16 to 27, and executes one step of it at once; [`Reconciler::proceed`] does the rest.
    /// Pass the next item when [`Reconciler::is_busy`] is false: an earlier one waits in memory.
    pub fn receive(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
        kind: u64,
        content: &Bytes,
    ) -> Result<Vec<Event>, StorageError> {
        match Message::decode(kind, content) {
            Ok(message) => self.tasks.push_back(Task::Item(message)),
            Err(_) => return Ok(vec![Event::Fault(Fault::BadItem)]),
        }
        self.proceed(txn, authorities)
    }

    /// Whether an incoming item is unfinished.
    pub fn is_busy(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Executes one more step of the incoming items.
    pub fn proceed(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
    ) -> Result<Vec<Event>, StorageError> {
        let mut events = Vec::new();
        let mut left = STEP;
        while left > 0
            && let Some(task) = self.tasks.pop_front()
        {
            if let Some(rest) = self.step(txn, authorities, task, &mut left, &mut events)? {
                self.tasks.push_front(rest);
            }
        }
        Ok(events)
    }

    /// As [`Reconciler::proceed`], when nothing has arrived but the peer's hello.
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

    /// Executes part of a task; returns it if it is unfinished.
    fn step(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
        task: Task,
        left: &mut usize,
        events: &mut Vec<Event>,
    ) -> Result<Option<Task>, StorageError> {
        match task {
            Task::Item(message) => {
                *left -= 1;
                self.item(txn, authorities, message, events)?;
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
                let is_done = self.intake(txn, authorities, &mut intake, left, events)?;
                Ok((!is_done).then_some(Task::Intake(intake)))
            }
            Task::Walk(space) => {
                let is_done = self.walk(txn, space, left, events)?;
                Ok((!is_done).then_some(Task::Walk(space)))
            }
            Task::Ask(space) => {
                let is_done = self.ask(txn, authorities, space, left)?;
                Ok((!is_done).then_some(Task::Ask(space)))
            }
        }
    }

    fn item(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
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
                tags,
                more,
            } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.frontier_part(txn, space, base, logs, tags, more, events)?;
                }
            }
            Message::NeedFull(blind) => {
                if let Some(space) = self.blinds.space(&blind) {
                    let progress = self.progress(space);
                    if let Some(group) = progress.and_then(|it| it.group.as_deref_mut()) {
                        group.tell_again();
                    }
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
            Message::Control { space, named } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.control(authorities, space, named);
                }
            }
            Message::Operations { space, operations } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.operations(txn, authorities, space, &operations, events)?;
                }
            }
            Message::WantOperations { space, wanted } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.operations_wanted(authorities, space, wanted);
                }
            }
            Message::Forked { space, log, fork } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.fork_told(txn, authorities, space, log, &fork, events)?;
                }
            }
            Message::WantBodies { space, wanted } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.bodies_wanted(space, wanted, events);
                }
            }
            Message::Bodies { space, bodies } => {
                if let Some(space) = self.blinds.space(&space) {
                    self.bodies_came(txn, authorities, space, &bodies, events)?;
                }
            }
        }
        Ok(())
    }
}
