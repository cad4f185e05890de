//! The cost that one contact can cause: no call of a reconciler does more than a bounded amount of work, however
//! many logs there are and whatever arrives.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::support::pair::{Identity, Node, SECRET, SPACE, meet};
use bytes::Bytes;
use hedgerow_sync::batch::{BatchBuilder, MAX_BATCH, MAX_BATCH_ENTRIES, SALT_LENGTH};
use hedgerow_sync::body;
use hedgerow_sync::entry::{AnnotationKind, Body, Entry, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq};
use hedgerow_sync::ingest::{Authorities, Devices, ingest};
use hedgerow_sync::mark::{MARK_LENGTH, MarkKey};
use hedgerow_sync::page;
use hedgerow_sync::peer::{self, MAX_REFUSALS};
use hedgerow_sync::reconcile::{Event, MAX_DIGESTED_LOGS, Reconciler, STEP, Shared};
use hedgerow_sync::space::Frontier;
use hedgerow_sync::store::{Direction, KeyRange, Reader, StorageError, Store, Txn, Visit};
use hedgerow_sync::waiting::MAX_WAITING;
use hedgerow_sync::wire::{Blind, LogName, MAX_DIGESTS, MAX_FRONTIER, Message, Role};

/// Most rows that one call may read or write: the refusals of a device, and four for each step.
const MAX_ROWS: u64 = MAX_REFUSALS as u64 + 4 * STEP as u64;

/// Logs of the space, far more than one call may look at.
const LOGS: u64 = 10_000;

const HASH: &[u8] = b"session hash";

/// The byte `what` of a text, whose body follows.
const ROW: u8 = 1 << 3;

/// A transaction that counts the rows that it reads and writes.
struct Counting<'a> {
    txn: &'a mut dyn Txn,
    rows: &'a Cell<u64>,
}

impl Counting<'_> {
    fn count(&self) {
        self.rows.set(self.rows.get() + 1);
    }
}

impl Reader for Counting<'_> {
    fn with(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
        self.count();
        self.txn.with(key, found)
    }

    fn scan(
        &self,
        range: KeyRange<'_>,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        self.txn.scan(range, direction, &mut |key, value| {
            self.count();
            visit(key, value)
        })
    }
}

impl Txn for Counting<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.count();
        self.txn.put(key, value)
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StorageError> {
        self.count();
        self.txn.remove(key)
    }
}

/// A node in a session with a contact who tries to keep it busy.
struct Victim {
    node: Node,
    theirs: Vec<DeviceId>,
    reconciler: Reconciler,
    calls: u64,
    /// The most rows of one call, and the total of all calls.
    worst: u64,
    total: u64,
}

impl Victim {
    fn new(node: Node) -> Victim {
        let theirs = Identity::new(2, 1).devices;
        let mut victim = Victim {
            reconciler: open(&mut node.clone(), theirs[0], &Cell::new(0)),
            node,
            theirs,
            calls: 0,
            worst: 0,
            total: 0,
        };
        let rows = Cell::new(0);
        victim.reconciler = open(&mut victim.node, victim.theirs[0], &rows);
        victim.note(rows.get());
        victim
    }

    /// A victim whose space has many logs of the contact, of two entries each.
    fn with_logs(count: u64) -> Victim {
        let mut victim = Victim::new(Node::new(&Identity::new(1, 1), 0, &[SPACE]));
        for number in 0..count {
            // Each links to the one before, as logs do when they are written one after the other.
            let before = number.checked_sub(1).map(|before| entry(before, 2));
            victim.hold(log(number), &[before.as_slice(), &[]]);
        }
        Victim::new(victim.node)
    }

    /// Ingests a batch outside the session: one entry for each list of links.
    fn hold(&mut self, log: LogId, entries: &[&[EntryId]]) {
        self.hold_from(log, 1, entries);
    }

    /// The same from number `first` on.
    fn hold_from(&mut self, log: LogId, first: u64, entries: &[&[EntryId]]) {
        self.hold_core(log, &batch(first, entries));
    }

    fn hold_core(&mut self, log: LogId, core: &[u8]) {
        let authority = Devices {
            theirs: &self.theirs,
            mine: &self.node.identity.devices,
            mark_key: &self.node.identity.mark_key,
        };
        self.node
            .store
            .write(|txn| ingest(txn, SPACE, log, core, &authority))
            .unwrap();
    }

    fn note(&mut self, rows: u64) {
        self.calls += 1;
        self.worst = self.worst.max(rows);
        self.total += rows;
    }

    /// Executes an item to its end.
    fn handle(&mut self, message: &Message) -> Vec<Event> {
        let content = Bytes::from(message.encode());
        let mut events = self.call(|reconciler, txn, authority| {
            reconciler.receive(txn, authority, message.kind(), &content)
        });
        while self.reconciler.is_busy() {
            events.extend(self.call(Reconciler::proceed));
        }
        events
    }

    fn call(
        &mut self,
        job: impl FnOnce(
            &mut Reconciler,
            &mut dyn Txn,
            &mut dyn Authorities,
        ) -> Result<Vec<Event>, StorageError>,
    ) -> Vec<Event> {
        let rows = Cell::new(0);
        let mut authority = Devices {
            theirs: &self.theirs,
            mine: &self.node.identity.devices,
            mark_key: &self.node.identity.mark_key,
        };
        let reconciler = &mut self.reconciler;
        let events = self
            .node
            .store
            .write(|txn| {
                job(
                    reconciler,
                    &mut Counting { txn, rows: &rows },
                    &mut authority,
                )
            })
            .unwrap();
        self.note(rows.get());
        events
    }

    /// Sends everything that it has to send.
    fn say(&mut self) -> Vec<Message> {
        let mut said = Vec::new();
        while self.reconciler.has_more() {
            let rows = Cell::new(0);
            let key = &self.node.identity.mark_key;
            let reconciler = &mut self.reconciler;
            self.node
                .store
                .write(|txn| {
                    reconciler.fill(&Counting { txn, rows: &rows }, key, 1 << 18, &mut said)
                })
                .unwrap();
            self.note(rows.get());
        }
        said
    }

    fn is_bounded(&self) {
        assert!(self.worst <= MAX_ROWS, "{} rows in one call", self.worst);
    }
}

fn open(node: &mut Node, peer: DeviceId, rows: &Cell<u64>) -> Reconciler {
    let shared = [Shared {
        space: SPACE,
        secret: &SECRET,
    }];
    let channel = node.channel(peer, Role::Answerer, HASH);
    node.store
        .write(|txn| {
            let mut txn = Counting { txn, rows };
            Reconciler::new(&mut txn, &channel, &shared)
        })
        .unwrap()
}

fn blind() -> Blind {
    Blind::new(&SECRET, HASH, Role::Dialler)
}

/// A log of the contact.
fn log(number: u64) -> LogId {
    LogId {
        device: Identity::new(2, 1).devices[0],
        incarnation: Incarnation(number),
    }
}

fn entry(number: u64, seq: u64) -> EntryId {
    EntryId {
        log: log(number),
        seq: Seq(seq),
    }
}

/// A batch that no builder makes: as long as the wire allows. It is not ours, so its mark may be anything.
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
    assert!(core.len() <= MAX_BATCH);
    core
}

/// A batch of one long text, marked by nobody.
fn text(seq: u64, body: &[u8]) -> Vec<u8> {
    let mut core = Vec::new();
    varint(&mut core, seq);
    core.extend([1, 0, 1, 0, 0, 0, ROW]);
    varint(&mut core, body.len() as u64);
    core.extend_from_slice(body);
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

fn entries(log: LogId, first: u64, entries: &[&[EntryId]]) -> Message {
    Message::Entries {
        space: blind(),
        log: LogName::Other(log),
        core: batch(first, entries).into(),
    }
}

fn frontier(base: Option<[u8; 16]>, logs: Frontier) -> Message {
    Message::Frontier {
        space: blind(),
        base,
        logs,
        tags: Default::default(),
        more: false,
    }
}

#[test]
fn a_short_frontier_costs_a_bounded_share_of_many_logs() {
    let mut victim = Victim::with_logs(LOGS);
    for _ in 0..3 {
        victim.handle(&frontier(None, Frontier::new()));
    }
    victim.is_bounded();
    assert!(victim.total >= 3 * LOGS, "all are compared all the same");
}

#[test]
fn what_the_peer_asks_for_again_and_again_is_told_once_and_in_parts() {
    let mut victim = Victim::with_logs(LOGS);
    for _ in 0..100 {
        victim.handle(&Message::NeedFull(blind()));
    }
    let mut told = Frontier::new();
    let mut is_over = false;
    for message in victim.say() {
        if let Message::Frontier { logs, more, .. } = message {
            assert!(!is_over, "it is told once");
            told.extend(logs);
            is_over = !more;
        }
    }
    assert!(is_over && told == victim.node.frontier());
    victim.is_bounded();
}

#[test]
fn acks_of_many_logs_cost_a_bounded_share() {
    let mut victim = Victim::with_logs(LOGS);
    for seq in 1..=2 {
        for part in 0..LOGS / MAX_FRONTIER as u64 {
            let first = part * MAX_FRONTIER as u64;
            let logs = (first..first + MAX_FRONTIER as u64).map(|number| (log(number), Seq(seq)));
            victim.handle(&Message::Ack {
                space: blind(),
                logs: logs.collect(),
            });
        }
    }
    victim.is_bounded();
    let (peer, log) = (victim.theirs[0], log(MAX_FRONTIER as u64 - 1));
    let acked = victim
        .node
        .store
        .read(|reader| peer::acked(reader, SPACE, peer, log));
    assert_eq!(acked.unwrap(), Seq(2), "all of them are noted all the same");
}

#[test]
fn digests_of_one_space_over_and_over_cost_a_bounded_share() {
    let mut victim = Victim::with_logs(LOGS);
    let stated = [7; 16];
    victim.handle(&Message::Digests(vec![(blind(), stated); MAX_DIGESTS]));
    victim.say();
    victim.is_bounded();
}

#[test]
fn links_into_the_middle_of_segments_cost_a_bounded_share() {
    let mut victim = Victim::new(Node::new(&Identity::new(1, 1), 0, &[SPACE]));
    let long: Vec<&[EntryId]> = vec![&[]; MAX_BATCH_ENTRIES];
    for number in 0..32 {
        victim.hold(log(number), &long);
    }
    let links: Vec<Vec<EntryId>> = (1..MAX_BATCH_ENTRIES as u64)
        .map(|seq| (0..32).map(|number| entry(number, seq)).collect())
        .collect();
    let links: Vec<&[EntryId]> = links.iter().map(Vec::as_slice).collect();
    let events = victim.handle(&entries(log(99), 1, &links));
    assert!(matches!(events[..], [Event::Stored { .. }]));
    victim.is_bounded();
    let last = MAX_BATCH_ENTRIES as u64 - 1;
    let last = |reader: &dyn Reader| page::entry(reader, SPACE, entry(99, last));
    let last = victim.node.store.read(last).unwrap().unwrap();
    assert_eq!(last.lamport.0, MAX_BATCH_ENTRIES as u64);
}

#[test]
fn a_batch_over_many_buckets_of_the_order_writes_a_bounded_number_of_rows() {
    let mut victim = Victim::new(Node::new(&Identity::new(1, 1), 0, &[SPACE]));
    let most = MAX_BATCH_ENTRIES as u64;
    let long: Vec<&[EntryId]> = vec![&[]; MAX_BATCH_ENTRIES];
    for first in (0..=most).map(|number| number * most + 1) {
        victim.hold_from(log(0), first, &long);
    }
    // Each entry links 256 Lamports further than the one before it.
    let links: Vec<[EntryId; 1]> = (1..=most).map(|number| [entry(0, number * 256)]).collect();
    let links: Vec<&[EntryId]> = links.iter().map(|links| &links[..]).collect();
    for number in 1..=3 {
        let events = victim.handle(&entries(log(number), 1, &links));
        assert!(matches!(events[..], [Event::Stored { .. }]));
    }
    // For each entry a segment, and the row of the order: looked for and written.
    assert!(victim.worst <= 3 * most + 64, "{}", victim.worst);
    let more: Vec<&[EntryId]> = vec![&[]; MAX_BATCH_ENTRIES + 1];
    let events = victim.handle(&entries(log(9), 1, &more));
    assert!(matches!(events[..], [Event::Fault(_)]));
}

#[test]
fn a_batch_that_repeats_entries_without_bodies_is_read_step_by_step() {
    let mut victim = Victim::new(Node::new(&Identity::new(1, 1), 0, &[SPACE]));
    let repeated = MAX_BATCH_ENTRIES as u64 - 1;
    for seq in 1..=repeated {
        // Each fills segments of its own.
        let body = vec![b'x'; 60_000];
        victim.hold_core(log(0), &text(seq, &body));
    }
    let long: Vec<&[EntryId]> = vec![&[]; MAX_BATCH_ENTRIES];
    let again = |number| entries(log(number), 1, &long);
    let remove = |txn: &mut dyn Txn| body::remove(txn, SPACE, entry(0, 7));
    assert!(victim.node.store.write(remove).unwrap());
    let before = victim.calls;
    let events = victim.handle(&again(0));
    assert!(matches!(
        events[..],
        [Event::Stored {
            first: Seq(256),
            ..
        }]
    ));
    // A segment of 60,000 bytes counts as 16.
    let calls = victim.calls - before;
    assert!(calls >= repeated * 16 / STEP as u64, "{calls}");
    victim.is_bounded();
    let gone = |reader: &dyn Reader| page::entry(reader, SPACE, entry(0, 7));
    let gone = victim.node.store.read(gone).unwrap().unwrap();
    assert_eq!(gone.body, Body::Gone);
}

#[test]
fn a_body_that_leaves_while_a_batch_repeats_it_does_not_come_back() {
    let mut victim = Victim::new(Node::new(&Identity::new(1, 1), 0, &[SPACE]));
    for seq in 1..=40 {
        victim.hold_core(log(0), &text(seq, &vec![b'x'; 60_000]));
    }
    let remove = |victim: &mut Victim, seq| {
        let remove = |txn: &mut dyn Txn| body::remove(txn, SPACE, entry(0, seq));
        assert!(victim.node.store.write(remove).unwrap());
    };
    remove(&mut victim, 7);
    let mut again = BatchBuilder::new(log(0), Seq(1), 0);
    for seq in 1..=41 {
        assert!(again.push(&Entry {
            what: What::TEXT,
            links: Vec::new(),
            wall_ms: 0,
            body: Body::Bytes(format!("again {seq}.").into()),
        }));
    }
    let again = Message::Entries {
        space: blind(),
        log: LogName::Other(log(0)),
        core: again.seal(&MarkKey::new(&[2; 32]), SPACE, &[3; 16]).into(),
    };
    let content = Bytes::from(again.encode());
    let begun = victim.call(|reconciler, txn, authority| {
        reconciler.receive(txn, authority, again.kind(), &content)
    });
    assert!(begun.is_empty() && victim.reconciler.is_busy());
    // It has been read already.
    remove(&mut victim, 1);
    while victim.reconciler.is_busy() {
        victim.call(Reconciler::proceed);
    }
    let mut kept = Vec::new();
    let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
    let look = |reader: &dyn Reader| {
        reader.scan(all, Direction::Forward, &mut |_, value| {
            let holds = |seq: &u64| {
                let text = format!("again {seq}.").into_bytes();
                value.windows(text.len()).any(|bytes| *bytes == text)
            };
            kept.extend((1..=41).filter(holds));
            ControlFlow::Continue(())
        })
    };
    victim.node.store.read(look).unwrap();
    let others: Vec<u64> = (1..=41).filter(|seq| ![1, 7].contains(seq)).collect();
    assert_eq!(kept, others);
}

#[test]
fn batches_that_waited_for_each_other_are_taken_in_step_by_step() {
    let mut victim = Victim::new(Node::new(&Identity::new(1, 1), 0, &[SPACE]));
    let long: Vec<&[EntryId]> = vec![&[]; MAX_BATCH_ENTRIES];
    victim.hold(log(0), &long);
    // Each waits for two logs, and reads the middle of another once both have come.
    let links: Vec<Vec<EntryId>> = (1..=100)
        .map(|seq| vec![entry(0, seq), entry(1, 1), entry(2, 1)])
        .collect();
    let links: Vec<&[EntryId]> = links.iter().map(Vec::as_slice).collect();
    for number in 0..MAX_WAITING as u64 {
        victim.handle(&entries(log(10 + number), 1, &links));
    }
    victim.handle(&entries(log(1), 1, &[&[]]));
    let stored = victim.handle(&entries(log(2), 1, &[&[]])).len();
    assert_eq!(stored, MAX_WAITING + 1);
    victim.is_bounded();
}

/// A batch of as many annotations as it may hold, of entries that nobody holds; it waits for `links`.
fn annotations(log: LogId, links: &[EntryId]) -> Message {
    let mut builder = BatchBuilder::new(log, Seq(1), 0);
    let annotation = |seq| Entry {
        what: What::Annotation {
            kind: AnnotationKind(1),
            target: entry(1_000, seq),
        },
        links: if seq == 1 { links.to_vec() } else { Vec::new() },
        wall_ms: 0,
        body: Body::Gone,
    };
    assert!((1..=MAX_BATCH_ENTRIES as u64).all(|seq| builder.push(&annotation(seq))));
    Message::Entries {
        space: blind(),
        log: LogName::Other(log),
        core: builder
            .seal(&MarkKey::new(&[2; 32]), SPACE, &[3; 16])
            .into(),
    }
}

#[test]
fn annotations_that_waited_are_placed_a_batch_at_a_time() {
    let mut victim = Victim::new(Node::new(&Identity::new(1, 1), 0, &[SPACE]));
    for number in 0..20 {
        victim.handle(&annotations(log(10 + number), &[entry(1, 1)]));
    }
    let stored = victim.handle(&entries(log(1), 1, &[&[]])).len();
    assert_eq!(stored, 21);
    // One batch is ingested as a whole: each annotation reads and writes one row.
    assert!(
        victim.worst <= MAX_ROWS + 2 * MAX_BATCH_ENTRIES as u64,
        "{}",
        victim.worst
    );
}

#[test]
fn refusals_of_every_log_are_remembered_up_to_a_bound() {
    let mut victim = Victim::with_logs(3 * MAX_REFUSALS as u64);
    for number in 0..3 * MAX_REFUSALS as u64 {
        victim.handle(&Message::Refused {
            space: blind(),
            log: log(number),
            reason: 1,
        });
    }
    let peer = victim.theirs[0];
    let refused = |reader: &dyn Reader| {
        let logs = 0..3 * MAX_REFUSALS as u64;
        let refused = logs.map(|number| peer::refusal(reader, SPACE, peer, log(number)));
        refused.collect::<Result<Vec<_>, _>>()
    };
    let refused = victim.node.store.read(refused).unwrap();
    assert_eq!(refused.iter().flatten().count(), MAX_REFUSALS);
    victim.handle(&frontier(None, Frontier::new()));
    victim.say();
    let mut again = Victim::new(victim.node.clone());
    again.handle(&frontier(None, Frontier::new()));
    victim.is_bounded();
    again.is_bounded();
}

#[test]
fn a_session_over_many_logs_begins_with_a_bounded_share() {
    let mut victim = Victim::with_logs(LOGS);
    // The cached digest is out of date.
    victim.hold(log(LOGS), &[&[]]);
    let again = Victim::new(victim.node.clone());
    again.is_bounded();
}

#[test]
fn two_who_share_many_logs_still_agree_and_then_say_nothing_more() {
    let mut alice = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    for incarnation in 1..=2 * u64::from(MAX_DIGESTED_LOGS) {
        alice.incarnation = incarnation;
        alice.say("once");
    }
    let mut bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    meet(&mut alice, &mut bob, 1);
    assert_eq!(alice.frontier(), bob.frontier());
    assert_eq!(alice.unacked(bob.device), 0);
    let again = meet(&mut alice, &mut bob, 2);
    assert!(
        again.carried.iter().all(Vec::is_empty),
        "their digests are kept"
    );
    bob.say("one more");
    let session = meet(&mut alice, &mut bob, 3);
    assert_eq!(alice.frontier(), bob.frontier());
    let told = session
        .carried
        .iter()
        .flatten()
        .map(|message| match message {
            Message::Frontier { logs, .. } => logs.len(),
            _ => 0,
        });
    assert!(
        told.sum::<usize>() <= 2,
        "what is known to both is not repeated"
    );
}

#[test]
fn what_is_written_while_a_frontier_is_compared_is_sent() {
    let count = 4 * STEP as u64;
    let mut victim = Victim::with_logs(count);
    let all = victim.node.frontier();
    for before in 0..6 {
        // Logs of the node itself, before and after the present point of the comparison.
        victim.node.device = victim.node.identity.devices[0];
        victim.node.incarnation = 1 + before;
        let content = Bytes::from(frontier(None, all.clone()).encode());
        victim.call(|reconciler, txn, authority| reconciler.receive(txn, authority, 17, &content));
        for _ in 0..before {
            victim.call(Reconciler::proceed);
        }
        let written = victim.node.say("in between");
        let reconciler = &mut victim.reconciler;
        let grew = |txn: &mut dyn Txn| reconciler.grew(txn, SPACE, written.log, written.seq);
        victim.node.store.write(grew).unwrap();
        while victim.reconciler.is_busy() {
            victim.call(Reconciler::proceed);
        }
        let sent = victim.say();
        let name = match before {
            0 => LogName::Sender,
            _ => LogName::SenderIn(written.log.incarnation),
        };
        let is_sent =
            |message: &Message| matches!(message, Message::Entries { log, .. } if *log == name);
        assert_eq!(sent.iter().filter(|message| is_sent(message)).count(), 1);
    }
}
