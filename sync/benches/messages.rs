//! The cost of 10,000 messages of 200 bytes over a store in memory: append, send, ingest and show.

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hedgerow_sync::entry::{Body, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::ingest::Authority;
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::reconcile::{Channel, Reconciler, Shared};
use hedgerow_sync::space::{self, SpaceKind};
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::{Message, Role};

const MESSAGES: u64 = 10_000;
const SPACE: SpaceId = SpaceId([1; 16]);
const SECRET: [u8; 32] = [2; 32];
const WRITER: DeviceId = DeviceId([3; 16]);
const READER: DeviceId = DeviceId([4; 16]);
const LOG: LogId = LogId {
    device: WRITER,
    incarnation: Incarnation(5),
};

fn mark_key() -> MarkKey {
    MarkKey::new(&[6; 32])
}

fn empty() -> MemoryStore {
    let mut store = MemoryStore::new();
    store
        .write(|txn| space::create(txn, SPACE, SpaceKind::Direct))
        .expect("memory does not fail");
    store
}

fn append_all(store: &mut MemoryStore, body: &Bytes) {
    store
        .write(|txn| {
            for number in 0..MESSAGES {
                let body = Body::Bytes(body.clone());
                space::append(txn, SPACE, LOG, number as i64, What::TEXT, body)
                    .expect("the space exists");
            }
            Ok(())
        })
        .expect("memory does not fail");
}

fn session(store: &mut MemoryStore, peer: DeviceId, role: Role) -> Reconciler {
    let shared = [Shared {
        space: SPACE,
        secret: &SECRET,
    }];
    let me = if peer == READER { WRITER } else { READER };
    let channel = Channel {
        me: LogId { device: me, ..LOG },
        peer,
        role,
        hash: b"hash",
        salt_seed: &[7; 32],
    };
    store
        .write(|txn| {
            let mut session = Reconciler::new(txn, &channel, &shared)?;
            session.peer_root(txn, [9; 16], LOG.incarnation)?;
            Ok(session)
        })
        .expect("memory does not fail")
}

/// A session of the writer, which knows that the reader holds nothing.
fn sender(store: &mut MemoryStore) -> Reconciler {
    let mut session = session(store, READER, Role::Dialler);
    let message = Message::Frontier {
        space: hedgerow_sync::wire::Blind::new(&SECRET, b"hash", Role::Answerer),
        base: None,
        logs: space::Frontier::new(),
        more: false,
    };
    handle(store, &mut session, READER, &message);
    session
}

fn handle(store: &mut MemoryStore, session: &mut Reconciler, from: DeviceId, message: &Message) {
    let content = Bytes::from(message.encode());
    let mine = if from == READER { WRITER } else { READER };
    let authority = Authority {
        theirs: &[from],
        mine: &[mine],
        mark_key: &mark_key(),
    };
    store
        .write(|txn| session.receive(txn, &authority, message.kind(), &content))
        .expect("memory does not fail");
}

fn send_all(store: &MemoryStore, session: &mut Reconciler) -> Vec<Message> {
    let mut out = Vec::new();
    while session.has_more() {
        store
            .read(|reader| session.fill(reader, &mark_key(), 1 << 20, &mut out))
            .expect("memory does not fail");
    }
    out
}

fn messages(criterion: &mut Criterion) {
    let body = Bytes::from(vec![b'x'; 200]);
    let mut full = empty();
    append_all(&mut full, &body);
    let items = {
        let mut session = sender(&mut full);
        send_all(&full, &mut session)
    };

    criterion.bench_function("append 10,000", |bench| {
        bench.iter_batched(
            empty,
            |mut store| {
                append_all(&mut store, &body);
                store
            },
            BatchSize::LargeInput,
        );
    });
    criterion.bench_function("send 10,000", |bench| {
        bench.iter_batched(
            || sender(&mut full.clone()),
            |mut session| send_all(&full, &mut session),
            BatchSize::LargeInput,
        );
    });
    criterion.bench_function("ingest 10,000", |bench| {
        bench.iter_batched(
            || {
                let mut store = empty();
                let session = session(&mut store, WRITER, Role::Answerer);
                (store, session)
            },
            |(mut store, mut session)| {
                for item in &items {
                    handle(&mut store, &mut session, WRITER, item);
                }
                store
            },
            BatchSize::LargeInput,
        );
    });
    for (name, from) in [
        ("page: newest 50", PageFrom::Newest),
        ("page: 50 from the middle", PageFrom::Position(MESSAGES / 2)),
    ] {
        criterion.bench_function(name, |bench| {
            bench.iter(|| full.read(|reader| page::page(reader, SPACE, from, 50)));
        });
    }
    criterion.bench_function("entry by id", |bench| {
        let id = EntryId {
            log: LOG,
            seq: Seq(MESSAGES / 3),
        };
        bench.iter(|| full.read(|reader| page::entry(reader, SPACE, id)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = messages
}
criterion_main!(benches);
