//! Messages carried by hand, in files on a memory stick.

use hedgerow_node::api::ContactId;

use super::effect::{Effect, Request};
use super::outcome::Outcome;
use super::strip::FilePath;

/// What a person does to carry messages by hand.
#[derive(Clone)]
pub enum CarryAction {
    /// Let me choose a file for what this contact has not acknowledged.
    AskExport(ContactId),
    /// Write it there.
    Export(ContactId, FilePath),
    /// Let me choose a folder for what waits for all contacts.
    AskExportAll,
    /// Write it there, a file for each.
    ExportAll(FilePath),
    /// Let me choose files that contacts made.
    AskImport,
    /// Take them in.
    Import(Vec<FilePath>),
}

/// What the user chooses in the dialog of the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToCarry {
    /// A new file for a contact. Answer: `CarryAction::Export`.
    For(ContactId),
    /// A folder for the files of all contacts. Answer: `CarryAction::ExportAll`.
    ForAll,
    /// Files to take in. Answer: `CarryAction::Import`.
    In,
}

impl CarryAction {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::AskExport(contact) => Outcome::Do(Effect::ChooseToCarry(ToCarry::For(contact))),
            Self::AskExportAll => Outcome::Do(Effect::ChooseToCarry(ToCarry::ForAll)),
            Self::AskImport => Outcome::Do(Effect::ChooseToCarry(ToCarry::In)),
            Self::Export(contact, path) => Outcome::ask(Request::CarryOut { contact, path }),
            Self::ExportAll(folder) => Outcome::ask(Request::CarryAllOut(folder)),
            Self::Import(paths) => Outcome::ask(Request::CarryIn(paths)),
        }
    }
}
