//! What happens, told unasked.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{Carrier, CarrierCondition, ContactId, InvitationId, JoinProblem, MessageId};

/// What happens, as it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A message is in the store: ours or theirs.
    Message {
        /// The conversation.
        contact: ContactId,
        /// The message.
        id: MessageId,
        /// Ours.
        mine: bool,
    },
    /// Many messages are in the store at once, or look different; look at the conversation.
    Messages {
        /// The conversation.
        contact: ContactId,
        /// How many are new.
        count: u64,
    },
    /// A message looks different: somebody has put an emoji on it, pinned it, or taken that back.
    MessageChanged {
        /// The conversation.
        contact: ContactId,
        /// The message.
        id: MessageId,
    },
    /// Messages of ours have been delivered, up to this one of its log.
    Delivered {
        /// The conversation.
        contact: ContactId,
        /// The last.
        id: MessageId,
        /// How many are still queued.
        queued: u64,
    },
    /// Something about a contact changed.
    Contact {
        /// Which.
        contact: ContactId,
    },
    /// A contact is gone.
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
        /// With whom.
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
    /// Events were missed: look at everything again.
    Missed,
}
