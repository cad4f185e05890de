//! The file with the relay's key: created once, readable only by its owner. Anyone with the key can pose as this relay.
//!
//! It holds the key in libp2p's encoding (a protobuf of type and bytes).

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use libp2p::identity::{DecodingError, Keypair};
use zeroize::Zeroizing;

/// A larger file is no key.
const MAX_FILE: u64 = 4_096;

/// Why the key cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file could not be read or created.
    #[error(transparent)]
    File(#[from] io::Error),
    /// Other users may read the file, and so may have the key.
    #[error("other users may read the file")]
    Readable,
    /// The file holds something else.
    #[error("the file holds no key")]
    NotAKey,
}

impl From<DecodingError> for IdentityError {
    fn from(_: DecodingError) -> Self {
        Self::NotAKey
    }
}

/// Loads the key from this file; creates the file with a fresh key if it does not exist.
///
/// # Errors
/// The file cannot be read or created, other users may read it, or it holds no key.
pub fn load_or_create(path: &Path) -> Result<Keypair, IdentityError> {
    match load(path) {
        Err(IdentityError::File(error)) if error.kind() == io::ErrorKind::NotFound => create(path),
        loaded => loaded,
    }
}

fn load(path: &Path) -> Result<Keypair, IdentityError> {
    let about = fs::metadata(path)?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(IdentityError::Readable);
    }
    if !about.is_file() || about.len() > MAX_FILE {
        return Err(IdentityError::NotAKey);
    }
    let bytes = Zeroizing::new(fs::read(path)?);
    Ok(Keypair::from_protobuf_encoding(&bytes)?)
}

/// Writes a fresh key beside the file, then renames it: after a crash the file is complete or absent.
fn create(path: &Path) -> Result<Keypair, IdentityError> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory)?;
    let key = Keypair::generate_ed25519();
    let bytes = Zeroizing::new(key.to_protobuf_encoding()?);
    // `tempfile` creates it with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {
            fs::File::open(directory)?.sync_all()?;
            Ok(key)
        }
        // Another process was faster; use its key.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => load(path),
        Err(error) => Err(error.error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relay").join("key");
        let made = load_or_create(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = load_or_create(&path).unwrap();
        assert_eq!(made.public(), again.public());
        let names = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(names, 1, "nothing is left beside it");
    }

    #[test]
    fn two_starts_at_the_same_time_get_the_same_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let start = || load_or_create(&path).unwrap().public();
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_key_that_others_may_read_and_a_file_without_a_key_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        load_or_create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            load_or_create(&path),
            Err(IdentityError::Readable)
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for bytes in [&b""[..], b"not a key", &[0; 5_000]] {
            fs::write(&path, bytes).unwrap();
            assert!(matches!(load_or_create(&path), Err(IdentityError::NotAKey)));
        }
    }
}
