//! A store in memory: for tests, and for simulations of thousands of nodes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::store::{Direction, KeyRange, Reader, StorageError, Store, Txn, Visit};

/// Keeps everything in a map. A clone is a snapshot and shares the values. Its `Debug` output shows only the number of
/// rows.
#[derive(Clone, Default)]
pub struct MemoryStore {
    rows: Rows,
}

type Rows = BTreeMap<Key, Arc<[u8]>>;

/// As long as most keys are.
type Key = SmallVec<[u8; 40]>;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} rows)", self.rows.len())
    }
}

impl Store for MemoryStore {
    fn write<T>(
        &mut self,
        job: impl FnOnce(&mut dyn Txn) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut open = Open {
            rows: &mut self.rows,
            undo: Vec::new(),
        };
        let done = job(&mut open);
        if done.is_err() {
            open.roll_back();
        }
        done
    }

    fn read<T>(
        &self,
        job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        job(&self.rows)
    }
}

/// The state of a row before a write.
type Before = (Key, Option<Arc<[u8]>>);

/// A write in progress: the rows, and their earlier values for a rollback.
struct Open<'a> {
    rows: &'a mut Rows,
    undo: Vec<Before>,
}

impl Open<'_> {
    fn roll_back(&mut self) {
        for (key, value) in self.undo.drain(..).rev() {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }
}

impl Reader for Open<'_> {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        self.rows.with(key, found)
    }

    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        self.rows.scan(range, direction, visit)
    }
}

impl Txn for Open<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        let key = Key::from_slice(key);
        let before = match self.rows.entry(key.clone()) {
            Entry::Occupied(mut row) => Some(row.insert(value.into())),
            Entry::Vacant(place) => {
                place.insert(value.into());
                None
            }
        };
        self.undo.push((key, before));
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StorageError> {
        if let Some(before) = self.rows.remove(key) {
            self.undo.push((Key::from_slice(key), Some(before)));
        }
        Ok(())
    }
}

impl Reader for Rows {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        let value = self.get(key);
        if let Some(value) = value {
            found(value);
        }
        Ok(value.is_some())
    }

    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        if is_empty(range) {
            return Ok(());
        }
        let mut rows = self.range::<[u8], _>(range);
        while let Some((key, value)) = match direction {
            Direction::Forward => rows.next(),
            Direction::Backward => rows.next_back(),
        } {
            if visit(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Whether `range` cannot hold a key; `BTreeMap` panics on some such ranges.
fn is_empty(range: KeyRange<'_>) -> bool {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    match range {
        (Unbounded, _) | (_, Unbounded) => false,
        (Included(low), Included(high)) => low > high,
        (Included(low) | Excluded(low), Included(high) | Excluded(high)) => low >= high,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_conforms() {
        crate::conformance::all(MemoryStore::new);
    }

    #[test]
    fn a_clone_is_a_snapshot() {
        let mut store = MemoryStore::new();
        store.write(|txn| txn.put(b"a", b"before")).unwrap();
        let snapshot = store.clone();
        store.write(|txn| txn.put(b"a", b"after")).unwrap();
        let kept = snapshot.read(|reader| reader.get(b"a")).unwrap();
        assert_eq!(kept.as_deref(), Some(&b"before"[..]));
    }
}
