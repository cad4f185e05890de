//! What one session knows of the peer's side of a space, and what to send.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{EntryId, Lamport, LogId, Seq};
use crate::log::LogRow;
use crate::space::Frontier;
use crate::wire::{FORKED, Tag};

/// What the peer holds of a space, and what to send it.
#[derive(Default)]
pub(super) struct View {
    /// Logs of which the peer holds more or fewer entries than we do, with the last one it holds. All others are equal.
    pub(super) theirs: Frontier,
    /// In a group: what the peer says of the chains of its logs.
    tags: BTreeMap<LogId, Tag>,
    /// Logs of which the peer holds as many entries as we do, but others: it gets our end as the proof.
    conflicts: BTreeSet<LogId>,
    /// Forked logs of which the peer does not know it.
    forks: BTreeSet<LogId>,
    /// Number of entries that the peer lacked when it told its frontier.
    pub(super) lacking: u64,
    /// In a group: bodies of entries before this stay here until the peer asks for them.
    pub(super) bare_before: Lamport,
    /// The next entry to send, for each log that has one.
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
    /// The Lamport is a lower bound, made without reading a segment.
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
    /// What the peer says it holds, before it is compared with our logs.
    pub(super) fn of(theirs: Frontier, tags: BTreeMap<LogId, Tag>) -> View {
        View {
            theirs,
            tags,
            ..View::default()
        }
    }

    /// The peer holds a log up to `held`, and we hold it as `row` says: sends what it lacks.
    ///
    /// Looks up the Lamport only when the entry's turn comes: here that would read a segment of each log of a
    /// space.
    pub(super) fn compare(&mut self, log: LogId, row: &LogRow, held: Seq) {
        let tag = self.tags.get(&log).copied();
        if row.forked {
            self.forked(log);
        } else if tag == Some(FORKED) && row.chain.is_some() {
            // It takes nothing more of this log, and will say why.
            self.theirs.remove(&log);
            return;
        }
        if held == row.head || row.forked && held > row.head {
            self.theirs.remove(&log);
            let ours = row.chain.as_ref().and_then(|chain| chain.0.first_chunk());
            if let (Some(ours), Some(tag), false) = (ours, tag, row.forked)
                && *ours != tag
            {
                self.conflicts.insert(log);
            }
            return;
        }
        self.theirs.insert(log, held);
        if held < row.head {
            self.lacking += row.head.0 - held.0;
            self.send_after(log, row, held);
        }
    }

    /// A log is forked: tells the peer, unless it knows.
    pub(super) fn forked(&mut self, log: LogId) {
        if self.tags.insert(log, FORKED) != Some(FORKED) {
            self.forks.insert(log);
        }
        self.conflicts.remove(&log);
    }

    /// Takes out a log whose end proves to the peer that it is forked.
    pub(super) fn pop_conflict(&mut self) -> Option<LogId> {
        self.conflicts.pop_first()
    }

    /// Takes out a log of which the peer does not know that it is forked.
    pub(super) fn pop_fork(&mut self) -> Option<LogId> {
        self.forks.pop_first()
    }

    /// Number of logs of which entries are queued.
    pub(super) fn queued(&self) -> usize {
        self.next.len()
    }

    /// Sends all of a log after entry `held`, which is below its head.
    pub(super) fn send_after(&mut self, log: LogId, row: &LogRow, held: Seq) {
        let seq = Seq(held.0 + 1);
        let is_guess = seq < row.head;
        // A Lamport rises by at least one with each entry.
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

    /// Sends a log from here on; nothing of it may be queued already.
    pub(super) fn send(&mut self, log: LogId, next: Next) {
        self.next.insert(log, next);
        self.queue.insert((next.lamport, log));
    }

    /// Whether entries of a log are queued.
    pub(super) fn is_sending(&self, log: LogId) -> bool {
        self.next.contains_key(&log)
    }

    /// Whether entries of any log are queued.
    pub(super) fn is_sending_any(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether anything is queued.
    pub(super) fn has_entries(&self) -> bool {
        !self.queue.is_empty() || !self.conflicts.is_empty() || !self.forks.is_empty()
    }

    /// Takes out the log whose entry is next.
    pub(super) fn pop(&mut self) -> Option<(LogId, Next)> {
        let (_, log) = self.queue.pop_first()?;
        Some((log, self.next.remove(&log)?))
    }

    /// Whether another entry is due before this one.
    pub(super) fn comes_before(&self, lamport: Lamport, log: LogId) -> bool {
        self.queue
            .first()
            .is_some_and(|first| *first < (lamport, log))
    }

    /// Stops sending a log.
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
