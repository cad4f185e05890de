//! Pages, positions and counts against a simple model: all entries, sorted.

use crate::support::pair::{Identity, Node, SPACE, meet};
use hedgerow_sync::id::{DeviceId, EntryId, SpaceId};
use hedgerow_sync::page::{self, Page, PageFrom, Place};
use hedgerow_sync::space::{self, SpaceKind};
use hedgerow_sync::store::{Direction, Reader, StorageError, Store};
use proptest::prelude::*;

fn look(node: &Node, from: PageFrom, count: usize) -> Page {
    let look = |reader: &dyn Reader| page::page(reader, SPACE, from, count);
    node.store.read(look).unwrap().unwrap()
}

fn ask<T>(node: &Node, ask: impl FnOnce(&dyn Reader) -> Result<T, StorageError>) -> T {
    node.store.read(ask).unwrap()
}

/// All rows in screen order, from reading each entry on its own.
fn model(node: &Node) -> Vec<Place> {
    let mut places = Vec::new();
    for (log, head) in node.frontier() {
        for seq in 1..=head.0 {
            let id = EntryId {
                log,
                seq: hedgerow_sync::id::Seq(seq),
            };
            let entry = ask(node, |reader| page::entry(reader, SPACE, id)).unwrap();
            if entry.what.is_row() {
                places.push(entry.place());
            }
        }
    }
    places.sort();
    places
}

fn ids(places: &[Place]) -> Vec<EntryId> {
    places.iter().map(Place::id).collect()
}

fn shown(page: &Page) -> Vec<EntryId> {
    page.entries.iter().map(|entry| entry.id).collect()
}

/// A conversation of several openings on both sides, partly concurrent.
fn conversation(steps: &[(u8, u16)]) -> Node {
    let mut alice = Node::new(&Identity::new(1, 2), 0, &[SPACE]);
    let mut bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    // Runs of annotations, long and short, from several openings.
    let mut target = None;
    for (step, (action, size)) in steps.iter().enumerate() {
        if let (Some(target), 0..2) = (target, action / 32) {
            for _ in 0..size % 6 {
                alice.annotate(1, target, "says");
            }
            bob.annotate(2, target, &"x".repeat(usize::from(*size)));
        }
        let text = "x".repeat(usize::from(*size));
        let wall_ms = step as i64 * 1_000;
        match action % 8 {
            0..=2 => target = Some(alice.say_in(SPACE, wall_ms, &text)),
            3..=5 => drop(bob.say_in(SPACE, wall_ms, &text)),
            6 => drop(meet(&mut alice, &mut bob, step as u64)),
            _ => {
                alice.incarnation += 1;
                bob.incarnation += 1;
            }
        }
    }
    meet(&mut alice, &mut bob, u64::MAX);
    alice
}

fn steps() -> impl Strategy<Value = Vec<(u8, u16)>> {
    prop::collection::vec((any::<u8>(), 0..300u16), 1..700)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_page_is_a_slice_of_the_sorted_whole(
        steps in steps(),
        at in any::<prop::sample::Index>(),
        count in 1..80usize,
    ) {
        let node = conversation(&steps);
        let all = model(&node);
        prop_assume!(!all.is_empty());
        let total = all.len();
        let at = at.index(total);
        let id = all[at].id();
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
            let page = look(&node, from, count);
            prop_assert_eq!(page.total, total as u64);
            prop_assert_eq!(page.position, slice.start as u64, "{:?}", from);
            prop_assert_eq!(shown(&page), ids(&all[slice]), "{:?}", from);
        }
        let far = look(&node, PageFrom::Position(total as u64 + 5), count);
        prop_assert!(far.entries.is_empty());
    }

    #[test]
    fn counts_and_positions_are_those_of_the_sorted_whole(
        steps in steps(),
        at in any::<prop::sample::Index>(),
    ) {
        let node = conversation(&steps);
        let all = model(&node);
        prop_assume!(!all.is_empty());
        let at = at.index(all.len());
        let place = all[at];
        let position = ask(&node, |reader| page::position(reader, SPACE, place.id()));
        prop_assert_eq!(position, Some(at as u64));
        let nobody: &[DeviceId] = &[];
        for without in [nobody, &node.identity.devices] {
            let counted = |places: &[Place]| {
                let theirs = places.iter().filter(|place| !without.contains(&place.log.device));
                theirs.count() as u64
            };
            let before = ask(&node, |reader| page::count_before(reader, SPACE, place, without));
            let after = ask(&node, |reader| page::count_after(reader, SPACE, place, without));
            prop_assert_eq!(before, counted(&all[..at]));
            prop_assert_eq!(after, counted(&all[at + 1..]));
        }
    }

    #[test]
    fn a_date_leads_to_the_first_entry_that_is_not_older(
        count in 1..900i64,
        date in 0..1_000_000i64,
    ) {
        let mut node = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
        for number in 0..count {
            node.say_in(SPACE, number * 1_000, "text");
        }
        let page = look(&node, PageFrom::Date(date), 10);
        prop_assert_eq!(page.position as i64, ((date + 999) / 1_000).min(count));
    }
}

#[test]
fn a_date_leads_to_its_entry_where_buckets_meet() {
    let mut node = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    for number in 0..600 {
        node.say_in(SPACE, number * 1_000, "text");
        for before in (number - 3).max(0)..=number {
            let page = look(&node, PageFrom::Date(before * 1_000 + 1), 1);
            let first = before as u64 + 1;
            assert_eq!(page.position, first, "of {number}, after {before}");
        }
    }
}

#[test]
fn a_wrong_clock_moves_no_entry_out_of_its_place_in_time() {
    let mut node = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    for wall_ms in [1_000, 2_000, 9_000_000_000, 4_000, -5, 6_000] {
        node.say_in(SPACE, wall_ms, "text");
    }
    let page = look(&node, PageFrom::Oldest, 10);
    let times: Vec<_> = page.entries.iter().map(|entry| entry.shown_ms).collect();
    assert_eq!(times, [1_000, 2_000, 4_000, 4_000, 4_000, 6_000]);
    for position in 0..6 {
        let alone = look(&node, PageFrom::Position(position), 1);
        assert_eq!(alone.entries[0].shown_ms, times[position as usize]);
    }
}

#[test]
fn a_space_removed_leaves_nothing_and_others_whole() {
    let other = SpaceId([8; 16]);
    let mut node = Node::new(&Identity::new(1, 1), 0, &[SPACE, other]);
    for _ in 0..100 {
        node.say("text");
        node.say_in(other, 0, "text");
    }
    node.store.write(|txn| space::remove(txn, SPACE)).unwrap();
    let spaces = ask(&node, space::list);
    assert_eq!(spaces.len(), 1);
    assert_eq!(spaces[0].1.entries, 100);
    assert_eq!(spaces[0].1.kind, SpaceKind::Direct);
    assert_eq!(
        ask(&node, |reader| page::page(
            reader,
            SPACE,
            PageFrom::Newest,
            5
        )),
        None
    );
    node.store.write(|txn| space::remove(txn, other)).unwrap();
    let mut rows = 0;
    node.store
        .read(|reader| {
            let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
            reader.scan(all, Direction::Forward, &mut |_, _| {
                rows += 1;
                std::ops::ControlFlow::Continue(())
            })
        })
        .unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn damage_of_the_order_is_an_error_of_every_page_that_needs_it() {
    let node = conversation(&[(0, 1), (3, 1), (0, 1), (4, 1), (0, 1)]);
    let mut damaged = node.clone();
    let order = (
        std::ops::Bound::Included(&[hedgerow_sync::tables::ORDER][..]),
        std::ops::Bound::Excluded(&[hedgerow_sync::tables::ORDER + 1][..]),
    );
    let mut keys = Vec::new();
    let list = |reader: &dyn Reader| {
        reader.scan(order, Direction::Forward, &mut |key, _| {
            keys.push(key.to_vec());
            std::ops::ControlFlow::Continue(())
        })
    };
    node.store.read(list).unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        damaged.store.write(|txn| txn.put(&key, &[])).unwrap();
    }
    for from in [PageFrom::Oldest, PageFrom::Position(2), PageFrom::Newest] {
        let look = |reader: &dyn Reader| Ok(page::page(reader, SPACE, from, 2));
        // The node shows the undamaged rest, or reports the damage.
        if let Ok(Some(page)) = damaged.store.read(look).unwrap() {
            assert!(page.entries.is_empty());
        }
    }
}
