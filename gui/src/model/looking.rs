//! Asks the node again about what has changed: a contact, a conversation, or everything.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{Call, ContactId, ConversationId};

use super::context::Context;
use super::effect::Request;
use super::in_flight::InFlight;
use super::outcome::Outcome;

/// The shortest intervals between two looks while much happens: at one contact or conversation, and at everything.
const LOOK_EVERY_MS: u64 = 150;
const LOOK_AT_ALL_EVERY_MS: u64 = 500;

/// The most contacts, and the most conversations, to look at at once. If more have changed, we look at everything.
const MAX_ASKED: usize = 16;

/// The time after which we stop waiting for an answer: the contact, the conversation or the node is gone.
const ANSWER_MS: u64 = 10_000;

/// The looks under way, and those that are wanted.
#[derive(Default)]
pub(super) struct Looking {
    pub contacts: Looks<ContactId>,
    pub conversations: Looks<ConversationId>,
    pub everything: InFlight,
}

/// Looks at things of one sort.
pub(super) struct Looks<Id> {
    /// Ids to look at again.
    stale: BTreeSet<Id>,
    /// Ids of the looks under way, and since when.
    asked: BTreeMap<Id, u64>,
    /// When we last looked at each.
    looked: BTreeMap<Id, u64>,
}

impl Looking {
    /// When a look that waits only for time is due (milliseconds of the clock that never goes back).
    pub fn due_ms(&self) -> Option<u64> {
        let due = [
            self.contacts.due_ms(),
            self.conversations.due_ms(),
            self.everything.due_ms(LOOK_AT_ALL_EVERY_MS),
        ];
        due.into_iter().flatten().min()
    }

    /// Makes the looks that are due.
    pub fn settle(&mut self, context: &Context) -> Vec<Outcome> {
        let now_ms = context.now.monotonic_ms;
        if self.contacts.are_too_many() || self.conversations.are_too_many() {
            self.contacts.stale.clear();
            self.conversations.stale.clear();
            self.everything.want();
        }
        let contacts = self.contacts.ask(now_ms).into_iter().map(Call::Contact);
        let conversations = self.conversations.ask(now_ms).into_iter();
        let conversations = conversations.map(Call::Conversation);
        let mut outcomes: Vec<_> = contacts.chain(conversations).map(Outcome::ask).collect();
        let everything_ms = self.everything.due_ms(LOOK_AT_ALL_EVERY_MS);
        if everything_ms.is_some_and(|due| due <= now_ms) {
            self.everything.asked(now_ms);
            outcomes.push(Outcome::ask(Request::Overview));
        }
        outcomes
    }
}

impl<Id> Default for Looks<Id> {
    fn default() -> Self {
        Self {
            stale: BTreeSet::new(),
            asked: BTreeMap::new(),
            looked: BTreeMap::new(),
        }
    }
}

impl<Id: Clone + Ord> Looks<Id> {
    /// It has changed: wants a look.
    pub fn want(&mut self, id: Id) {
        self.stale.insert(id);
    }

    /// The answer to a look has come.
    pub fn landed(&mut self, id: &Id, context: &Context) {
        self.asked.remove(id);
        self.looked.insert(id.clone(), context.now.monotonic_ms);
    }

    /// It is gone: forgets it.
    pub fn forget(&mut self, id: &Id) {
        self.stale.remove(id);
        self.asked.remove(id);
        self.looked.remove(id);
    }

    fn are_too_many(&self) -> bool {
        self.stale.len() > MAX_ASKED
    }

    fn due_ms(&self) -> Option<u64> {
        let due = self.stale.iter().map(|id| match self.asked.get(id) {
            Some(since) => since + ANSWER_MS,
            None => self.look_due_ms(id),
        });
        due.min()
    }

    /// When the next look at it may happen.
    fn look_due_ms(&self, id: &Id) -> u64 {
        let looked = self.looked.get(id);
        looked.map_or(0, |looked| looked + LOOK_EVERY_MS)
    }

    /// Takes the ids that are due.
    fn ask(&mut self, now_ms: u64) -> Vec<Id> {
        self.asked.retain(|_, since| now_ms < *since + ANSWER_MS);
        let room = MAX_ASKED.saturating_sub(self.asked.len());
        let due = self.stale.iter();
        let due = due.filter(|id| !self.asked.contains_key(*id) && now_ms >= self.look_due_ms(id));
        let due: Vec<_> = due.take(room).cloned().collect();
        for id in &due {
            self.stale.remove(id);
            self.asked.insert(id.clone(), now_ms);
        }
        due
    }
}
