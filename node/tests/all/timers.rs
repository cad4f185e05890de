//! Messages that disappear: the timer of a conversation, and each message's own.

use std::ops::{Bound, ControlFlow};

use bytes::Bytes;
use hedgerow_node::api::{Call, Message, MessageId, NewMessage, Private, Refusal, Reply, Search};
use hedgerow_node::engine::conversation::parse_message_id;
use hedgerow_node::harness::World;
use hedgerow_node::tables::Table;
use hedgerow_sync::entry::{Body, RowKind, What};
use hedgerow_sync::id::{Incarnation, LogId, SpaceId};
use hedgerow_sync::space;
use hedgerow_sync::store::{Direction, Reader, Store};

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    world
}

fn set(world: &mut World, node: usize, seconds: u64) -> Result<Reply, Refusal> {
    let chat = world.chat(node, 1 - node);
    world.ask(node, Call::SetTimer(chat, seconds))
}

fn read(world: &mut World, node: usize, message: &MessageId) {
    let chat = world.chat(node, 1 - node);
    let answer = world.ask(node, Call::Read(chat, message.clone()));
    assert_eq!(answer, Ok(Reply::Done));
}

/// The messages without the lines that set the timer.
fn messages(world: &mut World, node: usize) -> Vec<Message> {
    let messages = world.messages(node, 1 - node).into_iter();
    messages.filter(|one| one.sets_timer_s.is_none()).collect()
}

fn texts(world: &mut World, node: usize) -> Vec<String> {
    let messages = messages(world, node).into_iter();
    messages.filter_map(|one| Some(one.text?.0)).collect()
}

fn holds(world: &World, node: usize, text: &str) -> bool {
    let mut found = false;
    let all = (Bound::Unbounded, Bound::Unbounded);
    let look = |reader: &dyn Reader| {
        reader.scan(all, Direction::Forward, &mut |_, value| {
            let mut windows = value.windows(text.len());
            found |= windows.any(|window| window == text.as_bytes());
            ControlFlow::Continue(())
        })
    };
    world.nodes[node].storage.read(look).expect("memory");
    found
}

fn timer_of(world: &mut World, node: usize) -> u64 {
    world.conversation(node, 1 - node).timer_s
}

#[test]
fn a_message_disappears_on_each_side_after_its_own_time() {
    let mut world = pair(1);
    world.send(0, 1, "stays");
    assert_eq!(set(&mut world, 0, 300), Ok(Reply::Done));
    world.delivered(0, 1);
    assert_eq!(
        (timer_of(&mut world, 0), timer_of(&mut world, 1)),
        (300, 300)
    );
    let line = world.messages(1, 0).pop().expect("a line");
    assert!(line.sets_timer_s == Some(300) && line.author.is_some());
    let sent = world.send(0, 1, "for five minutes");
    world.delivered(0, 1);
    let shown = messages(&mut world, 1).pop().expect("a message");
    assert_eq!(
        shown.disappears.map(|it| (it.after_s, it.at_ms)),
        Some((300, None))
    );
    let ours = messages(&mut world, 0).pop().expect("a message");
    assert!(
        ours.disappears.is_some_and(|it| it.at_ms.is_some()),
        "it was delivered"
    );
    // The author's time runs, the reader's does not before it was read.
    world.run(4 * MINUTE_MS);
    assert_eq!(texts(&mut world, 0), ["stays", "for five minutes"]);
    world.run(2 * MINUTE_MS);
    assert_eq!(texts(&mut world, 0), ["stays"]);
    assert_eq!(texts(&mut world, 1), ["stays", "for five minutes"]);
    world.run(DAY_MS);
    read(&mut world, 1, &sent);
    world.run(4 * MINUTE_MS);
    assert_eq!(texts(&mut world, 1), ["stays", "for five minutes"]);
    world.run(2 * MINUTE_MS);
    assert_eq!(texts(&mut world, 1), ["stays"]);
    for node in [0, 1] {
        assert!(!holds(&world, node, "for five minutes"));
        assert!(holds(&world, node, "stays"));
    }
}

#[test]
fn the_last_who_sets_the_timer_decides_and_each_message_keeps_its_own() {
    let mut world = pair(2);
    set(&mut world, 0, 60).unwrap();
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    world.run(2 * MINUTE_MS);
    let before = world.send(0, 1, "for a minute");
    set(&mut world, 1, 3_600).unwrap();
    set(&mut world, 0, 0).unwrap();
    world.send(0, 1, "stays");
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.delivered(0, 1);
    let (ada, grace) = (timer_of(&mut world, 0), timer_of(&mut world, 1));
    assert_eq!(ada, grace);
    let last = world
        .messages(1, 0)
        .into_iter()
        .rev()
        .find_map(|one| one.sets_timer_s);
    assert_eq!(last, Some(grace));
    let shown = messages(&mut world, 1);
    let own = shown.iter().find(|one| one.id == before).expect("it came");
    assert_eq!(own.disappears.map(|it| it.after_s), Some(60));
    assert!(shown.last().is_some_and(|one| one.disappears.is_none()));
}

#[test]
fn a_timer_that_changed_meanwhile_is_not_used_unseen() {
    let mut world = pair(3);
    set(&mut world, 1, 60).unwrap();
    world.delivered(0, 1);
    let chat = world.chat(0, 1);
    let mut message = NewMessage::text("with what I see");
    message.timer_s = Some(0);
    let changed = Err(Refusal::TimerChanged { now_s: 60 });
    assert_eq!(
        world.ask(0, Call::Send(chat.clone(), message.clone())),
        changed
    );
    message.timer_s = Some(60);
    assert!(matches!(
        world.ask(0, Call::Send(chat, message)),
        Ok(Reply::Sent(_))
    ));
}

#[test]
fn a_timer_is_off_or_from_a_minute_to_a_year() {
    let mut world = pair(4);
    for seconds in [1, 59, 366 * 86_400, 1 << 63, u64::MAX] {
        let refused = Err(Refusal::BadTimer {
            least_s: 60,
            most_s: 31_536_000,
        });
        assert_eq!(set(&mut world, 0, seconds), refused);
    }
    for seconds in [60, 31_536_000, 0] {
        assert_eq!(set(&mut world, 0, seconds), Ok(Reply::Done));
        assert_eq!(timer_of(&mut world, 0), seconds);
    }
    let lines = world.conversation(0, 1).messages;
    set(&mut world, 0, 0).unwrap();
    assert_eq!(
        world.conversation(0, 1).messages,
        lines,
        "what holds already says nothing"
    );
}

#[test]
fn timers_of_a_hostile_contact_do_nothing() {
    let mut world = pair(5);
    let own = world.send(0, 1, "a first message");
    world.delivered(0, 1);
    let own = parse_message_id(&own).unwrap();
    let id = world.chat(0, 1).0;
    let bytes = (0..16).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap());
    let space = SpaceId(bytes.collect::<Vec<u8>>().try_into().unwrap());
    let log = LogId {
        incarnation: Incarnation(own.log.incarnation.0 ^ 1),
        ..own.log
    };
    // [2^63], [1], [], and a message {0: "kept", 2: 2^63}.
    let bodies: [(u16, &[u8]); 5] = [
        (3, &[0x81, 0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        (3, &[0x81, 1]),
        (3, b""),
        (
            2,
            &[
                0xa2, 0, 0x64, b'k', b'e', b'p', b't', 2, 0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
        (2, &[0xa2, 0, 0x64, b'z', b'e', b'r', b'o', 2, 0]),
    ];
    let mut store = world.nodes[0].storage.store.clone();
    store
        .write(|txn| {
            for (kind, body) in bodies {
                let body = Body::Bytes(Bytes::copy_from_slice(body));
                space::append(txn, space, log, 1_000, What::Row(RowKind(kind)), body).unwrap();
            }
            Ok(())
        })
        .unwrap();
    world.roll_back(0, store);
    world.connected(0, 1);
    world.run(10_000);
    let last = world.messages(1, 0).pop().expect("messages").id;
    read(&mut world, 1, &last);
    world.run(2 * MINUTE_MS);
    assert_eq!(timer_of(&mut world, 1), 0);
    assert_eq!(texts(&mut world, 1), ["a first message", "kept", "zero"]);
}

#[test]
fn a_wrong_clock_prolongs_nothing_and_a_restored_store_purges_what_is_due() {
    let mut world = pair(6);
    set(&mut world, 0, 3_600).unwrap();
    let sent = world.send(0, 1, "for an hour");
    world.delivered(0, 1);
    read(&mut world, 1, &sent);
    world.run(1_000);
    let older = world.nodes[1].storage.store.clone();
    // Set back by a year while the node runs: what has passed has passed.
    world.nodes[1].clock_error_ms = -365 * DAY_MS as i64;
    world.run(30 * MINUTE_MS);
    world.restart(1);
    world.run(46 * MINUTE_MS);
    assert_eq!(texts(&mut world, 1), Vec::<String>::new());
    assert!(!holds(&world, 1, "for an hour"));
    // An older store is opened with a clock that is right: it is due at once.
    world.nodes[1].clock_error_ms = 0;
    world.roll_back(1, older);
    world.run(1_000);
    assert!(!holds(&world, 1, "for an hour"));
}

#[test]
fn what_was_never_delivered_lapses_and_can_be_sent_again() {
    let mut world = pair(7);
    set(&mut world, 0, 3_600).unwrap();
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    let sent = world.send(0, 1, "anybody there?");
    let dropped = world.send(0, 1, "never mind");
    world.run(27 * DAY_MS);
    assert!(!messages(&mut world, 0)[0].lapsed);
    world.run(2 * DAY_MS);
    let lapsed = messages(&mut world, 0);
    assert!(lapsed.iter().all(|one| one.lapsed && !one.is_delivered()));
    assert_eq!(texts(&mut world, 0), ["anybody there?", "never mind"]);
    world.restart(0);
    let chat = world.chat(0, 1);
    world
        .ask(0, Call::Delete(chat.clone(), dropped, false))
        .unwrap();
    assert!(!holds(&world, 0, "never mind"));
    let again = Call::SendAgain(chat, sent);
    assert!(matches!(world.ask(0, again.clone()), Ok(Reply::Sent(_))));
    assert_eq!(world.ask(0, again), Err(Refusal::NoSuchMessage));
    assert_eq!(texts(&mut world, 0), ["anybody there?"]);
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.delivered(0, 1);
    assert_eq!(texts(&mut world, 1), ["anybody there?"]);
    assert_eq!(
        messages(&mut world, 1).len(),
        1,
        "what lapsed shows nowhere"
    );
}

#[test]
fn an_expiry_that_is_cut_off_happens_after_the_restart() {
    for after in 0..3 {
        let mut world = pair(8);
        set(&mut world, 0, 60).unwrap();
        let sent = world.send(0, 1, "for a minute");
        world.delivered(0, 1);
        read(&mut world, 1, &sent);
        world.nodes[1].storage.fail_after = Some(after);
        world.run(2 * MINUTE_MS);
        world.nodes[1].storage.fail_after = None;
        world.restart(1);
        world.run(2 * MINUTE_MS);
        assert_eq!(texts(&mut world, 1), Vec::<String>::new());
        assert!(!holds(&world, 1, "for a minute"));
    }
}

#[test]
fn nothing_wakes_a_node_before_the_next_deadline() {
    let mut world = pair(9);
    set(&mut world, 0, 86_400).unwrap();
    let sent = world.send(0, 1, "for a day");
    world.delivered(0, 1);
    read(&mut world, 1, &sent);
    world.run(10 * MINUTE_MS);
    let commits = world.nodes[1].storage.commits;
    world.run(60 * MINUTE_MS);
    let an_hour = world.nodes[1].storage.commits - commits;
    assert!(an_hour <= 64, "{an_hour} commits in an hour");
    world.run(DAY_MS);
    assert!(!holds(&world, 1, "for a day"));
}

#[test]
fn nothing_disappears_in_notes_to_oneself() {
    let mut world = pair(10);
    let Ok(Reply::Conversation(notes)) = world.ask(0, Call::Notes) else {
        panic!("no notes");
    };
    let refused = world.ask(0, Call::SetTimer(notes.id, 300));
    assert_eq!(refused, Err(Refusal::NotesStay));
}

/// Puts everything that waits into a parcel, so that it counts as handed out.
fn carry(world: &mut World) {
    let contact = world.id(1);
    world
        .carry_out(0, &contact)
        .expect("it has the contact's prekey");
}

fn edit(world: &mut World, message: &MessageId, text: &str) {
    let chat = world.chat(0, 1);
    let edit = Call::Edit(chat, message.clone(), Private(text.into()));
    assert_eq!(world.ask(0, edit), Ok(Reply::Done));
}

fn finds(world: &World, node: usize, word: &str) -> usize {
    let found = world.search(node, &Search::of(word)).expect("it is done");
    found.messages.len()
}

#[test]
fn edits_and_search_words_go_with_what_disappears() {
    let mut world = pair(11);
    set(&mut world, 0, 60).unwrap();
    let sent = world.send(0, 1, "first version");
    world.delivered(0, 1);
    edit(&mut world, &sent, "second version");
    world.run(1_000);
    read(&mut world, 1, &sent);
    assert_eq!(texts(&mut world, 1), ["second version"]);
    assert_eq!(finds(&world, 1, "second"), 1);
    world.run(2 * MINUTE_MS);
    for node in [0, 1] {
        assert_eq!(finds(&world, node, "version"), 0);
        for text in ["first version", "second version"] {
            assert!(!holds(&world, node, text), "{node} holds the {text}");
        }
    }
}

#[test]
fn what_lapsed_keeps_its_last_text_alone_and_is_found_no_more() {
    let mut world = pair(12);
    set(&mut world, 0, 3_600).unwrap();
    world.delivered(0, 1);
    world.network.part(0, 1, true);
    let sent = world.send(0, 1, "first version");
    carry(&mut world);
    edit(&mut world, &sent, "second version");
    assert!(messages(&mut world, 0)[0].edited.is_some());
    let early = Call::SendAgain(world.chat(0, 1), sent.clone());
    assert_eq!(world.ask(0, early), Err(Refusal::NotLapsed));
    world.run(29 * DAY_MS);
    let lapsed = messages(&mut world, 0);
    assert!(lapsed[0].lapsed);
    assert_eq!(texts(&mut world, 0), ["second version"]);
    assert!(!holds(&world, 0, "first version"));
    assert_eq!(finds(&world, 0, "version"), 0);
    let again = Call::SendAgain(world.chat(0, 1), sent);
    assert!(matches!(world.ask(0, again), Ok(Reply::Sent(_))));
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.delivered(0, 1);
    assert_eq!(texts(&mut world, 1), ["second version"]);
    assert!(!holds(&world, 1, "first version"));
}

#[test]
fn an_answer_says_of_its_original_that_it_disappears() {
    let mut world = pair(13);
    set(&mut world, 0, 60).unwrap();
    let question = world.send(0, 1, "for a minute?");
    set(&mut world, 0, 0).unwrap();
    let answer = NewMessage {
        reply_to: Some(question),
        ..NewMessage::text("stays")
    };
    let chat = world.chat(0, 1);
    world.ask(0, Call::Send(chat, answer)).unwrap();
    let answer = messages(&mut world, 0).pop().expect("an answer");
    assert!(answer.disappears.is_none());
    assert!(answer.reply_to.is_some_and(|quoted| quoted.disappears));
}

#[test]
fn timers_go_with_the_conversation() {
    let mut world = pair(14);
    set(&mut world, 0, 86_400).unwrap();
    let sent = world.send(0, 1, "for a day");
    world.delivered(0, 1);
    read(&mut world, 1, &sent);
    for (node, other) in [(0, 1), (1, 0)] {
        let contact = world.id(other);
        world.ask(node, Call::Remove(contact)).unwrap();
        for table in [Table::Timers, Table::MessageTimers, Table::Deadlines] {
            assert_eq!(rows(&world, node, table), 0, "{table:?}");
        }
    }
}

fn rows(world: &World, node: usize, table: Table) -> usize {
    let (low, high) = ([table as u8], [table as u8 + 1]);
    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    let mut rows = 0;
    let count = |reader: &dyn Reader| {
        reader.scan(range, Direction::Forward, &mut |_, _| {
            rows += 1;
            ControlFlow::Continue(())
        })
    };
    world.nodes[node].storage.read(count).expect("memory");
    rows
}
