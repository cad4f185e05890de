//! Rows that are hidden here: pages and counts are those of the sorted whole without them.

use std::collections::BTreeSet;

use crate::support::pair::{Identity, Node, SPACE, meet};
use hedgerow_sync::conversation;
use hedgerow_sync::id::{DeviceId, EntryId, Seq};
use hedgerow_sync::page::{self, Page, PageFrom, Place};
use hedgerow_sync::peer;
use hedgerow_sync::space::{self, Summary};
use hedgerow_sync::store::{Reader, StorageError, Store, Txn};
use proptest::prelude::*;

fn ask<T>(node: &Node, ask: impl FnOnce(&dyn Reader) -> Result<T, StorageError>) -> T {
    node.store.read(ask).unwrap()
}

fn look(node: &Node, from: PageFrom, count: usize) -> Option<Page> {
    ask(node, |reader| page::page(reader, SPACE, from, count))
}

fn summary(node: &Node) -> Summary {
    ask(node, |reader| space::summary(reader, SPACE)).unwrap()
}

fn hide(node: &mut Node, entry: EntryId) -> bool {
    let hide = |txn: &mut dyn Txn| conversation::hide(txn, SPACE, entry);
    node.store.write(hide).unwrap()
}

/// All rows in screen order but these, from reading each entry on its own.
fn model(node: &Node, hidden: &BTreeSet<EntryId>) -> Vec<Place> {
    let mut places = Vec::new();
    for (log, head) in node.frontier() {
        for seq in (1..=head.0).map(Seq) {
            let id = EntryId { log, seq };
            let entry = ask(node, |reader| page::entry(reader, SPACE, id)).unwrap();
            if entry.what.is_row() && !hidden.contains(&id) {
                places.push(entry.place());
            }
        }
    }
    places.sort();
    places
}

#[derive(Debug, Clone)]
enum Step {
    Say(usize, usize),
    Annotate(usize),
    Hide(usize, prop::sample::Index),
    Reopen(usize),
    Meet,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2usize, 0..300usize).prop_map(|(node, size)| Step::Say(node, size)),
        2 => (0..2usize).prop_map(Step::Annotate),
        4 => (0..2usize, any::<prop::sample::Index>()).prop_map(|(node, of)| Step::Hide(node, of)),
        1 => (0..2usize).prop_map(Step::Reopen),
        1 => Just(Step::Meet),
    ]
}

/// Two people; each hides rows of both.
struct World {
    nodes: [Node; 2],
    hidden: [BTreeSet<EntryId>; 2],
    meetings: u64,
}

impl World {
    fn new() -> World {
        World {
            nodes: [1, 2].map(|number| Node::new(&Identity::new(number, 1), 0, &[SPACE])),
            hidden: [BTreeSet::new(), BTreeSet::new()],
            meetings: 0,
        }
    }

    fn meet(&mut self) {
        self.meetings += 1;
        let [alice, bob] = &mut self.nodes;
        meet(alice, bob, self.meetings);
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Say(node, size) => drop(self.nodes[*node].say(&"x".repeat(*size))),
            Step::Annotate(node) => {
                let rows = model(&self.nodes[*node], &BTreeSet::new());
                if let Some(row) = rows.last() {
                    self.nodes[*node].annotate(1, row.id(), "says");
                }
            }
            Step::Hide(node, of) => {
                let rows = model(&self.nodes[*node], &self.hidden[*node]);
                if !rows.is_empty() {
                    let row = of.get(&rows).id();
                    assert!(hide(&mut self.nodes[*node], row));
                    self.hidden[*node].insert(row);
                }
            }
            Step::Reopen(node) => self.nodes[*node].incarnation += 1,
            Step::Meet => self.meet(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pages_and_counts_are_those_of_the_whole_without_the_hidden_rows(
        steps in prop::collection::vec(step(), 1..300),
        at in any::<prop::sample::Index>(),
        count in 1..60usize,
    ) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        for (node, hidden) in world.nodes.iter().zip(&world.hidden) {
            let all = model(node, hidden);
            let of = summary(node);
            let mine = |place: &&Place| node.identity.devices.contains(&place.log.device);
            prop_assert_eq!(of.rows, all.len() as u64);
            prop_assert_eq!(of.rows_mine, all.iter().filter(mine).count() as u64);
            for row in hidden {
                prop_assert_eq!(look(node, PageFrom::At(*row), 1), None);
                // A cursor stays good.
                let place = ask(node, |reader| page::place(reader, SPACE, *row)).unwrap();
                let first = all.partition_point(|other| *other < place);
                let after = look(node, PageFrom::After(*row), 1).unwrap();
                prop_assert_eq!(after.position, first as u64);
                prop_assert_eq!(after.entries.first().map(|one| one.id), all.get(first).map(Place::id));
                let before = look(node, PageFrom::Before(*row), 1).unwrap();
                let last = first.checked_sub(1).map(|last| all[last].id());
                prop_assert_eq!(before.entries.first().map(|one| one.id), last);
            }
            if all.is_empty() {
                continue;
            }
            let total = all.len();
            let at = at.index(total);
            let (place, id) = (all[at], all[at].id());
            let end = |first: usize| (first + count).min(total);
            let slices = [
                (PageFrom::Newest, total.saturating_sub(count)..total),
                (PageFrom::Oldest, 0..end(0)),
                (PageFrom::Position(at as u64), at..end(at)),
                (PageFrom::At(id), at..end(at)),
                (PageFrom::After(id), (at + 1)..end(at + 1)),
                (PageFrom::Before(id), at.saturating_sub(count)..at),
            ];
            for (from, slice) in slices {
                let page = look(node, from, count).unwrap();
                prop_assert_eq!(page.total, total as u64);
                prop_assert_eq!(page.position, slice.start as u64, "{:?}", from);
                let ids: Vec<_> = page.entries.iter().map(|entry| entry.id).collect();
                let expected: Vec<_> = all[slice].iter().map(Place::id).collect();
                prop_assert_eq!(ids, expected, "{:?}", from);
            }
            let nobody: &[DeviceId] = &[];
            for without in [nobody, &node.identity.devices] {
                let counted = |places: &[Place]| {
                    let counts = |place: &&Place| !without.contains(&place.log.device);
                    places.iter().filter(counts).count() as u64
                };
                let before = ask(node, |reader| page::count_before(reader, SPACE, place, without));
                let after = ask(node, |reader| page::count_after(reader, SPACE, place, without));
                prop_assert_eq!(before, counted(&all[..at]));
                prop_assert_eq!(after, counted(&all[at + 1..]));
            }
        }
    }

    #[test]
    fn rows_that_wait_are_counted_without_the_hidden_ones(
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        for (node, other) in [(0, 1), (1, 0)] {
            let device = world.nodes[other].device;
            let held = world.nodes[other].frontier();
            let mine = |place: &&Place| place.log.device == world.nodes[node].device;
            let rows = model(&world.nodes[node], &world.hidden[node]);
            let waits = |place: &&Place| held.get(&place.log).is_none_or(|seq| place.seq > *seq);
            let expected = rows.iter().filter(mine).filter(waits).count() as u64;
            let unacked = ask(&world.nodes[node], |reader| {
                peer::unacked_rows(reader, SPACE, device)
            });
            prop_assert_eq!(unacked, expected);
        }
        world.meet();
        for (node, other) in [(0, 1), (1, 0)] {
            let device = world.nodes[other].device;
            let unacked = ask(&world.nodes[node], |reader| {
                peer::unacked_rows(reader, SPACE, device)
            });
            prop_assert_eq!(unacked, 0);
        }
    }
}

#[test]
fn a_row_is_hidden_once_and_only_here() {
    let mut world = World::new();
    let [alice, _] = &mut world.nodes;
    let first = alice.say("first");
    let second = alice.say("second");
    let annotation = alice.annotate(1, first, "says");
    world.meet();
    let [alice, bob] = &mut world.nodes;
    assert!(hide(bob, first));
    assert!(!hide(bob, first), "once");
    assert!(!hide(bob, annotation), "no row");
    let nothing = EntryId {
        seq: Seq(9),
        ..first
    };
    assert!(!hide(bob, nothing), "not held");
    assert_eq!((summary(bob).rows, summary(alice).rows), (1, 2));
    assert_eq!(
        ask(bob, |reader| page::last_row(reader, SPACE, annotation)),
        Some(second)
    );
    assert_eq!(
        ask(bob, |reader| page::row_place(reader, SPACE, first)),
        None
    );
    // What comes again does not come back.
    world.meet();
    assert_eq!(summary(&world.nodes[1]).rows, 1);
}
