//! Attacks by a contact who has changed its own program. Each test changes the attacker's store, and the attacker's
//! engine then sends what it reads there.

mod files;
mod links;
mod lists;
mod messages;
mod prekeys;
mod rescue;

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use ed25519_dalek::SigningKey;
use hedgerow_sync::entry::{Body, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::space;
use hedgerow_sync::store::{Direction, Store};
use hedgerow_transport::device::DeviceKeys;
use minicbor::{Decode, Encode};

use super::account::{Account, DeviceSecrets, Told, load_identity_key};
use super::content;
use super::conversations::Conversation;
use super::fact::FactKind;
use super::people::contact::Contact;
use super::people::device::Device;
use crate::api::ContactId;
use crate::harness::World;
use crate::tables::{self, Table};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// All rows of a store.
fn rows(store: &MemoryStore) -> Rows {
    let mut rows = Rows::new();
    let all = (Bound::Unbounded, Bound::Unbounded);
    store
        .read(|reader| {
            reader.scan(all, Direction::Forward, &mut |key, value| {
                rows.insert(key.to_vec(), value.to_vec());
                ControlFlow::Continue(())
            })
        })
        .expect("memory does not fail");
    rows
}

/// All rows of a node except those about one device: its record, and its handshakes.
fn rows_but_of(world: &World, node: usize, device: DeviceId) -> Rows {
    let mut rows = rows(&world.nodes[node].storage.store);
    let own = [Table::Devices, Table::ReplayWindows].map(|table| table.key(&[&device.0]));
    rows.retain(|key, _| !own.iter().any(|own| key.starts_with(own)));
    rows
}

/// The rows of one table.
fn table(world: &World, node: usize, table: Table) -> Rows {
    let mut rows = rows(&world.nodes[node].storage.store);
    rows.retain(|key, _| key[0] == table as u8);
    rows
}

fn load<T: for<'b> Decode<'b, ()>>(store: &MemoryStore, key: &[u8]) -> T {
    let loaded = store.read(|reader| tables::load(reader, key));
    loaded.expect("memory does not fail").expect("there is one")
}

fn change<T: for<'b> Decode<'b, ()> + Encode<()>>(
    store: &mut MemoryStore,
    key: &[u8],
    change: impl FnOnce(&mut T),
) {
    let mut record: T = load(store, key);
    change(&mut record);
    store
        .write(|txn| tables::save(txn, key, &record))
        .expect("memory does not fail");
}

fn keys(world: &World, node: usize) -> DeviceKeys {
    world.nodes[node].engine().owners.account.device_keys
}

fn device(world: &World, node: usize) -> DeviceId {
    world.nodes[node].engine().owners.account.device_id
}

/// The private keys of a store's device.
fn secrets(store: &MemoryStore) -> DeviceSecrets {
    let loaded = store.read(|reader| DeviceSecrets::load(reader));
    loaded.expect("memory does not fail")
}

/// The private key of a store's identity.
fn identity_key(store: &MemoryStore) -> SigningKey {
    let loaded = store.read(|reader| load_identity_key(reader));
    let key = loaded.expect("memory does not fail");
    key.expect("it is the first device").key()
}

/// Changes the record of a contact's device in a store.
fn change_device(store: &mut MemoryStore, id: DeviceId, how: impl FnOnce(&mut Device)) {
    change(store, &Table::Devices.key(&[&id.0]), how);
}

/// Replaces the store's own device list.
fn put_list(store: &mut MemoryStore, version: u32, list: Vec<u8>) {
    change(store, &Table::Told.key(&[]), |told: &mut Told| {
        told.versions.raise(FactKind::DeviceList, version);
        told.device_list = list.into();
    });
}

/// Writes a text into the only conversation of a store in the name of another device.
fn write_as(store: &mut MemoryStore, device: DeviceId, text: &str) {
    append_as(store, device, What::TEXT, content::text_body(text));
}

/// Writes any entry there in that name.
fn append_as(store: &mut MemoryStore, device: DeviceId, what: What, body: Body) -> EntryId {
    let conversations = store.read(|reader| Conversation::all(reader));
    let (space, _) = conversations.expect("memory does not fail").remove(0);
    let log = LogId {
        device,
        incarnation: Incarnation(7),
    };
    let appended = store.write(|txn| {
        let appended = space::append(txn, space, log, 1_790_000_000_000, what, body);
        Ok(appended.expect("there is a conversation").id)
    });
    appended.expect("memory does not fail")
}

/// What a node shows of a contact, who may be away.
fn known(world: &mut World, node: usize, id: &ContactId) -> crate::api::Contact {
    let mut contacts = world.contacts(node).into_iter();
    contacts
        .find(|contact| contact.id == *id)
        .expect("a contact")
}
