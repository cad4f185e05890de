//! What is carried, for how long, and what makes room.

use hedgerow_node::courier::said::Summary;
use hedgerow_node::courier::{DropReason, Release, Said, Settings};

use super::world::{Node, SIZE, Wire, World, epidemic, settings};

#[test]
fn a_forged_release_value_drops_nothing_and_goes_no_further() {
    let mut world = World::new(settings(epidemic()));
    world.seal(0, 4);
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    let (link, _) = world.ends.iter().find(|(_, (node, _))| *node == 1).unwrap();
    let forged = Summary {
        greeting: None,
        releases: vec![Release([9; 16])],
    };
    let wire = world.wires.entry(*link).or_default();
    wire.push_back(Wire::Said(Said::Summary(forged)));
    world.settle();
    assert!((0..3).all(|node| world.nodes[node].disk.len() == 1));
}

#[test]
fn release_values_reach_all_who_carry_and_are_not_carried_again() {
    let mut world = World::new(settings(epidemic()));
    world.seal(0, 3);
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    assert!((0..3).all(|node| world.nodes[node].disk.len() == 1));
    world.connect(2, 3);
    world.settle();
    assert!((0..3).all(|node| world.nodes[node].disk.is_empty()));
    let released = |node: &Node| node.drops == [DropReason::Released];
    assert!((0..3).all(|node| released(&world.nodes[node])));
}

#[test]
fn a_flooder_fills_no_more_than_its_link_may_bring() {
    let mut world = World::new(Settings {
        link_bundles: Some(10),
        ..settings(epidemic())
    });
    world.seal(1, 4);
    for _ in 0..50 {
        world.seal(0, 4);
    }
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.nodes[1].disk.len(), 11);
}

#[test]
fn in_a_meeting_that_lasts_more_is_brought_than_is_remembered_of_what_was_listed() {
    let mut world = World::new(Settings {
        max_listed: 4,
        ..settings(epidemic())
    });
    world.connect(0, 1);
    for _ in 0..12 {
        world.seal(0, 4);
        world.settle();
    }
    assert_eq!(world.nodes[1].disk.len(), 12);
}

#[test]
fn those_received_first_make_room_but_not_what_is_being_sent() {
    let mut world = World::new(Settings {
        quota_bytes: 2 * SIZE,
        ..settings(epidemic())
    });
    world.seal(0, 4);
    world.seal(0, 3);
    let oldest = *world.bundles.keys().next().unwrap();
    world.seal(0, 2);
    assert!(!world.nodes[0].disk.contains_key(&oldest));
    assert_eq!(world.nodes[0].drops, [DropReason::Full]);
    assert!(!world.nodes[0].courier.bundles().is_empty());
}

#[test]
fn a_recipient_does_not_carry_what_it_has_had() {
    let mut world = World::new(Settings {
        releases: false,
        ..settings(epidemic())
    });
    world.seal(0, 1);
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.nodes[1].taken.len(), 1);
    // It neither wants it from another carrier nor takes it if it is begun all the same.
    world.connect(0, 2);
    world.settle();
    world.connect(2, 1);
    world.settle();
    assert!(!world.nodes[2].disk.is_empty());
    assert!(world.nodes[1].disk.is_empty());
    assert_eq!(world.nodes[1].courier.bundles().len(), 0);
}
