//! Writes and takes in files that are carried by hand.

use hedgerow_node::api::{Api, ContactId, Imported, Refusal, visible};
use hedgerow_node::carry::{self, Fault};
use hedgerow_node::words::{Phrase, codes, parcels};

use crate::model::FilePath;

/// Writes the file of a contact. What is to be said of that.
pub async fn out(api: &dyn Api, contact: ContactId, path: FilePath) -> Result<Phrase, Refusal> {
    let name = name(api, &contact).await?;
    match carry::export(api, &contact, &path.0, None, &|_, _| ()).await {
        Ok(exported) => Ok(parcels::exported(&exported, &name)),
        Err(fault) => told(fault),
    }
}

/// Writes a file for each contact for whom messages wait.
pub async fn all_out(api: &dyn Api, folder: FilePath) -> Result<Phrase, Refusal> {
    let mut written = 0;
    for contact in carry::awaiting(api).await? {
        match carry::export(api, &contact.id, &folder.0, None, &|_, _| ()).await {
            Ok(exported) => written += exported.paths.len() as u64,
            Err(fault) => return told(fault),
        }
    }
    Ok(parcels::exported_all(written))
}

/// Takes files in.
pub async fn into_here(api: &dyn Api, paths: Vec<FilePath>) -> Result<Phrase, Refusal> {
    let mut said = Vec::new();
    for path in paths {
        said.push(match carry::import(api, &path.0, |_, _| ()).await {
            Ok(imported) => brought(api, &imported).await?,
            Err(fault) => told(fault)?,
        });
    }
    Ok(Phrase::joined(" ", said))
}

async fn brought(api: &dyn Api, imported: &Imported) -> Result<Phrase, Refusal> {
    let name = name(api, &imported.contact).await?;
    Ok(parcels::imported(imported, &name))
}

async fn name(api: &dyn Api, contact: &ContactId) -> Result<String, Refusal> {
    let contact = api.contact(contact.clone()).await?;
    Ok(visible::name(&contact.name.0))
}

/// What is said of a file that does not do; the files behind it may.
fn told(fault: Fault) -> Result<Phrase, Refusal> {
    match (parcels::unusable(&fault), fault) {
        (Some(words), _) => Ok(words),
        (
            None,
            Fault::Refused(
                refusal @ (Refusal::ParcelKnown | Refusal::ParcelNotForUs | Refusal::BadParcel),
            ),
        ) => Ok(codes::refusal(&refusal)),
        (None, Fault::Refused(refusal)) => Err(refusal),
        (None, _) => Err(Refusal::Bug),
    }
}
