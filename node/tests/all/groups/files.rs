//! Files and voice notes in groups: every member that has one gives it to every other that is in.

use hedgerow_node::api::{FileState, MessageFile, Offered, Search, Voice};
use hedgerow_node::engine::Input;
use hedgerow_node::engine::files;
use hedgerow_node::files::work::FileEvent;

use super::*;

const MINUTE_MS: u64 = 60_000;
const CHUNK: u64 = 262_144;
const MIB: u64 = 1 << 20;

/// Bytes a second of a slow network.
const RATE: u64 = 512 << 10;

/// People of whom each knows each, in one group.
fn friends(seed: u64, names: &[&str]) -> (World, ConversationId) {
    let mut world = World::with(seed, names);
    for one in 0..names.len() {
        for other in one + 1..names.len() {
            world.meet(one, other);
        }
    }
    let made = group_of_all(&mut world, "Riverside");
    (world, made)
}

/// Ada knows Ben and Cem, who do not know each other.
fn chain(seed: u64) -> (World, ConversationId) {
    let mut world = around_the_first(seed, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    (world, made)
}

fn verify(world: &mut World, node: usize, other: usize) {
    let contact = world.id(other);
    world
        .ask(node, Call::Verify(contact, true))
        .expect("they are contacts");
}

/// Only these pairs of the first three can reach each other.
fn only(world: &mut World, pairs: &[(usize, usize)]) {
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        world
            .network
            .part(one, other, !pairs.contains(&(one, other)));
    }
}

fn send_file(
    world: &mut World,
    node: usize,
    made: &ConversationId,
    name: &str,
    size: u64,
) -> MessageId {
    let message = NewMessage {
        file: Some(world.upload(node, name, size)),
        ..NewMessage::text("")
    };
    match world.ask(node, Call::Send(made.clone(), message)) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("not sent: {other:?}"),
    }
}

fn file(world: &World, node: usize, made: &ConversationId, id: &MessageId) -> Option<MessageFile> {
    let mut messages = page(world, node, made).messages.into_iter();
    messages.find(|message| message.id == *id)?.file
}

fn file_state(world: &World, node: usize, made: &ConversationId, id: &MessageId) -> FileState {
    file(world, node, made, id).map_or(FileState::Missing, |file| file.state)
}

/// Waits until a file has arrived.
fn arrives(world: &mut World, node: usize, made: &ConversationId, id: &MessageId) {
    for _ in 0..1_200 {
        if file_state(world, node, made, id) == FileState::Here {
            return;
        }
        world.run(100);
    }
    let state = file_state(world, node, made, id);
    panic!("it does not come to {node}: {state:?}");
}

fn want(
    world: &mut World,
    node: usize,
    made: &ConversationId,
    id: &MessageId,
) -> Result<Reply, Refusal> {
    world.ask(node, Call::WantFile(made.clone(), id.clone(), true))
}

fn count(world: &World, node: usize) -> usize {
    world.nodes[node].files.count()
}

/// All sealed files of a node, whatever they are called.
fn sealed(world: &World, node: usize) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = world.nodes[node].files.all().map(<[u8]>::to_vec).collect();
    files.sort();
    files
}

fn received(world: &mut World, node: usize) -> u64 {
    match world.ask(node, Call::Status) {
        Ok(Reply::Status(status)) => status.traffic.received_bytes,
        other => panic!("no status: {other:?}"),
    }
}

#[test]
fn who_never_meets_the_author_gets_a_file_through_a_third() {
    let (mut world, made) = chain(90);
    let sizes = [0, 1, CHUNK - 16, 3 * CHUNK + 7];
    for (number, size) in sizes.into_iter().enumerate() {
        let id = send_file(&mut world, 1, &made, "notes.txt", size);
        for node in [0, 2] {
            arrives(&mut world, node, &made, &id);
            let file = file(&world, node, &made, &id).expect("a file");
            assert_eq!((file.name.0.as_str(), file.size), ("notes.txt", size));
        }
        assert_eq!(sealed(&world, 2).len(), number + 1);
        assert!(sealed(&world, 1) == sealed(&world, 2), "not the same bytes");
    }
}

#[test]
fn a_file_comes_from_who_has_it_while_its_author_is_away() {
    let (mut world, made) = chain(91);
    world.network.part(0, 2, true);
    let id = send_file(&mut world, 1, &made, "notes.txt", MIB);
    arrives(&mut world, 0, &made, &id);
    world.leave(1);
    world.run(MINUTE_MS);
    world.network.part(0, 2, false);
    arrives(&mut world, 2, &made, &id);
    // Also where the one who passes on has started anew.
    world.restart(0);
    let free = Call::FreeFile(made.clone(), id.clone());
    world.ask(2, free).expect("it is here");
    want(&mut world, 2, &made, &id).expect("it can come again");
    arrives(&mut world, 2, &made, &id);
}

#[test]
fn the_author_sees_of_its_contacts_alone_what_they_have_by_their_own_word() {
    let (mut world, made) = chain(92);
    let id = send_file(&mut world, 1, &made, "notes.txt", 3 * CHUNK);
    for node in [0, 2] {
        arrives(&mut world, node, &made, &id);
    }
    world.run(MINUTE_MS);
    let held = file(&world, 1, &made, &id).expect("a file").held;
    let ada = world.id(0);
    let said: Vec<_> = held.iter().map(|one| (&one.contact, one.bytes)).collect();
    assert_eq!(said, [(&ada, 3 * CHUNK)], "of Cem nothing is known");
    // So the file may be on its way to Cem still, and can be taken back; here it can be freed, for Ada has it.
    let freed = Call::FreeFile(made.clone(), id.clone());
    assert_eq!(world.ask(1, freed), Ok(Reply::Done));
    want(&mut world, 1, &made, &id).expect_err("one's own is not asked for");
    // A contact who got it from somebody else tells the author at their next meeting.
    let (mut world, made) = friends(93, &["Ada", "Ben", "Cem"]);
    only(&mut world, &[(0, 1), (0, 2)]);
    world.run(MINUTE_MS);
    let id = send_file(&mut world, 1, &made, "notes.txt", 3 * CHUNK);
    arrives(&mut world, 2, &made, &id);
    let is_delivered =
        |world: &World| file(world, 1, &made, &id).is_some_and(|it| it.is_delivered());
    assert!(!is_delivered(&world));
    only(&mut world, &[(1, 2)]);
    world.connected(1, 2);
    world.run(MINUTE_MS);
    assert!(is_delivered(&world), "Cem does not tell");
}

#[test]
fn a_removed_member_gets_nothing_of_a_file_that_it_knows_of() {
    let (mut world, made) = friends(94, &["Ada", "Ben", "Cem", "Dan"]);
    // Nobody is verified, so nobody loads it unasked.
    let id = send_file(&mut world, 0, &made, "film", 2 * MIB);
    world.run(MINUTE_MS);
    let why = Offered::Unverified;
    for node in 1..4 {
        let state = file_state(&world, node, &made, &id);
        assert_eq!(state, FileState::Offered { why });
    }
    for away in [2, 3] {
        for other in 0..4 {
            world
                .network
                .part(away.min(other), away.max(other), away != other);
        }
    }
    world.run(MINUTE_MS);
    set(&mut world, 0, &made, "Cem", MemberLevel::None).expect("it is an admin");
    world.run(MINUTE_MS);
    // Neither knows of the removal when it asks.
    for away in [2, 3] {
        want(&mut world, away, &made, &id).expect("it can be asked for");
        world.network.part(0, away, false);
        world.connected(0, away);
    }
    world.run(MINUTE_MS);
    assert_eq!(file_state(&world, 3, &made, &id), FileState::Here);
    assert_eq!(count(&world, 2), 0, "Cem is out");
    assert_ne!(file_state(&world, 2, &made, &id), FileState::Here);
}

#[test]
fn who_is_removed_while_a_file_goes_gets_no_more_of_it() {
    let (mut world, made) = friends(95, &["Ada", "Ben", "Cem"]);
    world.network.conditions.rate = Some(RATE);
    verify(&mut world, 2, 0);
    only(&mut world, &[(0, 2)]);
    let id = send_file(&mut world, 0, &made, "film", 24 * (CHUNK - 16));
    let begun = |world: &World| world.nodes[2].files.held() >= 4 * CHUNK;
    assert!(world.until(MINUTE_MS, begun), "it does not begin");
    set(&mut world, 0, &made, "Cem", MemberLevel::None).expect("it is an admin");
    world.run(MINUTE_MS);
    let held = world.nodes[2].files.held();
    assert!(held <= 10 * CHUNK, "{held} bytes came");
    assert_ne!(file_state(&world, 2, &made, &id), FileState::Here);
}

#[test]
fn where_a_link_ends_a_file_goes_on_with_another_member_from_the_proven_chunk_on() {
    let (mut world, made) = friends(96, &["Ada", "Ben", "Cem"]);
    for node in [1, 2] {
        verify(&mut world, node, 0);
    }
    only(&mut world, &[(0, 1)]);
    world.run(MINUTE_MS);
    let id = send_file(&mut world, 0, &made, "film", 24 * (CHUNK - 16));
    arrives(&mut world, 1, &made, &id);
    world.network.conditions.rate = Some(RATE);
    let before = received(&mut world, 2);
    // Both have it, and it comes from one of them at a time. Whichever it is, one of the two cuts parts them.
    only(&mut world, &[(0, 1), (0, 2), (1, 2)]);
    for (chunks, next) in [(4, (1, 2)), (12, (0, 2))] {
        let begun = |world: &World| world.nodes[2].files.held() >= chunks * CHUNK;
        assert!(world.until(2 * MINUTE_MS, begun), "it does not go on");
        only(&mut world, &[(0, 1), next]);
    }
    let whole = |world: &World| world.nodes[2].files.held() >= 24 * CHUNK;
    assert!(!whole(&world), "it was not under way any more");
    arrives(&mut world, 2, &made, &id);
    assert!(sealed(&world, 0) == sealed(&world, 2), "not the same bytes");
    let came = received(&mut world, 2) - before;
    assert!(came < (24 + 3) * CHUNK, "{came} bytes came");
}

#[test]
fn a_file_that_many_have_comes_once() {
    let (mut world, made) = friends(97, &["Ada", "Ben", "Cem", "Dan"]);
    for other in 0..3 {
        world.network.part(other, 3, true);
    }
    world.run(MINUTE_MS);
    let ids: Vec<_> = (0..3)
        .map(|node| send_file(&mut world, node, &made, "notes.txt", 3 * (CHUNK - 16)))
        .collect();
    for node in 0..3 {
        for id in &ids {
            arrives(&mut world, node, &made, id);
        }
    }
    let before = received(&mut world, 3);
    for other in 0..3 {
        world.network.part(other, 3, false);
    }
    for id in &ids {
        arrives(&mut world, 3, &made, id);
    }
    world.run(MINUTE_MS);
    let came = received(&mut world, 3) - before;
    assert!(came < 9 * CHUNK + CHUNK / 2, "{came} bytes came");
}

#[test]
fn a_wrong_chunk_of_one_member_keeps_nobody_from_asking_another() {
    let (mut world, made) = friends(98, &["Ada", "Ben", "Cem"]);
    only(&mut world, &[(0, 1)]);
    world.run(MINUTE_MS);
    let ids = [1_000, 3 * CHUNK].map(|size| send_file(&mut world, 0, &made, "notes.txt", size));
    for id in &ids {
        arrives(&mut world, 1, &made, id);
    }
    world.nodes[1].files.damage();
    only(&mut world, &[(0, 1), (1, 2)]);
    world.connected(1, 2);
    world.run(MINUTE_MS);
    for id in &ids {
        let state = file_state(&world, 2, &made, id);
        assert!(matches!(state, FileState::Loading { .. }), "{state:?}");
    }
    assert!(world.sees(2, 1), "the session goes on");
    only(&mut world, &[(0, 1), (0, 2), (1, 2)]);
    for id in &ids {
        arrives(&mut world, 2, &made, id);
    }
    assert!(sealed(&world, 0) == sealed(&world, 2), "not the same bytes");
}

#[test]
fn a_member_that_does_not_have_a_file_yet_says_so_and_tells_when_it_has() {
    let (mut world, made) = chain(99);
    let id = send_file(&mut world, 1, &made, "film", 2 * MIB);
    world.run(MINUTE_MS);
    want(&mut world, 2, &made, &id).expect("it can be asked for");
    world.run(MINUTE_MS);
    let state = file_state(&world, 2, &made, &id);
    assert_eq!(state, FileState::Loading { bytes: 0 });
    want(&mut world, 0, &made, &id).expect("it can be asked for");
    arrives(&mut world, 0, &made, &id);
    arrives(&mut world, 2, &made, &id);
}

#[test]
fn what_loads_unasked_depends_on_the_author_and_not_on_who_brings_it() {
    let (mut world, made) = friends(100, &["Ada", "Ben", "Cem"]);
    // Ada has verified Cem, Cem has verified Ben alone.
    verify(&mut world, 0, 2);
    verify(&mut world, 2, 1);
    verify(&mut world, 0, 1);
    only(&mut world, &[(0, 1), (0, 2)]);
    world.run(MINUTE_MS);
    let of_ben = send_file(&mut world, 1, &made, "of Ben", 2 * MIB);
    let of_ada = send_file(&mut world, 0, &made, "of Ada", 2 * MIB);
    let small = send_file(&mut world, 0, &made, "small", MIB);
    arrives(&mut world, 2, &made, &of_ben);
    arrives(&mut world, 2, &made, &small);
    world.run(MINUTE_MS);
    let why = Offered::Unverified;
    let state = file_state(&world, 2, &made, &of_ada);
    assert_eq!(state, FileState::Offered { why });
    // An author who is no contact is not verified, whoever passes on.
    let (mut world, made) = chain(101);
    verify(&mut world, 2, 0);
    verify(&mut world, 0, 1);
    let id = send_file(&mut world, 1, &made, "film", 2 * MIB);
    arrives(&mut world, 0, &made, &id);
    world.run(MINUTE_MS);
    let state = file_state(&world, 2, &made, &id);
    assert_eq!(state, FileState::Offered { why });
    want(&mut world, 2, &made, &id).expect("it can be asked for");
    arrives(&mut world, 2, &made, &id);
}

#[test]
fn a_file_that_its_author_cancels_goes_wherever_it_is_on_its_way() {
    let (mut world, made) = chain(102);
    verify(&mut world, 0, 1);
    world.network.conditions.rate = Some(RATE);
    let id = send_file(&mut world, 1, &made, "film", 4 * MIB);
    let begun = |world: &World| world.nodes[0].files.held() >= 4 * CHUNK;
    assert!(world.until(MINUTE_MS, begun), "it does not begin");
    let cancel = Call::CancelFile(made.clone(), id.clone());
    assert_eq!(world.ask(0, cancel.clone()), Err(Refusal::NotYours));
    assert_eq!(world.ask(1, cancel), Ok(Reply::Done));
    world.run(MINUTE_MS);
    for node in 0..3 {
        assert_eq!(file_state(&world, node, &made, &id), FileState::Cancelled);
        assert_eq!(count(&world, node), 0);
    }
    let refused = want(&mut world, 2, &made, &id);
    assert_eq!(refused, Err(Refusal::FileCancelled));
}

#[test]
fn who_has_a_cancelled_file_gives_it_to_nobody() {
    let (mut world, made) = chain(103);
    verify(&mut world, 0, 1);
    let id = send_file(&mut world, 1, &made, "film", 2 * MIB);
    arrives(&mut world, 0, &made, &id);
    world.run(MINUTE_MS);
    world.network.part(0, 2, true);
    let cancel = Call::CancelFile(made.clone(), id.clone());
    assert_eq!(
        world.ask(1, cancel),
        Ok(Reply::Done),
        "of Cem nothing is known"
    );
    world.run(MINUTE_MS);
    assert_eq!(file_state(&world, 0, &made, &id), FileState::Here);
    // Cem asks before it hears of the cancellation.
    want(&mut world, 2, &made, &id).expect("it can be asked for");
    world.network.part(0, 2, false);
    world.connected(0, 2);
    world.run(MINUTE_MS);
    assert_eq!(file_state(&world, 2, &made, &id), FileState::Cancelled);
    assert_eq!(count(&world, 2), 0);
    // A message that is deleted takes its file with it wherever it came.
    let delete = Call::Delete(made.clone(), id.clone(), true);
    world.ask(1, delete).expect("it is its own");
    world.run(MINUTE_MS);
    for node in 0..3 {
        assert_eq!(count(&world, node), 0, "{node}");
    }
}

#[test]
fn a_declined_file_is_shown_to_its_author_as_declined() {
    let (mut world, made) = chain(104);
    let id = send_file(&mut world, 1, &made, "film", 2 * MIB);
    world.run(MINUTE_MS);
    let decline = Call::WantFile(made.clone(), id.clone(), false);
    assert_eq!(world.ask(0, decline), Ok(Reply::Done));
    world.run(MINUTE_MS);
    assert_eq!(file_state(&world, 0, &made, &id), FileState::Declined);
    let held = file(&world, 1, &made, &id).expect("a file").held;
    assert!(held.iter().all(|one| one.declined) && held.len() == 1);
}

#[test]
fn a_voice_note_comes_through_a_third_and_is_one() {
    let (mut world, made) = chain(105);
    let mut upload = world.sealed(1, "Voice note.ogg", 20_000);
    let voice = Voice {
        duration_ms: 7_000,
        waveform: vec![200; 64],
    };
    upload.voice = Some(voice.clone());
    let message = NewMessage {
        file: Some(upload.id.clone()),
        ..NewMessage::text("")
    };
    world.nodes[1].input(Input::File(FileEvent::Sealed(upload)));
    let sent = world.ask(1, Call::Send(made.clone(), message));
    let Ok(Reply::Sent(id)) = sent else {
        panic!("not sent: {sent:?}");
    };
    arrives(&mut world, 2, &made, &id);
    assert_eq!(
        file(&world, 2, &made, &id).expect("a file").voice,
        Some(voice)
    );
}

#[test]
fn files_of_groups_are_found_listed_and_counted() {
    let (mut world, made) = chain(106);
    let id = send_file(&mut world, 1, &made, "Unmistakable_hall.pdf", 1_000);
    arrives(&mut world, 2, &made, &id);
    world.run(MINUTE_MS);
    let found = world.search(2, &Search::of("hall")).expect("a good query");
    assert_eq!(found.messages.len(), 1);
    let store = &world.nodes[2].storage.store;
    let listed = store.read(|reader| Ok(files::page(reader, &made, None, 10)));
    let listed = listed.expect("memory does not fail").expect("it is there");
    let listed: Vec<_> = listed.messages.into_iter().map(|one| one.id).collect();
    assert_eq!(listed, std::slice::from_ref(&id));
    let used = store.read(|reader| files::used(reader));
    let used = used.expect("memory does not fail");
    assert_eq!(used.len(), 1);
    assert_eq!((&used[0].conversation, used[0].others.files), (&made, 1));
    // Whoever leaves and erases the group keeps none of them.
    world
        .ask(2, Call::LeaveGroup(made.clone()))
        .expect("it is in");
    world
        .ask(2, Call::EraseConversation(made))
        .expect("it has left");
    world.run(MINUTE_MS);
    assert_eq!(count(&world, 2), 0);
}
