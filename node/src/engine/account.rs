//! This device and its identity: keys, name, and the versions of what contacts are told.

use ed25519_dalek::SigningKey;
use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_transport::keys::{BeaconKey, StaticKey};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::fact::Versions;
use crate::tables::{self, Table, damaged};

/// The longest name of a person, in bytes.
pub(crate) const MAX_NAME: usize = 64;

/// What one's own marks are made with: 32 random bytes, drawn once.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct MarkSecret([u8; 32]);

impl MarkSecret {
    pub fn from_bytes(bytes: [u8; 32]) -> MarkSecret {
        MarkSecret(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What is kept about oneself.
#[derive(Encode, Decode)]
pub(crate) struct Account {
    #[cbor(n(0), with = "super::codec::fixed")]
    pub identity_key: SigningKey,
    #[cbor(n(1), with = "super::codec::fixed")]
    pub signing_key: SigningKey,
    #[cbor(n(2), with = "super::codec::fixed")]
    pub device_key: StaticKey,
    #[cbor(n(3), with = "super::codec::fixed")]
    pub mark_key: MarkSecret,
    #[cbor(n(4), with = "super::codec::fixed")]
    pub beacon_key: BeaconKey,
    #[n(5)]
    pub name: String,
    /// Where this device can be reached, as its contacts were last told.
    #[n(6)]
    pub addresses: Vec<String>,
    /// The version of each fact about this device.
    #[n(7)]
    pub versions: Versions,
    /// The signed device list.
    #[n(8)]
    pub device_list: ByteVec,
    /// Carriers that the user has switched off.
    #[n(9)]
    pub switched_off: Vec<u8>,
}

impl Account {
    pub fn save(&self, txn: &mut dyn Txn) -> Result<(), StorageError> {
        tables::save(txn, &Table::Account.key(&[]), self)
    }

    /// Writes down which device this is, for those who read without the engine.
    pub fn save_device_id(txn: &mut dyn Txn, id: DeviceId) -> Result<(), StorageError> {
        txn.put(&Table::DeviceId.key(&[]), &id.0)
    }

    /// Which device this is.
    pub fn device_id(reader: &dyn Reader) -> Result<DeviceId, StorageError> {
        let bytes = reader.get(&Table::DeviceId.key(&[]))?.ok_or_else(damaged)?;
        bytes.try_into().map(DeviceId).map_err(|_| damaged())
    }

    pub fn identity(&self) -> IdentityId {
        IdentityId(self.identity_key.verifying_key().to_bytes())
    }
}
