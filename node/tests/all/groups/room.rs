//! An invitation for everybody in a room (`docs/PROTOCOL.md` section 10).

use hedgerow_node::api::{
    Event, Invitation, InvitationState, JoinProblem, LinkSource, NewInvitation, NewJoin,
};

use super::*;

/// The most people who may use one.
const LIMIT: usize = 64;

/// An invitation for a room, into a group of the first node.
fn open_room(world: &mut World, group: &ConversationId) -> Result<Invitation, Refusal> {
    let wish = NewInvitation {
        valid_for_s: 3 * 24 * 3_600,
        in_person: true,
        group: Some(group.clone()),
    };
    match world.ask(0, Call::Invite(wish))? {
        Reply::Invitation(invitation) => Ok(invitation),
        other => panic!("no invitation: {other:?}"),
    }
}

/// What the first node tells of its newest invitation, and how many have used it.
fn told(world: &mut World) -> (InvitationState, usize) {
    let Ok(Reply::Invitations(mut all)) = world.ask(0, Call::Invitations) else {
        panic!("no invitations");
    };
    all.sort_by_key(|one| one.made_ms);
    let room = all.pop().expect("there is one");
    (room.state, room.room.map_or(0, |room| room.joined.len()))
}

fn scan(world: &mut World, node: usize, room: &Invitation) -> Result<Reply, Refusal> {
    let join = NewJoin {
        link: room.link.clone().expect("it is open"),
        source: LinkSource::Camera,
    };
    world.ask(node, Call::Join(join))
}

/// Whether a node has been invited by the first one, whom it has met.
fn is_invited(world: &mut World, node: usize) -> bool {
    !world.contacts(node).is_empty() && invitation(world, node, 0).is_some()
}

fn problems(world: &World, node: usize) -> Vec<JoinProblem> {
    let events = world.nodes[node].events.iter();
    let failed = events.filter_map(|event| match event {
        Event::JoinFailed { why, .. } => Some(*why),
        _ => None,
    });
    failed.filter(|why| *why != JoinProblem::NoAnswer).collect()
}

#[test]
fn everybody_in_a_room_becomes_a_contact_and_is_invited_into_the_group() {
    let mut world = World::with(80, &["Ada", "Ben", "Cem", "Dai"]);
    let made = group(&mut world, 0, "Riverside");
    let room = open_room(&mut world, &made).expect("an admin");
    for node in 1..4 {
        scan(&mut world, node, &room).expect("a good link");
    }
    for node in 1..4 {
        wait(&mut world, |world| is_invited(world, node));
        let told = invitation(&mut world, node, 0).and_then(|one| one.invitation);
        assert_eq!(told.map(|one| one.name.0).as_deref(), Some("Riverside"));
        join(&mut world, node, 0).expect("a good invitation");
    }
    wait(&mut world, |world| names(world, 3, &made).len() == 4);
    assert_eq!(told(&mut world), (InvitationState::Open, 3));
    // They met nobody but her.
    assert_eq!(world.contacts(1).len(), 1);
}

#[test]
fn what_hangs_on_a_wall_verifies_nobody() {
    let mut world = World::with(81, &["Ada", "Ben"]);
    let made = group(&mut world, 0, "Riverside");
    let room = open_room(&mut world, &made).expect("an admin");
    assert!(!room.in_person);
    scan(&mut world, 1, &room).expect("a good link");
    wait(&mut world, |world| is_invited(world, 1));
    assert!(!world.contact(1, 0).verified && !world.contact(0, 1).verified);
}

#[test]
fn a_room_closes_when_all_its_places_are_taken() {
    let mut world = World::with(82, &["Ada"]);
    let made = group(&mut world, 0, "Riverside");
    let room = open_room(&mut world, &made).expect("an admin");
    for number in 0..LIMIT {
        let node = world.add(&format!("guest {number}"));
        scan(&mut world, node, &room).expect("a good link");
        wait(&mut world, |world| !world.contacts(node).is_empty());
    }
    assert_eq!(told(&mut world), (InvitationState::Used, LIMIT));
    let late = world.add("late");
    scan(&mut world, late, &room).expect("a good link");
    wait(&mut world, |world| !problems(world, late).is_empty());
    assert_eq!(problems(&world, late), [JoinProblem::Used]);
    assert!(world.contacts(late).is_empty());
    assert_eq!(world.contacts(0).len(), LIMIT);
}

#[test]
fn a_contact_who_scans_it_keeps_its_keys_and_takes_no_place() {
    let mut world = around_the_first(83, &["Ada", "Ben"]);
    let made = group(&mut world, 0, "Riverside");
    let room = open_room(&mut world, &made).expect("an admin");
    assert_eq!(scan(&mut world, 1, &room), Err(Refusal::AlreadyContact));
    // By another program, which has forgotten her.
    let ada = world.id(0);
    world.network.part(0, 1, true);
    world.ask(1, Call::Remove(ada)).expect("a contact");
    world.network.part(0, 1, false);
    scan(&mut world, 1, &room).expect("a good link");
    wait(&mut world, |world| !problems(world, 1).is_empty());
    assert_eq!(problems(&world, 1), [JoinProblem::AlreadyContact]);
    assert_eq!(told(&mut world), (InvitationState::Open, 0));
}

#[test]
fn a_room_closes_when_its_maker_may_invite_no_more() {
    let mut world = around_the_first(84, &["Ada", "Ben"]);
    let stranger = world.add("Cem");
    let made = group(&mut world, 0, "Riverside");
    bring_in(&mut world, 0, &made, 1);
    let room = open_room(&mut world, &made).expect("an admin");
    world
        .ask(0, Call::LeaveGroup(made.clone()))
        .expect("anybody may");
    scan(&mut world, stranger, &room).expect("a good link");
    wait(&mut world, |world| !problems(world, stranger).is_empty());
    assert_eq!(problems(&world, stranger), [JoinProblem::Cancelled]);
    assert!(world.contacts(stranger).is_empty());
    assert_eq!(told(&mut world).0, InvitationState::Cancelled);
    // Whoever asks again and again does not keep it.
    for _ in 0..3 {
        world.run(10 * 3_600_000);
        let late = world.add("late");
        scan(&mut world, late, &room).ok();
    }
    world.run(60_000);
    assert_eq!(
        world.ask(0, Call::Invitations),
        Ok(Reply::Invitations(Vec::new()))
    );
    assert_eq!(open_room(&mut world, &made), Err(Refusal::NotAMember));
}

#[test]
fn only_an_admin_opens_a_room() {
    let mut world = around_the_first(85, &["Ben", "Ada"]);
    let made = group(&mut world, 1, "Riverside");
    world.run(1_000);
    bring_in(&mut world, 1, &made, 0);
    assert_eq!(open_room(&mut world, &made), Err(Refusal::NotAnAdmin));
    let chat = world.chat(0, 1);
    assert_eq!(open_room(&mut world, &chat), Err(Refusal::NotAGroup));
}

#[test]
fn who_is_cut_off_while_coming_in_comes_again_and_is_invited() {
    let mut world = World::with(86, &["Ada", "Ben", "Cem"]);
    let made = group(&mut world, 0, "Riverside");
    let room = open_room(&mut world, &made).expect("an admin");
    scan(&mut world, 1, &room).expect("a good link");
    // Ada has committed, and her answer does not arrive.
    assert!(world.until(60_000, |world| {
        world.nodes[0]
            .events
            .iter()
            .any(|event| matches!(event, Event::Met { .. }))
    }));
    world.network.part(0, 1, true);
    world.run(10_000);
    assert!(world.contacts(1).is_empty(), "he has the answer");
    world.restart(0);
    scan(&mut world, 2, &room).expect("a good link");
    wait(&mut world, |world| is_invited(world, 2));
    // It is over for all who had not come in.
    world
        .ask(0, Call::CancelInvitation(room.id.clone()))
        .expect("it is open");
    world.network.part(0, 1, false);
    wait(&mut world, |world| is_invited(world, 1));
    assert_eq!(told(&mut world), (InvitationState::Cancelled, 2));
    for node in 1..3 {
        join(&mut world, node, 0).expect("a good invitation");
    }
    wait(&mut world, |world| names(world, 1, &made).len() == 3);
}

#[test]
fn a_blocked_contact_comes_into_no_room() {
    let mut world = around_the_first(87, &["Ada", "Ben"]);
    let made = group(&mut world, 0, "Riverside");
    let ben = world.id(1);
    world.ask(0, Call::Block(ben, true)).expect("a contact");
    let room = open_room(&mut world, &made).expect("an admin");
    let ada = world.id(0);
    world.ask(1, Call::Remove(ada)).expect("a contact");
    scan(&mut world, 1, &room).expect("a good link");
    wait(&mut world, |world| !problems(world, 1).is_empty());
    assert_eq!(problems(&world, 1), [JoinProblem::Refused]);
    assert_eq!(told(&mut world), (InvitationState::Open, 0));
}
