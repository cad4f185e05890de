//! What is cut off at any of its commits happens once after the restart: a lapse, a message that is sent again, a
//! deletion, an edit, what is kept of a recording, and everything that is due at once.

use hedgerow_node::api::{Call, Message, MessageId, Private, Reply};
use hedgerow_node::engine::recording;
use hedgerow_node::harness::World;
use hedgerow_sync::store::Store;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// More commits than any of these steps has.
pub const COMMITS: u64 = 8;

/// Ada and Grace, whose messages disappear after this number of seconds.
fn pair(seed: u64, timer_s: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace"]);
    world.meet(0, 1);
    let chat = world.chat(0, 1);
    world
        .ask(0, Call::SetTimer(chat, timer_s))
        .expect("a timer");
    world.delivered(0, 1);
    world
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

/// Lets a later commit of a node fail while something happens, then kills the node. `after`: the commits before it.
pub fn cut(world: &mut World, node: usize, after: u64, happens: impl FnOnce(&mut World)) {
    world.nodes[node].storage.fail_after = Some(after);
    happens(world);
    world.nodes[node].storage.fail_after = None;
    world.restart(node);
}

/// Asks for something that may get no answer.
pub fn try_to(world: &mut World, node: usize, call: Call) {
    let call = world.nodes[node].call(call);
    world.run(1_000);
    world.nodes[node].answers.remove(&call);
}

/// Ada has written two messages that have just lapsed, or are about to.
fn lapsing(seed: u64, for_ms: u64) -> (World, MessageId) {
    let mut world = pair(seed, 3_600);
    world.network.part(0, 1, true);
    let sent = world.send(0, 1, "anybody here?");
    let chat = world.chat(0, 1);
    let edit = Call::Edit(chat, sent.clone(), Private("anybody there?".into()));
    world.ask(0, edit).expect("edited");
    world.send(0, 1, "never mind");
    world.run(for_ms);
    (world, sent)
}

#[test]
fn a_lapse_that_is_cut_off_happens_once() {
    for after in 0..COMMITS {
        let (mut world, _) = lapsing(1, 28 * DAY_MS - 10 * MINUTE_MS);
        assert!(messages(&mut world, 0).iter().all(|one| !one.lapsed));
        cut(&mut world, 0, after, |world| world.run(20 * MINUTE_MS));
        world.run(MINUTE_MS);
        let lapsed = messages(&mut world, 0);
        assert!(lapsed.iter().all(|one| one.lapsed), "after {after}");
        assert_eq!(texts(&mut world, 0), ["anybody there?", "never mind"]);
        world.network.part(0, 1, false);
        world.connected(0, 1);
        world.run(MINUTE_MS);
        assert_eq!(messages(&mut world, 1), [], "after {after}");
    }
}

#[test]
fn a_message_whose_sending_again_is_cut_off_is_there_once() {
    let mut sent_at_once = 0;
    for after in 0..COMMITS {
        let (mut world, lapsed) = lapsing(2, 29 * DAY_MS);
        let chat = world.chat(0, 1);
        let again = Call::SendAgain(chat, lapsed.clone());
        cut(&mut world, 0, after, |world| {
            try_to(world, 0, again.clone())
        });
        let mut there = texts(&mut world, 0);
        there.sort();
        assert_eq!(there, ["anybody there?", "never mind"], "after {after}");
        let is_lapsed = messages(&mut world, 0).iter().any(|one| one.id == lapsed);
        sent_at_once += u32::from(!is_lapsed);
        if is_lapsed {
            let answer = world.ask(0, again);
            assert!(matches!(answer, Ok(Reply::Sent(_))));
        }
        world.network.part(0, 1, false);
        world.connected(0, 1);
        world.delivered(0, 1);
        assert_eq!(texts(&mut world, 1), ["anybody there?"], "after {after}");
    }
    assert!(
        (1..COMMITS as u32).contains(&sent_at_once),
        "{sent_at_once}"
    );
}

/// At the author, and at the reader, who gets the deletion.
#[test]
fn a_deletion_for_all_that_is_cut_off_on_either_side_reaches_both() {
    for (node, after) in (0..2).flat_map(|node| (0..COMMITS).map(move |after| (node, after))) {
        let mut world = pair(3, 0);
        let kept = world.send(0, 1, "stays");
        let mistake = world.send(0, 1, "a mistake");
        world.delivered(0, 1);
        let chat = world.chat(0, 1);
        let delete = Call::Delete(chat, mistake, true);
        cut(&mut world, node, after, |world| {
            try_to(world, 0, delete.clone());
            world.run(10_000);
        });
        if texts(&mut world, 0).len() == 2 {
            world.ask(0, delete).expect("deleted");
        }
        world.connected(0, 1);
        world.run(MINUTE_MS);
        for node in 0..2 {
            let shown = messages(&mut world, node);
            let with_text: Vec<_> = shown.iter().filter(|one| one.text.is_some()).collect();
            assert_eq!(with_text.len(), 1, "after {after}, at {node}");
            assert_eq!(with_text[0].id, kept);
        }
    }
}

/// At the author, and at the reader, who gets the edit.
#[test]
fn an_edit_that_is_cut_off_on_either_side_reaches_both_once() {
    for (node, after) in (0..2).flat_map(|node| (0..COMMITS).map(move |after| (node, after))) {
        let mut world = pair(6, 0);
        let sent = world.send(0, 1, "at six");
        world.delivered(0, 1);
        let chat = world.chat(0, 1);
        let edit = Call::Edit(chat, sent, Private("at seven".into()));
        cut(&mut world, node, after, |world| {
            try_to(world, 0, edit.clone());
            world.run(10_000);
        });
        if texts(&mut world, 0) == ["at six"] {
            world.ask(0, edit).expect("edited");
        }
        world.connected(0, 1);
        world.run(MINUTE_MS);
        for node in 0..2 {
            let shown = messages(&mut world, node);
            let shown: Vec<_> = shown
                .iter()
                .map(|one| (one.text.as_ref().map(|text| &*text.0), one.edited.as_ref()))
                .map(|(text, edited)| (text, edited.map_or(0, |edited| edited.times)))
                .collect();
            assert_eq!(shown, [(Some("at seven"), 1)], "after {after}, at {node}");
        }
    }
}

#[test]
fn a_recording_that_is_cut_off_keeps_whole_parts_and_goes_on_behind_them() {
    let whole: Vec<u8> = (0..4_000_u32).map(|at| at as u8).collect();
    let mut cut_short = 0;
    for after in 0..COMMITS {
        let mut world = pair(7, 0);
        let chat = world.chat(0, 1);
        let keep = |from: usize, part: &[u8]| {
            Call::KeepRecording(chat.clone(), from as u64, part.to_vec())
        };
        cut(&mut world, 0, after, |world| {
            for (number, part) in whole.chunks(1_000).enumerate() {
                try_to(world, 0, keep(number * 1_000, part));
            }
        });
        let kept = |world: &World| {
            let read = |reader: &dyn hedgerow_sync::store::Reader| Ok(recording::of(reader, &chat));
            let kept = world.nodes[0].storage.read(read);
            kept.expect("memory does not fail").unwrap_or_default()
        };
        let length = kept(&world).len();
        assert_eq!(kept(&world), whole[..length], "after {after}");
        assert_eq!(length % 1_000, 0, "after {after}");
        cut_short += usize::from(length < whole.len());
        world
            .ask(0, keep(length, &whole[length..]))
            .expect("it goes on");
        assert_eq!(kept(&world), whole, "after {after}");
    }
    assert!(cut_short > 0, "no cut came in the middle");
}

/// More than one transaction takes.
#[test]
fn many_messages_that_are_due_at_once_go_whatever_commit_is_cut() {
    for after in 0..COMMITS {
        let mut world = pair(4, 60);
        for number in 0..200 {
            world.send(0, 1, &format!("line {number}"));
        }
        world.delivered(0, 1);
        let last = messages(&mut world, 1).pop().expect("messages").id;
        let chat = world.chat(1, 0);
        world.ask(1, Call::Read(chat, last)).expect("it is there");
        cut(&mut world, 1, after, |world| world.run(2 * MINUTE_MS));
        world.run(MINUTE_MS);
        for node in 0..2 {
            assert_eq!(messages(&mut world, node), [], "after {after}, at {node}");
        }
    }
}

/// Without that the quarter of an hour that runs between two savings would count again when the wall clock is wrong.
#[test]
fn an_orderly_stop_saves_the_clock_of_the_store() {
    for in_order in [true, false] {
        let mut world = pair(5, 600);
        let sent = world.send(0, 1, "for ten minutes");
        world.delivered(0, 1);
        let chat = world.chat(1, 0);
        world.ask(1, Call::Read(chat, sent)).expect("it is there");
        world.run(9 * MINUTE_MS);
        match in_order {
            true => world.stop(1),
            false => world.leave(1),
        }
        world.nodes[1].clock_error_ms = -365 * DAY_MS as i64;
        let again = world.copy(1);
        world.run(2 * MINUTE_MS);
        let messages = world.messages(again, 0).into_iter();
        let left = messages.filter(|one| one.sets_timer_s.is_none()).count();
        assert_eq!(left, usize::from(!in_order), "{in_order}");
    }
}
