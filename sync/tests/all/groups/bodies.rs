//! Bodies that entries came without: withheld, not here yet, or deleted.

use bytes::Bytes;
use hedgerow_sync::body;
use hedgerow_sync::entry::{AnnotationKind, What};
use hedgerow_sync::group::awaits_body;
use hedgerow_sync::id::{EntryId, Seq};
use hedgerow_sync::reconcile::Event;
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::{Blind, MAX_WANTED_BODIES, Message, Role};
use proptest::prelude::*;

use crate::support::circle::{
    GROUP, Member, SECRET, Session, all_meet, circle, faults, founding, meet, two,
};

/// What a member who withholds a body passes on has the same bytes.
fn withhold(member: &mut Member, entry: EntryId) {
    let removed = member.store.write(|txn| body::remove(txn, GROUP, entry));
    assert!(removed.unwrap());
}

fn awaits(member: &Member, entry: EntryId) -> bool {
    let awaits = member
        .store
        .read(|reader| awaits_body(reader, GROUP, entry));
    awaits.unwrap()
}

fn meet_two(members: &mut [Member], one: usize, other: usize, hash: u64) -> Session {
    let [first, second] = two(members, one, other);
    meet(first, second, hash)
}

fn wanted(session: &Session) -> usize {
    let wanted = session.items.iter().map(|message| match message {
        Message::WantBodies { wanted, .. } => wanted.len(),
        _ => 0,
    });
    wanted.sum()
}

/// Members 0 and 1 hold three texts, and member 2 got them from member 0, who withheld the second.
fn withheld() -> (Vec<Member>, EntryId) {
    let mut members = circle(1, 3);
    members[1].say("one");
    let entry = members[1].say("two");
    members[1].say("three");
    meet_two(&mut members, 0, 1, 1);
    withhold(&mut members[0], entry);
    meet_two(&mut members, 0, 2, 2);
    assert_eq!(members[2].texts(), ["one", "", "three"]);
    assert!(awaits(&members[2], entry));
    (members, entry)
}

#[test]
fn a_body_that_a_member_withheld_is_asked_of_another() {
    let (mut members, entry) = withheld();
    members[2].events.clear();
    // Both hold the same entries, so nothing else would be said.
    members[2].reopen();
    meet_two(&mut members, 2, 1, 3);
    assert_eq!(members[2].texts(), ["one", "two", "three"]);
    assert!(!awaits(&members[2], entry));
    assert!(faults(&members[2].events).is_empty());
    let shows =
        |event: &Event| matches!(event, Event::Bodies { entries, .. } if *entries == [entry]);
    assert!(members[2].events.iter().any(shows));
    // It is passed on, and proven.
    meet_two(&mut members, 2, 3, 4);
    assert_eq!(members[3].texts(), ["one", "two", "three"]);
}

#[test]
fn a_body_that_is_withheld_while_an_honest_member_is_near_comes_at_once() {
    let mut members = circle(1, 3);
    let entry = members[1].say("text");
    meet_two(&mut members, 0, 1, 1);
    meet_two(&mut members, 3, 1, 2);
    withhold(&mut members[0], entry);
    let [late, honest] = two(&mut members, 2, 3);
    let mut near = Session::open([late, honest], 3);
    // The honest one is slow: nothing of it has arrived when the liar's run comes.
    near.send(1, honest, 0);
    let [liar, late] = two(&mut members, 0, 2);
    meet(liar, late, 4);
    assert_eq!(late.texts(), [""]);
    near.said(0, late, entry);
    let [late, honest] = two(&mut members, 2, 3);
    near.settle([late, honest]);
    assert_eq!(late.texts(), ["text"]);
}

#[test]
fn a_body_that_nobody_has_is_asked_of_each_member_once() {
    let (mut members, entry) = withheld();
    withhold(&mut members[1], entry);
    assert_eq!(wanted(&meet_two(&mut members, 2, 1, 3)), 1);
    // With nothing new it is not asked for again.
    assert_eq!(wanted(&meet_two(&mut members, 2, 1, 4)), 0);
    assert!(awaits(&members[2], entry));
    // The other has met somebody since.
    members[3].say("news");
    meet_two(&mut members, 1, 3, 5);
    assert_eq!(wanted(&meet_two(&mut members, 2, 1, 6)), 1);
}

#[test]
fn a_body_that_has_left_here_is_never_asked_for() {
    let (mut members, entry) = withheld();
    let late = &mut members[2];
    let was_here = late.store.write(|txn| body::remove(txn, GROUP, entry));
    assert!(!was_here.unwrap());
    assert!(!awaits(late, entry));
    members[1].say("news");
    assert_eq!(wanted(&meet_two(&mut members, 2, 1, 3)), 0);
    assert_eq!(members[2].texts(), ["one", "", "three", "news"]);
}

/// One who keeps a deleted body gives it to nobody who knows of the deletion, before or after the entry.
#[test]
fn a_body_whose_deletion_is_held_is_never_asked_for() {
    for is_first in [true, false] {
        let (mut members, entry) = withheld();
        if is_first {
            // Another one gets the entry and its deletion together.
            members.remove(2);
        }
        let deletion = What::Annotation {
            kind: AnnotationKind::DELETION,
            target: entry,
        };
        // Somebody else's deletion says nothing.
        members[0].append(deletion, "");
        members[1].append(deletion, "");
        meet_two(&mut members, 0, 1, 3);
        meet_two(&mut members, 0, 2, 4);
        assert!(!is_first || !awaits(&members[2], entry));
        assert_eq!(wanted(&meet_two(&mut members, 2, 1, 5)), 0);
        assert!(!awaits(&members[2], entry));
    }
}

#[test]
fn somebody_else_s_deletion_keeps_no_body_away() {
    let (mut members, entry) = withheld();
    let deletion = What::Annotation {
        kind: AnnotationKind::DELETION,
        target: entry,
    };
    members[0].append(deletion, "");
    meet_two(&mut members, 0, 2, 3);
    meet_two(&mut members, 2, 1, 4);
    assert_eq!(members[2].texts(), ["one", "two", "three"]);
}

fn blind(hash: u64) -> Blind {
    Blind::new(&SECRET, &hash.to_be_bytes(), Role::Answerer)
}

fn hear(session: &mut Session, member: &mut Member, message: &Message) {
    session.hear(0, member, message.kind(), &message.encode().into());
}

/// Member 2 has asked member 1, who has not answered yet.
fn asking(members: &mut [Member], hash: u64) -> Session {
    let [late, other] = two(members, 2, 1);
    let mut session = Session::open([late, other], hash);
    session.work(0, late);
    session.send(0, late, 1 << 20);
    assert_eq!(wanted(&session), 1);
    late.events.clear();
    session
}

#[test]
fn a_false_body_is_the_peer_s_fault_and_the_true_one_comes_from_another() {
    for (salt, bytes) in [([0; 16], &b"two"[..]), ([1; 16], b"lie")] {
        let (mut members, entry) = withheld();
        let mut session = asking(&mut members, 9);
        let message = Message::Bodies {
            space: blind(9),
            bodies: vec![Some((salt, Bytes::copy_from_slice(bytes)))],
        };
        hear(&mut session, &mut members[2], &message);
        let expected = [("fault: BadItem".to_owned(), 1)].into();
        assert_eq!(faults(&members[2].events), expected);
        assert_eq!(members[2].texts(), ["one", "", "three"]);
        assert!(awaits(&members[2], entry));
        drop(session);
        meet_two(&mut members, 2, 1, 10);
        assert_eq!(members[2].texts(), ["one", "two", "three"]);
    }
}

#[test]
fn bodies_that_nobody_asked_for_are_the_peer_s_fault() {
    let (mut members, _) = withheld();
    let mut session = asking(&mut members, 9);
    let message = Message::Bodies {
        space: blind(9),
        bodies: vec![None, None],
    };
    hear(&mut session, &mut members[2], &message);
    let expected = [("fault: BadItem".to_owned(), 1)].into();
    assert_eq!(faults(&members[2].events), expected);
}

#[test]
fn a_flood_of_wanted_bodies_is_bounded() {
    let (mut members, entry) = withheld();
    let [victim, liar] = two(&mut members, 1, 2);
    let mut session = Session::open([victim, liar], 9);
    session.work(0, victim);
    victim.events.clear();
    // The same one, one that is not here, and one of a log that is not here.
    let mut nowhere = entry;
    nowhere.log.incarnation.0 = 99;
    let past = EntryId {
        seq: Seq(1_000),
        ..entry
    };
    let names = [entry, past, nowhere].into_iter().cycle();
    let message = Message::WantBodies {
        space: blind(9),
        wanted: names.take(MAX_WANTED_BODIES).collect(),
    };
    for _ in 0..4 {
        hear(&mut session, victim, &message);
    }
    assert!(faults(&victim.events).is_empty());
    hear(&mut session, victim, &message);
    let expected = [("fault: BadItem".to_owned(), 1)].into();
    assert_eq!(faults(&victim.events), expected);
    let mut sent = 0;
    while session.send(0, victim, 1 << 20) {
        sent += 1;
        assert!(sent < 100);
    }
    let given = session.items.iter().map(|message| match message {
        Message::Bodies { bodies, .. } => bodies.len(),
        _ => 0,
    });
    assert_eq!(given.sum::<usize>(), 4 * MAX_WANTED_BODIES);
}

/// Text number `number`, long enough to stay behind.
fn long(number: u64) -> String {
    format!("{number} {}", "x".repeat(100))
}

/// Headers first, then bodies, newest first: the newest 200 texts are there when the last header is.
#[test]
fn a_newcomer_reads_the_newest_texts_first() {
    const TEXTS: u64 = 700;
    let mut hub = Member::new(0, &founding(1, 3));
    let mut others: Vec<Member> = (1..4).map(|it| Member::new(it, &founding(1, 3))).collect();
    // Each says 100 at a time and hears the others.
    for number in 0..TEXTS {
        let author = &mut others[(number / 100 % 2) as usize];
        author.say(&long(number));
        if number % 100 == 99 {
            meet(author, &mut hub, number);
            meet(
                &mut others[(number / 100 % 2) as usize ^ 1],
                &mut hub,
                number + 10_000,
            );
        }
    }
    let late = &mut others[2];
    let mut session = Session::open([&mut hub, late], 77);
    let mut at_headers = None;
    loop {
        let mut moved = session.send(0, &hub, 4_000) | session.send(1, late, 4_000);
        moved |= session.arrive(1, late) | session.arrive(0, &mut hub);
        if at_headers.is_none() && late.summary().rows == TEXTS {
            at_headers = Some((late.texts(), session.bytes[0]));
        }
        if !moved {
            break;
        }
    }
    let (texts, bytes) = at_headers.unwrap();
    let whole: Vec<String> = (0..TEXTS).map(long).collect();
    assert_eq!(texts[500..], whole[500..]);
    assert!(texts[..400].iter().all(String::is_empty));
    assert!(
        bytes * 2 < session.bytes[0],
        "{bytes} of {}",
        session.bytes[0]
    );
    assert_eq!(late.texts(), whole);
    // The rest came newest first, by runs.
    let second = others[1].log();
    let number = |entry: &EntryId| {
        let (block, at) = ((entry.seq.0 - 1) / 100, (entry.seq.0 - 1) % 100);
        block * 200 + u64::from(entry.log == second) * 100 + at
    };
    let wanted = session.items.iter().flat_map(|message| match message {
        Message::WantBodies { wanted, .. } => wanted.clone(),
        _ => Vec::new(),
    });
    let order: Vec<u64> = wanted.map(|entry| number(&entry)).collect();
    let (early, lately) = order.split_at(order.len() / 2);
    assert!(order.len() >= 500 && early.iter().sum::<u64>() > 2 * lately.iter().sum::<u64>());
    let late = &others[2];
    assert!(faults(&late.events).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Whoever withholds what, and whoever meets whom in whatever order: as long as one has a body, all get it in the end.
    #[test]
    fn all_bodies_come_to_all_in_any_order(
        removals in prop::collection::vec((0..4usize, 0..12u64), 0..20),
        meetings in prop::collection::vec((0..4usize, 1..4usize), 0..12),
    ) {
        let mut members = circle(1, 3);
        let entries: Vec<EntryId> = (0..12)
            .map(|number| members[number % 4].say(&format!("text {number}")))
            .collect();
        for (number, (one, step)) in meetings.into_iter().enumerate() {
            meet_two(&mut members, one, (one + step) % 4, 1_000 + number as u64);
        }
        for (who, number) in removals {
            let entry = entries[number as usize];
            // The author keeps its own.
            if members[who].log() != entry.log {
                members[who].store.write(|txn| body::remove(txn, GROUP, entry)).unwrap();
            }
        }
        all_meet(&mut members);
        let digest = members[0].digest();
        for member in &mut members {
            prop_assert_eq!(member.digest(), digest);
            prop_assert!(faults(&member.events).is_empty());
            for entry in &entries {
                prop_assert!(!awaits(member, *entry));
            }
        }
    }
}
