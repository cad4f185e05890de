//! Members and others who lie.

use bytes::Bytes;
use hedgerow_sync::batch::{BatchBuilder, Chain, Version};
use hedgerow_sync::entry::{Body, Entry, What};
use hedgerow_sync::group::{MAX_POOL, fork};
use hedgerow_sync::id::{EntryId, Incarnation, LogId, Seq};
use hedgerow_sync::membership::{Act, Level, Operation, OperationId};
use hedgerow_sync::reconcile::Event;
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::{Blind, LogName, Message, Role};

use crate::support::circle::{
    GROUP, Member, SECRET, Session, all_meet, circle, faults, founding, meet, two,
};
use crate::support::group::keys::{key, member};

/// Two members in a session; the dialler says what a test wants.
fn attack(members: &mut [Member]) -> Session {
    let [liar, victim] = two(members, 0, 1);
    let mut session = Session::open([liar, victim], 77);
    session.settle([liar, victim]);
    victim.events.clear();
    session
}

fn blind() -> Blind {
    Blind::new(&SECRET, &77u64.to_be_bytes(), Role::Dialler)
}

/// The first entries of a log, each with these links, signed by the key of this number.
fn run(signer: u64, log: LogId, of: &Member, links: &[Vec<EntryId>]) -> Message {
    let version = Version::new(of.group.membership().tips());
    run_under(&version, signer, log, links)
}

/// The same under any version.
fn run_under(version: &Version, signer: u64, log: LogId, links: &[Vec<EntryId>]) -> Message {
    let mut builder = BatchBuilder::signed(log, Seq(1), 0, version, Chain::start(GROUP, log));
    for links in links {
        let entry = Entry {
            what: What::TEXT,
            links: links.clone(),
            wall_ms: 0,
            body: Body::Bytes(Bytes::from_static(b"lie")),
        };
        assert!(builder.push_salted(&entry, &[1; 16]));
    }
    Message::Entries {
        space: blind(),
        log: LogName::Other(log),
        core: builder.sign(&key(signer), GROUP).0.into(),
    }
}

fn log(number: u64, incarnation: u64) -> LogId {
    LogId {
        device: member(number).device(),
        incarnation: Incarnation(incarnation),
    }
}

fn hear(session: &mut Session, victim: &mut Member, message: &Message) {
    session.hear(1, victim, message.kind(), &message.encode().into());
}

#[test]
fn nobody_posts_in_another_s_name() {
    let mut members = circle(1, 2);
    let mut session = attack(&mut members);
    let message = run(0, log(2, 9), &members[0], &[vec![]]);
    hear(&mut session, &mut members[1], &message);
    let expected = [("refused: FalseSignature".to_owned(), 1)].into();
    assert_eq!(faults(&members[1].events), expected);
    assert_eq!(members[1].frontier().len(), 0);
}

#[test]
fn an_outsider_s_log_is_not_taken() {
    let mut members = circle(1, 2);
    let mut session = attack(&mut members);
    let message = run(50, log(50, 9), &members[0], &[vec![]]);
    hear(&mut session, &mut members[1], &message);
    let expected = [("refused: NotMember".to_owned(), 1)].into();
    assert_eq!(faults(&members[1].events), expected);
    assert_eq!(members[1].frontier().len(), 0);
}

/// Each half of the group gets another log of the liar. Both halves learn of it, freeze it, and go on.
#[test]
fn who_shows_halves_different_things_is_found_out() {
    let mut members = circle(1, 4);
    let founding = founding(1, 4);
    // The same key and opening in two stores.
    let mut twin = Member::new(4, &founding);
    members[4].say("to the first half");
    twin.say("to the second half");
    for (half, liar) in [(1, 0), (2, 1)] {
        let [honest, first] = two(&mut members, half, 4);
        match liar {
            0 => _ = meet(honest, first, 1),
            _ => _ = meet(honest, &mut twin, 2),
        }
    }
    let forked = members[4].log();
    let [one, other] = two(&mut members, 1, 2);
    meet(one, other, 3);
    meet(one, other, 4);
    for half in [1, 2] {
        let news = faults(&members[half].events);
        assert_eq!(news, [("forked".to_owned(), 1)].into(), "member {half}");
        let proof = members[half]
            .store
            .read(|reader| fork(reader, GROUP, forked));
        let proof = proof.unwrap().expect("both signed heads are kept");
        assert!(proof.verify(member(4), GROUP, forked));
        assert!(!proof.verify(member(3), GROUP, forked));
        let again = hedgerow_sync::group::Fork::decode(&proof.encode());
        assert_eq!(again, Some(proof));
    }
    // Nothing more of that log, from anybody, and everything of the others.
    members[4].say("more");
    members[1].say("we go on");
    let [one, liar] = two(&mut members, 1, 4);
    meet(one, liar, 5);
    assert_eq!(one.texts(), ["to the first half", "we go on"]);
    let [one, other] = two(&mut members, 1, 2);
    meet(one, other, 6);
    assert_eq!(other.texts(), ["to the second half", "we go on"]);
    assert_eq!(one.digest(), other.digest());
    // One who holds none of it learns both.
    let [one, third] = two(&mut members, 1, 3);
    meet(one, third, 7);
    assert_eq!(third.texts(), one.texts());
    assert_eq!(faults(&third.events), [("forked".to_owned(), 1)].into());
}

#[test]
fn an_honest_log_is_never_taken_for_a_forked_one() {
    let mut members = circle(1, 3);
    for round in 0..6 {
        members[round % 4].say("a");
        members[round % 4].say("b");
        all_meet(&mut members);
    }
    assert!(members.iter().all(|it| faults(&it.events).is_empty()));
}

/// Not a lie, but out of order: it is asked for again once the operation has come.
#[test]
fn a_run_of_one_whose_appointment_comes_later_comes_again() {
    let mut members = circle(1, 2);
    let mut session = attack(&mut members);
    let appointment = members[0].set(9, Level::MEMBER);
    let message = run(9, log(9, 1), &members[0], &[vec![]]);
    hear(&mut session, &mut members[1], &message);
    assert!(faults(&members[1].events).is_empty());
    session.send(1, &members[1], 1 << 20);
    let wants = |message: &Message| matches!(message, Message::WantOperations { wanted, .. } if *wanted == [appointment]);
    assert!(session.items.iter().any(wants));
    session.items.clear();
    let bytes = members[0]
        .store
        .read(|reader| hedgerow_sync::control::ControlLog::operation(reader, GROUP, appointment));
    let message = Message::Operations {
        space: blind(),
        operations: vec![bytes.unwrap().unwrap().into()],
    };
    hear(&mut session, &mut members[1], &message);
    session.send(1, &members[1], 1 << 20);
    let asks = |message: &Message| matches!(message, Message::Frontier { base: None, .. });
    assert!(session.items.iter().any(asks));
}

/// Each run names an operation that nobody has.
#[test]
fn runs_of_strangers_that_name_operations_without_end_are_bounded() {
    let mut members = circle(1, 2);
    let mut session = attack(&mut members);
    let flood = 2 * MAX_POOL as u64;
    for number in 0..flood {
        let mut nowhere = [7; 32];
        nowhere[..8].copy_from_slice(&number.to_be_bytes());
        let version = Version::new(vec![OperationId(nowhere)]);
        let message = run_under(&version, 50, log(50, 1 + number), &[vec![]]);
        hear(&mut session, &mut members[1], &message);
    }
    for _ in 0..flood {
        session.send(1, &members[1], 1 << 20);
    }
    let asked = session.items.iter().map(|message| match message {
        Message::WantOperations { wanted, .. } => wanted.len(),
        _ => 0,
    });
    let asked: usize = asked.sum();
    assert!((1..=MAX_POOL).contains(&asked), "{asked} operations");
    members[2].say("heard");
    let [victim, honest] = two(&mut members, 1, 2);
    meet(victim, honest, 5);
    assert_eq!(victim.texts(), ["heard"]);
}

/// A false proof is the peer's fault.
#[test]
fn a_proof_of_a_fork_is_verified() {
    let mut members = circle(1, 2);
    members[1].say("a");
    let mut session = attack(&mut members);
    let honest = log(1, 2);
    let mut builder = BatchBuilder::signed(
        honest,
        Seq(1),
        0,
        &Version::new(members[0].group.membership().tips()),
        Chain::start(GROUP, honest),
    );
    let entry = Entry {
        what: What::TEXT,
        links: vec![],
        wall_ms: 0,
        body: Body::Gone,
    };
    builder.push_salted(&entry, &[0; 16]);
    // Signed by the liar.
    let (core, head) = builder.sign(&key(0), GROUP);
    let fork = hedgerow_sync::group::Fork {
        head,
        run: core.into(),
    };
    let message = Message::Forked {
        space: blind(),
        log: honest,
        fork,
    };
    hear(&mut session, &mut members[1], &message);
    let expected = [("fault: BadItem".to_owned(), 1)].into();
    assert_eq!(faults(&members[1].events), expected);
}

/// They link to what nobody has, and to each other: they wait, at most so many, and hold up nobody else.
#[test]
fn runs_that_never_come_to_an_end_are_bounded_and_hold_up_nobody() {
    let mut members = circle(1, 2);
    let mut session = attack(&mut members);
    let nowhere = EntryId {
        log: log(2, 1),
        seq: Seq(1_000),
    };
    for number in 0..MAX_POOL as u64 + 100 {
        let message = run(0, log(0, 100 + number), &members[0], &[vec![nowhere]]);
        hear(&mut session, &mut members[1], &message);
    }
    let entry = |incarnation| EntryId {
        log: log(0, incarnation),
        seq: Seq(1),
    };
    for (one, other) in [(10, 11), (11, 10)] {
        let message = run(0, log(0, one), &members[0], &[vec![entry(other)]]);
        hear(&mut session, &mut members[1], &message);
    }
    assert_eq!(members[1].frontier().len(), 0);
    assert!(faults(&members[1].events).is_empty());
    members[2].say("heard");
    let [victim, honest] = two(&mut members, 1, 2);
    meet(victim, honest, 5);
    assert_eq!(victim.texts(), ["heard"]);
}

/// Void operations are bounded, and an honest peer still brings what counts.
#[test]
fn a_flood_of_operations_is_bounded() {
    let mut members = circle(1, 2);
    let mut session = attack(&mut members);
    let root = members[0].group.membership().root().id();
    let mut sent = 0;
    for batch in 0..20u64 {
        let operations = (0..20u64).map(|number| {
            let act = Act::Set {
                who: member(1_000 + batch * 100 + number),
                level: Level::ADMIN,
                held: Default::default(),
            };
            // A plain member appoints nobody.
            let operation = Operation::new(member(2), vec![root], act).unwrap();
            Bytes::from(operation.sign(&key(2)).unwrap())
        });
        let message = Message::Operations {
            space: blind(),
            operations: operations.collect(),
        };
        sent += 20;
        hear(&mut session, &mut members[1], &message);
    }
    let held = members[1].group.membership().count();
    assert!(sent == 400 && held <= 1 + 64, "{held} operations");
    members[2].act(Act::Seen);
    members[2].say("still here");
    let [victim, honest] = two(&mut members, 1, 2);
    meet(victim, honest, 5);
    assert_eq!(victim.texts(), ["still here"]);
}

#[test]
fn an_operation_with_a_false_signature_is_the_peer_s_fault() {
    let mut members = circle(1, 2);
    let mut session = attack(&mut members);
    let root = members[0].group.membership().root().id();
    let operation = Operation::new(member(0), vec![root], Act::Seen).unwrap();
    let mut bytes = operation.sign(&key(0)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let message = Message::Operations {
        space: blind(),
        operations: vec![bytes.into()],
    };
    hear(&mut session, &mut members[1], &message);
    let expected = [("fault: BadItem".to_owned(), 1)].into();
    assert_eq!(faults(&members[1].events), expected);
    assert_eq!(members[1].group.membership().count(), 1);
}

/// A removed member who claims not to have heard: nobody sees it who did not answer.
#[test]
fn a_backdated_entry_is_not_shown() {
    let mut members = circle(1, 3);
    members[1].say("before");
    all_meet(&mut members);
    members[0].set(1, Level::NONE);
    let [admin, other] = two(&mut members, 0, 2);
    meet(admin, other, 900);
    // He writes under the version of before.
    members[1].say("backdated");
    let [removed, other] = two(&mut members, 1, 2);
    meet(removed, other, 901);
    assert_eq!(other.texts(), ["before"]);
    assert!(
        other
            .events
            .iter()
            .any(|it| matches!(it, Event::Operations { shown, .. } if shown.is_empty()))
    );
    // An answer to something else does not bring it back, since it does not link to it.
    members[2].say("answer");
    all_meet(&mut members);
    for it in &members {
        assert_eq!(it.texts(), ["before", "answer"], "member {}", it.number);
    }
}
