//! Operations one at a time, in any order and twice, come to the same as all at once.

use std::collections::BTreeSet;

use hedgerow_sync::membership::{
    Inserted, MAX_WAITING_OPERATIONS, MemberKey, Membership, Operation, OperationId, Standing,
    Verdict,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::histories;
use crate::support::group::notation;
use crate::support::group::random::{self, plot};

/// Everything that a person can ask.
#[derive(Debug, PartialEq)]
struct Answers {
    standings: Vec<Standing>,
    operations: Vec<(OperationId, Verdict, BTreeSet<MemberKey>)>,
    tips: Vec<OperationId>,
}

fn answers(membership: &Membership) -> Answers {
    let ids: BTreeSet<OperationId> = membership.operations().map(Operation::id).collect();
    let operation = |id: OperationId| {
        let verdict = membership.verdict(id).expect("it is held");
        (id, verdict, membership.settles_with(id))
    };
    Answers {
        standings: membership.standings(),
        operations: ids.into_iter().map(operation).collect(),
        tips: membership.tips(),
    }
}

/// Of the same operations, all at once and the newest first.
fn from_scratch(membership: &Membership) -> Membership {
    let mut other = Membership::new(membership.root().clone()).expect("it is a founding");
    let mut operations: Vec<Operation> = membership.operations().cloned().collect();
    operations.reverse();
    other.extend(operations);
    assert_eq!(other.count(), membership.count());
    other
}

#[test]
fn one_at_a_time_in_any_order_and_twice_equals_from_scratch_after_each() {
    let config = Config {
        cases: histories(300),
        ..Config::with_source_file(file!())
    };
    let any = (
        plot(24),
        prop::collection::vec(any::<prop::sample::Index>(), 1..80),
    );
    TestRunner::new(config)
        .run(&any, |(plot, order)| {
            let mut operations = random::story(&plot).operations();
            let mut membership = Membership::new(operations.remove(0)).expect("it is a founding");
            let mut all = from_scratch(&membership);
            all.extend(operations.clone());
            // Some twice, then what is left.
            let drawn: Vec<Operation> = order
                .iter()
                .filter_map(|index| Some(index.get(operations.get(..)?).clone()))
                .collect::<Vec<_>>();
            for operation in drawn.into_iter().chain(operations) {
                membership.insert(operation);
                prop_assert_eq!(answers(&membership), answers(&from_scratch(&membership)));
            }
            prop_assert_eq!(answers(&membership), answers(&all));
            prop_assert_eq!(membership.missing().count(), 0);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn an_operation_waits_for_what_it_links_to() {
    let story = notation::story("g AB|1 A:c=m g|2 A:d=m 1|3 B:e=m 2");
    let mut operations = story.operations();
    let ids = story.ids();
    let mut membership = Membership::new(operations.remove(0)).expect("it is a founding");
    let [one, two, three] = operations.try_into().expect("three");
    let waits = |missing| Inserted::Waits {
        missing,
        dropped: None,
    };
    assert_eq!(membership.insert(three), waits(ids[2]));
    assert_eq!(membership.insert(two.clone()), waits(ids[1]));
    assert_eq!(membership.insert(two), Inserted::Nothing);
    assert!(
        membership
            .missing()
            .eq([ids[1], ids[2]].into_iter().collect::<BTreeSet<_>>())
    );
    let held = Inserted::Held(vec![ids[1], ids[2], ids[3]]);
    assert_eq!(membership.insert(one.clone()), held);
    assert_eq!(membership.insert(one), Inserted::Nothing);
    assert_eq!(membership.missing().count(), 0);
}

#[test]
fn what_waits_for_nothing_that_comes_is_bounded_and_makes_room() {
    let story = notation::story("g AB|1 A:c=m g|2 A:d=m 1");
    let mut operations = story.operations();
    let (late, one) = (operations.remove(2), operations.remove(1));
    let author = late.author();
    let mut membership = Membership::new(operations.remove(0)).expect("it is a founding");
    for number in 0..2 * MAX_WAITING_OPERATIONS as u64 {
        let nothing = OperationId(*blake3::hash(&number.to_be_bytes()).as_bytes());
        let flood = Operation::new(author, vec![nothing], late.act().clone());
        let inserted = membership.insert(flood.expect("it is within the limits"));
        let Inserted::Waits { dropped, .. } = inserted else {
            panic!("it waits");
        };
        assert_eq!(dropped.is_some(), number >= MAX_WAITING_OPERATIONS as u64);
    }
    assert_eq!(membership.missing().count(), MAX_WAITING_OPERATIONS);
    membership.insert(late);
    membership.insert(one);
    assert_eq!(membership.count(), 3);
}
