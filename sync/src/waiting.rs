//! Batches that wait for an entry they link to (`docs/PROTOCOL.md` section 5). Bounded, in memory: what
//! is dropped was not acknowledged, so it comes again.

use bytes::Bytes;

use crate::id::{EntryId, LogId, Seq, SpaceId};

/// Batches waiting in one session, at most.
pub const MAX_WAITING: usize = 256;
/// Bytes waiting in one session, at most.
pub const MAX_WAITING_BYTES: usize = 4 << 20;

/// A batch that waits.
pub(crate) struct Waiter {
    pub(crate) space: SpaceId,
    pub(crate) log: LogId,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
    pub(crate) core: Bytes,
    /// What it waits for.
    pub(crate) missing: EntryId,
}

/// The queue.
#[derive(Default)]
pub(crate) struct Waiting {
    queue: Vec<Waiter>,
    bytes: usize,
}

impl Waiting {
    /// Queues a batch; says whether there was room.
    pub(crate) fn push(&mut self, waiter: Waiter) -> bool {
        if self.queue.len() >= MAX_WAITING || self.bytes + waiter.core.len() > MAX_WAITING_BYTES {
            return false;
        }
        self.bytes += waiter.core.len();
        self.queue.push(waiter);
        true
    }

    /// Whether the entry before `first` of a log is in a batch that waits.
    pub(crate) fn precedes(&self, space: SpaceId, log: LogId, first: Seq) -> bool {
        let mut queue = self.queue.iter();
        queue.any(|waiter| {
            (waiter.space, waiter.log) == (space, log)
                && waiter.first < first
                && first.0 <= waiter.last.0 + 1
        })
    }

    /// Takes out a batch whose missing entry is among the first `held` of `log`.
    pub(crate) fn ready(&mut self, space: SpaceId, log: LogId, held: Seq) -> Option<Waiter> {
        let index = self.queue.iter().position(|waiter| {
            waiter.space == space && waiter.missing.log == log && waiter.missing.seq <= held
        })?;
        let waiter = self.queue.remove(index);
        self.bytes -= waiter.core.len();
        Some(waiter)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
