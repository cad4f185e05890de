//! The version of all tables together, and the way from one to the next.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `0x01` schema | – | version u16 |
//!
//! Migrations are numbered, never edited once released, and each has a test with a store of the version
//! before it.

use hedgerow_sync::store::{Reader, StorageError, StorageFault, Store, Txn};

const KEY: &[u8] = &[0x01];

/// A step from one version of the tables to the next.
pub type Migration = fn(&mut dyn Txn) -> Result<(), StorageError>;

/// The oldest version that migrations lead on from. Before it there was nothing that anybody had to keep.
const OLDEST: u16 = 4;

/// The migrations there are: the first leads from the oldest version that is read to the version after it.
pub const MIGRATIONS: &[Migration] = &[];

/// A store that cannot be brought to the current version.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It was written by a newer Hedgerow. It was not touched.
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
    /// It was written by a Hedgerow so old that nothing leads on from there. It was not touched.
    #[error(
        "the store has version {found}, made by an early version of Hedgerow, and this one begins with {OLDEST}; \
         nothing was changed"
    )]
    Older {
        /// The store's version.
        found: u16,
    },
    /// It failed.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// Brings `store` to the newest version that `migrations` lead to, each step in a transaction of its own
/// together with the version it reaches, so that a kill anywhere leaves one version whole. An empty
/// store begins at the newest.
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
