//! What every store must do.

use hedgerow_node::store::RedbStore;
use hedgerow_sync::conformance;

use super::crashes::key;
use super::disk::Disk;

#[test]
fn the_encrypted_store_conforms() {
    conformance::all(|| RedbStore::open(Disk::default(), &key()).unwrap());
}

#[test]
fn the_base_of_measurements_conforms() {
    conformance::all(|| {
        let database = redb::Database::builder()
            .create_with_backend(redb::backends::InMemoryBackend::new())
            .unwrap();
        RedbStore::plain_for_measurement(database).unwrap()
    });
}
