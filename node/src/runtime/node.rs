//! A running engine, and how to talk to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hedgerow_sync::store::{Reader, StorageError, Store};
#[cfg(target_os = "linux")]
use hedgerow_transport::ble::{Ble, BleConfig};
use hedgerow_transport::carrier::lan::{Lan, LanConfig};
#[cfg(feature = "relay")]
use hedgerow_transport::carrier::relay::{RelayConfig, Relays};
use hedgerow_transport::carrier::{CarrierEvent, CarrierKind, DuplexCarrier, EventSink, LinkIds};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::clock::Clock;
use super::recording::Recorder;
use super::turns::{MAX_MAIL, Mail, Turns};
use super::window::Windows;
use super::world::World;
use crate::api::{Answer, Call, ConversationId, Delivery, Feed, Refusal, Reply, StorageFault};
use crate::engine::files::stored_names;
use crate::engine::{self, Engine, Inputs, NextWake, Now, OpenError};
use crate::files::keeper::{self, Keeper};
use crate::files::work::{FileEvent, Upload};
use crate::store::schema::{self, SchemaError};
use crate::store::{RedbReader, RedbStore};

/// How to run a node.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// Which carriers to run.
    pub on_air: OnAir,
    /// Record inputs to this new file, which then holds secrets in clear.
    pub record_to: Option<PathBuf>,
}

/// Which carriers to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAir {
    /// All of them.
    Yes,
    /// All, on this machine alone: tests, benches and the demo.
    Loopback,
    /// None: messages written wait for the next opening.
    No,
}

/// What the engine has told of the conversation that was looked at last.
struct Told {
    /// The number of changes before the question.
    changes: u64,
    conversation: ConversationId,
    recipients: Vec<Delivery>,
}

/// How long carriers may take after the start to learn an address of this device.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// Tells once how the engine has ended: with the fault of the store, or in good order. If the engine's thread panics,
/// the channel closes without a word.
pub type Failure = oneshot::Receiver<Option<StorageFault>>;

/// An engine on a thread of its own, with its store and carriers. A drop stops it, but does not wait for its end.
pub struct Node {
    mail: mpsc::Sender<Mail>,
    /// Whether any carrier knows an address of this device.
    on_air: watch::Receiver<bool>,
    /// Until when we wait for the first address.
    searching_until: Instant,
    reader: RedbReader,
    /// The directory of sealed files.
    files: PathBuf,
    /// How many turns have begun that may change what the engine answers.
    changes: Arc<AtomicU64>,
    told: Mutex<Option<Told>>,
    /// Why the store has failed.
    fault: Arc<OnceLock<StorageFault>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Makes a fresh identity in an empty store and runs it.
    ///
    /// # Errors
    /// As [`Engine::create`]; or the recording cannot begin.
    pub fn create(
        store: RedbStore,
        files: &Path,
        name: &str,
        options: &NodeOptions,
        feed: Arc<Feed>,
    ) -> Result<(Self, Failure), Refusal> {
        let engine = |store: &mut RedbStore, now, rng: &mut ChaCha20Rng| {
            Engine::create(store, name, now, rng)
        };
        Start::with(store, files, engine)?.run(options, feed)
    }

    /// Brings a store to the present version and runs its identity.
    ///
    /// # Errors
    /// As [`Engine::open`]; or the recording cannot begin.
    pub fn open(
        store: RedbStore,
        files: &Path,
        options: &NodeOptions,
        feed: Arc<Feed>,
    ) -> Result<(Self, Failure), Refusal> {
        let engine =
            |store: &mut RedbStore, now, rng: &mut ChaCha20Rng| Engine::open(store, now, rng);
        Start::with(store, files, engine)?.run(options, feed)
    }

    /// As [`open`](Self::open) on a disk without room: off the air, and the engine writes nothing that can wait.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open_on_full_disk(
        store: RedbStore,
        files: &Path,
        feed: Arc<Feed>,
    ) -> Result<(Self, Failure), Refusal> {
        let engine = |store: &mut RedbStore, now, rng: &mut ChaCha20Rng| {
            let mut engine = Engine::open(store, now, rng)?;
            engine.index_nothing();
            Ok(engine)
        };
        let options = NodeOptions {
            on_air: OnAir::No,
            record_to: None,
        };
        Start::with(store, files, engine)?.run(&options, feed)
    }

    /// A file is sealed, and waits for a message that names it.
    pub async fn offer(&self, upload: Upload) -> Result<(), Refusal> {
        let mail = Mail::File(FileEvent::Sealed(upload));
        self.mail.send(mail).await.map_err(|_| Refusal::Stopping)
    }

    /// The directory of sealed files.
    pub fn files(&self) -> &Path {
        &self.files
    }

    /// Makes a call to the engine.
    pub async fn call(&self, call: Call) -> Answer {
        let (caller, answer) = oneshot::channel();
        let mail = Mail::Call(call, caller);
        self.mail.send(mail).await.map_err(|_| self.ended())?;
        answer.await.map_err(|_| self.ended())?
    }

    /// Every device that our messages of a conversation go to, and why they wait. Asks the engine only if it may
    /// answer otherwise than before: who turns pages asks for each of them, and a question wakes two threads.
    pub async fn recipients(&self, of: &ConversationId) -> Result<Vec<Delivery>, Refusal> {
        let told = || self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.changes.load(Ordering::Acquire);
        if let Some(told) = &*told()
            && told.changes == changes
            && told.conversation == *of
        {
            return Ok(told.recipients.clone());
        }
        let Reply::Conversation(known) = self.call(Call::Conversation(of.clone())).await? else {
            return Err(Refusal::Bug);
        };
        *told() = Some(Told {
            changes,
            conversation: of.clone(),
            recipients: known.recipients.clone(),
        });
        Ok(known.recipients)
    }

    /// Waits, right after the start, until a carrier knows an address of this device, but no longer than that may take.
    pub async fn found_on_air(&self) {
        let mut on_air = self.on_air.clone();
        // Go on in each case: an address is known, no carrier will have one, or it took too long.
        let _ = timeout_at(self.searching_until, on_air.wait_for(|found| *found)).await;
    }

    /// Reads the last committed state, without the engine's thread.
    pub fn read<T>(
        &self,
        job: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, Refusal> {
        self.reader
            .read(job)
            .map_err(|error| Refusal::Storage { fault: error.kind })
    }

    /// Runs `job` on the store between two turns of the engine, and waits for it.
    pub async fn with_store<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut RedbStore) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(move |store: &mut RedbStore| {
            // A caller that has stopped waiting needs no answer.
            let _ = caller.send(job(store));
        });
        let mail = Mail::Store(job);
        self.mail.send(mail).await.map_err(|_| self.ended())?;
        answer.await.map_err(|_| self.ended())
    }

    /// Why nobody answers: the store has failed and is opened again soon, or the node stops.
    fn ended(&self) -> Refusal {
        match self.fault.get() {
            Some(fault) => Refusal::Storage { fault: *fault },
            None => Refusal::Stopping,
        }
    }

    /// Finishes the calls made so far, closes the store and goes off the air.
    pub async fn stop(&self) {
        // If the engine has ended already, nobody takes this mail.
        let _ = self.mail.send(Mail::Stop).await;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // If the engine has panicked, stderr shows it, and there is nothing left to stop.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// Everything with which the engine's thread begins.
struct Start {
    engine: Engine,
    store: RedbStore,
    /// The directory of sealed files.
    files: PathBuf,
    seed: [u8; 32],
    rng: ChaCha20Rng,
    clock: Clock,
}

impl Start {
    /// Brings the store to the present version and makes its engine.
    fn with(
        mut store: RedbStore,
        files: &Path,
        engine: impl FnOnce(&mut RedbStore, Now, &mut ChaCha20Rng) -> Result<Engine, OpenError>,
    ) -> Result<Start, Refusal> {
        schema::migrate(&mut store, schema::MIGRATIONS)?;
        let (seed, mut rng) = seeded_rng()?;
        let clock = Clock::start();
        let engine = engine(&mut store, clock.now(), &mut rng)?;
        let known = store.read(stored_names)?;
        keeper::prepare(files, &known).map_err(|error| Refusal::Storage {
            fault: crate::store::fault::kind_of(&error),
        })?;
        Ok(Start {
            engine,
            store,
            files: files.to_path_buf(),
            seed,
            rng,
            clock,
        })
    }

    fn run(mut self, options: &NodeOptions, feed: Arc<Feed>) -> Result<(Node, Failure), Refusal> {
        let opened = self.clock.now();
        let recorder = match &options.record_to {
            None => None,
            Some(path) => Some(Recorder::create(path, &self.seed, opened).map_err(|error| {
                let what = format!("the recording cannot be begun: {}", error.kind());
                Refusal::BadRequest { what }
            })?),
        };
        let (mail, received) = mpsc::channel(MAX_MAIL);
        let ports = self.store.read(engine::ports::load).unwrap_or_default();
        let (found, on_air) = watch::channel(options.on_air == OnAir::No);
        let carriers = carriers(options.on_air, ports, &mail)?;
        let reader = self.store.reader();
        let changes = Arc::default();
        let fault = Arc::default();
        let reports = mail.clone();
        let report = move |event| reports.blocking_send(Mail::File(event)).is_ok();
        let keeper = Keeper::start(self.files.clone(), report).map_err(|_| Refusal::Bug)?;
        let (failed, failure) = oneshot::channel();
        let turns = Turns {
            mail: received,
            clock: self.clock,
            world: World::new(carriers, feed, found, keeper),
            recorder,
            inputs: Inputs::default(),
            engine: self.engine,
            rng: self.rng,
            wake: NextWake(None),
            changes: Arc::clone(&changes),
            fault: Arc::clone(&fault),
        };
        let thread = std::thread::Builder::new()
            .name("engine".into())
            .spawn(move || {
                let ended = turns.run(&mut self.store);
                if let Err(error) = &ended {
                    tracing::error!(kind = ?error.kind, "the store has failed");
                }
                drop(self.store);
                // A host that is stopping does not listen any more.
                let _ = failed.send(ended.err().map(|error| error.kind));
            })
            .map_err(|_| Refusal::Bug)?;
        let node = Node {
            mail,
            on_air,
            searching_until: Instant::now() + FIRST_LOOK,
            reader,
            files: self.files,
            changes,
            told: Mutex::default(),
            fault,
            thread: Mutex::new(Some(thread)),
        };
        Ok((node, failure))
    }
}

fn carriers(
    on_air: OnAir,
    ports: BTreeMap<[u8; 16], u16>,
    mail: &mpsc::Sender<Mail>,
) -> Result<BTreeMap<CarrierKind, Box<dyn DuplexCarrier>>, Refusal> {
    let (seed, _) = seeded_rng()?;
    let ids = LinkIds::default();
    let mut config = match on_air {
        OnAir::Yes => LanConfig::new(seed, ids.clone()),
        OnAir::Loopback => LanConfig::loopback(seed, ids.clone()),
        OnAir::No => return Ok(BTreeMap::new()),
    };
    config.ports = ports;
    let windows = Windows::default();
    let sink = |kind| Sink {
        kind,
        mail: mail.clone(),
        windows: windows.clone(),
    };
    let mut carriers: BTreeMap<CarrierKind, Box<dyn DuplexCarrier>> = BTreeMap::new();
    let lan = Lan::start(config, sink(CarrierKind::Lan));
    carriers.insert(CarrierKind::Lan, Box::new(lan));
    #[cfg(feature = "relay")]
    {
        let (seed, _) = seeded_rng()?;
        let config = RelayConfig {
            seed,
            ids: ids.clone(),
            // A direct path needs sockets that other devices can reach.
            direct: on_air == OnAir::Yes,
        };
        let relays = Relays::start(config, sink(CarrierKind::Relay));
        carriers.insert(CarrierKind::Relay, Box::new(relays));
    }
    #[cfg(target_os = "linux")]
    if on_air == OnAir::Yes {
        let (seed, _) = seeded_rng()?;
        let ble = Ble::start(BleConfig::new(seed, ids), sink(CarrierKind::Ble));
        carriers.insert(CarrierKind::Ble, Box::new(ble));
    }
    Ok(carriers)
}

/// Where a carrier puts its events: the engine's mail. If the mail is full, the carrier waits; if the window of a link
/// is full, that link waits.
#[derive(Clone)]
struct Sink {
    kind: CarrierKind,
    mail: mpsc::Sender<Mail>,
    windows: Windows,
}

impl EventSink for Sink {
    async fn hand(&self, event: CarrierEvent) -> bool {
        let event = self.windows.admit(event).await;
        self.mail
            .send(Mail::Carrier(self.kind, event))
            .await
            .is_ok()
    }
}

/// A generator with a seed from the operating system, and that seed.
fn seeded_rng() -> Result<([u8; 32], ChaCha20Rng), Refusal> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| Refusal::Bug)?;
    Ok((seed, ChaCha20Rng::from_seed(seed)))
}

impl From<SchemaError> for Refusal {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Newer { .. } => Refusal::NewerData,
            SchemaError::Older { .. } => Refusal::OlderData,
            SchemaError::Store(error) => Refusal::Storage { fault: error.kind },
        }
    }
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Storage(error) => Refusal::Storage { fault: error.kind },
            OpenError::Empty => Refusal::NoIdentity,
            OpenError::NotEmpty => Refusal::IdentityExists,
            OpenError::Version { found } if found < schema::current() => Refusal::OlderData,
            OpenError::Version { .. } => Refusal::NewerData,
            OpenError::Name => Refusal::BadName,
        }
    }
}
