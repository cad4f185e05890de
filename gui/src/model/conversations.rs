//! What the node last told about each conversation.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{ContactId, Conversation, ConversationId, Draft, Message};

use super::update::Chat;

/// All known conversations.
#[derive(Default)]
pub(super) struct Conversations(BTreeMap<ConversationId, Known>);

/// What we know about a conversation.
#[derive(Clone)]
pub(super) struct Known {
    pub conversation: Conversation,
    pub newest: Option<Message>,
    /// The text being written there.
    pub draft: Draft,
}

impl Conversations {
    pub fn get(&self, id: &ConversationId) -> Option<&Known> {
        self.0.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Known> {
        self.0.values()
    }

    /// The conversations of which a contact is a member.
    pub fn of(&self, member: &ContactId) -> impl Iterator<Item = &ConversationId> {
        let known = self.iter().map(|known| &known.conversation);
        let joined = known.filter(|conversation| conversation.members.contains(member));
        joined.map(|conversation| &conversation.id)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The number of unread messages in a conversation, if it is known.
    pub fn unread_of(&self, id: &ConversationId) -> Option<u64> {
        self.get(id).map(|known| known.conversation.unread)
    }

    /// Takes over what the node tells. In the `open` conversation the draft here stays, because it is newer than the
    /// node's.
    pub fn learn(&mut self, chat: Chat, open: Option<&ConversationId>) {
        let id = chat.conversation.id.clone();
        let before = self.0.remove(&id);
        let kept = chat.conversation.draft.as_ref();
        let draft = match before {
            Some(before) if open == Some(&id) => before.draft,
            _ => kept.cloned().unwrap_or_else(|| Draft::text("")),
        };
        let known = Known {
            draft,
            newest: chat.newest,
            conversation: chat.conversation,
        };
        self.0.insert(id, known);
    }

    /// Takes over the text being written in a conversation. False if the conversation is unknown.
    pub fn set_draft(&mut self, id: &ConversationId, draft: Draft) -> bool {
        let known = self.0.get_mut(id);
        known.map(|known| known.draft = draft).is_some()
    }

    pub fn forget(&mut self, id: &ConversationId) {
        self.0.remove(id);
    }

    /// Forgets all others.
    pub fn retain(&mut self, there: &BTreeSet<ConversationId>) {
        self.0.retain(|id, _| there.contains(id));
    }
}
