//! A file that is written aside, so that a cut leaves no half of it under its name. Only its owner can read it.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// A file without its name. If it is dropped nothing stays of it.
#[derive(Debug)]
pub struct Aside(NamedTempFile);

/// Why a file has not got its name.
#[derive(Debug)]
pub enum Unnamed {
    /// Another file has it; this one can try another name.
    Taken(Aside),
    /// What the system reports.
    Failed(io::Error),
}

impl Aside {
    /// Begins a file in a directory.
    ///
    /// # Errors
    /// What the system reports.
    pub fn within(directory: &Path) -> io::Result<Aside> {
        let aside = tempfile::Builder::new()
            .prefix(".hedgerow-")
            .tempfile_in(directory);
        aside.map(Aside)
    }

    /// Begins a file where one of this path is to be.
    ///
    /// # Errors
    /// What the system reports.
    pub fn beside(path: &Path) -> io::Result<Aside> {
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        Aside::within(directory.unwrap_or(Path::new(".")))
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// What the system reports.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Makes the file durable and gives it a name that no file has.
    ///
    /// # Errors
    /// Another file has the name; what the system reports.
    pub fn name(self, path: &Path) -> Result<(), Unnamed> {
        self.0.as_file().sync_all().map_err(Unnamed::Failed)?;
        match self.0.persist_noclobber(path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Unnamed::Taken(Aside(error.file)))
            }
            Err(error) => Err(Unnamed::Failed(error.error)),
        }
    }

    /// Makes the file durable and puts it in the place of any other of this name.
    ///
    /// # Errors
    /// What the system reports.
    pub fn replace(self, path: &Path) -> io::Result<()> {
        self.0.as_file().sync_all()?;
        self.0.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}
