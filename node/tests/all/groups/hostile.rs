//! Attacks on groups.

use hedgerow_node::api::{MemberLevel, Refusal};

use super::*;

#[test]
fn a_contact_who_is_no_member_gets_nothing_of_a_group() {
    let mut world = around_the_first(30, &["Ada", "Ben", "Cem"]);
    let made = group(&mut world, 0, "Riverside");
    bring_in(&mut world, 0, &made, 1);
    // Cem was invited, so it knows the secret, and never accepts.
    invite(&mut world, 0, &made, 2);
    write(&mut world, 0, &made, "among us");
    world.run(30_000);
    let gone = world.ask(2, Call::Conversation(made.clone()));
    assert_eq!(gone, Err(Refusal::NoSuchConversation));
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben"]);
}

#[test]
fn an_invitation_brings_in_one_key_once() {
    let mut world = around_the_first(31, &["Ada", "Ben"]);
    let made = group_of_all(&mut world, "Riverside");
    set(&mut world, 0, &made, "Ben", MemberLevel::None).expect("it is an admin");
    world.run(10_000);
    // Ben accepts the old invitation once more.
    join(&mut world, 1, 0).expect("his own node says it");
    world.run(30_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada"]);
}
