//! The replayer: a device without keys that records what is on the air near it, and repeats it later, wherever it is
//! then. It announces beacons that it has heard, and accepts the links of devices that dial them. It dials every
//! device that it hears, and sends first flights that it has overheard or received. It has no key, so nothing that
//! it sends can lead to a session.
//!
//! | figure | what |
//! | --- | --- |
//! | `replayer_dials` | dials that its beacons provoked |
//! | `replayer_provoked_bytes` | bytes that the diallers sent it |
//! | `replayer_flights` | first flights that it repeated |
//! | `replayer_answered_bytes` | bytes that it got in answer: 0 except for flights that never arrived before |
//! | `replayer_recognised` | flights that their recipient took for new: they never arrived before |
//! | `replayer_sessions` | links over which it got a session, with a hello that the other side could read: must be 0 |
//! | `honest_delivery_lost` | delivery ratio among honest devices, as a loss against the twin, in which the device is honest |
//!
//! Limits: it replays but does not relay: it repeats a first flight after `after-s` at the earliest, when its sender no
//! longer waits for the answer. It repeats no bundles or tags, which need a session.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use hedgerow_transport::carrier::{DialId, LinkId};
use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ledger, check_every};
use crate::plan::DeviceNumber;
use crate::rng::{self, Purpose};
use crate::world::happening::{Beacons, Dial, Happening};

/// Devices that repeat what they have heard on the air.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Replayer {
    /// The share of devices.
    pub share: f64,
    /// Each announces another beacon, and dials the devices near it, at this interval, in seconds.
    pub every_s: f64,
    /// The shortest time before it repeats anything, in seconds.
    pub after_s: f64,
}

impl Replayer {
    pub(super) fn check(&self) -> Result<(), String> {
        check_every(self.every_s)?;
        match self.after_s >= 0.0 {
            true => Ok(()),
            false => Err("after-s must not be negative".to_owned()),
        }
    }
}

/// Most announcements, and most first flights, that a replayer remembers; the oldest go first.
const MAX_RECORDED: usize = 1_024;

/// Most links at once.
const MAX_LINKS: usize = 64;

/// An effect of a replay, or an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replayed {
    /// A device dialled a repeated beacon.
    Lured,
    /// The dialler sent this many bytes.
    Provoked(u64),
    /// The replayer repeated a first flight.
    Said,
    /// It got this many bytes in answer.
    Answered(u64),
    /// Its recipient took it for new.
    Recognised,
    /// A replayer has a session.
    Session,
}

/// The sums of all effects.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    lured: u64,
    provoked_bytes: u64,
    said: u64,
    answered_bytes: u64,
    recognised: u64,
    sessions: u64,
}

impl Tally {
    pub fn add(&mut self, replayed: Replayed) {
        match replayed {
            Replayed::Lured => self.lured += 1,
            Replayed::Provoked(bytes) => self.provoked_bytes += bytes,
            Replayed::Said => self.said += 1,
            Replayed::Answered(bytes) => self.answered_bytes += bytes,
            Replayed::Recognised => self.recognised += 1,
            Replayed::Session => self.sessions += 1,
        }
    }
}

pub(super) fn figures(ledger: &Ledger, figures: &mut Vec<(&'static str, f64)>) {
    let tally = &ledger.replayed;
    figures.push(("replayer_dials", tally.lured as f64));
    figures.push(("replayer_provoked_bytes", tally.provoked_bytes as f64));
    figures.push(("replayer_flights", tally.said as f64));
    figures.push(("replayer_answered_bytes", tally.answered_bytes as f64));
    figures.push(("replayer_recognised", tally.recognised as f64));
    figures.push(("replayer_sessions", tally.sessions as f64));
}

/// A link of a replayer.
#[derive(Debug)]
struct End {
    peer: DeviceNumber,
    peer_link: LinkId,
    radio: u8,
    /// The other side dialled a repeated beacon.
    is_lured: bool,
    heard_bytes: u64,
}

/// The state of a replaying device.
pub(crate) struct Recorder {
    number: DeviceNumber,
    after_us: u64,
    rng: ChaCha20Rng,
    within: BTreeSet<(DeviceNumber, u8)>,
    beacons: VecDeque<(u64, Beacons)>,
    flights: VecDeque<(u64, Bytes)>,
    /// Its present announcement.
    announced: Option<Beacons>,
    links: BTreeMap<LinkId, End>,
    next_link: u64,
}

/// The actions of a replayer.
#[derive(Default)]
pub(crate) struct Doings {
    pub posts: Vec<(DeviceNumber, Act)>,
    pub replayed: Vec<Replayed>,
    pub announces_anew: bool,
}

/// An action towards another device.
pub(crate) enum Act {
    /// Dials it over a radio.
    Dial(Dial),
    /// Answers its dial at once.
    Answer(Dial, Option<LinkId>),
    /// Sends bytes over a radio, at the radio's rate.
    Say(u8, LinkId, Bytes),
    /// Ends a link.
    End(LinkId),
}

impl Recorder {
    pub fn new(number: DeviceNumber, after_us: u64, seed: u64) -> Recorder {
        // Smaller stream numbers belong to the cast.
        let stream = 1 << 32 | u64::from(number);
        Recorder {
            number,
            after_us,
            rng: rng::stream(seed, Purpose::Adversary, stream),
            within: BTreeSet::new(),
            beacons: VecDeque::new(),
            flights: VecDeque::new(),
            announced: None,
            links: BTreeMap::new(),
            next_link: 0,
        }
    }

    /// Its present announcement.
    pub fn announced(&self) -> Option<&Beacons> {
        self.announced.as_ref()
    }

    /// Handles an event.
    pub fn happen(&mut self, at_us: u64, what: Happening, doings: &mut Doings) {
        match what {
            Happening::Reach { peer, radio, up } => {
                if up {
                    self.within.insert((peer, radio));
                } else {
                    self.within.remove(&(peer, radio));
                    let is_cut = |end: &End| end.peer == peer && end.radio == radio;
                    self.links.retain(|_, end| !is_cut(end));
                }
            }
            Happening::Heard { beacons, .. } => remember(&mut self.beacons, (at_us, beacons)),
            Happening::Overheard { bytes } => remember(&mut self.flights, (at_us, bytes)),
            Happening::Dialled { from, radio, dial } => {
                let is_taken = self.within.contains(&(from, radio)) && self.links.len() < MAX_LINKS;
                let link = is_taken.then(|| {
                    doings.replayed.push(Replayed::Lured);
                    let link = self.link_name();
                    self.open(link, from, dial.link, radio, true);
                    link
                });
                doings.posts.push((from, Act::Answer(dial, link)));
            }
            Happening::Answered { dial, peer } => self.answered(at_us, dial, peer, doings),
            Happening::Bytes { link, bytes, ghost } => {
                let Some(end) = self.links.get_mut(&link) else {
                    return;
                };
                let length = bytes.len() as u64 + ghost;
                if end.is_lured && end.heard_bytes == 0 {
                    remember(&mut self.flights, (at_us, bytes));
                }
                end.heard_bytes += length;
                doings.replayed.push(match end.is_lured {
                    true => Replayed::Provoked(length),
                    false => Replayed::Answered(length),
                });
            }
            Happening::Ended { link } => {
                self.links.remove(&link);
            }
            Happening::Turn => self.turn(at_us, doings),
            Happening::Written
            | Happening::Write(_)
            | Happening::Post(_)
            | Happening::Act(_)
            | Happening::WriteStick(_)
            | Happening::Stick(_)
            | Happening::Fault(_)
            | Happening::Sample => {}
        }
    }

    /// Announces another beacon, and dials every device near.
    fn turn(&mut self, at_us: u64, doings: &mut Doings) {
        let before_us = at_us.saturating_sub(self.after_us);
        let old = self.beacons.partition_point(|(at, _)| *at <= before_us);
        if old > 0 && at_us >= self.after_us {
            let drawn = rng::index(&mut self.rng, old);
            self.announced = Some(self.beacons[drawn].1.clone());
            doings.announces_anew = true;
        }
        // Ends the links of diallers that still wait for an answer.
        for end in std::mem::take(&mut self.links).into_values() {
            doings.posts.push((end.peer, Act::End(end.peer_link)));
        }
        if self.flights.front().is_none_or(|(at, _)| *at > before_us) {
            return;
        }
        for (to, radio) in self.within.clone() {
            let link = self.link_name();
            let dial = Dial {
                id: DialId(link.0),
                start: 0,
                link,
                radio,
                to,
            };
            doings.posts.push((to, Act::Dial(dial)));
        }
    }

    /// Sends a first flight that is old enough.
    fn answered(&mut self, at_us: u64, dial: Dial, peer: Option<LinkId>, doings: &mut Doings) {
        let Some(peer_link) = peer else {
            return;
        };
        let before_us = at_us.saturating_sub(self.after_us);
        let old = self.flights.partition_point(|(at, _)| *at <= before_us);
        if old == 0 || !self.within.contains(&(dial.to, dial.radio)) {
            doings.posts.push((dial.to, Act::End(peer_link)));
            return;
        }
        let drawn = rng::index(&mut self.rng, old);
        let flight = self.flights[drawn].1.clone();
        self.open(dial.link, dial.to, peer_link, dial.radio, false);
        doings.replayed.push(Replayed::Said);
        let say = Act::Say(dial.radio, peer_link, flight);
        doings.posts.push((dial.to, say));
    }

    fn open(
        &mut self,
        link: LinkId,
        peer: DeviceNumber,
        peer_link: LinkId,
        radio: u8,
        is_lured: bool,
    ) {
        let end = End {
            peer,
            peer_link,
            radio,
            is_lured,
            heard_bytes: 0,
        };
        self.links.insert(link, end);
    }

    fn link_name(&mut self) -> LinkId {
        self.next_link += 1;
        LinkId(u64::from(self.number) << 32 | self.next_link)
    }
}

fn remember<T>(recorded: &mut VecDeque<T>, one: T) {
    if recorded.len() >= MAX_RECORDED {
        recorded.pop_front();
    }
    recorded.push_back(one);
}
