//! A member who was away and has three peers at once.

use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::Store;

use crate::api::{Call, ConversationId, GroupStanding, NewMessage, PageFrom, Private, Reply};
use crate::engine::conversation;
use crate::harness::World;

const TEXTS: usize = 1_020;
/// The one who was away.
const DAN: usize = 3;

fn rows(world: &World, node: usize, made: &ConversationId) -> Vec<Option<String>> {
    let store = &world.nodes[node].storage.store;
    let mut rows = Vec::new();
    let mut from = PageFrom::Oldest;
    loop {
        let page = store.read(|reader| Ok(conversation::page(reader, made, &from, 500)));
        let Ok(page) = page.expect("memory does not fail") else {
            return rows;
        };
        match page.messages.last() {
            Some(last) => from = PageFrom::After(last.id.clone()),
            None => return rows,
        }
        let texts = page.messages.into_iter().map(|one| one.text);
        rows.extend(texts.map(|text| text.map(|text| text.0)));
    }
}

fn write(world: &mut World, node: usize, made: &ConversationId, text: &str) {
    let send = Call::Send(made.clone(), NewMessage::text(text));
    world.ask(node, send).expect("it is in");
}

fn bring_in(world: &mut World, made: &ConversationId, other: usize) {
    let contact = world.id(other);
    world
        .ask(0, Call::InviteToGroup(made.clone(), contact))
        .expect("an admin");
    world.run(5_000);
    let chat = world.chat(other, 0);
    let invited = world.messages(other, 0).pop().expect("an invitation");
    world
        .ask(other, Call::JoinGroup(chat, invited.id))
        .expect("it is good");
    world.run(5_000);
    match world.ask(other, Call::Conversation(made.clone())) {
        Ok(Reply::Conversation(shown)) => {
            let standing = shown.group.map(|group| group.standing);
            assert_eq!(standing, Some(GroupStanding::Member));
        }
        other => panic!("no group: {other:?}"),
    }
}

/// Ada, Ben and Cem have written much in turns while Dan, a contact of all three, was away.
fn stores() -> (Vec<MemoryStore>, ConversationId) {
    let mut world = World::with(1, &["Ada", "Ben", "Cem", "Dan"]);
    for (one, other) in [(0, 1), (0, 2), (0, DAN), (1, 2), (1, DAN), (2, DAN)] {
        world.meet(one, other);
    }
    let made = match world.ask(0, Call::NewGroup(Private("Riverside".into()))) {
        Ok(Reply::Conversation(made)) => made.id,
        other => panic!("no group: {other:?}"),
    };
    for other in 1..=DAN {
        bring_in(&mut world, &made, other);
    }
    world.run(30_000);
    for peer in 0..DAN {
        world.network.part(peer, DAN, true);
    }
    for number in 0..TEXTS {
        let author = number / 60 % 2;
        let text = format!("{number} {}", "x".repeat(200));
        write(&mut world, author, &made, &text);
        if number % 60 == 59 {
            world.run(2_000);
        }
    }
    world.run(30_000);
    for peer in 0..DAN {
        assert_eq!(rows(&world, peer, &made).len(), TEXTS);
    }
    assert!(rows(&world, DAN, &made).len() < TEXTS);
    let stores = world.nodes.iter();
    (
        stores.map(|node| node.storage.store.clone()).collect(),
        made,
    )
}

fn received(world: &mut World) -> u64 {
    match world.ask(DAN, Call::Status) {
        Ok(Reply::Status(status)) => status.traffic.received_bytes,
        other => panic!("no status: {other:?}"),
    }
}

/// The bytes that Dan receives until it has all, if these are near and it meets them in one moment.
fn catch_up(
    stores: &[MemoryStore],
    made: &ConversationId,
    near: &[usize],
    how: impl FnOnce(&mut World),
) -> u64 {
    let mut world = World::resume(7, stores);
    world.run(60_000);
    for peer in (0..DAN).filter(|peer| !near.contains(peer)) {
        world.network.part(peer, DAN, true);
    }
    // So slow that all are connected before one has brought all.
    world.network.conditions.rate = Some(20_000);
    world.roll_back(DAN, stores[DAN].clone());
    assert!(rows(&world, DAN, made).is_empty());
    how(&mut world);
    world.run(180_000);
    let (theirs, ours) = (rows(&world, 0, made), rows(&world, DAN, made));
    assert_eq!(ours.len(), TEXTS);
    assert!(ours == theirs, "the texts differ");
    received(&mut world)
}

#[test]
fn a_member_who_was_away_receives_at_most_a_tenth_twice_from_three_peers_at_once() {
    let (stores, made) = stores();
    let once = catch_up(&stores, &made, &[0], |_| {});
    let all = [0, 1, 2];
    let twice = |received: u64| received as f64 / once as f64 - 1.0;
    let in_turns = twice(catch_up(&stores, &made, &all, |_| {}));
    println!("{:.1} % received twice of {once} bytes", in_turns * 100.0);
    assert!(in_turns <= 0.10, "{in_turns}");
    // If all bring at once, headers come from each.
    let without = twice(catch_up(&stores, &made, &all, |world| {
        world.nodes[DAN].engine_mut().owners.turns.longest_ms = 0;
    }));
    println!("{:.1} % without turns", without * 100.0);
    assert!(without > 0.10, "{without}");
}

#[test]
fn who_is_lost_in_the_middle_of_its_turn_holds_nobody_up() {
    let (stores, made) = stores();
    for lost in 0..DAN {
        catch_up(&stores, &made, &[0, 1, 2], |world| {
            let begun = world.until(60_000, |world| {
                let dan = world.nodes[DAN].engine();
                dan.owners.traffic.received_bytes > 60_000
            });
            assert!(begun && rows(world, DAN, &made).len() < TEXTS);
            world.network.part(lost, DAN, true);
        });
    }
}
