//! Where a store's file must lie.
//!
//! An open file outlives its name. If the name is gone, or means another file, a commit still succeeds, but no later
//! opening finds it. The store must not confirm such a commit.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hedgerow_sync::store::StorageError;

use super::Medium;
use super::fault::{fault, gone};

/// Names of files, and the files that they must mean.
#[derive(Debug, Default)]
pub struct Place {
    names: Vec<(PathBuf, Option<FileId>)>,
    is_gone: AtomicBool,
}

/// Identifies a file for as long as it is open or has a name.
#[derive(Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl Place {
    /// From now on `path` must mean this open file.
    ///
    /// # Errors
    /// What the system reports of the file.
    pub fn with_file(mut self, path: PathBuf, file: &File) -> io::Result<Place> {
        let id = FileId::of(&file.metadata()?);
        self.names.push((path, Some(id)));
        Ok(self)
    }

    /// From now on `path` must mean some file.
    #[must_use]
    pub fn with_name(mut self, path: PathBuf) -> Place {
        self.names.push((path, None));
        self
    }

    /// Checks that all names mean the files that they must mean. After one failure all later checks fail, because
    /// writes may have gone elsewhere meanwhile.
    ///
    /// # Errors
    /// [`Gone`](hedgerow_sync::store::StorageFault::Gone) if not; what the system reports.
    pub fn check(&self) -> Result<(), StorageError> {
        if self.is_gone() {
            return Err(gone());
        }
        for (path, id) in &self.names {
            if !is_at(path, id.as_ref()).map_err(fault)? {
                self.is_gone.store(true, Ordering::Relaxed);
                return Err(gone());
            }
        }
        Ok(())
    }

    fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
}

fn is_at(path: &Path, id: Option<&FileId>) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(found) => Ok(id.is_none_or(|id| *id == FileId::of(&found))),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

impl FileId {
    fn of(metadata: &Metadata) -> FileId {
        FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// A store's file in its place. Once a check finds it gone, the file takes no more writes, not even those of closing
/// the store: another process may own it by then.
#[derive(Debug)]
pub struct Placed {
    file: File,
    place: Arc<Place>,
}

impl Placed {
    /// The file, whose writers check this place.
    pub fn new(file: File, place: Place) -> Placed {
        Placed {
            file,
            place: Arc::new(place),
        }
    }

    fn writable(&self) -> io::Result<&File> {
        match self.place.is_gone() {
            false => Ok(&self.file),
            true => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Medium for Placed {
    fn len(&self) -> io::Result<u64> {
        Medium::len(&self.file)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Medium::set_len(self.writable()?, len)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        Medium::read_at(&self.file, offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        Medium::write_at(self.writable()?, offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        Medium::sync(self.writable()?)
    }

    fn place(&self) -> Option<Arc<Place>> {
        Some(self.place.clone())
    }
}
