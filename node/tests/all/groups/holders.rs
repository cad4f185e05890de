//! Which members have a message, by what each has said itself.

use hedgerow_node::api::{Call, Holding, HoldingState, Why};

use super::*;

fn holders(world: &mut World, node: usize, made: &ConversationId, id: &MessageId) -> Vec<Holding> {
    match world.ask(node, Call::Holders(made.clone(), id.clone())) {
        Ok(Reply::Holders(holders)) => holders,
        other => panic!("no holders: {other:?}"),
    }
}

/// The state of the member of this name.
fn of(world: &mut World, made: &ConversationId, id: &MessageId, name: &str) -> HoldingState {
    let all = holders(world, 0, made, id).into_iter();
    let mut named = all.filter(|one| one.who.name.0 == name);
    named.next().expect("a member").state
}

/// Ada founds a group with Ben, her contact. Ben brings in Cem and Dan, whom she does not know.
fn chain(seed: u64) -> (World, ConversationId) {
    let mut world = World::with(seed, &["Ada", "Ben", "Cem", "Dan"]);
    for (one, other) in [(0, 1), (1, 2), (2, 3), (1, 3)] {
        world.meet(one, other);
    }
    let made = group(&mut world, 0, "Riverside");
    bring_in(&mut world, 0, &made, 1);
    set(&mut world, 0, &made, "Ben", MemberLevel::Admin).expect("an admin");
    world.run(5_000);
    for other in [2, 3] {
        bring_in(&mut world, 1, &made, other);
    }
    world.run(20_000);
    (world, made)
}

fn is_through_others(state: HoldingState) -> bool {
    matches!(
        state,
        HoldingState::Unknown {
            why: None,
            seen_ms: None
        }
    )
}

#[test]
fn a_contact_has_a_message_on_its_device_s_word_and_others_once_they_write_after_it() {
    let (mut world, made) = chain(80);
    let id = write(&mut world, 0, &made, "who has this?");
    world.run(20_000);
    assert_eq!(of(&mut world, &made, &id, "Ben"), HoldingState::Delivered);
    // Cem has it, but Ada has only Ben's word for that, which counts nothing.
    assert_eq!(texts(&world, 2, &made), ["who has this?"]);
    assert!(is_through_others(of(&mut world, &made, &id, "Cem")));
    write(&mut world, 2, &made, "I do");
    world.run(20_000);
    assert_eq!(of(&mut world, &made, &id, "Cem"), HoldingState::Delivered);
    assert!(is_through_others(of(&mut world, &made, &id, "Dan")));
    // Dan answers Cem, and so shows that he holds what Cem answered.
    write(&mut world, 3, &made, "so do I");
    world.run(20_000);
    assert_eq!(of(&mut world, &made, &id, "Dan"), HoldingState::Delivered);
    // What comes later is another matter.
    let later = write(&mut world, 0, &made, "and this?");
    assert!(is_through_others(of(&mut world, &made, &later, "Dan")));
}

#[test]
fn who_tells_what_it_reads_is_shown_to_have_read_and_only_to_those_who_tell_too() {
    let (mut world, made) = chain(81);
    for node in [0, 2] {
        world.ask(node, Call::SetReceipts(true)).expect("a setting");
    }
    let id = write(&mut world, 0, &made, "read this");
    world.run(20_000);
    world
        .ask(2, Call::Read(made.clone(), id.clone()))
        .expect("it is here");
    world.run(20_000);
    assert_eq!(of(&mut world, &made, &id, "Cem"), HoldingState::Read);
    assert_eq!(of(&mut world, &made, &id, "Ben"), HoldingState::Delivered);
    world.ask(0, Call::SetReceipts(false)).expect("a setting");
    assert_eq!(of(&mut world, &made, &id, "Cem"), HoldingState::Delivered);
}

#[test]
fn a_contact_who_is_away_is_shown_with_the_reason_and_when_it_was_near() {
    let (mut world, made) = chain(82);
    world.network.part(0, 1, true);
    world.run(10 * 60_000);
    let id = write(&mut world, 0, &made, "anybody?");
    world.run(60_000);
    match of(&mut world, &made, &id, "Ben") {
        HoldingState::Unknown {
            why: Some(why),
            seen_ms: Some(seen_ms),
        } => {
            assert!(
                matches!(why, Why::NotFound | Why::NoAnswer { .. }),
                "{why:?}"
            );
            let now_ms = hedgerow_node::harness::EPOCH_MS + world.now_ms as i64;
            assert!(now_ms - seen_ms > 9 * 60_000);
        }
        other => panic!("{other:?}"),
    }
    assert!(is_through_others(of(&mut world, &made, &id, "Cem")));
    let theirs = write(&mut world, 1, &made, "hello");
    let refused = world.ask(0, Call::Holders(made.clone(), theirs));
    assert_eq!(refused, Err(Refusal::NoSuchMessage));
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.run(20_000);
    let theirs = page(&world, 0, &made).messages.into_iter();
    let mut theirs = theirs.filter(|one| !one.is_mine()).map(|one| one.id);
    let refused = world.ask(0, Call::Holders(made, theirs.next_back().expect("Ben's")));
    assert_eq!(refused, Err(Refusal::NotYours));
}
