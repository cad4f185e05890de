//! Messages that disappear from a group.

use hedgerow_node::api::WhatChanged;

use super::*;

const MINUTE_MS: u64 = 60_000;

fn set_timer(
    world: &mut World,
    node: usize,
    group: &ConversationId,
    seconds: u64,
) -> Result<Reply, Refusal> {
    world.ask(node, Call::SetTimer(group.clone(), seconds))
}

fn timers(world: &mut World, group: &ConversationId) -> Vec<u64> {
    let nodes = 0..world.nodes.len();
    nodes
        .map(|node| state(world, node, group).timer_s)
        .collect()
}

/// The timers that lines tell of, and who set them.
fn lines(world: &World, node: usize, group: &ConversationId) -> Vec<(u64, String)> {
    let page = page(world, node, group);
    let behind = page.messages.into_iter().flat_map(|one| one.changes);
    let lines = page.changes.into_iter().chain(behind);
    let timers = lines.filter_map(|line| match line.what {
        WhatChanged::Timer { seconds } => Some((seconds, line.by?.name.0)),
        _ => None,
    });
    timers.collect()
}

fn read(world: &mut World, node: usize, group: &ConversationId, message: &MessageId) {
    let answer = world.ask(node, Call::Read(group.clone(), message.clone()));
    assert_eq!(answer, Ok(Reply::Done));
}

#[test]
fn what_is_written_under_the_timer_of_an_admin_disappears_for_each_member() {
    let mut world = around_the_first(1, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    write(&mut world, 0, &made, "stays");
    let refused = set_timer(&mut world, 1, &made, 300);
    assert_eq!(refused, Err(Refusal::NotAnAdmin));
    assert_eq!(set_timer(&mut world, 0, &made, 300), Ok(Reply::Done));
    world.run(5_000);
    assert_eq!(timers(&mut world, &made), [300; 3]);
    for node in 0..3 {
        assert_eq!(lines(&world, node, &made), [(300, "Ada".to_owned())]);
    }
    let sent = write(&mut world, 1, &made, "for five minutes");
    world.run(5_000);
    read(&mut world, 2, &made, &sent);
    world.run(5 * MINUTE_MS + 1_000);
    // Ben's went with the delivery to Ada, Cem's with its reading. Ada has not read it.
    assert_eq!(texts(&world, 1, &made), ["stays"]);
    assert_eq!(texts(&world, 2, &made), ["stays"]);
    assert_eq!(texts(&world, 0, &made), ["stays", "for five minutes"]);
    read(&mut world, 0, &made, &sent);
    world.run(5 * MINUTE_MS + 1_000);
    assert_eq!(texts(&world, 0, &made), ["stays"]);
    world.restart(2);
    assert_eq!(set_timer(&mut world, 0, &made, 0), Ok(Reply::Done));
    world.run(5_000);
    assert_eq!(timers(&mut world, &made), [0; 3]);
}

#[test]
fn a_newcomer_has_the_timer_of_the_group_and_no_line_of_it() {
    let mut world = around_the_first(2, &["Ada", "Ben"]);
    let made = group(&mut world, 0, "Riverside");
    assert_eq!(set_timer(&mut world, 0, &made, 3_600), Ok(Reply::Done));
    bring_in(&mut world, 0, &made, 1);
    world.run(5_000);
    assert_eq!(timers(&mut world, &made), [3_600; 2]);
    assert!(lines(&world, 1, &made).is_empty());
    world.restart(1);
    assert_eq!(state(&mut world, 1, &made).timer_s, 3_600);
}

#[test]
fn whoever_was_away_for_longer_than_the_timer_sees_that_something_is_not_here() {
    let mut world = around_the_first(3, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    set_timer(&mut world, 0, &made, 60).expect("an admin");
    world.run(5_000);
    world.network.part(0, 2, true);
    let sent = write(&mut world, 1, &made, "for a minute");
    world.run(5_000);
    read(&mut world, 0, &made, &sent);
    world.run(2 * MINUTE_MS);
    set_timer(&mut world, 0, &made, 0).expect("an admin");
    write(&mut world, 1, &made, "stays");
    world.network.part(0, 2, false);
    world.connected(0, 2);
    world.run(30_000);
    let seen = page(&world, 2, &made).messages;
    let seen: Vec<_> = seen
        .iter()
        .map(|one| (one.text.as_ref().map(|text| text.0.as_str()), one.not_here))
        .collect();
    assert_eq!(seen, [(None, true), (Some("stays"), false)]);
}

#[test]
fn the_timer_of_an_admin_who_was_removed_beside_it_is_undone_for_everybody() {
    let mut world = around_the_first(4, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    set(&mut world, 0, &made, "Ben", MemberLevel::Admin).expect("an admin");
    set_timer(&mut world, 0, &made, 3_600).expect("an admin");
    world.run(5_000);
    world.network.part(0, 1, true);
    assert_eq!(set_timer(&mut world, 1, &made, 60), Ok(Reply::Done));
    set(&mut world, 0, &made, "Ben", MemberLevel::None).expect("it outranks Ben");
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.run(30_000);
    assert_eq!(timers(&mut world, &made), [3_600; 3]);
    assert_eq!(lines(&world, 2, &made), [(3_600, "Ada".to_owned())]);
}
