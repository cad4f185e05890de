//! Writes a conversation into a file.

use std::io;

use hedgerow_node::api::{Api, Refusal};
use hedgerow_node::aside::Aside;
use hedgerow_node::export::{Circumstances, Export, Folder};
use hedgerow_node::files::saving::SaveError;
use hedgerow_node::words::{Phrase, exports};

use crate::model::ToFile;

/// Why a file was not written.
pub enum Fault {
    /// The node does not tell the conversation.
    Refused(Refusal),
    /// The disk, or the place.
    File(io::Error),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<SaveError> for Fault {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Refused(refusal) => Self::Refused(refusal),
            SaveError::Path(_, error) => Self::File(error),
            SaveError::Exists(_) => Self::File(io::ErrorKind::AlreadyExists.into()),
        }
    }
}

/// Writes the file, and its files into a folder beside it: aside at first, so that a cut leaves no half of either under its
/// name. Only its owner can read them. `saved` gets the number of files saved so far. Gives what there is to say of files.
pub async fn write(
    api: &dyn Api,
    to: &ToFile,
    seen: Circumstances,
    saved: impl Fn(u64) + Sync,
) -> Result<Option<Phrase>, Fault> {
    let mut export = Export::begin(api, to.conversation.clone(), to.format, seen).await?;
    let mut aside = Aside::beside(&to.path)?;
    let mut folder = to.with_files.then(|| Folder::beside(&to.path));
    while let Some(part) = match &mut folder {
        Some(folder) => export.part_with_files(api, folder, &saved).await?,
        None => export.part(api).await?,
    } {
        aside.write(part.as_bytes())?;
    }
    let placed = folder.map(Folder::place).transpose()?;
    if let Err(error) = aside.replace(&to.path) {
        if let Some(placed) = placed {
            placed.undo();
        }
        return Err(error.into());
    }
    let Some(placed) = placed else {
        return Ok(None);
    };
    Ok(
        match (exports::placed(&placed), exports::left_out(&placed)) {
            (Some(placed), Some(left_out)) => Some(placed.then(" ", left_out)),
            (placed, left_out) => placed.or(left_out),
        },
    )
}
