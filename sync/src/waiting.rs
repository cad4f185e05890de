//! Batches that wait for an entry they link to (`docs/PROTOCOL.md` section 5). Bounded, in memory: a dropped batch
//! was not acknowledged, so it comes again.

use bytes::Bytes;

use crate::id::{EntryId, LogId, Seq, SpaceId};

/// Most batches that wait in one session.
pub const MAX_WAITING: usize = 256;
/// Most bytes that wait in one session.
pub const MAX_WAITING_BYTES: usize = 4 << 20;

/// A batch that waits.
pub(crate) struct Waiter {
    pub(crate) space: SpaceId,
    pub(crate) log: LogId,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
    pub(crate) core: Bytes,
    /// The entry that it waits for.
    pub(crate) missing: EntryId,
}

/// The queue.
#[derive(Default)]
pub(crate) struct Waiting {
    queue: Vec<Waiter>,
    bytes: usize,
}

impl Waiting {
    /// Queues a batch; returns whether there was room.
    pub(crate) fn push(&mut self, waiter: Waiter) -> bool {
        if self.queue.len() >= MAX_WAITING || self.bytes + waiter.core.len() > MAX_WAITING_BYTES {
            return false;
        }
        self.bytes += waiter.core.len();
        self.queue.push(waiter);
        true
    }

    /// Whether a waiting batch holds the entry before `first` of a log.
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
