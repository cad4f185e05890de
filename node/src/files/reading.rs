//! Reads a file of the user to upload it, and notices if it changes meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bytes::Bytes;
use futures_util::stream;

use super::extent::MAX_FILE;
use crate::api::{ByteStream, NewUpload, Private, Refusal, StorageFault};

/// The bytes that are read at once.
const PART: usize = 1 << 20;

/// A file of the user that is being read.
struct Reading {
    file: File,
    before: Metadata,
    read: u64,
}

/// Why a file cannot be uploaded.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read, or is no ordinary file.
    #[error(transparent)]
    Path(#[from] io::Error),
    /// The node would refuse it.
    #[error("the node refuses: {0:?}")]
    Refused(Refusal),
}

/// Opens a file to upload it. `progress` is told how many bytes were read.
///
/// # Errors
/// It is not there, is no ordinary file, cannot be read, or is too long.
pub fn open(
    path: &Path,
    progress: impl Fn(u64) + Send + Clone + 'static,
) -> Result<(NewUpload, ByteStream), OpenError> {
    // Asked before it is opened: a pipe would make us wait for its other end.
    let before = path.metadata()?;
    if before.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if !before.is_file() {
        return Err(io::Error::from(io::ErrorKind::Unsupported).into());
    }
    let file = File::open(path)?;
    let before = file.metadata()?;
    if before.len() > MAX_FILE {
        return Err(OpenError::Refused(Refusal::TooLong {
            limit_bytes: MAX_FILE,
            actual_bytes: before.len(),
        }));
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let new = NewUpload {
        name: Private(name.unwrap_or_default()),
        media_type: None,
        size: Some(before.len()),
    };
    let reading = Reading {
        file,
        before,
        read: 0,
    };
    let next = move |mut reading: Reading| {
        let progress = progress.clone();
        async move {
            let part = tokio::task::spawn_blocking(move || {
                let part = reading.part()?;
                Ok(part.map(|part| (part, reading)))
            });
            let part: Result<Option<(Bytes, Reading)>, Refusal> =
                part.await.map_err(|_| Refusal::Bug)?;
            if let Ok(Some((_, reading))) = &part {
                progress(reading.read);
            }
            part
        }
    };
    Ok((new, Box::pin(stream::try_unfold(reading, next))))
}

impl Reading {
    /// The next bytes; `None` at the end.
    fn part(&mut self) -> Result<Option<Bytes>, Refusal> {
        let mut part = Vec::with_capacity(PART);
        let read = (&mut self.file).take(PART as u64).read_to_end(&mut part);
        read.map_err(|_| Refusal::Storage {
            fault: StorageFault::Io,
        })?;
        self.read += part.len() as u64;
        if !part.is_empty() {
            return Ok(Some(Bytes::from(part)));
        }
        let now = self.file.metadata();
        let times = |of: &Metadata| (of.len(), of.mtime(), of.mtime_nsec());
        match now {
            Ok(now) if times(&now) == times(&self.before) && self.read == now.len() => Ok(None),
            _ => Err(Refusal::FileChanged),
        }
    }
}
