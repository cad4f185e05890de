//! A group that continues another one without some of its people.

use hedgerow_node::api::{ContinuedGroup, MemberName, Restarted, WhatChanged};

use super::objecting::suspended;
use super::*;

const ADA: usize = 0;
const BEN: usize = 1;
const CEM: usize = 2;
const DANA: usize = 3;

/// A group of Ada's with something written in it. Ben and Cem know each other, Cem and Dana too.
fn riverside(seed: u64) -> (World, ConversationId) {
    let mut world = around_the_first(seed, &["Ada", "Ben", "Cem", "Dana"]);
    world.meet(BEN, CEM);
    world.meet(CEM, DANA);
    let made = group_of_all(&mut world, "Riverside");
    write(&mut world, CEM, &made, "on Sunday");
    world.run(20_000);
    (world, made)
}

fn restart(
    world: &mut World,
    node: usize,
    group: &ConversationId,
    without: &[&str],
) -> Result<Restarted, Refusal> {
    let ids = without.iter().map(|name| called(world, node, group, name));
    let without = ids.map(|member| member.who.id).collect();
    let answer = world.ask(node, Call::Restart(group.clone(), without, None));
    answer.and_then(Restarted::try_from)
}

fn named(members: &[MemberName]) -> Vec<&str> {
    members.iter().map(|one| one.name.0.as_str()).collect()
}

/// Waits for an open invitation, and gives what it says to continue.
fn invited(world: &mut World, node: usize, from: usize) -> Option<ContinuedGroup> {
    wait(world, |world| {
        let found = invitation(world, node, from).and_then(|found| found.invitation);
        found.is_some_and(|found| found.state == GroupInvitationState::Open)
    });
    let found = invitation(world, node, from).and_then(|found| found.invitation);
    found.expect("it has come").continues
}

/// Accepts, and waits until it is in.
fn come_in(world: &mut World, node: usize, from: usize, group: &ConversationId) {
    join(world, node, from).expect("the invitation is good");
    wait(world, |world| {
        standing(world, node, group) == Some(GroupStanding::Member)
    });
}

/// The groups to which lines of a conversation lead: whether it continues them, and their names.
fn leads(world: &World, node: usize, group: &ConversationId) -> Vec<(bool, ConversationId)> {
    let page = page(world, node, group);
    let behind = page.messages.into_iter().flat_map(|one| one.changes);
    let lines = page.changes.into_iter().chain(behind);
    let leads = lines.filter_map(|line| match line.what {
        WhatChanged::Continues { group, .. } => Some((true, group)),
        WhatChanged::GoesOn { group, .. } => Some((false, group)),
        _ => None,
    });
    leads.collect()
}

fn groups(world: &mut World, node: usize) -> usize {
    match world.ask(node, Call::Conversations) {
        Ok(Reply::Conversations(all)) => all.iter().filter(|one| one.group.is_some()).count(),
        other => panic!("no conversations: {other:?}"),
    }
}

#[test]
fn any_member_starts_again_without_others_and_the_old_group_is_archived_and_readable() {
    let (mut world, old) = riverside(120);
    world
        .ask(ADA, Call::SetTimer(old.clone(), 3_600))
        .expect("an admin");
    world.run(10_000);
    let made = restart(&mut world, BEN, &old, &["Ada"]).expect("a member");
    assert_eq!(named(&made.asked), ["Cem"]);
    assert_eq!(named(&made.not_asked), ["Dana"]);
    assert_eq!(
        (made.group.name.0.as_str(), made.group.timer_s),
        ("Riverside", 3_600)
    );
    let new = made.group.id;
    let continues = invited(&mut world, CEM, BEN).expect("Cem knows that Ben is in");
    assert_eq!(continues.group, old);
    assert_eq!(continues.name.0, "Riverside");
    assert_eq!(named(&continues.without), ["Ada"]);
    assert!(!state(&mut world, CEM, &old).archived, "not yet accepted");
    come_in(&mut world, CEM, BEN, &new);
    for node in [BEN, CEM] {
        let (before, after) = (state(&mut world, node, &old), state(&mut world, node, &new));
        assert!(before.archived && !after.archived);
        assert_eq!(before.continued_by, std::slice::from_ref(&new));
        assert_eq!(after.continues, Some(old.clone()));
        assert_eq!(leads(&world, node, &old), [(false, new.clone())]);
        assert_eq!(leads(&world, node, &new), [(true, old.clone())]);
        assert_eq!(texts(&world, node, &old), ["on Sunday"]);
        assert_eq!(names(&mut world, node, &new), ["Ben", "Cem"]);
    }
    write(&mut world, BEN, &new, "among us");
    world.run(20_000);
    assert_eq!(texts(&world, CEM, &new), ["among us"]);
    // Who was left out, and who was not asked, have nothing of it, and lose nothing.
    for node in [ADA, DANA] {
        assert_eq!(groups(&mut world, node), 1);
        let before = state(&mut world, node, &old);
        assert!(!before.archived && before.continued_by.is_empty());
        assert_eq!(texts(&world, node, &old), ["on Sunday"]);
    }
    // What is written in the old group still arrives, and brings it back.
    write(&mut world, ADA, &old, "where is everybody?");
    world.run(20_000);
    assert!(!state(&mut world, CEM, &old).archived);
}

#[test]
fn an_admin_of_the_new_group_invites_a_member_whom_the_founder_could_not_ask() {
    let (mut world, old) = riverside(121);
    let new = restart(&mut world, BEN, &old, &["Ada"]).expect("a member");
    let new = new.group.id;
    invited(&mut world, CEM, BEN);
    come_in(&mut world, CEM, BEN, &new);
    set(&mut world, BEN, &new, "Cem", MemberLevel::Admin).expect("an admin");
    wait(&mut world, |world| {
        standing(world, CEM, &new) == Some(GroupStanding::Admin)
    });
    invite(&mut world, CEM, &new, DANA);
    let continues = invited(&mut world, DANA, CEM).expect("Dana knows that Cem is in");
    assert_eq!(named(&continues.without), ["Ada"]);
    come_in(&mut world, DANA, CEM, &new);
    assert!(state(&mut world, DANA, &old).archived);
}

#[test]
fn who_is_suspended_starts_again() {
    let (mut world, old) = suspended(122);
    let made = restart(&mut world, ADA, &old, &["Ben"]).expect("it was in");
    assert_eq!(named(&made.asked), ["Cem"]);
    let continues = invited(&mut world, CEM, ADA).expect("Cem knows that Ada was in");
    assert_eq!(named(&continues.without), ["Ben"]);
    come_in(&mut world, CEM, ADA, &made.group.id);
    assert!(state(&mut world, CEM, &old).archived);
    // It has objected to nothing.
    assert_eq!(
        standing(&mut world, ADA, &old),
        Some(GroupStanding::Suspended)
    );
}

#[test]
fn who_was_removed_starts_again_and_who_left_does_not() {
    let (mut world, old) = riverside(123);
    set(&mut world, ADA, &old, "Ben", MemberLevel::None).expect("an admin");
    world.run(10_000);
    assert_eq!(
        standing(&mut world, BEN, &old),
        Some(GroupStanding::Removed)
    );
    let made = restart(&mut world, BEN, &old, &["Ada"]).expect("it was in");
    assert_eq!(named(&made.asked), ["Cem"]);
    let continues = invited(&mut world, CEM, BEN);
    assert!(continues.is_some(), "Cem knows that Ben was in");
    world
        .ask(DANA, Call::LeaveGroup(old.clone()))
        .expect("it is in");
    assert_eq!(
        restart(&mut world, DANA, &old, &[]),
        Err(Refusal::NotAMember)
    );
}

#[test]
fn declining_changes_nothing_in_the_old_group() {
    let (mut world, old) = riverside(124);
    let before = (state(&mut world, CEM, &old), page(&world, CEM, &old));
    restart(&mut world, BEN, &old, &["Ada"]).expect("a member");
    invited(&mut world, CEM, BEN);
    let found = invitation(&mut world, CEM, BEN).expect("an invitation");
    let chat = world.chat(CEM, BEN);
    world
        .ask(CEM, Call::DeclineGroup(chat, found.id))
        .expect("it is open");
    world.run(20_000);
    let after = (state(&mut world, CEM, &old), page(&world, CEM, &old));
    assert_eq!(before.0.archived, after.0.archived);
    assert_eq!(before.0.group, after.0.group);
    assert!(after.0.continued_by.is_empty());
    assert_eq!(before.1, after.1);
    assert_eq!(groups(&mut world, CEM), 1);
}

#[test]
fn several_proposals_are_several_invitations() {
    let (mut world, old) = riverside(125);
    let by_ben = restart(&mut world, BEN, &old, &["Ada"]).expect("a member");
    let by_ada = restart(&mut world, ADA, &old, &["Ben"]).expect("an admin");
    let (by_ben, by_ada) = (by_ben.group.id, by_ada.group.id);
    for (from, without, new) in [(BEN, "Ada", &by_ben), (ADA, "Ben", &by_ada)] {
        let continues = invited(&mut world, CEM, from).expect("both were in");
        assert_eq!(named(&continues.without), [without]);
        come_in(&mut world, CEM, from, new);
    }
    let both = state(&mut world, CEM, &old).continued_by;
    assert!(both.len() == 2 && both.contains(&by_ben) && both.contains(&by_ada));
}

#[test]
fn a_crash_after_starting_again_loses_no_invitation() {
    let (mut world, old) = riverside(126);
    world.network.part(BEN, CEM, true);
    let new = restart(&mut world, BEN, &old, &["Ada"]).expect("a member");
    world.restart(BEN);
    world.network.part(BEN, CEM, false);
    world.connected(BEN, CEM);
    assert!(invited(&mut world, CEM, BEN).is_some());
    come_in(&mut world, CEM, BEN, &new.group.id);
    assert!(state(&mut world, CEM, &old).archived);
}

#[test]
fn those_asked_come_in_although_the_founder_has_left_and_erased_the_old_group() {
    let (mut world, old) = riverside(127);
    let new = restart(&mut world, BEN, &old, &["Ada"]).expect("a member");
    let new = new.group.id;
    invited(&mut world, CEM, BEN);
    for call in [
        Call::LeaveGroup(old.clone()),
        Call::EraseConversation(old.clone()),
    ] {
        world.ask(BEN, call).expect("it is in");
    }
    world.run(20_000);
    assert!(invited(&mut world, CEM, BEN).is_some(), "Ben was in");
    come_in(&mut world, CEM, BEN, &new);
    assert!(state(&mut world, CEM, &old).archived);
    // Nothing leads to what is gone.
    assert_eq!(state(&mut world, BEN, &new).continues, None);
    assert!(leads(&world, BEN, &new).is_empty());
}

#[test]
fn only_others_who_are_in_can_be_left_out() {
    let (mut world, old) = riverside(128);
    for name in ["Ben", "Dana"] {
        let who = called(&mut world, BEN, &old, name).who.id;
        if name == "Dana" {
            set(&mut world, ADA, &old, "Dana", MemberLevel::None).expect("an admin");
            world.run(10_000);
        }
        assert_eq!(
            world.ask(BEN, Call::Restart(old.clone(), vec![who], None)),
            Err(Refusal::NoSuchMember)
        );
    }
    assert_eq!(groups(&mut world, BEN), 1);
}
