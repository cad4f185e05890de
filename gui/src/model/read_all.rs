//! Marking conversations as read without looking into them: one, or all at once, which asks first.

use hedgerow_node::api::{Call, ConversationId};

use super::context::Context;
use super::conversations::Known;
use super::outcome::Outcome;

/// What waits to be read when the user asks to mark all of it. What comes later is not in it.
#[derive(Clone)]
pub struct ReadAll {
    /// How many messages.
    pub messages: u64,
    /// Contacts are told what is read.
    pub told: bool,
    /// Some of the messages begin to disappear.
    pub disappear: bool,
    calls: Vec<Call>,
}

impl ReadAll {
    /// What waits in all conversations now; `None` if nothing does.
    pub(super) fn of(context: &Context) -> Option<Self> {
        let all = || context.conversations.iter();
        let calls: Vec<_> = all().flat_map(calls).collect();
        let unread = |known: &Known| known.conversation.unread;
        let disappears = |known: &Known| unread(known) > 0 && known.conversation.timer_s > 0;
        (!calls.is_empty()).then(|| Self {
            messages: all().map(unread).sum(),
            told: context.me.as_ref().is_some_and(|me| me.receipts),
            disappear: all().any(disappears),
            calls,
        })
    }

    /// Marks it as read.
    pub(super) fn agreed(self) -> Vec<Outcome> {
        self.calls.into_iter().map(Outcome::ask).collect()
    }
}

/// Whether something waits to be read in a conversation, or the user has marked it so.
pub(super) fn waits(known: &Known) -> bool {
    known.conversation.unread > 0 || known.conversation.marked_unread
}

/// Marks a conversation as read, with whatever of it was never in view.
pub(super) fn mark_read(id: &ConversationId, context: &Context) -> Vec<Outcome> {
    let known = context.conversations.get(id);
    let calls = known.into_iter().flat_map(calls);
    calls.map(Outcome::ask).collect()
}

/// What reads everything that is known of a conversation.
fn calls(known: &Known) -> impl Iterator<Item = Call> {
    let conversation = &known.conversation;
    let newest = known.newest.as_ref();
    let newest = newest.filter(|_| conversation.unread > 0);
    let read = newest.map(|newest| Call::Read(conversation.id.clone(), newest.id.clone()));
    // Reading takes the mark back, too.
    let unmark = || Call::MarkUnread(conversation.id.clone(), false);
    let marked = conversation.marked_unread;
    read.or_else(|| marked.then(unmark)).into_iter()
}
