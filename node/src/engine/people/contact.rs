//! A contact: an identity whose keys we hold, and what the user has decided about it.

use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_transport::device::DeviceKeys;
use minicbor::{Decode, Encode};

use crate::api::ContactId;
use crate::tables::{self, Table};

/// The stored record of a contact.
#[derive(Encode, Decode)]
pub(crate) struct Contact {
    /// The name that the contact gives itself.
    #[n(0)]
    pub own_name: String,
    /// The name that the user gives it; empty if none.
    #[n(1)]
    pub alias: String,
    /// The two have met in person, or the user has compared the safety words.
    #[n(2)]
    pub verified: bool,
    #[n(3)]
    pub blocked: bool,
    /// One of the two devices seems to run an older state or a copy, and the user has not dealt with that yet.
    #[n(4)]
    pub older_state: bool,
    /// Its signed device list, byte for byte as it came.
    #[cbor(n(5), with = "crate::engine::codec::shared")]
    pub device_list: Bytes,
    /// The devices in it.
    #[n(6)]
    pub devices: Vec<DeviceKeys>,
    /// The name shown before the contact gave itself another one, until the user has decided what to call it.
    #[n(7)]
    pub former_name: Option<String>,
}

/// Whether a contact is verified.
pub(crate) fn is_verified(
    reader: &(impl Reader + ?Sized),
    id: IdentityId,
) -> Result<bool, StorageError> {
    let contact: Option<Contact> = tables::load(reader, &Table::Contacts.key(&[&id.0]))?;
    Ok(contact.is_some_and(|contact| contact.verified))
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

    /// The contact gives itself another name. If the old one was shown, keeps it for the user to see.
    pub fn rename_itself(&mut self, name: String) {
        let before = std::mem::replace(&mut self.own_name, name);
        if self.alias.is_empty() {
            self.former_name.get_or_insert(before);
        }
        self.former_name.take_if(|former| *former == self.own_name);
    }

    /// The user has decided what to call it; empty for the name that it gives itself.
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
