//! Two stores converge to the same entries.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::pair::{Identity, Node, SECRET, SPACE, Session, meet};
use bytes::Bytes;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, Lamport, Seq};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::reconcile::Event;
use hedgerow_sync::store::{Reader, Store, Txn};
use hedgerow_sync::{body, conversation, space};
use proptest::prelude::*;

fn alice_and_bob() -> (Node, Node) {
    let alice = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    (alice, bob)
}

#[test]
fn what_one_wrote_alone_reaches_the_other_and_is_known_to_have() {
    let (mut alice, mut bob) = alice_and_bob();
    for number in 0..500 {
        alice.say(&format!("message {number}"));
    }
    bob.say("hello");
    meet(&mut alice, &mut bob, 1);
    assert_eq!(alice.frontier(), bob.frontier());
    assert_eq!(alice.frontier().len(), 2);
    assert_eq!(alice.unacked(bob.device), 0);
    assert_eq!(bob.unacked(alice.device), 0);
}

#[test]
fn with_nothing_new_nothing_is_said() {
    let (mut alice, mut bob) = alice_and_bob();
    alice.say("one");
    meet(&mut alice, &mut bob, 1);
    let session = meet(&mut alice, &mut bob, 2);
    assert!(session.carried.iter().all(Vec::is_empty));
}

#[test]
fn what_is_written_during_a_session_is_pushed() {
    let (mut alice, mut bob) = alice_and_bob();
    let mut session = meet(&mut alice, &mut bob, 1);
    for number in 0..20 {
        let entry = alice.say(&format!("question {number}"));
        session.said(0, &mut alice, entry);
        session.settle([&mut alice, &mut bob]);
        let entry = bob.say(&format!("answer {number}"));
        session.said(1, &mut bob, entry);
        session.settle([&mut alice, &mut bob]);
    }
    assert_eq!(alice.frontier(), bob.frontier());
    assert_eq!(alice.unacked(bob.device) + bob.unacked(alice.device), 0);
}

/// A simple model of the conversation: all entries in screen order, with logical times.
fn screen(node: &Node) -> Vec<(Lamport, EntryId, Body)> {
    let mut entries = Vec::new();
    loop {
        let at = PageFrom::Position(entries.len() as u64);
        let look = |reader: &dyn Reader| page::page(reader, SPACE, at, 100);
        let page = node.store.read(look).unwrap().unwrap();
        if page.entries.is_empty() {
            return entries;
        }
        let entry = |entry: page::Placed| (entry.lamport, entry.id, entry.body);
        entries.extend(page.entries.into_iter().map(entry));
    }
}

fn texts(node: &Node) -> Vec<String> {
    let text = |body| match body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("no text: {other:?}"),
    };
    screen(node)
        .into_iter()
        .map(|(_, _, body)| text(body))
        .collect()
}

/// The annotations that count, from the index.
fn said(node: &Node, world: &World) -> Vec<(EntryId, EntryId)> {
    let look = |reader: &dyn Reader| {
        let targets = world.written.keys().copied();
        conversation::annotations(reader, SPACE, AnnotationKind(1), targets)
    };
    let found = node.store.read(look).unwrap();
    let mut said: Vec<_> = found
        .values()
        .flatten()
        .map(|annotation| (annotation.target, annotation.place.id()))
        .collect();
    said.sort();
    said
}

/// The same, by reading every entry.
fn said_by_reading_all(node: &Node) -> Vec<(EntryId, EntryId)> {
    let mut last = BTreeMap::new();
    for (log, head) in node.frontier() {
        for seq in 1..=head.0 {
            let id = EntryId { log, seq: Seq(seq) };
            let look = |reader: &dyn Reader| page::entry(reader, SPACE, id);
            let entry = node.store.read(look).unwrap().unwrap();
            if let What::Annotation { target, .. } = entry.what {
                let place = last.entry((target, log.device)).or_insert(entry.place());
                *place = entry.place().max(*place);
            }
        }
    }
    let mut said: Vec<_> = last
        .into_iter()
        .map(|((target, _), place)| (target, place.id()))
        .collect();
    said.sort();
    said
}

fn digest(node: &mut Node) -> space::Digest {
    node.store.write(|txn| space::digest(txn, SPACE)).unwrap()
}

/// A step of a random history of two people with two devices each.
#[derive(Debug, Clone)]
enum Step {
    Say(usize),
    /// Annotates any entry of the world, held or not.
    Annotate(usize, usize),
    /// Removes a body here only.
    Remove(usize, usize),
    /// Exchanges a body that nobody was offered.
    Replace(usize, usize),
    Reopen(usize),
    /// Opens a session of two nodes; cuts an earlier one between them.
    Open(usize, usize),
    /// An end of a session sends this many bytes of entries.
    Send(usize, usize),
    /// This many items arrive at an end.
    Arrive(usize, usize),
    Cut(usize),
    /// The node copies its store …
    Snapshot(usize),
    /// … and goes back to the copy.
    RollBack(usize),
}

const NODES: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let node = 0..NODES;
    let end = 0..2 * NODES;
    prop_oneof![
        8 => node.clone().prop_map(Step::Say),
        4 => (node.clone(), any::<usize>()).prop_map(|(node, of)| Step::Annotate(node, of)),
        1 => (node.clone(), any::<usize>()).prop_map(|(node, of)| Step::Remove(node, of)),
        2 => (node.clone(), any::<usize>()).prop_map(|(node, of)| Step::Replace(node, of)),
        1 => node.clone().prop_map(Step::Reopen),
        2 => (node.clone(), node.clone()).prop_map(|(a, b)| Step::Open(a, b)),
        6 => (end.clone(), 0..3_000usize).prop_map(|(end, budget)| Step::Send(end, budget)),
        8 => (end.clone(), 1..6usize).prop_map(|(end, items)| Step::Arrive(end, items)),
        1 => node.clone().prop_map(Step::Cut),
        1 => node.clone().prop_map(Step::Snapshot),
        1 => node.prop_map(Step::RollBack),
    ]
}

/// Three nodes, with at most one session between each pair. Nodes 0 and 1 are devices of one identity.
struct World {
    nodes: Vec<Node>,
    sessions: BTreeMap<(usize, usize), Session>,
    snapshots: Vec<Option<MemoryStore>>,
    hash: u64,
    /// Everything that any node ever wrote.
    written: BTreeMap<EntryId, String>,
    /// The annotations among it, with their targets.
    annotations: BTreeMap<EntryId, EntryId>,
    /// Entries whose body was removed anywhere.
    removed: BTreeSet<EntryId>,
}

impl World {
    fn new() -> World {
        let alice = Identity::new(1, 2);
        let bob = Identity::new(2, 1);
        World {
            nodes: vec![
                Node::new(&alice, 0, &[SPACE]),
                Node::new(&alice, 1, &[SPACE]),
                Node::new(&bob, 0, &[SPACE]),
            ],
            sessions: BTreeMap::new(),
            snapshots: vec![None; NODES],
            hash: 0,
            written: BTreeMap::new(),
            annotations: BTreeMap::new(),
            removed: BTreeSet::new(),
        }
    }

    /// One of all entries ever written.
    fn any(&self, index: usize) -> Option<EntryId> {
        let index = index.checked_rem(self.written.len())?;
        self.written.keys().nth(index).copied()
    }

    fn pair(&mut self, pair: (usize, usize)) -> [&mut Node; 2] {
        self.nodes.get_disjoint_mut([pair.0, pair.1]).unwrap()
    }

    fn open(&mut self, a: usize, b: usize) {
        if a == b {
            return;
        }
        let pair = (a.min(b), a.max(b));
        self.hash += 1;
        let hash = self.hash;
        self.sessions.remove(&pair);
        let session = Session::open(self.pair(pair), hash, &[(SPACE, SECRET)]);
        self.sessions.insert(pair, session);
    }

    /// Opens the store anew: the node's sessions end, and its next entry starts a new log.
    fn reopen(&mut self, node: usize) {
        self.sessions.retain(|(a, b), _| *a != node && *b != node);
        self.hash += 1;
        self.nodes[node].incarnation = 1_000 + self.hash;
    }

    fn grew(&mut self, node: usize, but: Option<(usize, usize)>, entry: EntryId) {
        for (pair, session) in &mut self.sessions {
            if Some(*pair) != but && (pair.0 == node || pair.1 == node) {
                session.said(usize::from(pair.1 == node), &mut self.nodes[node], entry);
            }
        }
    }

    /// One item arrives, and the node's other sessions learn of it. Returns whether there was one.
    fn arrive(&mut self, pair: (usize, usize), end: usize) -> bool {
        let Some(mut session) = self.sessions.remove(&pair) else {
            return false;
        };
        let at = [pair.0, pair.1][end];
        let mut theirs = self.nodes[[pair.1, pair.0][end]].identity.devices.clone();
        if pair == (0, 1) {
            // Our own device may speak for the contact too.
            theirs.extend(&self.nodes[2].identity.devices);
        }
        let told = self.nodes[at].events.len();
        let arrived = session.arrive(end, &mut self.nodes[at], &theirs);
        self.sessions.insert(pair, session);
        for event in self.nodes[at].events.split_off(told) {
            match event {
                Event::Stored { log, first, .. } => {
                    self.grew(at, Some(pair), EntryId { log, seq: first });
                }
                Event::Acked { .. } => {}
                other => panic!("between honest nodes: {other:?}"),
            }
        }
        arrived
    }

    fn step(&mut self, step: &Step) {
        let pairs: Vec<_> = self.sessions.keys().copied().collect();
        let session = |end: usize| pairs.get(end / 2).map(|pair| (*pair, end % 2));
        match *step {
            Step::Say(node) => {
                let text = format!("{} words", self.written.len());
                let entry = self.nodes[node].say(&text);
                assert!(
                    self.written.insert(entry, text).is_none(),
                    "a number used twice"
                );
                self.grew(node, None, entry);
            }
            Step::Annotate(node, of) => {
                let Some(target) = self.any(of) else { return };
                let text = format!("{} words", self.written.len());
                let entry = self.nodes[node].annotate(1, target, &text);
                self.written.insert(entry, text);
                self.annotations.insert(entry, target);
                self.grew(node, None, entry);
            }
            Step::Remove(node, of) => {
                let Some(entry) = self.any(of) else { return };
                self.removed.insert(entry);
                let remove = |txn: &mut dyn Txn| body::remove(txn, SPACE, entry);
                self.nodes[node].store.write(remove).unwrap();
            }
            Step::Replace(node, of) => {
                let Some(entry) = self.any(of) else { return };
                let text = format!("{} other words", self.hash);
                let body = Bytes::from(text.clone());
                let replace = |txn: &mut dyn Txn| body::replace(txn, SPACE, entry, body);
                if self.nodes[node].store.write(replace).unwrap() {
                    assert_eq!(entry.log.device, self.nodes[node].device);
                    self.written.insert(entry, text);
                }
            }
            Step::Reopen(node) => self.reopen(node),
            Step::Open(a, b) => self.open(a, b),
            Step::Send(end, budget) => {
                if let Some((pair, end)) = session(end) {
                    let node = &self.nodes[[pair.0, pair.1][end]];
                    if let Some(session) = self.sessions.get_mut(&pair) {
                        session.send(end, node, budget);
                    }
                }
            }
            Step::Arrive(end, items) => {
                if let Some((pair, end)) = session(end) {
                    for _ in 0..items {
                        self.arrive(pair, end);
                    }
                }
            }
            Step::Cut(node) => self.sessions.retain(|pair, _| pair.0 != node),
            Step::Snapshot(node) => self.snapshots[node] = Some(self.nodes[node].store.clone()),
            Step::RollBack(node) => {
                if let Some(store) = self.snapshots[node].clone() {
                    self.nodes[node].store = store;
                    self.reopen(node);
                }
            }
        }
    }

    /// Every pair meets until nothing changes.
    fn settle(&mut self) {
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            self.open(a, b);
        }
        loop {
            let mut moved = false;
            for pair in [(0, 1), (0, 2), (1, 2)] {
                for end in 0..2 {
                    let node = &self.nodes[[pair.0, pair.1][end]];
                    let session = self.sessions.get_mut(&pair).unwrap();
                    moved |= session.send(end, node, 1 << 20);
                }
                for end in 0..2 {
                    while self.arrive(pair, end) {
                        moved = true;
                    }
                }
            }
            if !moved {
                break;
            }
        }
    }
}

/// Number of cases: 1,000 unless `PROPTEST_CASES` is set.
fn interleavings() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(1_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(interleavings()))]

    #[test]
    fn any_history_converges_and_nothing_comes_twice(
        steps in prop::collection::vec(step(), 1..160),
    ) {
        let mut world = World::new();
        // A store that goes back may have offered bodies that it takes for its own.
        let replaces = |step: &&Step| matches!(step, Step::Replace(..));
        for step in steps.iter().filter(|step| !replaces(step)) {
            world.step(step);
        }
        world.settle();
        let first = screen(&world.nodes[0]);
        let digests: Vec<_> = world.nodes.iter_mut().map(digest).collect();
        for node in &world.nodes {
            let entries = screen(node);
            let mut names: Vec<_> = entries.iter().map(|(_, id, _)| *id).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), entries.len(), "an entry shown twice");
            for (_, id, body) in &entries {
                let text = &world.written[id];
                match body {
                    Body::Bytes(bytes) => prop_assert_eq!(bytes, text, "a body changed"),
                    Body::Gone => prop_assert!(world.removed.contains(id), "a body was lost"),
                }
            }
            // A row whose author removed its body before it left shows nowhere else.
            let places = |entries: &[(Lamport, EntryId, Body)]| -> Vec<_> {
                let entries = entries.iter().map(|(lamport, id, _)| (*lamport, *id));
                entries.filter(|(_, id)| !world.removed.contains(id)).collect()
            };
            prop_assert_eq!(places(&entries), places(&first));
            prop_assert_eq!(said(node, &world), said(&world.nodes[0], &world));
            prop_assert_eq!(said(node, &world), said_by_reading_all(node));
        }
        prop_assert!(digests.iter().all(|digest| *digest == digests[0]));
        for (a, b) in [(0, 2), (2, 0), (1, 2), (0, 1)] {
            let device = world.nodes[b].device;
            prop_assert_eq!(world.nodes[a].unacked(device), 0);
        }
        // Only entries that were lost before any other node had them may be missing.
        let rolled_back = steps.iter().any(|step| matches!(step, Step::RollBack(_)));
        if !rolled_back {
            let rows = world.written.keys().filter(|id| !world.annotations.contains_key(id));
            let shown: BTreeSet<_> = first.iter().map(|(_, id, _)| *id).collect();
            for row in rows {
                prop_assert!(shown.contains(row) || world.removed.contains(row));
            }
        }
    }

    #[test]
    fn a_body_that_is_exchanged_before_it_leaves_is_the_only_one_that_anybody_gets(
        steps in prop::collection::vec(step(), 1..160),
    ) {
        let mut world = World::new();
        for step in steps.iter().filter(|step| !matches!(step, Step::RollBack(_))) {
            world.step(step);
        }
        world.settle();
        for node in &world.nodes {
            for (_, id, body) in screen(node) {
                if let Body::Bytes(bytes) = body {
                    prop_assert_eq!(&bytes, &world.written[&id]);
                }
            }
        }
    }

    #[test]
    fn any_cut_into_batches_and_any_grouping_gives_the_same_state(
        sizes in prop::collection::vec(0..900usize, 1..120),
        cuts in prop::collection::vec(1..8usize, 1..40),
        repeat in any::<bool>(),
    ) {
        let (mut alice, whole) = alice_and_bob();
        for (number, size) in sizes.iter().enumerate() {
            if number % 37 == 36 {
                alice.incarnation += 1;
            }
            alice.say(&"x".repeat(*size));
        }
        let mut at_once = whole.clone();
        let mut in_pieces = whole;
        meet(&mut alice.clone(), &mut at_once, 1);
        // The same entries, but written and sent in pieces, some of them twice.
        let mut writer = Node::new(&alice.identity, 0, &[SPACE]);
        let mut left = sizes.iter().enumerate();
        for (hash, cut) in cuts.iter().cycle().enumerate() {
            let mut any = false;
            for (number, size) in left.by_ref().take(*cut) {
                any = true;
                if number % 37 == 36 {
                    writer.incarnation += 1;
                }
                writer.say(&"x".repeat(*size));
            }
            let before = in_pieces.clone();
            meet(&mut writer.clone(), &mut in_pieces, hash as u64);
            if repeat && hash % 3 == 0 {
                in_pieces = before;
            }
            if !any {
                meet(&mut writer, &mut in_pieces, u64::MAX);
                break;
            }
        }
        prop_assert_eq!(screen(&at_once), screen(&in_pieces));
        prop_assert_eq!(digest(&mut at_once), digest(&mut in_pieces));
    }
}

#[test]
fn a_store_rolled_back_gets_its_lost_entries_back_and_nobody_loses_any() {
    let (mut alice, mut bob) = alice_and_bob();
    for number in 0..30 {
        alice.say(&format!("early {number}"));
    }
    meet(&mut alice, &mut bob, 1);
    let older = alice.store.clone();
    for number in 0..30 {
        alice.say(&format!("late {number}"));
        if number % 7 == 0 {
            meet(&mut alice, &mut bob, 100 + number);
            bob.say(&format!("answer {number}"));
        }
    }
    meet(&mut alice, &mut bob, 2);
    let before = texts(&bob);
    assert_eq!(before.len(), 65);

    alice.store = older;
    alice.incarnation = 2;
    alice.say("after the fall");
    meet(&mut alice, &mut bob, 3);
    let mut after = texts(&alice);
    assert_eq!(texts(&bob), after);
    let fallen = after
        .iter()
        .position(|text| text == "after the fall")
        .unwrap();
    after.remove(fallen);
    assert_eq!(after, before);
    assert_eq!(bob.unacked(alice.device), 0);
    assert_eq!(alice.unacked(bob.device), 0);
}

#[test]
fn two_copies_of_one_store_running_at_once_do_not_fork() {
    let (mut alice, mut bob) = alice_and_bob();
    alice.say("before");
    let mut copy = alice.clone();
    alice.incarnation = 2;
    copy.incarnation = 3;
    for number in 0..10 {
        alice.say(&format!("first {number}"));
        copy.say(&format!("second {number}"));
    }
    for hash in 0..2 {
        meet(&mut alice, &mut bob, hash);
        meet(&mut copy, &mut bob, 10 + hash);
        meet(&mut alice, &mut bob, 20 + hash);
    }
    assert_eq!(texts(&bob).len(), 21);
    assert_eq!(texts(&alice), texts(&bob));
    assert_eq!(texts(&copy), texts(&bob));
}

#[test]
fn a_device_that_lost_everything_gets_it_all_from_its_contact() {
    let (mut alice, mut bob) = alice_and_bob();
    for round in 0..60u64 {
        for number in 0..round % 5 {
            alice.say(&format!("question {round} {number}"));
        }
        meet(&mut alice, &mut bob, round);
        bob.say(&format!("answer {round}"));
        if round % 3 == 0 {
            meet(&mut alice, &mut bob, 1_000 + round);
        }
    }
    meet(&mut alice, &mut bob, 5_000);
    let before = texts(&bob);
    let mut alice = Node::new(&alice.identity, 0, &[SPACE]);
    alice.incarnation = 77;
    meet(&mut alice, &mut bob, 6_000);
    assert_eq!(texts(&alice), before);
}

#[test]
fn thousands_of_openings_cost_nothing_once_both_know_them() {
    let (mut alice, mut bob) = alice_and_bob();
    for opening in 0..2_000 {
        alice.incarnation = opening;
        alice.say("one message an opening");
    }
    meet(&mut alice, &mut bob, 1);
    meet(&mut alice, &mut bob, 2);
    alice.say("and one more");
    bob.say("and an answer");
    let session = meet(&mut alice, &mut bob, 3);
    assert_eq!(texts(&alice), texts(&bob));
    let carried = session.carried.iter().flatten();
    let bytes: usize = carried.map(|message| message.encode().len()).sum();
    assert!(bytes < 600, "{bytes} bytes");
    let look = |reader: &dyn Reader| space::summary(reader, SPACE);
    assert_eq!(alice.store.read(look).unwrap().unwrap().logs, 2_001);
}
