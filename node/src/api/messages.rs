//! Messages, and pages of a conversation.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::deliveries;
use super::{
    ContactId, Deleted, Delivery, Disappears, Edited, GroupChange, GroupInvitation, MemberName,
    MessageFile, Private, Quoted, Why,
};

/// A message's stable id, the same on every device: device, incarnation and sequence in hex, joined
/// by `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct MessageId(pub String);
redacted!(MessageId);

/// A message in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Message {
    /// Its stable id.
    pub id: MessageId,
    /// Its place in the conversation, from 0, at the time of asking.
    pub position: u64,
    /// Who wrote it; `None` is ourselves. In a group it is the id of the member, if that is no contact.
    pub author: Option<ContactId>,
    /// When its author says it was written, clamped between its neighbours: Unix milliseconds. In the future if the
    /// author's clock is ahead.
    pub time_ms: i64,
    /// What it says, after the last edit; `None` for a kind this version cannot show, and where it is not here.
    pub text: Option<Private>,
    /// Set if its author has edited it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edited>,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Quoted>,
    /// For one's own: every device that it goes to, those of one contact in a row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
    /// The file that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<MessageFile>,
    /// Emoji that people have put on it: at most one for each person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Pinned by anybody in the conversation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// Starred by us; nobody else knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub starred: bool,
    /// Its author has deleted it for everybody: only its place is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deleted>,
    /// It disappears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disappears: Option<Disappears>,
    /// One's own that disappears, and that nobody confirmed for 28 days: others never get it. Its text stays until it is
    /// sent again or deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lapsed: bool,
    /// No message, but a line: its author set the timer of the conversation to this number of seconds; 0: off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets_timer_s: Option<u64>,
    /// In a group: what it says is not on this device. It has not come yet, or has disappeared for whoever had it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_here: bool,
    /// In a group: who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberName>,
    /// An invitation into a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<GroupInvitation>,
    /// What has changed in the group after this message and before the next one, as this device has learned of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<GroupChange>,
}

/// By how much a contact's clock may be ahead of ours before that is shown, in milliseconds.
const CLOCK_SLACK_MS: i64 = 5 * 60_000;

impl Message {
    /// Written by us.
    pub fn is_mine(&self) -> bool {
        self.author.is_none()
    }

    /// One's own, and every contact that it is for has it on one device at least.
    pub fn is_delivered(&self) -> bool {
        deliveries::is_delivered(&self.deliveries)
    }

    /// One's own, and every contact that it is for says to have read it.
    pub fn is_read(&self) -> bool {
        deliveries::is_read(&self.deliveries)
    }

    /// For one's own, not delivered: why.
    pub fn why(&self) -> Option<Why> {
        deliveries::why(&self.deliveries)
    }

    /// Whether its author's clock is ahead: the time that a contact has given it is still to come.
    pub fn is_ahead(&self, now_ms: i64) -> bool {
        !self.is_mine() && self.time_ms > now_ms.saturating_add(CLOCK_SLACK_MS)
    }
}

/// An emoji that a person has put on a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Reaction {
    /// Who; `None` is ourselves.
    pub author: Option<ContactId>,
    /// One emoji, of at most 32 bytes.
    pub emoji: Private,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageFrom {
    /// The newest messages.
    Newest,
    /// The oldest messages.
    Oldest,
    /// Those just before this one.
    Before(MessageId),
    /// Those just after this one.
    After(MessageId),
    /// Those from this position on.
    Position(u64),
    /// Those from this wall time on, Unix milliseconds.
    Date(i64),
    /// Those from the first unread on.
    FirstUnread,
}

/// Part of a conversation, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// How many the conversation has.
    pub total: u64,
    /// How many of them are unread.
    pub unread: u64,
    /// Unread ones that arrived late and sort above the read position.
    pub unread_above: u64,
    /// What had changed in the group before its first message, if the page begins with that or there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<GroupChange>,
}
