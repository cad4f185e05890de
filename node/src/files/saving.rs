//! Saves the file of a message where the user wants it: under a name that can do no harm, and over nothing.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::StreamExt;

use crate::api::{Download, Refusal, StorageFault, visible};
use crate::aside::{Aside, Unnamed};

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
/// a cut leaves no half of the file. Never sets an execute bit. `progress` gets the number of
/// bytes saved so far.
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
    let mut aside = Aside::within(&directory).map_err(failed)?;
    let mut bytes = download.bytes;
    let mut saved = 0;
    while let Some(part) = bytes.next().await {
        let part = part.map_err(SaveError::Refused)?;
        aside.write(&part).map_err(failed)?;
        saved += part.len() as u64;
        progress(saved);
    }
    if saved != download.size {
        let fault = StorageFault::Damaged;
        return Err(SaveError::Refused(Refusal::Storage { fault }));
    }
    let names: Box<dyn Iterator<Item = PathBuf> + Send> = match wanted {
        Some(path) => Box::new(std::iter::once(path)),
        None => Box::new(names(&directory, &name)),
    };
    name_first(aside, names)
}

/// The name in a directory, then the name with a number behind it.
pub(crate) fn names(directory: &Path, name: &str) -> impl Iterator<Item = PathBuf> + Send + use<> {
    let whole = directory.join(name);
    let part = |part: Option<&OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let stem = part(whole.file_stem()).unwrap_or_default();
    let ending = part(whole.extension()).map(|ending| format!(".{ending}"));
    let ending = ending.unwrap_or_default();
    let directory = directory.to_owned();
    let numbered = (2..=MOST_TRIES).map(move |number| {
        let name = format!("{stem} ({number}){ending}");
        directory.join(name)
    });
    std::iter::once(whole).chain(numbered)
}

/// Gives a file the first of these names that no file has.
fn name_first(
    mut aside: Aside,
    names: impl Iterator<Item = PathBuf>,
) -> Result<PathBuf, SaveError> {
    let mut taken = PathBuf::new();
    for path in names {
        aside = match aside.name(&path) {
            Ok(()) => return Ok(path),
            Err(Unnamed::Taken(aside)) => aside,
            Err(Unnamed::Failed(error)) => return Err(SaveError::Path(path, error)),
        };
        taken = path;
    }
    Err(SaveError::Exists(taken))
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
