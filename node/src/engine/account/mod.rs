//! Who we are: the keys of this device and its identity, what we tell contacts, and the user's settings.

mod rows;
#[cfg(test)]
mod tests;

use hedgerow_sync::id::{DeviceId, IdentityId, Incarnation, LogId};
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::device::{DeviceKeys, DeviceList, ListedDevice};
use hedgerow_transport::handshake::{Counted, Party};
use hedgerow_transport::keys::{BeaconKey, SigningSecret, StaticKey};
use hedgerow_transport::relay::{MAX_RELAY_NAMES, RelayEpoch, RelaySeed};
use minicbor::bytes::ByteArray;
use rand_core::CryptoRng;

pub(crate) use rows::{
    DeviceSecrets, MarkSecret, Settings, Told, load_identity_key, save_identity_key,
};

use super::fact::{FactKind, Versions};
use super::reach::relays::RelayNames;
use super::{items, rng};
use crate::tables::{Table, damaged};

/// The longest name of a person, in bytes.
pub const MAX_NAME: usize = 64;

/// Who we are. Every owner reads it.
pub(crate) struct Account {
    /// `None` on a device that has joined the identity later: it signs no device list.
    pub identity_key: Option<SigningSecret>,
    pub secrets: DeviceSecrets,
    pub told: Told,
    pub settings: Settings,
    /// The device list that we tell contacts.
    pub device_list: DeviceList,
    pub device_list_hash: [u8; 16],
    pub device_id: DeviceId,
    /// Our part of the device list.
    pub device_keys: DeviceKeys,
    pub mark_key: MarkKey,
    /// The feature bits of our hello: what this version shows.
    pub features: u64,
    /// This opening of the store. The store first holds it when something of this opening is written.
    pub incarnation: Incarnation,
    /// The next handshake counter of this incarnation.
    counter: u64,
}

impl Account {
    /// Writes a fresh identity, with this device as its first, into an empty store. False if the store is not empty.
    pub fn found(
        txn: &mut dyn Txn,
        name: &str,
        rng: &mut impl CryptoRng,
    ) -> Result<bool, StorageError> {
        let identity_key = SigningSecret::from_bytes(rng::bytes(rng));
        let signing_key = SigningSecret::from_bytes(rng::bytes(rng));
        let device_key = StaticKey::random(rng);
        let identity = identity_key.key();
        let listed = ListedDevice::sign(
            &signing_key.key(),
            &identity.verifying_key().to_bytes(),
            device_key.public(),
        );
        let device_id = DeviceId(listed.keys().device_id());
        let list =
            DeviceList::sign(&identity, 1, vec![listed]).expect("one fresh device is possible");
        let mut versions = Versions::default();
        for kind in [FactKind::DeviceList, FactKind::Profile, FactKind::BeaconKey] {
            versions.raise(kind, 1);
        }
        let secrets = DeviceSecrets {
            signing_key,
            device_key,
            mark_key: MarkSecret::from_bytes(rng::bytes(rng)),
        };
        let told = Told {
            name: name.to_owned(),
            addresses: Vec::new(),
            versions,
            device_list: list.encode().into(),
            beacon_key: BeaconKey::random(rng),
            relay_names_day: 0,
        };
        if Account::is_in(txn)? {
            return Ok(false);
        }
        save_identity_key(txn, &identity_key)?;
        secrets.save(txn)?;
        told.save(txn)?;
        Settings::default().save(txn)?;
        Account::save_device_id(txn, device_id)?;
        Ok(true)
    }

    /// Whether a store holds an identity.
    pub fn is_in(reader: &dyn Reader) -> Result<bool, StorageError> {
        reader.with(&Table::Told.key(&[]), &mut |_| {})
    }

    /// Reads the account that a store holds, for this opening of the store.
    pub fn load(reader: &dyn Reader, incarnation: Incarnation) -> Result<Account, StorageError> {
        let mut secrets = DeviceSecrets::load(reader)?;
        let told = Told::load(reader)?.ok_or_else(damaged)?;
        let device_list = DeviceList::decode_kept(&told.device_list).map_err(|_| damaged())?;
        let device_id = Account::device_id(reader)?;
        let device_keys = *device_list.device(&device_id.0).ok_or_else(damaged)?;
        secrets.device_key = secrets.device_key.known_by(device_keys.key);
        Ok(Account {
            identity_key: load_identity_key(reader)?,
            mark_key: MarkKey::new(secrets.mark_key.as_bytes()),
            features: items::FEATURES,
            secrets,
            told,
            settings: Settings::load(reader)?,
            device_list_hash: device_list.hash(),
            device_list,
            device_id,
            device_keys,
            incarnation,
            counter: 1,
        })
    }

    /// Writes down which device this is, for code that reads the store without the engine.
    pub fn save_device_id(txn: &mut dyn Txn, id: DeviceId) -> Result<(), StorageError> {
        txn.put(&Table::DeviceId.key(&[]), &id.0)
    }

    /// Which device this is.
    pub fn device_id(reader: &dyn Reader) -> Result<DeviceId, StorageError> {
        let bytes = reader.get(&Table::DeviceId.key(&[]))?.ok_or_else(damaged)?;
        bytes.try_into().map(DeviceId).map_err(|_| damaged())
    }

    /// The identity that this device belongs to.
    pub fn identity(&self) -> IdentityId {
        IdentityId(*self.device_list.identity())
    }

    /// Whether a device is one of ours.
    pub fn is_ours(&self, device: DeviceId) -> bool {
        device == self.device_id
    }

    /// The log of a space that this opening writes.
    pub fn own_log(&self) -> LogId {
        LogId {
            device: self.device_id,
            incarnation: self.incarnation,
        }
    }

    /// This side of every handshake.
    pub fn party(&self) -> Party {
        Party {
            identity: self.identity().0,
            device: self.device_id.0,
            key: self.device_keys.key,
        }
    }

    /// Draws the counter of the next handshake. Each counter of an opening is used once.
    pub fn count_handshake(&mut self) -> Counted {
        let counted = Counted {
            incarnation: self.incarnation.0,
            counter: self.counter,
        };
        self.counter += 1;
        counted
    }

    /// Whether keys are real or simulated.
    pub fn cryptography(&self) -> Cryptography {
        self.secrets.device_key.cryptography()
    }

    /// Makes keys real or simulated from now on.
    #[cfg(feature = "simulation")]
    pub fn set_cryptography(&mut self, cryptography: Cryptography) {
        let in_use = &mut self.secrets.device_key;
        *in_use = in_use.clone().under(cryptography);
    }

    /// Gives what we tell now this version, because a contact holds a newer version than ours. A device without the
    /// identity's key leaves the device list as it was signed.
    pub fn raise_to(
        &mut self,
        txn: &mut dyn Txn,
        kind: FactKind,
        version: u32,
    ) -> Result<(), StorageError> {
        if kind == FactKind::DeviceList {
            let Some(key) = &self.identity_key else {
                return Ok(());
            };
            let devices = self.device_list.listed().to_vec();
            self.device_list = DeviceList::sign(&key.key(), version, devices)
                .expect("the same devices were signed before");
            self.device_list_hash = self.device_list.hash();
            self.told.device_list = self.device_list.encode().into();
        }
        self.told.versions.raise(kind, version);
        self.told.save(txn)
    }

    /// The seed from which our names at relays derive.
    pub fn relay_seed(&self) -> RelaySeed {
        RelaySeed::derive(&self.secrets.signing_key, &self.told.beacon_key)
    }

    /// The content of the fact about names at relays.
    pub fn relay_names(&self) -> RelayNames {
        let first = self.told.relay_names_day.saturating_sub(1);
        let seed = self.relay_seed();
        let days = (first..).take(MAX_RELAY_NAMES);
        RelayNames {
            first,
            names: days
                .map(|day| ByteArray::from(seed.key(RelayEpoch(day)).name().0))
                .collect(),
        }
    }
}
