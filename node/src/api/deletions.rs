//! Messages that were deleted, and how far a deletion has come.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{ContactId, DeviceId};

/// What a deletion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "deletion", rename_all = "snake_case")]
pub enum Deletion {
    /// The message is gone from this device alone. What had not been delivered yet is never delivered.
    Here,
    /// Nobody had been offered it: it is gone from this device, and nobody ever gets it.
    NeverSent,
    /// It is gone from this device, and leaves each other device as soon as that hears of it. A line stays in its
    /// place. Sealed copies, in files and with couriers, stay where they are.
    Everywhere,
}

/// A message that its author deleted for everybody: a line stays in its place, and nothing of what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Deleted {
    /// When, according to its author: Unix milliseconds.
    pub time_ms: i64,
    /// For one's own: every device that is asked to remove it, those of one contact in a row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removals: Vec<Removal>,
}

/// What has become of a deleted message on a contact's device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Removal {
    /// Whose device.
    pub contact: ContactId,
    /// Which.
    pub device: DeviceId,
    /// What that device has said.
    #[serde(flatten)]
    pub state: RemovalState,
}

/// What a device has said about a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RemovalState {
    /// Nothing yet: it may still show the message.
    Waiting,
    /// It has taken in the deletion, and is of a version that removes what is deleted.
    Removed {
        /// When it said so, by our own clock: Unix milliseconds.
        at_ms: i64,
    },
    /// It has taken in the deletion, but is of a version that does not know deletions: it shows the message still.
    Unsupported,
}
