//! Groups: who is in, and how one comes in.

use hedgerow_sync::membership::Full;
use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{ContactId, Conversation, ConversationId, Private, Why};

/// A member's stable id in one group, the same on every device. It tells nothing of the person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct MemberId(pub String);
redacted!(MemberId);

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MemberLevel {
    /// Not in the group.
    None,
    /// Reads and writes.
    Member,
    /// Also brings in, removes and appoints.
    Admin,
}

/// Whose word a member's name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    /// The contact has proven to be this member. The name is the one that the user knows it by.
    Contact,
    /// The member calls itself so. Nothing proves who it is.
    Themselves,
    /// Whoever brought it in calls it so. Nothing proves who it is.
    WhoBroughtIn,
    /// Nobody has said.
    Nobody,
}

/// What a member of a group is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct MemberName {
    /// Its id in the group.
    pub id: MemberId,
    /// The name to show: no two in a group are alike.
    pub name: Private,
    /// The contact, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Whose word the name is.
    pub named_by: NamedBy,
    /// It is ourselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_me: bool,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Member {
    /// Who.
    pub who: MemberName,
    /// What it may do now.
    pub level: MemberLevel,
    /// Somebody who does not outrank it has lowered it, and it has not objected yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// Who lowered it so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended_by: Vec<MemberName>,
    /// Who added it, or made it an admin last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_by: Option<MemberName>,
    /// It said different things to different people. Nothing more is taken in of what it wrote in that opening.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
}

impl Member {
    /// Whether this is somebody else whom that member added: whoever removes the one may want to remove the other.
    #[must_use]
    pub fn came_by(&self, member: &MemberId) -> bool {
        let added_by = self.added_by.as_ref();
        !self.who.is_me && added_by.is_some_and(|by| by.id == *member)
    }
}

/// Whether a member of a group has a message of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Holding {
    /// Who.
    pub who: MemberName,
    /// Whether it has it.
    #[serde(flatten)]
    pub state: HoldingState,
}

/// What a member itself has said of a message of ours, or signed after it. What others say of it counts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum HoldingState {
    /// It has it.
    Delivered,
    /// It has it, and says that its user has read it. Shown only while we tell what we read, too.
    Read,
    /// It is not known to have it.
    Unknown {
        /// Why it does not go there from here; `None`: it is no contact of ours, so others pass it on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
        /// When a contact was last connected, Unix milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen_ms: Option<i64>,
    },
}

impl HoldingState {
    /// Whether the member has it.
    pub fn is_held(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }
}

/// How we stand in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GroupStanding {
    /// We have accepted, and the inviter has not heard of it yet.
    Joining,
    /// We are in.
    Member,
    /// We are in, as an admin.
    Admin,
    /// Somebody who does not outrank us has lowered us.
    Suspended,
    /// We were removed.
    Removed,
    /// We left.
    Left,
    /// We have accepted, and whoever invited us cannot bring anybody in any more: another admin can.
    Withdrawn,
    /// The group has rules that this version does not know.
    NewerRules,
}

impl GroupStanding {
    /// Whether the group goes on without us, as far as we know: it can be erased.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Removed | Self::Left | Self::Withdrawn)
    }
}

/// A group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct GroupState {
    /// How many are in, with us.
    pub people: u32,
    /// How we stand in it.
    pub standing: GroupStanding,
}

/// How far an invitation into a group has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GroupInvitationState {
    /// Nobody has answered.
    Open,
    /// It was accepted, and the group has not heard of it.
    Accepted,
    /// Whoever accepted is in.
    Joined,
    /// It was declined.
    Declined,
    /// Whoever invited cannot bring anybody in any more: another admin can.
    Withdrawn,
}

/// An invitation into a group, in the chat with whoever invites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct GroupInvitation {
    /// What the group is called, as the inviter says.
    pub name: Private,
    /// How many were in, as the inviter says.
    pub people: u32,
    /// The group, if it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<ConversationId>,
    /// How far it has come.
    pub state: GroupInvitationState,
    /// The group that this one continues, if this device knows that whoever invites was in it, as we were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<ContinuedGroup>,
    /// We invited.
    pub is_ours: bool,
}

/// The group that an invitation into another one continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct ContinuedGroup {
    /// Which.
    pub group: ConversationId,
    /// What it is called here.
    pub name: Private,
    /// Who of it is left out, as the inviter says.
    pub without: Vec<MemberName>,
}

/// A group that was made to continue another one, and who of that was invited. The names are those of the old group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Restarted {
    /// The new group.
    pub group: Conversation,
    /// Who was invited.
    pub asked: Vec<MemberName>,
    /// Who could not be: no contacts of ours, or blocked. Another admin of the new group can invite its own contacts among them.
    pub not_asked: Vec<MemberName>,
}

/// A change in a group, as this device has learned of it: no message, but a line behind one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct GroupChange {
    /// When this device learned of it, Unix milliseconds.
    pub at_ms: i64,
    /// What has changed.
    #[serde(flatten)]
    pub what: WhatChanged,
    /// Who brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<MemberName>,
}

/// What has changed in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum WhatChanged {
    /// What a member may do.
    Level {
        /// Whose level.
        who: MemberName,
        /// The level before.
        before: MemberLevel,
        /// The level now.
        now: MemberLevel,
    },
    /// The timer of what is written from then on.
    Timer {
        /// In seconds; 0: off.
        seconds: u64,
    },
    /// An admin was lowered by somebody who does not outrank it, and can object.
    Suspended {
        /// Which.
        who: MemberName,
    },
    /// An admin has objected to that, and is one again.
    Objected {
        /// Which.
        who: MemberName,
    },
    /// An admin is one again, because the one who brought this about undid what suspended it.
    Restored {
        /// Which.
        who: MemberName,
    },
    /// We have come into the group, and it continues another one.
    Continues {
        /// Which.
        group: ConversationId,
        /// What that is called.
        name: Private,
    },
    /// We have come into another group, which continues this one.
    GoesOn {
        /// Which.
        group: ConversationId,
        /// What that is called.
        name: Private,
    },
}

impl GroupChange {
    /// Who brought it about, unless that person did it to itself: it left.
    pub fn by_another(&self) -> Option<&MemberName> {
        let by = self.by.as_ref();
        by.filter(|by| !matches!(&self.what, WhatChanged::Level { who, .. } if who.id == by.id))
    }
}

/// What a group has no room for.
pub type GroupLimit = Full;
