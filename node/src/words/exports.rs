//! Words for a conversation as a file, which the command line and the window say alike.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::{Phrase, files, tr};
use crate::export::Placed;

/// Where the files of the conversation are; `None`: none is on this device.
pub fn placed(placed: &Placed) -> Option<Phrase> {
    let folder = placed.path.as_ref()?;
    Some(tr!(
        "{n} file of the conversation is in {folder}."
            | "{n} files of the conversation are in {folder}." % placed.saved,
        folder = folder.display()
    ))
}

/// How many files were left out; `None`: none was.
pub fn left_out(placed: &Placed) -> Option<Phrase> {
    let absent = placed.absent;
    (absent > 0).then(|| {
        tr!("{n} file is not on this device and was left out."
            | "{n} files are not on this device and were left out." % absent)
    })
}

/// Why nothing was written at a path.
pub fn unusable(path: &Path, error: &io::Error) -> Phrase {
    match error.kind() {
        ErrorKind::StorageFull => tr!("There is no room left at {path}.", path = path.display()),
        _ => files::unusable(path, error),
    }
}
