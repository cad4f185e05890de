//! What two real nodes did on real sockets, done again under a virtual clock from what was recorded.

use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::support::chats::Chats;
use bytes::Bytes;
use futures_util::StreamExt;
use hedgerow_node::api::{Answer, Api, Call, Carrier, ContactId, Event, Private};
use hedgerow_node::engine::{BundleEvent, CallId, Effects, Engine, Input, Inputs, pump};
use hedgerow_node::files::work::FileCommand;
use hedgerow_node::host::Local;
use hedgerow_node::runtime::OnAir;
use hedgerow_node::runtime::recording::Recording;
use hedgerow_node::store::schema;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Direction, Store};
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, CarrierKind, Ending, LinkId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::people::{meet, own, passphrase, place, settled, with_store};

type Digest = [u8; 32];

/// All rows of a store.
fn digest(store: &impl Store) -> Digest {
    let mut hasher = blake3::Hasher::new();
    let everything = (Bound::Unbounded, Bound::Unbounded);
    store
        .read(|reader| {
            reader.scan(everything, Direction::Forward, &mut |key, value| {
                for part in [key, value] {
                    hasher
                        .update(&(part.len() as u64).to_be_bytes())
                        .update(part);
                }
                ControlFlow::Continue(())
            })
        })
        .unwrap();
    *hasher.finalize().as_bytes()
}

/// All rows of a directory's store.
fn snapshot(dir: &Path) -> MemoryStore {
    let mut snapshot = MemoryStore::new();
    with_store(dir, |store| {
        store.read(|reader| {
            let everything = (Bound::Unbounded, Bound::Unbounded);
            reader.scan(everything, Direction::Forward, &mut |key, value| {
                snapshot.write(|txn| txn.put(key, value)).unwrap();
                ControlFlow::Continue(())
            })
        })
    })
    .unwrap();
    snapshot
}

/// A node that is recorded, and everything it tells.
struct Recorded {
    node: Local,
    events: Arc<Mutex<Vec<Event>>>,
    path: PathBuf,
}

impl Recorded {
    /// Owns a directory; the node is still locked, so that nothing it tells is missed.
    async fn own(dir: &Path, name: &str) -> Recorded {
        let path = dir.with_extension(name);
        let node = own(dir, OnAir::Loopback, Some(path.clone()));
        let events = Arc::new(Mutex::new(Vec::new()));
        let (mut told, kept) = (node.events().await.unwrap(), events.clone());
        tokio::spawn(async move {
            while let Some(event) = told.next().await {
                kept.lock().unwrap().push(event);
            }
        });
        Recorded { node, events, path }
    }

    /// Stops it. What it told, without what the host said of locks, and what it was given.
    async fn stop(self) -> (Vec<Event>, Recording) {
        self.node.stop().await.unwrap();
        let mut events = self.events.lock().unwrap().clone();
        assert!(!events.contains(&Event::Missed));
        events.retain(|event| !matches!(event, Event::Lock { .. }));
        (events, Recording::read(&self.path).unwrap())
    }
}

/// Keeps what an engine tells.
#[derive(Default)]
struct Told(Vec<Event>);

impl Effects for Told {
    fn send(&mut self, _: LinkId, _: Bytes) {}
    fn ghost(&mut self, _: LinkId, _: u64) {}
    fn recognised(&mut self, _: LinkId) {}
    fn end(&mut self, _: LinkId, _: Ending) {}
    fn command(&mut self, _: CarrierKind, _: CarrierCommand) {}
    fn answer(&mut self, _: CallId, _: Answer) {}
    fn event(&mut self, event: Event) {
        self.0.push(event);
    }
    fn file(&mut self, _: FileCommand) {}
    fn bundle(&mut self, _: BundleEvent) {}
}

/// Replays a recording into a fresh engine. `born` names the identity that it begins with; otherwise
/// `store` holds one.
fn replay(
    recording: Recording,
    mut store: MemoryStore,
    born: Option<&str>,
) -> (Vec<Event>, Digest) {
    let mut rng = ChaCha20Rng::from_seed(recording.seed);
    schema::migrate(&mut store, schema::MIGRATIONS).unwrap();
    let mut engine = match born {
        Some(name) => Engine::create(&mut store, name, recording.opened, &mut rng).unwrap(),
        None => Engine::open(&store, recording.opened, &mut rng).unwrap(),
    };
    let (mut inputs, mut told) = (Inputs::default(), Told::default());
    for (given, now) in recording.turns {
        for input in given {
            inputs.push(input);
        }
        pump(
            &mut engine,
            &mut store,
            &mut inputs,
            now,
            &mut rng,
            &mut told,
        )
        .unwrap();
    }
    (told.0, digest(&store))
}

/// Two people whose recordings begin with their stores, and who have met; what each calls the other.
async fn recorded_from_the_first_start(
    dirs: &[PathBuf; 2],
) -> (Recorded, Recorded, ContactId, ContactId) {
    let a = Recorded::own(&dirs[0], "first").await;
    let b = Recorded::own(&dirs[1], "first").await;
    a.node.create(passphrase(), "Ada".into()).await.unwrap();
    b.node.create(passphrase(), "Ben".into()).await.unwrap();
    let (b_of_a, a_of_b) = meet(&a.node, &b.node).await;
    (a, b, b_of_a, a_of_b)
}

async fn say(node: &Local, to: &ContactId, count: u32) {
    for number in 0..count {
        let text = Private(format!("{number} of {count}, \u{1F33F}"));
        node.send_to(to.clone(), text).await.unwrap();
    }
}

fn change(recording: &mut Recording, job: impl FnMut(&mut Input) -> bool) {
    let mut inputs = recording.turns.iter_mut().flat_map(|(inputs, _)| inputs);
    assert!(inputs.any(job), "there is nothing to change");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_inputs_of_two_real_nodes_replay_to_equal_events_and_stores() {
    let place = place();
    let dirs = [place.path().join("a"), place.path().join("b")];
    let (a, b, b_of_a, a_of_b) = recorded_from_the_first_start(&dirs).await;
    tokio::join!(say(&a.node, &b_of_a, 40), say(&b.node, &a_of_b, 40));
    settled(&a.node, &b_of_a, 80).await;
    settled(&b.node, &a_of_b, 80).await;
    let parcel = a.node.parcel_for(b_of_a.clone()).await.unwrap();
    b.node.take_parcel(parcel).await.unwrap();
    let recorded = [a.stop().await, b.stop().await];
    let snapshots = dirs.each_ref().map(|dir| snapshot(dir));
    for (((events, recording), snapshot), name) in
        recorded.into_iter().zip(&snapshots).zip(["Ada", "Ben"])
    {
        assert!(events.len() > 10);
        let (again, replayed) = replay(recording, MemoryStore::new(), Some(name));
        assert!(again == events, "{name} tells something else");
        assert_eq!(replayed, digest(snapshot), "{name} holds something else");
    }

    // The same identities, opened again: with contacts, reconnecting and catching up.
    let quiet = own(&dirs[0], OnAir::No, None);
    quiet.unlock(passphrase()).await.unwrap();
    say(&quiet, &b_of_a, 200).await;
    quiet.stop().await.unwrap();
    let before = dirs.each_ref().map(|dir| snapshot(dir));
    let a = Recorded::own(&dirs[0], "second").await;
    let b = Recorded::own(&dirs[1], "second").await;
    a.node.unlock(passphrase()).await.unwrap();
    b.node.unlock(passphrase()).await.unwrap();
    settled(&a.node, &b_of_a, 280).await;
    settled(&b.node, &a_of_b, 280).await;
    a.node.switch_carrier(Carrier::Lan, false).await.unwrap();
    let recorded = [a.stop().await, b.stop().await];
    for (((events, recording), before), dir) in recorded.into_iter().zip(before).zip(&dirs) {
        let (again, replayed) = replay(recording, before, None);
        assert!(again == events, "it tells something else");
        assert_eq!(replayed, digest(&snapshot(dir)), "it holds something else");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_input_replays_to_something_else() {
    let place = place();
    let dirs = [place.path().join("a"), place.path().join("b")];
    let (a, b, b_of_a, a_of_b) = recorded_from_the_first_start(&dirs).await;
    say(&a.node, &b_of_a, 3).await;
    settled(&b.node, &a_of_b, 3).await;
    settled(&a.node, &b_of_a, 3).await;
    let path = a.path.clone();
    let (events, recording) = a.stop().await;
    b.stop().await;
    let faithful = replay(recording, MemoryStore::new(), Some("Ada"));
    assert!(faithful.0 == events);

    // One letter of one text.
    let mut other = Recording::read(&path).unwrap();
    change(&mut other, |input| match input {
        Input::Call(_, Call::Send(_, message)) => {
            message.text.0.replace_range(..1, "9");
            true
        }
        _ => false,
    });
    assert_ne!(replay(other, MemoryStore::new(), Some("Ada")).1, faithful.1);

    // One bit of what came over the wire.
    let mut other = Recording::read(&path).unwrap();
    change(&mut other, |input| match input {
        Input::Carrier(_, CarrierEvent::Bytes { bytes, .. }) => {
            let mut changed = bytes.to_vec();
            changed[0] ^= 1;
            *bytes = changed.into();
            true
        }
        _ => false,
    });
    let (told, held) = replay(other, MemoryStore::new(), Some("Ada"));
    assert!(told != faithful.0 && held != faithful.1);

    // Another seed.
    let mut other = Recording::read(&path).unwrap();
    other.seed[0] ^= 1;
    assert_ne!(replay(other, MemoryStore::new(), Some("Ada")).1, faithful.1);
}
