//! Words for messages carried by hand, which the command line and the window say alike.

use super::{Phrase, tr};
use crate::api::Imported;
use crate::carry::Found;

/// A file was made for a contact.
pub fn exported(bytes: u64, name: &str) -> Phrase {
    tr!(
        "{n} byte for {name}. Only {name} can open the file."
            | "{n} bytes for {name}. Only {name} can open the file." % bytes,
        name = name
    )
}

/// Files were made for several contacts, or none.
pub fn exported_all(files: u64) -> Phrase {
    match files {
        0 => tr!("No message waits for a contact."),
        files => tr!("{n} file is written. Only its receiver can open it."
            | "{n} files are written. Only its receiver can open each." % files),
    }
}

/// What a file of a contact brought.
pub fn imported(imported: &Imported, name: &str) -> Phrase {
    let said = match (imported.messages, imported.acknowledged) {
        (0, 0) => tr!("No new messages from {name}.", name = name),
        (messages, acknowledged) => tr!(
            "From {name}: {n} new message." | "From {name}: {n} new messages." % messages,
            name = name
        )
        .then(
            " ",
            tr!("{n} of yours has arrived." | "{n} of yours have arrived." % acknowledged),
        ),
    };
    match imported.unusable {
        0 => said,
        unusable => said.then(
            " ",
            tr!("{n} part of the file makes no sense here and was left out."
                | "{n} parts of the file make no sense here and were left out." % unusable),
        ),
    }
}

/// What is to be said of the files in a folder beside what those for us brought.
pub fn left(found: &Found) -> Vec<Phrase> {
    let mut left = Vec::new();
    let damaged = found.damaged.len() as u64;
    if found.imported.is_empty() && found.known + found.others + damaged == 0 {
        left.push(tr!("There is no file of Hedgerow there."));
    }
    if found.known > 0 {
        left.push(tr!(
            "{n} file was taken in before." | "{n} files were taken in before." % found.known
        ));
    }
    if found.others > 0 {
        left.push(tr!(
            "{n} file is for somebody else." | "{n} files are for somebody else." % found.others
        ));
    }
    if damaged > 0 {
        left.push(tr!("{n} file is damaged: have it made again."
            | "{n} files are damaged: have them made again." % damaged));
    }
    left
}
