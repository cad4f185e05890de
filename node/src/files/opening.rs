//! Opens a sealed file, a chunk at a time.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use hedgerow_sync::store::StorageFault;

use super::cipher::Cipher;
use super::extent::{CHUNK, Extent};
use super::work::{FileKey, StoredName};
use super::{keeper, sealing};
use crate::api::Refusal;

/// A sealed file that is being read.
pub struct Opening {
    file: File,
    directory: PathBuf,
    cipher: Cipher,
    extent: Extent,
    next: u32,
}

impl Opening {
    /// Opens it in the directory of sealed files.
    ///
    /// # Errors
    /// It is not there; what the system reports.
    pub fn begin(
        directory: &Path,
        name: StoredName,
        key: &FileKey,
        extent: Extent,
    ) -> Result<Opening, Refusal> {
        let file = File::open(keeper::path(directory, name));
        let file = file.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Refusal::FileNotHere,
            _ => sealing::refusal(directory, &error),
        })?;
        Ok(Opening {
            file,
            directory: directory.to_path_buf(),
            cipher: Cipher::new(key),
            extent,
            next: 0,
        })
    }

    /// The next bytes in the clear; `None` at the end.
    ///
    /// # Errors
    /// The sealed file is damaged; what the system reports.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>, Refusal> {
        let (index, chunks) = (self.next, self.extent.chunks());
        if index == chunks {
            return Ok(None);
        }
        let mut chunk = Vec::with_capacity(CHUNK);
        let length = self.extent.chunk(index);
        let read = (&mut self.file).take(length as u64).read_to_end(&mut chunk);
        read.map_err(|error| sealing::refusal(&self.directory, &error))?;
        let damaged = Refusal::Storage {
            fault: StorageFault::Damaged,
        };
        if chunk.len() != length {
            return Err(damaged);
        }
        self.next += 1;
        let clear = self.cipher.open(index, index + 1 == chunks, &mut chunk);
        let length = clear.ok_or(damaged)?.len();
        chunk.truncate(length);
        Ok(Some(Bytes::from(chunk)))
    }
}
