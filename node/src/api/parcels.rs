//! Parcels carried by hand.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::ContactId;

/// What the host makes into parcels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Parcels {
    /// Names them until the node locks, or has made 16 newer ones.
    pub series: SeriesName,
    /// How many parcels there are. Each fits on a memory stick with FAT.
    pub parts: u32,
    /// The files in them.
    pub files: u64,
    /// About how many bytes all take.
    pub bytes: u64,
}

/// Names the parcels that are made together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct SeriesName(pub String);
redacted!(SeriesName);

/// What a parcel brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Imported {
    /// Who sealed it.
    pub contact: ContactId,
    /// New messages.
    pub messages: u64,
    /// Messages of ours that it acknowledged.
    pub acknowledged: u64,
    /// Parts of it that make no sense here, which is the contact's fault. All else has come in.
    pub unusable: u64,
    /// Files that are here now.
    #[serde(default)]
    pub files: u64,
    /// Files for which there is no room. Free some, and take the parcel in again.
    #[serde(default)]
    pub without_room: u64,
    /// Its place among the parcels that were made together, unless it is the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ImportedPart>,
    /// It ends early or was damaged: what came before that is here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
}

/// The place of a parcel among those that were made together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct ImportedPart {
    /// Names those that were made together.
    pub series: String,
    /// Its number, from 1 on.
    pub number: u32,
    /// How many there are.
    pub of: u32,
    /// The numbers of those that have not come.
    pub missing: Vec<u32>,
}
