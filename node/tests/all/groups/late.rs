//! Bodies that come after their entries: a newcomer gets the newest messages at once, and the texts of older ones behind them.

use std::collections::BTreeSet;

use hedgerow_node::api::{Call, Event, NewMessage, Search};

use super::*;

/// More than come with their texts at once.
const TEXTS: usize = 320;

/// One long enough to be left behind.
fn text(number: usize) -> String {
    format!("number {number} {}", "of the long list of plots ".repeat(4))
}

/// A group in which Ada has written much before Ben comes in, who lags behind her.
fn before_ben(seed: u64) -> (World, ConversationId) {
    let mut world = around_the_first(seed, &["Ada", "Ben", "Cem"]);
    let made = group(&mut world, 0, "Riverside");
    bring_in(&mut world, 0, &made, 2);
    for number in 0..TEXTS {
        write(&mut world, 0, &made, &text(number));
    }
    invite(&mut world, 0, &made, 1);
    world.run(10_000);
    (world, made)
}

/// Whose texts are here, of all rows.
fn here(world: &World, node: usize, made: &ConversationId) -> (usize, usize) {
    let page = page(world, node, made);
    let with_text = page.messages.iter().filter(|one| one.text.is_some());
    (with_text.count(), page.messages.len())
}

/// How many messages events have told a node of, none of them twice.
fn told(world: &World, node: usize, made: &ConversationId) -> u64 {
    let mut single = BTreeSet::new();
    let mut many = 0;
    for event in &world.nodes[node].events {
        match event {
            Event::Message {
                conversation, id, ..
            } if conversation == made => assert!(single.insert(id.clone()), "told twice"),
            Event::Messages {
                conversation,
                count,
            } if conversation == made => many += count,
            _ => {}
        }
    }
    single.len() as u64 + many
}

#[test]
fn a_message_whose_text_comes_late_is_told_once_counted_once_and_found() {
    let (mut world, made) = before_ben(40);
    join(&mut world, 1, 0).expect("it is good");
    let all = world.until(60_000, |world| {
        let node = &world.nodes[1].storage.store;
        let page =
            node.read(|reader| Ok(conversation::page(reader, &made, &PageFrom::Oldest, 500)));
        let page = page.expect("memory does not fail");
        page.is_ok_and(|page| page.messages.len() == TEXTS)
    });
    assert!(all, "the entries do not come");
    let (with_text, rows) = here(&world, 1, &made);
    assert_eq!(rows, TEXTS);
    assert!(with_text < TEXTS, "all texts came at once");
    assert_eq!(state(&mut world, 1, &made).unread, TEXTS as u64);
    world.run(60_000);
    assert_eq!(here(&world, 1, &made), (TEXTS, TEXTS));
    assert_eq!(texts(&world, 1, &made), texts(&world, 0, &made));
    assert_eq!(told(&world, 1, &made), TEXTS as u64);
    let shown = state(&mut world, 1, &made);
    assert_eq!((shown.unread, shown.messages), (TEXTS as u64, TEXTS as u64));
    // The oldest text came last.
    let found = world.search(1, &Search::of("number 0"));
    let found = found.expect("a good query").messages;
    assert!(found.iter().any(|hit| hit.conversation == made));
}

#[test]
fn texts_that_have_not_come_come_after_a_restart_and_are_told_no_more() {
    let (mut world, made) = before_ben(41);
    join(&mut world, 1, 0).expect("it is good");
    let is_between = |world: &World| {
        let node = &world.nodes[1].storage.store;
        let page =
            node.read(|reader| Ok(conversation::page(reader, &made, &PageFrom::Oldest, 500)));
        page.expect("memory does not fail")
            .is_ok_and(|page| page.messages.len() == TEXTS)
    };
    assert!(world.until(60_000, is_between));
    world.network.part(0, 1, true);
    world.restart(1);
    world.run(60_000);
    let (with_text, _) = here(&world, 1, &made);
    assert!(with_text < TEXTS, "nothing was left to come");
    let before = told(&world, 1, &made);
    assert_eq!(before, TEXTS as u64);
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.run(60_000);
    assert_eq!(here(&world, 1, &made), (TEXTS, TEXTS));
    assert_eq!(told(&world, 1, &made), before);
    assert_eq!(state(&mut world, 1, &made).unread, TEXTS as u64);
    let found = world.search(1, &Search::of("number 0"));
    assert!(!found.expect("a good query").messages.is_empty());
}

#[test]
fn a_message_that_is_deleted_before_its_text_comes_never_shows_it() {
    let (mut world, made) = before_ben(42);
    let first = page(&world, 0, &made).messages.remove(0).id;
    world
        .ask(0, Call::Delete(made.clone(), first, true))
        .expect("it is Ada's own");
    join(&mut world, 1, 0).expect("it is good");
    world.run(60_000);
    let shown = page(&world, 1, &made).messages;
    let gone = shown.iter().filter(|one| one.text.is_none()).count();
    assert!(shown.len() >= TEXTS - 1 && gone <= 1, "{gone}");
    let found = world.search(1, &Search::of("number 0"));
    let found = found.expect("a good query").messages;
    assert!(found.is_empty());
}

#[test]
fn a_text_edited_before_it_comes_shows_its_last_words() {
    let (mut world, made) = before_ben(43);
    let first = page(&world, 0, &made).messages.remove(0).id;
    let edited = format!("harvest {}", text(0));
    let edit = Call::Edit(made.clone(), first, Private(edited.clone()));
    world.ask(0, edit).expect("it is Ada's own");
    for number in 0..TEXTS {
        let more = NewMessage::text(text(TEXTS + number));
        world
            .ask(0, Call::Send(made.clone(), more))
            .expect("a member");
    }
    join(&mut world, 1, 0).expect("it is good");
    world.run(120_000);
    let store = &world.nodes[1].storage.store;
    let oldest = store.read(|reader| Ok(conversation::page(reader, &made, &PageFrom::Oldest, 1)));
    let oldest = oldest.expect("memory does not fail").expect("it is there");
    let shown = oldest.messages[0].text.as_ref().map(|text| text.0.as_str());
    assert_eq!(shown, Some(edited.as_str()));
    let found = world.search(1, &Search::of("harvest"));
    assert_eq!(found.expect("a good query").messages.len(), 1);
}
