//! What happens, told unasked.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{
    Carrier, CarrierCondition, ContactId, ConversationId, DeviceId, InvitationId, JoinProblem,
    MemberId, MemberLevel, MessageId,
};

/// What happens, as it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A message is in the store: ours or theirs.
    Message {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        id: MessageId,
        /// Who wrote it; `None` is ourselves.
        author: Option<ContactId>,
    },
    /// Many messages are in the store at once, or look different; look at the conversation.
    Messages {
        /// The conversation.
        conversation: ConversationId,
        /// How many are new.
        count: u64,
    },
    /// A message looks different: somebody has put an emoji on it, pinned it, or taken that back,
    /// or its author has deleted it.
    MessageChanged {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        id: MessageId,
    },
    /// A message is gone from this device: deleted here, or expired.
    MessageGone {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        id: MessageId,
    },
    /// More of a file has come, or gone.
    FileProgress {
        /// The conversation.
        conversation: ConversationId,
        /// The message of the file.
        id: MessageId,
        /// The device that has so much of a file of ours; `None`: this one.
        device: Option<DeviceId>,
        /// The bytes that it has.
        bytes: u64,
    },
    /// A device has messages of ours, up to this one of its log.
    Delivered {
        /// The conversation.
        conversation: ConversationId,
        /// Whose device.
        contact: ContactId,
        /// Which.
        device: DeviceId,
        /// The last.
        id: MessageId,
        /// How many some member has on no device yet.
        queued: u64,
    },
    /// Somebody has read messages of ours, up to this one of its log. Told only while we tell what we read, too.
    Read {
        /// The conversation.
        conversation: ConversationId,
        /// Whose device says so.
        contact: ContactId,
        /// Which.
        device: DeviceId,
        /// The last.
        id: MessageId,
    },
    /// Something about a conversation changed: how far it is read, what the user made of it, or who refuses what is
    /// written there. What
    /// its members bring with them, its name and why messages wait, their own events tell of.
    Conversation {
        /// Which.
        conversation: ConversationId,
    },
    /// Who is in a group has changed, as this device has learned just now.
    Membership {
        /// The group.
        conversation: ConversationId,
        /// Whose level changed.
        member: MemberId,
        /// The level now.
        level: MemberLevel,
        /// Who brought it about.
        by: Option<MemberId>,
    },
    /// A conversation without members is gone: the user erased it.
    ConversationErased {
        /// Which.
        conversation: ConversationId,
    },
    /// Something about a contact changed.
    Contact {
        /// Which.
        contact: ContactId,
    },
    /// A contact is gone, and its direct chat with it. If the user keeps what was said, the event of that conversation
    /// follows.
    Removed {
        /// Which.
        contact: ContactId,
    },
    /// Somebody joined an invitation of ours.
    Met {
        /// Who.
        contact: ContactId,
        /// Which invitation.
        invitation: InvitationId,
    },
    /// A join of ours succeeded.
    Joined {
        /// The new contact.
        contact: ContactId,
        /// Which invitation.
        invitation: InvitationId,
    },
    /// A join of ours ended without a contact, or makes no progress yet.
    JoinFailed {
        /// Which invitation.
        invitation: InvitationId,
        /// Why.
        why: JoinProblem,
    },
    /// An invitation changed.
    Invitation {
        /// Which.
        invitation: InvitationId,
    },
    /// A carrier changed.
    Carrier {
        /// Which.
        carrier: Carrier,
        /// On, or why not.
        state: CarrierCondition,
    },
    /// The node was locked or unlocked.
    Lock {
        /// Locked now.
        locked: bool,
    },
    /// The disk is full, so that the node only deletes and is off the air; or it has room again.
    Disk {
        /// Full now.
        full: bool,
    },
    /// Events were missed: look at everything again.
    Missed,
}
