//! Two people meet by one invitation.

use hedgerow_node::api::{
    Call, Event, InvitationState, JoinProblem, LinkSource, NewInvitation, NewJoin, Private,
    Refusal, Reply,
};
use hedgerow_node::harness::World;

fn problems(world: &World, node: usize) -> Vec<JoinProblem> {
    let events = world.nodes[node].events.iter();
    events
        .filter_map(|event| match event {
            Event::JoinFailed { why, .. } => Some(*why),
            _ => None,
        })
        .collect()
}

fn state(world: &mut World, node: usize) -> Vec<InvitationState> {
    match world.ask(node, Call::Invitations) {
        Ok(Reply::Invitations(invitations)) => invitations.iter().map(|one| one.state).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_meet_by_a_link_and_know_each_others_names() {
    let mut world = World::with(1, &["Ada", "Grace"]);
    world.meet(0, 1);
    let (ada, grace) = (world.contact(1, 0), world.contact(0, 1));
    assert_eq!(
        (ada.name.0.as_str(), grace.name.0.as_str()),
        ("Ada", "Grace")
    );
    assert!(!ada.verified && !grace.verified, "a link proves nobody");
    assert_eq!(state(&mut world, 0), [InvitationState::Used]);
    assert_eq!(state(&mut world, 1), []);
}

/// A link by which a node wants to be met in person.
fn invite_in_person(world: &mut World, node: usize) -> Private {
    let wish = NewInvitation::for_one(600, true);
    match world.ask(node, Call::Invite(wish)) {
        Ok(Reply::Invitation(invitation)) => invitation.link.expect("open"),
        other => panic!("no invitation: {other:?}"),
    }
}

/// A node joins a link that came to it like this.
fn join(world: &mut World, node: usize, link: &Private, source: LinkSource) {
    let link = link.clone();
    world
        .ask(node, Call::Join(NewJoin { link, source }))
        .expect("a good link");
}

#[test]
fn whoever_reads_a_code_by_camera_knows_whose_it_is_and_the_maker_knows_nobody() {
    let mut world = World::with(2, &["Ada", "Grace"]);
    let link = invite_in_person(&mut world, 0);
    join(&mut world, 1, &link, LinkSource::Camera);
    world.run(20_000);
    assert!(world.contact(1, 0).verified);
    assert!(
        !world.contact(0, 1).verified,
        "anybody may have used it before the person it was shown to"
    );
}

#[test]
fn a_link_that_says_in_person_verifies_nobody_unless_a_camera_has_read_it() {
    for source in [LinkSource::Pasted, LinkSource::File] {
        let mut world = World::with(2, &["Ada", "Grace"]);
        let link = invite_in_person(&mut world, 0);
        join(&mut world, 1, &link, source);
        world.run(20_000);
        assert!(!world.contact(1, 0).verified && !world.contact(0, 1).verified);
    }
    // Nor does a camera where the maker was not there.
    let mut world = World::with(2, &["Ada", "Grace"]);
    let link = world.invite(0);
    join(&mut world, 1, &link, LinkSource::Camera);
    world.run(20_000);
    assert!(!world.contact(1, 0).verified && !world.contact(0, 1).verified);
}

#[test]
fn what_a_camera_has_read_is_known_over_a_restart_and_after_the_same_link_was_pasted() {
    let mut world = World::with(9, &["Ada", "Grace"]);
    let link = invite_in_person(&mut world, 0);
    world.network.part(0, 1, true);
    join(&mut world, 1, &link, LinkSource::Pasted);
    join(&mut world, 1, &link, LinkSource::Camera);
    join(&mut world, 1, &link, LinkSource::Pasted);
    world.restart(1);
    world.network.part(0, 1, false);
    world.connected(0, 1);
    assert!(world.contact(1, 0).verified && !world.contact(0, 1).verified);
}

/// Mallory has Ada's link, keeps it, and passes one of her own on to Grace. She is then in between, and both of
/// them take her for the other.
#[test]
fn whoever_swaps_a_link_is_verified_by_nobody_and_shows_by_the_words() {
    let mut world = World::with(10, &["Ada", "Grace", "Grace", "Ada"]);
    let (to_ada, to_grace) = (2, 3);
    let adas = invite_in_person(&mut world, 0);
    let swapped = invite_in_person(&mut world, to_grace);
    join(&mut world, to_ada, &adas, LinkSource::Pasted);
    join(&mut world, 1, &swapped, LinkSource::Pasted);
    world.run(20_000);
    let (of_ada, of_grace) = (world.contacts(0).remove(0), world.contacts(1).remove(0));
    assert_eq!(
        (of_ada.name.0.as_str(), of_grace.name.0.as_str()),
        ("Grace", "Ada")
    );
    assert!(!of_ada.verified && !of_grace.verified);
    let adas = world.safety_words(0, of_ada.id);
    assert_eq!(adas.len(), 12);
    assert_ne!(adas, world.safety_words(1, of_grace.id));
    // With nobody in between they are the same.
    let ada = world.id(0);
    assert_eq!(adas, world.safety_words(to_ada, ada));
}

#[test]
fn whoever_has_compared_the_words_says_so() {
    let mut world = World::with(2, &["Ada", "Grace"]);
    world.meet(0, 1);
    let grace = world.id(1);
    let Ok(Reply::Contact(contact)) = world.ask(0, Call::Verify(grace, true)) else {
        panic!("not verified")
    };
    assert!(contact.verified);
}

#[test]
fn an_invitation_serves_one_person() {
    let mut world = World::with(3, &["Ada", "Grace", "Eve"]);
    let link = world.invite(0);
    world
        .ask(1, Call::Join(link.clone().into()))
        .expect("a good link");
    world.run(20_000);
    assert_eq!(world.contacts(1).len(), 1);
    world
        .ask(2, Call::Join(link.into()))
        .expect("the link looks good");
    world.run(20_000);
    assert_eq!(world.contacts(2).len(), 0);
    assert_eq!(problems(&world, 2), [JoinProblem::Used]);
    assert_eq!(world.contacts(0).len(), 1);
}

#[test]
fn a_cancelled_and_an_expired_invitation_say_so_for_a_day_and_then_nothing() {
    let mut world = World::with(4, &["Ada", "Grace"]);
    let link = world.invite(0);
    let Ok(Reply::Invitations(invitations)) = world.ask(0, Call::Invitations) else {
        panic!("no list")
    };
    world
        .ask(0, Call::CancelInvitation(invitations[0].id.clone()))
        .expect("it is open");
    world
        .ask(1, Call::Join(link.clone().into()))
        .expect("the link looks good");
    world.run(20_000);
    assert_eq!(problems(&world, 1), [JoinProblem::Cancelled]);

    let late = world.invite(0);
    world.run(3_700_000);
    world
        .ask(1, Call::Join(late.into()))
        .expect("the link looks good");
    world.run(20_000);
    assert_eq!(
        problems(&world, 1),
        [JoinProblem::Cancelled, JoinProblem::Expired]
    );

    world.run(25 * 3_600_000);
    assert_eq!(state(&mut world, 0), []);
    world
        .ask(1, Call::Join(link.into()))
        .expect("the link looks good");
    world.run(120_000);
    assert_eq!(
        problems(&world, 1),
        [
            JoinProblem::Cancelled,
            JoinProblem::Expired,
            JoinProblem::NoAnswer
        ],
        "told once, and tried on"
    );
    assert_eq!(state(&mut world, 1), [InvitationState::Joining]);
    assert!(world.contacts(0).is_empty() && world.contacts(1).is_empty());
}

#[test]
fn links_that_cannot_be_joined_are_refused_at_once() {
    let mut world = World::with(5, &["Ada", "Grace"]);
    let own = world.invite(0);
    assert_eq!(
        world.ask(0, Call::Join(own.clone().into())),
        Err(Refusal::OwnLink)
    );
    let damaged = Private(own.0.replace('A', "B"));
    assert_eq!(
        world.ask(1, Call::Join(damaged.into())),
        Err(Refusal::BadLink)
    );
    assert_eq!(
        world.ask(
            1,
            Call::Join(Private("https://example.org".to_owned()).into())
        ),
        Err(Refusal::BadLink)
    );
    world.meet(0, 1);
    let again = world.invite(0);
    assert_eq!(
        world.ask(1, Call::Join(again.clone().into())),
        Err(Refusal::AlreadyContact)
    );
    let id = world.id(0);
    world.ask(1, Call::Block(id, true)).expect("a contact");
    assert_eq!(
        world.ask(1, Call::Join(again.into())),
        Err(Refusal::Blocked)
    );
}

/// Beyond what a meeting says.
const LONGEST_MEETING: usize = 4_000;

#[test]
fn a_join_survives_restarts_of_both_sides_and_a_link_cut_at_any_byte() {
    cut_meetings((0..LONGEST_MEETING).step_by(61));
}

/// `cargo test -p hedgerow-node --test all meeting:: -- --ignored` takes some minutes.
#[test]
#[ignore = "long: every byte instead of a sample"]
fn a_join_survives_restarts_of_both_sides_and_a_link_cut_at_every_byte() {
    cut_meetings(0..LONGEST_MEETING);
}

fn cut_meetings(cuts: impl Iterator<Item = usize>) {
    for cut in cuts {
        let mut world = World::with(600 + cut as u64, &["Ada", "Grace"]);
        let link = world.invite(0);
        world.network.cut_next_after(cut);
        world.ask(1, Call::Join(link.into())).expect("a good link");
        world.run(50);
        world.restart(cut % 2);
        let met = world.until(600_000, |world| {
            let joined = |event: &Event| matches!(event, Event::Joined { .. });
            world.nodes[1].events.iter().any(joined)
        });
        assert!(
            met || !world.contacts(1).is_empty(),
            "cut after {cut} bytes"
        );
        world.connected(0, 1);
        assert_eq!(
            (world.contacts(0).len(), world.contacts(1).len()),
            (1, 1),
            "cut after {cut} bytes"
        );
    }
}

#[test]
fn two_who_join_each_others_invitations_at_once_become_one_contact_each() {
    let mut world = World::with(7, &["Ada", "Grace"]);
    let (one, other) = (world.invite(0), world.invite(1));
    world.nodes[0].call(Call::Join(other.into()));
    world.nodes[1].call(Call::Join(one.into()));
    world.run(60_000);
    world.connected(0, 1);
    assert_eq!((world.contacts(0).len(), world.contacts(1).len()), (1, 1));
    world.send(0, 1, "once");
    world.delivered(0, 1);
    assert_eq!(world.texts(1, 0), ["once"]);
}

#[test]
fn whoever_still_has_the_joiner_as_a_contact_says_so() {
    let mut world = World::with(8, &["Ada", "Grace"]);
    world.meet(0, 1);
    world.network.part(0, 1, true);
    let ada = world.id(0);
    world.ask(1, Call::Remove(ada)).expect("a contact");
    world.network.part(0, 1, false);
    let link = world.invite(0);
    world
        .ask(1, Call::Join(link.into()))
        .expect("no longer a contact here");
    world.run(20_000);
    assert_eq!(problems(&world, 1), [JoinProblem::AlreadyContact]);
    let grace = world.id(1);
    world.ask(0, Call::Remove(grace)).expect("a contact");
    world.nodes[1].events.clear();
    world.meet(0, 1);
}
