//! Messages carried by hand, in a file.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;

use serde::Serialize;

use crate::api::{Api, Refusal};
use crate::cli::contacts::{find, shown};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::words::{codes, tr};

/// The largest file that we read (`MAX_BUNDLE` of `docs/PROTOCOL.md`, and its header), in bytes.
const MAX_FILE: u64 = 64 * 1024 * 1024 + 4096;

/// `hedgerow carry export`.
pub async fn export(api: &dyn Api, output: Output, name: &str, file: &Path) -> Result<(), Failure> {
    let contact = find(api, name).await?;
    let parcel = api.carry_export(contact.id.clone()).await?;
    let failed = |error| Failure::path(file, &error);
    let mut to = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .map_err(failed)?;
    to.write_all(&parcel)
        .and_then(|()| to.sync_all())
        .map_err(failed)?;
    #[derive(Serialize)]
    struct Exported {
        contact: crate::api::ContactId,
        bytes: u64,
    }
    let exported = Exported {
        contact: contact.id.clone(),
        bytes: parcel.len() as u64,
    };
    output.data(&exported, |exported| {
        let name = shown(&contact);
        tr!(
            "{n} byte for {name}. Only {name} can open the file."
                | "{n} bytes for {name}. Only {name} can open the file." % exported.bytes,
            name = name
        )
    });
    Ok(())
}

/// `hedgerow carry import`.
pub async fn import(api: &dyn Api, output: Output, file: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::path(file, &error);
    let from = std::fs::File::open(file).map_err(failed)?;
    let mut parcel = Vec::new();
    from.take(MAX_FILE + 1)
        .read_to_end(&mut parcel)
        .map_err(failed)?;
    if parcel.len() as u64 > MAX_FILE {
        return Err(Refusal::BadParcel.into());
    }
    let imported = match api.carry_import(parcel).await {
        // The messages are there already, so a script may go on.
        Err(refusal @ Refusal::ParcelKnown) => {
            output.data(&refusal, codes::refusal);
            return Ok(());
        }
        imported => imported?,
    };
    let contact = api.contact(imported.contact.clone()).await?;
    output.data(&imported, |imported| {
        let name = shown(&contact);
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
    });
    Ok(())
}
