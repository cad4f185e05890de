//! Versions of the tables: older stores are brought forward, newer ones left alone.

use hedgerow_node::api::{Call, Private};
use hedgerow_node::harness::World;
use hedgerow_node::store::schema::{Migration, SchemaError, migrate, version};
use hedgerow_node::store::{RedbStore, schema};
use hedgerow_sync::store::{StorageError, StorageFault, Store};

use super::crashes::{content, key};
use super::disk::{Disk, power_cut};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// Version 6 doubles the first row, version 7 adds one.
const MIGRATIONS: &[Migration] = &[
    |txn| {
        let value = txn.get(&[0x10])?.unwrap_or_default();
        txn.put(&[0x10], &value.repeat(2))
    },
    |txn| txn.put(&[0x11], b"new"),
];

fn of_the_oldest_version() -> Disk {
    let disk = Disk::default();
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    migrate(&mut store, &[]).unwrap();
    store.write(|txn| txn.put(&[0x10], b"old")).unwrap();
    disk
}

fn open(disk: &Disk) -> RedbStore {
    RedbStore::open(Disk::holding(disk.bytes()), &key()).unwrap()
}

#[test]
fn a_new_store_begins_at_the_newest_version() {
    let mut store = RedbStore::open(Disk::default(), &key()).unwrap();
    migrate(&mut store, MIGRATIONS).unwrap();
    assert_eq!(store.read(|reader| version(reader)).unwrap(), Some(7));
    assert_eq!(content(&store).len(), 1);
}

#[test]
fn an_older_store_is_brought_forward_once() {
    let mut store = open(&of_the_oldest_version());
    for _ in 0..2 {
        migrate(&mut store, MIGRATIONS).unwrap();
        let content = content(&store);
        assert_eq!(content[&[0x10][..]], b"oldold");
        assert_eq!(content[&[0x11][..]], b"new");
        assert_eq!(store.read(|reader| version(reader)).unwrap(), Some(7));
    }
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let disk = of_the_oldest_version();
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    migrate(&mut store, MIGRATIONS).unwrap();
    let before = disk.op_count();
    match migrate(&mut store, &MIGRATIONS[..1]) {
        Err(SchemaError::Newer { found: 7, known: 6 }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(disk.op_count(), before);
}

#[test]
fn a_store_of_an_early_version_is_refused_and_left_as_it_is() {
    let disk = of_the_oldest_version();
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    store.write(|txn| txn.put(&[0x01], &[0, 2])).unwrap();
    let before = disk.op_count();
    match migrate(&mut store, schema::MIGRATIONS) {
        Err(error @ SchemaError::Older { found: 2 }) => {
            assert!(error.to_string().contains("an early version of Hedgerow"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(disk.op_count(), before);
}

#[test]
fn a_migration_that_fails_leaves_the_version_before_it() {
    let broken: &[Migration] = &[MIGRATIONS[0], |txn| {
        txn.put(&[0x11], b"half")?;
        Err(StorageError {
            reason: "no".to_owned(),
            kind: StorageFault::Io,
        })
    }];
    let mut store = open(&of_the_oldest_version());
    assert!(migrate(&mut store, broken).is_err());
    assert_eq!(store.read(|reader| version(reader)).unwrap(), Some(6));
    assert!(!content(&store).contains_key(&[0x11][..]));
    migrate(&mut store, MIGRATIONS).unwrap();
    assert_eq!(content(&store)[&[0x10][..]], b"oldold");
}

#[test]
fn a_power_cut_at_each_operation_of_a_migration_leaves_one_version_whole() {
    let begun = of_the_oldest_version().bytes();
    let disk = Disk::holding(begun.clone());
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    migrate(&mut store, MIGRATIONS).unwrap();
    store.close();
    let ops = disk.ops();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for cut in 0..ops.len() {
        let synced = super::disk::synced(&ops[..cut]);
        let mut durable = begun.clone();
        for op in &ops[..synced] {
            super::disk::apply(&mut durable, op);
        }
        let image = power_cut(&durable, &ops[synced..cut], &mut rng);
        let mut store = RedbStore::open(Disk::holding(image), &key()).unwrap();
        let reached = store.read(|reader| version(reader)).unwrap().unwrap();
        let found = content(&store);
        let doubled = found[&[0x10][..]] == b"oldold";
        assert_eq!(
            (doubled, found.contains_key(&[0x11][..])),
            (reached > 5, reached > 6)
        );
        migrate(&mut store, MIGRATIONS).unwrap();
        assert_eq!(content(&store)[&[0x10][..]], b"oldold");
    }
}

#[test]
fn a_store_from_before_groups_opens_and_one_with_groups_is_refused_by_the_version_before() {
    let mut world = World::with(1, &["Ada", "Ben"]);
    world.meet(0, 1);
    world.send(0, 1, "hello");
    world.delivered(0, 1);
    let mut store = world.nodes[0].storage.store.clone();
    store.write(|txn| txn.put(&[0x01], &[0, 6])).unwrap();
    migrate(&mut store, schema::MIGRATIONS).unwrap();
    world.roll_back(0, store);
    assert_eq!(world.texts(0, 1), ["hello"]);
    let made = world.ask(0, Call::NewGroup(Private("Riverside".into())));
    assert!(made.is_ok());
    let mut store = world.nodes[0].storage.store.clone();
    match migrate(&mut store, &schema::MIGRATIONS[..1]) {
        Err(error @ SchemaError::Newer { found: 7, known: 6 }) => {
            assert!(error.to_string().contains("use a newer Hedgerow"));
        }
        other => panic!("{other:?}"),
    }
}
