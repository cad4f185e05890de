//! When the store must be rewritten. Deleted bytes linger in pages that redb has freed. So within
//! [`REWRITE_AFTER_MS`] of a deletion the host copies the store under a fresh data key and destroys the old key
//! (`docs/PROTOCOL.md` section 14).
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `0x02` erasure | – | wall time in ms of the oldest deletion since the last rewrite, u64 |
//!
//! The engine works in an `Erasing` transaction, which notes every removal by itself. Code that overwrites a text or a
//! secret in a row that stays must call [`note`].

use hedgerow_sync::store::{Direction, KeyRange, Reader, StorageError, StorageFault, Txn, Visit};

use crate::tables::Table;

/// How long deleted bytes may linger: seven days, in milliseconds.
pub const REWRITE_AFTER_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

const KEY: &[u8] = &[0x02];

/// Tables whose removals need no note. Their rows hold neither texts nor secrets; those of the search index hold words,
/// which move about as it grows and leave it only with texts, whose removal is noted. `Erasing` notes removals from all
/// others, also from future tables and from those of `sync`.
const HARMLESS: [Table; 19] = [
    Table::AwaitedRemovals,
    Table::BundleTags,
    Table::Held,
    Table::CarriedParts,
    Table::Deadlines,
    Table::DeviceId,
    Table::InvitationNonces,
    Table::Loads,
    Table::MessageTimers,
    Table::Ports,
    Table::ReadPositions,
    Table::Removals,
    Table::ReplayWindows,
    Table::SearchDocuments,
    Table::SearchLogs,
    Table::SearchVolumes,
    Table::SearchWords,
    Table::Timers,
    Table::UnreadAbove,
];

/// A transaction that [notes](note) the first removal of a text or a secret.
pub(crate) struct Erasing<'a> {
    txn: &'a mut dyn Txn,
    wall_ms: u64,
    noted: bool,
}

impl<'a> Erasing<'a> {
    /// Works in `txn`, at this wall time.
    pub fn new(txn: &'a mut dyn Txn, wall_ms: i64) -> Erasing<'a> {
        Erasing {
            txn,
            wall_ms: wall_ms.max(0) as u64,
            noted: false,
        }
    }

    fn must_note(&self, key: &[u8]) -> Result<bool, StorageError> {
        let is_harmless = HARMLESS
            .iter()
            .any(|table| key.first() == Some(&(*table as u8)));
        Ok(!self.noted && !is_harmless && self.txn.with(key, &mut |_| ())?)
    }
}

impl Reader for Erasing<'_> {
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

impl Txn for Erasing<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.txn.put(key, value)
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StorageError> {
        if self.must_note(key)? {
            self.noted = true;
            note(self.txn, self.wall_ms)?;
        }
        self.txn.remove(key)
    }
}

/// Notes that a text, a name or a key was deleted or overwritten at `wall_ms`, and must soon leave the disk.
pub fn note(txn: &mut dyn Txn, wall_ms: u64) -> Result<(), StorageError> {
    let noted = read(txn)?;
    if noted.is_none_or(|noted| wall_ms < noted) {
        txn.put(KEY, &wall_ms.to_be_bytes())?;
    }
    Ok(())
}

/// When the store is due for a rewrite (wall time in ms), if anything was deleted since the last one.
pub fn due(reader: &dyn Reader) -> Result<Option<u64>, StorageError> {
    Ok(read(reader)?.map(|noted| noted.saturating_add(REWRITE_AFTER_MS)))
}

/// Notes that `store` was rewritten: nothing deleted lingers in it now.
#[cfg(feature = "runtime")]
pub(crate) fn done(store: &mut impl hedgerow_sync::store::Store) -> Result<(), StorageError> {
    store.write(|txn| txn.remove(KEY))
}

fn read(reader: &(impl Reader + ?Sized)) -> Result<Option<u64>, StorageError> {
    let Some(value) = reader.get(KEY)? else {
        return Ok(None);
    };
    let bytes = value.try_into().map_err(|_| StorageError {
        reason: "the time of the last deletion is damaged".to_owned(),
        kind: StorageFault::Damaged,
    })?;
    Ok(Some(u64::from_be_bytes(bytes)))
}
