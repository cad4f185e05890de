//! Members of a group without a network: stores, keys, and sessions that carry items in order.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use hedgerow_sync::entry::{Body, What};
use hedgerow_sync::group::{Draft, Group};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::ingest::{Authorities, Authority};
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::membership::{Act, Founding, Held, Level, MemberKey, Operation, OperationId};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::reconcile::{Channel, Event, Reconciler, Shared};
use hedgerow_sync::space::{self, Digest};
use hedgerow_sync::store::{Reader, Store, Txn};
use hedgerow_sync::wire::{Message, Role};

use super::group::keys::{key, member};

/// The group of the tests.
pub const GROUP: SpaceId = SpaceId([6; 16]);
/// Its secret.
pub const SECRET: [u8; 32] = [8; 32];

/// The operation with which number 0 founds a group of so many admins and members.
pub fn founding(admins: u64, members: u64) -> Vec<u8> {
    let level = |number| match number < admins {
        true => Level::ADMIN,
        false => Level::MEMBER,
    };
    let people = (0..admins + members).map(|number| (member(number), level(number)));
    let act = Act::Create(Founding::Line {
        people: people.collect(),
        continues: None,
    });
    let root = Operation::new(member(0), Vec::new(), act).unwrap();
    root.sign(&key(0)).unwrap()
}

/// A member with a store.
pub struct Member {
    pub number: u64,
    pub key: SigningKey,
    pub incarnation: u64,
    pub store: MemoryStore,
    pub group: Group,
    pub events: Vec<Event>,
    written: u64,
}

/// Whoever writes is in a group.
struct InGroup<'a>(&'a mut Group);

impl Authorities for InGroup<'_> {
    fn of(&mut self, _: SpaceId) -> Authority<'_> {
        Authority::Group(self.0)
    }
}

impl Member {
    pub fn new(number: u64, founding: &[u8]) -> Member {
        let mut store = MemoryStore::new();
        let me = Some(member(number));
        let group = store.write(|txn| Ok(Group::found(txn, GROUP, founding, me).unwrap()));
        Member {
            number,
            key: key(number),
            incarnation: number + 1,
            store,
            group: group.unwrap(),
            events: Vec::new(),
            written: 0,
        }
    }

    /// A member with the same key and what this one's store holds.
    pub fn copy(&self) -> Member {
        let me = Some(member(self.number));
        let store = self.store.clone();
        let group = store.read(|reader| Group::open(reader, GROUP, me));
        Member {
            key: self.key.clone(),
            store,
            group: group.unwrap().unwrap(),
            events: Vec::new(),
            ..*self
        }
    }

    /// The same store, opened once more.
    pub fn reopen(&mut self) {
        let me = Some(member(self.number));
        let group = self.store.read(|reader| Group::open(reader, GROUP, me));
        self.group = group.unwrap().unwrap();
    }

    pub fn member_key(&self) -> MemberKey {
        member(self.number)
    }

    pub fn device(&self) -> DeviceId {
        self.member_key().device()
    }

    pub fn log(&self) -> LogId {
        LogId {
            device: self.device(),
            incarnation: Incarnation(self.incarnation),
        }
    }

    pub fn append(&mut self, what: What, text: &str) -> EntryId {
        self.written += 1;
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&self.number.to_be_bytes());
        salt[8..].copy_from_slice(&self.written.to_be_bytes());
        let draft = Draft {
            what,
            wall_ms: self.written as i64 * 60_000,
            body: Body::Bytes(Bytes::copy_from_slice(text.as_bytes())),
            salt,
        };
        let (group, key, opening) = (&mut self.group, &self.key, Incarnation(self.incarnation));
        let appended = self
            .store
            .write(|txn| Ok(group.append(txn, key, opening, draft).unwrap()));
        appended.unwrap().id
    }

    pub fn say(&mut self, text: &str) -> EntryId {
        self.append(What::TEXT, text)
    }

    pub fn act(&mut self, act: Act) -> OperationId {
        let (group, key) = (&mut self.group, &self.key);
        let written = self
            .store
            .write(|txn| Ok(group.write(txn, key, act).unwrap()));
        written.unwrap().0
    }

    /// Gives a member a level, and says what there is of it if that lowers it.
    pub fn set(&mut self, who: u64, level: Level) -> OperationId {
        let held = match level < Level::MEMBER {
            true => self
                .store
                .read(|reader| self.group.held_of(reader, member(who))),
            false => Ok(Held::new()),
        };
        self.act(Act::Set {
            who: member(who),
            level,
            held: held.unwrap(),
        })
    }

    /// The texts that are shown, in their order.
    pub fn texts(&self) -> Vec<String> {
        let page = |reader: &dyn Reader| page::page(reader, GROUP, PageFrom::Newest, 100_000);
        let page = self.store.read(page).unwrap().unwrap();
        let texts = page.entries.into_iter().map(|row| match row.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Body::Gone => String::new(),
        });
        texts.collect()
    }

    /// What was stored of late: logs, and the first new entry of each.
    pub fn stored(&self) -> Vec<(LogId, Seq)> {
        let stored = self.events.iter().filter_map(|event| match event {
            Event::Stored { log, first, .. } => Some((*log, *first)),
            _ => None,
        });
        stored.collect()
    }

    pub fn digest(&mut self) -> Digest {
        self.store.write(|txn| space::digest(txn, GROUP)).unwrap()
    }

    pub fn frontier(&self) -> space::Frontier {
        self.store
            .read(|reader| space::frontier(reader, GROUP))
            .unwrap()
    }

    pub fn summary(&self) -> space::Summary {
        let summary = self.store.read(|reader| space::summary(reader, GROUP));
        summary.unwrap().unwrap()
    }

    /// Everything in the store that a user sees of the group.
    pub fn seen(&mut self) -> (Vec<String>, u64, Vec<(MemberKey, Level)>) {
        let standings = self.group.membership().standings();
        let levels = standings.iter().map(|it| (it.key, it.level)).collect();
        (self.texts(), self.summary().rows, levels)
    }
}

/// A session between two members, with its items in flight in order.
pub struct Session {
    ends: [End; 2],
    /// Bytes of the items, by direction.
    pub bytes: [usize; 2],
    /// Runs of entries: each is one signature that is checked.
    pub runs: usize,
    pub items: Vec<Message>,
    /// Kinds of the items that arrived, by end.
    heard: [Vec<u64>; 2],
}

struct End {
    reconciler: Reconciler,
    arriving: VecDeque<(u64, Bytes)>,
}

fn mark_key() -> MarkKey {
    MarkKey::new(&[1; 32])
}

impl Session {
    pub fn open(members: [&mut Member; 2], hash: u64) -> Session {
        let shared = Shared {
            space: GROUP,
            secret: &SECRET,
        };
        Session::open_sharing(members, hash, &[shared])
    }

    /// A session in which the group is shared by nobody yet.
    pub fn open_without(members: [&mut Member; 2], hash: u64) -> Session {
        Session::open_sharing(members, hash, &[])
    }

    /// The member at `end` shares the group from now on.
    pub fn share(&mut self, end: usize, member: &mut Member) {
        let reconciler = &mut self.ends[end].reconciler;
        let shared = Shared {
            space: GROUP,
            secret: &SECRET,
        };
        let shares = member.store.write(|txn| reconciler.share(txn, &shared));
        shares.unwrap();
    }

    /// The member at `end` knows whose key the other has.
    pub fn admit(&mut self, end: usize, member: &Member, peer: MemberKey) {
        self.ends[end].reconciler.admit(&member.group, peer);
    }

    fn open_sharing(members: [&mut Member; 2], hash: u64, shared: &[Shared<'_>]) -> Session {
        let hash = hash.to_be_bytes();
        let [first, second] = members;
        let begin = |me: &mut Member, peer: DeviceId, role| {
            let channel = Channel {
                me: me.log(),
                peer,
                role,
                hash: &hash,
                salt_seed: &[5; 32],
            };
            let begin = |txn: &mut dyn Txn| Reconciler::new(txn, &channel, shared);
            me.store.write(begin).unwrap()
        };
        let mut ends = [
            begin(first, second.device(), Role::Dialler),
            begin(second, first.device(), Role::Answerer),
        ];
        let roots = [ends[0].root(), ends[1].root()];
        let openings = [first.log().incarnation, second.log().incarnation];
        for (end, member) in [first, second].into_iter().enumerate() {
            let reconciler = &mut ends[end];
            let events = member
                .store
                .write(|txn| reconciler.peer_root(txn, roots[1 - end], openings[1 - end]));
            member.events.extend(events.unwrap());
        }
        Session {
            ends: ends.map(|reconciler| End {
                reconciler,
                arriving: VecDeque::new(),
            }),
            bytes: [0; 2],
            runs: 0,
            items: Vec::new(),
            heard: Default::default(),
        }
    }

    pub fn send(&mut self, end: usize, member: &Member, budget: usize) -> bool {
        let mut out = Vec::new();
        let sender = &mut self.ends[end].reconciler;
        member
            .store
            .read(|reader| sender.fill(reader, &mark_key(), budget, &mut out))
            .unwrap();
        let any = !out.is_empty() || sender.has_more();
        for message in out {
            let content = Bytes::from(message.encode());
            self.bytes[end] += content.len();
            self.runs += usize::from(matches!(message, Message::Entries { .. }));
            self.ends[1 - end]
                .arriving
                .push_back((message.kind(), content));
            self.items.push(message);
        }
        any
    }

    pub fn arrive(&mut self, end: usize, member: &mut Member) -> bool {
        let Some((kind, content)) = self.ends[end].arriving.pop_front() else {
            return false;
        };
        self.heard[end].push(kind);
        self.hear(end, member, kind, &content);
        true
    }

    /// The member at `end` gets an item, and does all work that it causes.
    pub fn hear(&mut self, end: usize, member: &mut Member, kind: u64, content: &Bytes) {
        let receiver = &mut self.ends[end].reconciler;
        let (store, group) = (&mut member.store, &mut member.group);
        let events = store.write(|txn| receiver.receive(txn, &mut InGroup(group), kind, content));
        member.events.extend(events.unwrap());
        self.work(end, member);
    }

    /// Does all work that is under way at `end`.
    pub fn work(&mut self, end: usize, member: &mut Member) {
        let receiver = &mut self.ends[end].reconciler;
        let (store, group) = (&mut member.store, &mut member.group);
        while receiver.is_busy() {
            let events = store.write(|txn| receiver.proceed(txn, &mut InGroup(group)));
            member.events.extend(events.unwrap());
        }
    }

    /// The member at `end` has written an entry.
    pub fn said(&mut self, end: usize, member: &mut Member, entry: EntryId) {
        let sender = &mut self.ends[end].reconciler;
        member
            .store
            .write(|txn| sender.grew(txn, GROUP, entry.log, entry.seq))
            .unwrap();
        self.work(end, member);
    }

    /// A log of the member at `end` has grown through another session.
    pub fn grew(&mut self, end: usize, member: &mut Member, log: LogId, first: Seq) {
        let reconciler = &mut self.ends[end].reconciler;
        let grew = member
            .store
            .write(|txn| reconciler.grew(txn, GROUP, log, first));
        grew.unwrap();
        self.work(end, member);
    }

    pub fn wait_for_turn(&mut self, end: usize) {
        self.ends[end].reconciler.wait_for_turn(GROUP);
    }

    pub fn take_turn(&mut self, end: usize) {
        self.ends[end].reconciler.take_turn(GROUP);
    }

    pub fn is_behind(&self, end: usize, member: &Member) -> bool {
        let is_behind = |reader: &dyn Reader| {
            let reconciler = &self.ends[end].reconciler;
            reconciler.is_behind(reader, &member.group)
        };
        member.store.read(is_behind).unwrap()
    }

    /// Whether the member at `end` has said what it holds.
    pub fn has_told_frontier(&self, end: usize) -> bool {
        let told = self.ends[1 - end].arriving.iter().map(|(kind, _)| *kind);
        let heard = self.heard[1 - end].iter().copied();
        told.chain(heard).any(|kind| kind == 17)
    }

    /// The member at `end` has written an operation.
    pub fn acted(&mut self, end: usize, member: &mut Member) {
        self.ends[end].reconciler.control_grew(&member.group);
        self.work(end, member);
    }

    pub fn settle(&mut self, members: [&mut Member; 2]) {
        let [first, second] = members;
        self.work(0, first);
        self.work(1, second);
        loop {
            let mut moved = self.send(0, first, 1 << 20);
            moved |= self.send(1, second, 1 << 20);
            while self.arrive(0, first) {
                moved = true;
            }
            while self.arrive(1, second) {
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }
}

/// Opens a session and delivers everything.
pub fn meet(first: &mut Member, second: &mut Member, hash: u64) -> Session {
    let mut session = Session::open([first, second], hash);
    session.settle([first, second]);
    session
}

/// A group of members who know its founding.
pub fn circle(admins: u64, members: u64) -> Vec<Member> {
    let founding = founding(admins, members);
    (0..admins + members)
        .map(|number| Member::new(number, &founding))
        .collect()
}

/// Two of them, in order.
pub fn two(members: &mut [Member], one: usize, other: usize) -> [&mut Member; 2] {
    members.get_disjoint_mut([one, other]).unwrap()
}

/// Everybody meets everybody until nothing is new.
pub fn all_meet(members: &mut [Member]) {
    for round in 0..3 {
        for one in 0..members.len() {
            for other in one + 1..members.len() {
                let [first, second] = two(members, one, other);
                meet(first, second, (round * 100 + one * 10 + other) as u64);
            }
        }
    }
}

/// How many of the events are of each kind, by name.
pub fn faults(events: &[Event]) -> BTreeMap<String, usize> {
    let mut faults = BTreeMap::new();
    for event in events {
        let name = match event {
            Event::Fault(fault) => format!("fault: {fault:?}"),
            Event::Refused { refusal, .. } => format!("refused: {refusal:?}"),
            Event::Forked { .. } => "forked".to_owned(),
            _ => continue,
        };
        *faults.entry(name).or_default() += 1;
    }
    faults
}
