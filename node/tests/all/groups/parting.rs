//! Leaving a group and erasing it at once: what was written is gone here, and the others still hear of the leaving.

use std::ops::{Bound, ControlFlow};

use hedgerow_node::api::Call;
use hedgerow_sync::store::{Direction, Reader};

use super::*;

/// Everything that a node has on its disk.
fn rows(world: &World, node: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let all = (Bound::Unbounded, Bound::Unbounded);
    let read = |reader: &dyn Reader| {
        reader.scan(all, Direction::Forward, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })
    };
    let read = world.nodes[node].storage.store.read(read);
    read.expect("memory does not fail");
    rows
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// How many rows of a node name a group.
fn rows_about(world: &World, node: usize, made: &ConversationId) -> usize {
    let space = data_encoding::HEXLOWER.decode(made.0.as_bytes());
    let space = space.expect("an id of the engine");
    let rows = rows(world, node);
    let about = rows.iter().filter(|(key, _)| holds(key, &space));
    about.count()
}

/// Ben leaves and erases while nobody is near.
fn leaves_alone(seed: u64) -> (World, ConversationId) {
    let mut world = around_the_first(seed, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    write(&mut world, 0, &made, "the keys are under the stone");
    world.run(10_000);
    world.network.part(0, 1, true);
    world.run(60_000);
    let left = world.ask(1, Call::LeaveGroup(made.clone()));
    assert_eq!(left, Ok(Reply::Done));
    let erased = world.ask(1, Call::EraseConversation(made.clone()));
    assert_eq!(erased, Ok(Reply::Done));
    (world, made)
}

/// Ada and Ben meet, and part again.
fn meet_once(world: &mut World) {
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.run(30_000);
    world.network.part(0, 1, true);
    world.run(120_000);
}

#[test]
fn a_group_that_is_erased_right_after_leaving_is_gone_here_and_the_others_hear_of_it_later() {
    let (mut world, made) = leaves_alone(60);
    let gone = world.ask(1, Call::Conversation(made.clone()));
    assert_eq!(gone, Err(Refusal::NoSuchConversation));
    let said = b"under the stone";
    assert!(!rows(&world, 1).iter().any(|(_, value)| holds(value, said)));
    world.restart(1);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben", "Cem"]);
    meet_once(&mut world);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Cem"]);
    let gone = world.ask(1, Call::Conversation(made.clone()));
    assert_eq!(gone, Err(Refusal::NoSuchConversation));
    // Once somebody says that it knows, nothing is left.
    assert!(rows_about(&world, 1, &made) > 0);
    meet_once(&mut world);
    assert_eq!(rows_about(&world, 1, &made), 0);
    world.restart(1);
    world.run(60_000);
    assert_eq!(rows_about(&world, 1, &made), 0);
}

#[test]
fn what_nobody_hears_of_for_four_weeks_is_forgotten() {
    let (mut world, made) = leaves_alone(61);
    world.run(27 * 24 * 3_600_000);
    assert!(rows_about(&world, 1, &made) > 0);
    world.run(2 * 24 * 3_600_000);
    assert_eq!(rows_about(&world, 1, &made), 0);
}

#[test]
fn who_erased_a_group_comes_back_under_a_new_key_and_the_old_one_is_out() {
    let (mut world, made) = leaves_alone(62);
    // Ada has not heard of the leaving, so she has no reason to invite Ben; she does so once she has.
    meet_once(&mut world);
    world.network.part(0, 1, false);
    world.connected(0, 1);
    bring_in(&mut world, 0, &made, 1);
    world.run(10_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben", "Cem"]);
    assert_eq!(names(&mut world, 1, &made), ["Ada", "Ben", "Cem"]);
    write(&mut world, 1, &made, "I am back");
    world.run(10_000);
    let last = texts(&world, 2, &made).pop();
    assert_eq!(last.as_deref(), Some("I am back"));
}

#[test]
fn an_old_invitation_does_not_bring_back_who_erased_the_group() {
    let (mut world, made) = leaves_alone(63);
    // The invitation by which Ben once came in is used.
    join(&mut world, 1, 0).expect("it is still in the chat");
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.run(60_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Cem"]);
    let state = invitation(&mut world, 1, 0).and_then(|one| one.invitation);
    let state = state.map(|invitation| invitation.state);
    assert_eq!(state, Some(GroupInvitationState::Withdrawn));
    // A new one does.
    bring_in(&mut world, 0, &made, 1);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben", "Cem"]);
}

#[test]
fn an_erased_group_whose_members_are_contacts_no_more_is_forgotten() {
    let (mut world, made) = leaves_alone(64);
    let ada = world.id(0);
    world.ask(1, Call::Remove(ada)).expect("a contact");
    world.run(1_000);
    assert_eq!(rows_about(&world, 1, &made), 0);
}
