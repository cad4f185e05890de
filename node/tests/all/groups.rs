//! Private groups, over sessions, parcels and restarts (`docs/PROTOCOL.md` section 4c).

mod crashes;
mod day;
mod files;
mod holders;
mod hostile;
mod invited;
mod late;
mod objecting;
mod parting;
mod restarting;
mod room;
mod talk;
mod timers;
mod undone;
mod ways;

use hedgerow_node::api::{
    Call, Conversation, ConversationId, GroupInvitationState, GroupStanding, Member, MemberLevel,
    Message, MessageId, NewMessage, Page, PageFrom, Private, Refusal, Reply,
};
use hedgerow_node::engine::conversation;
use hedgerow_node::harness::World;
use hedgerow_sync::store::Store;

/// Names of people: each meets the first one.
fn around_the_first(seed: u64, names: &[&str]) -> World {
    let mut world = World::with(seed, names);
    for other in 1..names.len() {
        world.meet(0, other);
    }
    world
}

fn shown(world: &mut World, node: usize, call: Call) -> Conversation {
    match world.ask(node, call) {
        Ok(Reply::Conversation(chat)) => chat,
        other => panic!("no conversation: {other:?}"),
    }
}

/// A group that a node makes.
fn group(world: &mut World, founder: usize, name: &str) -> ConversationId {
    shown(world, founder, Call::NewGroup(Private(name.into()))).id
}

fn state(world: &mut World, node: usize, group: &ConversationId) -> Conversation {
    shown(world, node, Call::Conversation(group.clone()))
}

fn standing(world: &mut World, node: usize, group: &ConversationId) -> Option<GroupStanding> {
    let state = state(world, node, group).group;
    state.map(|state| state.standing)
}

fn invite(world: &mut World, inviter: usize, group: &ConversationId, other: usize) -> MessageId {
    let contact = world.id(other);
    match world.ask(inviter, Call::InviteToGroup(group.clone(), contact)) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("no invitation: {other:?}"),
    }
}

/// The newest invitation that a node has from another.
fn invitation(world: &mut World, node: usize, from: usize) -> Option<Message> {
    let mut messages = world.messages(node, from);
    messages.retain(|message| {
        message
            .invitation
            .as_ref()
            .is_some_and(|invitation| !invitation.is_ours)
    });
    messages.pop()
}

fn join(world: &mut World, node: usize, from: usize) -> Result<Reply, Refusal> {
    let found = invitation(world, node, from).expect("an invitation");
    let chat = world.chat(node, from);
    world.ask(node, Call::JoinGroup(chat, found.id))
}

/// Waits until something is so.
fn wait(world: &mut World, so: impl Fn(&mut World) -> bool) {
    let end = world.now_ms + 60_000;
    while !so(world) {
        assert!(world.now_ms < end, "it does not come about");
        world.run(200);
    }
}

/// Invites, joins, and waits until the newcomer is in.
fn bring_in(world: &mut World, inviter: usize, group: &ConversationId, other: usize) {
    invite(world, inviter, group, other);
    wait(world, |world| {
        let found = invitation(world, other, inviter).and_then(|found| found.invitation);
        found.is_some_and(|found| found.state == GroupInvitationState::Open)
    });
    join(world, other, inviter).expect("the invitation is good");
    wait(world, |world| {
        standing(world, other, group) == Some(GroupStanding::Member)
    });
}

/// A group of all nodes, made by the first one.
fn group_of_all(world: &mut World, name: &str) -> ConversationId {
    let made = group(world, 0, name);
    for other in 1..world.nodes.len() {
        bring_in(world, 0, &made, other);
    }
    world.run(5_000);
    made
}

fn write(world: &mut World, node: usize, group: &ConversationId, text: &str) -> MessageId {
    match world.ask(node, Call::Send(group.clone(), NewMessage::text(text))) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("not sent: {other:?}"),
    }
}

fn page(world: &World, node: usize, group: &ConversationId) -> Page {
    let store = &world.nodes[node].storage.store;
    let page = store.read(|reader| Ok(conversation::page(reader, group, &PageFrom::Oldest, 500)));
    page.expect("memory does not fail").expect("it is there")
}

fn texts(world: &World, node: usize, group: &ConversationId) -> Vec<String> {
    let messages = page(world, node, group).messages.into_iter();
    messages
        .filter_map(|one| one.text.map(|text| text.0))
        .collect()
}

fn members(world: &mut World, node: usize, group: &ConversationId) -> Vec<Member> {
    match world.ask(node, Call::Members(group.clone())) {
        Ok(Reply::Members(members)) => members,
        other => panic!("no members: {other:?}"),
    }
}

fn names(world: &mut World, node: usize, group: &ConversationId) -> Vec<String> {
    let members = members(world, node, group).into_iter();
    members.map(|member| member.who.name.0).collect()
}

/// The member of this name, as a node sees it.
fn called(world: &mut World, node: usize, group: &ConversationId, name: &str) -> Member {
    let mut members = members(world, node, group).into_iter();
    members
        .find(|one| one.who.name.0 == name)
        .expect("there is such a member")
}

fn set(
    world: &mut World,
    node: usize,
    group: &ConversationId,
    name: &str,
    level: MemberLevel,
) -> Result<Reply, Refusal> {
    let member = called(world, node, group, name).who.id;
    world.ask(node, Call::SetLevel(group.clone(), member, level))
}
