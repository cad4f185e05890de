use hedgerow_sync::group::Group;
use hedgerow_sync::membership::Act;
use hedgerow_sync::store::Store;

use super::DAY_MS;
use crate::api::{Call, ConversationId, Member, MemberLevel, Private, Reply};
use crate::engine::conversations;
use crate::harness::World;

const MINUTE_MS: u64 = 60_000;
const ADA: usize = 0;
const BEN: usize = 1;

fn members(world: &mut World, node: usize, made: &ConversationId) -> Vec<Member> {
    match world.ask(node, Call::Members(made.clone())) {
        Ok(Reply::Members(members)) => members,
        other => panic!("no members: {other:?}"),
    }
}

fn set(world: &mut World, node: usize, made: &ConversationId, name: &str, level: MemberLevel) {
    let members = members(world, node, made).into_iter();
    let mut named = members.filter(|one| one.who.name.0 == name);
    let who = named.next().expect("a member").who.id;
    let call = Call::SetLevel(made.clone(), who, level);
    world.ask(node, call).expect("an admin");
    world.run(5_000);
}

fn set_timer(world: &mut World, node: usize, made: &ConversationId, seconds: u64) {
    let call = Call::SetTimer(made.clone(), seconds);
    world.ask(node, call).expect("an admin");
    world.run(5_000);
}

/// A group that Ada founded, in which Ben is an admin and Cem is none.
fn world(seed: u64) -> (World, ConversationId) {
    let mut world = World::with(seed, &["Ada", "Ben", "Cem"]);
    let made = match world.ask(ADA, Call::NewGroup(Private("Riverside".into()))) {
        Ok(Reply::Conversation(made)) => made.id,
        other => panic!("no group: {other:?}"),
    };
    for other in 1..3 {
        world.meet(ADA, other);
        let contact = world.id(other);
        let invite = Call::InviteToGroup(made.clone(), contact);
        world.ask(ADA, invite).expect("an admin");
        world.run(5_000);
        let chat = world.chat(other, ADA);
        let invited = world.messages(other, ADA).pop().expect("an invitation");
        let join = Call::JoinGroup(chat, invited.id);
        world.ask(other, join).expect("it is good");
        world.run(10_000);
    }
    set(&mut world, ADA, &made, "Ben", MemberLevel::Admin);
    (world, made)
}

/// How many operations that set nothing a node holds, and how many others settle still.
fn control(world: &World, node: usize, made: &ConversationId) -> (usize, usize) {
    let space = conversations::parse_id(made).expect("an id of the engine");
    let store = &world.nodes[node].storage.store;
    let group = store.read(|reader| Group::open(reader, space, None));
    let group = group.expect("memory does not fail").expect("a group");
    let membership = group.membership();
    let (seen, others): (Vec<_>, Vec<_>) = membership
        .operations()
        .partition(|one| matches!(one.act(), Act::Seen));
    let settling = others.iter();
    let settling = settling.filter(|one| !membership.settles_with(one.id()).is_empty());
    (seen.len(), settling.count())
}

#[test]
fn what_a_junior_admin_did_settles_once_a_day_and_then_all_are_quiet() {
    let (mut world, made) = world(1);
    set_timer(&mut world, BEN, &made, 3_600);
    for node in 0..3 {
        assert_eq!(control(&world, node, &made), (0, 1), "{node}");
    }
    world.run(11 * MINUTE_MS);
    for node in 0..3 {
        assert_eq!(control(&world, node, &made), (1, 0), "{node}");
    }
    set_timer(&mut world, BEN, &made, 7_200);
    set_timer(&mut world, BEN, &made, 10_800);
    world.run(DAY_MS - 20 * MINUTE_MS);
    assert_eq!(control(&world, ADA, &made), (1, 2), "not twice a day");
    world.run(30 * MINUTE_MS);
    for node in 0..3 {
        assert_eq!(control(&world, node, &made), (2, 0), "{node}");
    }
    world.run(5 * DAY_MS);
    for node in 0..3 {
        assert_eq!(control(&world, node, &made), (2, 0), "{node}");
    }
}

#[test]
fn nobody_writes_what_settles_nothing() {
    let (mut world, made) = world(2);
    set_timer(&mut world, ADA, &made, 3_600);
    world.run(3 * DAY_MS);
    for node in 0..3 {
        world.restart(node);
    }
    world.run(3 * DAY_MS);
    for node in 0..3 {
        assert_eq!(control(&world, node, &made), (0, 0), "{node}");
    }
}

#[test]
fn what_was_heard_before_a_restart_settles_after_it() {
    let (mut world, made) = world(3);
    set_timer(&mut world, BEN, &made, 3_600);
    world.restart(ADA);
    world.connected(ADA, BEN);
    world.run(11 * MINUTE_MS);
    assert_eq!(control(&world, BEN, &made), (1, 0));
}

#[test]
fn a_suspended_admin_s_device_writes_none() {
    let (mut world, made) = world(4);
    set_timer(&mut world, BEN, &made, 3_600);
    set(&mut world, BEN, &made, "Ada", MemberLevel::None);
    world.run(3 * DAY_MS);
    world.restart(ADA);
    world.connected(ADA, BEN);
    world.run(3 * DAY_MS);
    for node in 0..3 {
        assert_eq!(control(&world, node, &made).0, 0, "{node}");
    }
    assert!(
        members(&mut world, ADA, &made)
            .iter()
            .any(|one| one.suspended)
    );
}
