//! The store of a simulated device: in memory, may be full, may be set back.

use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Reader, StorageError, StorageFault, Store, Txn};
use hedgerow_sync::watched::Watched;

/// A store that can be made to refuse commits, and to go back to an earlier state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    store: MemoryStore,
    snapshot: Option<MemoryStore>,
    pub full: bool,
    /// Everybody whom the device knows is written down.
    complete: bool,
}

impl Disk {
    /// A disk on which nobody is written down yet.
    pub fn new(store: MemoryStore) -> Disk {
        Disk {
            store,
            ..Disk::default()
        }
    }

    /// The store, as long as not everybody is written down in it.
    pub fn incomplete(&mut self) -> Option<&mut MemoryStore> {
        (!self.complete).then_some(&mut self.store)
    }

    /// Completes it, if that was not done.
    pub fn complete(&mut self, with: impl FnOnce(&mut MemoryStore)) {
        if !std::mem::replace(&mut self.complete, true) {
            with(&mut self.store);
        }
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
            complete: true,
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
        self.store.write(|txn| {
            let mut watched = Watched::new(txn);
            let done = job(&mut watched)?;
            match watched.has_written() {
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
