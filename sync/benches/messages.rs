//! The cost of 10,000 messages of 200 bytes over a store in memory: append, send, ingest and show.
//! The catch-up of a group's member on as many messages by 50 authors who answer each other, beside that of a chat.
//! And a sync of 2,000 reactions onto 100,000 messages, beside one of 2,000 messages.

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ed25519_dalek::SigningKey;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::group::{Draft, Group};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::ingest::{Authorities, Authority, Devices};
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::membership::{Act, Founding, Level, MemberKey, Operation};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::reconcile::{Channel, Reconciler, Shared};
use hedgerow_sync::space::{self, SpaceKind};
use hedgerow_sync::store::{Reader, Store};
use hedgerow_sync::wire::{Blind, Message, Role};

const MESSAGES: u64 = 10_000;
/// What two hold who sync reactions.
const OLD: u64 = 100_000;
/// Authors of a group.
const AUTHORS: u8 = 50;
/// Reactions of one sync.
const REACTIONS: u64 = 2_000;
const SPACE: SpaceId = SpaceId([1; 16]);
const SECRET: [u8; 32] = [2; 32];
const WRITER: DeviceId = DeviceId([3; 16]);
const READER: DeviceId = DeviceId([4; 16]);
const LOG: LogId = LogId {
    device: WRITER,
    incarnation: Incarnation(5),
};

/// The name of a row, the body of each entry, and what an entry of a number is.
type NewEntries<'a> = (&'a str, &'a Bytes, &'a dyn Fn(u64) -> What);

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
    append(store, MESSAGES, body, |_| What::TEXT);
}

fn append(store: &mut MemoryStore, count: u64, body: &Bytes, what: impl Fn(u64) -> What) {
    store
        .write(|txn| {
            for number in 0..count {
                let body = Body::Bytes(body.clone());
                space::append(txn, SPACE, LOG, number as i64, what(number), body)
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
    sender_to(store, space::Frontier::new())
}

/// A session of the writer that knows what the reader holds.
fn sender_to(store: &mut MemoryStore, held: space::Frontier) -> Reconciler {
    let mut session = session(store, READER, Role::Dialler);
    let message = Message::Frontier {
        space: Blind::new(&SECRET, b"hash", Role::Answerer),
        base: None,
        logs: held,
        tags: Default::default(),
        more: false,
    };
    handle(store, &mut session, READER, &message);
    session
}

fn handle(store: &mut MemoryStore, session: &mut Reconciler, from: DeviceId, message: &Message) {
    let content = Bytes::from(message.encode());
    let mine = if from == READER { WRITER } else { READER };
    let mut authority = Devices {
        theirs: &[from],
        mine: &[mine],
        mark_key: &mark_key(),
    };
    store
        .write(|txn| session.receive(txn, &mut authority, message.kind(), &content))
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

/// The catch-up of a member from one peer. Both sides work in turn, as they do for the chat beside it.
fn group(criterion: &mut Criterion) {
    let keys: Vec<SigningKey> = (0..=AUTHORS)
        .map(|number| SigningKey::from_bytes(&[number; 32]))
        .collect();
    let member = |key: &SigningKey| MemberKey(key.verifying_key().to_bytes());
    let people = keys.iter().map(|key| (member(key), Level::ADMIN));
    let founding = Act::Create(Founding::Line {
        people: people.collect(),
        continues: None,
    });
    let root = Operation::new(member(&keys[0]), Vec::new(), founding).expect("within limits");
    let root = root.sign(&keys[0]).expect("its own key");
    let found = || {
        let mut store = MemoryStore::new();
        let group = store
            .write(|txn| Ok(Group::found(txn, SPACE, &root, None).expect("a founding")))
            .expect("memory does not fail");
        (store, group)
    };
    let (mut full, mut writers) = found();
    let write = full.write(|txn| {
        for number in 0..MESSAGES {
            let mut salt = [0; 16];
            salt[..8].copy_from_slice(&number.to_be_bytes());
            let draft = Draft {
                what: What::TEXT,
                wall_ms: number as i64 * 20_000,
                body: Body::Bytes(Bytes::from(vec![b'x'; 200])),
                salt,
            };
            // In no order.
            let author = 1 + (number * 37_501 % 10_007 % u64::from(AUTHORS)) as usize;
            let opening = Incarnation(author as u64);
            let appended = writers.append(txn, &keys[author], opening, draft);
            appended.expect("the space exists");
        }
        Ok(())
    });
    write.expect("memory does not fail");
    let blind = Blind::new(&SECRET, b"hash", Role::Answerer);
    let named = Message::Control {
        space: blind,
        named: vec![writers.membership().root().id()],
    };
    let nothing = Message::Frontier {
        space: blind,
        base: None,
        logs: space::Frontier::new(),
        tags: Default::default(),
        more: false,
    };
    criterion.bench_function("group: catch up on 10,000 of 50 authors", |bench| {
        bench.iter_batched(
            || {
                let mut full = full.clone();
                let opened = full.read(|reader| Group::open(reader, SPACE, None));
                let mut writers = opened.expect("memory does not fail").expect("a group");
                let mut sending = session(&mut full, READER, Role::Dialler);
                for message in [&named, &nothing] {
                    hear(&mut full, &mut sending, &mut writers, message);
                }
                let (mut store, group) = found();
                let taking = session(&mut store, WRITER, Role::Answerer);
                ((full, sending, writers), (store, group, taking))
            },
            |((mut full, mut sending, mut writers), (mut store, mut group, mut taking))| {
                loop {
                    let entries = send_all(&full, &mut sending);
                    for item in &entries {
                        hear(&mut store, &mut taking, &mut group, item);
                    }
                    let wants = send_all(&store, &mut taking);
                    for item in &wants {
                        hear(&mut full, &mut sending, &mut writers, item);
                    }
                    if entries.is_empty() && wants.is_empty() {
                        break;
                    }
                }
                let page = |reader: &dyn Reader| page::page(reader, SPACE, PageFrom::Oldest, 1);
                let page = store.read(page).expect("memory does not fail");
                let page = page.expect("the space exists");
                assert_eq!(page.total, MESSAGES, "something is missing");
                assert_ne!(page.entries[0].body, Body::Gone, "a body is missing");
                (full, store)
            },
            BatchSize::LargeInput,
        );
    });
}

/// A member of a group gets an item.
fn hear(store: &mut MemoryStore, session: &mut Reconciler, group: &mut Group, message: &Message) {
    struct InGroup<'a>(&'a mut Group);
    impl Authorities for InGroup<'_> {
        fn of(&mut self, _: SpaceId) -> Authority<'_> {
            Authority::Group(self.0)
        }
    }
    let content = Bytes::from(message.encode());
    let taken = store.write(|txn| {
        session.receive(txn, &mut InGroup(group), message.kind(), &content)?;
        while session.is_busy() {
            session.proceed(txn, &mut InGroup(group))?;
        }
        Ok(())
    });
    taken.expect("memory does not fail");
}

/// What is new in one sync of two who hold the same old messages.
fn reactions(criterion: &mut Criterion) {
    let mut old = empty();
    append(&mut old, OLD, &Bytes::from(vec![b'x'; 200]), |_| What::TEXT);
    let texts = Bytes::from(vec![b'y'; 200]);
    let emoji = Bytes::from("👍");
    let everywhere = |number: u64| What::Annotation {
        kind: AnnotationKind(1),
        target: EntryId {
            log: LOG,
            // In no order, and each once: both numbers have no common divisor.
            seq: Seq(1 + number * 37_501 % OLD),
        },
    };
    let entries: [NewEntries<'_>; 2] = [
        ("sync of 2,000 messages onto 100,000", &texts, &|_| {
            What::TEXT
        }),
        ("sync of 2,000 reactions onto 100,000", &emoji, &everywhere),
    ];
    for (name, body, what) in entries {
        let mut writer = old.clone();
        append(&mut writer, REACTIONS, body, what);
        criterion.bench_function(name, |bench| {
            bench.iter_batched(
                || {
                    let mut writer = writer.clone();
                    let mut reader = old.clone();
                    let sending = sender_to(&mut writer, [(LOG, Seq(OLD))].into());
                    let taking = session(&mut reader, WRITER, Role::Answerer);
                    (writer, sending, reader, taking)
                },
                |(writer, mut sending, mut reader, mut taking)| {
                    for item in send_all(&writer, &mut sending) {
                        handle(&mut reader, &mut taking, WRITER, &item);
                    }
                    (writer, reader)
                },
                BatchSize::PerIteration,
            );
        });
        let mut reader = old.clone();
        let mut sending = sender_to(&mut writer, [(LOG, Seq(OLD))].into());
        let mut taking = session(&mut reader, WRITER, Role::Answerer);
        for item in send_all(&writer, &mut sending) {
            handle(&mut reader, &mut taking, WRITER, &item);
        }
        let digests = [writer, reader].map(|mut store| {
            let digest = store.write(|txn| space::digest(txn, SPACE));
            digest.expect("memory does not fail")
        });
        assert_eq!(digests[0], digests[1], "{name}: something is missing");
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = messages, group, reactions
}
criterion_main!(benches);
