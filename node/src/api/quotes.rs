//! What an answer shows of the message that it answers.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{ContactId, MessageId, Private};

/// Most characters that a quote shows.
pub const MAX_QUOTE: usize = 200;

/// The message that another one answers. No text of it travels with the answer: what is quoted is read here, when it
/// is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Quoted {
    /// The message that is answered.
    pub id: MessageId,
    /// Whether it disappears, so that no file may hold it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disappears: bool,
    /// What is here of it.
    #[serde(flatten)]
    pub original: Original,
}

/// What is here of a message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "original", rename_all = "snake_case")]
pub enum Original {
    /// It is in this conversation.
    Here {
        /// Who wrote it; `None` is ourselves.
        author: Option<ContactId>,
        /// The first 200 characters of its present text; `None` for a kind this version cannot show.
        text: Option<Private>,
    },
    /// It was deleted, or has expired.
    Gone,
    /// This conversation does not have it: it has not arrived yet, or never will.
    NotHere,
}
