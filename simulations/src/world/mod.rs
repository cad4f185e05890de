//! Engines under a virtual clock. Time goes on in windows: within one, devices that cannot reach one
//! another cannot touch one another either, so each group that is connected by reach runs on its own, on any
//! thread, and what came of it is the same on any number of them.
//!
//! What devices announce is taken over by their radios as a window begins, so a change of beacons is
//! heard up to a window late; everything else happens to the microsecond.

mod acquainted;
mod agreement;
mod attachments;
mod checkpoint;
mod coming;
mod deeds;
mod device;
mod disk;
mod fault;
mod group;
mod group_chats;
pub(crate) mod happening;
mod keeper;
mod malice;
pub(crate) mod noted;
mod partition;
mod posts;
mod recorder;
mod setup;
mod workload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hedgerow_node::api::{ContactId, ConversationId};
use hedgerow_node::courier;
use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::cryptography::Cryptography;
use rand_chacha::ChaCha20Rng;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

pub use attachments::{Attachments, FileSize, VoiceNotes};
pub use fault::Fault;
pub use group_chats::GroupChats;
pub use recorder::Step;
pub use setup::Acquaintance;
pub use workload::{Afterwards, ByHand, Choice, Length, Pace, Workload};

use crate::adversary::{Adversary, Cast, Ledger};
use crate::plan::{Change, DeviceNumber, Meetings, SECOND_US};
use crate::radio::{Phone, Radio};
use crate::record::Record;
use crate::rng::{self, Purpose};
use crate::scenario::{Quota, Scenario, ScenarioError};
use acquainted::Acquainted;
use checkpoint::{Saved, SavedRng};
use device::{Common, Device};
use group::Group;
use group_chats::{GroupChat, Posting};
use happening::{Carried, Happening, Stick};
use noted::Noted;
use partition::Parted;
use recorder::Recorder;
use setup::People;

/// What all devices can see, unchanged while the world lasts.
pub(crate) struct Shared {
    radios: Vec<Radio>,
    people: People,
    acquainted: Acquainted,
    contact_ids: Vec<ContactId>,
    numbers: BTreeMap<ContactId, DeviceNumber>,
    group_chats: Arc<[GroupChat]>,
    groups: BTreeMap<ConversationId, u32>,
    epoch_ms: i64,
    cryptography: Cryptography,
    courier: Option<courier::Settings>,
    quotas: Vec<Quota>,
    dial_pause_ms: u64,
    /// Devices by the engine's word for them.
    device_ids: BTreeMap<DeviceId, DeviceNumber>,
    sample_us: Option<u64>,
    faults: fault::Air,
    cast: Arc<Cast>,
    /// Whether texts disappear.
    has_timers: bool,
    /// Whether people tell what they have read.
    has_receipts: bool,
    trace: bool,
}

impl Shared {
    /// How a device carries other people's bundles, if it does.
    fn courier_of(&self, device: DeviceNumber) -> Option<courier::Settings> {
        let mut courier = self.courier.clone()?;
        let quotas = self.quotas.iter();
        for quota in quotas.filter(|quota| (quota.from_device..quota.end_device).contains(&device))
        {
            courier.quota_bytes = quota.bytes;
        }
        Some(courier)
    }

    fn number_of(&self, contact: &ContactId) -> Option<DeviceNumber> {
        self.numbers.get(contact).copied()
    }

    /// The group whose conversation it is, if it is one.
    fn group_of(&self, conversation: &ConversationId) -> Option<u32> {
        self.groups.get(conversation).copied()
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Simulated time.
    pub now_us: u64,
    /// When it will be over.
    pub end_us: u64,
    /// Things that have happened.
    pub events: u64,
}

/// Why a world cannot be stopped or go on.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The scenario has none here.
    #[error("the world is not at a checkpoint of its scenario")]
    NotThere,
    /// Other devices, or another seed.
    #[error("this checkpoint is of another scenario or seed")]
    Another,
    /// Not what was written.
    #[error("the checkpoint is damaged")]
    Damaged(#[from] postcard::Error),
    /// A store in memory failed.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// The scenario cannot be run.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

/// One run of a scenario with one seed.
pub struct World {
    shared: Common,
    devices: Vec<Option<Box<Device>>>,
    meetings: Box<dyn Meetings>,
    workload: workload::Writing,
    posting: Posting,
    faults: fault::Schedule,
    recorder: Recorder,
    /// What adversaries do, if there are any.
    ledger: Option<Box<Ledger>>,
    /// Acquainted pairs within reach, the lower device first, and since when.
    within: BTreeMap<(DeviceNumber, DeviceNumber, u8), u64>,
    /// The other ends of what a device has within reach.
    near: Vec<BTreeSet<(DeviceNumber, u8)>>,
    air: ChaCha20Rng,
    now_us: u64,
    end_us: u64,
    window_us: u64,
    checkpoint_us: Option<u64>,
    seed: u64,
    events: u64,
    /// What has changed in this window for devices that have something to say to one another.
    changes: Vec<Change>,
    /// Groups that each thread has run, by its number.
    pub threads: Vec<u64>,
}

impl World {
    /// The world of a scenario as it begins.
    ///
    /// # Errors
    /// The scenario contradicts itself, or a file that it names cannot be read.
    pub fn new(scenario: &Scenario, seed: u64, trace: bool) -> Result<World, ScenarioError> {
        World::with_parts(scenario, seed, trace, false)
    }

    /// The same world with the same parts for adversaries, which nobody plays: what
    /// [`new`](Self::new) is compared with. `None` if that would be no other world.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn twin(scenario: &Scenario, seed: u64) -> Result<Option<World>, ScenarioError> {
        let disturbs = scenario.adversaries.iter().any(Adversary::disturbs);
        let twin = disturbs.then(|| World::with_parts(scenario, seed, false, true));
        twin.transpose()
    }

    fn with_parts(
        scenario: &Scenario,
        seed: u64,
        trace: bool,
        is_twin: bool,
    ) -> Result<World, ScenarioError> {
        let meetings = Parted::around(scenario.meetings(seed)?, &scenario.faults);
        let moving = meetings.devices();
        let mut acquainted = scenario.acquaintance.draw(moving, seed)?;
        acquainted.resize(moving, BTreeSet::new());
        let chats = group_chats::draw(&scenario.group_chats, &mut acquainted, seed);
        let group_chats: Arc<[GroupChat]> = chats.map_err(ScenarioError::Contradiction)?.into();
        let workload = workload::Writing::new(&scenario.workload, &acquainted, seed);
        let cast = Cast::draw(&scenario.adversaries, &mut acquainted, seed, is_twin);
        let cast = Arc::new(cast);
        let count = acquainted.len();
        let (people, stores) = People::new(count, seed);
        let contact_ids = people.contact_ids();
        let numbers = contact_ids
            .iter()
            .enumerate()
            .map(|(number, id)| (id.clone(), number as DeviceNumber))
            .collect();
        let shared = Arc::new(Shared {
            radios: scenario.radios.clone(),
            device_ids: people.device_ids(),
            people,
            acquainted: Acquainted::new(&acquainted),
            contact_ids,
            numbers,
            groups: group_chats::by_id(&group_chats),
            group_chats: group_chats.clone(),
            epoch_ms: setup::EPOCH_MS,
            cryptography: scenario.cryptography.kind(),
            courier: scenario.courier.clone(),
            quotas: scenario.quotas.clone(),
            dial_pause_ms: (scenario.dial_pause_s * 1_000.0) as u64,
            sample_us: scenario.outputs.sample_s.map(micros),
            faults: fault::Air::of(&scenario.faults),
            cast: cast.clone(),
            has_timers: scenario.workload.iter().any(Workload::has_timers),
            has_receipts: scenario.workload.iter().any(Workload::has_receipts),
            trace,
        });
        let mut devices: Vec<Option<Box<Device>>> = stores
            .into_iter()
            .enumerate()
            .map(|(number, store)| {
                let disk = disk::Disk::new(store);
                let device = Device::new(number as DeviceNumber, disk, seed, &shared);
                Some(Box::new(device))
            })
            .collect();
        let mut air = rng::stream(seed, Purpose::Radio, u64::MAX);
        let background = scenario.background_share();
        for device in devices.iter_mut().flatten() {
            if !cast.exists(device.number) {
                continue;
            }
            device.push(0, Happening::Fault(happening::Fault::On));
            if let Some(every_us) = cast.part(device.number).every_us() {
                device.push(every_us, Happening::Turn);
            }
            // Identities of Sybils are nowhere of their own, and are not looked at.
            if device.number as usize >= moving {
                continue;
            }
            if rng::unit(&mut air) < background {
                device.phone = Phone::Background;
            }
            if let Some(battery) = &scenario.battery {
                let [least, most] = battery.filled;
                device.set_battery(battery, rng::between(&mut air, least, most));
            }
            if let Some(every_us) = shared.sample_us {
                device.push(every_us, Happening::Sample);
            }
        }
        let end_us = micros(scenario.duration_s);
        Ok(World {
            recorder: Recorder::new(scenario, group_chats.clone()),
            ledger: (!cast.is_empty()).then(|| {
                let courier = scenario.courier.as_ref();
                Box::new(Ledger::new(&scenario.adversaries, cast, courier, seed))
            }),
            workload,
            posting: Posting::new(&group_chats, seed),
            faults: fault::Schedule::draw(&scenario.faults, moving, end_us, seed),
            near: vec![BTreeSet::new(); count],
            within: BTreeMap::new(),
            shared,
            devices,
            meetings,
            air,
            now_us: 0,
            end_us,
            window_us: micros(scenario.window_s),
            checkpoint_us: scenario.checkpoint_every_s.map(micros),
            seed,
            events: 0,
            changes: Vec::new(),
            threads: Vec::new(),
        })
    }

    /// Goes on for one window, and gives what happened in it, in order. False: the run is over.
    pub fn advance(&mut self, records: &mut Vec<Record>, steps: &mut Vec<Step>) -> bool {
        if self.now_us >= self.end_us {
            return false;
        }
        if self.is_at_checkpoint() {
            for device in self.devices.iter_mut().flatten() {
                device.go_on(self.now_us, &self.shared);
            }
        }
        let mut until_us = (self.now_us + self.window_us).min(self.end_us);
        if let Some(every_us) = self.checkpoint_us {
            until_us = until_us.min((self.now_us / every_us + 1) * every_us);
        }
        self.reach(until_us, records);
        self.announce();
        for (at_us, from, message) in self.workload.until(until_us) {
            let (number, to) = (message.number, message.to);
            let stick = message.stick;
            self.push(from, at_us, Happening::Write(message));
            if let Some(Stick { after_us, way_us }) = stick {
                let carried = Carried {
                    message: number,
                    to,
                    way_us,
                };
                self.push(from, at_us + after_us, Happening::WriteStick(carried));
            }
        }
        for (at_us, from, post) in self.posting.until(until_us) {
            self.push(from, at_us, Happening::Post(post));
        }
        for (at_us, device, fault) in self.faults.until(until_us) {
            self.push(device, at_us, Happening::Fault(fault));
        }
        self.run_groups(until_us, records, steps);
        self.now_us = until_us;
        if until_us == self.end_us {
            self.finish(records, steps);
        } else if self.is_at_checkpoint() {
            for device in self.devices.iter_mut().flatten() {
                device.start_anew(until_us, &self.shared);
            }
            self.take_notes(records, steps);
        }
        true
    }

    /// Whether the window that has just ended did so at a checkpoint of the scenario.
    #[must_use]
    pub fn is_at_checkpoint(&self) -> bool {
        (1..self.end_us).contains(&self.now_us)
            && self
                .checkpoint_us
                .is_some_and(|every_us| self.now_us.is_multiple_of(every_us))
    }

    /// The world at a checkpoint, for [`resume`](Self::resume).
    ///
    /// # Errors
    /// It does not fit into memory, or the world is not at a checkpoint.
    pub fn save(&mut self) -> Result<Vec<u8>, CheckpointError> {
        if !self.is_at_checkpoint() {
            return Err(CheckpointError::NotThere);
        }
        let devices = self.devices.iter_mut().flatten();
        let saved = Saved {
            seed: self.seed,
            now_us: self.now_us,
            events: self.events,
            air: SavedRng::of(&self.air),
            devices: devices
                .map(|device| device.save())
                .collect::<Result<_, _>>()?,
            recorder: self.recorder.save(),
        };
        Ok(postcard::to_stdvec(&saved)?)
    }

    /// A world that goes on from a checkpoint of the same scenario and seed. Contacts, workload and faults
    /// up to there are drawn again; records of that time are not.
    ///
    /// # Errors
    /// The scenario cannot be run, or the checkpoint is damaged or of another one.
    pub fn resume(
        scenario: &Scenario,
        seed: u64,
        trace: bool,
        checkpoint: &[u8],
    ) -> Result<World, CheckpointError> {
        let saved: Saved = postcard::from_bytes(checkpoint)?;
        let mut world = World::new(scenario, seed, trace)?;
        if saved.seed != seed || saved.devices.len() != world.devices.len() {
            return Err(CheckpointError::Another);
        }
        while world.now_us < saved.now_us {
            let until_us = (world.now_us + world.window_us).min(saved.now_us);
            world.reach(until_us, &mut Vec::new());
            world.workload.until(until_us);
            world.posting.until(until_us);
            world.faults.until(until_us);
            world.now_us = until_us;
        }
        world.events = saved.events;
        world.air = saved.air.restored();
        world.recorder.restore(saved.recorder);
        for (device, saved) in world.devices.iter_mut().flatten().zip(saved.devices) {
            device.restore(world.now_us, saved)?;
        }
        for (device, near) in world.devices.iter_mut().flatten().zip(&world.near) {
            for (peer, radio) in near {
                device.find_within(*peer, *radio);
            }
        }
        Ok(world)
    }

    /// The devices on which the text of a message is, anywhere in the rows of their stores. It has 16 bytes at least.
    #[must_use]
    pub fn holders(&self, message: u64) -> Vec<DeviceNumber> {
        let devices = self.devices.iter().flatten();
        let holders = devices.filter(|device| device.holds(message));
        holders.map(|device| device.number).collect()
    }

    /// How many devices there are.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.meetings.devices()
    }

    /// What the adversaries have come to, by name, when the run is over.
    pub fn figures(&mut self) -> Vec<(&'static str, f64)> {
        let ledger = self.ledger.as_mut();
        ledger.map_or_else(Vec::new, |ledger| ledger.figures(self.end_us))
    }

    /// The share of messages between honest devices that arrived, where there are others.
    #[must_use]
    pub fn honest_delivery_ratio(&self) -> Option<f64> {
        let ledger = self.ledger.as_ref()?;
        Some(ledger.honest_delivery_ratio())
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            now_us: self.now_us,
            end_us: self.end_us,
            events: self.events,
        }
    }

    fn push(&mut self, device: DeviceNumber, at_us: u64, what: Happening) {
        if let Some(device) = &mut self.devices[device as usize] {
            device.push(at_us, what);
        }
    }

    /// Who comes within reach of whom, and leaves it, before `until_us`.
    fn reach(&mut self, until_us: u64, records: &mut Vec<Record>) {
        let mut changes = std::mem::take(&mut self.changes);
        changes.clear();
        self.meetings.advance(until_us, &mut changes);
        self.recorder.contacts(&changes, records);
        self.shared.cast.mirror(&mut changes);
        changes.retain(|change| self.matters(change));
        for change in &changes {
            let key = (change.a, change.b, change.radio);
            if change.up {
                self.within.insert(key, change.at_us);
                self.near[change.a as usize].insert((change.b, change.radio));
                self.near[change.b as usize].insert((change.a, change.radio));
            } else {
                self.within.remove(&key);
                self.near[change.a as usize].remove(&(change.b, change.radio));
                self.near[change.b as usize].remove(&(change.a, change.radio));
            }
            for (device, peer) in [(change.a, change.b), (change.b, change.a)] {
                let what = Happening::Reach {
                    peer,
                    radio: change.radio,
                    up: change.up,
                };
                self.push(device, change.at_us, what);
            }
            if change.up {
                self.discover(change.a, change.b, change.radio, change.at_us);
                self.discover(change.b, change.a, change.radio, change.at_us);
            }
        }
        self.changes = changes;
    }

    /// Whether two devices have anything to say to one another.
    fn matters(&self, change: &Change) -> bool {
        let cast = &self.shared.cast;
        self.shared.acquainted.are(change.a, change.b)
            || cast.is_replayer(change.a)
            || cast.is_replayer(change.b)
    }

    /// What has been announced anew since the last window is heard by those within reach, and what is
    /// announced near by those that have just started.
    fn announce(&mut self) {
        let now_us = self.now_us;
        for number in 0..self.devices.len() {
            let Some(device) = &mut self.devices[number] else {
                continue;
            };
            let anew = std::mem::take(&mut device.announces_anew);
            let started = std::mem::take(&mut device.started);
            if !anew && !started {
                continue;
            }
            let near: Vec<_> = self.near[number].iter().copied().collect();
            for (peer, radio) in near {
                let number = number as DeviceNumber;
                if anew {
                    self.discover(peer, number, radio, now_us);
                }
                if started {
                    self.discover(number, peer, radio, now_us);
                }
            }
        }
    }

    /// `listener` will hear what `talker` announces now, if it does.
    fn discover(&mut self, listener: DeviceNumber, talker: DeviceNumber, radio: u8, from_us: u64) {
        let settings = &self.shared.radios[usize::from(radio)];
        let (Some(talking), Some(listening)) = (
            &self.devices[talker as usize],
            &self.devices[listener as usize],
        ) else {
            return;
        };
        let Some(announced) = talking.announcement(settings.carrier.kind()) else {
            return;
        };
        let delay_us = settings.discovery_us(
            listener < talker,
            listening.phone,
            talking.phone,
            &mut self.air,
        );
        let heard = Happening::Heard {
            peer: talker,
            radio,
            beacons: announced.clone(),
        };
        self.push(listener, from_us + delay_us, heard);
    }

    /// Runs every group in which something is due before `until_us`.
    fn run_groups(&mut self, until_us: u64, records: &mut Vec<Record>, steps: &mut Vec<Step>) {
        let groups = self.groups(until_us);
        let shared = &self.shared;
        let done: Vec<Group> = groups
            .into_par_iter()
            .map(|mut group| {
                group.run(until_us, shared);
                group
            })
            .collect();
        let mut noted = Vec::new();
        for group in done {
            self.events += group.events;
            if self.threads.len() <= group.thread {
                self.threads.resize(group.thread + 1, 0);
            }
            self.threads[group.thread] += 1;
            for mut device in group.devices {
                noted.append(&mut device.noted);
                let number = device.number as usize;
                self.devices[number] = Some(device);
            }
            for stray in group.strays {
                self.push(stray.to, stray.at_us.max(until_us), stray.what);
            }
        }
        self.take_noted(noted, records, steps);
    }

    fn take_noted(
        &mut self,
        mut noted: Vec<Noted>,
        records: &mut Vec<Record>,
        steps: &mut Vec<Step>,
    ) {
        // Stable: what one device notes at one moment stays in order.
        noted.sort_by_key(|noted| (noted.at_us, noted.device));
        if let Some(ledger) = &mut self.ledger {
            ledger.see(&noted);
        }
        let first = records.len();
        self.recorder.take(noted, &*self.meetings, records, steps);
        for (at_us, deed) in self.recorder.deeds_due() {
            self.push(deed.by(), at_us, Happening::Act(deed));
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.read(&records[first..]);
        }
    }

    /// The groups of devices that can reach one another before `until_us`, if something is due in them.
    fn groups(&mut self, until_us: u64) -> Vec<Group> {
        let count = self.devices.len();
        let mut parents: Vec<DeviceNumber> = (0..count as DeviceNumber).collect();
        let came = self.changes.iter().map(|change| (change.a, change.b));
        let pairs = self.within.keys().map(|(a, b, _)| (*a, *b)).chain(came);
        for (a, b) in pairs {
            let (a, b) = (root(&mut parents, a), root(&mut parents, b));
            parents[a.max(b) as usize] = a.min(b);
        }
        let mut due = vec![false; count];
        for device in self.devices.iter().flatten() {
            if device.next_us().is_some_and(|next_us| next_us < until_us) {
                due[root(&mut parents, device.number) as usize] = true;
            }
        }
        let mut place = vec![usize::MAX; count];
        let mut groups: Vec<Group> = Vec::new();
        for number in 0..count as DeviceNumber {
            let root = root(&mut parents, number) as usize;
            if !due[root] {
                continue;
            }
            if place[root] == usize::MAX {
                place[root] = groups.len();
                groups.push(Group::default());
            }
            if let Some(device) = self.devices[number as usize].take() {
                groups[place[root]].devices.push(device);
            }
        }
        groups
    }

    fn take_notes(&mut self, records: &mut Vec<Record>, steps: &mut Vec<Step>) {
        let mut noted = Vec::new();
        for device in self.devices.iter_mut().flatten() {
            noted.append(&mut device.noted);
        }
        self.take_noted(noted, records, steps);
    }

    /// What is still up ends with the run.
    fn finish(&mut self, records: &mut Vec<Record>, steps: &mut Vec<Step>) {
        for device in self.devices.iter_mut().flatten() {
            device.finish(self.end_us, &self.shared);
        }
        self.take_notes(records, steps);
        self.recorder.finish(self.end_us, records);
    }
}

/// The lowest device of a group, with the ways to it shortened.
fn root(parents: &mut [DeviceNumber], mut device: DeviceNumber) -> DeviceNumber {
    while parents[device as usize] != device {
        let parent = parents[device as usize];
        parents[device as usize] = parents[parent as usize];
        device = parent;
    }
    device
}

/// Seconds as microseconds.
pub(crate) fn micros(seconds: f64) -> u64 {
    libm::round(seconds * SECOND_US as f64) as u64
}
