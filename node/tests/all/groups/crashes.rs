//! What is cut off at any of its commits, on either side, happens once after the restart: making a group, joining, writing,
//! appointing, removing, leaving, erasing.

use hedgerow_node::api::{Call, MemberLevel, NewMessage, WhatChanged};

use super::*;
use crate::crash_points::{COMMITS, cut, try_to};

const MINUTE_MS: u64 = 60_000;

/// Every place of a cut: the node, and the commits before it.
fn cuts() -> impl Iterator<Item = (usize, u64)> {
    (0..2).flat_map(|node| (0..COMMITS).map(move |after| (node, after)))
}

/// Ada, who made a group, and Ben, who is in it.
fn pair(seed: u64) -> (World, ConversationId) {
    let mut world = around_the_first(seed, &["Ada", "Ben"]);
    let made = group_of_all(&mut world, "Riverside");
    (world, made)
}

/// Lets both find each other again, and what is new pass.
fn settle(world: &mut World) {
    world.connected(0, 1);
    world.run(MINUTE_MS);
}

fn groups(world: &mut World, node: usize) -> Vec<Conversation> {
    match world.ask(node, Call::Conversations) {
        Ok(Reply::Conversations(mut all)) => {
            all.retain(|one| one.group.is_some());
            all
        }
        other => panic!("no conversations: {other:?}"),
    }
}

#[test]
fn a_group_that_is_made_when_a_commit_is_cut_is_there_whole_or_not_at_all() {
    let mut made_at_once = 0;
    for after in 0..COMMITS {
        let mut world = World::with(50, &["Ada"]);
        let new = Call::NewGroup(Private("Riverside".into()));
        cut(&mut world, 0, after, |world| try_to(world, 0, new.clone()));
        let there = groups(&mut world, 0);
        made_at_once += there.len();
        let made = match there.first() {
            Some(made) => made.id.clone(),
            None => group(&mut world, 0, "Riverside"),
        };
        write(&mut world, 0, &made, "it works");
        world.restart(0);
        assert_eq!(texts(&world, 0, &made), ["it works"], "after {after}");
        assert_eq!(
            standing(&mut world, 0, &made),
            Some(GroupStanding::Admin),
            "after {after}"
        );
    }
    assert!((1..COMMITS as usize).contains(&made_at_once));
}

#[test]
fn an_invitation_that_is_cut_off_on_either_side_comes_once() {
    for (node, after) in cuts() {
        let mut world = around_the_first(51, &["Ada", "Ben"]);
        let made = group(&mut world, 0, "Riverside");
        let contact = world.id(1);
        let call = Call::InviteToGroup(made.clone(), contact);
        cut(&mut world, node, after, |world| {
            try_to(world, 0, call.clone());
            world.run(10_000);
        });
        settle(&mut world);
        if invitation(&mut world, 1, 0).is_none() {
            invite(&mut world, 0, &made, 1);
            world.run(10_000);
        }
        let sent = world.messages(1, 0).into_iter();
        let sent = sent.filter(|one| one.invitation.is_some()).count();
        assert_eq!(sent, 1, "after {after}, at {node}");
        join(&mut world, 1, 0).expect("it is good");
        settle(&mut world);
        assert_eq!(names(&mut world, 1, &made), ["Ada", "Ben"]);
    }
}

#[test]
fn joining_that_is_cut_off_on_either_side_brings_one_key_in() {
    for (node, after) in cuts() {
        let mut world = around_the_first(52, &["Ada", "Ben"]);
        let made = group(&mut world, 0, "Riverside");
        write(&mut world, 0, &made, "before");
        invite(&mut world, 0, &made, 1);
        world.run(10_000);
        let found = invitation(&mut world, 1, 0).expect("it has come").id;
        let accept = Call::JoinGroup(world.chat(1, 0), found);
        cut(&mut world, node, after, |world| {
            try_to(world, 1, accept.clone());
            world.run(10_000);
        });
        settle(&mut world);
        if groups(&mut world, 1).is_empty() {
            world.ask(1, accept).expect("it is good");
            settle(&mut world);
        }
        for member in 0..2 {
            let there = names(&mut world, member, &made);
            assert_eq!(there, ["Ada", "Ben"], "after {after}, at {node}");
        }
        write(&mut world, 1, &made, "hello");
        settle(&mut world);
        for member in 0..2 {
            assert_eq!(texts(&world, member, &made), ["before", "hello"]);
        }
    }
}

#[test]
fn what_is_written_in_a_group_when_a_commit_is_cut_is_there_once_on_both_sides() {
    for (node, after) in cuts() {
        let (mut world, made) = pair(53);
        let send = Call::Send(made.clone(), NewMessage::text("once"));
        cut(&mut world, node, after, |world| {
            try_to(world, 0, send.clone());
            world.run(10_000);
        });
        if texts(&world, 0, &made).is_empty() {
            world.ask(0, send).expect("a member");
        }
        settle(&mut world);
        for member in 0..2 {
            assert_eq!(
                texts(&world, member, &made),
                ["once"],
                "after {after}, at {node}"
            );
        }
        assert_eq!(state(&mut world, 1, &made).unread, 1);
    }
}

#[test]
fn appointing_and_removing_that_are_cut_off_are_the_same_for_both_and_have_one_line() {
    for (level, shown) in [
        (MemberLevel::Admin, GroupStanding::Admin),
        (MemberLevel::None, GroupStanding::Removed),
    ] {
        for (node, after) in cuts() {
            let (mut world, made) = pair(54);
            let ben = called(&mut world, 0, &made, "Ben").who.id;
            let change = Call::SetLevel(made.clone(), ben.clone(), level);
            cut(&mut world, node, after, |world| {
                try_to(world, 0, change.clone());
                world.run(10_000);
            });
            let is_done = |world: &mut World| {
                let members = members(world, 0, &made);
                let ben = members.iter().find(|one| one.who.name.0 == "Ben");
                ben.map_or(MemberLevel::None, |ben| ben.level) == level
            };
            if !is_done(&mut world) {
                world.ask(0, change).expect("it is an admin");
            }
            settle(&mut world);
            let place = format!("after {after}, at {node}");
            assert_eq!(standing(&mut world, 1, &made), Some(shown), "{place}");
            for member in 0..2 {
                let lines = page(&world, member, &made).changes.into_iter();
                let of_ben = lines.filter(|line| {
                    matches!(&line.what, WhatChanged::Level { who, now, .. } if who.id == ben && *now == level)
                });
                assert_eq!(of_ben.count(), 1, "{place}: lines of {member}");
            }
        }
    }
}

#[test]
fn leaving_that_is_cut_off_on_either_side_happens_whole_and_reaches_the_other() {
    for (node, after) in cuts() {
        let (mut world, made) = pair(55);
        let leave = Call::LeaveGroup(made.clone());
        cut(&mut world, node, after, |world| {
            try_to(world, 1, leave.clone());
            world.run(10_000);
        });
        if standing(&mut world, 1, &made) != Some(GroupStanding::Left) {
            world.ask(1, leave).expect("it was in");
        }
        settle(&mut world);
        let place = format!("after {after}, at {node}");
        assert_eq!(names(&mut world, 0, &made), ["Ada"], "{place}");
        world.restart(1);
        assert_eq!(standing(&mut world, 1, &made), Some(GroupStanding::Left));
        let refused = world.ask(1, Call::Send(made.clone(), NewMessage::text("more")));
        assert_eq!(refused, Err(Refusal::NotAMember), "{place}");
    }
}

#[test]
fn erasing_that_is_cut_off_leaves_all_or_nothing() {
    for after in 0..COMMITS {
        let (mut world, made) = pair(56);
        write(&mut world, 0, &made, "to be forgotten");
        world.run(10_000);
        world
            .ask(1, Call::LeaveGroup(made.clone()))
            .expect("it is in");
        let erase = Call::EraseConversation(made.clone());
        cut(&mut world, 1, after, |world| {
            try_to(world, 1, erase.clone())
        });
        if !groups(&mut world, 1).is_empty() {
            assert_eq!(texts(&world, 1, &made), ["to be forgotten"]);
            world.ask(1, erase).expect("it has left");
        }
        settle(&mut world);
        assert!(groups(&mut world, 1).is_empty(), "after {after}");
        assert_eq!(names(&mut world, 0, &made), ["Ada"], "after {after}");
    }
}
