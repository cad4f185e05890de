//! Writes a conversation into a file.

use std::io;

use hedgerow_node::api::{Api, Refusal};
use hedgerow_node::aside::Aside;
use hedgerow_node::export::{Circumstances, Export};

use crate::model::ToFile;

/// Why a file was not written.
pub enum Fault {
    /// The node does not tell the conversation.
    Refused(Refusal),
    /// The disk, or the place.
    File,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::File
    }
}

/// Writes the file: aside at first, so that a cut leaves no half of it under its name. Only its owner can read it.
pub async fn write(api: &dyn Api, to: &ToFile, seen: Circumstances) -> Result<(), Fault> {
    let mut export = Export::begin(api, to.conversation.clone(), to.format, seen).await?;
    let mut aside = Aside::beside(&to.path)?;
    while let Some(part) = export.part(api).await? {
        aside.write(part.as_bytes())?;
    }
    Ok(aside.replace(&to.path)?)
}
