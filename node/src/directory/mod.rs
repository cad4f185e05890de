//! An identity's data directory (`docs/PROTOCOL.md` section 14).
//!
//! - `lock`: one process owns the directory, and says there where its API is ([`Owner`]).
//! - `slots`: names the store file and holds its data key, wrapped under the passphrase.
//! - `store-<16 hex>`: the store ([`RedbStore`]).
//! - `token`: the secret that clients of the API show, new at each start.
//! - `reserve`: room for deletions on a full disk.
//!
//! `slots.new` exists while a process makes or changes something. Nobody ever reads it: until it is renamed to `slots`
//! everything is as before, and from then on everything is new.

mod error;
mod files;
mod key;
mod lock;
mod reserve;
mod slots;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use error::DirectoryError;
pub use key::{DataKey, forbid_core_dumps, forbid_tracing};
pub use lock::{Owner, OwnerInfo};
pub use reserve::RESERVE_BYTES;
pub use slots::{Hashing, Protection};

use crate::api::Passphrase;
use crate::store::{Medium, Place, Placed, RedbStore, erasure};
use error::Attempt;
use files::Replaced;
use slots::{Slots, Unreadable, Wrapping};

const SLOTS: &str = "slots";
const PENDING: &str = "slots.new";
const TOKEN: &str = "token";
const STORE_PREFIX: &str = "store-";

/// A data directory that this process owns, from [`own`](Self::own) until it is dropped.
///
/// It is locked until [`create`](Self::create) or [`unlock`](Self::unlock) gives out the store. From then until
/// [`lock`](Self::lock) it keeps the wrapping key, which a [`rewrite`](Self::rewrite) needs.
pub struct Directory {
    path: PathBuf,
    lock: lock::Lock,
    wrapping: Mutex<Option<Wrapping>>,
}

/// What a data directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// No identity yet.
    Nothing,
    /// An identity.
    Identity {
        /// Whether it takes a passphrase to unlock.
        protected: bool,
    },
}

/// A step of [`Directory::rewrite`] or [`Directory::wipe`] that has just been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Step {
    PendingSlotsWritten,
    StoreCopied,
    SlotsReplaced,
    OldStoreRemoved,
    SlotsDestroyed,
    StoresRemoved,
}

impl Directory {
    /// Takes the directory at `path` for this process, creating it (mode 0700) if it is not there.
    ///
    /// # Errors
    /// [`DirectoryError::Owned`] if another process has it; what the system reports.
    pub fn own(path: &Path) -> Result<Directory, DirectoryError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .attempt("create the data directory")?;
        match lock::Lock::take(path).attempt("lock the data directory")? {
            Some(lock) => Ok(Directory {
                path: path.to_owned(),
                lock,
                wrapping: Mutex::new(None),
            }),
            None => Err(DirectoryError::Owned(
                Self::owner(path)?.unwrap_or(Owner::Silent),
            )),
        }
    }

    /// The process that owns the directory at `path`, if there is one. A crashed process owns nothing.
    pub fn owner(path: &Path) -> Result<Option<Owner>, DirectoryError> {
        lock::owner(path).attempt("look at the lock of the data directory")
    }

    /// Tells other processes where this one's API is.
    pub fn announce(&self, info: &OwnerInfo) -> Result<(), DirectoryError> {
        self.lock.announce(info).attempt("write the lock file")
    }

    /// Checks that the path still leads to the directory that this process owns. If another directory lies there now,
    /// another process may own that one.
    ///
    /// # Errors
    /// A [`StorageError`](hedgerow_sync::store::StorageError) of the kind `Gone` if not.
    pub fn check_place(&self) -> Result<(), DirectoryError> {
        let place = self.place().attempt("look at the data directory")?;
        Ok(place.check()?)
    }

    /// The place of the lock file that this process holds. With another lock file there, a second process could write
    /// here.
    fn place(&self) -> io::Result<Place> {
        Place::default().with_file(self.path.join(lock::LOCK), self.lock.file())
    }

    /// A store's file in its place: beside the slots, without which nobody can read the store.
    fn placed(&self, name: &str, file: fs::File) -> io::Result<Placed> {
        let place = self.place()?.with_name(self.path.join(SLOTS));
        let place = place.with_file(self.path.join(name), &file)?;
        Ok(Placed::new(file, place))
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the token that clients must show, into a file that only its owner can read.
    pub fn write_token(&self, token: &str) -> Result<(), DirectoryError> {
        files::write_private(&self.path.join(TOKEN), token.as_bytes()).attempt("write the token")
    }

    /// The token that the owner of the directory at `path` wants to see.
    pub fn token(path: &Path) -> Result<String, DirectoryError> {
        fs::read_to_string(path.join(TOKEN)).attempt("read the token")
    }

    /// What is here. Reads only.
    pub fn contents(&self) -> Result<Contents, DirectoryError> {
        match self.slots() {
            Ok(slots) => Ok(Contents::Identity {
                protected: slots.is_protected(),
            }),
            Err(DirectoryError::Nothing) => Ok(Contents::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Makes an empty store under a fresh data key, and opens it.
    ///
    /// # Errors
    /// [`DirectoryError::Occupied`] if there is an identity; those of [`contents`](Self::contents).
    pub fn create(&self, protection: Protection<'_>) -> Result<RedbStore, DirectoryError> {
        if self.contents()? != Contents::Nothing {
            return Err(DirectoryError::Occupied);
        }
        let mut keys = self.wrapping();
        let wrapping = Wrapping::new(protection).attempt("draw random numbers")?;
        let (name, key) = self.fresh_store()?;
        self.write_pending(&wrapping, &name, &key)?;
        // An earlier attempt that was interrupted may have left some.
        self.remove_stores_but(&name)?;
        let store = RedbStore::open(self.create_store(&name)?, &key)?;
        let replaced = self.replace_slots()?;
        *keys = Some(wrapping);
        self.settle(replaced)?;
        Ok(store)
    }

    /// Opens the store with the passphrase. An unprotected store needs none.
    ///
    /// # Errors
    /// [`DirectoryError::WrongPassphrase`]; the other variants name what is missing, damaged or newer. Changes nothing
    /// unless the store opens.
    pub fn unlock(&self, passphrase: Option<&Passphrase>) -> Result<RedbStore, DirectoryError> {
        let mut keys = self.wrapping();
        let slots = self.slots()?;
        let (wrapping, key) = open(&slots, passphrase)?;
        let store = self.open_store(&slots.store, &key)?;
        *keys = Some(wrapping);
        Ok(store)
    }

    /// Checks that the passphrase would unlock it. Changes nothing.
    ///
    /// # Errors
    /// [`DirectoryError::WrongPassphrase`]; else as [`unlock`](Self::unlock).
    pub fn check(&self, passphrase: Option<&Passphrase>) -> Result<(), DirectoryError> {
        open(&self.slots()?, passphrase).map(drop)
    }

    /// Opens the store again after it has failed and was closed, with the keys of the last opening.
    ///
    /// # Errors
    /// [`DirectoryError::Locked`] if it is locked; else as [`unlock`](Self::unlock).
    pub fn reopen(&self) -> Result<RedbStore, DirectoryError> {
        let keys = self.wrapping();
        let wrapping = keys.as_ref().ok_or(DirectoryError::Locked)?;
        let slots = self.slots()?;
        let key = slots.unwrap(wrapping).ok_or(DirectoryError::Locked)?;
        self.open_store(&slots.store, &key)
    }

    fn open_store(&self, name: &str, key: &DataKey) -> Result<RedbStore, DirectoryError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path.join(name));
        let file = match file {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DirectoryError::StoreMissing(name.to_owned()));
            }
            file => file.attempt("open the store")?,
        };
        let file = self.placed(name, file).attempt("look at the store")?;
        let store = RedbStore::open(file, key)?;
        // Remove what an interrupted rewrite has left.
        files::destroy(&self.path.join(PENDING)).attempt("remove old slots")?;
        self.remove_stores_but(name)?;
        Ok(store)
    }

    /// Forgets the keys kept here. The owner of the store closes the store.
    pub fn lock(&self) {
        *self.wrapping() = None;
    }

    /// Wraps the data key under another passphrase, or none.
    ///
    /// # Errors
    /// As [`unlock`](Self::unlock); the old passphrase stays good unless this succeeds.
    pub fn change_protection(
        &self,
        current: Option<&Passphrase>,
        new: Protection<'_>,
    ) -> Result<(), DirectoryError> {
        let mut keys = self.wrapping();
        let slots = self.slots()?;
        let (_, key) = open(&slots, current)?;
        let wrapping = Wrapping::new(new).attempt("draw random numbers")?;
        self.write_pending(&wrapping, &slots.store, &key)?;
        let replaced = self.replace_slots()?;
        if keys.is_some() {
            *keys = Some(wrapping);
        }
        self.settle(replaced)
    }

    /// Copies the store into a new file under a fresh data key, and destroys the old key and file, so that deleted
    /// bytes that linger in free pages are gone. `store` and its readers continue with the new file. Calls `done` after
    /// each step.
    ///
    /// # Errors If there is no room, or anything else fails before the new slots are in place, `store` continues with
    /// the old file. If we cannot know which file an opening would find, `store` refuses further writes.
    pub fn rewrite(
        &self,
        store: &mut RedbStore,
        done: &mut dyn FnMut(Step),
    ) -> Result<(), DirectoryError> {
        self.rewrite_onto(store, done, |name| self.create_store(name))
    }

    fn rewrite_onto<M: Medium>(
        &self,
        store: &mut RedbStore,
        done: &mut dyn FnMut(Step),
        create: impl FnOnce(&str) -> Result<M, DirectoryError>,
    ) -> Result<(), DirectoryError> {
        let keys = self.wrapping();
        let wrapping = keys.as_ref().ok_or(DirectoryError::Locked)?;
        let (name, key) = self.fresh_store()?;
        let old = self.slots()?.store;
        let prepared = self.write_pending(wrapping, &name, &key).and_then(|()| {
            done(Step::PendingSlotsWritten);
            let medium = create(&name)?;
            let mut copy = store.copy_to(medium, &key)?;
            erasure::done(&mut copy)?;
            done(Step::StoreCopied);
            Ok((copy, self.replace_slots()?))
        });
        let (copy, replaced) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                // Best effort: the next unlock removes them too.
                let _ = files::destroy(&self.path.join(PENDING));
                let _ = files::remove(&self.path.join(&name));
                return Err(error);
            }
        };
        // From here on, writes must go where the next opening looks.
        store.replace(copy);
        self.settle(replaced).inspect_err(|_| store.refuse())?;
        done(Step::SlotsReplaced);
        files::remove(&self.path.join(old)).attempt("remove the old store")?;
        done(Step::OldStoreRemoved);
        Ok(())
    }

    /// Destroys everything here, whether locked or not: the keys first, because without them the rest is noise. Close
    /// the store before. If it is interrupted anywhere, call it again.
    ///
    /// # Errors
    /// As [`check_place`](Self::check_place): another directory there is not ours to destroy. What the system reports.
    pub fn wipe(&self, done: &mut dyn FnMut(Step)) -> Result<(), DirectoryError> {
        self.check_place()?;
        self.lock();
        // A file system that never writes in place needs room even to overwrite.
        self.give_up_reserve()?;
        for name in [SLOTS, PENDING] {
            files::destroy(&self.path.join(name)).attempt("destroy the slots")?;
        }
        self.sync()?;
        done(Step::SlotsDestroyed);
        self.remove_stores_but("")?;
        files::remove_all(&self.path.join(crate::files::keeper::DIRECTORY))
            .attempt("remove the files")?;
        files::remove(&self.path.join(TOKEN)).attempt("remove the token")?;
        self.sync()?;
        done(Step::StoresRemoved);
        Ok(())
    }

    fn wrapping(&self) -> MutexGuard<'_, Option<Wrapping>> {
        self.wrapping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> Result<Slots, DirectoryError> {
        self.check_place()?;
        let file = match fs::read(self.path.join(SLOTS)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // No slots name this store. If there are pending slots, an interrupted creation has left both.
                let lost = !self.stores()?.is_empty() && !self.path.join(PENDING).exists();
                return Err(match lost {
                    true => DirectoryError::SlotsMissing,
                    false => DirectoryError::Nothing,
                });
            }
            file => file.attempt("read the slots")?,
        };
        Slots::parse(&file).map_err(|why| match why {
            Unreadable::Damaged => DirectoryError::SlotsDamaged,
            Unreadable::Newer(version) => DirectoryError::SlotsNewer(version),
        })
    }

    fn fresh_store(&self) -> Result<(String, DataKey), DirectoryError> {
        let number: [u8; 8] = slots::random().attempt("draw random numbers")?;
        let name = format!("{STORE_PREFIX}{}", data_encoding::HEXLOWER.encode(&number));
        let key = DataKey::random().attempt("draw random numbers")?;
        Ok((name, key))
    }

    fn create_store(&self, name: &str) -> Result<Placed, DirectoryError> {
        files::create_private(&self.path.join(name))
            .and_then(|file| self.placed(name, file))
            .attempt("create a store")
    }

    fn write_pending(
        &self,
        wrapping: &Wrapping,
        store: &str,
        key: &DataKey,
    ) -> Result<(), DirectoryError> {
        wrapping
            .seal(store, key)
            .and_then(|file| files::write_private(&self.path.join(PENDING), &file))
            .and_then(|()| files::sync_directory(&self.path))
            .attempt("write new slots")
    }

    /// Puts the pending slots in place. If this fails, the old ones stay.
    fn replace_slots(&self) -> Result<Replaced, DirectoryError> {
        self.sync()?;
        files::replace(&self.path, PENDING, SLOTS).attempt("replace the slots")
    }

    fn settle(&self, replaced: Replaced) -> Result<(), DirectoryError> {
        replaced
            .settle(&self.path)
            .attempt("make the new slots durable")
    }

    /// The bytes that stores take.
    pub fn store_bytes(&self) -> Result<u64, DirectoryError> {
        let lengths = self.stores()?.into_iter().map(|name| {
            let about = self.path.join(name).metadata();
            about.map(|about| about.len())
        });
        let sum: io::Result<u64> = lengths.sum();
        sum.attempt("measure the stores")
    }

    fn stores(&self) -> Result<Vec<String>, DirectoryError> {
        let names = fs::read_dir(&self.path)
            .and_then(|entries| {
                entries
                    .map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()))
                    .collect::<io::Result<Vec<_>>>()
            })
            .attempt("list the data directory")?;
        Ok(names
            .into_iter()
            .filter(|name| is_store_name(name))
            .collect())
    }

    fn remove_stores_but(&self, kept: &str) -> Result<(), DirectoryError> {
        for name in self.stores()? {
            if name != kept {
                files::remove(&self.path.join(name)).attempt("remove an old store")?;
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), DirectoryError> {
        files::sync_directory(&self.path).attempt("sync the data directory")
    }
}

fn open(
    slots: &Slots,
    passphrase: Option<&Passphrase>,
) -> Result<(Wrapping, DataKey), DirectoryError> {
    if slots.is_protected() && passphrase.is_none() {
        return Err(DirectoryError::PassphraseNeeded);
    }
    slots
        .open(passphrase)
        .ok_or(DirectoryError::WrongPassphrase)
}

/// Whether `name` is that of a store file, so that it neither leads out of the directory nor to another file in it.
fn is_store_name(name: &str) -> bool {
    name.strip_prefix(STORE_PREFIX).is_some_and(|number| {
        number.len() == 16
            && number
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
impl Directory {
    /// What a person with the passphrase can find in the store file: all blocks decrypted, in use or free.
    pub(crate) fn dug_out(&self, passphrase: &Passphrase) -> Vec<u8> {
        use crate::store::BLOCK;
        use redb::StorageBackend;
        let slots = self.slots().unwrap();
        let (_, key) = open(&slots, Some(passphrase)).unwrap();
        let file = fs::File::open(self.path.join(&slots.store)).unwrap();
        let blocks = crate::store::Blocks::open(file, key, [0; 16]).unwrap();
        let mut bytes = vec![0; blocks.len().unwrap() as usize];
        for (block, into) in (0..).zip(bytes.chunks_mut(BLOCK)) {
            // A block that was never written does not verify.
            let _ = blocks.read(block * BLOCK as u64, into);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use hedgerow_sync::store::{StorageFault, Store};

    use super::*;

    /// A disk that has no room.
    struct Full;

    impl Medium for Full {
        fn len(&self) -> io::Result<u64> {
            Ok(0)
        }
        fn set_len(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
        fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_rewrite_without_room_says_so_and_goes_on() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::own(temporary.path()).unwrap();
        let mut store = directory.create(Protection::Open).unwrap();
        let outcome = directory.rewrite_onto(&mut store, &mut |_| (), |name| {
            directory.create_store(name)?;
            Ok(Full)
        });
        match outcome {
            Err(DirectoryError::Store(error)) => assert_eq!(error.kind, StorageFault::Full),
            other => panic!("{other:?}"),
        }
        store.write(|txn| txn.put(b"still", b"here")).unwrap();
        store.close();
        assert_eq!(directory.stores().unwrap().len(), 1);
        assert!(!temporary.path().join(PENDING).exists());
        let store = directory.unlock(None).unwrap();
        assert!(store.read(|reader| reader.get(b"still")).unwrap().is_some());
    }
}
