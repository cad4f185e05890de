//! Parcels carried by hand.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::ContactId;

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
}
