//! Groups over partings, restarts, crashes and parcels.

use hedgerow_node::api::GroupStanding;

use super::*;

/// Carries a parcel by hand.
fn carry(world: &mut World, from: usize, to: usize) {
    let contact = world.id(to);
    let bundles = world.carry_out(from, &contact).expect("it seals");
    world.carry_in(to, &bundles).expect("it is for the other");
}

#[test]
fn an_invitation_is_answered_weeks_later_and_over_parcels_alone() {
    let mut world = around_the_first(20, &["Ada", "Ben"]);
    world.run(30_000);
    let made = group(&mut world, 0, "Riverside");
    world.network.part(0, 1, true);
    invite(&mut world, 0, &made, 1);
    write(&mut world, 0, &made, "carried by hand");
    world.run(21 * 24 * 3_600_000);
    carry(&mut world, 0, 1);
    assert!(join(&mut world, 1, 0).is_ok());
    carry(&mut world, 1, 0);
    carry(&mut world, 0, 1);
    assert_eq!(standing(&mut world, 1, &made), Some(GroupStanding::Member));
    assert_eq!(texts(&world, 1, &made), ["carried by hand"]);
    write(&mut world, 1, &made, "and back");
    carry(&mut world, 1, 0);
    assert_eq!(texts(&world, 0, &made), ["carried by hand", "and back"]);
}

#[test]
fn a_group_survives_restarts_of_everybody() {
    let mut world = around_the_first(21, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    for round in 0..3 {
        for node in 0..3 {
            world.restart(node);
            write(&mut world, node, &made, &format!("{round} of {node}"));
        }
    }
    world.connected(0, 1);
    world.connected(0, 2);
    world.run(30_000);
    let all = texts(&world, 0, &made);
    assert_eq!(all.len(), 9);
    assert_eq!(texts(&world, 1, &made), all);
    assert_eq!(texts(&world, 2, &made), all);
}
