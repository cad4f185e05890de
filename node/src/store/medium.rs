//! The medium beneath the store: a file in the product; in tests a disk that loses power or fails.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::Place;

/// A flat, growable array of bytes. The store assumes what a disk guarantees: synced bytes stay, a write without a sync
/// may be lost or torn in any part, and bytes outside a write do not change.
pub trait Medium: Send + Sync + 'static {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether it holds nothing yet.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Truncates or extends it to `len` bytes; new bytes are zero.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Fills `into` from `offset`. It is an error if there are fewer bytes.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns once all writes before it are durable.
    fn sync(&self) -> io::Result<()>;

    /// The place where the next opening will look for it, if it has one.
    fn place(&self) -> Option<Arc<Place>> {
        None
    }
}

impl Medium for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(into, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
