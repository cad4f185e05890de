//! Many members over a virtual time, who meet whom their place allows: in the end all hold and show the same.

use std::collections::BTreeSet;

use hedgerow_sync::id::EntryId;
use hedgerow_sync::membership::Level;

use crate::support::circle::{Member, circle, faults, meet, two};
use crate::support::group::keys::member;

/// A source of numbers that a seed decides.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

/// Who can meet whom.
#[derive(Debug, Clone, Copy)]
enum Topology {
    Line,
    Ring,
    Star,
    All,
}

impl Topology {
    fn links(self, members: usize) -> Vec<(usize, usize)> {
        let line = (1..members).map(|it| (it - 1, it));
        match self {
            Topology::Line => line.collect(),
            Topology::Ring => line.chain([(0, members - 1)]).collect(),
            Topology::Star => (1..members).map(|it| (0, it)).collect(),
            Topology::All => (0..members)
                .flat_map(|one| (one + 1..members).map(move |other| (one, other)))
                .collect(),
        }
    }
}

const MEMBERS: usize = 10;

/// A member who knows that somebody is out meets him no more.
fn would_meet(one: &Member, other: &Member) -> bool {
    one.group.membership().level(other.member_key()) > Level::NONE
        && other.group.membership().level(one.member_key()) > Level::NONE
}

fn run(topology: Topology, seed: u64) {
    let mut chance = Chance(seed);
    let mut members = circle(3, MEMBERS as u64 - 3);
    let links = topology.links(MEMBERS);
    let removed = 3 + chance.below(MEMBERS - 3);
    let mut after: BTreeSet<EntryId> = BTreeSet::new();
    for hour in 0..160u64 {
        match chance.below(4) {
            0 => {
                let who = chance.below(MEMBERS);
                let knows = members[who]
                    .group
                    .membership()
                    .level(member(removed as u64));
                let id = members[who].say(&format!("{who} at {hour}"));
                if who != removed && knows == Level::NONE {
                    after.insert(id);
                }
            }
            _ => {
                let (one, other) = links[chance.below(links.len())];
                let [first, second] = two(&mut members, one, other);
                if would_meet(first, second) {
                    meet(first, second, hour);
                }
            }
        }
        if hour == 60 {
            members[0].set(removed as u64, Level::NONE);
        }
        if hour == 100 {
            let who = chance.below(MEMBERS);
            members[who].reopen();
        }
    }
    // Who is out must not keep the rest apart.
    for round in 0..MEMBERS as u64 {
        for one in 0..MEMBERS {
            for other in one + 1..MEMBERS {
                let is_linked = links.contains(&(one, other)) || round > 4;
                let [first, second] = two(&mut members, one, other);
                if is_linked && would_meet(first, second) {
                    meet(first, second, 1_000 + round);
                }
            }
        }
    }
    let held: BTreeSet<EntryId> = members[removed]
        .frontier()
        .into_iter()
        .flat_map(|(log, last)| {
            (1..=last.0).map(move |seq| EntryId {
                log,
                seq: hedgerow_sync::id::Seq(seq),
            })
        })
        .collect();
    assert!(!after.is_empty());
    assert!(
        held.is_disjoint(&after),
        "{topology:?}, seed {seed}: the removed one got news"
    );
    let expected = members[0].seen();
    let digest = members[0].digest();
    for it in &mut members {
        assert!(faults(&it.events).is_empty());
        if it.number as usize != removed {
            assert_eq!(
                it.seen(),
                expected,
                "{topology:?}, seed {seed}: {}",
                it.number
            );
            assert_eq!(it.digest(), digest);
        }
    }
}

#[test]
fn all_members_end_equal_wherever_they_are() {
    for topology in [
        Topology::Line,
        Topology::Ring,
        Topology::Star,
        Topology::All,
    ] {
        for seed in 1..4 {
            run(topology, seed * 7_919);
        }
    }
}
