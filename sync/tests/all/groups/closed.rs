//! A group towards a peer who is out, or not yet in, and a group that is shared in a running session.

use bytes::Bytes;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::membership::{Act, Level, prove_possession};
use hedgerow_sync::wire::{Blind, Message, Role};

use crate::support::circle::{Member, SECRET, Session, all_meet, circle, faults, founding, two};
use crate::support::group::keys::{key, member};

fn admit_both(session: &mut Session, [first, second]: [&mut Member; 2]) {
    session.admit(0, first, second.member_key());
    session.admit(1, second, first.member_key());
}

#[test]
fn a_closed_group_tells_its_peer_what_put_it_out_and_nothing_else() {
    let mut members = circle(1, 2);
    members[1].say("before");
    all_meet(&mut members);
    members[0].set(1, Level::NONE);
    let later = members[0].set(5, Level::MEMBER);
    let after = members[0].say("after");
    members[1].say("I have not heard");
    let [first, removed] = two(&mut members, 0, 1);
    let mut session = Session::open([first, removed], 7);
    admit_both(&mut session, [first, removed]);
    session.settle([first, removed]);
    assert_eq!(removed.group.membership().level(member(1)), Level::NONE);
    // What it wrote beside its removal is not shown at its own device either.
    assert_eq!(removed.texts(), ["before"]);
    assert!(removed.group.membership().operation(later).is_none());
    assert_eq!(first.texts(), ["before", "after"]);
    // It asks for what it is not told, by name.
    let blind = Blind::new(&SECRET, &7u64.to_be_bytes(), Role::Answerer);
    let asks = Message::WantOperations {
        space: blind,
        wanted: vec![later],
    };
    session.hear(0, first, asks.kind(), &Bytes::from(asks.encode()));
    let asks = Message::WantBodies {
        space: blind,
        wanted: vec![after],
    };
    session.hear(0, first, asks.kind(), &Bytes::from(asks.encode()));
    session.settle([first, removed]);
    assert!(removed.group.membership().operation(later).is_none());
    let mut items = session.items.iter();
    assert!(!items.any(|item| matches!(item, Message::Bodies { .. })));
    assert!(faults(&first.events).is_empty() && faults(&removed.events).is_empty());
}

#[test]
fn a_group_opens_in_the_session_that_brings_the_appointment() {
    let mut members = circle(1, 0);
    members.push(Member::new(1, &founding(1, 0)));
    members[0].say("before");
    let [first, newcomer] = two(&mut members, 0, 1);
    let mut session = Session::open_without([first, newcomer], 1);
    session.share(1, newcomer);
    session.admit(1, newcomer, first.member_key());
    session.settle([first, newcomer]);
    assert!(newcomer.texts().is_empty());
    first.set(1, Level::MEMBER);
    session.share(0, first);
    session.admit(0, first, newcomer.member_key());
    session.settle([first, newcomer]);
    assert_eq!(newcomer.texts(), ["before"]);
    let id = newcomer.say("after");
    session.said(1, newcomer, id);
    session.settle([first, newcomer]);
    assert_eq!(first.texts(), ["before", "after"]);
    assert!(faults(&first.events).is_empty() && faults(&newcomer.events).is_empty());
}

/// Whoever shares first speaks to somebody who does not listen yet.
#[test]
fn two_who_share_a_group_at_different_times_of_a_session_get_all() {
    for first_to_share in 0..2 {
        let mut members = circle(1, 1);
        members[0].act(Act::Seen);
        members[0].say("of the first");
        members[1].say("of the second");
        let [first, second] = two(&mut members, 0, 1);
        let mut session = Session::open_without([first, second], 1);
        for end in [first_to_share, 1 - first_to_share] {
            let sharer = if end == 0 { &mut *first } else { &mut *second };
            session.share(end, sharer);
            session.settle([first, second]);
        }
        assert_eq!(first.texts().len(), 2);
        assert_eq!(second.texts(), first.texts());
        assert_eq!(first.digest(), second.digest());
    }
}

#[test]
fn a_proof_of_possession_is_for_one_group_and_one_listener() {
    let (space, binder) = (SpaceId([1; 16]), [2; 32]);
    let proof = prove_possession(&key(3), space, &binder);
    assert!(member(3).is_held(space, &binder, &proof));
    assert!(!member(4).is_held(space, &binder, &proof));
    assert!(!member(3).is_held(SpaceId([9; 16]), &binder, &proof));
    assert!(!member(3).is_held(space, &[9; 32], &proof));
}
