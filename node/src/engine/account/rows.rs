//! The rows in which a device keeps its own data. What changes often has a row of its own, so that writing it never
//! rewrites a private key.

use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_transport::carrier::{Address, CarrierKind};
use hedgerow_transport::keys::{BeaconKey, SigningSecret, StaticKey};
use hedgerow_transport::relay::RelayPaths;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::api::Radio;
use crate::engine::fact::{FactKind, Versions};
use crate::tables::{self, Table, damaged};

/// The secret behind our own marks: 32 random bytes, drawn once.
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

/// The private keys of this device. They are written once.
#[derive(Encode, Decode)]
pub(crate) struct DeviceSecrets {
    #[cbor(n(0), with = "crate::engine::codec::fixed")]
    pub signing_key: SigningSecret,
    #[cbor(n(1), with = "crate::engine::codec::fixed")]
    pub device_key: StaticKey,
    #[cbor(n(2), with = "crate::engine::codec::fixed")]
    pub mark_key: MarkSecret,
}

/// What we tell contacts about this device and its identity.
#[derive(Encode, Decode)]
pub(crate) struct Told {
    #[n(0)]
    pub name: String,
    /// Where this device can be reached.
    #[n(1)]
    pub addresses: Vec<String>,
    /// The version of each fact.
    #[n(2)]
    pub versions: Versions,
    /// The signed device list.
    #[n(3)]
    pub device_list: ByteVec,
    #[cbor(n(4), with = "crate::engine::codec::fixed")]
    pub beacon_key: BeaconKey,
    /// The day on which we last told names at relays.
    #[n(5)]
    pub relay_names_day: u64,
}

/// What the user has decided about this device.
#[derive(Default, Encode, Decode)]
pub(crate) struct Settings {
    /// Carriers that are switched off.
    #[n(0)]
    pub switched_off: Vec<u8>,
    /// Carriers over which the user does not let this device be announced.
    #[n(1)]
    pub unannounced: Vec<u8>,
    /// How Bluetooth LE uses its radio.
    #[n(2)]
    pub radio: Radio,
    /// Relays that the user has added.
    #[n(3)]
    pub relays: Vec<String>,
    /// The paths to relays that the user allows.
    #[n(4)]
    pub relay_paths: RelayPaths,
    /// Contacts are told what was read, and what they have read is shown.
    #[n(5)]
    pub receipts: bool,
}

/// The private key of the identity; `None` on a device that has joined it later.
pub(crate) fn load_identity_key(
    reader: &dyn Reader,
) -> Result<Option<SigningSecret>, StorageError> {
    let Some(bytes) = reader.get(&Table::IdentityKey.key(&[]))? else {
        return Ok(None);
    };
    let bytes = zeroize::Zeroizing::new(bytes);
    let bytes = bytes.as_slice().try_into().map_err(|_| damaged())?;
    Ok(Some(SigningSecret::from_bytes(bytes)))
}

/// Writes the private key of the identity, once.
pub(crate) fn save_identity_key(
    txn: &mut dyn Txn,
    key: &SigningSecret,
) -> Result<(), StorageError> {
    txn.put(&Table::IdentityKey.key(&[]), key.as_bytes())
}

impl DeviceSecrets {
    pub fn load(reader: &dyn Reader) -> Result<DeviceSecrets, StorageError> {
        tables::load(reader, &Table::DeviceSecrets.key(&[]))?.ok_or_else(damaged)
    }

    pub fn save(&self, txn: &mut dyn Txn) -> Result<(), StorageError> {
        tables::save(txn, &Table::DeviceSecrets.key(&[]), self)
    }
}

impl Told {
    /// `None` in a store without an identity.
    pub fn load(reader: &dyn Reader) -> Result<Option<Told>, StorageError> {
        tables::load(reader, &Table::Told.key(&[]))
    }

    pub fn save(&self, txn: &mut dyn Txn) -> Result<(), StorageError> {
        tables::save(txn, &Table::Told.key(&[]), self)
    }

    /// Gives a fact its next version, and returns it.
    pub fn raise(&mut self, kind: FactKind) -> u32 {
        let version = self.versions.of(kind).saturating_add(1);
        self.versions.raise(kind, version);
        version
    }
}

impl Settings {
    pub fn load(reader: &dyn Reader) -> Result<Settings, StorageError> {
        tables::load(reader, &Table::Settings.key(&[]))?.ok_or_else(damaged)
    }

    pub fn save(&self, txn: &mut dyn Txn) -> Result<(), StorageError> {
        tables::save(txn, &Table::Settings.key(&[]), self)
    }

    /// Whether the user has switched a carrier off.
    pub fn is_off(&self, kind: CarrierKind) -> bool {
        self.switched_off.contains(&(kind as u8))
    }

    /// Whether the user lets this device be announced over a carrier.
    pub fn is_announced_over(&self, kind: CarrierKind) -> bool {
        !self.unannounced.contains(&(kind as u8))
    }

    /// Whether the user has added this address of a relay.
    pub fn has_relay(&self, relay: &Address) -> bool {
        self.relays.contains(&relay.0)
    }

    /// Puts a carrier into a list of carriers, or takes it out.
    pub fn list(carriers: &mut Vec<u8>, kind: CarrierKind, listed: bool) {
        carriers.retain(|one| *one != kind as u8);
        if listed {
            carriers.push(kind as u8);
        }
    }
}
