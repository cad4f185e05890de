//! What the entries of a member prove about what it holds.

use hedgerow_sync::group::shows_to_hold;
use hedgerow_sync::id::EntryId;
use hedgerow_sync::page;
use hedgerow_sync::store::{Reader, Store};
use proptest::prelude::*;

use crate::support::circle::{GROUP, Member, circle, meet, two};

fn shows(seen_by: &Member, of: &Member, entry: EntryId) -> bool {
    let look = |reader: &dyn Reader| shows_to_hold(reader, GROUP, of.device(), entry);
    seen_by.store.read(look).unwrap()
}

fn holds(member: &Member, entry: EntryId) -> bool {
    let look = |reader: &dyn Reader| page::entry(reader, GROUP, entry);
    member.store.read(look).unwrap().is_some()
}

fn meets(members: &mut [Member], one: usize, other: usize, number: u64) {
    let [first, second] = two(members, one, other);
    meet(first, second, number);
}

#[test]
fn an_entry_shows_that_its_author_holds_what_it_links_to_through_others_too() {
    let mut members = circle(1, 2);
    let asked = members[0].say("who is there?");
    assert!(shows(&members[0], &members[0], asked));
    meets(&mut members, 0, 1, 1);
    assert!(!shows(&members[0], &members[1], asked), "it said nothing");
    members[1].say("I am");
    meets(&mut members, 1, 2, 2);
    // It links to the answer alone.
    members[2].say("I too");
    meets(&mut members, 0, 1, 3);
    assert!(shows(&members[0], &members[1], asked));
    assert!(!shows(&members[0], &members[2], asked));
    meets(&mut members, 1, 2, 4);
    meets(&mut members, 0, 1, 5);
    assert!(shows(&members[0], &members[2], asked));
    let later = members[0].say("good");
    assert!(!shows(&members[0], &members[1], later));
    assert!(!shows(&members[0], &members[2], later));
}

/// One says something, or two meet.
#[derive(Debug, Clone)]
enum Step {
    Says(usize),
    Meet(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..5usize).prop_map(Step::Says),
        (0..5usize, 1..5usize).prop_map(|(one, by)| Step::Meet(one, (one + by) % 5)),
        (0..5usize, 1..5usize).prop_map(|(one, by)| Step::Meet(one, (one + by) % 5)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_shown_to_hold_what_it_does_not_whoever_met_whom(
        steps in prop::collection::vec(step(), 10..50)
    ) {
        let mut members = circle(1, 4);
        let mut said = Vec::new();
        for (step, number) in steps.into_iter().zip(0..) {
            match step {
                Step::Says(one) => said.push(members[one].say(&format!("{number}"))),
                Step::Meet(one, other) => meets(&mut members, one.min(other), one.max(other), number),
            }
        }
        for entry in said {
            for seen_by in members.iter().filter(|one| holds(one, entry)) {
                for of in &members {
                    prop_assert!(!shows(seen_by, of, entry) || holds(of, entry));
                }
                // Its own entries show what it holds, from its next word on.
                let author = members.iter().find(|one| one.device() == entry.log.device);
                prop_assert!(shows(seen_by, author.unwrap(), entry));
            }
        }
    }
}
