//! A conversation as a file.

use std::fmt;
use std::path::PathBuf;

use hedgerow_node::api::{ConversationId, ExportFormat, Private};
use hedgerow_node::export::file_name;

use super::context::Context;
use super::effect::{Effect, Request};

/// What is asked before a conversation is written into a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Exporting {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Its name.
    pub name: String,
    /// How it is written.
    pub format: ExportFormat,
    /// Its files are saved in a folder beside it.
    pub with_files: bool,
}

impl Exporting {
    pub(super) fn new(conversation: ConversationId, name: String) -> Self {
        Self {
            conversation,
            name,
            format: ExportFormat::Html,
            with_files: true,
        }
    }

    /// Lets the user choose the file.
    pub(super) fn choose(self) -> Effect {
        Effect::ChooseFile {
            name: Private(file_name(&self.name, self.format)),
            conversation: self.conversation,
            format: self.format,
            with_files: self.with_files,
        }
    }
}

/// A file that the user has chosen for a conversation.
#[derive(Clone)]
pub struct ToFile {
    /// Which conversation.
    pub conversation: ConversationId,
    /// How it is written.
    pub format: ExportFormat,
    /// Its files are saved in a folder beside it.
    pub with_files: bool,
    /// The file, which may be there already: the user agreed then that it is replaced.
    pub path: PathBuf,
}

impl ToFile {
    /// Has it written.
    pub(super) fn write(self, context: &Context) -> Effect {
        Effect::Ask(Request::Export {
            to: self,
            language: context.preferences.language.clone(),
            now_ms: context.now.wall_ms,
        })
    }
}

/// The path may name a contact.
impl fmt::Debug for ToFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToFile")
    }
}
