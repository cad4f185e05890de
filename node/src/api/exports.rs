//! Conversations as files.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

/// How a conversation is written into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A page that opens offline.
    Html,
    /// An object with the `conversation` and its `messages`, as the API shows them.
    Json,
    /// Lines.
    Text,
}
