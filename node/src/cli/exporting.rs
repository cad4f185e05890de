//! `hedgerow export`: a conversation as a file.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::api::{Api, ExportFormat};
use crate::aside::{Aside, Unnamed};
use crate::cli::chats::{self, NOTES};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::{ask, screen};
use crate::export::{self, Circumstances, Export, Folder};
use crate::words::{exports, tr};

/// Writes the conversation with `name` to a file that is not there yet, and its files into a folder beside it: aside at
/// first, so that a cut leaves no half of it under its name.
pub async fn export(
    api: &dyn Api,
    output: Output,
    name: &str,
    path: &Path,
    format: Option<ExportFormat>,
    without_files: bool,
    yes: bool,
) -> Result<(), Failure> {
    let chat = chats::find(api, name).await?;
    let format = format.or_else(|| by_ending(path));
    let format = format.unwrap_or(ExportFormat::Html);
    let path = match path.is_dir() {
        true => {
            let called = if name == NOTES { NOTES } else { &*chat.name };
            path.join(export::file_name(called, format))
        }
        false => path.to_owned(),
    };
    if path.symlink_metadata().is_ok() {
        return Err(there_already(&path));
    }
    let question = tr!(
        "The file will not be sealed: anybody who has it can read it. Write {path}?",
        path = path.display()
    );
    if !yes && !ask::yes(output, question)? {
        let words = tr!("Nothing was written.");
        return Err(Failure::found(Exit::Refused, "not_confirmed", words));
    }
    let circumstances = Circumstances {
        language: output.language(),
        zone: TimeZone::system(),
        now_ms: screen::now_ms(),
    };
    let mut export = Export::begin(api, chat.conversation, format, circumstances).await?;
    let failed = |error: std::io::Error| Failure::path(&path, &error);
    let mut aside = Aside::beside(&path).map_err(failed)?;
    let mut folder = (!without_files).then(|| Folder::beside(&path));
    let mut bytes = 0;
    while let Some(part) = match &mut folder {
        Some(folder) => export.part_with_files(api, folder, &|_| ()).await?,
        None => export.part(api).await?,
    } {
        aside.write(part.as_bytes()).map_err(failed)?;
        bytes += part.len() as u64;
    }
    let placed = folder.map(Folder::place).transpose()?;
    if let Err(error) = aside.name(&path) {
        if let Some(placed) = placed {
            placed.undo();
        }
        return Err(match error {
            Unnamed::Taken(_) => there_already(&path),
            Unnamed::Failed(error) => Failure::path(&path, &error),
        });
    }
    #[derive(Serialize)]
    struct Exported {
        file: PathBuf,
        bytes: u64,
        folder: Option<PathBuf>,
        files: u64,
        not_here: u64,
    }
    let (files, not_here) = placed
        .as_ref()
        .map_or((0, 0), |placed| (placed.saved, placed.absent));
    let exported = Exported {
        file: path,
        bytes,
        folder: placed.as_ref().and_then(|placed| placed.path.clone()),
        files,
        not_here,
    };
    output.data(&exported, |exported| exported.file.display().to_string());
    let placed = placed.as_ref();
    let said = [
        placed.and_then(exports::placed),
        placed.and_then(exports::left_out),
    ];
    for words in said.into_iter().flatten() {
        output.say(words);
    }
    Ok(())
}

/// What the ending of a name asks for.
fn by_ending(path: &Path) -> Option<ExportFormat> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    let all = [ExportFormat::Html, ExportFormat::Json, ExportFormat::Text];
    all.into_iter()
        .find(|format| export::ending(*format) == ending)
}

pub(super) fn there_already(path: &Path) -> Failure {
    let words = tr!(
        "There is a file {path} already. Choose another name.",
        path = path.display()
    );
    Failure::found(Exit::Refused, "file_exists", words)
}
