//! Turns failures beneath the store into errors that tell a person what to do.

use std::fmt;
use std::io;

use hedgerow_sync::store::{StorageError, StorageFault};

use super::DamagedBlock;

pub(super) fn closed() -> StorageError {
    StorageError {
        reason: "the store is closed: unlock it again".to_owned(),
        kind: StorageFault::Io,
    }
}

pub(super) fn damaged(what: impl fmt::Display) -> StorageError {
    StorageError {
        reason: format!(
            "it is damaged, or was changed by somebody else ({what}): keep a copy of the data directory and \
             restore a backup"
        ),
        kind: StorageFault::Damaged,
    }
}

pub(crate) fn gone() -> StorageError {
    StorageError {
        reason: "the data directory was deleted, moved or replaced: put it back and start again"
            .to_owned(),
        kind: StorageFault::Gone,
    }
}

/// The error that says what happened and what to do about it.
pub(super) fn fault(error: impl Into<redb::Error>) -> StorageError {
    let error = match error.into() {
        redb::Error::Io(error) => error,
        redb::Error::Corrupted(what) => return damaged(what),
        other => io::Error::other(other.to_string()),
    };
    if let Some(block) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<DamagedBlock>())
    {
        return damaged(block);
    }
    if matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
    ) {
        return damaged(error);
    }
    let kind = kind_of(&error);
    let advice = match kind {
        StorageFault::Full => "free some space and start again",
        StorageFault::ReadOnly => "make the data directory writable and start again",
        StorageFault::Damaged | StorageFault::Gone | StorageFault::Io => {
            "check the disk and start again"
        }
    };
    StorageError {
        reason: format!("{error}: {advice}; what was written before is whole"),
        kind,
    }
}

/// The kind of a failure that the system reports.
pub(crate) fn kind_of(error: &io::Error) -> StorageFault {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StorageFault::Full
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            StorageFault::ReadOnly
        }
        _ => StorageFault::Io,
    }
}
