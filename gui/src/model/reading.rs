//! How far the user has read a conversation, and which messages arrived late above that.

use std::collections::BTreeSet;

use hedgerow_node::api::{Message, MessageId};

/// The shortest interval between two reports to the node while the user reads.
const MARK_EVERY_MS: u64 = 300;

/// How far the user has read.
pub(super) struct Reading {
    /// The last message that is wholly in view.
    pub in_view: Option<MessageId>,
    /// The last message that was wholly in view while the window was in front.
    pub seen: Option<MessageId>,
    /// The message of the last report to the node.
    marked: Option<MessageId>,
    marked_ms: Option<u64>,
    pub late: Late,
    /// The place of the first message that was not read, as far as that is known: nobody waits for what was read before.
    pub new_from: u64,
    /// The loaded messages of which a part has not been seen.
    pub hidden: BTreeSet<MessageId>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            in_view: None,
            seen: None,
            marked: None,
            marked_ms: None,
            late: Late::default(),
            new_from: u64::MAX,
            hidden: BTreeSet::new(),
        }
    }
}

impl Reading {
    /// When to tell the node how far the user has read (milliseconds of the clock that never goes back).
    pub fn due_ms(&self) -> Option<u64> {
        let due_ms = self.marked_ms.map_or(0, |marked| marked + MARK_EVERY_MS);
        self.is_to_mark().then_some(due_ms)
    }

    /// Whether there is something to tell the node. While messages have arrived late, it waits until we know where,
    /// because the node forgets them with the report.
    fn is_to_mark(&self) -> bool {
        self.seen.is_some()
            && self.seen != self.marked
            && (self.late.open == 0 || !self.late.is_stale || self.late.visiting)
    }

    /// Up to which message the node was told that the user has read.
    pub fn marked(&self) -> Option<&MessageId> {
        self.marked.as_ref()
    }

    /// A message has gone: nothing can be told of it.
    pub fn forget(&mut self, id: &MessageId) {
        self.in_view.take_if(|in_view| in_view == id);
        self.seen.take_if(|seen| seen == id);
    }

    /// The message up to which to tell the node that everything is read, if the report is due.
    pub fn mark(&mut self, unread: u64, now_ms: u64) -> Option<MessageId> {
        self.due_ms().filter(|due| *due <= now_ms)?;
        self.marked.clone_from(&self.seen);
        // Everything is read already.
        if unread == 0 && self.late.open == 0 {
            return None;
        }
        self.marked_ms = Some(now_ms);
        self.seen.clone()
    }
}

/// Messages that arrived late, above the read position. The node forgets them as soon as the user reads anything below.
/// So we count them here until the user has been there.
#[derive(Default)]
pub(super) struct Late {
    /// The position and the id of the first of them.
    first: Option<(u64, MessageId)>,
    /// Whether others have come since, one of which may be the first.
    is_stale: bool,
    /// How many the node still counts.
    open: u64,
    /// How many the node has forgotten.
    told: u64,
    /// Whether the user is there.
    visiting: bool,
}

impl Late {
    /// Takes over how many the node counts.
    pub fn know(&mut self, open: u64) {
        if !self.visiting {
            self.told += self.open.saturating_sub(open);
        }
        self.is_stale |= open > self.open;
        self.open = open;
    }

    /// Whether we must ask the node for the first of them.
    pub fn is_sought(&self) -> bool {
        self.open > 0 && self.is_stale && !self.visiting
    }

    /// Takes over the first of those that the node counts.
    pub fn found(&mut self, first: Option<&Message>) {
        self.is_stale = false;
        let found = first.map(|message| (message.position, message.id.clone()));
        // One that the node has forgotten may be further up.
        let known = self.first.take().filter(|_| self.told > 0);
        self.first = known.into_iter().chain(found).min();
    }

    /// The user goes there. Gives the first message, if we know it.
    pub fn visit(&mut self) -> Option<MessageId> {
        self.visiting = true;
        self.told = 0;
        self.first.take().map(|(_, first)| first)
    }

    /// The user is somewhere else again.
    pub fn leave(&mut self) {
        self.is_stale |= self.visiting && self.open > 0;
        self.visiting = false;
    }

    pub fn count(&self) -> u64 {
        self.open + self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> MessageId {
        MessageId(format!("bb-01-{number:x}"))
    }

    #[test]
    fn the_node_is_told_of_each_place_once_and_not_too_often() {
        let mut reading = Reading::default();
        assert_eq!(reading.due_ms(), None);
        reading.seen = Some(id(1));
        assert_eq!(reading.mark(3, 1_000), Some(id(1)));
        assert_eq!((reading.mark(2, 2_000), reading.due_ms()), (None, None));
        reading.seen = Some(id(2));
        assert_eq!(reading.mark(1, 1_299), None);
        assert_eq!(reading.due_ms(), Some(1_300));
        assert_eq!(reading.mark(1, 1_300), Some(id(2)));
        reading.seen = Some(id(3));
        assert_eq!(reading.mark(0, 9_000), None, "all is read");
    }

    #[test]
    fn what_arrived_late_is_counted_until_the_user_was_there() {
        let mut reading = Reading {
            seen: Some(id(9)),
            ..Reading::default()
        };
        reading.late.know(2);
        assert!(reading.late.is_sought());
        assert_eq!(reading.mark(0, 0), None, "the way there is not known yet");
        reading.late.found(None);
        assert_eq!(reading.mark(0, 0), Some(id(9)));
        // With that report the node forgets them.
        reading.late.know(0);
        assert_eq!(reading.late.count(), 2);
        reading.late.visit();
        assert_eq!(reading.late.count(), 0);
    }
}
