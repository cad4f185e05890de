//! One node of a world.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Reader, StorageError, StorageFault, Store, Txn};
use hedgerow_sync::watched::Watched;
use hedgerow_transport::carrier::memory::MemoryNetwork;
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, CarrierKind, Ending, LinkId};
use hedgerow_transport::cryptography::Cryptography;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::EPOCH_MS;
use crate::api::{Answer, Call, Event, Reply};
use crate::courier;
use crate::engine::files::stored_names;
use crate::engine::{BundleEvent, CallId, Effects, Engine, Input, Inputs, NextWake, Now, pump};
use crate::files::memory::MemoryFiles;
use crate::files::work::FileCommand;
use crate::parcel::steps::Stepped;
use crate::store::schema;

/// A store in memory that counts commits and can make them fail.
#[derive(Debug, Clone, Default)]
pub struct Storage {
    /// The committed state.
    pub store: MemoryStore,
    /// Commits that changed something.
    pub commits: u64,
    /// After this many more commits, the next one fails.
    pub fail_after: Option<u64>,
}

impl Store for Storage {
    fn write<T>(
        &mut self,
        job: impl FnOnce(&mut dyn Txn) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut changed = false;
        let before = self.fail_after.map(|_| self.store.clone());
        let result = self.store.write(|txn| {
            let mut watched = Watched::new(txn);
            let done = job(&mut watched);
            changed = watched.has_written();
            done
        })?;
        if !changed {
            return Ok(result);
        }
        self.commits += 1;
        match (&mut self.fail_after, before) {
            (Some(0), Some(before)) => {
                self.store = before;
                self.fail_after = None;
                Err(StorageError {
                    reason: "made to fail".to_owned(),
                    kind: StorageFault::Io,
                })
            }
            (Some(left), _) => {
                *left -= 1;
                Ok(result)
            }
            (None, _) => Ok(result),
        }
    }

    fn read<T>(
        &self,
        job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.store.read(job)
    }
}

/// An engine with its store, its clock and its output.
pub struct Node {
    /// Its store.
    pub storage: Storage,
    /// Its files.
    pub files: MemoryFiles,
    /// Most inputs in one call of the engine.
    pub batch: usize,
    /// Its wall clock minus that of the world.
    pub clock_error_ms: i64,
    /// Answers that nobody has taken yet.
    pub answers: BTreeMap<CallId, Answer>,
    /// All its events.
    pub events: Vec<Event>,
    /// Its events about bundles.
    pub bundles: Vec<BundleEvent>,
    /// Calls of the engine, with or without input.
    pub pumps: u64,
    /// Hash of everything it has asked of the world, in order.
    pub asked: blake3::Hasher,
    /// As [`asked`](Self::asked), but with only the lengths of bytes over links and the number of beacons.
    pub asked_in_length: blake3::Hasher,
    carries: Option<courier::Settings>,
    simulates: bool,
    cryptography: Cryptography,
    engine: Engine,
    waiting: VecDeque<Input>,
    wake: NextWake,
    rng: ChaCha20Rng,
    calls: u64,
    stopped: bool,
}

impl Node {
    pub(super) fn new(name: &str, seed: u64, now_ms: u64, cryptography: Cryptography) -> Node {
        let mut storage = Storage::default();
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let now = Now {
            mono_ms: now_ms,
            wall_ms: EPOCH_MS + now_ms as i64,
        };
        schema::migrate(&mut storage, schema::MIGRATIONS).expect("memory does not fail");
        let engine = Engine::create(&mut storage, name, now, &mut rng)
            .expect("an empty store takes an identity");
        Node::around(engine, storage, rng, cryptography)
    }

    /// A second process on a copy of the data.
    pub(super) fn copy(&self, seed: u64, now_ms: u64) -> Node {
        let copy = Node::open(
            self.storage.store.clone(),
            seed,
            self.now(now_ms),
            self.cryptography,
        );
        Node {
            clock_error_ms: self.clock_error_ms,
            ..copy
        }
    }

    /// A node on a store with an identity, in a new world.
    pub(super) fn resume(store: MemoryStore, seed: u64, cryptography: Cryptography) -> Node {
        Node::open(
            store,
            seed,
            Now {
                mono_ms: 0,
                wall_ms: EPOCH_MS,
            },
            cryptography,
        )
    }

    fn open(store: MemoryStore, seed: u64, now: Now, cryptography: Cryptography) -> Node {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let storage = Storage {
            store,
            ..Storage::default()
        };
        let engine = Engine::open(&storage, now, &mut rng).expect("what was committed opens");
        Node::around(engine, storage, rng, cryptography)
    }

    fn around(
        mut engine: Engine,
        storage: Storage,
        rng: ChaCha20Rng,
        cryptography: Cryptography,
    ) -> Node {
        engine.set_cryptography(cryptography);
        Node {
            cryptography,
            storage,
            files: MemoryFiles::default(),
            batch: usize::MAX,
            clock_error_ms: 0,
            answers: BTreeMap::new(),
            events: Vec::new(),
            bundles: Vec::new(),
            carries: None,
            simulates: false,
            pumps: 0,
            asked: blake3::Hasher::new(),
            asked_in_length: blake3::Hasher::new(),
            engine,
            waiting: VecDeque::new(),
            wake: NextWake(None),
            rng,
            calls: 0,
            stopped: false,
        }
    }

    /// Makes a call; the answer comes when the world runs.
    pub fn call(&mut self, call: Call) -> CallId {
        self.calls += 1;
        let id = CallId(self.calls);
        self.waiting.push_back(Input::Call(id, call));
        id
    }

    /// Carries other people's bundles from now on, also after restarts.
    ///
    /// # Panics
    /// The settings contradict each other.
    pub fn start_courier(&mut self, settings: courier::Settings, now_ms: u64) {
        let now = self.now(now_ms);
        self.carries = Some(settings.clone());
        self.engine
            .start_courier(settings, &self.storage, now)
            .expect("memory does not fail");
    }

    /// Takes ghosts and loads from now on, and after restarts. The product never does.
    pub fn simulate(&mut self) {
        self.simulates = true;
        self.engine.simulate();
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, to create states that would take long otherwise.
    #[cfg(test)]
    pub(crate) fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Adds an input, which the engine takes in when the world runs.
    pub fn input(&mut self, input: Input) {
        self.waiting.push_back(input);
    }

    /// Its parts, to continue outside of a world.
    #[cfg(test)]
    pub(crate) fn into_parts(self) -> (Engine, MemoryStore, ChaCha20Rng) {
        (self.engine, self.storage.store, self.rng)
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    pub(super) fn next_moment(&self, now_ms: u64) -> Option<u64> {
        if self.stopped {
            return None;
        }
        if self.waiting.is_empty() {
            self.wake.0
        } else {
            Some(now_ms)
        }
    }

    pub(super) fn now(&self, now_ms: u64) -> Now {
        Now {
            mono_ms: now_ms,
            wall_ms: EPOCH_MS + now_ms as i64 + self.clock_error_ms,
        }
    }

    /// Pumps until no input waits. A failing commit ends the process and starts it again.
    pub(super) fn pump(&mut self, number: usize, air: &mut Air<'_>, now_ms: u64) {
        let now = self.now(now_ms);
        let mut inputs = Inputs::default();
        loop {
            for input in self.waiting.drain(..self.batch.min(self.waiting.len())) {
                inputs.push(input);
            }
            let mut effects = EffectQueue {
                number,
                air,
                now_ms,
                answers: &mut self.answers,
                events: &mut self.events,
                bundles: &mut self.bundles,
                waiting: &mut self.waiting,
                files: &mut self.files,
                log: &mut self.asked,
                log_in_length: &mut self.asked_in_length,
            };
            self.pumps += 1;
            match pump(
                &mut self.engine,
                &mut self.storage,
                &mut inputs,
                now,
                &mut self.rng,
                &mut effects,
            ) {
                Ok(wake) => self.wake = wake,
                Err(_) => {
                    air.all().for_each(|network| network.crash(number));
                    self.reopen(now_ms);
                    return;
                }
            }
            if inputs.is_empty() && self.waiting.is_empty() {
                return;
            }
        }
    }

    /// Drops the engine with everything uncommitted, and opens its store again.
    pub(super) fn reopen(&mut self, now_ms: u64) {
        self.waiting.clear();
        self.files.crash();
        let named = self.storage.read(stored_names);
        self.files.keep_only(&named.expect("memory does not fail"));
        self.engine = Engine::open(&self.storage, self.now(now_ms), &mut self.rng)
            .expect("what was committed opens");
        self.engine.set_cryptography(self.cryptography);
        if self.simulates {
            self.engine.simulate();
        }
        if let Some(settings) = &self.carries {
            let now = self.now(now_ms);
            self.engine
                .start_courier(settings.clone(), &self.storage, now)
                .expect("memory does not fail");
        }
        self.wake = NextWake(Some(now_ms));
    }
}

/// The networks of all carriers.
pub(super) struct Air<'a> {
    pub base: (CarrierKind, &'a mut MemoryNetwork),
    pub further: &'a mut BTreeMap<CarrierKind, MemoryNetwork>,
}

impl Air<'_> {
    fn all(&mut self) -> impl Iterator<Item = &mut MemoryNetwork> {
        std::iter::once(&mut *self.base.1).chain(self.further.values_mut())
    }

    fn of(&mut self, kind: CarrierKind) -> &mut MemoryNetwork {
        self.further.get_mut(&kind).unwrap_or(self.base.1)
    }
}

/// The world as one engine sees it, during one pump.
struct EffectQueue<'a, 'n> {
    number: usize,
    air: &'a mut Air<'n>,
    now_ms: u64,
    answers: &'a mut BTreeMap<CallId, Answer>,
    events: &'a mut Vec<Event>,
    bundles: &'a mut Vec<BundleEvent>,
    waiting: &'a mut VecDeque<Input>,
    files: &'a mut MemoryFiles,
    log: &'a mut blake3::Hasher,
    log_in_length: &'a mut blake3::Hasher,
}

impl EffectQueue<'_, '_> {
    /// Link ids are unique over all networks.
    fn link_command(&mut self, command: CarrierCommand) {
        for network in self.air.all() {
            network.command(self.number, command.clone(), self.now_ms);
        }
    }

    fn log(&mut self, what: &str, bytes: &[u8]) {
        self.log_secret(what, bytes, bytes);
    }

    /// Logs bytes that differ each time they are made, and the part of them that stays the same.
    fn log_secret(&mut self, what: &str, bytes: &[u8], length: &[u8]) {
        for (log, bytes) in [(&mut *self.log, bytes), (&mut *self.log_in_length, length)] {
            log.update(what.as_bytes())
                .update(&self.now_ms.to_be_bytes())
                .update(bytes);
        }
    }
}

impl Effects for EffectQueue<'_, '_> {
    fn send(&mut self, link: LinkId, bytes: Bytes) {
        self.log_secret("send", &bytes, &bytes.len().to_be_bytes());
        self.link_command(CarrierCommand::Send { link, bytes });
    }
    fn ghost(&mut self, link: LinkId, bytes: u64) {
        // This network takes no time for ghosts.
        let bytes = bytes as usize;
        let written = CarrierEvent::Written { link, bytes };
        self.waiting
            .push_back(Input::Carrier(self.air.base.0, written));
    }
    fn recognised(&mut self, link: LinkId) {
        self.log("recognised", &link.0.to_be_bytes());
        self.link_command(CarrierCommand::Recognised { link });
    }
    fn end(&mut self, link: LinkId, ending: Ending) {
        self.log("end", format!("{link:?} {ending:?}").as_bytes());
        self.link_command(CarrierCommand::End { link, ending });
    }
    fn command(&mut self, kind: CarrierKind, command: CarrierCommand) {
        match &command {
            // Beacons differ each time they are made.
            CarrierCommand::Announce { beacons, look } => {
                let count = beacons.len().to_be_bytes();
                let length = [&count[..], &[u8::from(*look)]].concat();
                self.log_secret("announce", &beacons.concat(), &length);
            }
            CarrierCommand::Dial { to, .. } => self.log("dial", to.0.as_bytes()),
            command => self.log("command", format!("{command:?}").as_bytes()),
        }
        let network = self.air.of(kind);
        network.command(self.number, command, self.now_ms);
    }
    fn answer(&mut self, call: CallId, answer: Answer) {
        let said = format!("{call:?} {answer:?}");
        match &answer {
            Ok(Reply::Stepped(Stepped::Sealed(parcel, _))) => {
                self.log_secret("answer", said.as_bytes(), &parcel.len().to_be_bytes());
            }
            _ => self.log("answer", said.as_bytes()),
        }
        self.answers.insert(call, answer);
    }
    fn event(&mut self, event: Event) {
        self.log("event", format!("{event:?}").as_bytes());
        self.events.push(event);
    }
    fn file(&mut self, command: FileCommand) {
        // The names of files, and what is in them, differ each time.
        let event = self.files.execute(command);
        self.waiting.extend(event.map(Input::File));
    }
    fn bundle(&mut self, event: BundleEvent) {
        self.log("bundle", format!("{event:?}").as_bytes());
        self.bundles.push(event);
    }
}
