//! Members who have changed their own program.

mod files;

use hedgerow_sync::entry::{Body, What};
use hedgerow_sync::group::Draft;
use hedgerow_sync::id::EntryId;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::Store;

use super::*;
use crate::api::{Call, ConversationId, Event, Member, NewMessage, PageFrom, Private, Reply};
use crate::engine::{conversation, conversations};
use crate::harness::World;

/// A member who says one thing to Ada and another to Ben.
const MALLORY: usize = 1;
const BEN: usize = 2;

/// A group that Ada founded, of three who are contacts of each other.
fn world(seed: u64) -> (World, ConversationId) {
    let mut world = World::with(seed, &["Ada", "Mallory", "Ben"]);
    for (one, other) in [(0, MALLORY), (0, BEN), (MALLORY, BEN)] {
        world.meet(one, other);
    }
    let made = match world.ask(0, Call::NewGroup(Private("Riverside".into()))) {
        Ok(Reply::Conversation(made)) => made.id,
        other => panic!("no group: {other:?}"),
    };
    for other in [MALLORY, BEN] {
        let contact = world.id(other);
        let invite = Call::InviteToGroup(made.clone(), contact);
        world.ask(0, invite).expect("an admin");
        world.run(5_000);
        let chat = world.chat(other, 0);
        let invited = world.messages(other, 0).pop().expect("an invitation");
        let join = Call::JoinGroup(chat, invited.id);
        world.ask(other, join).expect("it is good");
        world.run(10_000);
    }
    (world, made)
}

/// Writes a text in one opening of Mallory's store, which both copies of it share.
fn say(store: &mut MemoryStore, made: &ConversationId, text: &str) {
    let body = Body::Bytes(text.as_bytes().to_vec().into());
    append(store, made, What::TEXT, body);
}

/// Writes any entry there. Gives its name.
fn append(store: &mut MemoryStore, made: &ConversationId, what: What, body: Body) -> EntryId {
    let space = conversations::parse_id(made).expect("an id of the engine");
    let written = store.write(|txn| {
        let key = txn.get(&Table::GroupKeys.key(&[&space.0]))?;
        let key = key.and_then(|key| key.try_into().ok());
        let key = SigningSecret::from_bytes(key.expect("it is in"));
        let group = Group::open(txn, space, Some(member_key(&key)))?;
        let draft = Draft {
            what,
            wall_ms: 1_790_000_000_000,
            body,
            salt: [7; 16],
        };
        let mut group = group.expect("there is a group");
        let appended = group.append(txn, &key.key(), Incarnation(7), draft);
        Ok(appended.expect("a member").id)
    });
    written.expect("memory does not fail")
}

fn texts(world: &World, node: usize, made: &ConversationId) -> Vec<String> {
    let store = &world.nodes[node].storage.store;
    let page = store.read(|reader| Ok(conversation::page(reader, made, &PageFrom::Oldest, 500)));
    let page = page.expect("memory does not fail").expect("it is there");
    let texts = page.messages.into_iter();
    texts
        .filter_map(|one| one.text.map(|text| text.0))
        .collect()
}

fn members(world: &mut World, node: usize, made: &ConversationId) -> Vec<Member> {
    match world.ask(node, Call::Members(made.clone())) {
        Ok(Reply::Members(members)) => members,
        other => panic!("no members: {other:?}"),
    }
}

fn are_frozen(world: &mut World, node: usize, made: &ConversationId) -> Vec<String> {
    let members = members(world, node, made).into_iter();
    let frozen = members.filter(|member| member.frozen);
    frozen.map(|member| member.who.name.0).collect()
}

/// Only these two can reach each other.
fn only(world: &mut World, one: usize, other: usize) {
    for (first, second) in [(0, MALLORY), (0, BEN), (MALLORY, BEN)] {
        let is_meant = (first, second) == (one, other);
        world.network.part(first, second, !is_meant);
    }
}

#[test]
fn a_member_who_says_different_things_to_different_people_is_frozen_and_the_group_goes_on() {
    let (mut world, made) = world(1);
    let before = world.nodes[MALLORY].storage.store.clone();
    let (mut to_ada, mut to_ben) = (before.clone(), before);
    say(&mut to_ada, &made, "I vote yes");
    say(&mut to_ben, &made, "I vote no");
    only(&mut world, 0, MALLORY);
    world.roll_back(MALLORY, to_ada.clone());
    world.connected(0, MALLORY);
    world.run(30_000);
    only(&mut world, MALLORY, BEN);
    world.roll_back(MALLORY, to_ben);
    world.connected(MALLORY, BEN);
    world.run(30_000);
    assert_eq!(texts(&world, 0, &made), ["I vote yes"]);
    assert_eq!(texts(&world, BEN, &made), ["I vote no"]);
    assert!(are_frozen(&mut world, 0, &made).is_empty());
    // Ada and Ben compare.
    only(&mut world, 0, BEN);
    world.connected(0, BEN);
    world.run(30_000);
    for node in [0, BEN] {
        assert_eq!(are_frozen(&mut world, node, &made), ["Mallory"], "{node}");
        let is_told = |event: &Event| matches!(event, Event::Conversation { conversation } if *conversation == made);
        assert!(world.nodes[node].events.iter().any(is_told));
        world.restart(node);
        assert_eq!(are_frozen(&mut world, node, &made), ["Mallory"], "{node}");
    }
    world.connected(0, BEN);
    // The group goes on, each with the branch that it has.
    for (node, text) in [(0, "counted"), (BEN, "agreed")] {
        let send = Call::Send(made.clone(), NewMessage::text(text));
        world.ask(node, send).expect("a member");
        world.run(10_000);
    }
    assert_eq!(texts(&world, 0, &made), ["I vote yes", "counted", "agreed"]);
    assert_eq!(
        texts(&world, BEN, &made),
        ["I vote no", "counted", "agreed"]
    );
    // Nothing more of that log comes in.
    say(&mut to_ada, &made, "as I said");
    only(&mut world, 0, MALLORY);
    world.roll_back(MALLORY, to_ada);
    world.connected(0, MALLORY);
    world.run(30_000);
    assert_eq!(texts(&world, 0, &made).len(), 3);
}
