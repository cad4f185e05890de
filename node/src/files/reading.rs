//! Reads a file of the user to upload it, and notices if it changes meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bytes::Bytes;
use futures_util::stream as streams;

use super::extent::MAX_FILE;
use crate::api::{ByteStream, Form, NewUpload, Private, Refusal, StorageFault};

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

/// Opens a file to upload it. `progress` gets the number of bytes read so far.
///
/// # Errors
/// It is not there, is no ordinary file, cannot be read, or is too long.
pub fn open(
    path: &Path,
    progress: impl Fn(u64) + Send + Clone + 'static,
) -> Result<(NewUpload, ByteStream), OpenError> {
    let (file, before) = ordinary(path)?;
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
        form: Form::Cleaned,
    };
    let bytes = read(file, before, progress);
    Ok((new, bytes))
}

/// Opens a file of any length as it is. `progress` gets the number of bytes read so far.
///
/// # Errors
/// It is not there, is no ordinary file, or cannot be read.
pub fn stream(
    path: &Path,
    progress: impl Fn(u64) + Send + Clone + 'static,
) -> io::Result<ByteStream> {
    let (file, before) = ordinary(path)?;
    Ok(read(file, before, progress))
}

/// Opens an ordinary file.
fn ordinary(path: &Path) -> io::Result<(File, Metadata)> {
    // Asked before it is opened: a pipe would make us wait for its other end.
    let before = path.metadata()?;
    if before.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !before.is_file() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let file = File::open(path)?;
    let before = file.metadata()?;
    Ok((file, before))
}

fn read(
    file: File,
    before: Metadata,
    progress: impl Fn(u64) + Send + Clone + 'static,
) -> ByteStream {
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
    Box::pin(streams::try_unfold(reading, next))
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
        // One that grows as fast as it is read has no end.
        if self.read > self.before.len() {
            return Err(Refusal::FileChanged);
        }
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use futures_util::StreamExt;

    use super::*;

    /// Reads a file of three parts, with which something happens after the first. Gives what the last read says.
    async fn read_while(happens: impl FnOnce(&Path)) -> Option<Result<Bytes, Refusal>> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notes.txt");
        fs::write(&path, vec![1; 2 * PART + 1]).expect("there is room");
        let (new, mut bytes) = open(&path, |_| {}).expect("it opens");
        assert_eq!(
            (&*new.name.0, new.size),
            ("notes.txt", Some(2 * PART as u64 + 1))
        );
        assert_eq!(
            bytes.next().await.map(|part| part.map(|part| part.len())),
            Some(Ok(PART))
        );
        happens(&path);
        let mut last = None;
        while let Some(part) = bytes.next().await {
            last = Some(part);
        }
        last
    }

    #[tokio::test]
    async fn a_file_that_stays_as_it_is_is_read_to_its_end() {
        let last = read_while(|_| {}).await;
        assert_eq!(last, Some(Ok(Bytes::from_static(&[1]))));
    }

    #[tokio::test]
    async fn a_file_that_changes_while_it_is_read_is_refused() {
        let changed = Some(Err(Refusal::FileChanged));
        let file = |path: &Path| File::options().write(true).open(path).expect("it is there");
        let longer = read_while(|path| file(path).set_len(3 * PART as u64).expect("there is room"));
        assert_eq!(longer.await, changed);
        let shorter = read_while(|path| file(path).set_len(PART as u64).expect("it can"));
        assert_eq!(shorter.await, changed);
        // Other bytes, as many as before.
        let other = read_while(|path| {
            fs::write(path, vec![2; 2 * PART + 1]).expect("there is room");
            let file = file(path);
            let now = file.metadata().and_then(|about| about.modified());
            let later = now.expect("it has one") + Duration::from_secs(1);
            file.set_modified(later).expect("it can");
        });
        assert_eq!(other.await, changed);
    }

    #[test]
    fn what_is_no_file_or_too_long_is_refused_before_it_is_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let refused = open(directory.path(), |_| {}).map(drop);
        assert!(matches!(refused, Err(OpenError::Path(_))));
        let long = directory.path().join("long");
        let file = File::create(&long).expect("there is room");
        file.set_len(MAX_FILE + 1).expect("it takes no room");
        let refused = open(&long, |_| {}).map(drop);
        assert!(matches!(
            refused,
            Err(OpenError::Refused(Refusal::TooLong {
                limit_bytes: MAX_FILE,
                ..
            }))
        ));
    }
}
