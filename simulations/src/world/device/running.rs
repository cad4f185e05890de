//! A device while it is switched on: its engine, started from the store and called when something has
//! happened.

use std::collections::{BTreeMap, VecDeque};

use hedgerow_node::api::Call;
use hedgerow_node::engine::{Engine, Input, Inputs, NextWake, pump};
use hedgerow_transport::carrier::{CarrierEvent, CarrierKind, CarrierState, LinkId};

use super::acting;
use super::carrying::Stick;
use super::effect_queue::EffectQueue;
use super::nearby::{Announcement, Within};
use super::{Device, Post};
use crate::plan::DeviceNumber;
use crate::world::Shared;
use crate::world::happening::{Fault, Happening};

/// How long a device whose store has failed waits until it opens it again.
const REOPEN_US: u64 = 10_000_000;

/// The most times an engine is called in one moment; more is a fault of the engine.
const MAX_PUMPS: usize = 10_000;

/// What a device has while it is switched on.
pub(crate) struct Running {
    pub engine: Engine,
    pub(super) inputs: Inputs,
    pub waiting: VecDeque<Input>,
    pub wake_us: Option<u64>,
    /// Sticks that are being written, by the number of the message whose author thought of it.
    pub(super) sticks: BTreeMap<u64, Stick>,
    /// It is to be told what has been written.
    pub(super) reports: bool,
    pub(super) announced: BTreeMap<CarrierKind, Announcement>,
}

impl Device {
    pub(super) fn fault(
        &mut self,
        at_us: u64,
        fault: Fault,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        match fault {
            Fault::Off => {
                self.on = false;
                self.switch_off(at_us, shared, posts);
            }
            Fault::On => {
                self.on = true;
                self.switch_on(at_us, shared);
            }
            Fault::Snapshot => {
                self.write_down(shared);
                self.disk.keep();
            }
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
    pub(super) fn switch_off(&mut self, at_us: u64, shared: &Shared, posts: &mut Vec<Post>) {
        self.running = None;
        self.disk.files.crash();
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

    /// Writes down whom it has known since the world began. Until then what of them has not changed is held by
    /// its engine alone.
    pub(super) fn write_down(&mut self, shared: &Shared) {
        let (number, known) = (self.number, shared.acquainted.of(self.number));
        self.disk
            .complete(|store| shared.people.introduce(number, known, store));
    }

    /// Puts its groups into its store.
    fn join_groups(&mut self, shared: &Shared) {
        let number = self.number;
        let is_known = |other: &DeviceNumber| shared.acquainted.are(number, *other);
        if let Some(store) = self.disk.incomplete() {
            for chat in shared.group_chats.iter() {
                let (Some(assembled), Some(place)) = (&chat.assembled, chat.place(number)) else {
                    continue;
                };
                let people = chat.people.iter().copied().enumerate();
                let known = people.filter(|(_, other)| is_known(other));
                shared.people.join(assembled, place, known, store);
            }
        }
    }

    /// Starts from what the store holds.
    pub(super) fn switch_on(&mut self, at_us: u64, shared: &Shared) {
        if self.running.is_some() || self.spent(at_us) {
            return;
        }
        let now = self.now(at_us, shared);
        match self.starts {
            0 => self.join_groups(shared),
            _ => self.write_down(shared),
        }
        self.disk.tidy();
        let mut engine = match self.disk.incomplete() {
            Some(store) => {
                let known = shared.acquainted.of(self.number);
                let people = &shared.people;
                people.open(self.number, known, store, now, &mut self.rng)
            }
            None => Engine::open(&self.disk, now, &mut self.rng)
                .expect("what was committed in memory can be opened"),
        };
        engine.simulate();
        engine.set_cryptography(shared.cryptography);
        engine.set_beacon_pause(shared.dial_pause_ms);
        if let Some(courier) = shared.courier_of(self.number) {
            engine
                .start_courier_with(
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
            sticks: BTreeMap::new(),
            reports: false,
            announced: BTreeMap::new(),
        };
        for radio in shared.radios.iter() {
            running.waiting.push_back(Input::Carrier(
                radio.carrier.kind(),
                CarrierEvent::State(CarrierState::On),
            ));
        }
        if shared.has_receipts {
            let tell = Input::Call(acting::SETTING, Call::SetReceipts(true));
            running.waiting.push_back(tell);
        }
        self.running = Some(Box::new(running));
        self.power(at_us, shared);
    }

    /// Hands the engine what has happened, and does what it asks.
    pub(super) fn pump(&mut self, at_us: u64, shared: &Shared, posts: &mut Vec<Post>) {
        if self.reason(at_us).is_none() {
            return;
        }
        let now = self.now(at_us, shared);
        let Some(mut running) = self.running.take() else {
            return;
        };
        running.reports = false;
        self.speakers.clear();
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
                if let Input::Carrier(_, CarrierEvent::Bytes { link, .. }) = &input {
                    self.speakers
                        .extend(self.links.get(link).map(|end| end.peer));
                }
                running.inputs.push(input);
            }
            let mut queue = EffectQueue::default();
            let result = pump(
                &mut running.engine,
                &mut self.disk,
                &mut running.inputs,
                now,
                &mut self.rng,
                &mut queue,
            );
            self.execute(at_us, queue, &mut running, shared, posts);
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
}
