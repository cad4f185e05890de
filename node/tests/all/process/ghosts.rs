//! What only simulations say, said to the program that people have: built with the simulator in reach or without.

use std::fs;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use hedgerow_node::api::{Api, ContactId};
use hedgerow_node::courier::Settings;
use hedgerow_node::engine::introduction::{Card, Friend, card, introduce};
use hedgerow_node::engine::{Engine, Input};
use hedgerow_node::harness::World;
use hedgerow_node::parcel::Writing;
use hedgerow_node::store::schema::{self, MIGRATIONS};
use hedgerow_node::tables::Table;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Direction, Store};
use hedgerow_transport::keys::{PairKeys, Root};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::people::{create, hedgerow, place, with_store};

fn friend(card: &Card) -> Friend<'_> {
    let keys = PairKeys::derive(Root::from_bytes([7; 32]));
    Friend { card, keys }
}

/// Lets a directory at rest and somebody new be contacts. Gives her world, in which she is alone, and what she calls
/// the directory.
fn befriend(dir: &Path) -> (World, ContactId) {
    let wall_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let wall_ms = wall_ms.as_millis() as i64;
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut grace = MemoryStore::default();
    schema::migrate(&mut grace, MIGRATIONS).unwrap();
    Engine::found(&mut grace, "Grace", &mut rng).unwrap();
    let hers = card(&mut grace, &[], wall_ms, &mut rng).unwrap();
    let ours = with_store(dir, |store| {
        let ours = card(store, &[], wall_ms, &mut rng).unwrap();
        introduce(store, &ours, [friend(&hers)], wall_ms).unwrap();
        ours
    });
    introduce(&mut grace, &hers, [friend(&ours)], wall_ms).unwrap();
    (World::resume(2, &[grace]), ours.contact_id())
}

/// The values of a table, in order.
fn values(store: &impl Store, table: Table) -> Vec<Vec<u8>> {
    let (first, behind) = ([table as u8], [table as u8 + 1]);
    let range = (Bound::Included(&first[..]), Bound::Excluded(&behind[..]));
    let mut values = Vec::new();
    let take = &mut |_: &[u8], value: &[u8]| {
        values.push(value.to_vec());
        ControlFlow::Continue(())
    };
    store
        .read(|reader| reader.scan(range, Direction::Forward, take))
        .unwrap();
    values
}

/// A file of the bundle in which she has sealed this number of bytes that are not there.
fn load(world: &mut World, to: &ContactId, length: u64) -> Vec<u8> {
    let to = to.clone();
    world.nodes[0].input(Input::Load { to, length, id: 1 });
    world.run(1_000);
    let parts = values(&world.nodes[0].storage, Table::CarriedParts);
    parcel(&[parts.concat()])
}

/// A parcel with these bundles.
fn parcel(bundles: &[Vec<u8>]) -> Vec<u8> {
    let mut writing = Writing::begin();
    for bundle in bundles {
        writing.bundle(bundle);
    }
    writing.finish()
}

fn import(dir: &Path, file: &[u8]) -> Output {
    let path = dir.with_extension("parcel");
    fs::write(&path, file).unwrap();
    let mut command = hedgerow(dir);
    command
        .args(["carry", "import"])
        .arg(path)
        .output()
        .unwrap()
}

#[tokio::test]
async fn the_program_refuses_ghosts_and_keeps_nothing_of_them() {
    let place = place();
    let dir = place.path().join("ada");
    create(&dir, "Ada").await.stop().await.unwrap();
    let (mut world, ada) = befriend(&dir);
    let kept = |dir: &Path| {
        let tables = [
            Table::Loads,
            Table::Held,
            Table::CarriedParts,
            Table::BundleTags,
        ];
        with_store(dir, |store| tables.map(|table| values(store, table).len()))
    };
    let now_ms = world.now_ms;
    world.nodes[0].simulate();
    world.nodes[0].start_courier(Settings::default(), now_ms);
    for length in [0, 700_000] {
        let refused = import(&dir, &load(&mut world, &ada, length));
        assert!(!refused.status.success(), "a load of {length} was taken");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("This is not a file of Hedgerow"), "{said}");
        assert_eq!(kept(&dir), [0; 4]);
    }
    // What she seals for people is taken.
    let bundles = world.carry_out(0, &ada).expect("it has her prekey");
    let taken = import(&dir, &parcel(&bundles));
    assert!(taken.status.success(), "{taken:?}");
    assert_eq!(kept(&dir), [0, 0, 0, 1]);
}
