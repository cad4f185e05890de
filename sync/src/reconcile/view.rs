//! What one session knows of the peer's side of a space, and what is to be sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{EntryId, Lamport, LogId, Seq};
use crate::log::LogRow;
use crate::space::Frontier;

/// What the peer holds of a space, and what it is to be sent.
#[derive(Default)]
pub(super) struct View {
    /// Logs that the peer holds more or less of than we do, up to where. In all others we are equal.
    pub(super) theirs: Frontier,
    /// What is sent next of each log that has anything to send.
    next: BTreeMap<LogId, Next>,
    /// The same by Lamport.
    queue: BTreeSet<(Lamport, LogId)>,
}

/// The next entry to send of a log.
#[derive(Clone, Copy)]
pub(super) struct Next {
    pub(super) seq: Seq,
    /// Its Lamport, or one below it.
    pub(super) lamport: Lamport,
    /// Nothing was read to tell its Lamport.
    pub(super) is_guess: bool,
}

impl Next {
    pub(super) fn at(seq: Seq, lamport: Lamport) -> Next {
        Next {
            seq,
            lamport,
            is_guess: false,
        }
    }
}

impl View {
    /// What the peer says it holds, not compared with what we do.
    pub(super) fn of(theirs: Frontier) -> View {
        View {
            theirs,
            ..View::default()
        }
    }

    /// The peer holds a log up to `held`, which is held here as `row` says: sends what it lacks.
    ///
    /// The Lamport of what is sent is looked up when its turn comes: here that would read a segment
    /// of each log of a space.
    pub(super) fn compare(&mut self, log: LogId, row: &LogRow, held: Seq) {
        if held == row.head {
            self.theirs.remove(&log);
            return;
        }
        self.theirs.insert(log, held);
        if held < row.head {
            self.send_after(log, row, held);
        }
    }

    /// Sends all of a log after entry `held`, which is below its head.
    pub(super) fn send_after(&mut self, log: LogId, row: &LogRow, held: Seq) {
        let seq = Seq(held.0 + 1);
        let is_guess = seq < row.head;
        // A Lamport rises by one an entry at least.
        let lamport = if is_guess {
            Lamport(seq.0)
        } else {
            row.lamport
        };
        let next = Next {
            seq,
            lamport,
            is_guess,
        };
        self.send(log, next);
    }

    /// Sends a log, of which nothing is queued, from here on.
    pub(super) fn send(&mut self, log: LogId, next: Next) {
        self.next.insert(log, next);
        self.queue.insert((next.lamport, log));
    }

    /// Whether anything of a log is to be sent.
    pub(super) fn is_sending(&self, log: LogId) -> bool {
        self.next.contains_key(&log)
    }

    /// Whether anything is to be sent.
    pub(super) fn has_entries(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes out what is to be sent first.
    pub(super) fn pop(&mut self) -> Option<(LogId, Next)> {
        let (_, log) = self.queue.pop_first()?;
        Some((log, self.next.remove(&log)?))
    }

    /// Whether something else is to be sent before this.
    pub(super) fn comes_before(&self, lamport: Lamport, log: LogId) -> bool {
        self.queue
            .first()
            .is_some_and(|first| *first < (lamport, log))
    }

    /// Sends nothing of a log.
    pub(super) fn stop(&mut self, log: LogId) {
        if let Some(next) = self.next.remove(&log) {
            self.queue.remove(&(next.lamport, log));
        }
    }

    pub(super) fn holds(&self, entry: EntryId) -> bool {
        self.theirs
            .get(&entry.log)
            .is_none_or(|held| entry.seq <= *held)
    }

    /// The peer holds `log` up to `seq`; we hold it up to `head`.
    pub(super) fn holds_up_to(&mut self, log: LogId, seq: Seq, head: Seq) {
        let Some(theirs) = self.theirs.get_mut(&log) else {
            return;
        };
        *theirs = seq.max(*theirs);
        if *theirs == head {
            self.theirs.remove(&log);
        }
    }
}
