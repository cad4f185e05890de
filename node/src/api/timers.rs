//! Messages that disappear.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

/// When a message disappears: some time after it was read, or one of our own after it was first delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Disappears {
    /// After how many seconds.
    pub after_s: u64,
    /// When, if its time has begun: Unix milliseconds by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<i64>,
}
