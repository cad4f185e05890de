//! Why a command failed, and the exit status for it.

use std::io::{self, ErrorKind};
use std::path::Path;

use serde::Serialize;

use crate::api::{Refusal, RefusalClass};
use crate::cli::{output, words};
use crate::files::saving::SaveError;
use crate::words::{Phrase, files};

/// Exit statuses; `hedgerow --help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Refused.
    Refused = 1,
    /// Wrong command line.
    Usage = 2,
    /// Locked, or wrong passphrase.
    Locked = 3,
    /// No identity here, or no node with which we can talk.
    NoNode = 4,
    /// The disk or the store.
    Storage = 5,
    /// A bug.
    Bug = 70,
    /// Ctrl-C.
    Interrupted = 130,
}

/// A failed command.
#[derive(Debug)]
pub enum Failure {
    /// The node refused.
    Refused(Refusal),
    /// The command line itself found the reason.
    Found {
        /// How to exit.
        exit: Exit,
        /// A stable code for programs.
        code: &'static str,
        /// Says what to do.
        words: Phrase,
    },
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Refused(refusal) => refusal.into(),
            SaveError::Path(path, error) => Self::path(&path, &error),
            SaveError::Exists(path) => super::exporting::there_already(&path),
        }
    }
}

impl Failure {
    /// A failure that the command line found itself.
    pub fn found(exit: Exit, code: &'static str, words: impl Into<Phrase>) -> Self {
        Self::Found {
            exit,
            code,
            words: words.into(),
        }
    }

    /// A file that the user named and that we cannot use: usually a typing error.
    pub fn path(path: &Path, error: &io::Error) -> Self {
        let exit = match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::AlreadyExists
            | ErrorKind::IsADirectory
            | ErrorKind::PermissionDenied => Exit::Usage,
            _ => Exit::Storage,
        };
        Self::found(exit, "file", files::unusable(path, error))
    }

    /// A failure of the system.
    pub fn file(what: impl Into<Phrase>, error: &io::Error) -> Self {
        Self::found(Exit::Storage, "file", files::failed(what, error))
    }

    /// How to exit.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Found { exit, .. } => *exit,
            Self::Refused(refusal) => match refusal.class() {
                RefusalClass::NotFound | RefusalClass::Conflict | RefusalClass::BadInput => {
                    Exit::Refused
                }
                RefusalClass::Locked => Exit::Locked,
                RefusalClass::NotAllowed | RefusalClass::NoNode => Exit::NoNode,
                RefusalClass::Storage => Exit::Storage,
                RefusalClass::Bug => Exit::Bug,
            },
        }
    }

    /// The sentence for people.
    pub fn words(&self) -> Phrase {
        match self {
            Self::Refused(refusal) => words::refusal(refusal),
            Self::Found { words, .. } => words.clone(),
        }
    }

    /// One line of JSON for programs: the stable code with its arguments, and the
    /// sentence, in English whatever the user's language.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Found<'a> {
            code: &'a str,
            words: String,
        }
        #[derive(Serialize)]
        struct Refused<'a> {
            #[serde(flatten)]
            refusal: &'a Refusal,
            words: String,
        }
        let words = self.words().to_string();
        match self {
            Self::Refused(refusal) => output::json(&Refused { refusal, words }),
            Self::Found { code, .. } => output::json(&Found { code, words }),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
