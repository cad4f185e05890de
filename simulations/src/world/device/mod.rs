//! One device: the shipping engine with its store, its clock, its agenda, and its ends of links.
//!
//! | what | where |
//! | --- | --- |
//! | its engine, switched on and off, and called | `running` |
//! | what the engine asks for | `effect_queue` |
//! | who is within reach, and is heard | `nearby` |
//! | links, from the dial on | `dialling`, `end` |
//! | bundles under way | `sending` |
//! | what users write in groups | `posting` |
//! | what users do with messages | `acting` |
//! | files | `filing` |
//! | parcels that people carry by hand | `carrying` |
//! | energy | `power` |
//! | checkpoints | `saved` |

mod acting;
mod carrying;
mod dialling;
mod effect_queue;
mod end;
mod filing;
mod nearby;
mod posting;
mod power;
mod running;
mod saved;
mod sending;

use std::collections::BTreeMap;
use std::sync::Arc;

use hedgerow_node::api::{Call, NewMessage};
use hedgerow_node::courier::Tag;
use hedgerow_node::engine::{CallId, Input, Now};
use hedgerow_transport::carrier::{CarrierEvent, CarrierKind, LinkId};
use rand_chacha::ChaCha20Rng;

use super::Shared;
use super::disk::Disk;
use super::happening::{Agenda, Beacons, Happening, Message};
use super::malice::Malice;
use super::noted::{Noted, What};
use crate::adversary::Part;
use crate::adversary::replayer;
use crate::plan::DeviceNumber;
use crate::radio::{Meter, Phone};
use crate::rng::{self, Purpose};
use end::End;
use nearby::Within;
pub(super) use running::Running;
use sending::Sending;

/// Something for another device.
#[derive(Debug)]
pub(super) struct Post {
    pub to: DeviceNumber,
    pub at_us: u64,
    pub what: Happening,
}

/// Why an engine is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Something has come for it.
    Heard,
    /// It asked for this moment, or bytes have left that it waits for.
    Due,
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
    /// One for each radio, and one for the device itself.
    meters: Vec<Meter>,
    /// What it can use in all, and what it uses itself while it is on.
    battery_j: f64,
    base_w: f64,
    sent_bytes: u64,
    received_bytes: u64,
    /// Whose bytes its engine takes in at this moment.
    speakers: Vec<DeviceNumber>,
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

impl Device {
    /// A device with this store, which is off.
    pub fn new(number: DeviceNumber, disk: Disk, seed: u64, shared: &Shared) -> Device {
        let part = shared.cast.part(number);
        Device {
            number,
            phone: Phone::Foreground,
            agenda: Agenda::default(),
            disk,
            rng: rng::stream(seed, Purpose::Engine, u64::from(number)),
            air: rng::stream(seed, Purpose::Radio, u64::from(number)),
            running: None,
            on: false,
            starts: 0,
            next_link: 0,
            clock_error_ms: 0,
            within: BTreeMap::new(),
            links: BTreeMap::new(),
            sending: BTreeMap::new(),
            meters: vec![Meter::default(); shared.radios.len() + 1],
            battery_j: f64::INFINITY,
            base_w: 0.0,
            sent_bytes: 0,
            received_bytes: 0,
            speakers: Vec::new(),
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
                    rng: rng::stream(seed, Purpose::Adversary, 2 << 32 | u64::from(number)),
                })
            }),
        }
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

    /// Everything that happens to it at one moment, before its engine is [called](Self::call).
    pub fn step(&mut self, at_us: u64, shared: &Shared, posts: &mut Vec<Post>) {
        while let Some(what) = self.agenda.pop(at_us) {
            self.happen(at_us, what, shared, posts);
        }
    }

    /// Why its engine is to be called at this moment, if it is.
    pub fn reason(&self, at_us: u64) -> Option<Reason> {
        let running = self.running.as_ref()?;
        let due = running.wake_us.is_some_and(|wake_us| wake_us <= at_us);
        match running.waiting.is_empty() {
            false => Some(Reason::Heard),
            true if due || running.reports => Some(Reason::Due),
            true => None,
        }
    }

    /// Calls its engine, which takes all that has happened.
    pub fn call(&mut self, at_us: u64, shared: &Shared, posts: &mut Vec<Post>) {
        self.step(at_us, shared, posts);
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
            Happening::Written => {
                if let Some(running) = &mut self.running {
                    running.reports = true;
                }
            }
            Happening::Write(message) => self.write(at_us, message, shared),
            Happening::Post(post) => self.post(at_us, post, shared),
            Happening::Act(deed) => self.act(at_us, deed, shared),
            Happening::WriteStick(carried) => self.write_stick(carried, shared),
            Happening::Stick(bundles) => self.take_stick(at_us, bundles),
            Happening::Fault(fault) => self.fault(at_us, fault, shared, posts),
            Happening::Sample => self.sample(at_us, shared),
            Happening::Turn => self.take_turn(at_us, shared),
            Happening::Overheard { .. } => {}
        }
    }

    fn write(&mut self, at_us: u64, message: Message, shared: &Shared) {
        self.note(at_us, What::Wrote(message.clone()));
        let Some(mut running) = self.running.take() else {
            return;
        };
        self.write_with(at_us, message, &mut running, shared);
        self.running = Some(running);
    }

    fn write_with(&mut self, at_us: u64, message: Message, running: &mut Running, shared: &Shared) {
        let to = shared.contact_ids[message.to as usize].clone();
        if message.load {
            running.waiting.push_back(Input::Load {
                to,
                length: message.bytes,
                id: message.number,
            });
            return;
        }
        let Some(chat) = running.engine.direct_chat(&to) else {
            let message = message.number;
            return self.note(at_us, What::NotSent { message });
        };
        if let Some(seconds) = message.timer_s {
            let set = Call::SetTimer(chat.clone(), seconds);
            running.waiting.push_back(Input::Call(acting::SETTING, set));
        }
        let number = message.number;
        let file = message.file;
        let words = match message.bytes {
            0 if file.is_some() => String::new(),
            bytes => text(number, bytes as usize),
        };
        let message = NewMessage {
            reply_to: message.reply_to,
            file: file.map(|file| self.pick_file(number, file, running)),
            ..NewMessage::text(words)
        };
        running
            .waiting
            .push_back(Input::Call(CallId(number), Call::Send(chat, message)));
    }

    fn sample(&mut self, at_us: u64, shared: &Shared) {
        let held = self
            .running
            .as_ref()
            .map_or((0, 0), |running| running.engine.held());
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

    /// Its sessions end with the run, for the records.
    pub fn finish(&mut self, at_us: u64, shared: &Shared) {
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            // What ends with the run is not broken off.
            if let Some(end) = self.links.get_mut(&link) {
                end.files.clear();
            }
            self.down(at_us, link, shared);
        }
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
}

/// A text of this length that says which message it is.
fn text(number: u64, bytes: usize) -> String {
    let mut text = format!("#{number}");
    text.extend(std::iter::repeat_n('.', bytes.saturating_sub(text.len())));
    text
}

/// Shared by all for as long as the world lasts.
pub(super) type Common = Arc<Shared>;
