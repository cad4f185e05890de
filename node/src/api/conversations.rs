//! Conversations: what is written among us and one or more contacts.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{Contact, ContactId, Delivery, Draft, GroupState, Private, Why};

/// A conversation's stable id, on this device. It is opaque: a contact tells the id of its direct chat.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct ConversationId(pub String);
redacted!(ConversationId);

/// What a conversation is. Later versions add kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    /// The chat with one contact: every contact has one, and it goes with the contact.
    Direct,
    /// What the user writes to themselves. It has no members and no name; each program has its own word for it.
    Notes,
    /// What is left of a chat whose contact the user has removed. It has no members, and nobody can write there.
    Former,
    /// A private group. Its `members` are the contacts in it; the call for its members tells of everybody.
    Group,
}

/// How long nothing notifies of what is written in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Muted {
    /// Until the user takes it back.
    #[n(0)]
    Forever,
    /// Until this time of our own clock, Unix milliseconds.
    #[n(1)]
    UntilMs(#[n(0)] i64),
}

impl Muted {
    /// Whether it has not ended at this time of our own clock, Unix milliseconds.
    pub fn holds(self, now_ms: i64) -> bool {
        match self {
            Self::Forever => true,
            Self::UntilMs(end) => now_ms < end,
        }
    }
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Conversation {
    /// Its stable id.
    pub id: ConversationId,
    /// What it is.
    pub kind: ConversationKind,
    /// The name to show: of a direct chat, that of the contact; of what is left of one, that which the contact had; of a group,
    /// its own.
    pub name: Private,
    /// Who takes part beside us.
    pub members: Vec<ContactId>,
    /// Messages in it.
    pub messages: u64,
    /// Messages of others not read.
    pub unread: u64,
    /// Messages of ours that some member has on no device yet.
    pub queued: u64,
    /// If any: the plain reason why.
    pub why: Option<Why>,
    /// Every device that our messages go to, and whether it has all of them.
    pub recipients: Vec<Delivery>,
    /// A message being written, if one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
    /// The bytes of a voice note that is being recorded here, or was when its program ended; 0: there is none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recording: u64,
    /// After how many seconds what is written there disappears; 0: never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub timer_s: u64,
    /// When a message last came or was written here, or the conversation was made, by our own clock: Unix
    /// milliseconds.
    pub active_ms: i64,
    /// How long nothing notifies of its messages. A mute ends by itself; no event tells of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<Muted>,
    /// Out of the way. A message of somebody else brings it back, unless it is muted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// The user wants to look at it again, whether or not anything is unread.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub marked_unread: bool,
    /// Of a group: how it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupState>,
    /// Of a group: the one here that it continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<ConversationId>,
    /// Of a group: those that continue it, and into which we have come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub continued_by: Vec<ConversationId>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Conversation {
    /// The direct chat with a contact, in which nothing is written.
    pub fn with(contact: &Contact) -> Self {
        Self {
            id: contact.conversation.clone(),
            kind: ConversationKind::Direct,
            name: contact.name.clone(),
            members: vec![contact.id.clone()],
            messages: 0,
            unread: 0,
            queued: 0,
            why: None,
            recipients: Vec::new(),
            draft: None,
            recording: 0,
            timer_s: 0,
            active_ms: 0,
            muted: None,
            archived: false,
            marked_unread: false,
            group: None,
            continues: None,
            continued_by: Vec::new(),
        }
    }

    /// Whether nothing may notify of its messages at this time of our own clock, Unix milliseconds.
    pub fn is_muted(&self, now_ms: i64) -> bool {
        self.muted.is_some_and(|mute| mute.holds(now_ms))
    }
}
