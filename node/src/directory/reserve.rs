//! Room on the disk that this directory keeps for deletions (`docs/PROTOCOL.md` section 14).
//!
//! A deletion writes before it frees anything: a commit goes to new pages. So the directory holds a file of random
//! bytes, which a full disk has room for once it is removed.

use std::fs;
use std::io;

use super::error::Attempt;
use super::{Directory, DirectoryError, files};

/// The bytes of the reserve: 1 MiB. The commit of a deletion needs some tens of KiB.
pub const RESERVE_BYTES: u64 = 1 << 20;

/// The bytes that must be free before the reserve is made: twice its size. A disk that has just enough room for the
/// reserve would be full again after the next message.
const FREE_BYTES: u64 = 2 * RESERVE_BYTES;

const RESERVE: &str = "reserve";
const PENDING: &str = "reserve.new";

impl Directory {
    /// Makes the reserve, unless it is there.
    ///
    /// # Errors
    /// The disk has no room for twice its size; what the system reports. Then there is no reserve.
    pub fn keep_reserve(&self) -> Result<(), DirectoryError> {
        self.check_place()?;
        if self.has_reserve() {
            return Ok(());
        }
        let made = self.make_reserve();
        // A failure has left it behind, or the interruption of an earlier attempt.
        let removed = files::remove(&self.path.join(PENDING));
        made.and(removed).attempt("keep room for deletions")
    }

    /// Gives the room of the reserve back to the disk.
    ///
    /// # Errors
    /// What the system reports.
    pub fn give_up_reserve(&self) -> Result<(), DirectoryError> {
        self.check_place()?;
        for name in [PENDING, RESERVE] {
            files::remove(&self.path.join(name)).attempt("give up the room for deletions")?;
        }
        self.sync()
    }

    fn has_reserve(&self) -> bool {
        fs::metadata(self.path.join(RESERVE)).is_ok_and(|found| found.len() == RESERVE_BYTES)
    }

    /// Writes random bytes, which no file system keeps in less room, and renames the file when they are durable.
    fn make_reserve(&self) -> io::Result<()> {
        let pending = self.path.join(PENDING);
        let mut bytes = vec![0; FREE_BYTES as usize];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        files::write_private(&pending, &bytes)?;
        let file = fs::OpenOptions::new().write(true).open(&pending)?;
        file.set_len(RESERVE_BYTES)?;
        file.sync_all()?;
        fs::rename(&pending, self.path.join(RESERVE))?;
        files::sync_directory(&self.path)
    }
}
