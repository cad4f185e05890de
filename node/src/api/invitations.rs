//! Invitations, and joining one.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{ContactId, ConversationId, Private};

/// An invitation's id: 16 hex digits, not derived from its secret in any way that reveals it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct InvitationId(pub String);
redacted!(InvitationId);

/// What an invitation is to be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct NewInvitation {
    /// How long it is good for, in seconds.
    #[serde(default = "NewInvitation::day")]
    pub valid_for_s: u64,
    /// Shown as a picture to somebody present: if their camera reads it there, they know whose it is.
    #[serde(default)]
    pub in_person: bool,
    /// For a room: everybody who uses it becomes a contact, and is invited into this group. It is never in person.
    #[serde(default)]
    pub group: Option<ConversationId>,
}

impl NewInvitation {
    /// An invitation for one person.
    #[must_use]
    pub fn for_one(valid_for_s: u64, in_person: bool) -> Self {
        Self {
            valid_for_s,
            in_person,
            group: None,
        }
    }

    fn day() -> u64 {
        86_400
    }
}

/// An invitation for everybody in a room, and who has used it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Room {
    /// The group into which they are invited.
    pub group: ConversationId,
    /// Who has used it, in this order.
    pub joined: Vec<ContactId>,
    /// How many may use it before it closes.
    pub limit: u32,
}

/// A link to join, and how it came here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct NewJoin {
    /// The link.
    pub link: Private,
    /// How it came here.
    #[serde(default)]
    pub source: LinkSource,
}

impl From<Private> for NewJoin {
    /// As if pasted.
    fn from(link: Private) -> Self {
        Self {
            link,
            source: LinkSource::default(),
        }
    }
}

/// How a link came here. On its way anybody may have put another one in its place, unless it came from one
/// screen to one camera.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkSource {
    /// The camera of this device has just read it from a screen. If the maker made it to be shown in person, the
    /// contact is verified.
    Camera,
    /// Typed, pasted, or opened by another program.
    #[default]
    Pasted,
    /// Read from a file, such as a picture.
    File,
}

/// An invitation, made or being joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The link, while it is open and one's own.
    pub link: Option<Private>,
    /// When it was made, or the join began, by our clock: Unix milliseconds.
    pub made_ms: i64,
    /// When it expires, Unix milliseconds.
    pub expires_ms: i64,
    /// Made to be scanned in person; being joined: so scanned by our camera.
    pub in_person: bool,
    /// What has become of it.
    pub state: InvitationState,
    /// If it is one's own and for a room: for which group, and who has used it.
    #[serde(default)]
    pub room: Option<Room>,
}

/// What has become of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum InvitationState {
    Open,
    Used,
    Cancelled,
    Expired,
    /// Ours to join, still trying.
    Joining,
}

/// Why a join did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JoinProblem {
    /// No answer: used, cancelled or out of reach. It is tried again until the link expires.
    NoAnswer,
    /// Used already.
    Used,
    /// Cancelled by its maker.
    Cancelled,
    /// Expired by its maker's clock.
    Expired,
    /// Its maker has blocked us.
    Refused,
    /// Its maker has us as a contact still, and has to remove us first.
    AlreadyContact,
    /// The device that answered does not hold the keys that the link names.
    NotTheInviter,
}
