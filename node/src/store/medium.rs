//! What the store's bytes lie on: a file in the product; in tests a disk that loses power or fails.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::Place;

/// A flat, growable array of bytes. The store assumes of it what a disk gives: what was synced stays,
/// a write that was not may be lost or torn in any part, and bytes outside a write do not change.
pub trait Medium: Send + Sync + 'static {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether it holds nothing yet.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Cuts or extends it to `len` bytes; new bytes are zero.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Fills `into` from `offset`. Fewer bytes than that are an error.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns once all writes before it are durable.
    fn sync(&self) -> io::Result<()>;

    /// Where it must be found for what is written to be there at the next opening, if anywhere.
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
