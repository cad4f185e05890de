//! One device: the shipping engine with its store, its clock, its agenda, and its ends of links.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hedgerow_node::api::{Answer, Call, Event, Private, Reply};
use hedgerow_node::courier::Tag;
use hedgerow_node::engine::{
    BundleEvent, CallId, Effects, Engine, Input, Inputs, NextWake, Now, pump,
};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{
    Address, CarrierEvent, CarrierKind, CarrierState, DialId, Ending, LinkId,
};
use rand_chacha::ChaCha20Rng;

use super::Shared;
use super::checkpoint::{Lasting, SavedDevice, SavedRng, SavedStore};
use super::disk::Disk;
use super::happening::{Agenda, Beacons, Dial, Fault, Happening, Message};
use super::noted::{Noted, What};
use crate::adversary::Part;
use crate::adversary::replayer::{self, Replayed};
use crate::chance::{self, Purpose};
use crate::plan::DeviceNumber;
use crate::radio::{Battery, MOMENT_US, Meter, Phone, Sends};

/// Bytes handed to a link and not reported as written, from which on the engine is told at once when
/// they have left; fewer are reported when something else happens.
const REPORT_AT_ONCE: usize = 256 * 1024;

/// How long a device whose store has failed waits until it opens it again.
const REOPEN_US: u64 = 10_000_000;

/// How long it is at least until a device is heard again to which no link came up, or whose link is gone.
const REPEAT_US: u64 = 1_000_000;

/// The most times an engine is called in one moment; more is a fault of the engine.
const MAX_PUMPS: usize = 10_000;

/// Something for another device.
#[derive(Debug)]
pub(super) struct Post {
    pub to: DeviceNumber,
    pub at_us: u64,
    pub what: Happening,
}

/// What a device announces over one carrier.
#[derive(Debug, Clone)]
pub(super) struct Announcement {
    pub beacons: Beacons,
    pub look: bool,
}

/// An acquaintance that is within reach.
#[derive(Debug, Default)]
struct Within {
    /// What was heard last.
    heard: Option<Beacons>,
    /// It was heard while nobody looked.
    unheard: bool,
}

/// One end of a link.
#[derive(Debug)]
pub(super) struct End {
    pub peer: DeviceNumber,
    peer_link: LinkId,
    radio: u8,
    dialled: bool,
    since_us: u64,
    sent: u64,
    received: u64,
    /// What of both was ghosts.
    ghosts: u64,
    /// When everything handed over so far has left.
    free_us: u64,
    /// What has been handed over and not been reported as written: when it has left, and how much.
    unreported: VecDeque<(u64, usize)>,
    /// What arrives is thrown away.
    draining: bool,
    /// A session with a replayer has been noted.
    pub is_deceived: bool,
}

/// A bundle that is being sent.
#[derive(Debug)]
struct Sending {
    start_us: u64,
    to: DeviceNumber,
    bytes: u64,
}

/// What a device has while it is switched on.
pub(super) struct Running {
    pub engine: Engine,
    inputs: Inputs,
    pub waiting: VecDeque<Input>,
    pub wake_us: Option<u64>,
    announced: BTreeMap<CarrierKind, Announcement>,
}

/// A device.
pub(super) struct Device {
    pub number: DeviceNumber,
    pub phone: Phone,
    pub(super) agenda: Agenda,
    disk: Disk,
    rng: ChaCha20Rng,
    /// What its radios draw.
    pub(super) air: ChaCha20Rng,
    pub(super) running: Option<Box<Running>>,
    /// Switched on by its user; an empty battery or a failed store may keep it from running.
    on: bool,
    starts: u32,
    next_link: u64,
    clock_error_ms: i64,
    within: BTreeMap<(DeviceNumber, u8), Within>,
    pub(super) links: BTreeMap<LinkId, End>,
    sending: BTreeMap<(LinkId, Tag), Sending>,
    /// When each radio has sent everything handed to it, where it sends one at a time.
    radio_free_us: Vec<u64>,
    /// One for each radio, and one for the device itself.
    meters: Vec<Meter>,
    /// What it can use in all, and what it uses itself while it is on.
    battery_j: f64,
    base_w: f64,
    sent_bytes: u64,
    received_bytes: u64,
    /// What it announces has changed since the scheduler looked.
    pub announces_anew: bool,
    /// It has been switched on since the scheduler looked: what is announced near must be heard anew.
    pub started: bool,
    /// What happened, for the records.
    pub noted: Vec<Noted>,
    /// What it is instead of an engine, if its part is to replay.
    pub(super) replayer: Option<Box<replayer::Recorder>>,
    /// What an adversary draws.
    pub(super) malice: Option<Box<Malice>>,
}

/// What an adversary with an engine needs.
pub(super) struct Malice {
    pub turns: usize,
    pub rng: ChaCha20Rng,
}

impl Device {
    /// A device with this store, which is off.
    pub fn new(number: DeviceNumber, disk: Disk, seed: u64, shared: &Shared) -> Device {
        let part = shared.cast.part(number);
        Device {
            number,
            phone: Phone::Foreground,
            agenda: Agenda::default(),
            disk,
            rng: chance::stream(seed, Purpose::Engine, u64::from(number)),
            air: chance::stream(seed, Purpose::Radio, u64::from(number)),
            running: None,
            on: false,
            starts: 0,
            next_link: 0,
            clock_error_ms: 0,
            within: BTreeMap::new(),
            links: BTreeMap::new(),
            sending: BTreeMap::new(),
            radio_free_us: vec![0; shared.radios.len()],
            meters: vec![Meter::default(); shared.radios.len() + 1],
            battery_j: f64::INFINITY,
            base_w: 0.0,
            sent_bytes: 0,
            received_bytes: 0,
            announces_anew: false,
            started: false,
            noted: Vec::new(),
            replayer: match part {
                Part::Replayer { after_us, .. } => {
                    Some(Box::new(replayer::Recorder::new(number, *after_us, seed)))
                }
                _ => None,
            },
            malice: part.every_us().map(|_| {
                Box::new(Malice {
                    turns: 0,
                    // Streams below are those of the cast.
                    rng: chance::stream(seed, Purpose::Adversary, 2 << 32 | u64::from(number)),
                })
            }),
        }
    }

    /// It runs on this battery, filled so far.
    pub fn set_battery(&mut self, battery: &Battery, filled: f64) {
        self.battery_j = battery.capacity_j * filled;
        self.base_w = battery.base_w;
    }

    /// Something will happen to it.
    pub fn push(&mut self, at_us: u64, what: Happening) {
        self.agenda.push(at_us, what);
    }

    /// When it next has something to do.
    pub fn next_us(&self) -> Option<u64> {
        let wake = self.running.as_ref().and_then(|running| running.wake_us);
        match (wake, self.agenda.next_us()) {
            (Some(wake), Some(agenda)) => Some(wake.min(agenda)),
            (wake, agenda) => wake.or(agenda),
        }
    }

    /// What it announces over a carrier; `None` while it is off or silent.
    pub fn announcement(&self, carrier: CarrierKind) -> Option<&Beacons> {
        if let Some(replayer) = &self.replayer {
            return replayer.announced();
        }
        let announced = self.running.as_ref()?.announced.get(&carrier)?;
        (!announced.beacons.is_empty()).then_some(&announced.beacons)
    }

    /// Everything that happens to it at one moment.
    pub fn step(&mut self, at_us: u64, shared: &Shared, posts: &mut Vec<Post>) {
        while let Some(what) = self.agenda.pop(at_us) {
            self.happen(at_us, what, shared, posts);
        }
        self.pump(at_us, shared, posts);
        if self.spent(at_us) && self.running.is_some() {
            self.switch_off(at_us, shared, posts);
            self.on = false;
        }
    }

    fn happen(&mut self, at_us: u64, what: Happening, shared: &Shared, posts: &mut Vec<Post>) {
        if shared.trace {
            self.note(at_us, What::Step(format!("{what:?}")));
        }
        if self.replayer.is_some() {
            return self.replay(at_us, what, shared, posts);
        }
        match what {
            Happening::Reach { peer, radio, up } => self.reach(at_us, peer, radio, up, shared),
            Happening::Heard {
                peer,
                radio,
                beacons,
            } => self.heard(peer, radio, beacons, shared),
            Happening::Dialled { from, radio, dial } => {
                self.dialled(at_us, from, radio, dial, shared, posts);
            }
            Happening::Answered { dial, peer } => {
                self.answered(at_us, dial, peer, shared, posts);
            }
            Happening::Bytes { link, bytes, ghost } => self.arrived(link, bytes, ghost, shared),
            Happening::Ended { link } => self.down(at_us, link, shared),
            Happening::Written => {}
            Happening::Write(message) => self.write(at_us, message, shared),
            Happening::Fault(fault) => self.fault(at_us, fault, shared, posts),
            Happening::Sample => self.sample(at_us, shared),
            Happening::Turn => self.take_turn(at_us, shared),
            Happening::Overheard { .. } => {}
        }
    }

    fn reach(&mut self, at_us: u64, peer: DeviceNumber, radio: u8, up: bool, shared: &Shared) {
        if up {
            self.within.insert((peer, radio), Within::default());
            return;
        }
        self.within.remove(&(peer, radio));
        let cut: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, end)| end.peer == peer && end.radio == radio)
            .map(|(link, _)| *link)
            .collect();
        for link in cut {
            self.down(at_us, link, shared);
        }
    }

    fn heard(&mut self, peer: DeviceNumber, radio: u8, beacons: Beacons, shared: &Shared) {
        let kind = shared.radios[usize::from(radio)].carrier.kind();
        let (Some(within), Some(running)) =
            (self.within.get_mut(&(peer, radio)), self.running.as_mut())
        else {
            return;
        };
        within.unheard = running.announced.get(&kind).is_none_or(|own| !own.look);
        if !within.unheard {
            running.hear(kind, peer, radio, &beacons);
        }
        within.heard = Some(beacons);
    }

    /// A device with which there is no link goes on announcing what was heard of it, if it is still within
    /// reach. While there is a link, nothing comes of hearing that.
    fn hear_again(&mut self, at_us: u64, peer: DeviceNumber, radio: u8, shared: &Shared) {
        let within = self.within.get(&(peer, radio));
        let Some(beacons) = within.and_then(|within| within.heard.clone()) else {
            return;
        };
        let delay_us = shared.radios[usize::from(radio)].discovery_us(
            self.number < peer,
            self.phone,
            self.phone,
            &mut self.air,
        );
        let heard = Happening::Heard {
            peer,
            radio,
            beacons,
        };
        self.agenda.push(at_us + delay_us.max(REPEAT_US), heard);
    }

    fn dialled(
        &mut self,
        at_us: u64,
        from: DeviceNumber,
        radio: u8,
        dial: Dial,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let free = self.links_over(radio) < shared.radios[usize::from(radio)].max_links as usize;
        let taken = free && self.running.is_some() && self.within.contains_key(&(from, radio));
        let link = taken.then(|| {
            let link = self.open(at_us, from, dial.link, radio, false, shared);
            self.input(
                shared.radios[usize::from(radio)].carrier.kind(),
                CarrierEvent::Up {
                    link,
                    dial: None,
                    from: None,
                },
            );
            link
        });
        posts.push(Post {
            to: from,
            at_us,
            what: Happening::Answered { dial, peer: link },
        });
    }

    fn answered(
        &mut self,
        at_us: u64,
        dial: Dial,
        peer: Option<LinkId>,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let kind = shared.radios[usize::from(dial.radio)].carrier.kind();
        let current = self.running.is_some() && self.starts == dial.start;
        match peer {
            Some(peer_link) if current && self.within.contains_key(&(dial.to, dial.radio)) => {
                let end = self.end(at_us, dial.to, peer_link, dial.radio, true);
                self.links.insert(dial.link, end);
                self.power(at_us, shared);
                self.input(
                    kind,
                    CarrierEvent::Up {
                        link: dial.link,
                        dial: Some(dial.id),
                        from: None,
                    },
                );
            }
            Some(peer_link) => posts.push(Post {
                to: dial.to,
                at_us,
                what: Happening::Ended { link: peer_link },
            }),
            None if current => {
                self.input(kind, CarrierEvent::DialFailed { dial: dial.id });
                self.hear_again(at_us, dial.to, dial.radio, shared);
            }
            None => {}
        }
    }

    fn arrived(&mut self, link: LinkId, bytes: Bytes, ghost: u64, shared: &Shared) {
        let Some(end) = self.links.get_mut(&link) else {
            return;
        };
        let length = bytes.len() as u64 + ghost;
        end.received += length;
        end.ghosts += ghost;
        self.received_bytes += length;
        let radio = &shared.radios[usize::from(end.radio)];
        if radio.energy.receive_w > 0.0 {
            let seconds = length as f64 / radio.rate_bytes_s;
            self.meters[usize::from(end.radio)].add(seconds * radio.energy.receive_w);
        }
        if end.draining {
            return;
        }
        let kind = radio.carrier.kind();
        let bytes = match shared.faults.corruption {
            chance_of if chance_of > 0.0 && chance::unit(&mut self.air) < chance_of => {
                let mut bytes = BytesMut::from(&bytes[..]);
                if !bytes.is_empty() {
                    let at = chance::index(&mut self.air, bytes.len());
                    bytes[at] ^= 1 << chance::index(&mut self.air, 8);
                }
                bytes.freeze()
            }
            _ => bytes,
        };
        self.input(kind, CarrierEvent::Bytes { link, bytes });
    }

    /// A link is gone, for whatever reason.
    fn down(&mut self, at_us: u64, link: LinkId, shared: &Shared) {
        let Some(end) = self.links.remove(&link) else {
            return;
        };
        self.power(at_us, shared);
        if end.dialled {
            self.note(
                at_us,
                What::Session {
                    start_us: end.since_us,
                    answerer: end.peer,
                    radio: end.radio,
                    up_bytes: end.sent,
                    down_bytes: end.received,
                    ghost_bytes: end.ghosts,
                },
            );
        }
        let kind = shared.radios[usize::from(end.radio)].carrier.kind();
        self.input(kind, CarrierEvent::Down { link });
        self.hear_again(at_us, end.peer, end.radio, shared);
    }

    fn write(&mut self, at_us: u64, message: Message, shared: &Shared) {
        self.note(at_us, What::Wrote(message));
        let Some(running) = &mut self.running else {
            return;
        };
        let to = shared.contact_ids[message.to as usize].clone();
        if message.parcel {
            running.waiting.push_back(Input::Parcel {
                to,
                length: message.bytes,
                id: message.number,
            });
            return;
        }
        let text = text(message.number, message.bytes as usize);
        running.waiting.push_back(Input::Call(
            CallId(message.number),
            Call::Send(to, Private(text)),
        ));
    }

    fn fault(&mut self, at_us: u64, fault: Fault, shared: &Shared, posts: &mut Vec<Post>) {
        match fault {
            Fault::Off => {
                self.on = false;
                self.switch_off(at_us, shared, posts);
            }
            Fault::On => {
                self.on = true;
                self.switch_on(at_us, shared);
            }
            Fault::Snapshot => self.disk.keep(),
            Fault::RollBack => {
                self.switch_off(at_us, shared, posts);
                self.disk.roll_back();
                if self.on {
                    self.switch_on(at_us, shared);
                }
            }
            Fault::ClockJump(by_ms) => self.clock_error_ms += by_ms,
            Fault::DiskFull(full) => self.disk.full = full,
        }
    }

    /// Goes out as by a power cut: what was committed stays.
    fn switch_off(&mut self, at_us: u64, shared: &Shared, posts: &mut Vec<Post>) {
        self.running = None;
        for within in self.within.values_mut() {
            *within = Within::default();
        }
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            if let Some(end) = self.links.get(&link) {
                posts.push(Post {
                    to: end.peer,
                    at_us,
                    what: Happening::Ended {
                        link: end.peer_link,
                    },
                });
            }
            self.down(at_us, link, shared);
        }
        for ((_, bundle), sending) in std::mem::take(&mut self.sending) {
            self.note(at_us, sending.over(bundle, false));
        }
        self.power(at_us, shared);
    }

    /// Starts from what the store holds.
    fn switch_on(&mut self, at_us: u64, shared: &Shared) {
        if self.running.is_some() || self.spent(at_us) {
            return;
        }
        let now = self.now(at_us, shared);
        let mut engine = Engine::open(&self.disk, now, &mut self.rng)
            .expect("what was committed in memory can be opened");
        engine.set_cryptography(shared.cryptography);
        engine.set_beacon_pause(shared.dial_pause_ms);
        if let Some(courier) = shared.courier_of(self.number) {
            engine
                .carry_with(
                    shared.cast.part(self.number).courier(&courier),
                    &self.disk,
                    now,
                )
                .expect("what was committed in memory can be read");
        }
        self.starts += 1;
        self.started = true;
        let mut running = Running {
            engine,
            inputs: Inputs::default(),
            waiting: VecDeque::new(),
            wake_us: Some(at_us),
            announced: BTreeMap::new(),
        };
        for radio in shared.radios.iter() {
            running.waiting.push_back(Input::Carrier(
                radio.carrier.kind(),
                CarrierEvent::State(CarrierState::On),
            ));
        }
        self.running = Some(Box::new(running));
        self.power(at_us, shared);
    }

    /// Hands the engine what has happened, and does what it asks.
    fn pump(&mut self, at_us: u64, shared: &Shared, posts: &mut Vec<Post>) {
        let now = self.now(at_us, shared);
        let Some(mut running) = self.running.take() else {
            return;
        };
        let due = running.wake_us.is_some_and(|wake_us| wake_us <= at_us);
        if running.waiting.is_empty() && !due {
            self.running = Some(running);
            return;
        }
        for (link, end) in &mut self.links {
            let mut left = 0;
            while let Some((_, bytes)) = end.unreported.pop_front_if(|(done, _)| *done <= at_us) {
                left += bytes;
            }
            if left > 0 {
                let kind = shared.radios[usize::from(end.radio)].carrier.kind();
                let event = CarrierEvent::Written {
                    link: *link,
                    bytes: left,
                };
                running.waiting.push_back(Input::Carrier(kind, event));
            }
        }
        for _ in 0..MAX_PUMPS {
            for input in running.waiting.drain(..) {
                running.inputs.push(input);
            }
            let mut asked = Asked::default();
            let result = pump(
                &mut running.engine,
                &mut self.disk,
                &mut running.inputs,
                now,
                &mut self.rng,
                &mut asked,
            );
            self.obey(at_us, asked, &mut running, shared, posts);
            match result {
                Ok(NextWake(wake)) => running.wake_us = wake.map(|ms| ms * 1_000),
                Err(_) => {
                    // As the product does: drop the engine, and open anew what is committed.
                    self.switch_off(at_us, shared, posts);
                    if self.on {
                        self.push(at_us + REOPEN_US, Happening::Fault(Fault::On));
                    }
                    return;
                }
            }
            let again = running.wake_us.is_some_and(|wake_us| wake_us <= at_us);
            if running.waiting.is_empty() && !again {
                break;
            }
        }
        if shared.cast.has_replayers() {
            self.look_for_deceit(at_us, &running, shared);
        }
        self.running = Some(running);
    }

    fn obey(
        &mut self,
        at_us: u64,
        asked: Asked,
        running: &mut Running,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        for ask in asked.0 {
            if shared.trace {
                self.note(at_us, What::Step(format!("asks {ask:?}")));
            }
            match ask {
                Ask::Send(link, bytes, ghost) => {
                    self.send(at_us, link, bytes, ghost, shared, posts)
                }
                Ask::End(link, Ending::Drain) => {
                    if let Some(end) = self.links.get_mut(&link) {
                        end.draining = true;
                    }
                }
                Ask::End(link, Ending::Now) => {
                    if let Some(end) = self.links.get(&link) {
                        let radio = &shared.radios[usize::from(end.radio)];
                        posts.push(Post {
                            to: end.peer,
                            at_us: end.free_us.max(at_us) + radio.latency_us(),
                            what: Happening::Ended {
                                link: end.peer_link,
                            },
                        });
                        let kind = radio.carrier.kind();
                        self.down(at_us, link, shared);
                        // `down` speaks to a running engine; this one is at hand.
                        running
                            .waiting
                            .push_back(Input::Carrier(kind, CarrierEvent::Down { link }));
                    }
                }
                Ask::Dial(kind, id, to) => {
                    self.dial(at_us, (kind, id), &to, running, shared, posts);
                }
                Ask::Announce(kind, beacons, look) => {
                    let own = Announcement {
                        beacons: beacons.into(),
                        look,
                    };
                    if shared.cast.is_watched && !own.beacons.is_empty() {
                        let beacons = own.beacons.clone();
                        self.note(
                            at_us,
                            What::Announced {
                                carrier: kind,
                                beacons,
                            },
                        );
                    }
                    running.announced.insert(kind, own);
                    self.announces_anew = true;
                    if look {
                        for ((peer, radio), within) in &mut self.within {
                            if shared.radios[usize::from(*radio)].carrier.kind() == kind
                                && std::mem::take(&mut within.unheard)
                                && let Some(beacons) = &within.heard
                            {
                                running.hear(kind, *peer, *radio, beacons);
                            }
                        }
                    }
                }
                Ask::Answer(call, answer) => self.note(
                    at_us,
                    match answer {
                        Answer::Ok(Reply::Sent(id)) => What::Sent {
                            message: call.0,
                            id,
                        },
                        _ => What::NotSent { message: call.0 },
                    },
                ),
                Ask::Event(Event::Message {
                    contact,
                    id,
                    mine: false,
                }) => {
                    if let Some(from) = shared.number_of(&contact) {
                        self.note(at_us, What::Arrived { from, id });
                    }
                }
                Ask::Event(Event::Messages { contact, count }) => {
                    if let Some(from) = shared.number_of(&contact) {
                        self.note(at_us, What::ManyArrived { from, count });
                    }
                }
                Ask::Event(_) => {}
                Ask::Recognised(link) => {
                    if self.is_to_replayer(link, shared) {
                        self.note(at_us, What::Replayed(Replayed::Recognised));
                    }
                }
                Ask::Bundle(event) => self.bundle(at_us, event, shared),
            }
        }
    }

    /// What has become of a bundle here.
    fn bundle(&mut self, at_us: u64, event: BundleEvent, shared: &Shared) {
        let peer = |links: &BTreeMap<LinkId, End>, link| links.get(&link).map(|end| end.peer);
        match event {
            BundleEvent::Sealed {
                bundle,
                to,
                size,
                parcels,
                ..
            } => self.note(
                at_us,
                What::Sealed {
                    bundle,
                    to: shared.device_ids.get(&to).copied(),
                    bytes: size,
                    parcels,
                },
            ),
            BundleEvent::NotSealed { parcel } => {
                self.note(at_us, What::NotSent { message: parcel })
            }
            BundleEvent::Begun { bundle, link, size } => {
                if let Some(to) = peer(&self.links, link) {
                    let transfer = Sending {
                        start_us: at_us,
                        to,
                        bytes: size,
                    };
                    self.sending.insert((link, bundle), transfer);
                }
            }
            BundleEvent::Ended { bundle, link, done } => {
                if let Some(sending) = self.sending.remove(&(link, bundle))
                    && (done || at_us > sending.start_us + MOMENT_US)
                {
                    self.note(at_us, sending.over(bundle, done));
                }
            }
            BundleEvent::Taken { bundle, link } => {
                if let Some(from) = peer(&self.links, link) {
                    self.note(at_us, What::Took { bundle, from, link });
                }
            }
            BundleEvent::Delivered {
                bundle,
                link,
                parcels,
                ..
            } => {
                if let Some(from) = peer(&self.links, link) {
                    self.note(
                        at_us,
                        What::Opened {
                            bundle,
                            from,
                            parcels,
                        },
                    );
                }
            }
            BundleEvent::Dropped { bundle, reason } => {
                self.note(at_us, What::Dropped { bundle, reason });
            }
        }
    }

    fn send(
        &mut self,
        at_us: u64,
        link: LinkId,
        bytes: Bytes,
        ghost: u64,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let Some(end) = self.links.get_mut(&link) else {
            return;
        };
        let radio = &shared.radios[usize::from(end.radio)];
        let air_us = radio.air_time_us(bytes.len(), ghost, &mut self.air);
        let mut start_us = end.free_us.max(at_us);
        let free_us = &mut self.radio_free_us[usize::from(end.radio)];
        if radio.sends == Sends::OneAtATime && air_us > 0 {
            start_us = start_us.max(*free_us);
            *free_us = radio.sent_us(start_us, air_us);
        }
        let done_us = radio.sent_us(start_us, air_us);
        end.free_us = done_us;
        let length = bytes.len() as u64 + ghost;
        if end.dialled && end.sent == 0 {
            if shared.cast.is_watched {
                self.noted.push(Noted {
                    at_us,
                    device: self.number,
                    what: What::Flight {
                        bytes: bytes.clone(),
                    },
                });
            }
            if shared.cast.has_replayers() {
                let near = self.within.keys().filter(|(peer, radio)| {
                    *radio == end.radio && *peer != end.peer && shared.cast.is_replayer(*peer)
                });
                posts.extend(near.map(|(to, _)| Post {
                    to: *to,
                    at_us: done_us + radio.latency_us(),
                    what: Happening::Overheard {
                        bytes: bytes.clone(),
                    },
                }));
            }
        }
        end.sent += length;
        end.ghosts += ghost;
        self.sent_bytes += length;
        self.meters[usize::from(end.radio)]
            .add(air_us as f64 / crate::plan::SECOND_US as f64 * radio.energy.send_w);
        let unreported = bytes.len() + ghost as usize;
        end.unreported.push_back((done_us, unreported));
        let outstanding: usize = end.unreported.iter().map(|(_, bytes)| bytes).sum();
        posts.push(Post {
            to: end.peer,
            at_us: done_us + radio.latency_us(),
            what: Happening::Bytes {
                link: end.peer_link,
                bytes,
                ghost,
            },
        });
        if outstanding >= REPORT_AT_ONCE {
            self.agenda.push(done_us, Happening::Written);
        }
    }

    fn dial(
        &mut self,
        at_us: u64,
        (kind, id): (CarrierKind, DialId),
        to: &Address,
        running: &mut Running,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let reachable = parse_address(to).filter(|(peer, radio)| {
            self.within.contains_key(&(*peer, *radio))
                && shared
                    .radios
                    .get(usize::from(*radio))
                    .is_some_and(|radio| radio.carrier.kind() == kind)
        });
        match reachable {
            Some((to, radio))
                if self.links_over(radio)
                    < shared.radios[usize::from(radio)].max_links as usize =>
            {
                let dial = Dial {
                    id,
                    start: self.starts,
                    link: self.link_name(),
                    radio,
                    to,
                };
                posts.push(Post {
                    to,
                    at_us: at_us + shared.radios[usize::from(radio)].setup_us(),
                    what: Happening::Dialled {
                        from: self.number,
                        radio,
                        dial,
                    },
                });
            }
            _ => {
                let failed = CarrierEvent::DialFailed { dial: id };
                running.waiting.push_back(Input::Carrier(kind, failed));
                if let Some((to, radio)) = reachable {
                    self.hear_again(at_us, to, radio, shared);
                }
            }
        }
    }

    fn sample(&mut self, at_us: u64, shared: &Shared) {
        let held = self
            .running
            .as_ref()
            .map_or((0, 0), |running| running.engine.carries());
        let energy_j = self.meters.iter().map(|meter| meter.used_j(at_us)).sum();
        self.note(
            at_us,
            What::Sample {
                bundles: held.0 as u32,
                bundle_bytes: held.1,
                sessions: self.links.len() as u32,
                sent_bytes: self.sent_bytes,
                received_bytes: self.received_bytes,
                energy_j,
                on: self.running.is_some(),
            },
        );
        if let Some(every_us) = shared.sample_us {
            self.agenda.push(at_us + every_us, Happening::Sample);
        }
    }

    /// Cuts all its links, as everybody's are cut at that moment, and starts it anew from its store:
    /// nothing of it is left then but what [`save`](Self::save) writes down.
    pub fn start_anew(&mut self, at_us: u64, shared: &Shared) {
        let mut unsent = Vec::new();
        self.switch_off(at_us, shared, &mut unsent);
        for (at_us, what) in self.agenda.drain() {
            if let Happening::Fault(_) | Happening::Sample = what {
                self.agenda.push(at_us, what);
            }
        }
        for meter in &mut self.meters {
            *meter = Meter::from(at_us, meter.used_j(at_us));
        }
        self.radio_free_us.fill(at_us);
    }

    /// What is left of it after [`start_anew`](Self::start_anew).
    pub fn save(&mut self) -> Result<SavedDevice, StorageError> {
        let agenda = self.agenda.drain();
        let lasting = agenda.iter().filter_map(|(at_us, what)| match what {
            Happening::Fault(fault) => Some((*at_us, Lasting::Fault(*fault))),
            Happening::Sample => Some((*at_us, Lasting::Sample)),
            _ => None,
        });
        let (store, snapshot, full) = self.disk.parts();
        let saved = SavedDevice {
            disk: SavedStore::of(store)?,
            snapshot: snapshot.map(SavedStore::of).transpose()?,
            full,
            rng: SavedRng::of(&self.rng),
            air: SavedRng::of(&self.air),
            on: self.on,
            starts: self.starts,
            next_link: self.next_link,
            clock_error_ms: self.clock_error_ms,
            agenda: lasting.collect(),
            used_j: self.meters.iter().map(|meter| meter.used_j(0)).collect(),
            sent_bytes: self.sent_bytes,
            received_bytes: self.received_bytes,
        };
        for (at_us, what) in agenda {
            self.agenda.push(at_us, what);
        }
        Ok(saved)
    }

    /// Takes on what was saved at this time, in a device as the world made it.
    pub fn restore(&mut self, at_us: u64, saved: SavedDevice) -> Result<(), StorageError> {
        let snapshot = saved.snapshot.map(|store| store.restored()).transpose()?;
        self.disk = Disk::of(saved.disk.restored()?, snapshot, saved.full);
        self.rng = saved.rng.restored();
        self.air = saved.air.restored();
        self.on = saved.on;
        self.starts = saved.starts;
        self.next_link = saved.next_link;
        self.clock_error_ms = saved.clock_error_ms;
        self.agenda.drain();
        for (at_us, what) in saved.agenda {
            let what = match what {
                Lasting::Fault(fault) => Happening::Fault(fault),
                Lasting::Sample => Happening::Sample,
            };
            self.agenda.push(at_us, what);
        }
        self.meters = saved
            .used_j
            .into_iter()
            .map(|used_j| Meter::from(at_us, used_j))
            .collect();
        self.radio_free_us.fill(at_us);
        self.sent_bytes = saved.sent_bytes;
        self.received_bytes = saved.received_bytes;
        Ok(())
    }

    /// Goes on after a checkpoint.
    pub fn go_on(&mut self, at_us: u64, shared: &Shared) {
        if self.on {
            self.switch_on(at_us, shared);
        }
    }

    /// Somebody is within reach when the world goes on after a checkpoint.
    pub fn find_within(&mut self, peer: DeviceNumber, radio: u8) {
        self.within.insert((peer, radio), Within::default());
    }

    /// Its sessions end with the run, for the records.
    pub fn finish(&mut self, at_us: u64, shared: &Shared) {
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            self.down(at_us, link, shared);
        }
    }

    fn link_name(&mut self) -> LinkId {
        self.next_link += 1;
        LinkId(u64::from(self.number) << 32 | self.next_link)
    }

    fn open(
        &mut self,
        at_us: u64,
        peer: DeviceNumber,
        peer_link: LinkId,
        radio: u8,
        dialled: bool,
        shared: &Shared,
    ) -> LinkId {
        let link = self.link_name();
        let end = self.end(at_us, peer, peer_link, radio, dialled);
        self.links.insert(link, end);
        self.power(at_us, shared);
        link
    }

    fn end(
        &self,
        at_us: u64,
        peer: DeviceNumber,
        peer_link: LinkId,
        radio: u8,
        dialled: bool,
    ) -> End {
        End {
            peer,
            peer_link,
            radio,
            dialled,
            since_us: at_us,
            sent: 0,
            received: 0,
            ghosts: 0,
            free_us: at_us,
            unreported: VecDeque::new(),
            draining: false,
            is_deceived: false,
        }
    }

    fn links_over(&self, radio: u8) -> usize {
        self.links.values().filter(|end| end.radio == radio).count()
    }

    fn input(&mut self, kind: CarrierKind, event: CarrierEvent) {
        if let Some(running) = &mut self.running {
            running.waiting.push_back(Input::Carrier(kind, event));
        }
    }

    pub(super) fn note(&mut self, at_us: u64, what: What) {
        self.noted.push(Noted {
            at_us,
            device: self.number,
            what,
        });
    }

    fn now(&self, at_us: u64, shared: &Shared) -> Now {
        let mono_ms = at_us / 1_000;
        Now {
            mono_ms,
            wall_ms: shared.epoch_ms + mono_ms as i64 + self.clock_error_ms,
        }
    }

    fn power(&mut self, at_us: u64, shared: &Shared) {
        for (number, (radio, meter)) in shared.radios.iter().zip(&mut self.meters).enumerate() {
            let energy = &radio.energy;
            let links = self
                .links
                .values()
                .filter(|end| usize::from(end.radio) == number)
                .count();
            let power_w = match self.running.is_some() {
                true => {
                    energy.sleep_w
                        + energy.scan_w
                        + energy.advertise_w
                        + energy.connected_w * links as f64
                }
                false => 0.0,
            };
            meter.set_power(at_us, power_w);
        }
        if let Some(own) = self.meters.last_mut() {
            let power_w = match self.running.is_some() {
                true => self.base_w,
                false => 0.0,
            };
            own.set_power(at_us, power_w);
        }
    }

    fn spent(&self, at_us: u64) -> bool {
        self.battery_j.is_finite()
            && self
                .meters
                .iter()
                .map(|meter| meter.used_j(at_us))
                .sum::<f64>()
                >= self.battery_j
    }
}

impl Sending {
    fn over(self, bundle: Tag, done: bool) -> What {
        What::Transfer {
            bundle,
            start_us: self.start_us,
            to: self.to,
            bytes: self.bytes,
            done,
        }
    }
}

impl Running {
    fn hear(&mut self, kind: CarrierKind, peer: DeviceNumber, radio: u8, beacons: &Beacons) {
        for beacon in beacons.iter() {
            let event = CarrierEvent::Beacon {
                beacon: *beacon,
                at: vec![address(peer, radio)],
            };
            self.waiting.push_back(Input::Carrier(kind, event));
        }
    }
}

/// Where a device can be dialled over a radio while it is within reach.
fn address(device: DeviceNumber, radio: u8) -> Address {
    Address(format!("{device}.{radio}"))
}

fn parse_address(address: &Address) -> Option<(DeviceNumber, u8)> {
    let (device, radio) = address.0.split_once('.')?;
    Some((device.parse().ok()?, radio.parse().ok()?))
}

/// A text of this length that says which message it is.
fn text(number: u64, bytes: usize) -> String {
    let mut text = number.to_string();
    text.extend(std::iter::repeat_n('.', bytes.saturating_sub(text.len())));
    text
}

/// What an engine has asked for.
#[derive(Debug)]
enum Ask {
    Send(LinkId, Bytes, u64),
    Recognised(LinkId),
    End(LinkId, Ending),
    Dial(CarrierKind, DialId, Address),
    Announce(CarrierKind, Vec<[u8; 8]>, bool),
    Answer(CallId, Answer),
    Event(Event),
    Bundle(BundleEvent),
}

/// Everything an engine has asked for, in order.
#[derive(Default)]
struct Asked(Vec<Ask>);

impl Effects for Asked {
    fn send(&mut self, link: LinkId, bytes: Bytes, ghost: u64) {
        self.0.push(Ask::Send(link, bytes, ghost));
    }
    fn recognised(&mut self, link: LinkId) {
        self.0.push(Ask::Recognised(link));
    }
    fn end(&mut self, link: LinkId, ending: Ending) {
        self.0.push(Ask::End(link, ending));
    }
    fn dial(&mut self, carrier: CarrierKind, dial: DialId, to: Address) {
        self.0.push(Ask::Dial(carrier, dial, to));
    }
    fn announce(&mut self, carrier: CarrierKind, beacons: Vec<[u8; 8]>, look: bool) {
        self.0.push(Ask::Announce(carrier, beacons, look));
    }
    fn switch(&mut self, _: CarrierKind, _: bool) {}
    fn answer(&mut self, call: CallId, answer: Answer) {
        self.0.push(Ask::Answer(call, answer));
    }
    fn event(&mut self, event: Event) {
        self.0.push(Ask::Event(event));
    }
    fn bundle(&mut self, event: BundleEvent) {
        self.0.push(Ask::Bundle(event));
    }
}

/// Shared by all for as long as the world lasts.
pub(super) type Common = Arc<Shared>;
