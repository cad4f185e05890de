//! What one session knows of the peer's side of a space, and what is to be sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{EntryId, Lamport, LogId, Seq};
use crate::space::Frontier;

/// What the peer holds of a space, and what it is to be sent.
#[derive(Default)]
pub(super) struct View {
    /// Logs that the peer holds more or less of than we do, up to where. In all others we are equal.
    pub(super) theirs: Frontier,
    /// Next entry to send of each log that has any.
    pub(super) next: BTreeMap<LogId, Seq>,
    /// The same by Lamport, or what is known of it.
    pub(super) queue: BTreeSet<(Lamport, LogId)>,
    /// A common frontier has been remembered in this session, or is not to be.
    pub(super) settled: bool,
}

impl View {
    pub(super) fn send_from(&mut self, lamport: Lamport, log: LogId, seq: Seq) {
        self.next.insert(log, seq);
        self.queue.insert((lamport, log));
    }

    pub(super) fn stop(&mut self, log: LogId) {
        self.next.remove(&log);
        self.queue.retain(|(_, queued)| *queued != log);
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
