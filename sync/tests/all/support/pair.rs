//! Two or more nodes without a network: stores, identities, and sessions that carry items in order.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::VecDeque;

use bytes::Bytes;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::ingest::Devices;
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::reconcile::{Channel, Event, Reconciler, Shared};
use hedgerow_sync::space::{self, Appended, SpaceKind};
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::{Blind, Message, Role};

/// The space of the tests.
pub const SPACE: SpaceId = SpaceId([7; 16]);
/// Its secret.
pub const SECRET: [u8; 32] = [9; 32];

/// Devices of one identity and the key of its marks.
#[derive(Clone)]
pub struct Identity {
    pub devices: Vec<DeviceId>,
    pub mark_key: MarkKey,
}

impl Identity {
    pub fn new(number: u8, devices: u8) -> Identity {
        Identity {
            devices: (0..devices)
                .map(|device| DeviceId([number * 16 + device; 16]))
                .collect(),
            mark_key: MarkKey::new(&[number; 32]),
        }
    }
}

/// A device with its store.
#[derive(Clone)]
pub struct Node {
    pub identity: Identity,
    pub device: DeviceId,
    pub incarnation: u64,
    pub store: MemoryStore,
    pub events: Vec<Event>,
}

impl Node {
    pub fn new(identity: &Identity, device: usize, spaces: &[SpaceId]) -> Node {
        let mut node = Node {
            identity: identity.clone(),
            device: identity.devices[device],
            incarnation: 1,
            store: MemoryStore::new(),
            events: Vec::new(),
        };
        node.store
            .write(|txn| {
                for space in spaces {
                    space::create(txn, *space, SpaceKind::Direct)?;
                }
                Ok(())
            })
            .unwrap();
        node
    }

    /// The log that this opening of the store writes.
    pub fn log(&self) -> LogId {
        LogId {
            device: self.device,
            incarnation: Incarnation(self.incarnation),
        }
    }

    /// Appends an entry of any kind.
    pub fn append(&mut self, space: SpaceId, wall_ms: i64, what: What, text: &str) -> Appended {
        let log = self.log();
        let body = Body::Bytes(Bytes::copy_from_slice(text.as_bytes()));
        self.store
            .write(|txn| Ok(space::append(txn, space, log, wall_ms, what, body).unwrap()))
            .unwrap()
    }

    pub fn say_in(&mut self, space: SpaceId, wall_ms: i64, text: &str) -> EntryId {
        self.append(space, wall_ms, What::TEXT, text).id
    }

    /// Annotates an entry.
    pub fn annotate(&mut self, kind: u16, target: EntryId, text: &str) -> EntryId {
        let kind = AnnotationKind(kind);
        self.append(SPACE, 1_000, What::Annotation { kind, target }, text)
            .id
    }

    /// The channel to the device of another node.
    pub fn channel<'a>(&self, peer: DeviceId, role: Role, hash: &'a [u8]) -> Channel<'a> {
        Channel {
            me: self.log(),
            peer,
            role,
            hash,
            salt_seed: &[5; 32],
        }
    }

    pub fn say(&mut self, text: &str) -> EntryId {
        self.say_in(SPACE, 1_000, text)
    }

    pub fn frontier(&self) -> space::Frontier {
        self.store
            .read(|reader| space::frontier(reader, SPACE))
            .unwrap()
    }

    pub fn unacked(&self, device: DeviceId) -> u64 {
        let unacked = |reader: &dyn hedgerow_sync::store::Reader| {
            hedgerow_sync::peer::unacked(reader, SPACE, device)
        };
        self.store.read(unacked).unwrap()
    }
}

/// A session between two nodes, with its items in flight in order.
pub struct Session {
    ends: [End; 2],
    hash: [u8; 8],
    /// Items that have arrived, by direction.
    pub carried: [Vec<Message>; 2],
}

struct End {
    reconciler: Reconciler,
    /// Items sent to this end that have not arrived.
    arriving: VecDeque<(u64, Bytes)>,
}

impl Session {
    /// Opens a session; both say hello.
    pub fn open(nodes: [&mut Node; 2], hash: u64, spaces: &[(SpaceId, [u8; 32])]) -> Session {
        let hash = hash.to_be_bytes();
        let shared: Vec<Shared<'_>> = spaces
            .iter()
            .map(|(space, secret)| Shared {
                space: *space,
                secret,
            })
            .collect();
        let [dialler, answerer] = nodes;
        let make = |node: &mut Node, peer: DeviceId, role| {
            let channel = node.channel(peer, role, &hash);
            let make =
                |txn: &mut dyn hedgerow_sync::store::Txn| Reconciler::new(txn, &channel, &shared);
            node.store.write(make).unwrap()
        };
        let mut first = make(dialler, answerer.device, Role::Dialler);
        let mut second = make(answerer, dialler.device, Role::Answerer);
        let (root, other) = (first.root(), second.root());
        let openings = [dialler.log().incarnation, answerer.log().incarnation];
        let events = dialler
            .store
            .write(|txn| first.peer_root(txn, other, openings[1]))
            .unwrap();
        dialler.events.extend(events);
        let events = answerer
            .store
            .write(|txn| second.peer_root(txn, root, openings[0]))
            .unwrap();
        answerer.events.extend(events);
        let end = |reconciler| End {
            reconciler,
            arriving: VecDeque::new(),
        };
        Session {
            ends: [end(first), end(second)],
            hash,
            carried: [Vec::new(), Vec::new()],
        }
    }

    /// Sends what the node at `end` has to send. Returns whether there was anything.
    pub fn send(&mut self, end: usize, node: &Node, budget: usize) -> bool {
        let mut out = Vec::new();
        let sender = &mut self.ends[end].reconciler;
        node.store
            .read(|reader| sender.fill(reader, &node.identity.mark_key, budget, &mut out))
            .unwrap();
        let any = !out.is_empty() || sender.has_more();
        for message in out {
            let content = Bytes::from(message.encode());
            self.ends[1 - end]
                .arriving
                .push_back((message.kind(), content));
            self.carried[end].push(message);
        }
        any
    }

    /// Delivers one item to the node at `end`; the sender may speak for these devices. Returns whether there was
    /// one.
    pub fn arrive(&mut self, end: usize, node: &mut Node, theirs: &[DeviceId]) -> bool {
        let Some((kind, content)) = self.ends[end].arriving.pop_front() else {
            return false;
        };
        let receiver = &mut self.ends[end].reconciler;
        let identity = node.identity.clone();
        let mut authority = Devices {
            theirs,
            mine: &identity.devices,
            mark_key: &identity.mark_key,
        };
        let events = node
            .store
            .write(|txn| receiver.receive(txn, &mut authority, kind, &content))
            .unwrap();
        node.events.extend(events);
        while receiver.is_busy() {
            let events = node
                .store
                .write(|txn| receiver.proceed(txn, &mut authority));
            node.events.extend(events.unwrap());
        }
        true
    }

    /// The node at `end` has appended an entry.
    pub fn said(&mut self, end: usize, node: &mut Node, entry: EntryId) {
        let sender = &mut self.ends[end].reconciler;
        node.store
            .write(|txn| sender.grew(txn, SPACE, entry.log, entry.seq))
            .unwrap();
    }

    /// Cuts the link: drops all items in flight.
    pub fn cut(mut self) {
        for end in &mut self.ends {
            end.arriving.clear();
        }
    }

    /// The node at end 0 learns that the other holds a log up to `seq`.
    pub fn settle_ack(&mut self, node: &mut Node, log: LogId, seq: Seq) {
        let space = Blind::new(&SECRET, &self.hash, Role::Answerer);
        let logs = [(log, seq)].into_iter().collect();
        let message = Message::Ack { space, logs };
        let content = Bytes::from(message.encode());
        self.ends[0].arriving.push_back((message.kind(), content));
        self.arrive(0, node, &[]);
    }

    /// Delivers items until neither side has more to send.
    pub fn settle(&mut self, nodes: [&mut Node; 2]) {
        let [first, second] = nodes;
        let identities = [first.identity.clone(), second.identity.clone()];
        loop {
            let mut moved = self.send(0, first, 1 << 20);
            moved |= self.send(1, second, 1 << 20);
            while self.arrive(0, first, &identities[1].devices) {
                moved = true;
            }
            while self.arrive(1, second, &identities[0].devices) {
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }
}

/// Opens a session over the one space of the tests and delivers everything.
pub fn meet(first: &mut Node, second: &mut Node, hash: u64) -> Session {
    let mut session = Session::open([first, second], hash, &[(SPACE, SECRET)]);
    session.settle([first, second]);
    session
}
