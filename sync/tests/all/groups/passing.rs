//! What members pass on.

use hedgerow_sync::body;
use hedgerow_sync::membership::{Act, Founding, Held, Level, Operation};
use hedgerow_sync::store::Store;

use crate::support::circle::{GROUP, Member, Session, all_meet, circle, faults, meet, two};
use crate::support::group::keys::{key, member};

#[test]
fn two_who_never_meet_read_each_other_through_a_third() {
    let mut members = circle(1, 2);
    members[1].say("from the first");
    members[2].say("from the second");
    for (one, other) in [(1, 0), (0, 2), (0, 1)] {
        let [first, second] = two(&mut members, one, other);
        meet(first, second, 1);
    }
    let texts = members[0].texts();
    assert_eq!(texts.len(), 2);
    assert_eq!(members[1].texts(), texts);
    assert_eq!(members[2].texts(), texts);
    assert!(members.iter().all(|it| faults(&it.events).is_empty()));
}

/// None of their runs could be stored before the other.
#[test]
fn runs_that_answer_each_other_come_together() {
    let mut members = circle(1, 2);
    for round in 0..300 {
        let author = round % 2;
        let [first, second] = two(&mut members, 0, 1);
        match author {
            0 => first.say(&format!("{round}")),
            _ => second.say(&format!("{round}")),
        };
        meet(first, second, round);
    }
    assert_eq!(members[0].texts().len(), 300);
    let [first, third] = two(&mut members, 0, 2);
    let session = meet(first, third, 1_000);
    assert_eq!(third.texts(), first.texts());
    assert!(session.runs <= 4, "{} runs", session.runs);
    assert_eq!(first.digest(), third.digest());
    // What was merged on the way is passed on once more, by one who never met the authors.
    let [third, second] = two(&mut members, 2, 1);
    assert_eq!(third.digest(), second.digest());
}

/// The chain stays, so whoever passes the run on proves it all the same.
#[test]
fn a_body_that_was_removed_stays_away_and_its_neighbours_are_passed_on() {
    let mut members = circle(1, 2);
    members[1].say("one");
    let secret = members[1].say("two");
    members[1].say("three");
    let [hub, author] = two(&mut members, 0, 1);
    meet(hub, author, 1);
    let removed = hub.store.write(|txn| body::remove(txn, GROUP, secret));
    assert!(removed.unwrap());
    let [hub, third] = two(&mut members, 0, 2);
    meet(hub, third, 2);
    assert_eq!(third.texts(), ["one", "", "three"]);
    assert_eq!(third.digest(), hub.digest());
    assert!(faults(&third.events).is_empty());
    // The author's own copy loses it too, commitment aside, and it goes on with the same log.
    let [author, third] = two(&mut members, 1, 2);
    let removed = author.store.write(|txn| body::remove(txn, GROUP, secret));
    assert!(removed.unwrap());
    author.say("four");
    meet(author, third, 3);
    assert_eq!(author.texts(), ["one", "", "three", "four"]);
    assert_eq!(third.texts(), author.texts());
    assert!(faults(&third.events).is_empty());
}

#[test]
fn a_text_reaches_a_session_that_is_up() {
    let mut members = circle(1, 1);
    let [first, second] = two(&mut members, 0, 1);
    let mut session = Session::open([first, second], 1);
    session.settle([first, second]);
    let id = first.say("now");
    session.said(0, first, id);
    session.settle([first, second]);
    assert_eq!(second.texts(), ["now"]);
}

#[test]
fn a_newcomer_learns_of_its_own_appointment_and_of_all_that_was_said() {
    let mut members = circle(1, 1);
    members[0].say("before");
    members[0].set(2, Level::MEMBER);
    let founding = crate::support::circle::founding(1, 1);
    members.push(Member::new(2, &founding));
    let [first, newcomer] = two(&mut members, 0, 2);
    let mut session = meet(first, newcomer, 1);
    assert_eq!(newcomer.group.membership().level(member(2)), Level::MEMBER);
    assert_eq!(newcomer.texts(), ["before"]);
    let id = newcomer.say("after");
    session.said(1, newcomer, id);
    session.settle([first, newcomer]);
    let [first, second] = two(&mut members, 0, 1);
    meet(first, second, 2);
    assert_eq!(second.texts(), ["before", "after"]);
}

/// Entries name operations that come only later, over another way.
#[test]
fn entries_wait_for_the_operations_that_they_name() {
    let mut members = circle(1, 3);
    members[0].act(Act::Seen);
    members[0].say("knows more");
    all_meet(&mut members);
    for it in &members {
        assert_eq!(it.texts(), ["knows more"]);
        assert_eq!(it.group.membership().count(), 2);
    }
}

#[test]
fn what_a_removed_member_writes_afterwards_is_not_shown() {
    let mut members = circle(1, 3);
    members[1].say("before");
    all_meet(&mut members);
    members[0].set(1, Level::NONE);
    // The removed one has not heard, nor has another who meets it.
    members[1].say("after");
    let [removed, other] = two(&mut members, 1, 2);
    meet(removed, other, 5);
    assert_eq!(members[2].texts(), ["before", "after"]);
    all_meet(&mut members);
    for it in &mut members {
        assert_eq!(it.texts(), ["before"], "member {}", it.number);
        assert_eq!(it.summary().rows, 1);
        it.reopen();
    }
    // Somebody who answered before he heard keeps it.
    let mut members = circle(1, 3);
    all_meet(&mut members);
    members[0].set(1, Level::NONE);
    members[1].say("said");
    let [removed, other] = two(&mut members, 1, 2);
    meet(removed, other, 5);
    members[2].say("answered");
    all_meet(&mut members);
    for it in &members {
        assert_eq!(it.texts(), ["said", "answered"], "member {}", it.number);
    }
}

#[test]
fn who_leaves_is_out_and_the_rest_goes_on() {
    let mut members = circle(2, 1);
    members[2].say("bye");
    members[2].act(Act::Leave { held: Held::new() });
    all_meet(&mut members);
    members[1].say("gone");
    all_meet(&mut members);
    assert_eq!(members[0].texts(), members[1].texts());
    assert_eq!(members[0].texts().last().unwrap(), "gone");
    assert_eq!(members[0].group.membership().level(member(2)), Level::NONE);
}

/// The group is equal, but for one who has operations of both.
#[test]
fn operations_of_both_sides_meet() {
    let mut members = circle(3, 2);
    for round in 0..40 {
        members[round % 3].act(Act::Seen);
    }
    members[0].set(7, Level::MEMBER);
    members[1].set(8, Level::MEMBER);
    all_meet(&mut members);
    for it in &members {
        assert_eq!(it.group.membership().count(), 43);
    }
}

/// Nobody can say which operations mean something.
#[test]
fn a_group_of_rules_that_nobody_here_knows_is_passed_on_whole() {
    let unknown = Founding::Unknown {
        rules: 2,
        content: vec![7],
    };
    let root = Operation::new(member(0), Vec::new(), Act::Create(unknown)).unwrap();
    let founding = root.sign(&key(0)).unwrap();
    let members = (0..3).map(|number| Member::new(number, &founding));
    let mut members: Vec<Member> = members.collect();
    let mut last = root.id();
    for number in 0..20 {
        let act = match number % 3 {
            0 => Act::Seen,
            _ => Act::Set {
                who: member(number),
                level: Level::ADMIN,
                held: Held::new(),
            },
        };
        let operation = Operation::new(member(number % 2), vec![last], act).unwrap();
        last = operation.id();
        let bytes = operation.sign(&key(number % 2)).unwrap();
        let Member { store, group, .. } = &mut members[0];
        let accepted = store.write(|txn| Ok(group.accept(txn, &bytes).is_ok()));
        assert!(accepted.unwrap());
    }
    for (one, other) in [(0, 1), (1, 2)] {
        let [first, second] = two(&mut members, one, other);
        meet(first, second, other as u64);
    }
    for it in &mut members {
        it.reopen();
        assert_eq!(it.group.membership().count(), 21);
        assert!(!it.group.membership().is_judged());
    }
}
