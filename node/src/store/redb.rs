//! The `Store` of a real node: one redb table over [`Blocks`].

use std::cell::OnceCell;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hedgerow_sync::store::{Direction, KeyRange, Reader, StorageError, StorageFault, Store, Txn};
use redb::{
    Database, ReadOnlyTable, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError,
    WriteTransaction,
};

use super::fault::{closed, damaged, fault};
use super::{Blocks, Medium, Place};
use crate::directory::DataKey;

/// The size of redb's cache of plain pages, in bytes. With 100,000 messages the whole process stays below 30 MiB
/// resident, and the newest pages of a few conversations stay in the cache.
pub const CACHE_BYTES: usize = 8 * 1_024 * 1_024;

/// The bytes of rows that one transaction of a copy takes.
const COPY_BYTES: usize = 4 * 1_024 * 1_024;

const TABLE: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("hedgerow");

/// The encrypted store of one identity: the only writer of its file.
///
/// After a failed write it refuses all others until it is opened again, because only an opening finds out which commit
/// the medium holds. Once the medium is not in its [`Place`], every write fails, even one that changes nothing.
pub struct RedbStore {
    shared: Shared,
    place: Option<Arc<Place>>,
    failed: Option<(StorageFault, String)>,
}

/// Reads the last committed state from any thread, while the [`RedbStore`] writes. Readers follow the store through a
/// rewrite, and fail once it is closed.
#[derive(Clone)]
pub struct RedbReader {
    shared: Shared,
}

type Shared = Arc<RwLock<Option<Database>>>;

impl RedbStore {
    /// Opens the store on `medium`, or begins one if the medium is empty.
    ///
    /// # Errors
    /// `Damaged` if the bytes do not verify under `key`; what the medium reports. No failure changes what was
    /// committed.
    pub fn open(medium: impl Medium, key: &DataKey) -> Result<Self, StorageError> {
        Self::open_with_cache(medium, key, CACHE_BYTES)
    }

    /// [`open`](Self::open) with a cache of `cache_bytes` instead of [`CACHE_BYTES`], to measure with.
    pub fn open_with_cache(
        medium: impl Medium,
        key: &DataKey,
        cache_bytes: usize,
    ) -> Result<Self, StorageError> {
        let mut prefix = [0; 16];
        getrandom::fill(&mut prefix).map_err(|error| fault(io::Error::other(error)))?;
        let place = medium.place();
        let blocks = Blocks::open(medium, key.clone(), prefix).map_err(fault)?;
        trusting(|| {
            let database = Database::builder()
                .set_cache_size(cache_bytes)
                .create_with_backend(blocks)
                .map_err(fault)?;
            Self::over(database, place)
        })
    }

    /// The same store over a plain redb database, to compare encryption with in measurements.
    pub fn plain_for_measurement(database: Database) -> Result<Self, StorageError> {
        Self::over(database, None)
    }

    fn over(database: Database, place: Option<Arc<Place>>) -> Result<Self, StorageError> {
        let missing = match database.begin_read().map_err(fault)?.open_table(TABLE) {
            Ok(_) => false,
            Err(TableError::TableDoesNotExist(_)) => true,
            Err(error) => return Err(fault(error)),
        };
        if missing {
            let txn = begin(&database)?;
            txn.open_table(TABLE).map_err(fault)?;
            txn.commit().map_err(fault)?;
        }
        Ok(RedbStore {
            shared: Arc::new(RwLock::new(Some(database))),
            place,
            failed: None,
        })
    }

    /// A handle that reads from other threads.
    pub fn reader(&self) -> RedbReader {
        RedbReader {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Closes the store once the reads under way are done. All later reads fail.
    pub fn close(self) {
        drop(self);
    }

    /// Checks every page against the checksums in the pages that refer to it. This finds what encryption cannot: a
    /// block that somebody put back in an older state. In that case it closes the store.
    ///
    /// # Errors
    /// `Damaged` if a page is not the one that was committed.
    pub fn verify(&mut self) -> Result<(), StorageError> {
        let mut shared = self.lock_alone();
        let mut database = shared.take().ok_or_else(closed)?;
        *shared = Some(trusting(|| match database.check_integrity() {
            Ok(true) => Ok(database),
            Ok(false) => Err(damaged("its checksums disagree")),
            Err(error) => Err(fault(error)),
        })?);
        Ok(())
    }

    /// Copies all rows into a new store on `medium`, which must be empty. Free pages, with deleted bytes in them, stay
    /// behind.
    ///
    /// # Errors
    /// Those of either store. This store continues in each case.
    pub fn copy_to(&self, medium: impl Medium, key: &DataKey) -> Result<RedbStore, StorageError> {
        let mut copy = RedbStore::open(medium, key)?;
        self.read(|from| {
            let mut after = None;
            loop {
                let copied = copy.write(|to| copy_some(from, to, after.as_deref()))?;
                match copied {
                    Some(last) => after = Some(last),
                    None => return Ok(()),
                }
            }
        })?;
        Ok(copy)
    }

    /// Continues, readers included, with the contents of `other`.
    pub(crate) fn replace(&mut self, mut other: RedbStore) {
        self.place = other.place.take();
        let database = other.lock_alone().take();
        *self.lock_alone() = database;
        self.failed = None;
    }

    /// Refuses all writes until the store is opened again.
    pub(crate) fn refuse(&mut self) {
        let StorageError { kind, reason } = closed();
        self.failed = Some((kind, reason));
    }

    fn lock_alone(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        self.shared.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_write<T>(
        &self,
        job: impl FnOnce(&mut dyn Txn) -> Result<T, StorageError>,
    ) -> Result<T, WriteError> {
        let shared = lock(&self.shared);
        let database = shared.as_ref().ok_or_else(|| WriteError::Store(closed()))?;
        let begun = OnceCell::new();
        let outcome = job(&mut RedbTxn {
            database,
            snapshot: snapshot(database)?,
            begun: &begun,
            table: None,
        });
        if let Some(place) = &self.place {
            place.check()?;
        }
        let begun = begun.into_inner();
        match outcome {
            Ok(done) => {
                if let Some(txn) = begun {
                    txn.commit().map_err(fault)?;
                }
                Ok(done)
            }
            // If the abort fails too, the error of the job came from the store.
            Err(error) => match begun.map_or(Ok(()), WriteTransaction::abort) {
                Ok(()) => Err(WriteError::Job(error)),
                Err(_) => Err(WriteError::Store(error)),
            },
        }
    }
}

/// Who failed: the store, which then refuses further writes, or the job, for a reason of its own.
enum WriteError {
    Store(StorageError),
    Job(StorageError),
}

impl From<StorageError> for WriteError {
    fn from(error: StorageError) -> Self {
        WriteError::Store(error)
    }
}

impl Store for RedbStore {
    fn write<T>(
        &mut self,
        job: impl FnOnce(&mut dyn Txn) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if let Some((kind, reason)) = &self.failed {
            return Err(StorageError {
                reason: reason.clone(),
                kind: *kind,
            });
        }
        self.try_write(job).map_err(|error| match error {
            WriteError::Job(error) => error,
            WriteError::Store(error) => {
                self.failed = Some((error.kind, error.reason.clone()));
                error
            }
        })
    }

    fn read<T>(
        &self,
        job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        read(&self.shared, job)
    }
}

impl RedbReader {
    /// Runs `job` on the last committed state.
    ///
    /// # Errors
    /// Those of `job` and of the medium; `Io` once the store is closed.
    pub fn read<T>(
        &self,
        job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        read(&self.shared, job)
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        *self.lock_alone() = None;
    }
}

/// Runs a job in which redb reads pages. redb trusts its pages, but a block that somebody put back in an older state
/// verifies too. If redb panics over one, this reports damage.
fn trusting<T>(job: impl FnOnce() -> Result<T, StorageError>) -> Result<T, StorageError> {
    panic::catch_unwind(AssertUnwindSafe(job))
        .unwrap_or_else(|_| Err(damaged("its pages do not fit together")))
}

fn read<T>(
    shared: &Shared,
    job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    let shared = lock(shared);
    let database = shared.as_ref().ok_or_else(closed)?;
    job(&Snapshot(snapshot(database)?))
}

type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

fn snapshot(database: &Database) -> Result<Rows, StorageError> {
    let txn = database.begin_read().map_err(fault)?;
    txn.open_table(TABLE).map_err(fault)
}

fn lock(shared: &Shared) -> RwLockReadGuard<'_, Option<Database>> {
    shared.read().unwrap_or_else(PoisonError::into_inner)
}

/// A write whose commit is durable and survives a torn header (two phases).
fn begin(database: &Database) -> Result<WriteTransaction, StorageError> {
    let mut txn = database.begin_write().map_err(fault)?;
    txn.set_quick_repair(true);
    Ok(txn)
}

/// Copies the rows after `after`, up to [`COPY_BYTES`] of them. Gives the last key, or `None` if there were none.
fn copy_some(
    from: &dyn Reader,
    to: &mut dyn Txn,
    after: Option<&[u8]>,
) -> Result<Option<Vec<u8>>, StorageError> {
    let mut last = None;
    let mut bytes = 0;
    let mut outcome = Ok(());
    let lower = after.map_or(Bound::Unbounded, Bound::Excluded);
    from.scan(
        (lower, Bound::Unbounded),
        Direction::Forward,
        &mut |key, value| {
            outcome = to.put(key, value);
            bytes += key.len() + value.len();
            if outcome.is_ok() && bytes < COPY_BYTES {
                return ControlFlow::Continue(());
            }
            last = Some(key.to_vec());
            ControlFlow::Break(())
        },
    )?;
    outcome.map(|()| last)
}

struct Snapshot(Rows);

impl Reader for Snapshot {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        with(&self.0, key, found)
    }

    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        scan(&self.0, range, direction, visit)
    }
}

/// A write that reads a snapshot until it changes something. Most turns of an engine change nothing, and to begin and
/// abort a write would cost several times as much as their reads. The store is the only writer, so the snapshot is the
/// last commit.
struct RedbTxn<'a> {
    database: &'a Database,
    snapshot: Rows,
    /// Set by the first change, together with `table`, from which all later reads come.
    begun: &'a OnceCell<WriteTransaction>,
    table: Option<Table<'a, &'static [u8], &'static [u8]>>,
}

impl<'a> RedbTxn<'a> {
    fn table(&mut self) -> Result<&mut Table<'a, &'static [u8], &'static [u8]>, StorageError> {
        match &mut self.table {
            Some(table) => Ok(table),
            none => {
                let txn = begin(self.database)?;
                let txn = self.begun.get_or_init(|| txn);
                Ok(none.insert(txn.open_table(TABLE).map_err(fault)?))
            }
        }
    }
}

impl Reader for RedbTxn<'_> {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        match &self.table {
            Some(table) => with(table, key, found),
            None => with(&self.snapshot, key, found),
        }
    }

    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        match &self.table {
            Some(table) => scan(table, range, direction, visit),
            None => scan(&self.snapshot, range, direction, visit),
        }
    }
}

impl Txn for RedbTxn<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        let mut is_same = false;
        if self.table.is_none() {
            self.with(key, &mut |before| is_same = before == value)?;
        }
        if !is_same {
            self.table()?.insert(key, value).map_err(fault)?;
        }
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StorageError> {
        if self.table.is_some() || self.with(key, &mut |_| {})? {
            self.table()?.remove(key).map_err(fault)?;
        }
        Ok(())
    }
}

type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

fn with(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
    found: &mut dyn FnMut(&[u8]),
) -> Result<bool, StorageError> {
    let value = table.get(key).map_err(fault)?;
    if let Some(value) = &value {
        found(value.value());
    }
    Ok(value.is_some())
}

fn scan(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    range: KeyRange<'_>,
    direction: Direction,
    visit: &mut Visit<'_>,
) -> Result<(), StorageError> {
    if is_empty(range) {
        return Ok(());
    }
    let mut pairs = table.range::<&[u8]>(range).map_err(fault)?;
    loop {
        let pair = match direction {
            Direction::Forward => pairs.next(),
            Direction::Backward => pairs.next_back(),
        };
        let Some(pair) = pair else { return Ok(()) };
        let (key, value) = pair.map_err(fault)?;
        if visit(key.value(), value.value()).is_break() {
            return Ok(());
        }
    }
}

/// Whether no key can lie in `range`. redb does not define what it does with bounds that cross.
fn is_empty(range: KeyRange<'_>) -> bool {
    match range {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (
            Bound::Included(low) | Bound::Excluded(low),
            Bound::Excluded(high) | Bound::Included(high),
        ) => low >= high,
    }
}
