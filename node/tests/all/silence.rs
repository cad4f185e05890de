//! A link that dies without a word, as when a cable is pulled: both ends go on writing and nothing arrives.

use hedgerow_node::api::{Call, Carrier, FileState, Reply, Why};
use hedgerow_node::harness::World;
use hedgerow_transport::carrier::CarrierKind;

/// How soon it is noticed that nothing comes, while a message waits.
const NOTICED_MS: u64 = 10_000;

/// Two contacts with a session over the local network.
fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Ben"]);
    world.add_carrier(CarrierKind::Lan);
    world.meet(0, 1);
    for node in 0..2 {
        let off = Call::SwitchCarrier(Carrier::Memory, false);
        assert_eq!(world.ask(node, off), Ok(Reply::Done));
    }
    world.run(60_000);
    world.connected(0, 1);
    world
}

/// Nothing that is sent arrives any more, or all that has waited.
fn pull(world: &mut World, pulled: bool) {
    let lan = world.further.get_mut(&CarrierKind::Lan);
    let lan = lan.expect("it was added");
    for node in 0..2 {
        lan.read(node, !pulled);
    }
}

#[test]
fn a_cable_that_is_pulled_is_noticed_while_a_message_waits() {
    let mut world = pair(1);
    pull(&mut world, true);
    world.run(3_600_000);
    world.send(0, 1, "are you there?");
    assert_eq!(world.conversation(0, 1).why, Some(Why::OnItsWay));
    world.run(NOTICED_MS);
    assert_eq!(world.contact(0, 1).reachable, None);
    let why = world.conversation(0, 1).why;
    assert!(!matches!(why, None | Some(Why::OnItsWay)), "{why:?}");
    // It is plugged in again.
    pull(&mut world, false);
    world.delivered(0, 1);
    assert_eq!(world.texts(1, 0), ["are you there?"]);
}

#[test]
fn a_cable_that_is_pulled_before_the_acknowledgement_came_is_noticed_as_soon() {
    let mut world = pair(2);
    // Ben has it, and his word of that is lost.
    let lan = world
        .further
        .get_mut(&CarrierKind::Lan)
        .expect("it is there");
    lan.read(0, false);
    world.send(0, 1, "are you there?");
    world.run(NOTICED_MS);
    assert_eq!(world.texts(1, 0), ["are you there?"]);
    assert_eq!(world.contact(0, 1).reachable, None);
}

#[test]
fn a_cable_that_is_pulled_while_a_file_comes_is_noticed_and_the_file_goes_on() {
    let mut world = pair(5);
    let ada = world.id(0);
    world.ask(1, Call::Verify(ada, true)).expect("a contact");
    let lan = world.further.get_mut(&CarrierKind::Lan);
    lan.expect("it was added").conditions.rate = Some(256 << 10);
    let id = world.send_file(0, 1, "film", 4 << 20);
    world.delivered(0, 1);
    world.run(3_000);
    assert!(world.nodes[1].files.held() > 0, "it does not come");
    pull(&mut world, true);
    world.run(NOTICED_MS);
    assert_eq!(world.contact(1, 0).reachable, None);
    pull(&mut world, false);
    world.run(120_000);
    let file = world.message(1, 0, &id).and_then(|message| message.file);
    assert_eq!(file.map(|file| file.state), Some(FileState::Here));
}

#[test]
fn a_contact_who_is_held_up_for_a_while_keeps_the_session() {
    let mut world = pair(3);
    let mut sessions = 0;
    for _ in 0..5 {
        pull(&mut world, true);
        world.send(0, 1, "take your time");
        world.run(6_000);
        pull(&mut world, false);
        world.delivered(0, 1);
        let Ok(Reply::Status(status)) = world.ask(0, Call::Status) else {
            panic!("no status");
        };
        let now = status.traffic.sessions;
        assert!(sessions == 0 || sessions == now, "the session is another");
        sessions = now;
    }
}

#[test]
fn whoever_waits_for_nothing_is_not_woken_for_it() {
    let mut world = pair(4);
    // Everything else that a session begins with is over.
    world.run(20_000);
    let id = world.send_file(0, 1, "picture", 600 << 10);
    world.delivered(0, 1);
    world.run(1_000);
    let file = world.message(1, 0, &id).and_then(|message| message.file);
    assert_eq!(file.map(|file| file.state), Some(FileState::Here));
    for text in ["one", "two", "three"] {
        world.send(0, 1, text);
        world.delivered(0, 1);
    }
    let pumps = |world: &World| [world.nodes[0].pumps, world.nodes[1].pumps];
    world.run(100);
    let before = pumps(&world);
    // Longer than a message waits in silence.
    world.run(9_500);
    assert_eq!(pumps(&world), before);
}
