//! Power cuts: whatever an unsynced write became, what was acknowledged is there, whole.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use hedgerow_node::directory::DataKey;
use hedgerow_node::store::RedbStore;
use hedgerow_sync::store::{Direction, Store};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::disk::{Disk, Op, apply, below, power_cut, synced};

/// Transactions of a recorded session; each is several writes.
const TRANSACTIONS: usize = 320;

pub type Content = BTreeMap<Vec<u8>, Vec<u8>>;

pub fn content(store: &impl Store) -> Content {
    let mut content = Content::new();
    store
        .read(|reader| {
            reader.scan(
                (Bound::Unbounded, Bound::Unbounded),
                Direction::Forward,
                &mut |key, value| {
                    content.insert(key.to_vec(), value.to_vec());
                    ControlFlow::Continue(())
                },
            )
        })
        .unwrap();
    content
}

pub fn key() -> DataKey {
    DataKey::filled(|bytes| bytes.fill(7))
}

/// A session on a disk: every operation, and the state after each transaction with the number of
/// operations at which it had been acknowledged.
struct Session {
    ops: Vec<Op>,
    states: Vec<(usize, Content)>,
}

/// Changes a few rows: new ones, longer and shorter ones, removals, now and then a large value.
fn change(store: &mut RedbStore, model: &mut Content, rng: &mut ChaCha8Rng) {
    let mut next = model.clone();
    store
        .write(|txn| {
            for _ in 0..1 + below(rng, 6) {
                let key = format!("key {}", below(rng, 200)).into_bytes();
                if below(rng, 4) == 0 {
                    txn.remove(&key)?;
                    next.remove(&key);
                } else {
                    let length = match below(rng, 20) {
                        0 => 20_000,
                        _ => below(rng, 600),
                    };
                    let mut value = vec![0; length];
                    rng.fill_bytes(&mut value);
                    txn.put(&key, &value)?;
                    next.insert(key, value);
                }
            }
            Ok(())
        })
        .unwrap();
    *model = next;
}

fn record(seed: u64) -> Session {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let disk = Disk::default();
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    let mut model = Content::new();
    let mut states = vec![(disk.op_count(), model.clone())];
    for number in 0..TRANSACTIONS {
        if number % 80 == 79 {
            // The session includes clean ends, and reopenings.
            store.close();
            store = RedbStore::open(disk.clone(), &key()).unwrap();
        }
        change(&mut store, &mut model, &mut rng);
        states.push((disk.op_count(), model.clone()));
    }
    store.close();
    Session {
        ops: disk.ops(),
        states,
    }
}

/// Cuts the power at each operation that `chosen` names and checks what is there after it.
fn cut_at(session: &Session, seed: u64, chosen: impl Fn(usize) -> bool) -> usize {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut durable = Vec::new();
    let mut pending = Vec::new();
    let mut cuts = 0;
    let created = session.states[0].0;
    for (position, op) in session.ops.iter().enumerate() {
        match op {
            Op::Sync => {
                for op in pending.drain(..) {
                    apply(&mut durable, &op);
                }
            }
            op => pending.push(op.clone()),
        }
        if position + 1 < created || !chosen(position) {
            continue;
        }
        cuts += 1;
        let image = power_cut(&durable, &pending, &mut rng);
        check(session, position + 1, image, &mut rng);
    }
    cuts
}

fn check(session: &Session, done: usize, image: Vec<u8>, rng: &mut ChaCha8Rng) {
    let acknowledged = session
        .states
        .iter()
        .rposition(|(at, _)| *at <= done)
        .unwrap();
    let disk = Disk::holding(image.clone());
    let mut store = RedbStore::open(disk.clone(), &key())
        .unwrap_or_else(|error| panic!("cut after operation {done}: {error}"));
    let mut found = content(&store);
    let possible = &session.states[acknowledged..session.states.len().min(acknowledged + 2)];
    assert!(
        possible.iter().any(|(_, state)| *state == found),
        "cut after operation {done}: neither the acknowledged state nor the one under way"
    );
    // It goes on from there, and a second cut right after takes nothing back.
    change(&mut store, &mut found, rng);
    let again = power_cut_now(image, &disk, rng);
    drop(store);
    let store = RedbStore::open(Disk::holding(again), &key())
        .unwrap_or_else(|error| panic!("second cut, first after operation {done}: {error}"));
    assert_eq!(
        content(&store),
        found,
        "second cut, first after operation {done}"
    );
}

/// The disk if the power failed now, having begun as `begun`.
fn power_cut_now(begun: Vec<u8>, disk: &Disk, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let ops = disk.ops();
    let synced = synced(&ops);
    let mut durable = begun;
    for op in &ops[..synced] {
        apply(&mut durable, op);
    }
    power_cut(&durable, &ops[synced..], rng)
}

#[test]
fn a_power_cut_at_a_sample_of_operations_loses_nothing_acknowledged() {
    let session = record(1);
    let writes = session
        .ops
        .iter()
        .filter(|op| matches!(op, Op::Write { .. }))
        .count();
    assert!(writes >= 300, "{writes} writes");
    let cuts = cut_at(&session, 2, |position| position % 9 == 4);
    assert!(cuts > 100, "{cuts} cuts");
}

#[test]
#[ignore = "long: cargo test -p hedgerow-node --release --test all store:: -- --ignored"]
fn a_power_cut_at_every_operation_loses_nothing_acknowledged() {
    for seed in 0..5 {
        let session = record(seed);
        cut_at(&session, 1_000 + seed, |_| true);
    }
}

/// A process is killed, the next one writes, and then the power fails: what the first one had written
/// was visible to the second, but perhaps never durable.
#[test]
fn a_power_cut_after_a_kill_loses_nothing_acknowledged() {
    let session = record(3);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for kill in (session.states[0].0..session.ops.len()).step_by(31) {
        let visible = |ops: &[Op]| {
            let mut image = Vec::new();
            for op in ops {
                apply(&mut image, op);
            }
            image
        };
        let before = &session.ops[..kill];
        let disk = Disk::holding(visible(before));
        let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
        let mut states = vec![(disk.op_count(), content(&store))];
        for _ in 0..2 {
            let mut model = states.last().unwrap().1.clone();
            change(&mut store, &mut model, &mut rng);
            states.push((disk.op_count(), model));
        }
        store.close();
        let after = disk.ops();
        let cut = below(&mut rng, after.len() + 1);
        let all = [before, &after[..cut]].concat();
        let durable = synced(&all);
        let image = power_cut(&visible(&all[..durable]), &all[durable..], &mut rng);
        let store = RedbStore::open(Disk::holding(image), &key())
            .unwrap_or_else(|error| panic!("killed at {kill}, cut at {cut}: {error}"));
        let found = content(&store);
        let acknowledged = states.iter().rposition(|(at, _)| *at <= cut);
        let possible = match acknowledged {
            Some(last) => &states[last..states.len().min(last + 2)],
            // Not even opened: what the first process had acknowledged, or was about to.
            None => {
                let last = session
                    .states
                    .iter()
                    .rposition(|(at, _)| *at <= kill)
                    .unwrap();
                &session.states[last..session.states.len().min(last + 2)]
            }
        };
        assert!(
            possible.iter().any(|(_, state)| *state == found),
            "killed at {kill}, cut at {cut}"
        );
    }
}
