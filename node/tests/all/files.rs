//! Files of messages: what comes, what does not, and what a hostile contact cannot do with them.

use hedgerow_node::api::{
    Call, Carrier, FileState, MessageFile, MessageId, NewMessage, Offered, Private, Refusal, Reply,
    Traffic, UploadId,
};
use hedgerow_node::harness::{RELAY, World};
use hedgerow_transport::carrier::CarrierKind;

const MINUTE_MS: u64 = 60_000;
const CHUNK: u64 = 262_144;
const MIB: u64 = 1 << 20;

fn pair(seed: u64) -> World {
    over(CarrierKind::Memory, seed)
}

/// Bytes a second of a slow network.
const RATE: u64 = 512 << 10;

/// Two who are verified, on a slow network.
fn slow(seed: u64) -> World {
    let mut world = pair(seed);
    verify(&mut world, 1);
    world.network.conditions.rate = Some(RATE);
    world
}

fn over(carrier: CarrierKind, seed: u64) -> World {
    let mut world = World::over(carrier, seed);
    world.add("Ada");
    world.add("Grace");
    world.meet(0, 1);
    world
}

fn state(world: &mut World, node: usize, id: &MessageId) -> FileState {
    match file_of(world, node, id) {
        Some(file) => file.state,
        None => FileState::Missing,
    }
}

fn file_of(world: &mut World, node: usize, id: &MessageId) -> Option<MessageFile> {
    world.message(node, 1 - node, id)?.file
}

fn verify(world: &mut World, node: usize) {
    let contact = world.id(1 - node);
    world
        .ask(node, Call::Verify(contact, true))
        .expect("they are contacts");
}

fn want(world: &mut World, node: usize, id: &MessageId, wanted: bool) -> Result<Reply, Refusal> {
    let chat = world.chat(node, 1 - node);
    world.ask(node, Call::WantFile(chat, id.clone(), wanted))
}

/// Waits until a file is here, and checks that both have the same bytes.
fn arrives(world: &mut World, node: usize, id: &MessageId) {
    let here = |world: &mut World| state(world, node, id) == FileState::Here;
    assert!(
        until(world, here),
        "the file does not come: {:?}",
        state(world, node, id)
    );
    assert!(sealed(world, 0) == sealed(world, 1), "not the same bytes");
}

fn until(world: &mut World, mut done: impl FnMut(&mut World) -> bool) -> bool {
    for _ in 0..1_200 {
        if done(world) {
            return true;
        }
        world.run(100);
    }
    false
}

/// All sealed files of a node, whatever they are called.
fn sealed(world: &World, node: usize) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = world.nodes[node].files.all().map(<[u8]>::to_vec).collect();
    files.sort();
    files
}

#[test]
fn a_file_comes_whole_and_its_sender_learns_of_it() {
    let mut world = pair(1);
    for size in [0, 1, CHUNK - 16, CHUNK - 15, 3 * CHUNK + 7] {
        let id = world.send_file(0, 1, "notes.txt", size);
        arrives(&mut world, 1, &id);
        let file = file_of(&mut world, 1, &id).expect("a file");
        assert_eq!((file.name.0.as_str(), file.size), ("notes.txt", size));
        let told = |world: &mut World| {
            let file = file_of(world, 0, &id).expect("a file");
            file.is_delivered()
        };
        assert!(until(&mut world, told), "nobody tells the sender");
    }
}

#[test]
fn what_loads_by_itself_depends_on_size_and_verification() {
    let mut world = over(CarrierKind::Lan, 2);
    let small = world.send_file(0, 1, "small", MIB);
    let large = world.send_file(0, 1, "large", MIB + 1);
    arrives_alone(&mut world, &small);
    let why = Offered::Unverified;
    assert_eq!(state(&mut world, 1, &large), FileState::Offered { why });
    verify(&mut world, 1);
    arrives(&mut world, 1, &large);
}

fn arrives_alone(world: &mut World, id: &MessageId) {
    assert!(until(world, |world| state(world, 1, id) == FileState::Here));
    world.run(MINUTE_MS);
}

#[test]
fn over_bluetooth_only_small_files_load_by_themselves_and_others_when_asked() {
    let mut world = over(CarrierKind::Ble, 3);
    verify(&mut world, 1);
    let small = world.send_file(0, 1, "small", 256 << 10);
    let large = world.send_file(0, 1, "large", (256 << 10) + 1);
    arrives_alone(&mut world, &small);
    assert_eq!(
        state(&mut world, 1, &large),
        FileState::Loading { bytes: 0 }
    );
    assert_eq!(want(&mut world, 1, &large, true), Ok(Reply::Done));
    arrives(&mut world, 1, &large);
}

#[test]
fn a_cut_costs_at_most_the_chunks_that_were_on_their_way() {
    let mut world = slow(4);
    let before = [traffic(&mut world, 0), traffic(&mut world, 1)];
    let id = world.send_file(0, 1, "film", 12 * (CHUNK - 16));
    let begun = |world: &mut World| world.nodes[1].files.held() >= 4 * CHUNK;
    assert!(until(&mut world, begun), "it does not begin");
    world.network.part(0, 1, true);
    world.run(MINUTE_MS);
    assert!((4 * CHUNK..12 * CHUNK).contains(&world.nodes[1].files.held()));
    world.network.part(0, 1, false);
    arrives(&mut world, 1, &id);
    // Of what has arrived, only a part of a chunk comes again; half a megabyte of media may wait in the link that is cut.
    let least = 12 * CHUNK;
    let arrived = traffic(&mut world, 1).received_bytes - before[1].received_bytes;
    assert!(
        (least..least + CHUNK + TALK).contains(&arrived),
        "{arrived} bytes have arrived"
    );
    let sent = traffic(&mut world, 0).sent_bytes - before[0].sent_bytes;
    assert!(
        sent < least + CHUNK + MEDIA_WINDOW + TALK,
        "{sent} bytes were sent"
    );
}

/// What sessions and messages take beside a file.
const TALK: u64 = 32 << 10;

/// The most bytes of media that a fast link has and has not written.
const MEDIA_WINDOW: u64 = 512 << 10;

fn traffic(world: &mut World, node: usize) -> Traffic {
    match world.ask(node, Call::Status) {
        Ok(Reply::Status(status)) => status.traffic,
        other => panic!("no status: {other:?}"),
    }
}

#[test]
fn a_file_that_is_asked_for_while_it_comes_does_not_begin_anew() {
    let mut world = slow(14);
    world.network.conditions.rate = Some(64 << 10);
    let before = traffic(&mut world, 0).sent_bytes;
    let id = world.send_file(0, 1, "film", 3 * (CHUNK - 16));
    // The first chunk takes four seconds.
    for _ in 0..8 {
        world.run(1_000);
        assert_eq!(want(&mut world, 1, &id, true), Ok(Reply::Done));
    }
    arrives(&mut world, 1, &id);
    let sent = traffic(&mut world, 0).sent_bytes - before;
    assert!(sent < 3 * CHUNK + TALK, "{sent} bytes were sent");
}

#[test]
fn a_running_file_moves_to_the_local_network_and_back() {
    for (seed, slow) in [(15, CarrierKind::Ble), (16, CarrierKind::Relay)] {
        let mut world = over(CarrierKind::Lan, seed);
        verify(&mut world, 1);
        world.network.conditions.rate = Some(RATE);
        world.add_carrier(slow);
        let carrier = match slow {
            CarrierKind::Ble => Carrier::Ble,
            _ => Carrier::Relay,
        };
        for node in 0..2 {
            if carrier == Carrier::Relay {
                let relay = Call::AddRelay(Private(RELAY.to_owned()));
                assert_eq!(world.ask(node, relay), Ok(Reply::Done));
            }
        }
        let further = world.further.get_mut(&slow).expect("it was added");
        further.conditions.rate = Some(64 << 10);
        world.run(10_000);
        on_lan(&mut world, false, carrier);
        let before = traffic(&mut world, 1).received_bytes;
        let id = world.send_file(0, 1, "film", 8 * (CHUNK - 16));
        world.delivered(0, 1);
        assert_eq!(want(&mut world, 1, &id, true), Ok(Reply::Done));
        let has = |world: &World, chunks| world.nodes[1].files.held() >= chunks * CHUNK;
        assert!(
            until(&mut world, |world| has(world, 2)),
            "it does not begin"
        );
        on_lan(&mut world, true, Carrier::Lan);
        assert!(until(&mut world, |world| has(world, 4)), "it does not move");
        on_lan(&mut world, false, carrier);
        assert!(!has(&world, 8), "it was not under way any more");
        arrives(&mut world, 1, &id);
        // Each move costs at most a chunk that had begun to arrive.
        let arrived = traffic(&mut world, 1).received_bytes - before;
        assert!(
            arrived < (8 + 2) * CHUNK + TALK,
            "{arrived} bytes have arrived"
        );
    }
}

/// Brings the local network up or takes it down, and waits until the session is over another carrier.
fn on_lan(world: &mut World, on: bool, expected: Carrier) {
    let switch = Call::SwitchCarrier(Carrier::Lan, on);
    assert_eq!(world.ask(0, switch), Ok(Reply::Done));
    let moved = |world: &mut World| {
        [0, 1].map(|node| world.contact(node, 1 - node).reachable) == [Some(expected); 2]
    };
    assert!(until(world, moved), "not over {expected:?}");
}

#[test]
fn what_was_durable_before_a_crash_is_not_sent_again() {
    let mut world = slow(5);
    let id = world.send_file(0, 1, "film", 16 * (CHUNK - 16));
    let begun = |world: &mut World| world.nodes[1].files.held() >= 12 * CHUNK;
    assert!(until(&mut world, begun), "it does not begin");
    world.restart(1);
    // A slow file is made durable every two seconds.
    let durable = world.nodes[1].files.held();
    assert!(durable >= 12 * CHUNK - 2 * RATE - CHUNK, "{durable}");
    arrives(&mut world, 1, &id);
}

#[test]
fn a_declined_file_is_removed_and_can_be_asked_for_still() {
    let mut world = slow(6);
    let id = world.send_file(0, 1, "film", 2 * MIB);
    assert!(until(&mut world, |world| world.nodes[1].files.held() > 0));
    assert_eq!(want(&mut world, 1, &id, false), Ok(Reply::Done));
    world.run(MINUTE_MS);
    assert_eq!(state(&mut world, 1, &id), FileState::Declined);
    assert_eq!(world.nodes[1].files.count(), 0);
    let file = file_of(&mut world, 0, &id).expect("a file");
    assert!(
        file.held.iter().all(|held| held.declined),
        "its sender knows"
    );
    assert_eq!(want(&mut world, 1, &id, true), Ok(Reply::Done));
    arrives(&mut world, 1, &id);
}

#[test]
fn a_deleted_message_takes_its_file_with_it_also_what_has_come() {
    let mut world = slow(7);
    let kept = world.send_file(0, 1, "kept", 1_000);
    arrives(&mut world, 1, &kept);
    let film = world.send_file(0, 1, "film", 3 * MIB);
    assert!(until(&mut world, |world| world.nodes[1].files.count() == 2));
    let chat = world.chat(0, 1);
    world
        .ask(0, Call::Delete(chat, film.clone(), true))
        .expect("it is ours");
    world.run(MINUTE_MS);
    let counts = world.nodes.iter().map(|node| node.files.count());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 1]);
    assert_eq!(state(&mut world, 1, &kept), FileState::Here);
}

#[test]
fn a_file_without_room_waits_and_texts_still_come() {
    let mut world = pair(8);
    verify(&mut world, 1);
    world.nodes[1].files.room = Some(3 * MIB);
    let id = world.send_file(0, 1, "film", 4 * MIB);
    world.send(0, 1, "and a text");
    world.delivered(0, 1);
    world.run(MINUTE_MS);
    assert_eq!(
        state(&mut world, 1, &id),
        FileState::NoRoom { free: 3 * MIB }
    );
    assert_eq!(world.texts(1, 0), ["", "and a text"]);
    world.nodes[1].files.room = None;
    assert_eq!(want(&mut world, 1, &id, true), Ok(Reply::Done));
    arrives(&mut world, 1, &id);
}

#[test]
fn a_file_that_has_not_reached_everybody_is_not_freed() {
    let mut world = pair(9);
    world.network.part(0, 1, true);
    let id = world.send_file(0, 1, "film", 1_000);
    let chat = world.chat(0, 1);
    let free = Call::FreeFile(chat, id.clone());
    assert_eq!(world.ask(0, free.clone()), Err(Refusal::FileNotDelivered));
    world.network.part(0, 1, false);
    assert!(until(&mut world, |world| state(world, 1, &id) == FileState::Here));
    world.run(MINUTE_MS);
    assert_eq!(world.ask(0, free), Ok(Reply::Done));
    assert_eq!(state(&mut world, 0, &id), FileState::Freed);
    assert_eq!(world.nodes[0].files.count(), 0);
}

#[test]
fn a_text_overtakes_a_file() {
    let mut world = over(CarrierKind::Ble, 10);
    // 20 KiB a second, as Bluetooth has.
    world.network.conditions.rate = Some(20 << 10);
    let id = world.send_file(0, 1, "picture", 200 << 10);
    world.run(3_000);
    assert!(matches!(
        state(&mut world, 1, &id),
        FileState::Loading { .. }
    ));
    world.send(0, 1, "look at this");
    let begun_ms = world.now_ms;
    world.delivered(0, 1);
    let took_ms = world.now_ms - begun_ms;
    assert!(took_ms < 1_500, "a text takes {took_ms} ms");
    assert!(matches!(
        state(&mut world, 1, &id),
        FileState::Loading { .. }
    ));
    arrives(&mut world, 1, &id);
}

#[test]
fn what_was_asked_for_comes_first_then_the_smaller_classes_then_the_newest() {
    let mut world = pair(11);
    // Grace learns of all files, and has no room for any.
    world.nodes[1].files.room = Some(0);
    let send = |world: &mut World, name: &str, size| world.send_file(0, 1, name, size);
    let small = send(&mut world, "small", 300 << 10);
    let newer_small = send(&mut world, "newer small", 301 << 10);
    let tiny = send(&mut world, "tiny", 200 << 10);
    let newer_tiny = send(&mut world, "newer tiny", 201 << 10);
    let asked = send(&mut world, "asked for", 3 * MIB);
    world.run(MINUTE_MS);
    world.network.part(0, 1, true);
    world.run(MINUTE_MS);
    assert_eq!(want(&mut world, 1, &asked, true), Ok(Reply::Done));
    world.nodes[1].files.room = None;
    world.network.conditions.rate = Some(RATE);
    world.network.part(0, 1, false);
    let expected = [asked, newer_tiny, tiny, newer_small, small];
    let mut came = Vec::new();
    let all_came = until(&mut world, |world| {
        for id in &expected {
            if state(world, 1, id) == FileState::Here && !came.contains(id) {
                came.push(id.clone());
            }
        }
        came.len() == expected.len()
    });
    assert!(all_came, "{} of {} came", came.len(), expected.len());
    assert_eq!(came, expected);
}

#[test]
fn a_sender_that_missed_that_a_file_is_held_asks_again_and_both_sides_agree() {
    let mut world = pair(12);
    world.network.part(0, 1, true);
    let id = world.send_file(0, 1, "notes.txt", 3 * CHUNK);
    world.run(1_000);
    let before = world.nodes[0].storage.store.clone();
    world.network.part(0, 1, false);
    let is_delivered = |world: &mut World| file_of(world, 0, &id).expect("a file").is_delivered();
    assert!(until(&mut world, is_delivered), "nobody tells the sender");
    world.roll_back(0, before);
    assert!(!is_delivered(&mut world), "what was said is lost");
    assert!(until(&mut world, is_delivered), "nobody tells it again");
    world.delivered(0, 1);
    assert_eq!(state(&mut world, 1, &id), FileState::Here);
    assert!(sealed(&world, 0) == sealed(&world, 1), "not the same bytes");
    assert_eq!(world.texts(0, 1), world.texts(1, 0));
}

#[test]
fn the_oldest_upload_gives_way_when_too_many_wait() {
    /// As many as may wait.
    const WAITING: usize = 256;
    let mut world = pair(13);
    let uploads: Vec<_> = (0..=WAITING)
        .map(|_| world.upload(0, "waits", 100))
        .collect();
    world.run(1_000);
    assert_eq!(world.nodes[0].files.count(), WAITING);
    let chat = world.chat(0, 1);
    let mut send = |upload: &UploadId| {
        let message = NewMessage {
            file: Some(upload.clone()),
            ..NewMessage::text("")
        };
        world.ask(0, Call::Send(chat.clone(), message))
    };
    assert_eq!(send(&uploads[0]), Err(Refusal::NoSuchUpload));
    for upload in [&uploads[1], &uploads[WAITING]] {
        assert!(matches!(send(upload), Ok(Reply::Sent(_))));
    }
}

fn cancel(world: &mut World, node: usize, id: &MessageId) -> Result<Reply, Refusal> {
    let chat = world.chat(node, 1 - node);
    world.ask(node, Call::CancelFile(chat, id.clone()))
}

fn count(world: &World) -> [usize; 2] {
    [0, 1].map(|node| world.nodes[node].files.count())
}

#[test]
fn a_file_that_its_sender_cancels_is_deleted_where_it_was_on_its_way() {
    let mut world = slow(17);
    let kept = world.send_file(0, 1, "kept", 1_000);
    arrives(&mut world, 1, &kept);
    let film = world.send_file(0, 1, "film", 3 * MIB);
    assert!(until(&mut world, |world| world.nodes[1].files.count() == 2));
    assert_eq!(cancel(&mut world, 1, &film), Err(Refusal::NotYours));
    assert_eq!(cancel(&mut world, 0, &film), Ok(Reply::Done));
    world.run(MINUTE_MS);
    assert_eq!(count(&world), [1, 1]);
    for node in 0..2 {
        assert_eq!(state(&mut world, node, &film), FileState::Cancelled);
        assert_eq!(state(&mut world, node, &kept), FileState::Here);
    }
    let held = file_of(&mut world, 0, &film).expect("a file").held;
    assert!(
        held.iter().all(|one| one.bytes == 0),
        "it is said to be gone"
    );
    let refused = want(&mut world, 1, &film, true);
    assert_eq!(refused, Err(Refusal::FileCancelled));
    assert_eq!(cancel(&mut world, 0, &film), Ok(Reply::Done));
    world.restart(1);
    world.run(MINUTE_MS);
    assert_eq!(state(&mut world, 1, &film), FileState::Cancelled);
    assert_eq!(count(&world), [1, 1]);
}

#[test]
fn a_file_that_is_cancelled_while_its_receiver_is_away_never_comes() {
    let mut world = slow(18);
    let film = world.send_file(0, 1, "film", 3 * MIB);
    // The message was offered to the link, and does not arrive over it.
    world.network.part(0, 1, true);
    world.run(MINUTE_MS);
    assert_eq!(cancel(&mut world, 0, &film), Ok(Reply::Done));
    world.network.part(0, 1, false);
    let told = |world: &mut World| state(world, 1, &film) == FileState::Cancelled;
    assert!(until(&mut world, told), "it does not hear of it");
    world.run(MINUTE_MS);
    assert_eq!(count(&world), [0, 0]);
}

#[test]
fn a_file_that_has_arrived_is_not_cancelled_and_one_that_crosses_its_cancellation_stays() {
    let mut world = slow(19);
    let film = world.send_file(0, 1, "film", 3 * CHUNK);
    let before = world.nodes[0].storage.store.clone();
    let is_delivered = |world: &mut World| file_of(world, 0, &film).expect("a file").is_delivered();
    assert!(until(&mut world, is_delivered), "nobody tells the sender");
    assert_eq!(cancel(&mut world, 0, &film), Err(Refusal::FileArrived));
    // Its sender does not know that it has arrived.
    world.network.part(0, 1, true);
    world.run(MINUTE_MS);
    world.roll_back(0, before);
    assert_eq!(cancel(&mut world, 0, &film), Ok(Reply::Done));
    world.network.part(0, 1, false);
    assert!(until(&mut world, is_delivered), "its sender is not told");
    world.run(MINUTE_MS);
    assert_eq!(state(&mut world, 0, &film), FileState::Cancelled);
    assert_eq!(state(&mut world, 1, &film), FileState::Here);
    assert_eq!(count(&world), [0, 1]);
}

#[test]
fn a_file_that_nobody_was_offered_goes_without_a_trace() {
    let mut world = pair(20);
    world.network.part(0, 1, true);
    world.run(MINUTE_MS);
    let bare = world.send_file(0, 1, "film", 1_000);
    let file = Some(world.upload(0, "roof.jpg", 1_000));
    let chat = world.chat(0, 1);
    let message = NewMessage {
        file,
        ..NewMessage::text("From the roof")
    };
    let captioned = match world.ask(0, Call::Send(chat, message)) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("not sent: {other:?}"),
    };
    for id in [&bare, &captioned] {
        assert_eq!(cancel(&mut world, 0, id), Ok(Reply::Done));
    }
    world.network.part(0, 1, false);
    world.delivered(0, 1);
    for node in 0..2 {
        assert_eq!(world.texts(node, 1 - node), ["From the roof"]);
        assert!(file_of(&mut world, node, &captioned).is_none());
    }
    assert_eq!(count(&world), [0, 0]);
    // Notes have nobody to whom it could be on its way.
    let Ok(Reply::Conversation(notes)) = world.ask(0, Call::Notes) else {
        panic!("there are notes");
    };
    let message = NewMessage {
        file: Some(world.upload(0, "list.txt", 10)),
        ..NewMessage::text("")
    };
    let Ok(Reply::Sent(id)) = world.ask(0, Call::Send(notes.id.clone(), message)) else {
        panic!("not kept");
    };
    let refused = world.ask(0, Call::CancelFile(notes.id, id));
    assert_eq!(refused, Err(Refusal::FileArrived));
}
