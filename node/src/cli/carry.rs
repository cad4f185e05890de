//! Messages and files carried by hand, in files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::Serialize;

use crate::api::{Api, Contact, ContactId, Imported, Refusal};
use crate::carry::{self, Fault, Found};
use crate::cli::contacts::{find, shown};
use crate::cli::failure::{Exit, Failure};
use crate::cli::files::progress;
use crate::cli::output::Output;
use crate::words::{codes, parcels, tr};

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        if let (Fault::NoRoom { .. }, Some(words)) = (&fault, parcels::unusable(&fault)) {
            return Failure::found(Exit::Refused, "no_room", words);
        }
        match fault {
            Fault::Refused(refusal) => refusal.into(),
            Fault::File(path, error) => Failure::path(&path, &error),
            Fault::NoRoom { free, .. } => Refusal::NoRoom { free }.into(),
        }
    }
}

/// What was made for a contact.
#[derive(Serialize)]
struct Written<'a> {
    contact: &'a ContactId,
    files: &'a [PathBuf],
    bytes: u64,
    /// The files of messages in it.
    attached: u64,
}

/// `hedgerow carry export`: into a file, or for each contact into a file of a folder.
pub async fn export(
    api: &dyn Api,
    output: Output,
    names: &[String],
    path: &Path,
    part_size: Option<u64>,
) -> Result<(), Failure> {
    let mut contacts = Vec::new();
    for name in names {
        contacts.push(find(api, name).await?);
    }
    if !path.is_dir() && contacts.len() > 1 {
        let words = tr!(
            "There is no such folder: {path}. Files for several contacts need one.",
            path = path.display()
        );
        return Err(Failure::found(Exit::Usage, "file", words));
    }
    export_each(api, output, &contacts, path, part_size).await
}

/// `hedgerow carry export-all`.
pub async fn export_all(
    api: &dyn Api,
    output: Output,
    folder: &Path,
    part_size: Option<u64>,
) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Err(Failure::path(folder, &ErrorKind::NotFound.into()));
    }
    let contacts = carry::awaiting(api).await?;
    if contacts.is_empty() {
        output.say(parcels::exported_all(0));
    }
    export_each(api, output, &contacts, folder, part_size).await
}

async fn export_each(
    api: &dyn Api,
    output: Output,
    contacts: &[Contact],
    path: &Path,
    part_size: Option<u64>,
) -> Result<(), Failure> {
    let part_bytes = part_size.map(|megabytes| megabytes * 1_000_000);
    for contact in contacts {
        let bar = progress(output, 0);
        let exported = carry::export(api, &contact.id, path, part_bytes, &|done, of| {
            show(&bar, done, of);
        })
        .await;
        bar.finish_and_clear();
        let exported = exported?;
        let written = Written {
            contact: &contact.id,
            files: &exported.paths,
            bytes: exported.bytes,
            attached: exported.files,
        };
        output.data(&written, |_| parcels::exported(&exported, &shown(contact)));
    }
    Ok(())
}

/// `hedgerow carry import`: files, and folders with files.
pub async fn import(api: &dyn Api, output: Output, paths: &[PathBuf]) -> Result<(), Failure> {
    let mut is_damaged = false;
    for path in paths {
        let bar = progress(output, 0);
        let shows = bar.clone();
        let progress = move |done, of| show(&shows, done, of);
        if path.is_dir() {
            let found = carry::import_within(api, path, progress).await;
            bar.finish_and_clear();
            tell_found(api, output, &found?).await?;
            continue;
        }
        let imported = carry::import(api, path, progress).await;
        bar.finish_and_clear();
        match imported {
            // The messages are there already, so a script may go on.
            Err(Fault::Refused(refusal @ Refusal::ParcelKnown)) => {
                output.data(&refusal, codes::refusal);
            }
            imported => {
                let imported = imported?;
                is_damaged |= imported.damaged;
                tell_imported(api, output, &imported).await?;
            }
        }
    }
    match is_damaged {
        true => Err(Refusal::BadParcel.into()),
        false => Ok(()),
    }
}

fn show(bar: &ProgressBar, done: u64, of: u64) {
    bar.set_length(of);
    bar.set_position(done);
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
