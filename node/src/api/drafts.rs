//! Messages being written.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{MessageId, Private, UploadId};

/// A message to write: a text, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct NewMessage {
    /// What it says.
    pub text: Private,
    /// The message of the same conversation that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The timer that its writer was shown, in seconds. If another one holds now, it is refused with `timer_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer_s: Option<u64>,
    /// A file that was uploaded before. The text may be empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<UploadId>,
}

impl NewMessage {
    /// A text that answers nothing.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Private(text.into()),
            reply_to: None,
            timer_s: None,
            file: None,
        }
    }
}

/// A message being written in a conversation: the same in every program, after a restart too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Draft {
    /// What it says so far.
    pub text: Private,
    /// The message that it will answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The message of ours whose text it will be, instead of a new message. Never together with `reply_to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<MessageId>,
    /// What it was to answer or to edit is gone, so it is a plain text now. Ignored where a draft is given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub target_gone: bool,
    /// As in a new message, where the draft is sent. It is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer_s: Option<u64>,
}

impl Draft {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Private(text.into()),
            reply_to: None,
            edit: None,
            target_gone: false,
            timer_s: None,
        }
    }
}
