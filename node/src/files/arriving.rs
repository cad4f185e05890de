//! Sealed files that come whole, one after the other: each is written under a name of its own, and what gathers is made
//! durable together.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::keeper;
use super::tree::{self, ChunkHash};
use super::work::StoredName;
use crate::parcel::steps::CarriedFile;

/// The files and the bytes after which what is written is to be made durable.
const SYNC_FILES: usize = 64;
const SYNC_BYTES: u64 = 64 << 20;

/// A sealed file that is being written. If it is dropped before it is whole nothing stays of it.
pub struct Arriving {
    file: File,
    path: PathBuf,
    name: StoredName,
    hashes: Vec<ChunkHash>,
    is_whole: bool,
}

impl Arriving {
    /// Begins a file in the directory of sealed files.
    ///
    /// # Errors
    /// What the system reports.
    pub fn begin(directory: &Path, name: StoredName) -> io::Result<Arriving> {
        let path = keeper::path(directory, name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok(Arriving {
            file,
            path,
            name,
            hashes: Vec::new(),
            is_whole: false,
        })
    }

    /// The hashes of the chunks so far.
    pub fn hashes(&self) -> &[ChunkHash] {
        &self.hashes
    }

    /// Adds the next chunk of a file that has `chunks`.
    ///
    /// # Errors
    /// What the system reports.
    pub fn add(&mut self, chunk: &[u8], chunks: u32) -> io::Result<()> {
        let index = self.hashes.len() as u32;
        self.hashes.push(tree::hash(index, chunks, chunk));
        self.file.write_all(chunk)
    }

    /// It is whole and durable. Gives its name and the hashes of its chunks.
    pub fn whole(mut self) -> (StoredName, Vec<ChunkHash>) {
        self.is_whole = true;
        (self.name, std::mem::take(&mut self.hashes))
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if !self.is_whole {
            // At the latest the next start removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Files that are written, and not durable yet.
pub struct Batch {
    /// A file system tells a failed write to those who had something of it open before: this stays open.
    directory: File,
    files: Vec<(CarriedFile, Arriving)>,
    bytes: u64,
}

impl Batch {
    /// Begins a batch for the directory of sealed files.
    ///
    /// # Errors
    /// What the system reports.
    pub fn begin(directory: &Path) -> io::Result<Batch> {
        Ok(Batch {
            directory: File::open(directory)?,
            files: Vec::new(),
            bytes: 0,
        })
    }

    /// Adds a file of which all is written.
    pub fn add(&mut self, carried: CarriedFile, arriving: Arriving) {
        self.bytes += carried.extent.sealed();
        self.files.push((carried, arriving));
    }

    /// Takes the files that are durable, or that nobody wants.
    pub fn drain(&mut self) -> impl Iterator<Item = (CarriedFile, Arriving)> + use<> {
        self.bytes = 0;
        std::mem::take(&mut self.files).into_iter()
    }

    /// Whether it is time to make them durable.
    pub fn is_due(&self) -> bool {
        self.files.len() >= SYNC_FILES || self.bytes >= SYNC_BYTES
    }

    /// Makes all of them durable.
    ///
    /// # Errors
    /// What the system reports.
    pub fn sync(&self) -> io::Result<()> {
        match self.files.len() {
            0 => Ok(()),
            1 => {
                self.files[0].1.file.sync_data()?;
                self.directory.sync_all()
            }
            _ => Ok(rustix::fs::syncfs(&self.directory)?),
        }
    }
}
