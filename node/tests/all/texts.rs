//! Texts between two contacts: both ways, in order, delivered, read, carried by hand.

use hedgerow_node::api::{
    Call, ConversationId, Event, Imported, Message, NewMessage, PageFrom, Private, Refusal, Why,
};
use hedgerow_node::harness::World;

fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    world
}

#[test]
fn texts_go_both_ways_and_get_their_tick() {
    let mut world = pair(1);
    world.send(0, 1, "hello");
    world.delivered(0, 1);
    world.send(1, 0, "dear Ada, \u{1F33F}");
    world.send(1, 0, "how are you?");
    world.delivered(0, 1);
    let texts = ["hello", "dear Ada, \u{1F33F}", "how are you?"];
    assert_eq!(world.texts(0, 1), texts);
    assert_eq!(world.texts(1, 0), texts);
    let mine: Vec<Message> = world.messages(0, 1);
    assert!(mine[0].is_mine() && mine[0].is_delivered() && !mine[1].is_mine());
    let told = |event: &&Event| matches!(event, Event::Delivered { queued: 0, .. });
    assert_eq!(world.nodes[0].events.iter().filter(told).count(), 1);
}

#[test]
fn texts_to_somebody_out_of_reach_wait_and_say_why() {
    let mut world = pair(2);
    world.network.part(0, 1, true);
    for number in 0..40 {
        world.send(0, 1, &format!("message {number}"));
    }
    world.run(120_000);
    let chat = world.conversation(0, 1);
    assert_eq!(chat.queued, 40);
    assert!(
        matches!(chat.why, Some(Why::NotFound | Why::Connecting)),
        "{:?}",
        chat.why
    );
    world.network.part(0, 1, false);
    world.delivered(0, 1);
    assert_eq!(world.texts(1, 0).len(), 40);
    let many = |event: &Event| matches!(event, Event::Messages { count: 40, .. });
    assert!(world.nodes[1].events.iter().any(many));
}

#[test]
fn texts_that_cannot_be_sent_are_refused() {
    let mut world = pair(3);
    let grace = world.chat(0, 1);
    let long = "x".repeat(65_537);
    let refused = world.ask(0, Call::Send(grace.clone(), NewMessage::text(long)));
    assert_eq!(
        refused,
        Err(Refusal::TooLong {
            limit_bytes: 65_536,
            actual_bytes: 65_537
        })
    );
    for empty in ["", " ", "\n\t\u{3000}"] {
        let refused = world.ask(0, Call::Send(grace.clone(), NewMessage::text(empty)));
        assert_eq!(refused, Err(Refusal::Empty), "{empty:?}");
    }
    world.send(0, 1, &"\u{1F33F}".repeat(16_384));
    world.delivered(0, 1);
    let elsewhere = world.id(1).0;
    let elsewhere = ConversationId(elsewhere);
    assert_eq!(
        world.ask(0, Call::Send(elsewhere, NewMessage::text("you"))),
        Err(Refusal::NoSuchConversation)
    );
}

#[test]
fn unread_messages_are_counted_and_late_ones_above_the_read_position_too() {
    let mut world = pair(4);
    world.send(1, 0, "first");
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    world.send(1, 0, "written while apart");
    for number in 0..3 {
        world.send(0, 1, &format!("mine {number}"));
    }
    let last = world.messages(0, 1).pop().expect("four messages").id;
    let grace = world.chat(0, 1);
    world
        .ask(0, Call::Read(grace.clone(), last))
        .expect("it is there");
    assert_eq!(world.conversation(0, 1).unread, 0);
    world.network.part(0, 1, false);
    world.delivered(0, 1);
    let page = world.page(0, 1, &PageFrom::FirstUnread);
    assert_eq!((page.unread, page.unread_above), (0, 1));
    let late = &page.messages[0];
    assert_eq!(late.text, Some(Private("written while apart".to_owned())));
    world
        .ask(0, Call::Read(grace, late.id.clone()))
        .expect("it is there");
    assert_eq!(world.page(0, 1, &PageFrom::Newest).unread_above, 0);
    world.send(1, 0, "new");
    world.delivered(0, 1);
    assert_eq!(world.conversation(0, 1).unread, 1);
    assert_eq!(world.page(0, 1, &PageFrom::FirstUnread).messages.len(), 1);
}

#[test]
fn one_live_message_costs_each_side_one_commit_until_it_can_be_read() {
    let mut world = pair(5);
    world.run(60_000);
    let before: Vec<u64> = world
        .nodes
        .iter()
        .map(|node| node.storage.commits)
        .collect();
    let grace = world.chat(0, 1);
    world.nodes[0].call(Call::Send(grace, NewMessage::text("hello")));
    assert!(world.until(1_000, |world| {
        world.nodes[1].events.iter().any(|event| {
            matches!(
                event,
                Event::Message {
                    author: Some(_),
                    ..
                }
            )
        })
    }));
    let cost: Vec<u64> = world
        .nodes
        .iter()
        .zip(before)
        .map(|(node, before)| node.storage.commits - before)
        .collect();
    assert_eq!(cost, [1, 1]);
}

#[test]
fn an_idle_session_wakes_its_nodes_only_for_beacons_and_writes_nothing() {
    let mut world = pair(6);
    world.run(60_000);
    let before: Vec<_> = world
        .nodes
        .iter()
        .map(|node| (node.pumps, node.storage.commits))
        .collect();
    world.run(3_600_000);
    for (node, (pumps, commits)) in world.nodes.iter().zip(before) {
        assert!(
            node.pumps - pumps <= 20,
            "{} calls in an hour",
            node.pumps - pumps
        );
        assert_eq!(node.storage.commits, commits);
    }
}

#[test]
fn a_parcel_carried_by_hand_brings_texts_and_its_return_takes_them_off_the_queue() {
    let mut world = pair(7);
    world.network.part(0, 1, true);
    for number in 0..100 {
        world.send(0, 1, &format!("by hand {number}"));
    }
    let (ada, grace) = (world.id(0), world.id(1));
    let parcel = world.carry_out(0, &grace).unwrap();
    let imported = world.carry_in(1, &parcel).unwrap();
    assert_eq!((imported.messages, imported.acknowledged), (100, 0));
    assert_eq!(world.texts(1, 0).len(), 100);
    let refused = |imported: Result<Imported, Refusal>| imported.expect_err("it is refused");
    assert_eq!(refused(world.carry_in(1, &parcel)), Refusal::ParcelKnown);
    assert_eq!(refused(world.carry_in(0, &parcel)), Refusal::ParcelNotForUs);
    let cut = parcel[0][..parcel[0].len() - 1].to_vec();
    assert_eq!(refused(world.carry_in(1, &[cut])), Refusal::BadParcel);
    let other = b"something else".to_vec();
    assert_eq!(refused(world.carry_in(1, &[other])), Refusal::BadParcel);
    assert_eq!(world.conversation(0, 1).queued, 100);
    world.send(1, 0, "thank you");
    let back = world.carry_out(1, &ada).unwrap();
    let imported = world.carry_in(0, &back).unwrap();
    assert_eq!((imported.messages, imported.acknowledged), (1, 100));
    assert_eq!(world.conversation(0, 1).queued, 0);
    let empty = world.carry_out(0, &grace).unwrap().concat();
    assert!(
        empty.len() < 4_096,
        "nothing is sent twice: {} bytes",
        empty.len()
    );
}

#[test]
fn a_bundle_that_is_cut_leaves_nothing_and_comes_in_whole_later() {
    let mut world = World::with(21, &["Ada", "Grace"]);
    world.meet(0, 1);
    world.run(60_000);
    world.network.part(0, 1, true);
    world.run(5_000);
    let grace = world.id(1);
    world.send(0, 1, "one");
    let parcel = world.carry_out(0, &grace).unwrap();
    for cut in [1, 200, parcel[0].len() - 3] {
        let cut = parcel[0][..parcel[0].len() - cut].to_vec();
        assert_eq!(world.carry_in(1, &[cut]), Err(Refusal::BadParcel));
        assert_eq!(world.texts(1, 0), Vec::<String>::new());
    }
    world.carry_in(1, &parcel).expect("it is whole");
    assert_eq!(world.texts(1, 0), ["one"]);
}

#[test]
fn more_than_one_bundle_takes_goes_in_several_of_which_none_holds_another_s_messages() {
    let mut world = pair(8);
    world.network.part(0, 1, true);
    let long = "long ".repeat(12_000);
    for number in 0..150 {
        world.send(0, 1, &format!("{number} {long}"));
    }
    let grace = world.id(1);
    let parcel = world.carry_out(0, &grace).unwrap();
    assert!(parcel.len() > 1, "{} bundles", parcel.len());
    for bundle in &parcel {
        assert!(bundle.len() <= hedgerow_node::parcel::MAX_CARRIED_BUNDLE);
    }
    let messages = parcel.iter().map(|bundle| {
        let taken = world.take_bundle(1, bundle).expect("it is for her");
        taken.imported.messages
    });
    let messages: Vec<u64> = messages.collect();
    assert!(
        messages.iter().all(|messages| *messages > 0),
        "{messages:?}"
    );
    assert_eq!(messages.iter().sum::<u64>(), 150);
    assert_eq!(world.texts(1, 0).len(), 150);
}
