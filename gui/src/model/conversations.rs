//! What the node last told about each conversation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hedgerow_node::api::{ContactId, Conversation, ConversationId, Draft, Message};

use super::update::Chat;

/// The most drafts of ours that we remember until the node tells of them.
const MAX_KEPT: usize = 16;

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
    /// What the node last said is being written there.
    told: Draft,
    /// What we have had kept since, the oldest first: the node may still tell of each.
    kept: VecDeque<Draft>,
}

impl Known {
    fn new(conversation: Conversation, newest: Option<Message>) -> Self {
        let draft = draft_of(&conversation);
        Self {
            told: draft.clone(),
            kept: VecDeque::new(),
            conversation,
            newest,
            draft,
        }
    }

    /// Takes over what the node says is being written. Its draft replaces ours only if somebody has changed it elsewhere: an
    /// answer may be older than what we have had kept. Tells whether it does.
    fn learn_draft(&mut self, told: Draft) -> bool {
        let ours = self.kept.iter().position(|kept| says_same(kept, &told));
        let is_known = says_same(&told, &self.told);
        match ours {
            Some(at) => drop(self.kept.drain(..=at)),
            None if is_known => {}
            None => {
                self.kept.clear();
                self.draft = told.clone();
            }
        }
        self.told = told;
        ours.is_none() && !is_known
    }
}

/// The text being written in a conversation, as the node has it.
fn draft_of(conversation: &Conversation) -> Draft {
    let draft = conversation.draft.clone();
    draft.unwrap_or_else(|| Draft::text(""))
}

/// Whether two drafts say the same of the same message.
fn says_same(one: &Draft, other: &Draft) -> bool {
    let said = |draft: &Draft| {
        let about = (draft.reply_to.clone(), draft.edit.clone());
        (draft.text.clone(), about)
    };
    said(one) == said(other)
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

    /// Takes over what the node tells. Tells whether its draft was changed elsewhere, and is ours now.
    pub fn learn(&mut self, chat: Chat) -> bool {
        let Chat {
            conversation,
            newest,
        } = chat;
        let Some(known) = self.0.get_mut(&conversation.id) else {
            let id = conversation.id.clone();
            self.0.insert(id, Known::new(conversation, newest));
            return false;
        };
        let is_other = known.learn_draft(draft_of(&conversation));
        (known.conversation, known.newest) = (conversation, newest);
        is_other
    }

    /// Takes over the text being written in a conversation, which is kept. False if the conversation is unknown.
    pub fn set_draft(&mut self, id: &ConversationId, draft: Draft) -> bool {
        let Some(known) = self.0.get_mut(id) else {
            return false;
        };
        if known.kept.len() == MAX_KEPT {
            known.kept.pop_front();
        }
        known.kept.push_back(draft.clone());
        known.draft = draft;
        true
    }

    pub fn forget(&mut self, id: &ConversationId) {
        self.0.remove(id);
    }

    /// Forgets all others.
    pub fn retain(&mut self, there: &BTreeSet<ConversationId>) {
        self.0.retain(|id, _| there.contains(id));
    }
}
