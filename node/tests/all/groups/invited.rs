//! Invitations whose inviter cannot bring anybody in any more.

use hedgerow_node::api::{Call, MemberLevel};

use super::*;

fn seen(world: &mut World, node: usize, from: usize) -> Option<GroupInvitationState> {
    let found = invitation(world, node, from).and_then(|found| found.invitation);
    found.map(|invitation| invitation.state)
}

/// Ada's group, in which Ben was an admin long enough to invite Cem, his contact.
pub fn invited_by_ben(seed: u64) -> (World, ConversationId) {
    let mut world = World::with(seed, &["Ada", "Ben", "Cem"]);
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        world.meet(one, other);
    }
    let made = group(&mut world, 0, "Riverside");
    bring_in(&mut world, 0, &made, 1);
    set(&mut world, 0, &made, "Ben", MemberLevel::Admin).expect("it is an admin");
    world.run(10_000);
    invite(&mut world, 1, &made, 2);
    world.run(10_000);
    (world, made)
}

#[test]
fn an_answer_to_somebody_who_is_no_admin_any_more_withdraws_the_invitation_and_another_admin_can() {
    let (mut world, made) = invited_by_ben(70);
    set(&mut world, 0, &made, "Ben", MemberLevel::Member).expect("it outranks Ben");
    world.run(10_000);
    join(&mut world, 2, 1).expect("it looks good");
    world.run(10_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben"]);
    assert_eq!(
        seen(&mut world, 2, 1),
        Some(GroupInvitationState::Withdrawn)
    );
    assert_eq!(join(&mut world, 2, 1), Err(Refusal::InvitationWithdrawn));
    let theirs = world.messages(1, 2).pop().and_then(|one| one.invitation);
    let theirs = theirs.map(|invitation| invitation.state);
    assert_eq!(theirs, Some(GroupInvitationState::Withdrawn));
    // Also once Ben is an admin again: what was withdrawn stays so.
    set(&mut world, 0, &made, "Ben", MemberLevel::Admin).expect("it is an admin");
    world.restart(1);
    world.run(60_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben"]);
    bring_in(&mut world, 0, &made, 2);
    world.run(10_000);
    for node in 0..3 {
        assert_eq!(names(&mut world, node, &made), ["Ada", "Ben", "Cem"]);
    }
    write(&mut world, 2, &made, "through another door");
    world.run(10_000);
    assert_eq!(texts(&world, 1, &made), ["through another door"]);
}

#[test]
fn an_answer_to_somebody_who_has_left_withdraws_the_invitation() {
    let (mut world, made) = invited_by_ben(71);
    for call in [
        Call::LeaveGroup(made.clone()),
        Call::EraseConversation(made.clone()),
    ] {
        world.ask(1, call).expect("it was in");
    }
    world.run(10_000);
    join(&mut world, 2, 1).expect("it looks good");
    world.run(10_000);
    assert_eq!(
        seen(&mut world, 2, 1),
        Some(GroupInvitationState::Withdrawn)
    );
    assert_eq!(names(&mut world, 0, &made), ["Ada"]);
    // Who waited is told, waits no more, and comes in by another.
    assert_eq!(
        standing(&mut world, 2, &made),
        Some(GroupStanding::Withdrawn)
    );
    world.restart(2);
    assert_eq!(
        standing(&mut world, 2, &made),
        Some(GroupStanding::Withdrawn)
    );
    invite(&mut world, 0, &made, 2);
    world.run(10_000);
    world.network.part(0, 2, true);
    join(&mut world, 2, 0).expect("it is good");
    assert_eq!(standing(&mut world, 2, &made), Some(GroupStanding::Joining));
    world.network.part(0, 2, false);
    world.connected(0, 2);
    wait(&mut world, |world| {
        standing(world, 2, &made) == Some(GroupStanding::Member)
    });
}

#[test]
fn a_group_whose_invitation_was_withdrawn_can_be_erased() {
    let (mut world, made) = invited_by_ben(74);
    world
        .ask(1, Call::LeaveGroup(made.clone()))
        .expect("it was in");
    join(&mut world, 2, 1).expect("it looks good");
    let erase = Call::EraseConversation(made.clone());
    assert_eq!(world.ask(2, erase.clone()), Err(Refusal::StillAMember));
    wait(&mut world, |world| {
        standing(world, 2, &made) == Some(GroupStanding::Withdrawn)
    });
    assert_eq!(world.ask(2, erase), Ok(Reply::Done));
    let gone = world.ask(2, Call::Conversation(made));
    assert_eq!(gone, Err(Refusal::NoSuchConversation));
}

#[test]
fn who_waits_to_be_added_gives_up_and_can_be_invited_again() {
    let (mut world, made) = invited_by_ben(72);
    set(&mut world, 0, &made, "Ben", MemberLevel::Member).expect("it outranks Ben");
    world.run(10_000);
    join(&mut world, 2, 1).expect("it looks good");
    assert_eq!(standing(&mut world, 2, &made), Some(GroupStanding::Joining));
    world.run(10_000);
    for call in [
        Call::LeaveGroup(made.clone()),
        Call::EraseConversation(made.clone()),
    ] {
        world.ask(2, call).expect("it only waited");
    }
    bring_in(&mut world, 0, &made, 2);
    world.run(10_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben", "Cem"]);
}

#[test]
fn who_was_removed_and_accepts_an_old_invitation_hears_that_it_holds_no_longer() {
    let mut world = around_the_first(73, &["Ada", "Ben"]);
    let made = group_of_all(&mut world, "Riverside");
    set(&mut world, 0, &made, "Ben", MemberLevel::None).expect("it is an admin");
    world.run(10_000);
    join(&mut world, 1, 0).expect("his own node says it");
    world.run(30_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada"]);
    assert_eq!(
        seen(&mut world, 1, 0),
        Some(GroupInvitationState::Withdrawn)
    );
    bring_in(&mut world, 0, &made, 1);
    assert_eq!(names(&mut world, 1, &made), ["Ada", "Ben"]);
}
