//! Messages carried by hand, in files (`docs/PROTOCOL.md` section 12): what the command line and the window do with a
//! memory stick.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::api::{Api, Contact, ContactId, Imported, Refusal};
use crate::aside::{Aside, Unnamed};
use crate::engine::PARCEL_MAGIC;

/// The largest file that we read (`MAX_PARCEL` of `docs/PROTOCOL.md`), in bytes.
const MAX_FILE: u64 = 64 * 1024 * 1024 + 4096;

/// Bytes behind the magic that name a file whose name nobody chose. They are drawn at random, so they tell nothing.
const NAMING: usize = 8;

/// Why a file was not written or taken in.
#[derive(Debug)]
pub enum Fault {
    /// The node refuses.
    Refused(Refusal),
    /// The file cannot be used.
    File(PathBuf, io::Error),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Fault {
    |error| Fault::File(path.to_owned(), error)
}

/// Seals everything that a contact has not acknowledged into a new file. Gives its length in bytes.
///
/// # Errors
/// The node refuses; there is a file of this name already, or it cannot be written. Then nothing stays of it.
pub async fn export(api: &dyn Api, contact: &ContactId, file: &Path) -> Result<u64, Fault> {
    let parcel = api.carry_export(contact.clone()).await?;
    write(&parcel, file)?;
    Ok(parcel.len() as u64)
}

/// As [`export`], into a new file of a directory, whose name does not tell for whom it is.
///
/// # Errors
/// Those of [`export`].
pub async fn export_within(
    api: &dyn Api,
    contact: &ContactId,
    directory: &Path,
) -> Result<(PathBuf, u64), Fault> {
    let parcel = api.carry_export(contact.clone()).await?;
    let naming = parcel.iter().skip(PARCEL_MAGIC.len()).take(NAMING);
    let naming: Vec<u8> = naming.copied().collect();
    let name = format!("hedgerow-{}.parcel", HEXLOWER.encode(&naming));
    let file = directory.join(name);
    write(&parcel, &file)?;
    Ok((file, parcel.len() as u64))
}

fn write(parcel: &[u8], file: &Path) -> Result<(), Fault> {
    let mut aside = Aside::beside(file).map_err(failed(file))?;
    aside.write(parcel).map_err(failed(file))?;
    aside.name(file).map_err(|unnamed| {
        failed(file)(match unnamed {
            Unnamed::Taken(_) => io::ErrorKind::AlreadyExists.into(),
            Unnamed::Failed(error) => error,
        })
    })
}

/// The contacts for whom messages wait.
///
/// # Errors
/// The node refuses.
pub async fn awaiting(api: &dyn Api) -> Result<Vec<Contact>, Refusal> {
    let conversations = api.conversations().await?;
    let waits = |contact: &Contact| {
        let mut queued = conversations.iter().filter(|one| one.queued > 0);
        queued.any(|one| one.members.contains(&contact.id))
    };
    let mut contacts = api.contacts().await?;
    contacts.retain(|contact| !contact.blocked && waits(contact));
    Ok(contacts)
}

/// Takes in a file that a contact made.
///
/// # Errors
/// The node refuses, with [`Refusal::ParcelKnown`] if it came before; the file cannot be read.
pub async fn import(api: &dyn Api, file: &Path) -> Result<Imported, Fault> {
    let from = File::open(file).map_err(failed(file))?;
    let mut parcel = Vec::new();
    from.take(MAX_FILE + 1)
        .read_to_end(&mut parcel)
        .map_err(failed(file))?;
    if parcel.len() as u64 > MAX_FILE {
        return Err(Refusal::BadParcel.into());
    }
    Ok(api.carry_import(parcel).await?)
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
pub async fn import_within(api: &dyn Api, directory: &Path) -> Result<Found, Fault> {
    let mut found = Found::default();
    for file in parcels(directory).map_err(failed(directory))? {
        match import(api, &file).await {
            Ok(imported) => found.imported.push(imported),
            Err(Fault::Refused(Refusal::ParcelKnown)) => found.known += 1,
            Err(Fault::Refused(Refusal::ParcelNotForUs | Refusal::Blocked)) => found.others += 1,
            Err(Fault::Refused(Refusal::BadParcel)) => found.damaged.push(file),
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
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
    let mut name = [0; PARCEL_MAGIC.len() - 1];
    let is_file = fs::metadata(file).is_ok_and(|metadata| metadata.is_file());
    let read = is_file && File::open(file).is_ok_and(|mut from| from.read_exact(&mut name).is_ok());
    // One of another version is refused with the reason.
    read && PARCEL_MAGIC.starts_with(&name)
}
