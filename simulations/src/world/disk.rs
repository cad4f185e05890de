//! The store of a simulated device: in memory, may be full, may be set back.

use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Reader, StorageError, StorageFault, Store, Txn};

/// A store that can be made to refuse commits, and to go back to an earlier state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    store: MemoryStore,
    snapshot: Option<MemoryStore>,
    pub full: bool,
}

impl Disk {
    pub fn new(store: MemoryStore) -> Disk {
        Disk::of(store, None, false)
    }

    /// Keeps the present state.
    pub fn keep(&mut self) {
        self.snapshot = Some(self.store.clone());
    }

    /// What it holds, what was kept of it, and whether it is full.
    pub fn parts(&self) -> (&MemoryStore, Option<&MemoryStore>, bool) {
        (&self.store, self.snapshot.as_ref(), self.full)
    }

    /// A disk of these parts.
    pub fn of(store: MemoryStore, snapshot: Option<MemoryStore>, full: bool) -> Disk {
        Disk {
            store,
            snapshot,
            full,
        }
    }

    /// Goes back to the state kept last, if one was.
    pub fn roll_back(&mut self) {
        if let Some(snapshot) = self.snapshot.take() {
            self.store = snapshot;
        }
    }
}

impl Store for Disk {
    fn write<T>(
        &mut self,
        job: impl FnOnce(&mut dyn Txn) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if !self.full {
            return self.store.write(job);
        }
        // What changes nothing succeeds on a full disk as well.
        let mut writes = false;
        self.store.write(|txn| {
            let done = job(&mut Noticing {
                txn,
                writes: &mut writes,
            })?;
            match writes {
                true => Err(StorageError {
                    reason: "made to be full".to_owned(),
                    kind: StorageFault::Full,
                }),
                false => Ok(done),
            }
        })
    }

    fn read<T>(
        &self,
        job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.store.read(job)
    }
}

/// Notices whether anything is written.
struct Noticing<'a> {
    txn: &'a mut dyn Txn,
    writes: &'a mut bool,
}

impl Reader for Noticing<'_> {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        self.txn.with(key, found)
    }

    fn scan(
        &self,
        range: hedgerow_sync::store::KeyRange<'_>,
        direction: hedgerow_sync::store::Direction,
        visit: hedgerow_sync::store::Visit<'_>,
    ) -> Result<(), StorageError> {
        self.txn.scan(range, direction, visit)
    }
}

impl Txn for Noticing<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        *self.writes = true;
        self.txn.put(key, value)
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StorageError> {
        *self.writes = true;
        self.txn.remove(key)
    }
}
