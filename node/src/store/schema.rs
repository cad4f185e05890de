//! The version of all tables together, and the migrations from one version to the next.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `0x01` schema | – | version u16 |
//!
//! Migrations are numbered, never edited once released, and each has a test with a store of the version
//! before it.

use hedgerow_sync::store::{Reader, StorageError, StorageFault, Store, Txn};

use crate::tables::{self, Table};

const KEY: &[u8] = &[0x01];

/// A step from one version of the tables to the next.
pub type Migration = fn(&mut dyn Txn) -> Result<(), StorageError>;

/// The oldest version from which migrations lead on. Nobody has data of an older one to keep.
const OLDEST: u16 = 5;

/// All migrations. The first leads from the oldest version to the one after it.
pub const MIGRATIONS: &[Migration] = &[index_anew, groups_come];

/// The search index has marks beside words from version 6 on. What it had leaves, and all entries wait to be indexed.
fn index_anew(txn: &mut dyn Txn) -> Result<(), StorageError> {
    for table in [
        Table::SearchWords,
        Table::SearchVolumes,
        Table::SearchDocuments,
        Table::SearchLogs,
    ] {
        tables::remove_all(txn, &table.key(&[]))?;
    }
    Ok(())
}

/// Conversations may be groups from version 7 on, and no row of an older store is another one for that. The version alone says so: a
/// program that knows only version 6 would take a group's row for a damaged one.
fn groups_come(_: &mut dyn Txn) -> Result<(), StorageError> {
    Ok(())
}

/// A store that cannot be brought to the current version.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A newer Hedgerow wrote it. Nothing was changed.
    #[error(
        "the store has version {found} and this Hedgerow knows only {known}: use a newer Hedgerow; nothing \
         was changed"
    )]
    Newer {
        /// The store's version.
        found: u16,
        /// The newest version known here.
        known: u16,
    },
    /// A Hedgerow wrote it that is too old for any migration. Nothing was changed.
    #[error(
        "the store has version {found}, made by an early version of Hedgerow, and this one begins with {OLDEST}; \
         nothing was changed"
    )]
    Older {
        /// The store's version.
        found: u16,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// Brings `store` to the newest version of `migrations`. Each step writes its changes and its version in one
/// transaction, so that a kill at any moment leaves one version whole. An empty store begins at the newest version.
///
/// # Errors
/// [`SchemaError::Newer`] and [`SchemaError::Older`]; those of the store and of the migrations.
pub fn migrate(store: &mut impl Store, migrations: &[Migration]) -> Result<(), SchemaError> {
    let known = newest(migrations);
    let found = match store.read(|reader| version(reader))? {
        Some(found) => found,
        None => {
            store.write(|txn| txn.put(KEY, &known.to_be_bytes()))?;
            known
        }
    };
    if found > known {
        return Err(SchemaError::Newer { found, known });
    }
    if found < OLDEST {
        return Err(SchemaError::Older { found });
    }
    for (migration, from) in migrations.iter().zip(OLDEST..) {
        if from >= found {
            store.write(|txn| {
                migration(txn)?;
                txn.put(KEY, &(from + 1).to_be_bytes())
            })?;
        }
    }
    Ok(())
}

/// The version that this Hedgerow writes.
pub fn current() -> u16 {
    newest(MIGRATIONS)
}

fn newest(migrations: &[Migration]) -> u16 {
    OLDEST + u16::try_from(migrations.len()).expect("far fewer migrations than that")
}

/// The version of the tables; `None` in an empty store.
pub fn version(reader: &dyn Reader) -> Result<Option<u16>, StorageError> {
    let Some(value) = reader.get(KEY)? else {
        return Ok(None);
    };
    match value.try_into().map(u16::from_be_bytes) {
        Ok(version) if version > 0 => Ok(Some(version)),
        _ => Err(StorageError {
            reason: "the version of the store is damaged".to_owned(),
            kind: StorageFault::Damaged,
        }),
    }
}
