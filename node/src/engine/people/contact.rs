//! A contact: an identity whose keys we hold, and what the user has said about it.

use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::{StorageError, Txn};
use hedgerow_transport::device::DeviceKeys;
use minicbor::{Decode, Encode};

use crate::api::ContactId;
use crate::tables::{self, Table};

/// What is kept about a contact.
#[derive(Encode, Decode)]
pub(crate) struct Contact {
    /// What the contact calls itself.
    #[n(0)]
    pub own_name: String,
    /// What the user calls it; empty if nothing else.
    #[n(1)]
    pub alias: String,
    /// Met in person, or safety words compared.
    #[n(2)]
    pub verified: bool,
    #[n(3)]
    pub blocked: bool,
    /// It runs an older state or was restored, and the user has not looked yet.
    #[n(4)]
    pub older_state: bool,
    /// Its signed device list, as it came.
    #[cbor(n(5), with = "crate::engine::codec::shared")]
    pub device_list: Bytes,
    /// The devices in it.
    #[n(6)]
    pub devices: Vec<DeviceKeys>,
    /// What it was called here before it gave itself another name, until the user has decided what to call it.
    #[n(7)]
    pub former_name: Option<String>,
}

impl Contact {
    pub fn save(&self, txn: &mut dyn Txn, id: IdentityId) -> Result<(), StorageError> {
        tables::save(txn, &Table::Contacts.key(&[&id.0]), self)
    }

    /// The ids of its devices.
    pub fn device_ids(&self) -> Vec<DeviceId> {
        self.devices
            .iter()
            .map(|device| DeviceId(device.device_id()))
            .collect()
    }

    /// It has given itself another name: the user learns which one it had, if that was shown.
    pub fn rename_itself(&mut self, name: String) {
        let before = std::mem::replace(&mut self.own_name, name);
        if self.alias.is_empty() {
            self.former_name.get_or_insert(before);
        }
        self.former_name.take_if(|former| *former == self.own_name);
    }

    /// The user has decided what to call it; empty: as it calls itself.
    pub fn rename(&mut self, alias: String) {
        self.alias = alias;
        self.former_name = None;
    }

    /// The name to show.
    pub fn name(&self) -> &str {
        if self.alias.is_empty() {
            &self.own_name
        } else {
            &self.alias
        }
    }
}

/// The id of a contact in the API: the first half of its identity, in hex.
pub(crate) fn api_id(identity: IdentityId) -> ContactId {
    ContactId(data_encoding::HEXLOWER.encode(&identity.0[..16]))
}
