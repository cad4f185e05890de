//! Whoever was brought in by an admin of whose removal neither of them had heard: nothing that counts names that member, and still it
//! hears so.

use hedgerow_node::api::{MemberLevel, WhatChanged};

use super::invited::invited_by_ben;
use super::*;

/// Ben, whom Ada removes out of his reach, brings in Cem meanwhile. Cem knows nobody but Ben.
fn brought_in_beside_a_removal(seed: u64) -> (World, ConversationId) {
    let mut world = World::with(seed, &["Ada", "Ben", "Cem", "Dana"]);
    for (one, other) in [(0, 1), (1, 2), (0, 3), (1, 3)] {
        world.meet(one, other);
    }
    let made = group(&mut world, 0, "Riverside");
    for other in [1, 3] {
        bring_in(&mut world, 0, &made, other);
    }
    set(&mut world, 0, &made, "Ben", MemberLevel::Admin).expect("it is an admin");
    world.run(10_000);
    world.network.part(0, 1, true);
    world.network.part(0, 3, true);
    bring_in(&mut world, 1, &made, 2);
    world.run(10_000);
    set(&mut world, 0, &made, "Ben", MemberLevel::None).expect("it outranks Ben");
    (world, made)
}

fn told(world: &World, node: usize, made: &ConversationId) -> Vec<String> {
    let page = page(world, node, made);
    let behind = page.messages.into_iter().flat_map(|one| one.changes);
    let lines = page.changes.into_iter().chain(behind);
    let levels = lines.filter_map(|line| match line.what {
        WhatChanged::Level { who, now, .. } => {
            let by = line.by.map_or("nobody".into(), |by| by.name.0);
            Some(format!("{} is {now:?} by {by}", who.name.0))
        }
        _ => None,
    });
    levels.collect()
}

#[test]
fn who_was_brought_in_beside_the_removal_of_its_inviter_hears_that_it_is_out() {
    let (mut world, made) = brought_in_beside_a_removal(90);
    // Ben hears of it while Cem is away, and is the only one who can tell Cem.
    world.network.part(1, 2, true);
    world.network.part(0, 1, false);
    world.connected(0, 1);
    wait(&mut world, |world| {
        standing(world, 1, &made) == Some(GroupStanding::Removed)
    });
    assert_eq!(standing(&mut world, 2, &made), Some(GroupStanding::Member));
    world.network.part(1, 2, false);
    world.connected(1, 2);
    wait(&mut world, |world| {
        standing(world, 2, &made) == Some(GroupStanding::Removed)
    });
    // Nobody counts Cem in, also who had heard of it first, and each is told.
    world.network.part(0, 3, false);
    world.connected(0, 3);
    world.run(30_000);
    for node in [0, 3] {
        assert_eq!(names(&mut world, node, &made), ["Ada", "Dana"]);
        assert_eq!(
            state(&mut world, node, &made).group.map(|it| it.people),
            Some(2)
        );
    }
    let last = told(&world, 2, &made).pop();
    assert!(last.is_some_and(|last| last.ends_with("is None by Ada")));
    assert!(told(&world, 3, &made).contains(&"Cem is None by Ada".to_owned()));
}

#[test]
fn who_heard_of_no_appointment_before_its_inviter_was_removed_hears_that_it_is_out() {
    let (mut world, made) = invited_by_ben(91);
    world.network.part(0, 2, true);
    world.network.part(0, 1, true);
    set(&mut world, 0, &made, "Ben", MemberLevel::None).expect("it outranks Ben");
    join(&mut world, 2, 1).expect("it looks good");
    // Ben takes Cem in, and the link breaks before Cem hears of it.
    let end = world.now_ms + 60_000;
    while names(&mut world, 1, &made) != ["Ada", "Ben", "Cem"] {
        assert!(world.now_ms < end);
        world.run(1);
    }
    world.network.part(1, 2, true);
    assert_eq!(standing(&mut world, 2, &made), Some(GroupStanding::Joining));
    world.network.part(0, 1, false);
    world.connected(0, 1);
    wait(&mut world, |world| {
        standing(world, 1, &made) == Some(GroupStanding::Removed)
    });
    world.network.part(1, 2, false);
    world.connected(1, 2);
    wait(&mut world, |world| {
        standing(world, 2, &made) == Some(GroupStanding::Removed)
    });
}

#[test]
fn who_was_undone_with_its_inviter_can_be_invited_by_another_and_erases_nothing() {
    let (mut world, made) = brought_in_beside_a_removal(92);
    world.network.part(0, 1, false);
    world.network.part(0, 3, false);
    world.connected(0, 1);
    world.run(30_000);
    wait(&mut world, |world| {
        standing(world, 2, &made) == Some(GroupStanding::Removed)
    });
    world.meet(0, 2);
    bring_in(&mut world, 0, &made, 2);
    world.run(10_000);
    for node in [0, 2, 3] {
        assert_eq!(names(&mut world, node, &made), ["Ada", "Cem", "Dana"]);
    }
    write(&mut world, 2, &made, "back");
    world.run(10_000);
    assert_eq!(texts(&world, 3, &made), ["back"]);
}
