//! Search: what is looked for, and what is found.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::{IntoParams, ToSchema};

use super::{ContactId, ConversationId, Message, Private};

/// Most messages of one answer.
pub const MAX_HITS: usize = 50;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(IntoParams))]
#[cfg_attr(feature = "runtime", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words, at most 256 bytes. A message must have all of them, in any order; letter case and diacritics do not
    /// count, and the last word may go on. Without words, `kind` must say what a message has.
    #[serde(default, skip_serializing_if = "Private::is_empty")]
    #[cfg_attr(feature = "runtime", param(value_type = Option<String>))]
    pub words: Private,
    /// Only in this conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "runtime", param(value_type = Option<String>))]
    pub conversation: Option<ConversationId>,
    /// Only what this contact wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "runtime", param(value_type = Option<String>))]
    pub from: Option<ContactId>,
    /// Only what we wrote.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mine: bool,
    /// Only what was written at this time or later, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Only what was written before this time, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// Only conversations by their names, only messages, or only messages that have such a thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "runtime", param(inline))]
    pub kind: Option<SearchKind>,
    /// Where to go on, from an answer to the same search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl Search {
    /// For words, everywhere.
    pub fn of(words: &str) -> Self {
        Self {
            words: Private(words.to_owned()),
            conversation: None,
            from: None,
            mine: false,
            since_ms: None,
            until_ms: None,
            kind: None,
            cursor: None,
        }
    }
}

/// What can be found. Later versions add kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    /// Conversations, by their names.
    Names,
    /// Messages, by their present texts.
    Messages,
    /// Messages with a picture.
    Pictures,
    /// Messages with a file that is neither a picture nor a voice note.
    Files,
    /// Messages with a voice note.
    Voice,
    /// Messages with a link in their present text.
    Links,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct SearchPage {
    /// Conversations whose names have the words, by name. Only in the first answer of a search, and not of one in a
    /// conversation, by a person or by date.
    pub conversations: Vec<FoundConversation>,
    /// Messages that have the words, the newest first; at most 50.
    pub messages: Vec<FoundMessage>,
    /// Where to go on, if there may be more messages. An answer can have a cursor and no message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// A bound on the work of one search was reached: more messages may have the words. Narrow the search.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

/// A conversation whose name has the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct FoundConversation {
    /// Which.
    pub conversation: ConversationId,
    /// Its name.
    pub name: Private,
    /// Where the name has the words.
    pub ranges: Vec<FoundRange>,
}

/// A message that has the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct FoundMessage {
    /// Its conversation.
    pub conversation: ConversationId,
    /// The message.
    pub message: Message,
    /// Where its text has the words.
    pub ranges: Vec<FoundRange>,
    /// Where the name of its file has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name_ranges: Vec<FoundRange>,
}

/// Bytes of a text in UTF-8, whole characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct FoundRange {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}
