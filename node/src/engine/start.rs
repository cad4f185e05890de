//! The first start, and every other.

use std::cell::OnceCell;
use std::collections::{BTreeMap, VecDeque};

use hedgerow_sync::id::{DeviceId, IdentityId, Incarnation};
use hedgerow_sync::store::{Reader, StorageError, Store};
use hedgerow_transport::cryptography::Cryptography;
use rand_core::CryptoRng;

use super::account::{Account, MAX_NAME};
use super::announcing::is_way_known;
use super::dialling::{Dialling, Target};
#[cfg(feature = "sized")]
use super::hints::Hints;
use super::invitation::InvitationKey;
use super::joining::Joining;
use super::path_upgrade::PathUpgrades;
use super::pending_events::PendingEvents;
use super::presence::Presence;
use super::relays::Relays;
use super::status::TrafficCount;
use super::{Engine, Now};
use crate::store::schema;
use crate::tables::{self, Table, damaged};

/// How long nobody may have been seen before a start for it to be believed, in milliseconds: half a year.
const BELIEVABLE_MS: i64 = 182 * 86_400_000;

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
    /// The tables of the store are not those that this version knows: it was not brought forward, or is
    /// newer.
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
    /// Makes a fresh identity in a store that is empty but for its version, and opens it.
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

    /// Makes a fresh identity in a store that is empty but for its version.
    ///
    /// # Errors
    /// The store is not empty or failed, or the name will not do.
    pub fn found(
        store: &mut impl Store,
        name: &str,
        rng: &mut impl CryptoRng,
    ) -> Result<(), OpenError> {
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

    /// Opens what a store holds, as a new incarnation. Nothing is written.
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

    /// The same, completed by what the store does not hold yet before anything is decided.
    pub(super) fn open_with(
        store: &impl Store,
        now: Now,
        rng: &mut impl CryptoRng,
        complete: impl FnOnce(&mut Engine),
    ) -> Result<Engine, OpenError> {
        let incarnation = Incarnation(rng.next_u64());
        let loaded = store.read(|reader| match schema::version(reader)? {
            Some(found) if found != schema::current() => Ok(Err(OpenError::Version { found })),
            Some(_) if Account::is_in(reader)? => load(reader, incarnation).map(Ok),
            Some(_) | None => Ok(Err(OpenError::Empty)),
        })?;
        let mut engine = loaded?;
        complete(&mut engine);
        let targets: Vec<Target> = engine
            .devices
            .keys()
            .filter(|id| engine.may_talk_to(**id))
            .map(|id| Target::Device(*id))
            .chain(engine.joinings.keys().map(|id| Target::Inviter(*id)))
            .collect();
        for target in targets {
            match is_way_known(&engine.devices, target) {
                true => engine.dialling.want(target, now.mono_ms),
                false => engine.dialling.wait_for(target),
            }
        }
        if engine.is_clock_doubtful(now) {
            engine.presence.doubt_clocks(now);
        }
        Ok(engine)
    }

    /// Answers a beacon by a dial after a random pause of at most so many milliseconds, instead of the two
    /// seconds of `docs/PROTOCOL.md` section 11: for simulations of devices that connect at once.
    pub fn set_beacon_pause(&mut self, longest_ms: u64) {
        self.dialling.set_beacon_pause(longest_ms);
    }

    /// Whether our clock is behind what the store knows, or very far beyond it.
    fn is_clock_doubtful(&self, now: Now) -> bool {
        let seen = self
            .devices
            .values()
            .filter_map(|device| device.last_seen_ms);
        seen.max().is_some_and(|seen_ms| {
            now.wall_ms < seen_ms || now.wall_ms > seen_ms.saturating_add(BELIEVABLE_MS)
        })
    }

    /// Uses keys in this way from now on. To be called right after the engine was made or opened, and on
    /// all engines of a world alike.
    pub fn set_cryptography(&mut self, cryptography: Cryptography) {
        self.account.set_cryptography(cryptography);
        for prekey in self.prekeys.values_mut() {
            prekey.key = prekey.key.clone().under(cryptography);
        }
    }
}

fn load(reader: &dyn Reader, incarnation: Incarnation) -> Result<Engine, StorageError> {
    Ok(Engine {
        account: Account::load(reader, incarnation)?,
        contacts: keyed(reader, Table::Contacts, IdentityId)?,
        names: OnceCell::new(),
        devices: keyed(reader, Table::Devices, DeviceId)?,
        invitations: keyed(reader, Table::Invitations, |id| {
            InvitationKey(u64::from_be_bytes(id))
        })?,
        joinings: Joining::load(reader)?.into_iter().collect(),
        prekeys: keyed(reader, Table::Prekeys, u32::from_be_bytes)?,
        carriers: BTreeMap::new(),
        links: BTreeMap::new(),
        sessions: BTreeMap::new(),
        behind: VecDeque::new(),
        strangers: VecDeque::new(),
        refusals: BTreeMap::new(),
        unsaved: BTreeMap::new(),
        dialling: Dialling::default(),
        path_upgrades: PathUpgrades::default(),
        presence: Presence::default(),
        relays: Relays::default(),
        #[cfg(feature = "sized")]
        hints: Hints::default(),
        traffic: TrafficCount::default(),
        pending: PendingEvents::default(),
        couriering: None,
        stopping: false,
        ticked: None,
    })
}

/// A whole table, by what its keys name.
fn keyed<const N: usize, K: Ord, T: for<'b> minicbor::Decode<'b, ()>>(
    reader: &dyn Reader,
    table: Table,
    key: impl Fn([u8; N]) -> K,
) -> Result<BTreeMap<K, T>, StorageError> {
    tables::load_all(reader, table)?
        .into_iter()
        .map(|(bytes, record)| Ok((key(bytes.try_into().map_err(|_| damaged())?), record)))
        .collect()
}
