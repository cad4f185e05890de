//! The lock file, by which one process owns a data directory, and in which it says where its API is.
//!
//! Nobody replaces or removes the file, so that all processes lock the same one. Its text is true only while it is
//! locked: a crash leaves the text behind, but not the lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The file's name.
pub(super) const LOCK: &str = "lock";

/// Length of the text, padded with spaces so that one write replaces another whole.
const TEXT: usize = 512;

/// How many times, and how far apart, we try to take the lock before we believe that another process owns the
/// directory: a process that only looks for an owner holds the lock for an instant.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// The process that owns a data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// It has no API, or has not said yet where.
    Silent,
    /// It serves its API.
    Serving(OwnerInfo),
}

/// Where the API of a data directory's owner is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerInfo {
    /// Loopback address and port.
    pub address: SocketAddr,
    /// Its process id.
    pub pid: u32,
    /// Its version of Hedgerow.
    pub version: String,
}

/// The lock, held until dropped.
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock of `directory`; `None` if another process has it.
    pub(super) fn take(directory: &Path) -> io::Result<Option<Lock>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(LOCK))?;
        for attempt in 0..TRIES {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            match file.try_lock() {
                Ok(()) => {
                    let lock = Lock(file);
                    lock.say(b"")?;
                    return Ok(Some(lock));
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The file that is locked.
    pub(super) fn file(&self) -> &File {
        &self.0
    }

    /// Tells other processes where the API is.
    pub(super) fn announce(&self, info: &OwnerInfo) -> io::Result<()> {
        self.say(&serde_json::to_vec(info)?)
    }

    fn say(&self, text: &[u8]) -> io::Result<()> {
        let mut padded = [b' '; TEXT];
        padded
            .get_mut(..text.len())
            .ok_or(io::ErrorKind::InvalidInput)?
            .copy_from_slice(text);
        self.0.write_all_at(&padded, 0)
    }
}

/// Who owns `directory`, if its lock is held.
pub(super) fn owner(directory: &Path) -> io::Result<Option<Owner>> {
    let file = match File::open(directory.join(LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut text = [0; TEXT];
    let length = file.read_at(&mut text, 0)?;
    Ok(Some(
        serde_json::from_slice(&text[..length]).map_or(Owner::Silent, Owner::Serving),
    ))
}
