//! The states of the host, and the transitions between them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hedgerow_sync::store::Store;
use tokio::sync::{Mutex, broadcast, watch};

use crate::api::{Event, Passphrase, Refusal, StorageFault, typed};
use crate::directory::{Contents, Directory, DirectoryError, Hashing, OwnerInfo, Protection};
use crate::runtime::{Failure, Node, NodeOptions};
use crate::store::{erasure, fault};

/// The most events that wait for one slow listener. Beyond that it gets [`Event::Missed`].
const MAX_EVENTS: usize = 1_024;

/// Pauses before a failed store is opened again: the first, doubled up to the longest.
const REOPEN_FIRST: Duration = Duration::from_secs(1);
const REOPEN_LONGEST: Duration = Duration::from_secs(60);

/// The interval at which a running node checks whether deleted bytes have lingered on the disk for too long.
const ERASURE_CHECK: Duration = Duration::from_secs(6 * 60 * 60);

/// How to host a directory.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// How to run the node.
    pub node: NodeOptions,
    /// The work that one try of a new passphrase costs.
    pub hashing: Hashing,
}

/// Why a host has left its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departure {
    /// A caller or a signal stopped it.
    Stopped,
    /// Everything is destroyed.
    Wiped,
    /// Another program takes over. This is the name that it gave itself.
    HandedOver(String),
    /// The host cannot reach its data any more, and waiting does not help.
    Failed(StorageFault),
}

/// The owner of a data directory.
pub(super) struct Host {
    options: HostOptions,
    events: broadcast::Sender<Event>,
    state: RwLock<State>,
    /// Held during each change of state, so that changes happen one after the other.
    changing: Mutex<()>,
    departure: watch::Sender<Option<Departure>>,
}

/// The state of the host. The last state drops the directory, and with it the lock.
enum State {
    Locked(Arc<Directory>),
    Open(Arc<Directory>, Arc<Node>),
    Failing(Arc<Directory>, StorageFault),
    Gone,
}

impl Host {
    pub(super) fn new(directory: Directory, options: HostOptions) -> Arc<Self> {
        Arc::new(Self {
            options,
            events: broadcast::Sender::new(MAX_EVENTS),
            state: RwLock::new(State::Locked(Arc::new(directory))),
            changing: Mutex::new(()),
            departure: watch::Sender::new(None),
        })
    }

    /// The running node.
    ///
    /// # Errors
    /// Why no node runs. For a locked host this may be that its directory is gone; a running node notices that itself.
    pub(super) fn node(&self) -> Result<Arc<Node>, Refusal> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(_, node) => Ok(node.clone()),
            State::Locked(directory) => {
                directory.check_place()?;
                Err(Refusal::Locked)
            }
            State::Failing(_, fault) => Err(Refusal::Storage { fault: *fault }),
            State::Gone => Err(Refusal::Stopping),
        }
    }

    /// The directory, while the host owns it.
    pub(super) fn directory(&self) -> Result<Arc<Directory>, Refusal> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Locked(directory) | State::Open(directory, _) | State::Failing(directory, _) => {
                Ok(directory.clone())
            }
            State::Gone => Err(Refusal::Stopping),
        }
    }

    /// All events from now on.
    pub(super) fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Waits until the host has left its directory.
    pub(super) async fn departed(&self) -> Departure {
        let mut departure = self.departure.subscribe();
        let departed = departure.wait_for(Option::is_some).await;
        departed
            .ok()
            .and_then(|departure| departure.clone())
            .unwrap_or(Departure::Stopped)
    }

    /// Tells other processes where the API is, and the token for it.
    pub(super) fn announce(&self, info: &OwnerInfo, token: &str) -> Result<(), Refusal> {
        let directory = self.directory()?;
        directory.write_token(token)?;
        Ok(directory.announce(info)?)
    }

    /// Makes an identity, and opens it.
    pub(super) async fn create(
        self: &Arc<Self>,
        passphrase: Passphrase,
        name: String,
    ) -> Result<(), Refusal> {
        if passphrase.is_empty() {
            return Err(Refusal::Empty);
        }
        // Before we hash the passphrase, which takes a second.
        let name = typed::own_name(&name)?;
        let _changing = self.changing.lock().await;
        let directory = self.directory()?;
        let (creating, hashing) = (directory.clone(), self.options.hashing);
        let store =
            blocking(move || Ok(creating.create(Protection::Passphrase(&passphrase, hashing))?))
                .await?;
        match Node::create(store, &name, &self.options.node, self.events.clone()) {
            Ok(node) => {
                self.open(directory, node);
                Ok(())
            }
            Err(refusal) => {
                // The next attempt would refuse a directory with an empty store.
                blocking(move || Ok(directory.wipe(&mut |_| {})?)).await?;
                Err(refusal)
            }
        }
    }

    pub(super) async fn unlock(self: &Arc<Self>, passphrase: Passphrase) -> Result<(), Refusal> {
        let _changing = self.changing.lock().await;
        let directory = match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Locked(directory) => directory.clone(),
            State::Open(..) | State::Failing(..) => return Err(Refusal::NotLocked),
            State::Gone => return Err(Refusal::Stopping),
        };
        let opening = directory.clone();
        let store = blocking(move || {
            let mut store = opening.unlock(Some(&passphrase))?;
            if is_erasure_due(store.read(erasure::due).ok().flatten()) {
                // If there is no room, the old store stays, and we try again later.
                let _ = opening.rewrite(&mut store, &mut |_| {});
            }
            Ok(store)
        })
        .await?;
        let node = Node::open(store, &self.options.node, self.events.clone())
            .inspect_err(|_| directory.lock())?;
        self.open(directory, node);
        Ok(())
    }

    /// Enters `Open`, and watches over the node.
    fn open(self: &Arc<Self>, directory: Arc<Directory>, (node, failure): (Node, Failure)) {
        let node = Arc::new(node);
        self.set(State::Open(directory, node.clone()));
        let _ = self.events.send(Event::Lock { locked: false });
        tokio::spawn(watch_over(Arc::downgrade(self), failure));
        tokio::spawn(erase_in_time(Arc::downgrade(self), Arc::downgrade(&node)));
    }

    pub(super) async fn lock(&self) -> Result<(), Refusal> {
        let _changing = self.changing.lock().await;
        let directory = self.directory()?;
        let was_locked = self.close(State::Locked(directory.clone())).await;
        directory.lock();
        if !was_locked {
            let _ = self.events.send(Event::Lock { locked: true });
        }
        Ok(())
    }

    pub(super) async fn check_passphrase(&self, passphrase: Passphrase) -> Result<(), Refusal> {
        // One at a time, because each hash takes much memory.
        let _changing = self.changing.lock().await;
        self.node()?;
        let directory = self.directory()?;
        blocking(move || Ok(directory.check(Some(&passphrase))?)).await
    }

    pub(super) async fn change_passphrase(
        &self,
        current: Passphrase,
        new: Passphrase,
    ) -> Result<(), Refusal> {
        if new.is_empty() {
            return Err(Refusal::Empty);
        }
        let _changing = self.changing.lock().await;
        let directory = self.directory()?;
        let hashing = self.options.hashing;
        blocking(move || {
            let new = Protection::Passphrase(&new, hashing);
            Ok(directory.change_protection(Some(&current), new)?)
        })
        .await
    }

    /// Rewrites the store of the running node now, even if nothing was deleted.
    pub(super) async fn erase(&self) -> Result<(), Refusal> {
        let _changing = self.changing.lock().await;
        let (node, directory) = (self.node()?, self.directory()?);
        let rewritten = node.with_store(move |store| directory.rewrite(store, &mut |_| {}));
        Ok(rewritten.await??)
    }

    /// Whether there is an identity, and whether it needs a passphrase.
    pub(super) fn contents(&self) -> Result<Contents, Refusal> {
        Ok(self.directory()?.contents()?)
    }

    pub(super) async fn wipe(&self) -> Result<(), Refusal> {
        let _changing = self.changing.lock().await;
        let directory = self.directory()?;
        self.close(State::Locked(directory.clone())).await;
        // It destroys the keys first. If it fails after that, the rest is noise.
        blocking(move || Ok(directory.wipe(&mut |_| {})?)).await?;
        self.leave(Departure::Wiped);
        Ok(())
    }

    pub(super) async fn depart(&self, departure: Departure) -> Result<(), Refusal> {
        let _changing = self.changing.lock().await;
        let directory = self.directory()?;
        // A client that asks meanwhile gets `Stopping`. The directory stays locked until the store is closed.
        self.close(State::Gone).await;
        directory.lock();
        drop(directory);
        self.leave(departure);
        Ok(())
    }

    /// Leaves if an answer says that the directory is gone, because its lock keeps nobody out any more.
    pub(super) async fn notice<T>(&self, answer: &Result<T, Refusal>) {
        if matches!(answer, Err(Refusal::Storage { fault }) if *fault == StorageFault::Gone) {
            let _changing = self.changing.lock().await;
            self.fail(StorageFault::Gone).await;
        }
    }

    /// Leaves after a failure, unless it has left already.
    async fn fail(&self, fault: StorageFault) {
        if self.directory().is_ok() {
            self.close(State::Gone).await;
            self.leave(Departure::Failed(fault));
        }
    }

    /// Enters a state without a node, and stops the node that ran. True if none ran.
    async fn close(&self, state: State) -> bool {
        match self.set(state) {
            State::Open(_, node) => {
                node.stop().await;
                false
            }
            State::Failing(..) => false,
            State::Locked(_) | State::Gone => true,
        }
    }

    fn leave(&self, departure: Departure) {
        self.set(State::Gone);
        self.departure.send_replace(Some(departure));
    }

    fn set(&self, state: State) -> State {
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, state)
    }

    /// Opens the store again after it failed, with the key that the directory still keeps. True if there is nothing
    /// more to try.
    async fn reopen(self: &Arc<Self>, fault: StorageFault) -> bool {
        let _changing = self.changing.lock().await;
        let directory = match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(directory, _) | State::Failing(directory, _) => directory.clone(),
            State::Locked(_) | State::Gone => return true,
        };
        if fault == StorageFault::Gone {
            self.fail(fault).await;
            return true;
        }
        self.close(State::Failing(directory.clone(), fault)).await;
        let opening = directory.clone();
        let node = blocking(move || Ok(opening.reopen()?))
            .await
            .and_then(|store| Node::open(store, &self.options.node, self.events.clone()));
        match node {
            Ok(node) => {
                self.open(directory, node);
                true
            }
            Err(Refusal::Storage { fault }) if fault == StorageFault::Gone => {
                self.fail(fault).await;
                true
            }
            Err(Refusal::Storage { fault }) => {
                self.set(State::Failing(directory, fault));
                false
            }
            Err(_) => false,
        }
    }
}

/// Opens the store again whenever it fails, until the node is locked or gone.
async fn watch_over(host: std::sync::Weak<Host>, failure: Failure) {
    let fault = match failure.await {
        Ok(None) => return,
        Ok(Some(fault)) => fault,
        // The engine has panicked, and stderr shows it. The store holds everything confirmed. The pause keeps a panic
        // that comes again from spinning.
        Err(_) => {
            tokio::time::sleep(REOPEN_FIRST).await;
            StorageFault::Io
        }
    };
    let mut pause = REOPEN_FIRST;
    while let Some(host) = host.upgrade() {
        if host.reopen(fault).await {
            // Listeners may have missed events.
            let _ = host.events.send(Event::Missed);
            return;
        }
        drop(host);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(REOPEN_LONGEST);
    }
}

/// Rewrites the store of a long-running node when deleted bytes have lingered for long enough.
async fn erase_in_time(host: std::sync::Weak<Host>, node: std::sync::Weak<Node>) {
    loop {
        tokio::time::sleep(ERASURE_CHECK).await;
        let (Some(host), Some(node)) = (host.upgrade(), node.upgrade()) else {
            return;
        };
        let due = node.read(erasure::due).ok().flatten();
        if let (true, Ok(directory)) = (is_erasure_due(due), host.directory()) {
            // If there is no room, the old store stays, and we try again later.
            let _ = node
                .with_store(move |store| directory.rewrite(store, &mut |_| {}))
                .await;
        }
    }
}

fn is_erasure_due(due_ms: Option<u64>) -> bool {
    let now_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64);
    due_ms.is_some_and(|due| due <= now_ms)
}

/// Runs a job that waits for a disk or hashes a passphrase, on a thread beside the runtime's workers.
async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(job)
        .await
        .unwrap_or(Err(Refusal::Bug))
}

impl From<DirectoryError> for Refusal {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Owned(_) => Refusal::Owned,
            DirectoryError::Nothing => Refusal::NoIdentity,
            DirectoryError::Occupied => Refusal::IdentityExists,
            DirectoryError::SlotsMissing => Refusal::SlotsMissing,
            DirectoryError::SlotsDamaged => Refusal::SlotsDamaged,
            DirectoryError::SlotsNewer(_) => Refusal::NewerData,
            DirectoryError::StoreMissing(_) => Refusal::StoreMissing,
            DirectoryError::WrongPassphrase => Refusal::WrongPassphrase,
            DirectoryError::PassphraseNeeded | DirectoryError::Locked => Refusal::Locked,
            DirectoryError::Store(error) => Refusal::Storage { fault: error.kind },
            DirectoryError::Io { cause, .. } => Refusal::Storage {
                fault: fault::kind_of(&cause),
            },
        }
    }
}
