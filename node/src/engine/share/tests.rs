//! A contact keeps a node as busy as it can, while a message of another contact waits.
//!
//! The tests assert work, which is the same on every machine. `cargo test --release -p hedgerow-node --lib
//! how_long_a_contact_holds_up -- --ignored --nocapture` prints it in milliseconds, over the store of a real node.

mod bundles;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use hedgerow_sync::batch::{MAX_BATCH_ENTRIES, SALT_LENGTH};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, Seq, SpaceId};
use hedgerow_sync::ingest::{Authorities as _, Authority, ingest};
use hedgerow_sync::mark::MARK_LENGTH;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::metered::{Meter, Metered, MeteredReader};
use hedgerow_sync::space::Frontier;
use hedgerow_sync::store::{Reader, Store, Txn};
use hedgerow_sync::waiting::MAX_WAITING;
use hedgerow_sync::wire::{Blind, LogName, MAX_DIGESTS, MAX_FRONTIER, Message, Role};
use hedgerow_sync::{id::LogId, reconcile::STEP};
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, CarrierKind, Ending};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::session::{self, Lane};
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;

use super::*;
use crate::api::{Answer, Call, Event, NewMessage};
use crate::directory::DataKey;
use crate::engine::live::Live;
use crate::engine::{BundleEvent, CallId, Effects, Input, Inputs, Now, pump};
use crate::files::work::FileCommand;
use crate::harness::{EPOCH_MS, World};
use crate::store::RedbStore;

/// The bytes that have arrived on one link at once: as many as a node lets wait.
const WINDOW: usize = 1 << 20;

/// The bytes that a carrier brings at once.
const PIECE: usize = 65_536;

/// The most work of a turn. It may pass its limit by a slice, a step, and the work that time makes due.
const MOST_WORK: u64 = TURN_WORK + SLICE_WORK + 16 * STEP as u64 * ROW_READ;

/// A store that counts the work of each transaction.
struct Counting<S> {
    store: S,
    most: Meter,
}

impl<S> Counting<S> {
    fn note(&self, work: u64) {
        self.most.count(work.saturating_sub(self.most.spent()));
    }
}

impl<S: Store> Store for Counting<S> {
    fn write<T>(
        &mut self,
        job: impl FnOnce(&mut dyn Txn) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let meter = Meter::new();
        let done = self.store.write(|txn| job(&mut Metered::new(txn, &meter)));
        self.note(meter.spent());
        done
    }

    fn read<T>(
        &self,
        job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let meter = Meter::new();
        let done = self
            .store
            .read(|reader| job(&MeteredReader::new(reader, &meter)));
        self.note(meter.spent());
        done
    }
}

/// What an engine has asked for.
#[derive(Default)]
struct EffectQueue {
    sent: Vec<(LinkId, Bytes)>,
    messages: usize,
    ended: Vec<LinkId>,
    answers: Vec<(CallId, Answer)>,
}

impl Effects for EffectQueue {
    fn send(&mut self, link: LinkId, bytes: Bytes) {
        self.sent.push((link, bytes));
    }
    fn ghost(&mut self, _: LinkId, _: u64) {}
    fn recognised(&mut self, _: LinkId) {}
    fn end(&mut self, link: LinkId, _: Ending) {
        self.ended.push(link);
    }
    fn command(&mut self, _: CarrierKind, _: CarrierCommand) {}
    fn answer(&mut self, call: CallId, answer: Answer) {
        self.answers.push((call, answer));
    }
    fn event(&mut self, event: Event) {
        self.messages += usize::from(matches!(
            event,
            Event::Message {
                author: Some(_),
                ..
            }
        ));
    }
    fn file(&mut self, _: FileCommand) {}
    fn bundle(&mut self, _: BundleEvent) {}
}

/// A node, a contact who floods it, and another contact, the friend.
struct Siege<S> {
    node: Engine,
    store: Counting<S>,
    rng: ChaCha20Rng,
    inputs: Inputs,
    now_ms: u64,
    flooder: Box<Live>,
    flooder_link: LinkId,
    blind: Blind,
    friend: (Engine, MemoryStore, ChaCha20Rng),
    friend_link: LinkId,
    /// The friend's id of the chat with the node.
    chat: crate::api::ConversationId,
}

const NODE: usize = 0;
const FLOODER: usize = 1;
const FRIEND: usize = 2;

/// A log of the flooder.
fn log(device: DeviceId, number: u64) -> LogId {
    LogId {
        device,
        incarnation: Incarnation(number),
    }
}

/// The stores of three contacts. Two of them hold this number of logs of the flooder, with two entries each.
fn stores(logs: u64) -> Vec<MemoryStore> {
    let mut world = World::acquainted(7, 3, Cryptography::Real);
    let stores = world.nodes.iter().map(|node| node.storage.store.clone());
    let mut stores: Vec<MemoryStore> = stores.collect();
    let (node, flooder) = (world.nodes[NODE].engine(), world.nodes[FLOODER].engine());
    let space = shared(node, flooder);
    let account = &flooder.owners.account;
    let (device, identity) = (account.device_id, account.identity());
    let node = world.nodes[NODE].engine_mut();
    let mut speaker = node.owners.speaker(identity).unwrap();
    let Authority::Devices(authority) = speaker.of(space) else {
        panic!("a chat");
    };
    for store in [NODE, FLOODER] {
        let ingested = stores[store].write(|txn| {
            for number in 0..logs {
                // Each links to the one before, as logs do that are written one after the other.
                let before = number.checked_sub(1).map(|before| EntryId {
                    log: log(device, before),
                    seq: Seq(2),
                });
                let core = batch(1, &[before.as_slice(), &[]]);
                ingest(txn, space, log(device, number), &core, &authority)?;
            }
            Ok(())
        });
        ingested.unwrap();
    }
    stores
}

/// The direct space of two engines.
fn shared(one: &Engine, other: &Engine) -> SpaceId {
    let identity = other.owners.account.identity();
    let chat = one.owners.conversations.direct(identity);
    chat.expect("contacts")
}

impl<S: Store> Siege<S> {
    /// Takes the node out of its world, and gives it a store of another kind.
    fn lay(stores: &[MemoryStore], store: impl FnOnce(&MemoryStore) -> S) -> Siege<S> {
        let mut world = World::resume(7, stores);
        world.connected(NODE, FLOODER);
        world.connected(NODE, FRIEND);
        world.run(1_000);
        let chat = world.chat(FRIEND, NODE);
        let now_ms = world.now_ms;
        let mut parts = world.nodes.drain(..).map(crate::harness::Node::into_parts);
        let (node, rows, rng) = parts.next().unwrap();
        let (mut flooder, _, _) = parts.next().unwrap();
        let friend = parts.next().unwrap();
        let space = shared(&flooder, &node);
        let blinded = flooder.owners.conversations.get(space).unwrap();
        let blinded = blinded.secret.clone();
        let link = flooder.owners.sessions[&node.owners.account.device_id].link;
        let State::Live(live) = flooder.links.by_id.remove(&link).unwrap().state else {
            panic!("they are connected");
        };
        let role = match live.session.role() {
            session::Role::Dialler => Role::Dialler,
            session::Role::Answerer => Role::Answerer,
        };
        Siege {
            blind: Blind::new(blinded.as_bytes(), live.session.hash(), role),
            flooder: live,
            flooder_link: node.owners.sessions[&flooder.owners.account.device_id].link,
            friend_link: node.owners.sessions[&friend.0.owners.account.device_id].link,
            friend,
            store: Counting {
                store: store(&rows),
                most: Meter::new(),
            },
            node,
            rng,
            inputs: Inputs::default(),
            now_ms,
            chat,
        }
    }

    /// The flooder repeats items until it has sent this number of bytes.
    fn flood(&mut self, kinds: &Items, length: usize) {
        let mut sealed = BytesMut::new();
        'full: loop {
            for (kind, content) in kinds {
                let content = Bytes::from(content.clone());
                self.flooder
                    .session
                    .push(Lane::Control, *kind, content)
                    .unwrap();
                if self.flooder.session.queued() > length {
                    break 'full;
                }
            }
        }
        self.flooder.session.seal(&mut sealed, length);
        let mut sealed = sealed.freeze();
        while !sealed.is_empty() {
            let bytes = sealed.split_to(sealed.len().min(PIECE));
            self.arrives(self.flooder_link, bytes);
        }
    }

    fn arrives(&mut self, link: LinkId, bytes: Bytes) {
        let event = CarrierEvent::Bytes { link, bytes };
        self.inputs.push(Input::Carrier(CarrierKind::Memory, event));
    }

    /// The friend writes, and it arrives.
    fn friend_writes(&mut self) {
        let (engine, store, rng) = &mut self.friend;
        let mut inputs = Inputs::default();
        inputs.push(Input::Call(
            CallId(1),
            Call::Send(self.chat.clone(), NewMessage::text("hello")),
        ));
        let mut asked = EffectQueue::default();
        let now = at(self.now_ms);
        pump(engine, store, &mut inputs, now, rng, &mut asked).unwrap();
        for (_, bytes) in asked.sent {
            self.arrives(self.friend_link, bytes);
        }
    }

    /// Makes one turn. What the node sends counts as written at once, so that it sends as much as possible.
    fn turn(&mut self) -> (EffectQueue, Duration) {
        let mut asked = EffectQueue::default();
        let (inputs, rng, now) = (&mut self.inputs, &mut self.rng, at(self.now_ms));
        #[expect(
            clippy::disallowed_methods,
            reason = "what a turn takes is measured, and decides nothing"
        )]
        let began = Instant::now();
        pump(
            &mut self.node,
            &mut self.store,
            inputs,
            now,
            rng,
            &mut asked,
        )
        .unwrap();
        let took = began.elapsed();
        for (link, bytes) in &asked.sent {
            let written = CarrierEvent::Written {
                link: *link,
                bytes: bytes.len(),
            };
            self.inputs
                .push(Input::Carrier(CarrierKind::Memory, written));
        }
        (asked, took)
    }

    /// The friend writes at the worst moment, when a turn has just begun. Gives how many turns pass until the node
    /// tells of the message, and how long they take.
    fn message(&mut self) -> (usize, Duration) {
        let (_, mut took) = self.turn();
        self.friend_writes();
        for turns in 2..100 {
            let (asked, more) = self.turn();
            took += more;
            if asked.messages > 0 {
                return (turns, took);
            }
        }
        panic!("the friend is not heard");
    }
}

fn at(now_ms: u64) -> Now {
    Now {
        mono_ms: now_ms,
        wall_ms: EPOCH_MS + now_ms as i64,
    }
}

/// In a batch: a text, whose body follows.
const ROW: u8 = 1 << 3;

/// A batch that no builder makes. Its mark is not ours, so any bytes do.
fn batch(first: u64, entries: &[&[EntryId]]) -> Vec<u8> {
    let refs: BTreeSet<LogId> = entries
        .iter()
        .flat_map(|links| links.iter().map(|link| link.log))
        .collect();
    let refs: Vec<LogId> = refs.into_iter().collect();
    let mut core = Vec::new();
    varint(&mut core, first);
    varint(&mut core, entries.len() as u64);
    core.extend([0, 1, refs.len() as u8]);
    for log in &refs {
        core.extend(log.device.0);
        core.extend(log.incarnation.0.to_be_bytes());
    }
    for links in entries {
        core.push(0);
        varint(&mut core, links.len() as u64);
        for link in *links {
            core.push(refs.binary_search(&link.log).unwrap() as u8);
            varint(&mut core, link.seq.0);
        }
        core.extend([ROW, 1, b'x']);
    }
    core.extend([0; SALT_LENGTH + MARK_LENGTH]);
    core
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Kinds and contents of items.
type Items = Vec<(u64, Vec<u8>)>;

/// The items with which a contact can cause the most work, by name.
fn floods(space: Blind, device: DeviceId, logs: u64) -> Vec<(&'static str, Items)> {
    let item = |message: Message| (message.kind(), message.encode());
    let entries = |number: u64, core: Vec<u8>| {
        item(Message::Entries {
            space,
            log: LogName::Other(log(device, number)),
            core: core.into(),
        })
    };
    let frontier = |base, logs: Frontier| {
        item(Message::Frontier {
            space,
            base,
            logs,
            tags: Default::default(),
            more: false,
        })
    };
    let first = |count: u64, seq: u64| -> Frontier {
        (0..count.min(logs))
            .map(|number| (log(device, number), Seq(seq)))
            .collect()
    };
    let many = MAX_FRONTIER as u64;
    let long: Vec<&[EntryId]> = vec![&[]; MAX_BATCH_ENTRIES];
    let middle = |targets: u64, entries: u64, links: u64| {
        let links: Vec<Vec<EntryId>> = (0..entries)
            .map(|entry| {
                let link = |link: u64| EntryId {
                    log: log(device, logs + link % targets),
                    seq: Seq(1 + (entry * 31 + link) % (MAX_BATCH_ENTRIES as u64 - 1)),
                };
                (0..links).map(link).collect()
            })
            .collect();
        let links: Vec<&[EntryId]> = links.iter().map(Vec::as_slice).collect();
        batch(1, &links)
    };
    let waiting = |missing: u64| EntryId {
        log: log(device, missing),
        seq: Seq(1),
    };
    vec![
        ("short frontiers", vec![frontier(None, Frontier::new())]),
        (
            "frontiers of other bases",
            vec![frontier(Some([9; 16]), Frontier::new())],
        ),
        (
            "frontiers and what they lack asked for",
            vec![
                frontier(None, Frontier::new()),
                item(Message::NeedFull(space)),
            ],
        ),
        (
            "whole frontiers asked for",
            vec![item(Message::NeedFull(space))],
        ),
        (
            "digests",
            vec![item(Message::Digests(vec![(space, [8; 16]); MAX_DIGESTS]))],
        ),
        (
            "acknowledgements",
            vec![
                item(Message::Ack {
                    space,
                    logs: first(many, 1),
                }),
                item(Message::Ack {
                    space,
                    logs: first(many, 2),
                }),
            ],
        ),
        (
            "refusals",
            (0..logs)
                .map(|number| {
                    item(Message::Refused {
                        space,
                        log: log(device, number),
                        reason: 1,
                    })
                })
                .collect(),
        ),
        (
            "links into the middle of segments",
            (0..32)
                .map(|number| entries(logs + number, batch(1, &long)))
                .chain((0..8).map(|number| {
                    entries(
                        logs + 100 + number,
                        middle(32, MAX_BATCH_ENTRIES as u64, 32),
                    )
                }))
                .collect(),
        ),
        (
            "batches that wait for each other",
            std::iter::once(entries(logs, batch(1, &long)))
                .chain((0..MAX_WAITING as u64).map(|number| {
                    let links = [waiting(logs + 1), waiting(logs + 2)];
                    let mut all: Vec<&[EntryId]> = vec![&links];
                    all.extend(long.iter().take(100));
                    entries(logs + 300 + number, batch(1, &all))
                }))
                .chain([
                    entries(logs + 1, batch(1, &[&[]])),
                    entries(logs + 2, batch(1, &[&[]])),
                ])
                .collect(),
        ),
        (
            "logs of one entry",
            (0..4_000)
                .map(|number| entries(logs + 1_000 + number, batch(1, &[&[]])))
                .collect(),
        ),
        (
            "entries known already",
            (0..logs)
                .map(|number| entries(number, batch(1, &[&[]])))
                .collect(),
        ),
        (
            "entries of a stranger",
            (0..4_000)
                .map(|number| {
                    item(Message::Entries {
                        space,
                        log: LogName::Other(log(DeviceId([7; 16]), number)),
                        core: batch(1, &[&[]]).into(),
                    })
                })
                .collect(),
        ),
        ("facts", (2..4_000).map(fact).collect()),
        ("items of no kind", vec![(63, vec![0])]),
        ("other spaces", vec![item(Message::NeedFull(Blind([5; 8])))]),
    ]
}

/// A new name of the flooder, which the node stores and shows.
fn fact(version: u32) -> (u64, Vec<u8>) {
    let name = crate::tables::encoded(&(format!("name {version}"),));
    let fact = crate::engine::fact::Fact {
        kind: crate::engine::fact::FactKind::Profile as u8,
        version,
        bytes: name.into(),
    };
    (items::FACT, crate::tables::encoded(&fact))
}

#[test]
fn a_contact_who_floods_holds_up_another_s_message_by_two_turns_of_bounded_work() {
    let logs = 1_000;
    let stores = stores(logs);
    for number in 0.. {
        let mut siege = Siege::lay(&stores, MemoryStore::clone);
        let mut all = floods(siege.blind, flooder_device(&siege), logs);
        if number == all.len() {
            break;
        }
        let (name, items) = all.swap_remove(number);
        siege.flood(&items, WINDOW / 4);
        siege.store.most = Meter::new();
        let (turns, _) = siege.message();
        assert!(turns <= 2, "{name}: {turns} turns");
        for _ in 0..5 {
            siege.turn();
        }
        let most = siege.store.most.spent();
        assert!(most <= MOST_WORK, "{name}: {most} of {MOST_WORK}");
    }
}

fn flooder_device<S>(siege: &Siege<S>) -> DeviceId {
    let mut sessions = siege.node.owners.sessions.iter();
    *sessions
        .find(|(_, up)| up.link == siege.flooder_link)
        .unwrap()
        .0
}

/// The number of logs of a space to which people write for years.
const YEARS_OF_LOGS: u64 = 60_000;

#[test]
#[ignore = "measures time: release builds alone, by hand"]
fn how_long_a_contact_holds_up_another_s_message() {
    let directory = TempDir::new().unwrap();
    let stores = stores(YEARS_OF_LOGS);
    let mut worst = Duration::ZERO;
    let mut number = 0;
    loop {
        let mut siege = Siege::lay(&stores, |rows| redb(&directory, number, rows));
        let device = flooder_device(&siege);
        let mut all = floods(siege.blind, device, YEARS_OF_LOGS);
        if number == all.len() {
            break;
        }
        let (name, items) = all.swap_remove(number);
        for _ in 0..5 {
            siege.turn();
        }
        let (_, quiet) = siege.message();
        let (mut longest, mut sum, mut least) = (Duration::ZERO, Duration::ZERO, usize::MAX);
        for _ in 0..10 {
            siege.flood(&items, WINDOW - PIECE);
            let (turns, took) = siege.message();
            longest = longest.max(took);
            sum += took;
            least = least.min(turns);
        }
        worst = worst.max(longest);
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{name}: {:.1} ms at most, {:.1} ms on average, {:.1} ms unhindered; {} rows in a turn; the session {}",
            ms(longest),
            ms(sum) / 10.0,
            ms(quiet),
            siege.store.most.spent() / ROW_READ,
            match siege.node.links.by_id.contains_key(&siege.flooder_link) {
                true => "goes on",
                false => "was ended",
            },
        );
        number += 1;
    }
    println!("worst: {:.1} ms", worst.as_secs_f64() * 1e3);
}

fn redb(directory: &TempDir, number: usize, rows: &MemoryStore) -> RedbStore {
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(directory.path().join(number.to_string()))
        .unwrap();
    let mut store = RedbStore::open(file, &DataKey::random().unwrap()).unwrap();
    let everything = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
    rows.read(|reader| {
        store.write(|txn| {
            let mut failed = Ok(());
            let forward = hedgerow_sync::store::Direction::Forward;
            reader.scan(everything, forward, &mut |key, value| {
                failed = txn.put(key, value);
                match failed {
                    Ok(()) => std::ops::ControlFlow::Continue(()),
                    Err(_) => std::ops::ControlFlow::Break(()),
                }
            })?;
            failed
        })
    })
    .unwrap();
    store
}
