//! Messages that are deleted: what is asked before, and how far a deletion has come.

use hedgerow_node::api::{
    Call, ConversationId, Feature, Message, MessageId, Removal, RemovalState,
};

use super::answering::Authors;
use super::calendar::{Calendar, When};
use super::context::Context;
use super::dialog::Dialog;
use super::outcome::Outcome;
use super::thread::Thread;

/// What is asked before a message is deleted.
#[derive(Clone, PartialEq, Eq)]
pub struct Deleting {
    /// Which message.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Whether we can delete it for everybody: it is ours, and nobody has deleted it yet.
    pub for_all: bool,
    /// The names of those whose devices do not remove what is deleted; empty if nobody.
    pub without: String,
}

impl Deleting {
    /// Deletes it, for everybody or on this device alone.
    pub(super) fn delete(self, for_all: bool) -> Outcome {
        let for_all = for_all && self.for_all;
        Outcome::ask(Call::Delete(self.conversation, self.id, for_all))
    }
}

/// What stands in the place of a message that its author deleted for everybody.
#[derive(Clone, PartialEq, Eq)]
pub enum Gone {
    /// Its author deleted it.
    ByAuthor,
    /// We deleted it, and no other device was asked to remove it.
    ByUs,
    /// We deleted it, and devices of these people have not said anything yet.
    Waits(String),
    /// Devices of these people show it still: their version does not know deletions.
    Kept(String),
    /// Every device has removed it.
    Removed {
        /// Whose devices, if it is one person.
        name: Option<String>,
        /// When the last of them said so.
        time: When,
    },
}

impl Gone {
    /// What has become of a message; `None` if nobody has deleted it.
    pub(super) fn of(message: &Message, authors: &Authors, calendar: &Calendar) -> Option<Self> {
        let removals = &message.deleted.as_ref()?.removals;
        if !message.is_mine() {
            return Some(Self::ByAuthor);
        }
        let names = |is_it: fn(RemovalState) -> bool| names(removals, is_it, authors);
        let waiting = names(|state| state == RemovalState::Waiting);
        let kept = names(|state| state == RemovalState::Unsupported);
        let removed = removals.iter().filter_map(|removal| match removal.state {
            RemovalState::Removed { at_ms } => Some(at_ms),
            _ => None,
        });
        Some(match removed.max() {
            _ if !waiting.is_empty() => Self::Waits(waiting.join(", ")),
            _ if !kept.is_empty() => Self::Kept(kept.join(", ")),
            Some(at_ms) => {
                let mut whose = names(|_| true);
                Self::Removed {
                    name: whose.pop().filter(|_| whose.is_empty()),
                    time: calendar.when(at_ms),
                }
            }
            None => Self::ByUs,
        })
    }
}

/// The people with a device in such a state.
fn names(removals: &[Removal], is_it: fn(RemovalState) -> bool, authors: &Authors) -> Vec<String> {
    let removals = removals.iter().filter(|removal| is_it(removal.state));
    let mut contacts: Vec<_> = removals.map(|removal| &removal.contact).collect();
    contacts.dedup();
    let contacts = contacts.into_iter();
    contacts.map(|contact| authors.name(contact)).collect()
}

/// Deletions in a conversation.
impl Thread {
    /// Asks for whom a message is to be deleted.
    pub(super) fn ask_delete(&self, id: MessageId, context: &Context) -> Option<Outcome> {
        let message = &self.window.find(&id)?.message;
        let for_all = message.is_mine() && message.deleted.is_none();
        let without = match for_all {
            true => self.who_cannot_show(Feature::Deletions, context),
            false => String::new(),
        };
        let conversation = self.id.clone();
        Some(Outcome::Show(Dialog::DeleteMessage(Deleting {
            id,
            conversation,
            for_all,
            without,
        })))
    }
}
