//! Which changes write which rows.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Direction, Store};
use hedgerow_transport::carrier::CarrierKind;

use super::*;
use crate::api::{Call, Power, Private, Radio, RelayPaths};
use crate::harness::{RELAY, World};
use crate::tables;

/// The rows of these tables.
fn rows(store: &MemoryStore, of: &[Table]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut rows = BTreeMap::new();
    let all = (Bound::Unbounded, Bound::Unbounded);
    let take = &mut |key: &[u8], value: &[u8]| {
        if of.iter().any(|table| key[0] == *table as u8) {
            rows.insert(key.to_vec(), value.to_vec());
        }
        ControlFlow::Continue(())
    };
    let read = store.read(|reader| reader.scan(all, Direction::Forward, take));
    read.expect("memory does not fail");
    rows
}

/// A write of equal bytes would not show. So the test first makes the rows of private keys unreadable: those that
/// are still unreadable after a change of settings were not written.
#[test]
fn a_switch_of_a_radio_rewrites_no_private_key() {
    let mut world = World::with(1, &["Ada"]);
    let private = [Table::IdentityKey, Table::DeviceSecrets];
    let store = &mut world.nodes[0].storage.store;
    assert_eq!(rows(store, &private).len(), 2);
    for table in private {
        let marked = store.write(|txn| txn.put(&table.key(&[]), b"marked"));
        marked.expect("memory does not fail");
    }
    let marked = rows(&world.nodes[0].storage.store, &private);
    let settings = rows(&world.nodes[0].storage.store, &[Table::Settings]);
    let radio = Radio {
        power: Power::Saver,
        show_address: false,
    };
    for call in [
        Call::SetRadio(radio),
        Call::SwitchCarrier(CarrierKind::Memory, false),
        Call::SwitchCarrier(CarrierKind::Memory, true),
        Call::AnnounceOver(CarrierKind::Memory, false),
        Call::AddRelay(Private(RELAY.to_owned())),
        Call::SetRelayPaths(RelayPaths::Relayed),
        Call::SetName(Private("Ada L.".to_owned())),
    ] {
        world.ask(0, call).expect("it can be done");
    }
    world.run(60_000);
    let store = &world.nodes[0].storage.store;
    assert_eq!(rows(store, &private), marked);
    assert_ne!(rows(store, &[Table::Settings]), settings);
}

#[test]
fn a_device_without_the_identity_s_key_opens_and_leaves_the_device_list_as_it_was_signed() {
    let mut world = World::with(1, &["Ada"]);
    let store = &mut world.nodes[0].storage.store;
    let removed = store.write(|txn| txn.remove(&Table::IdentityKey.key(&[])));
    removed.expect("memory does not fail");
    let raised = store.write(|txn| {
        let mut account = Account::load(txn, Incarnation(1))?;
        assert!(account.identity_key.is_none());
        let list = account.device_list_hash;
        account.raise_to(txn, FactKind::DeviceList, 5)?;
        account.raise_to(txn, FactKind::Profile, 5)?;
        assert_eq!(account.device_list_hash, list);
        Ok(account.told.versions)
    });
    let raised = raised.expect("memory does not fail");
    assert_eq!(raised.of(FactKind::DeviceList), 1);
    assert_eq!(raised.of(FactKind::Profile), 5);
    let kept: Option<Told> = store
        .read(|reader| tables::load(reader, &Table::Told.key(&[])))
        .expect("memory does not fail");
    assert_eq!(kept.expect("it is there").versions, raised);
}
