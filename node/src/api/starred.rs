//! Messages that the user has starred, of all conversations.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{ConversationId, Message};

/// A starred message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct StarredMessage {
    /// Where it stands.
    pub conversation: ConversationId,
    /// What it is.
    #[serde(flatten)]
    pub message: Message,
}

/// Part of the starred messages: those starred last first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct StarredPage {
    /// The messages.
    pub messages: Vec<StarredMessage>,
    /// What gives the page after this one as `before`; `None`: there are no more.
    pub older: Option<u64>,
}
