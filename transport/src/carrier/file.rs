//! Parcels in a file carried by hand (`docs/PROTOCOL.md` section 12).
//!
//! ```text
//! 0          8         9
//! | HEDGEBDL | version | bundle | bundle | ...
//! |          | u8 (2)  | each says its own length
//! ```

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{CarrierKind, Profile, SimplexCarrier};
use crate::bundle::{HEADER_LEN, Header, MAX_BUNDLE};

/// The first bytes of such a file.
pub const MAGIC: [u8; 8] = *b"HEDGEBDL";

/// The version that we write, and the newest that we read.
pub const VERSION: u8 = 2;

/// The properties that a file declares: free, and as slow as the person who carries it.
pub const PROFILE: Profile = Profile {
    kind: CarrierKind::File,
    mtu_bytes: MAX_BUNDLE as u32,
    latency_ms: 24 * 3_600 * 1_000,
    max_latency_ms: 28 * 24 * 3_600 * 1_000,
    cost: CarrierKind::File.cost(),
    lossy: true,
    announces: false,
};

/// Why parcels could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file holds something else; we do not overwrite it either.
    #[error("not a file of parcels")]
    NotParcels,
    /// A newer program wrote it.
    #[error("written by a newer version ({0})")]
    Newer(u8),
    /// The file ends within a parcel: copied badly, or the medium was removed too early.
    #[error("the file is cut short")]
    Truncated,
    /// The bytes after the last whole parcel are no parcel.
    #[error("the file is damaged")]
    Damaged,
    /// The caller's fault: the bytes to write are not a sealed bundle.
    #[error("not a sealed bundle")]
    NotABundle,
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A file of parcels, which need not exist yet.
#[derive(Debug)]
pub struct ParcelFile {
    path: PathBuf,
}

impl ParcelFile {
    /// The file at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn open(&self) -> Result<(BufReader<File>, u64), FileError> {
        let file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let mut file = BufReader::new(file);
        let mut start = [0; MAGIC.len() + 1];
        match file.read_exact(&mut start) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(FileError::NotParcels);
            }
            read => read?,
        }
        let [magic @ .., version] = start;
        if magic != MAGIC {
            return Err(FileError::NotParcels);
        }
        if version < VERSION {
            return Err(FileError::NotParcels);
        }
        if version > VERSION {
            return Err(FileError::Newer(version));
        }
        Ok((file, length - start.len() as u64))
    }
}

impl SimplexCarrier for ParcelFile {
    type Error = FileError;

    fn profile(&self) -> Profile {
        PROFILE
    }

    /// Replaces the file as a whole: after a crash either the old file or the new one exists. Leaves a file that
    /// holds something else alone.
    fn write(&self, parcels: &[Bytes]) -> Result<(), FileError> {
        for parcel in parcels {
            match Header::parse(parcel) {
                Ok(header) if header.length() == parcel.len() => {}
                _ => return Err(FileError::NotABundle),
            }
        }
        match self.open() {
            Err(FileError::Io(error)) if error.kind() == ErrorKind::NotFound => {}
            Err(FileError::Newer(_)) | Ok(_) => {}
            Err(error) => return Err(error),
        }
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(&MAGIC)?;
        file.write_all(&[VERSION])?;
        for parcel in parcels {
            file.write_all(parcel)?;
        }
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        // On other systems a directory cannot be opened, and a rename is durable by itself or not at all.
        #[cfg(unix)]
        File::open(directory)?.sync_all()?;
        Ok(())
    }

    fn read(&self) -> Result<impl Iterator<Item = Result<Bytes, FileError>>, FileError> {
        let (file, left) = self.open()?;
        Ok(Parcels { file, left })
    }
}

/// The parcels of a file, each read on demand.
struct Parcels {
    file: BufReader<File>,
    /// Unread bytes of the file; bounds the memory reserved for a parcel.
    left: u64,
}

impl Parcels {
    fn parcel(&mut self) -> Result<Bytes, FileError> {
        let mut start = [0; HEADER_LEN];
        if self.left < HEADER_LEN as u64 {
            return Err(FileError::Truncated);
        }
        self.file.read_exact(&mut start).map_err(cut)?;
        let header = Header::parse(&start).map_err(|_| FileError::Damaged)?;
        if header.length() as u64 > self.left {
            return Err(FileError::Truncated);
        }
        let mut parcel = vec![0; header.length()];
        parcel[..HEADER_LEN].copy_from_slice(&start);
        self.file
            .read_exact(&mut parcel[HEADER_LEN..])
            .map_err(cut)?;
        self.left -= parcel.len() as u64;
        Ok(parcel.into())
    }
}

impl Iterator for Parcels {
    type Item = Result<Bytes, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let parcel = self.parcel();
        if parcel.is_err() {
            self.left = 0;
        }
        Some(parcel)
    }
}

/// A file that shrinks while we read it is truncated; the disk has not failed.
fn cut(error: io::Error) -> FileError {
    match error.kind() {
        ErrorKind::UnexpectedEof => FileError::Truncated,
        _ => error.into(),
    }
}
