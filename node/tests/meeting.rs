//! Two people meet by one invitation.

use hedgerow_node::api::{Call, Contact, ContactId, Event, NewInvitation, Private, Reply};
use hedgerow_node::harness::World;

fn invite(world: &mut World, node: usize) -> Private {
    let wish = NewInvitation {
        valid_for_s: 3_600,
        in_person: false,
    };
    match world.ask(node, Call::Invite(wish)) {
        Ok(Reply::Invitation(invitation)) => invitation.link.expect("an open one shows its link"),
        other => panic!("{other:?}"),
    }
}

fn contacts(world: &mut World, node: usize) -> Vec<Contact> {
    match world.ask(node, Call::Contacts) {
        Ok(Reply::Contacts(contacts)) => contacts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_meet_by_an_invitation_and_exchange_a_text() {
    let mut world = World::with(1, &["Ada", "Grace"]);
    world.run(100);
    let link = invite(&mut world, 0);
    assert!(matches!(
        world.ask(1, Call::Join(link)),
        Ok(Reply::Joining(_))
    ));
    assert!(world.until(10_000, |world| {
        world.nodes[1]
            .events
            .iter()
            .any(|event| matches!(event, Event::Joined { .. }))
    }));
    assert!(world.until(20_000, |world| {
        world.nodes[0]
            .events
            .iter()
            .any(|event| matches!(event, Event::Met { .. }))
    }));
    world.run(10_000);
    let ada = contacts(&mut world, 1);
    let grace = contacts(&mut world, 0);
    assert_eq!((ada.len(), grace.len()), (1, 1));
    assert_eq!(ada[0].name, Private("Ada".to_owned()));
    assert!(ada[0].reachable.is_some() && grace[0].reachable.is_some());
    let to: ContactId = grace[0].id.clone();
    assert!(matches!(
        world.ask(0, Call::Send(to, Private("hello".to_owned()))),
        Ok(Reply::Sent(_))
    ));
    assert!(world.until(1_000, |world| {
        world.nodes[1]
            .events
            .iter()
            .any(|event| matches!(event, Event::Message { mine: false, .. }))
    }));
    assert!(world.until(1_000, |world| {
        world.nodes[0]
            .events
            .iter()
            .any(|event| matches!(event, Event::Delivered { queued: 0, .. }))
    }));
}
