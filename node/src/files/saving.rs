//! Saves the file of a message where the user wants it: under a name that can do no harm, and over nothing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use tempfile::NamedTempFile;

use crate::api::{Download, Refusal, StorageFault, visible};

/// The most numbers that are tried behind a name that is taken.
const MOST_TRIES: u32 = 1_000;

/// Why a file was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The node refuses.
    #[error("the node refuses: {0:?}")]
    Refused(Refusal),
    /// The path cannot be written.
    #[error("{0}: {1}")]
    Path(PathBuf, io::Error),
    /// There is a file of this name already.
    #[error("{0} is there already")]
    Exists(PathBuf),
}

/// A name for a file on this or any other system, made of what its sender calls it: no path, no marks that turn the
/// reading direction, none of the names that Windows keeps for itself, and not hidden.
pub fn clean(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = sanitize_filename::sanitize_with_options(
        visible::label(base).unwrap_or_default(),
        sanitize_filename::Options {
            windows: true,
            truncate: true,
            replacement: "_",
        },
    );
    match name.trim_start_matches('.').trim() {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

/// Saves a file at `path`: in it, if that is a directory, under a name that is not taken. Writes aside at first, so that
/// a cut leaves no half of the file. Never sets an execute bit. `progress` is told how many bytes are saved.
///
/// # Errors
/// The path cannot be written, or is a file already; the node refuses.
pub async fn save(
    download: Download,
    path: &Path,
    progress: impl Fn(u64),
) -> Result<PathBuf, SaveError> {
    let name = clean(&download.name.0);
    let (directory, wanted) = match path.is_dir() {
        true => (path.to_owned(), None),
        false => {
            if path.symlink_metadata().is_ok() {
                return Err(SaveError::Exists(path.to_owned()));
            }
            let directory = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let directory = directory.unwrap_or(Path::new(".")).to_owned();
            (directory, Some(path.to_owned()))
        }
    };
    let failed = |error: io::Error| SaveError::Path(path.to_owned(), error);
    // Only its owner can read it.
    let aside = tempfile::Builder::new()
        .prefix(".hedgerow-")
        .tempfile_in(&directory);
    let mut aside = aside.map_err(failed)?;
    let mut bytes = download.bytes;
    let mut saved = 0;
    while let Some(part) = bytes.next().await {
        let part = part.map_err(SaveError::Refused)?;
        aside.write_all(&part).map_err(failed)?;
        saved += part.len() as u64;
        progress(saved);
    }
    if saved != download.size {
        let fault = StorageFault::Damaged;
        return Err(SaveError::Refused(Refusal::Storage { fault }));
    }
    aside.as_file().sync_all().map_err(failed)?;
    match wanted {
        Some(path) => match persist(aside, &path)? {
            Ok(path) => Ok(path),
            Err(_) => Err(SaveError::Exists(path)),
        },
        None => free_name(aside, &directory, &name),
    }
}

/// Names a file as wanted, or with a number behind it.
fn free_name(mut aside: NamedTempFile, directory: &Path, name: &str) -> Result<PathBuf, SaveError> {
    let whole = Path::new(name);
    let stem = whole.file_stem().unwrap_or_default().to_string_lossy();
    let ending = whole
        .extension()
        .map(|ending| format!(".{}", ending.to_string_lossy()));
    let ending = ending.unwrap_or_default();
    for number in 1..=MOST_TRIES {
        let name = match number {
            1 => name.to_owned(),
            number => format!("{stem} ({number}){ending}"),
        };
        aside = match persist(aside, &directory.join(name))? {
            Ok(path) => return Ok(path),
            Err(aside) => aside,
        };
    }
    Err(SaveError::Exists(directory.join(name)))
}

/// Gives a file its name, or back if the name is taken.
fn persist(aside: NamedTempFile, path: &Path) -> Result<Result<PathBuf, NamedTempFile>, SaveError> {
    match aside.persist_noclobber(path) {
        Ok(_) => Ok(Ok(path.to_owned())),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(Err(error.file)),
        Err(error) => Err(SaveError::Path(path.to_owned(), error.error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use bytes::Bytes;
    use futures_util::stream;

    use super::*;
    use crate::api::Private;

    fn download(name: &str) -> Download {
        Download {
            name: Private(name.to_owned()),
            media_type: None,
            size: 5,
            bytes: Box::pin(stream::iter([Ok(Bytes::from_static(b"hello"))])),
        }
    }

    #[test]
    fn no_name_leads_elsewhere_or_says_what_is_not_so() {
        for (name, cleaned) in [
            ("notes.txt", "notes.txt"),
            ("../../.ssh/authorized_keys", "authorized_keys"),
            ("..\\..\\evil.exe", "evil.exe"),
            ("/etc/passwd", "passwd"),
            ("..", "_"),
            ("", "file"),
            (".bashrc", "bashrc"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("a\nb\u{0}c.txt", "a bc.txt"),
            ("aux", "_"),
            ("снимка.jpg", "снимка.jpg"),
        ] {
            assert_eq!(clean(name), cleaned, "{name:?}");
        }
        let long = clean(&"x".repeat(400));
        assert!(long.len() <= 255);
    }

    #[tokio::test]
    async fn a_saved_file_replaces_nothing_and_is_not_executable() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = save(download("a.txt"), directory.path(), |_| {})
            .await
            .expect("saved");
        let second = save(download("a.txt"), directory.path(), |_| {})
            .await
            .expect("saved");
        assert_eq!(first, directory.path().join("a.txt"));
        assert_eq!(second, directory.path().join("a (2).txt"));
        let refused = save(download("b.txt"), &first, |_| {}).await;
        assert!(matches!(refused, Err(SaveError::Exists(_))));
        let mode = std::fs::metadata(&first)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            std::fs::read_dir(directory.path())
                .expect("it is there")
                .count(),
            2
        );
    }

    #[tokio::test]
    async fn a_file_that_breaks_off_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut cut = download("a.txt");
        cut.bytes = Box::pin(stream::iter([
            Ok(Bytes::from_static(b"he")),
            Err(Refusal::Stopping),
        ]));
        let refused = save(cut, directory.path(), |_| {}).await;
        assert!(matches!(
            refused,
            Err(SaveError::Refused(Refusal::Stopping))
        ));
        let short = Download {
            size: 6,
            ..download("b.txt")
        };
        assert!(save(short, directory.path(), |_| {}).await.is_err());
        assert_eq!(
            std::fs::read_dir(directory.path())
                .expect("it is there")
                .count(),
            0
        );
    }
}
