//! Measures the cost of work on a store, so that the driver of several engines can share it out without a clock.

use std::cell::Cell;

use crate::store::{Direction, KeyRange, Reader, StorageError, Txn, Visit};

/// The cost of reading a row, besides its bytes.
pub const ROW_READ: u64 = 1_024;
/// The cost of writing a row, including its part of the commit.
pub const ROW_WRITTEN: u64 = 8 * ROW_READ;

/// Counts work: a byte costs one, a row as much as some bytes.
#[derive(Debug, Default)]
pub struct Meter(Cell<u64>);

impl Meter {
    /// Starts at zero.
    #[must_use]
    pub fn new() -> Meter {
        Meter::default()
    }

    /// Work counted so far.
    #[must_use]
    pub fn spent(&self) -> u64 {
        self.0.get()
    }

    /// Counts further work.
    pub fn count(&self, work: u64) {
        self.0.set(self.0.get().saturating_add(work));
    }

    fn row_read(&self, value: &[u8]) {
        self.count(ROW_READ + value.len() as u64);
    }
}

/// A view of a store that counts reads.
pub struct MeteredReader<'a> {
    reader: &'a dyn Reader,
    meter: &'a Meter,
}

impl<'a> MeteredReader<'a> {
    /// Counts with `meter`.
    pub fn new(reader: &'a dyn Reader, meter: &'a Meter) -> MeteredReader<'a> {
        MeteredReader { reader, meter }
    }
}

impl Reader for MeteredReader<'_> {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        with(self.reader, self.meter, key, found)
    }

    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        scan(self.reader, self.meter, range, direction, visit)
    }
}

/// A transaction that counts reads and writes.
pub struct Metered<'a> {
    txn: &'a mut dyn Txn,
    meter: &'a Meter,
}

impl<'a> Metered<'a> {
    /// Counts with `meter`.
    pub fn new(txn: &'a mut dyn Txn, meter: &'a Meter) -> Metered<'a> {
        Metered { txn, meter }
    }
}

impl Reader for Metered<'_> {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        with(&*self.txn, self.meter, key, found)
    }

    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        scan(&*self.txn, self.meter, range, direction, visit)
    }
}

impl Txn for Metered<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.meter.count(ROW_WRITTEN + 2 * value.len() as u64);
        self.txn.put(key, value)
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StorageError> {
        self.meter.count(ROW_WRITTEN);
        self.txn.remove(key)
    }
}

fn with(
    reader: &(impl Reader + ?Sized),
    meter: &Meter,
    key: &[u8],
    found: &mut dyn FnMut(&[u8]),
) -> Result<bool, StorageError> {
    let is_there = reader.with(key, &mut |value| {
        meter.row_read(value);
        found(value);
    })?;
    if !is_there {
        meter.row_read(&[]);
    }
    Ok(is_there)
}

fn scan(
    reader: &(impl Reader + ?Sized),
    meter: &Meter,
    range: KeyRange<'_>,
    direction: Direction,
    visit: Visit<'_>,
) -> Result<(), StorageError> {
    meter.row_read(&[]);
    reader.scan(range, direction, &mut |key, value| {
        meter.row_read(value);
        visit(key, value)
    })
}

impl std::fmt::Debug for MeteredReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MeteredReader").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Metered<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metered").finish_non_exhaustive()
    }
}
