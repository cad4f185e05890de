//! The store and the files of a simulated device: in memory, may be full, may be set back.

use hedgerow_node::engine::files::stored_names;
use hedgerow_node::files::work::{FileCommand, FileEvent};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Reader, StorageError, StorageFault, Store, Txn};
use hedgerow_sync::watched::Watched;

use super::keeper::Keeper;

/// A store, and files beside it, that can be made to refuse what is new, and to go back to an earlier state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    store: MemoryStore,
    pub files: Keeper,
    snapshot: Option<(MemoryStore, Keeper)>,
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
        self.snapshot = Some((self.store.clone(), self.files.clone()));
    }

    /// What it holds, and what was kept of it.
    pub fn parts(&self) -> ((&MemoryStore, &Keeper), Option<&(MemoryStore, Keeper)>) {
        ((&self.store, &self.files), self.snapshot.as_ref())
    }

    /// A disk of these parts.
    pub fn of(
        (store, files): (MemoryStore, Keeper),
        snapshot: Option<(MemoryStore, Keeper)>,
        full: bool,
    ) -> Disk {
        Disk {
            store,
            files,
            snapshot,
            full,
            complete: true,
        }
    }

    /// Does with files what the engine asks for, and gives the report.
    pub fn keep_file(&mut self, command: FileCommand) -> Option<FileEvent> {
        self.files.execute(command, self.full)
    }

    /// Removes the files that no row of the store names, as a program does that starts.
    pub fn tidy(&mut self) {
        let named = self.store.read(|reader| stored_names(reader));
        self.files
            .keep_only(&named.expect("a store in memory does not fail"));
    }

    /// Goes back to the state kept last, if one was.
    pub fn roll_back(&mut self) {
        if let Some(snapshot) = self.snapshot.take() {
            (self.store, self.files) = snapshot;
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
