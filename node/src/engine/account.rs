//! This device and its identity: keys, name, and the versions of what contacts are told.

use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_transport::carrier::CarrierKind;
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::keys::{BeaconKey, SigningSecret, StaticKey};
use hedgerow_transport::relay::RelayPaths;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::fact::Versions;
use crate::api::Radio;
use crate::tables::{self, Table, damaged};

/// The longest name of a person, in bytes.
pub const MAX_NAME: usize = 64;

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
    pub identity_key: SigningSecret,
    #[cbor(n(1), with = "super::codec::fixed")]
    pub signing_key: SigningSecret,
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
    /// Carriers over which the user does not want to be announced.
    #[cbor(n(10), default)]
    pub unannounced: Vec<u8>,
    /// Relays that the user has added.
    #[cbor(n(11), default)]
    pub relays: Vec<String>,
    /// The day on which contacts were last told names at relays.
    #[cbor(n(12), default)]
    pub relay_names_day: u64,
    /// How the radio is to be used.
    #[cbor(n(13), default)]
    pub radio: Radio,
    /// How relays are reached.
    #[cbor(n(14), default)]
    pub relay_paths: RelayPaths,
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

    /// Whether the user has switched a carrier off.
    pub fn is_off(&self, kind: CarrierKind) -> bool {
        self.switched_off.contains(&(kind as u8))
    }

    /// How keys are used here.
    pub fn cryptography(&self) -> Cryptography {
        self.device_key.cryptography()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_from_before_announcing_could_be_switched_off_announces() {
        let account = Account {
            identity_key: SigningSecret::from_bytes([1; 32]),
            signing_key: SigningSecret::from_bytes([2; 32]),
            device_key: StaticKey::from_bytes([3; 32]),
            mark_key: MarkSecret::from_bytes([4; 32]),
            beacon_key: BeaconKey::from_bytes([5; 32]),
            name: "Ana".to_owned(),
            addresses: Vec::new(),
            versions: Versions::default(),
            device_list: Vec::new().into(),
            switched_off: vec![1],
            unannounced: Vec::new(),
            relays: Vec::new(),
            relay_names_day: 0,
            radio: Radio::default(),
            relay_paths: RelayPaths::Direct,
        };
        let mut row = tables::encoded(&account);
        // An array of fifteen fields, the last of which are empty, empty, zero, the radio and the paths: it had
        // ten.
        assert_eq!(row[0], 0x8f);
        let newer = [0x80, 0x80, 0x00, 0x82, 0x01, 0xf4, 0x82, 0x00, 0x80];
        assert!(row.ends_with(&newer));
        row[0] = 0x8a;
        row.truncate(row.len() - newer.len());
        let older: Account = minicbor::decode(&row).expect("a row of before");
        assert_eq!(
            (older.switched_off, older.unannounced, older.relays),
            (vec![1], Vec::new(), Vec::new())
        );
        assert_eq!(older.radio, Radio::default());
    }
}
