//! Relays, and how they are reached.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

pub use hedgerow_transport::carrier::RelayState as RelayCondition;

use super::Private;

/// A relay, and how it is with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct RelayStatus {
    /// Its address, as it was added or offered.
    pub address: Private,
    /// Ready, or why not.
    pub state: RelayCondition,
}

/// How relays are reached, with the proxy as somebody typed it.
pub type RelayPaths = hedgerow_transport::relay::RelayPaths<Private>;
