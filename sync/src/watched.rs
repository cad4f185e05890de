//! A transaction that notices every write: for stores that tests make fail or fill.

use crate::store::{Direction, KeyRange, Reader, StorageError, Txn, Visit};

/// Passes every call on to another transaction.
pub struct Watched<'a> {
    txn: &'a mut dyn Txn,
    has_written: bool,
}

impl<'a> Watched<'a> {
    /// Watches a transaction in which nothing has been written yet.
    pub fn new(txn: &'a mut dyn Txn) -> Watched<'a> {
        Watched {
            txn,
            has_written: false,
        }
    }

    /// Whether anything was put or removed, even without a change.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.has_written
    }
}

impl Reader for Watched<'_> {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        self.txn.with(key, found)
    }

    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        self.txn.scan(range, direction, visit)
    }
}

impl Txn for Watched<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.has_written = true;
        self.txn.put(key, value)
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StorageError> {
        self.has_written = true;
        self.txn.remove(key)
    }
}

impl std::fmt::Debug for Watched<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched")
            .field("has_written", &self.has_written)
            .finish_non_exhaustive()
    }
}
