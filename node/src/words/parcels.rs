//! Words for messages carried by hand, which the command line and the window say alike.

use super::{Phrase, exports, files, tr};
use crate::api::Imported;
use crate::carry::{Exported, Fault, Found};

/// Files were made for a contact.
pub fn exported(exported: &Exported, name: &str) -> Phrase {
    let bytes = exported.bytes;
    let mut said = tr!(
        "{n} byte for {name}. Only {name} can open the file."
            | "{n} bytes for {name}. Only {name} can open the file." % bytes,
        name = name
    );
    if exported.files > 0 {
        said = said.then(
            " ",
            tr!("{n} file of your messages is in it."
                | "{n} files of your messages are in it." % exported.files),
        );
    }
    match exported.paths.len() as u64 {
        0 | 1 => said,
        parts => said.then(
            " ",
            tr!("It is split into {n} file. Carry all of it."
                | "It is split into {n} files. Carry all of them." % parts),
        ),
    }
}

/// What is wrong with a file or a place for files; `None` if it is the node that refuses.
pub fn unusable(fault: &Fault) -> Option<Phrase> {
    match fault {
        Fault::Refused(_) => None,
        Fault::File(path, error) => Some(exports::unusable(path, error)),
        Fault::NoRoom { path, needed, free } => Some(tr!(
            "This takes {needed}, and {free} are free at {path}.",
            needed = files::size(*needed),
            free = files::size(*free),
            path = path.display()
        )),
    }
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
    let mut said = match imported.messages {
        0 => tr!("No new messages from {name}.", name = name),
        messages => tr!(
            "From {name}: {n} new message." | "From {name}: {n} new messages." % messages,
            name = name
        ),
    };
    let mut more = |words| said = std::mem::take(&mut said).then(" ", words);
    if imported.acknowledged > 0 {
        more(tr!(
            "{n} of yours has arrived." | "{n} of yours have arrived." % imported.acknowledged
        ));
    }
    if imported.files > 0 {
        more(tr!(
            "{n} file has come with it." | "{n} files have come with it." % imported.files
        ));
    }
    if imported.without_room > 0 {
        more(tr!(
            "There is no room for {n} file. Free some, then import this again."
                | "There is no room for {n} files. Free some, then import this again."
                    % imported.without_room
        ));
    }
    if imported.unusable > 0 {
        more(tr!(
            "{n} part of the file makes no sense here and was left out."
                | "{n} parts of the file make no sense here and were left out." % imported.unusable
        ));
    }
    if imported.damaged {
        more(tr!(
            "The file is damaged or cut short. What could be read is here; have it made again."
        ));
    }
    if let Some(part) = &imported.part {
        let (number, of) = (part.number, part.of);
        more(match part.missing.is_empty() {
            true => tr!(
                "Part {number} of {of}; all parts are here.",
                number = number,
                of = of
            ),
            false => {
                let missing: Vec<String> = part.missing.iter().map(u32::to_string).collect();
                tr!(
                    "Part {number} of {of}; still missing: {missing}.",
                    number = number,
                    of = of,
                    missing = missing.join(", ")
                )
            }
        });
    }
    said
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
