//! The files of a conversation, in a folder beside the file that tells of them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::api::{Api, ConversationId, FileState, Message, MessageId, Refusal};
use crate::files::saving::{self, SaveError};

/// A folder that is being filled: aside at first, so that a cut leaves no half of it under its name. If it is dropped
/// nothing stays of it.
#[derive(Debug)]
pub struct Folder {
    /// `None`: no file has come yet.
    aside: Option<TempDir>,
    path: PathBuf,
    saved: u64,
    absent: u64,
}

/// A folder under its name.
#[derive(Debug)]
pub struct Placed {
    /// Where it is; `None`: no file is here, and so there is no folder.
    pub path: Option<PathBuf>,
    /// The files in it.
    pub saved: u64,
    /// The files that are not on this device.
    pub absent: u64,
}

/// Where the files of some messages are, seen from the file that tells of them. A file that is not here has no place.
#[derive(Debug)]
pub(super) struct Places(BTreeMap<MessageId, PathBuf>);

impl Places {
    pub(super) fn of(&self, message: &Message) -> Option<&Path> {
        self.0.get(&message.id).map(PathBuf::as_path)
    }
}

impl Folder {
    /// A folder for the files of a conversation that is written to this path. Its name is that of the file with `-files`,
    /// and a number if there is such a folder already.
    pub fn beside(path: &Path) -> Folder {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        let name = format!("{stem}-files");
        let mut names = saving::names(directory, &name);
        let free = names.find(|path| path.symlink_metadata().is_err());
        Folder {
            aside: None,
            path: free.unwrap_or_else(|| directory.join(name)),
            saved: 0,
            absent: 0,
        }
    }

    /// Saves the files of these messages. `told` gets the number of files saved so far.
    pub(super) async fn take(
        &mut self,
        api: &dyn Api,
        conversation: &ConversationId,
        messages: &[Message],
        told: &(dyn Fn(u64) + Sync),
    ) -> Result<Places, SaveError> {
        let mut places = BTreeMap::new();
        for message in messages {
            let Some(file) = &message.file else { continue };
            let download = match file.state {
                FileState::Here => api.download(conversation.clone(), message.id.clone()).await,
                _ => Err(Refusal::FileNotHere),
            };
            let download = match download {
                Ok(download) => download,
                // It may be freed or deleted meanwhile.
                Err(Refusal::NoFile | Refusal::FileNotHere | Refusal::NoSuchMessage) => {
                    self.absent += 1;
                    continue;
                }
                Err(refusal) => return Err(SaveError::Refused(refusal)),
            };
            let saved = saving::save(download, self.aside()?, |_| {}).await?;
            self.saved += 1;
            told(self.saved);
            let folder = self.path.file_name().unwrap_or_default();
            let name = saved.file_name().unwrap_or_default();
            places.insert(message.id.clone(), Path::new(folder).join(name));
        }
        Ok(Places(places))
    }

    fn aside(&mut self) -> Result<&Path, SaveError> {
        let aside = match self.aside.take() {
            Some(aside) => aside,
            None => {
                let parent = self.path.parent().unwrap_or(Path::new("."));
                let mut aside = tempfile::Builder::new();
                let aside = aside.prefix(".hedgerow-").tempdir_in(parent);
                aside.map_err(|error| failed(parent, error))?
            }
        };
        Ok(self.aside.insert(aside).path())
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// Something has that name meanwhile; what the system reports.
    pub fn place(self) -> Result<Placed, SaveError> {
        let Folder {
            aside,
            path,
            saved,
            absent,
        } = self;
        let path = match aside {
            None => None,
            Some(aside) => {
                // Taken first: nothing else is replaced.
                fs::create_dir(&path).map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => SaveError::Exists(path.clone()),
                    _ => failed(&path, error),
                })?;
                if let Err(error) = fs::rename(aside.path(), &path) {
                    let _ = fs::remove_dir(&path);
                    return Err(failed(&path, error));
                }
                // It has moved, so that there is nothing to remove.
                let _ = aside.keep();
                Some(path)
            }
        };
        Ok(Placed {
            path,
            saved,
            absent,
        })
    }
}

impl Placed {
    /// Removes the folder, because the file that was to tell of it did not come about.
    pub fn undo(self) {
        if let Some(path) = self.path {
            let _ = fs::remove_dir_all(path);
        }
    }
}

fn failed(path: &Path, error: io::Error) -> SaveError {
    SaveError::Path(path.to_owned(), error)
}
