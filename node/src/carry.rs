//! Messages and files carried by hand (`docs/PROTOCOL.md` section 12): what the command line and the window do with a
//! memory stick.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;

use crate::api::{Api, ByteStream, Contact, ContactId, Imported, Refusal};
use crate::aside::{Aside, Unnamed};
use crate::files::reading;
use crate::parcel::MAGIC;

/// Why a file was not written or taken in.
#[derive(Debug)]
pub enum Fault {
    /// The node refuses.
    Refused(Refusal),
    /// The file cannot be used.
    File(PathBuf, io::Error),
    /// There is less room than this takes, in bytes.
    NoRoom {
        /// Where.
        path: PathBuf,
        /// What it takes.
        needed: u64,
        /// What is free.
        free: u64,
    },
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Fault {
    |error| Fault::File(path.to_owned(), error)
}

/// What was made for a contact.
#[derive(Debug, Default)]
pub struct Exported {
    /// The files that were written: several if they are too long for one.
    pub paths: Vec<PathBuf>,
    /// Their bytes together.
    pub bytes: u64,
    /// How many files of messages are in them.
    pub files: u64,
}

/// Seals everything that a contact has not confirmed, files included, into a new file; into several, with numbers in
/// their names, if that is more than a memory stick takes in one or than `part_bytes`. In a directory the name does not
/// tell for whom it is. `progress` gets the bytes written and about how many there will be.
///
/// # Errors
/// The node refuses; there is a file of this name already, or no room, or it cannot be written. Then nothing stays of
/// the file that was begun.
pub async fn export(
    api: &dyn Api,
    contact: &ContactId,
    path: &Path,
    part_bytes: Option<u64>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Exported, Fault> {
    let parcels = api.carry_out(contact.clone(), part_bytes).await?;
    let name = match path.is_dir() {
        true => path.join(format!("hedgerow-{}.parcel", parcels.series.0)),
        false => path.to_owned(),
    };
    check_room(&name, parcels.bytes)?;
    let mut exported = Exported {
        files: parcels.files,
        ..Exported::default()
    };
    for number in 1..=parcels.parts {
        let path = match parcels.parts {
            1 => name.clone(),
            of => numbered(&name, number, of),
        };
        if path.symlink_metadata().is_ok() {
            return Err(failed(&path)(io::ErrorKind::AlreadyExists.into()));
        }
        let parcel = api.carry_part(parcels.series.clone(), number).await?;
        let before = exported.bytes;
        exported.bytes += write(parcel, &path, |written| {
            let done = before + written;
            progress(done, parcels.bytes.max(done));
        })
        .await?;
        exported.paths.push(path);
    }
    Ok(exported)
}

fn check_room(path: &Path, needed: u64) -> Result<(), Fault> {
    let directory = path.parent().filter(|one| !one.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(directory).map_err(io::Error::from);
    let disk = disk.map_err(failed(directory))?;
    let free = disk.f_bavail * disk.f_frsize;
    match free < needed {
        true => Err(Fault::NoRoom {
            path: directory.to_owned(),
            needed,
            free,
        }),
        false => Ok(()),
    }
}

/// `letter.parcel` as `letter.2-of-3.parcel`.
fn numbered(path: &Path, number: u32, of: u32) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{number}-of-{of}"));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

async fn write(mut parcel: ByteStream, path: &Path, progress: impl Fn(u64)) -> Result<u64, Fault> {
    let mut aside = Aside::beside(path).map_err(failed(path))?;
    let mut written = 0;
    while let Some(piece) = parcel.next().await {
        let piece = piece?;
        aside.write(&piece).map_err(failed(path))?;
        written += piece.len() as u64;
        progress(written);
    }
    aside.name(path).map_err(|unnamed| {
        failed(path)(match unnamed {
            Unnamed::Taken(_) => io::ErrorKind::AlreadyExists.into(),
            Unnamed::Failed(error) => error,
        })
    })?;
    Ok(written)
}

/// The contacts for whom messages or files wait.
///
/// # Errors
/// The node refuses.
pub async fn awaiting(api: &dyn Api) -> Result<Vec<Contact>, Refusal> {
    let used = api.storage().await?.conversations;
    let with_files = used.into_iter().filter(|used| used.undelivered.files > 0);
    let with_files: BTreeSet<_> = with_files.map(|used| used.conversation).collect();
    let conversations = api.conversations().await?;
    let waits = |contact: &Contact| {
        let mut waiting = conversations
            .iter()
            .filter(|one| one.queued > 0 || with_files.contains(&one.id));
        waiting.any(|one| one.members.contains(&contact.id))
    };
    let mut contacts = api.contacts().await?;
    contacts.retain(|contact| !contact.blocked && waits(contact));
    Ok(contacts)
}

/// Takes in a file that a contact made. `progress` gets the bytes read and how many there are.
///
/// # Errors
/// The node refuses, with [`Refusal::ParcelKnown`] if it came before; the file cannot be read.
pub async fn import(
    api: &dyn Api,
    file: &Path,
    progress: impl Fn(u64, u64) + Send + Clone + 'static,
) -> Result<Imported, Fault> {
    let bytes = fs::metadata(file).map_err(failed(file))?.len();
    let parcel = reading::stream(file, move |read| progress(read, bytes)).map_err(failed(file))?;
    Ok(api.carry_in(parcel).await?)
}

/// What the files of a directory brought.
#[derive(Debug, Default)]
pub struct Found {
    /// What those for us brought.
    pub imported: Vec<Imported>,
    /// Files that had been taken in before.
    pub known: u64,
    /// Files for somebody else.
    pub others: u64,
    /// Files that are damaged.
    pub damaged: Vec<PathBuf>,
}

/// Takes in all files of a directory that are for us. Leaves alone what is for others or no parcel.
///
/// # Errors
/// The directory or a file cannot be read; the node refuses more than single files. What came before is taken in.
pub async fn import_within(
    api: &dyn Api,
    directory: &Path,
    progress: impl Fn(u64, u64) + Send + Clone + 'static,
) -> Result<Found, Fault> {
    let mut found = Found::default();
    for file in parcels(directory).map_err(failed(directory))? {
        match import(api, &file, progress.clone()).await {
            Ok(imported) => {
                if imported.damaged {
                    found.damaged.push(file);
                }
                found.imported.push(imported);
            }
            Err(Fault::Refused(Refusal::ParcelKnown)) => found.known += 1,
            Err(Fault::Refused(Refusal::ParcelNotForUs | Refusal::Blocked)) => found.others += 1,
            Err(Fault::Refused(Refusal::BadParcel)) => found.damaged.push(file),
            Err(fault) => return Err(fault),
        }
    }
    found.say_at_the_end_what_is_missing();
    Ok(found)
}

impl Found {
    /// What was missing when a part came may have come behind it.
    fn say_at_the_end_what_is_missing(&mut self) {
        let parts = self.imported.iter().filter_map(|one| one.part.as_ref());
        let last: BTreeMap<String, Vec<u32>> = parts
            .map(|part| (part.series.clone(), part.missing.clone()))
            .collect();
        for part in self.imported.iter_mut().filter_map(|one| one.part.as_mut()) {
            part.missing = last.get(&part.series).cloned().unwrap_or_default();
        }
    }
}

/// The parcels in a directory, by their names.
fn parcels(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut parcels = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if is_parcel(&path) {
            parcels.push(path);
        }
    }
    parcels.sort();
    Ok(parcels)
}

/// Whether a file begins as a parcel does.
pub fn is_parcel(file: &Path) -> bool {
    let mut name = [0; MAGIC.len() - 1];
    let is_file = fs::metadata(file).is_ok_and(|metadata| metadata.is_file());
    let read = is_file && File::open(file).is_ok_and(|mut from| from.read_exact(&mut name).is_ok());
    // One of another version is refused with the reason.
    read && MAGIC.starts_with(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_file_are_numbered_before_its_ending() {
        let name = |path| numbered(Path::new(path), 2, 3).display().to_string();
        assert_eq!(name("stick/letter.parcel"), "stick/letter.2-of-3.parcel");
        assert_eq!(name("for-ben"), "for-ben.2-of-3");
    }
}
