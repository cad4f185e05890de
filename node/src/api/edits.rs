//! Edits of messages, and the versions that they leave.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::Private;

/// That a message was edited. Its text is that of the last edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Edited {
    /// How often: at most 100 edits of a message count.
    pub times: u32,
    /// When its author says the last edit was made: Unix milliseconds.
    pub time_ms: i64,
}

/// A text that a message has, or had before an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Version {
    /// What it says; `None` if that is no text.
    pub text: Option<Private>,
    /// When its author says it was written: Unix milliseconds.
    pub time_ms: i64,
}
