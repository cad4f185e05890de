//! Rows of the store that a bad disk or another program has damaged. What reads them gives what is left, or says that the
//! store is damaged. It does not panic, and sets no memory aside by a damaged count.

use std::ops::{Bound, ControlFlow};
use std::sync::LazyLock;

use crate::pair::{Identity, Node, SECRET, SPACE, meet};
use crate::pieces;
use bytes::Bytes;
use hedgerow_node::engine::{Engine, Now};
use hedgerow_node::harness::{EPOCH_MS, World};
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, Seq};
use hedgerow_sync::ingest::Devices;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::reconcile::{Reconciler, Shared};
use hedgerow_sync::space::{self, AppendError};
use hedgerow_sync::store::{Direction, Reader, StorageError, Store, Txn};
use hedgerow_sync::wire::Role;
use hedgerow_sync::{body, conversation, ingest, peer};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Two sides of a conversation of several openings and two buckets of the order, with something unsent.
static TALKED: LazyLock<(Node, Node)> = LazyLock::new(|| {
    let mut one = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let mut other = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    for number in 0..270 {
        one.say(&format!("{number}"));
    }
    meet(&mut one, &mut other, 0);
    for opening in 2..5 {
        (one.incarnation, other.incarnation) = (opening, opening);
        one.say("at the same time");
        other.say(&"long ".repeat(1_000));
        meet(&mut one, &mut other, opening);
    }
    let last = one.say("not delivered");
    one.annotate(1, last, "nor this");
    other.say("nor that");
    (one, other)
});

/// The store of somebody who knows somebody.
static ACCOUNT: LazyLock<MemoryStore> = LazyLock::new(|| {
    let mut world = World::with(1, &["Ada", "Grace"]);
    world.meet(0, 1);
    world.send(1, 0, "good morning");
    world.delivered(0, 1);
    world.nodes[0].storage.store.clone()
});

/// One input.
pub fn run(input: &[u8]) {
    let (mut one, mut other) = TALKED.clone();
    let mut account = ACCOUNT.clone();
    let entries = entries(&one);
    damage(&mut one.store, input);
    damage(&mut account, input);
    for entry in entries.iter().step_by(90) {
        let _ = one.store.read(|reader| look(reader, *entry));
    }
    let _ = one.store.read(sums);
    let _ = talk(&mut one, &mut other);
    let _ = append(&mut one);
    for entry in entries.iter().step_by(90) {
        let _ = one.store.write(|txn| body::remove(txn, SPACE, *entry));
    }
    let _ = talk(&mut one, &mut other);
    let now = Now {
        mono_ms: 0,
        wall_ms: EPOCH_MS,
    };
    let _ = Engine::open(&account, now, &mut ChaCha20Rng::from_seed([0; 32]));
}

/// Each piece names a row and a place in its value, and what stands there and after it from now on.
fn damage(store: &mut MemoryStore, input: &[u8]) {
    let mut keys = Vec::new();
    let list = |reader: &dyn Reader| {
        let all = (Bound::Unbounded, Bound::Unbounded);
        reader.scan(all, Direction::Forward, &mut |key, _| {
            keys.push(key.to_vec());
            ControlFlow::Continue(())
        })
    };
    store.read(list).expect("memory does not fail");
    for piece in pieces(input) {
        let &[which, at, cut, ref bytes @ ..] = piece else {
            continue;
        };
        let key = &keys[usize::from(which) % keys.len()];
        let change = |txn: &mut dyn Txn| {
            let mut value = txn.get(key)?.unwrap_or_default();
            let at = usize::from(at).min(value.len());
            let end = (at + bytes.len()).min(value.len());
            value.splice(at..end, bytes.iter().copied());
            if cut % 2 == 1 {
                value.truncate(at + bytes.len());
            }
            txn.put(key, &value)
        };
        store.write(change).expect("memory does not fail");
    }
}

fn entries(node: &Node) -> Vec<EntryId> {
    let frontier = node.frontier().into_iter();
    frontier
        .flat_map(|(log, head)| (1..=head.0).map(move |seq| EntryId { log, seq: Seq(seq) }))
        .collect()
}

fn look(reader: &dyn Reader, id: EntryId) -> Result<(), StorageError> {
    let froms = [
        PageFrom::Newest,
        PageFrom::Oldest,
        PageFrom::Before(id),
        PageFrom::At(id),
        PageFrom::After(id),
        PageFrom::Position(id.seq.0),
        PageFrom::Date(1_000),
    ];
    for from in froms {
        if let Ok(Some(page)) = page::page(reader, SPACE, from, 7) {
            assert!(page.entries.len() <= 7);
        }
    }
    let _ = page::entry(reader, SPACE, id);
    let _ = page::position(reader, SPACE, id);
    let _ = ingest::holds(reader, SPACE, id);
    let _ = page::last_row(reader, SPACE, id);
    let _ = conversation::annotations(reader, SPACE, AnnotationKind(1), [id]);
    if let Some(place) = page::place(reader, SPACE, id)? {
        let without = [id.log.device];
        for without in [&without[..], &[]] {
            let _ = page::count_before(reader, SPACE, place, without);
            let _ = page::count_after(reader, SPACE, place, without);
        }
    }
    Ok(())
}

fn sums(reader: &dyn Reader) -> Result<(), StorageError> {
    space::list(reader)?;
    space::summary(reader, SPACE)?;
    space::frontier(reader, SPACE)?;
    peer::unacked(reader, SPACE, TALKED.1.device)?;
    peer::unacked_rows(reader, SPACE, TALKED.1.device)?;
    Ok(())
}

fn append(node: &mut Node) -> Result<(), StorageError> {
    let log = node.log();
    for text in ["a", "b"] {
        let body = Body::Bytes(Bytes::from_static(text.as_bytes()));
        node.store.write(
            |txn| match space::append(txn, SPACE, log, 5_000, What::TEXT, body) {
                Err(AppendError::Storage(error)) => Err(error),
                _ => Ok(()),
            },
        )?;
    }
    Ok(())
}

/// A session of a damaged store with a sound one, until the damaged one fails or both have said much.
fn talk(one: &mut Node, other: &mut Node) -> Result<(), StorageError> {
    let shared = [Shared {
        space: SPACE,
        secret: &SECRET,
    }];
    let begin = |node: &mut Node, peer, role| {
        let channel = node.channel(peer, role, b"hash");
        node.store
            .write(|txn| Reconciler::new(txn, &channel, &shared))
    };
    let mut mine = begin(one, other.device, Role::Dialler)?;
    let mut theirs = begin(other, one.device, Role::Answerer).expect(SOUND);
    let (my_root, their_root) = (mine.root(), theirs.root());
    let (my_opening, their_opening) = (one.log().incarnation, other.log().incarnation);
    one.store
        .write(|txn| mine.peer_root(txn, their_root, their_opening))?;
    other
        .store
        .write(|txn| theirs.peer_root(txn, my_root, my_opening))
        .expect(SOUND);
    for _ in 0..8 {
        carry(one, &mut mine, other, &mut theirs)?.expect(SOUND);
        carry(other, &mut theirs, one, &mut mine).expect(SOUND)?;
    }
    Ok(())
}

const SOUND: &str = "what a damaged node says damages nobody else";

/// Carries what one side has to say: how that went for the sender, and how for the receiver.
fn carry(
    sender: &mut Node,
    speaking: &mut Reconciler,
    receiver: &mut Node,
    hearing: &mut Reconciler,
) -> Result<Result<(), StorageError>, StorageError> {
    let mut out = Vec::new();
    let key = &sender.identity.mark_key;
    sender
        .store
        .read(|reader| speaking.fill(reader, key, 1 << 15, &mut out))?;
    let mut authority = Devices {
        theirs: &sender.identity.devices,
        mine: &receiver.identity.devices,
        mark_key: &receiver.identity.mark_key,
    };
    for message in out {
        let content = Bytes::from(message.encode());
        let heard = receiver
            .store
            .write(|txn| hearing.receive(txn, &mut authority, message.kind(), &content));
        if let Err(error) = heard {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}
