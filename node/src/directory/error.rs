//! What can be wrong with a data directory, and what a person can do about it.

use std::io;

use hedgerow_sync::store::{StorageError, StorageFault};

use super::Owner;
use crate::store::fault;

/// A data directory cannot be used. Unless it says otherwise, nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another process owns it.
    #[error("another Hedgerow process owns the data directory{}", named(.0))]
    Owned(Owner),
    /// There is no identity.
    #[error("there is no identity in the data directory: make one with `hedgerow init`")]
    Nothing,
    /// There is an identity already.
    #[error(
        "there is an identity in the data directory already; choose another directory, or wipe this one"
    )]
    Occupied,
    /// A store without slots.
    #[error(
        "the file `slots` is missing, and with it the key of the store: put it back from a copy of the \
         directory; if a wipe was interrupted, wipe again"
    )]
    SlotsMissing,
    /// The slots are damaged.
    #[error(
        "the file `slots` is damaged: put it back from a copy of the directory; nothing was changed"
    )]
    SlotsDamaged,
    /// The slots were written by a newer version.
    #[error(
        "the file `slots` has version {0}: this Hedgerow is too old for it, use a newer one; nothing was changed"
    )]
    SlotsNewer(u32),
    /// The store that the slots name is not there.
    #[error(
        "the file `{0}` is missing, which holds the store: put it back from a copy of the directory"
    )]
    StoreMissing(String),
    /// The passphrase is wrong.
    #[error("the passphrase is wrong; nothing was changed")]
    WrongPassphrase,
    /// The identity needs a passphrase, and there was none.
    #[error("a passphrase is needed to unlock this identity")]
    PassphraseNeeded,
    /// It is locked.
    #[error("the identity is locked: unlock it first")]
    Locked,
    /// The store cannot be opened, or a rewrite failed in it.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// The operating system refused.
    #[error("cannot {doing}: {cause}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        cause: io::Error,
    },
}

impl DirectoryError {
    /// Whether the disk has no room.
    pub fn is_full(&self) -> bool {
        let fault = match self {
            DirectoryError::Store(error) => error.kind,
            DirectoryError::Io { cause, .. } => fault::kind_of(cause),
            _ => return false,
        };
        fault == StorageFault::Full
    }
}

fn named(owner: &Owner) -> String {
    match owner {
        Owner::Silent => String::new(),
        Owner::Serving(info) => format!(" (process {})", info.pid),
    }
}

/// Adds to a failure what we tried to do.
pub(super) trait Attempt<T> {
    fn attempt(self, doing: &'static str) -> Result<T, DirectoryError>;
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, doing: &'static str) -> Result<T, DirectoryError> {
        self.map_err(|cause| DirectoryError::Io { doing, cause })
    }
}
