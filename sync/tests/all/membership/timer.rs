//! The timer of a group: who may set it, and which one holds.

use hedgerow_sync::membership::{
    Act, Founding, Held, Level, Membership, Operation, OperationId, Verdict, VoidReason,
};
use proptest::prelude::*;

use crate::support::group::keys::member;

/// Of the people 0 to 3, 0 and 1 are admins.
const ADMINS: u64 = 2;

fn founding() -> Operation {
    let level = |it| match it < ADMINS {
        true => Level::ADMIN,
        false => Level::MEMBER,
    };
    let people = (0..4).map(|it| (member(it), level(it))).collect();
    let founding = Founding::Line {
        people,
        continues: None,
    };
    Operation::new(member(0), Vec::new(), Act::Create(founding)).expect("it keeps to the limits")
}

fn operation(author: u64, links: &[OperationId], act: Act) -> Operation {
    Operation::new(member(author), links.to_vec(), act).expect("it keeps to the limits")
}

fn group(operations: &[&Operation]) -> Membership {
    let mut membership = Membership::new(founding()).expect("it is a founding");
    for operation in operations {
        membership.insert((*operation).clone());
    }
    membership
}

fn seconds(membership: &Membership) -> Option<u64> {
    membership.timer().map(|(_, seconds)| seconds)
}

proptest! {
    #[test]
    fn the_last_timer_of_an_admin_holds_in_any_order(
        deeds in prop::collection::vec((0..4u64, any::<[bool; 12]>()), 1..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let root = founding();
        let mut all: Vec<(Operation, u64)> = vec![(root.clone(), 0)];
        for (number, (author, knows)) in deeds.iter().enumerate() {
            let known = all.iter().enumerate();
            // What its author did before, it knows.
            let known = known.filter(|(at, (it, _))| {
                *at == 0 || knows[*at - 1] || it.author() == member(*author)
            });
            let known: Vec<_> = known.map(|(_, it)| it).collect();
            let links: Vec<OperationId> = known.iter().map(|(it, _)| it.id()).collect();
            let lamport = 1 + known.iter().map(|(_, lamport)| *lamport).max().unwrap_or(0);
            let act = Act::Timer { seconds: 60 + number as u64 };
            all.push((operation(*author, &links, act), lamport));
        }
        let by_admins = all[1..].iter().filter(|(it, _)| (0..ADMINS).any(|admin| it.author() == member(admin)));
        let last = by_admins.max_by_key(|(it, lamport)| (*lamport, it.id()));
        let expected = last.map(|(it, _)| it.id());
        let mut left: Vec<&Operation> = all[1..].iter().map(|(it, _)| it).collect();
        let mut membership = Membership::new(root).expect("it is a founding");
        for at in order {
            if !left.is_empty() {
                membership.insert(left.remove(at.index(left.len())).clone());
            }
        }
        prop_assert_eq!(membership.timer().map(|(it, _)| it.id()), expected);
    }
}

#[test]
fn nobody_but_an_admin_sets_the_timer() {
    let timer = operation(2, &[founding().id()], Act::Timer { seconds: 60 });
    let membership = group(&[&timer]);
    assert_eq!(seconds(&membership), None);
    let void = Verdict::Void {
        reason: VoidReason::NotAdmin,
        by: None,
    };
    assert_eq!(membership.verdict(timer.id()), Some(void));
    // As all that would set something and does not: nothing links to it, and only some are kept.
    assert!(membership.is_loose(timer.id()));
    assert_eq!(membership.tips(), [founding().id()]);
}

#[test]
fn a_timer_that_was_set_beside_the_removal_of_its_author_holds_only_if_the_remover_knew_it() {
    let root = founding().id();
    let before = operation(0, &[root], Act::Timer { seconds: 3_600 });
    let timer = operation(1, &[before.id()], Act::Timer { seconds: 60 });
    let removal = |links: &[OperationId]| {
        let act = Act::Set {
            who: member(1),
            level: Level::NONE,
            held: Held::new(),
        };
        operation(0, links, act)
    };
    let (beside, after) = (removal(&[before.id()]), removal(&[timer.id()]));
    assert_eq!(seconds(&group(&[&before, &timer])), Some(60));
    assert_eq!(seconds(&group(&[&before, &timer, &after])), Some(60));
    for order in [[&before, &timer, &beside], [&before, &beside, &timer]] {
        let membership = group(&order);
        assert_eq!(seconds(&membership), Some(3_600));
        let void = Verdict::Void {
            reason: VoidReason::Lowered,
            by: Some(beside.id()),
        };
        assert_eq!(membership.verdict(timer.id()), Some(void));
    }
}
