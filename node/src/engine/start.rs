//! Makes a new identity, and opens the engine on a store.

use std::collections::{BTreeMap, VecDeque};

use hedgerow_sync::id::Incarnation;
use hedgerow_sync::store::{Reader, StorageError, Store};
#[cfg(feature = "simulation")]
use hedgerow_transport::cryptography::Cryptography;
use rand_core::CryptoRng;

use super::account::{Account, MAX_NAME};
use super::conversations::Conversations;
use super::disappearing::Disappearing;
use super::files::Files;
use super::groups::{Groups, Turns};
use super::links::Links;
use super::people::People;
use super::reach::Reach;
use super::receipts::Receipts;
use super::searching::Waiting;
use super::status::TrafficCount;
use super::{Engine, Now, Owners};
use crate::store::schema;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The store holds no identity: nothing was created in it yet.
    #[error("there is no identity in this store")]
    Empty,
    /// The store holds an identity already.
    #[error("there is an identity in this store already")]
    NotEmpty,
    /// The store has tables of another version, older or newer.
    #[error("the store has version {found}")]
    Version {
        /// Its version.
        found: u16,
    },
    /// The name is empty or longer than allowed.
    #[error("a name has 1 to {MAX_NAME} bytes")]
    Name,
}

impl Engine {
    /// Makes a fresh identity in a store that holds nothing but its version, and opens it.
    ///
    /// # Errors
    /// As [`found`](Self::found).
    pub fn create(
        store: &mut impl Store,
        name: &str,
        now: Now,
        rng: &mut impl CryptoRng,
    ) -> Result<Engine, OpenError> {
        Engine::found(store, name, rng)?;
        Engine::open(store, now, rng)
    }

    /// Makes a fresh identity in a store that holds nothing but its version.
    ///
    /// # Errors
    /// The store is not empty or failed, or the name is empty or too long.
    pub fn found(
        store: &mut impl Store,
        name: &str,
        rng: &mut impl CryptoRng,
    ) -> Result<(), OpenError> {
        // The host checks more strictly what people type. A hostile peer may use any name that fits.
        let name = name.trim();
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(OpenError::Name);
        }
        let empty = store.write(|txn| Account::found(txn, name, rng))?;
        if !empty {
            return Err(OpenError::NotEmpty);
        }
        Ok(())
    }

    /// Opens the identity in a store, as a new incarnation. Writes nothing.
    ///
    /// # Errors
    /// The store failed, holds no identity, or is of another version.
    pub fn open(
        store: &impl Store,
        now: Now,
        rng: &mut impl CryptoRng,
    ) -> Result<Engine, OpenError> {
        Engine::open_with(store, now, rng, |_| {})
    }

    /// As [`open`](Self::open). `complete` may add what the store does not hold yet, before the engine decides
    /// anything.
    pub(super) fn open_with(
        store: &impl Store,
        now: Now,
        rng: &mut impl CryptoRng,
        complete: impl FnOnce(&mut Engine),
    ) -> Result<Engine, OpenError> {
        let incarnation = Incarnation(rng.next_u64());
        let loaded = store.read(|reader| match schema::version(reader)? {
            Some(found) if found != schema::current() => Ok(Err(OpenError::Version { found })),
            Some(_) if Account::is_in(reader)? => load(reader, incarnation, now).map(Ok),
            Some(_) | None => Ok(Err(OpenError::Empty)),
        })?;
        let mut engine = loaded?;
        complete(&mut engine);
        engine.owners.reach = Reach::open(&engine.owners.people, now);
        Ok(engine)
    }

    /// Answers beacons after a random pause of at most this many milliseconds, instead of the two seconds of
    /// `docs/PROTOCOL.md` section 11. For simulations of devices that connect at once.
    #[cfg(feature = "simulation")]
    pub fn set_beacon_pause(&mut self, longest_ms: u64) {
        self.owners.reach.set_beacon_pause(longest_ms);
    }

    /// Makes keys real or simulated from now on. Call it right after you have made or opened the engine, and in the
    /// same way on all engines of a world.
    #[cfg(feature = "simulation")]
    pub fn set_cryptography(&mut self, cryptography: Cryptography) {
        self.owners.account.set_cryptography(cryptography);
        self.owners.people.set_cryptography(cryptography);
    }
}

fn load(reader: &dyn Reader, incarnation: Incarnation, now: Now) -> Result<Engine, StorageError> {
    let mut conversations = Conversations::load(reader)?;
    let groups = Groups::load(reader, &mut conversations)?;
    let waiting = Waiting::load(reader, conversations.shown().map(|(space, _)| space))?;
    Ok(Engine {
        owners: Owners {
            account: Account::load(reader, incarnation)?,
            people: People::load(reader)?,
            conversations,
            groups,
            turns: Turns::default(),
            reach: Reach::default(),
            disappearing: Disappearing::load(reader, now)?,
            sessions: BTreeMap::new(),
            traffic: TrafficCount::default(),
            receipts: Receipts::default(),
            files: Files::default(),
            waiting,
            couriering: None,
            #[cfg(feature = "simulation")]
            simulates: false,
            stopping: false,
        },
        links: Links::default(),
        imports: VecDeque::new(),
        ticked: None,
    })
}
