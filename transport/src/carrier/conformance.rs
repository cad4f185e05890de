//! Conformance tests for carriers: a carrier passes by running [`two_way`].
//!
//! No test waits for a time to pass: the limits below only turn a hang into a failure. One test alone waits for
//! a quiet spell, since it promises that nothing happens.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{
    Address, CarrierCommand, CarrierEvent, CarrierState, DialId, DuplexCarrier, Ending, LinkId,
};

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(30);

/// A sender that has sent nothing for this long counts as stopped.
const QUIET: Duration = Duration::from_millis(300);

/// Bytes that a correct sender keeps unwritten (`SEND_WINDOW`).
const WINDOW: usize = 1024 * 1024;

/// A running carrier and the events that its sink received.
pub struct Party {
    /// The carrier.
    pub carrier: Box<dyn DuplexCarrier>,
    /// All its events.
    pub events: mpsc::Receiver<CarrierEvent>,
    /// Where others reach it while it announces something, if it does not know that itself.
    pub at: Option<Address>,
}

/// Environment of the carriers under test.
pub trait World {
    /// Starts one more carrier, which can reach all others.
    fn party(&self) -> impl Future<Output = Party>;

    /// An address that leads to `to` and cuts the link after `after` bytes from the dialler.
    fn cutting(&self, to: &Address, after: usize) -> impl Future<Output = Address>;

    /// An address at which nobody answers.
    fn nowhere(&self) -> Address;

    /// Waits until the owner of this address announces what it was commanded to announce.
    fn announced(&self, _at: &Address) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// How many peers a carrier connects to at once here, and how many times to each.
    fn crowd(&self) -> (usize, usize) {
        (1, 100)
    }

    /// Bytes that a peer that does not read may take before the sender stops: what two sockets and a sink hold, far
    /// less than the test offers.
    fn buffers(&self) -> usize {
        24 * 1024 * 1024
    }
}

/// Runs every test of a two-way carrier.
pub async fn two_way(world: &impl World) {
    dialling_makes_a_link_at_both_ends(world).await;
    failures_to_dial_are_reported(world).await;
    bytes_arrive_in_order_both_ways(world).await;
    a_cut_loses_the_end_and_nothing_else(world).await;
    a_peer_that_does_not_read_stops_the_sender(world).await;
    ending_now_delivers_what_was_queued(world).await;
    draining_answers_nothing_until_told(world).await;
    commands_for_links_that_are_gone_do_nothing(world).await;
    switching_off_ends_all_and_on_starts_again(world).await;
    if world.party().await.carrier.profile().announces {
        announcements_reach_those_who_look(world).await;
        what_was_announced_before_it_was_off_is_not_announced_again(world).await;
    }
    many_links_at_once(world).await;
}

async fn dialling_makes_a_link_at_both_ends(world: &impl World) {
    let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
    let link = one.dial(&other.address, 7).await;
    let theirs = other.accepted().await;
    one.exchange(link, &mut other, theirs).await;
}

async fn failures_to_dial_are_reported(world: &impl World) {
    let mut one = Owner::new(world).await;
    for (n, to) in [
        world.nowhere(),
        Address("nonsense".into()),
        Address(String::new()),
    ]
    .into_iter()
    .enumerate()
    {
        let dial = DialId(n as u64);
        one.command(CarrierCommand::Dial { dial, to });
        one.until(|one| one.failed.contains(&dial)).await;
    }
    assert!(one.links.is_empty());
}

async fn bytes_arrive_in_order_both_ways(world: &impl World) {
    let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
    let link = one.dial(&other.address, 1).await;
    let theirs = other.accepted().await;
    other.command(CarrierCommand::Recognised { link: theirs });
    let (there, back) = (pattern(3_000_000, 1), pattern(2_500_000, 2));
    // Sizes from one byte to more than a record, so that direct and queued writes alternate.
    let sizes = [
        1, 100, 70_000, 3, 16_384, 16_385, 500, 65_535, 1, 1, 200_000,
    ];
    let (mut sent, mut answered) = (0, 0);
    for size in sizes.iter().cycle() {
        sent += one.offer(link, &there, sent, *size);
        answered += other.offer(theirs, &back, answered, *size);
        if sent == there.len() && answered == back.len() {
            break;
        }
        either(&mut one, &mut other, |one, other| {
            one.room(link) && other.room(theirs)
        })
        .await;
    }
    either(&mut one, &mut other, |one, other| {
        let (near, far) = (&one.links[&link], &other.links[&theirs]);
        near.heard.len() == back.len()
            && far.heard.len() == there.len()
            && near.written == there.len()
            && far.written == back.len()
    })
    .await;
    assert!(one.links[&link].heard == back && other.links[&theirs].heard == there);
}

async fn a_cut_loses_the_end_and_nothing_else(world: &impl World) {
    for after in [0, 1, 95, 96, 97, 1_000, 65_537, 300_001] {
        let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
        let through = world.cutting(&other.address, after).await;
        let link = one.dial(&through, 1).await;
        let theirs = other.accepted().await;
        other.command(CarrierCommand::Recognised { link: theirs });
        let all = pattern(400_000, after as u8);
        one.offer(link, &all, 0, all.len());
        either(&mut one, &mut other, |one, other| {
            one.links[&link].down && other.links[&theirs].down
        })
        .await;
        let heard = &other.links[&theirs].heard;
        assert!(
            heard.len() <= after && all.starts_with(heard),
            "{} after {after}",
            heard.len()
        );
    }
}

async fn a_peer_that_does_not_read_stops_the_sender(world: &impl World) {
    let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
    let link = one.dial(&other.address, 1).await;
    let theirs = other.accepted().await;
    other.command(CarrierCommand::Recognised { link: theirs });
    let all = pattern(4 * world.buffers(), 5);
    let mut sent = 0;
    while sent < all.len() {
        if one.room(link) {
            sent += one.offer(link, &all, sent, 65_519);
        } else if timeout(QUIET, one.next()).await.is_err() {
            break;
        }
    }
    let written = one.links[&link].written;
    assert!(
        written < world.buffers(),
        "{written} bytes written to a peer that reads nothing"
    );
    either(&mut one, &mut other, |one, _| {
        one.links[&link].written == sent
    })
    .await;
    other
        .until(|other| other.links[&theirs].heard.len() == sent)
        .await;
    assert!(other.links[&theirs].heard == all[..sent]);
}

async fn ending_now_delivers_what_was_queued(world: &impl World) {
    for size in [0, 1, 900, WINDOW] {
        let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
        let link = one.dial(&other.address, 1).await;
        let theirs = other.accepted().await;
        other.command(CarrierCommand::Recognised { link: theirs });
        let all = pattern(size, 9);
        one.offer(link, &all, 0, size);
        one.command(CarrierCommand::End {
            link,
            ending: Ending::Now,
        });
        // A command that comes too late to be sent must not fail.
        one.command(CarrierCommand::Send {
            link,
            bytes: Bytes::from_static(b"late"),
        });
        either(&mut one, &mut other, |one, other| {
            one.links[&link].down && other.links[&theirs].down
        })
        .await;
        assert!(other.links[&theirs].heard == all);
        assert_eq!(one.links[&link].written, size);
    }
}

async fn draining_answers_nothing_until_told(world: &impl World) {
    let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
    let link = one.dial(&other.address, 1).await;
    let theirs = other.accepted().await;
    one.offer(link, &pattern(300, 3), 0, 300);
    other
        .until(|other| !other.links[&theirs].heard.is_empty())
        .await;
    other.command(CarrierCommand::End {
        link: theirs,
        ending: Ending::Drain,
    });
    // More than all buffers together, so the draining side must read.
    let flood = pattern(world.buffers(), 4);
    let mut sent = 0;
    while sent < flood.len() {
        sent += one.offer(link, &flood, sent, 65_519);
        either(&mut one, &mut other, |one, _| one.room(link)).await;
    }
    one.command(CarrierCommand::End {
        link,
        ending: Ending::Now,
    });
    either(&mut one, &mut other, |one, _| one.links[&link].down).await;
    assert!(one.links[&link].heard.is_empty());
    // The peer has closed; after a whole exchange over another link the draining end must still be up.
    let second = one.dial(&other.address, 2).await;
    let theirs_second = other.accepted().await;
    one.exchange(second, &mut other, theirs_second).await;
    assert!(!other.links[&theirs].down, "the peer's end ended it");
    assert!(
        other.links[&theirs].heard.len() <= 300,
        "drained bytes were handed up"
    );
    other.command(CarrierCommand::End {
        link: theirs,
        ending: Ending::Now,
    });
    other.until(|other| other.links[&theirs].down).await;
}

async fn commands_for_links_that_are_gone_do_nothing(world: &impl World) {
    let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
    let link = one.dial(&other.address, 1).await;
    let theirs = other.accepted().await;
    one.command(CarrierCommand::End {
        link,
        ending: Ending::Now,
    });
    one.until(|one| one.links[&link].down).await;
    for link in [link, LinkId(u64::MAX)] {
        one.command(CarrierCommand::Send {
            link,
            bytes: Bytes::from_static(b"x"),
        });
        one.command(CarrierCommand::Recognised { link });
        one.command(CarrierCommand::End {
            link,
            ending: Ending::Drain,
        });
        one.command(CarrierCommand::End {
            link,
            ending: Ending::Now,
        });
    }
    other.command(CarrierCommand::Recognised { link: theirs });
    other.until(|other| other.links[&theirs].down).await;
    let link = one.dial(&other.address, 2).await;
    let theirs = other.accepted().await;
    one.exchange(link, &mut other, theirs).await;
}

async fn switching_off_ends_all_and_on_starts_again(world: &impl World) {
    let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
    let link = one.dial(&other.address, 1).await;
    let theirs = other.accepted().await;
    one.exchange(link, &mut other, theirs).await;
    other.command(CarrierCommand::Switch { on: false });
    either(&mut one, &mut other, |one, other| {
        other.state == Some(CarrierState::Off) && one.links[&link].down
    })
    .await;
    assert!(
        other.links[&theirs].down,
        "off was reported before the last link's end"
    );
    assert!(other.addresses.is_empty());
    let dial = DialId(50);
    other.command(CarrierCommand::Dial {
        dial,
        to: one.address.clone(),
    });
    other.until(|other| other.failed.contains(&dial)).await;
    let dial = DialId(51);
    one.command(CarrierCommand::Dial {
        dial,
        to: other.address.clone(),
    });
    one.until(|one| one.failed.contains(&dial)).await;

    other.command(CarrierCommand::Switch { on: true });
    other
        .until(|other| other.state == Some(CarrierState::On))
        .await;
    other.be_reached(world).await;
    let link = one.dial(&other.address.clone(), 52).await;
    let theirs = other.accepted().await;
    one.exchange(link, &mut other, theirs).await;
}

async fn announcements_reach_those_who_look(world: &impl World) {
    let mut owners = [
        Owner::new(world).await,
        Owner::new(world).await,
        Owner::new(world).await,
    ];
    let beacons = owners.each_ref().map(|owner| owner.beacon(1));
    // The last owner looks and has nothing to announce.
    for (owner, (beacons, look)) in owners.iter_mut().zip([
        (vec![beacons[0]], true),
        (vec![beacons[1]], false),
        (vec![], true),
    ]) {
        owner.announce(beacons, look);
    }
    let [one, blind, quiet] = &mut owners;
    one.until(|one| one.seen.contains_key(&beacons[1])).await;
    quiet
        .until(|quiet| beacons[..2].iter().all(|b| quiet.seen.contains_key(b)))
        .await;
    // A first report may hold only some of the addresses.
    quiet
        .until(|quiet| quiet.seen[&beacons[0]].contains(&one.address))
        .await;
    // An owner that does not look has heard nothing, although others have by now.
    let link = blind.dial(&one.address, 1).await;
    let theirs = one.accepted().await;
    blind.exchange(link, one, theirs).await;
    assert!(blind.seen.is_empty());
    // An owner that starts to look later hears what others announced before.
    blind.announce(vec![], true);
    blind
        .until(|blind| blind.seen.contains_key(&beacons[0]))
        .await;
}

async fn what_was_announced_before_it_was_off_is_not_announced_again(world: &impl World) {
    let (mut one, mut other) = (Owner::new(world).await, Owner::new(world).await);
    let mut third = Owner::new(world).await;
    let (before, after) = (one.beacon(1), one.beacon(2));
    let elsewhere = third.beacon(1);
    one.announce(vec![before], true);
    other.announce(vec![], true);
    other.until(|other| other.seen.contains_key(&before)).await;
    for (on, state) in [(false, CarrierState::Off), (true, CarrierState::On)] {
        one.command(CarrierCommand::Switch { on });
        one.until(|one| one.state == Some(state)).await;
        other.announce(vec![], true);
        other.seen.clear();
        one.seen.clear();
    }
    // If the old beacon were announced, it would arrive before this new one.
    third.announce(vec![elsewhere], false);
    other
        .until(|other| other.seen.contains_key(&elsewhere))
        .await;
    assert!(
        !other.seen.contains_key(&before),
        "it grows old off the air"
    );
    assert!(one.seen.is_empty(), "nobody was looked for");
    one.announce(vec![after], true);
    other.until(|other| other.seen.contains_key(&after)).await;
    one.until(|one| one.seen.contains_key(&elsewhere)).await;
}

async fn many_links_at_once(world: &impl World) {
    let mut other = Owner::new(world).await;
    let (others, each) = world.crowd();
    let mut ones = Vec::new();
    // Strangers have fewer places than this test needs, so recognise each as it comes.
    let mut recognised = BTreeSet::new();
    for nth in 0..others {
        let mut one = Owner::new(world).await;
        for n in 0..each {
            let to = other.address.clone();
            let dial = DialId((nth * each + n) as u64);
            one.command(CarrierCommand::Dial { dial, to });
        }
        while recognised.len() < (nth + 1) * each {
            either(&mut one, &mut other, |_, other| {
                other.links.len() > recognised.len()
            })
            .await;
            for link in other.links.keys().copied().collect::<Vec<_>>() {
                if recognised.insert(link) {
                    other.command(CarrierCommand::Recognised { link });
                }
            }
        }
        either(&mut one, &mut other, |one, _| one.links.len() == each).await;
        ones.push(one);
    }
    for one in &mut ones {
        for link in one.links.keys().copied().collect::<Vec<_>>() {
            let text = format!("{:>3}", one.links[&link].dial.map_or(0, |dial| dial.0));
            one.offer(link, text.as_bytes(), 0, 3);
        }
    }
    other
        .until(|other| other.links.values().all(|link| link.heard.len() == 3))
        .await;
    let texts: BTreeSet<_> = other
        .links
        .values()
        .map(|link| link.heard.clone())
        .collect();
    assert_eq!(
        texts.len(),
        others * each,
        "bytes of one link reached another"
    );
}

/// Plays the owner of a carrier and checks its promises in every test.
struct Owner {
    party: Party,
    address: Address,
    addresses: Vec<Address>,
    state: Option<CarrierState>,
    links: BTreeMap<LinkId, Seen>,
    taken: BTreeSet<LinkId>,
    failed: BTreeSet<DialId>,
    /// Beacons heard, and their addresses.
    seen: BTreeMap<[u8; 8], Vec<Address>>,
}

/// State of a link as the owner saw it.
#[derive(Debug, Default)]
struct Seen {
    dial: Option<DialId>,
    offered: usize,
    written: usize,
    heard: BytesMut,
    down: bool,
}

impl Owner {
    async fn new(world: &impl World) -> Self {
        let mut owner = Self {
            party: world.party().await,
            address: Address(String::new()),
            addresses: Vec::new(),
            state: None,
            links: BTreeMap::new(),
            taken: BTreeSet::new(),
            failed: BTreeSet::new(),
            seen: BTreeMap::new(),
        };
        owner
            .until(|owner| owner.state == Some(CarrierState::On))
            .await;
        owner.be_reached(world).await;
        owner
    }

    /// Makes sure that others reach it at its address.
    async fn be_reached(&mut self, world: &impl World) {
        match self.party.at.clone() {
            Some(at) => {
                self.address = at;
                self.announce(vec![self.beacon(0)], false);
                world.announced(&self.address).await;
            }
            None => {
                self.until(|owner| !owner.addresses.is_empty()).await;
                self.address = self.addresses[0].clone();
            }
        }
    }

    fn command(&mut self, command: CarrierCommand) {
        if let Some(event) = self.party.carrier.execute(command) {
            self.note(event);
        }
    }

    fn announce(&mut self, beacons: Vec<[u8; 8]>, look: bool) {
        self.command(CarrierCommand::Announce { beacons, look });
    }

    /// A beacon that is unique on any network.
    fn beacon(&self, number: u8) -> [u8; 8] {
        let hash = blake3::keyed_hash(&[number; 32], self.address.0.as_bytes());
        *hash.as_bytes().first_chunk().expect("32 bytes")
    }

    async fn next(&mut self) {
        let event = self.party.events.recv().await.expect("the carrier lives");
        self.note(event);
    }

    fn note(&mut self, event: CarrierEvent) {
        match event {
            CarrierEvent::State(state) => self.state = Some(state),
            CarrierEvent::Addresses(addresses) => self.addresses = addresses,
            CarrierEvent::Up { link, dial, .. } => {
                let seen = Seen {
                    dial,
                    ..Seen::default()
                };
                assert!(
                    self.links.insert(link, seen).is_none(),
                    "a name was used twice"
                );
            }
            CarrierEvent::DialFailed { dial } => {
                assert!(self.failed.insert(dial), "a failure was reported twice");
            }
            CarrierEvent::Bytes { link, bytes } => {
                assert!(!bytes.is_empty());
                self.alive(link).heard.extend_from_slice(&bytes);
            }
            CarrierEvent::Written { link, bytes } => {
                let seen = self.alive(link);
                seen.written += bytes;
                assert!(
                    bytes > 0 && seen.written <= seen.offered,
                    "more written than sent"
                );
            }
            CarrierEvent::Down { link } => self.alive(link).down = true,
            CarrierEvent::Beacon { beacon, at } => {
                self.seen.insert(beacon, at);
            }
            CarrierEvent::Port { .. }
            | CarrierEvent::BeaconWithdrawn { .. }
            | CarrierEvent::Airtime { .. }
            | CarrierEvent::Relay { .. }
            | CarrierEvent::BetterPath { .. } => {}
        }
    }

    fn alive(&mut self, link: LinkId) -> &mut Seen {
        let seen = self.links.get_mut(&link).expect("Up comes first");
        assert!(!seen.down, "Down comes last, and once");
        seen
    }

    async fn until(&mut self, mut there: impl FnMut(&Self) -> bool) {
        while !there(self) {
            timeout(HANG, self.next()).await.expect("it hangs");
        }
    }

    async fn dial(&mut self, to: &Address, dial: u64) -> LinkId {
        let dial = DialId(dial);
        self.command(CarrierCommand::Dial {
            dial,
            to: to.clone(),
        });
        let of = |owner: &Self| {
            let link = owner.links.iter().find(|(_, seen)| seen.dial == Some(dial));
            link.map(|(link, _)| *link)
        };
        self.until(|owner| of(owner).is_some()).await;
        of(self).expect("it is up")
    }

    /// The next link that another owner dialled.
    async fn accepted(&mut self) -> LinkId {
        let of = |owner: &Self| {
            let mut links = owner.links.iter();
            let fresh = |(link, seen): &(&LinkId, &Seen)| {
                seen.dial.is_none() && !owner.taken.contains(link)
            };
            links.find(fresh).map(|(link, _)| *link)
        };
        self.until(|owner| of(owner).is_some()).await;
        let link = of(self).expect("it is up");
        self.taken.insert(link);
        link
    }

    fn room(&self, link: LinkId) -> bool {
        let seen = &self.links[&link];
        seen.offered - seen.written < WINDOW
    }

    /// Sends up to `size` bytes of `all` from `start`; returns how many.
    fn offer(&mut self, link: LinkId, all: &[u8], start: usize, size: usize) -> usize {
        let piece = &all[start..all.len().min(start + size)];
        if !piece.is_empty() {
            self.links.get_mut(&link).expect("it is up").offered += piece.len();
            self.command(CarrierCommand::Send {
                link,
                bytes: Bytes::copy_from_slice(piece),
            });
        }
        piece.len()
    }

    /// Sends something each way, as the first flights of a session do.
    async fn exchange(&mut self, link: LinkId, other: &mut Self, theirs: LinkId) {
        self.offer(link, b"first flight", 0, 12);
        other
            .until(|other| &other.links[&theirs].heard[..] == b"first flight")
            .await;
        other.command(CarrierCommand::Recognised { link: theirs });
        other.offer(theirs, b"second flight", 0, 13);
        self.until(|one| &one.links[&link].heard[..] == b"second flight")
            .await;
    }
}

/// Waits for a condition on both owners.
async fn either(one: &mut Owner, other: &mut Owner, there: impl Fn(&Owner, &Owner) -> bool) {
    let wait = async {
        while !there(one, other) {
            tokio::select! {
                () = one.next() => {}
                () = other.next() => {}
            }
        }
    };
    timeout(HANG, wait).await.expect("it hangs");
}

/// Bytes in which a missing, doubled or moved piece shows.
fn pattern(length: usize, salt: u8) -> Vec<u8> {
    (0..length)
        .map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8 ^ salt)
        .collect()
}
