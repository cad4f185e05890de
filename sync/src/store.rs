//! The store under the engine: ordered byte keys, one writer, snapshots for readers.
//!
//! Everything above it (logs, indexes, contacts) is plain code over this trait, so a backend is thin and the suite in
//! `conformance` (feature `testing`) covers all of it. The first byte of a key names a table.

use std::ops::{Bound, ControlFlow};

use serde::{Deserialize, Serialize};

/// The store failed: its owner must stop and rebuild from it. The text is for people.
#[derive(Debug, thiserror::Error)]
#[error("the store failed: {reason}")]
pub struct StorageError {
    /// What happened, and what a person can do about it.
    pub reason: String,
    /// The kind of failure, for code.
    pub kind: StorageFault,
}

/// Why a store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StorageFault {
    /// No space left; everything committed is intact.
    Full,
    /// The medium cannot be written.
    ReadOnly,
    /// Bytes differ from what was written: damage, or another key.
    Damaged,
    /// The medium is no longer where the next opening would look for it: what is written there is lost.
    Gone,
    /// Any other error of the operating system.
    Io,
}

/// Direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the lower bound up.
    Forward,
    /// From the upper bound down.
    Backward,
}

/// Receives pairs of key and value until it breaks.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// A range of keys.
pub type KeyRange<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// A consistent view of the store.
pub trait Reader {
    /// Calls `found` with the value of `key`, if it exists. Returns whether it exists.
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError>;

    /// Calls `visit` with each pair of `range` in order, until it breaks.
    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError>;

    /// The value of `key`, copied.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let mut copy = None;
        self.with(key, &mut |value| copy = Some(value.to_vec()))?;
        Ok(copy)
    }
}

/// An open write: it sees its own changes, and either all of them become durable or none.
pub trait Txn: Reader {
    /// Sets `key` to `value`.
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError>;
    /// Removes `key`, if it exists.
    fn remove(&mut self, key: &[u8]) -> Result<(), StorageError>;
}

/// One writer, many readers.
pub trait Store {
    /// Runs `job` in one transaction and makes its changes durable before it returns. A job without changes writes
    /// nothing to the medium; a job that fails leaves no change.
    fn write<T>(
        &mut self,
        job: impl FnOnce(&mut dyn Txn) -> Result<T, StorageError>,
    ) -> Result<T, StorageError>;

    /// Runs `job` on the last committed state.
    fn read<T>(
        &self,
        job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, StorageError>;
}
