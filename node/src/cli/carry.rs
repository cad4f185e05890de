//! Messages carried by hand, in files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::api::{Api, Contact, ContactId, Imported, Refusal};
use crate::carry::{self, Fault, Found};
use crate::cli::contacts::{find, shown};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::words::{codes, parcels, tr};

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => refusal.into(),
            Fault::File(path, error) => Failure::path(&path, &error),
        }
    }
}

/// A file that was made.
#[derive(Serialize)]
struct Exported<'a> {
    contact: &'a ContactId,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    bytes: u64,
}

/// `hedgerow carry export`: into a file, or for each contact into a file of a folder.
pub async fn export(
    api: &dyn Api,
    output: Output,
    names: &[String],
    path: &Path,
) -> Result<(), Failure> {
    let mut contacts = Vec::new();
    for name in names {
        contacts.push(find(api, name).await?);
    }
    if path.is_dir() {
        return export_each(api, output, &contacts, path).await;
    }
    let [contact] = &contacts[..] else {
        let words = tr!(
            "There is no such folder: {path}. Files for several contacts need one.",
            path = path.display()
        );
        return Err(Failure::found(Exit::Usage, "file", words));
    };
    let exported = Exported {
        contact: &contact.id,
        file: None,
        bytes: carry::export(api, &contact.id, path).await?,
    };
    output.data(&exported, |exported| {
        parcels::exported(exported.bytes, &shown(contact))
    });
    Ok(())
}

/// `hedgerow carry export-all`.
pub async fn export_all(api: &dyn Api, output: Output, folder: &Path) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Err(Failure::path(folder, &ErrorKind::NotFound.into()));
    }
    let contacts = carry::awaiting(api).await?;
    if contacts.is_empty() {
        output.say(parcels::exported_all(0));
    }
    export_each(api, output, &contacts, folder).await
}

async fn export_each(
    api: &dyn Api,
    output: Output,
    contacts: &[Contact],
    folder: &Path,
) -> Result<(), Failure> {
    for contact in contacts {
        let (file, bytes) = carry::export_within(api, &contact.id, folder).await?;
        let exported = Exported {
            contact: &contact.id,
            file: Some(file),
            bytes,
        };
        output.data(&exported, |exported| {
            parcels::exported(exported.bytes, &shown(contact))
        });
    }
    Ok(())
}

/// `hedgerow carry import`: files, and folders with files.
pub async fn import(api: &dyn Api, output: Output, paths: &[PathBuf]) -> Result<(), Failure> {
    for path in paths {
        if path.is_dir() {
            let found = carry::import_within(api, path).await?;
            tell_found(api, output, &found).await?;
            continue;
        }
        match carry::import(api, path).await {
            // The messages are there already, so a script may go on.
            Err(Fault::Refused(refusal @ Refusal::ParcelKnown)) => {
                output.data(&refusal, codes::refusal);
            }
            imported => tell_imported(api, output, &imported?).await?,
        }
    }
    Ok(())
}

async fn tell_imported(api: &dyn Api, output: Output, imported: &Imported) -> Result<(), Failure> {
    let contact = api.contact(imported.contact.clone()).await?;
    output.data(imported, |imported| {
        parcels::imported(imported, &shown(&contact))
    });
    Ok(())
}

async fn tell_found(api: &dyn Api, output: Output, found: &Found) -> Result<(), Failure> {
    for imported in &found.imported {
        tell_imported(api, output, imported).await?;
    }
    for said in parcels::left(found) {
        output.say(said);
    }
    match found.damaged.is_empty() {
        true => Ok(()),
        false => Err(Refusal::BadParcel.into()),
    }
}
