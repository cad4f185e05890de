//! When the store must be rewritten: deleted bytes linger in pages that redb has freed, so within
//! [`REWRITE_AFTER_MS`] of a deletion the store is copied under a fresh data key and the old key
//! destroyed (`docs/PROTOCOL.md` section 14).
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `0x02` erasure | – | wall time in ms of the oldest deletion since the last rewrite, u64 |

use hedgerow_sync::store::{Reader, StorageError, StorageFault, Txn};

/// How long deleted bytes may linger: seven days, in milliseconds.
pub const REWRITE_AFTER_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

const KEY: &[u8] = &[0x02];

/// Notes that something was deleted at `wall_ms` that must not be found on the disk for long: a
/// message, a psk, a prekey.
pub fn note(txn: &mut dyn Txn, wall_ms: u64) -> Result<(), StorageError> {
    let noted = read(txn)?;
    if noted.is_none_or(|noted| wall_ms < noted) {
        txn.put(KEY, &wall_ms.to_be_bytes())?;
    }
    Ok(())
}

/// When the store is due for a rewrite (wall time in ms), if anything was deleted since the last.
pub fn due(reader: &dyn Reader) -> Result<Option<u64>, StorageError> {
    Ok(read(reader)?.map(|noted| noted.saturating_add(REWRITE_AFTER_MS)))
}

/// Nothing deleted lingers in `store` now.
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
