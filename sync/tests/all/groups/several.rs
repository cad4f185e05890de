//! A member who was away and has several peers at once.

use hedgerow_sync::wire::Message;

use crate::support::circle::{Member, Session, faults, founding, meet};

const PEERS: usize = 3;
const TEXTS: u64 = 1_020;
/// Rounds without anything new after which a member no longer waits for a peer.
const PATIENCE: usize = 20;

/// Two authors who answer each other: all peers hold the same, the late one nothing.
fn world() -> (Vec<Member>, Member) {
    let founding = founding(1, 4);
    let mut peers: Vec<Member> = (0..PEERS as u64)
        .map(|number| Member::new(number, &founding))
        .collect();
    for number in 0..TEXTS {
        let [one, other, ..] = &mut peers[..] else {
            unreachable!("there are three")
        };
        let (author, hearer) = match number / 60 % 2 {
            0 => (one, other),
            _ => (other, one),
        };
        author.say(&format!("{number} {}", "x".repeat(200)));
        if number % 60 == 59 {
            meet(author, hearer, number);
        }
    }
    let [first, _, third] = &mut peers[..] else {
        unreachable!("there are three")
    };
    meet(first, third, 10_000);
    (peers, Member::new(3, &founding))
}

/// The late member's sessions with all peers, one item of each in turn.
struct Several {
    sessions: Vec<Session>,
    /// The one that brings entries; those after it wait.
    turn: usize,
    /// A peer that says no more from then on.
    silent: Option<(usize, Until)>,
}

#[derive(Debug, Clone, Copy)]
enum Until {
    /// It has told its frontier.
    Frontier,
    /// All headers have come.
    Headers,
}

impl Several {
    fn open(peers: &mut [Member], late: &mut Member, takes_turns: bool) -> Several {
        let sessions = peers.iter_mut().zip(0..).map(|(peer, number)| {
            let mut session = Session::open([late, peer], 20_000 + number);
            if takes_turns && number > 0 {
                session.wait_for_turn(0);
            }
            session
        });
        Several {
            sessions: sessions.collect(),
            turn: 0,
            silent: None,
        }
    }

    /// Until nothing moves; what is new in one session is told to the others.
    fn run(&mut self, peers: &mut [Member], late: &mut Member) {
        let mut idle = 0;
        while self.turn < PEERS || idle == 0 {
            let mut is_new = false;
            for (at, peer) in peers.iter_mut().enumerate() {
                let session = &mut self.sessions[at];
                session.work(0, late);
                is_new |= session.send(0, late, 4_000);
                let speaks = match self.silent {
                    Some((silent, Until::Frontier)) if silent == at => {
                        !session.has_told_frontier(1)
                    }
                    Some((silent, Until::Headers)) if silent == at => late.summary().rows < TEXTS,
                    _ => true,
                };
                if speaks {
                    is_new |= session.send(1, peer, 4_000);
                }
                late.events.clear();
                is_new |= session.arrive(0, late);
                is_new |= session.arrive(1, peer);
                for (log, first) in late.stored() {
                    for other in (0..PEERS).filter(|other| *other != at) {
                        self.sessions[other].grew(0, late, log, first);
                    }
                }
                assert!(faults(&late.events).is_empty());
            }
            idle = if is_new { 0 } else { idle + 1 };
            let turn = self.sessions.get(self.turn);
            if turn.is_some_and(|it| !it.is_behind(0, late) || idle > PATIENCE) {
                self.turn += 1;
                idle = 0;
                if let Some(next) = self.sessions.get_mut(self.turn) {
                    next.take_turn(0);
                }
            }
        }
    }

    /// Bytes that the late member got.
    fn received(&self) -> usize {
        self.sessions.iter().map(|session| session.bytes[1]).sum()
    }
}

fn alone() -> usize {
    let (mut peers, mut late) = world();
    let session = meet(&mut late, &mut peers[0], 1);
    assert_eq!(late.texts().len(), TEXTS as usize);
    session.bytes[1]
}

#[test]
fn a_member_with_three_peers_at_once_gets_little_twice() {
    let once = alone();
    let (mut peers, mut late) = world();
    let mut several = Several::open(&mut peers, &mut late, true);
    several.run(&mut peers, &mut late);
    assert!(late.texts() == peers[0].texts());
    let twice = several.received() as f64 / once as f64 - 1.0;
    println!("{:.1} % received twice", twice * 100.0);
    assert!(twice <= 0.10, "{twice}");
    // Headers come from one of them, bodies from several.
    let is_body = |message: &Message| matches!(message, Message::Bodies { .. });
    let gave = |session: &&Session| session.items.iter().any(is_body);
    assert!(several.sessions.iter().filter(gave).count() > 1);
    // Those who do not take turns get the headers from each.
    let (mut peers, mut late) = world();
    let mut several = Several::open(&mut peers, &mut late, false);
    several.run(&mut peers, &mut late);
    assert!(late.texts() == peers[0].texts());
    let without = several.received() as f64 / once as f64 - 1.0;
    println!("{:.1} % without turns", without * 100.0);
    assert!(without > 0.10, "{without}");
}

#[test]
fn a_peer_that_promises_and_withholds_holds_up_nobody() {
    for silent in [
        (0, Until::Frontier),
        (0, Until::Headers),
        (1, Until::Headers),
    ] {
        let (mut peers, mut late) = world();
        let mut several = Several::open(&mut peers, &mut late, true);
        several.silent = Some(silent);
        several.run(&mut peers, &mut late);
        assert!(late.texts() == peers[0].texts(), "{silent:?}");
    }
}
