//! The states of the host, and the transitions between them.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hedgerow_sync::store::Store;
use tokio::sync::{Mutex, watch};

use super::parcels::Plans;
use super::reopening::{look_for_room, watch_over};
use super::room::{Room, Spared};
use crate::api::{Call, Event, Feed, Passphrase, Refusal, StorageFault, typed};
use crate::directory::{Contents, Directory, DirectoryError, Hashing, OwnerInfo, Protection};
use crate::files::keeper;
use crate::pictures::Decoder;
use crate::runtime::{Failure, Node, NodeOptions};
use crate::store::{RedbStore, erasure, fault};

/// The interval at which a running node checks whether deleted bytes have lingered on the disk for too long.
const ERASURE_CHECK: Duration = Duration::from_secs(6 * 60 * 60);

/// How to host a directory.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// How to run the node.
    pub node: NodeOptions,
    /// The work that one try of a new passphrase costs.
    pub hashing: Hashing,
    /// What decodes pictures.
    pub pictures: Decoder,
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
    pub(super) feed: Arc<Feed>,
    state: RwLock<State>,
    /// Held during each change of state, so that changes happen one after the other.
    pub(super) changing: Mutex<()>,
    departure: watch::Sender<Option<Departure>>,
    /// What got through since the disk is full; `None` while it is not.
    spared: std::sync::Mutex<Option<Spared>>,
    /// The parcels that are being made.
    pub(super) plans: Plans,
}

/// The state of the host. The last state drops the directory, and with it the lock.
pub(super) enum State {
    Locked(Arc<Directory>),
    Open(Arc<Directory>, Arc<Node>),
    Failing(Arc<Directory>, StorageFault),
    Gone,
}

impl Host {
    /// `feed` is random: the id of its events.
    pub(super) fn new(directory: Directory, options: HostOptions, feed: u64) -> Arc<Self> {
        Arc::new(Self {
            options,
            feed: Arc::new(Feed::new(feed)),
            state: RwLock::new(State::Locked(Arc::new(directory))),
            changing: Mutex::new(()),
            departure: watch::Sender::new(None),
            spared: std::sync::Mutex::default(),
            plans: Plans::default(),
        })
    }

    /// The running node.
    ///
    /// # Errors
    /// Why no node runs. For a locked host this may be that its directory is gone; a running node notices that itself.
    pub(super) fn node(&self) -> Result<Arc<Node>, Refusal> {
        match &*self.state() {
            State::Open(_, node) => Ok(node.clone()),
            State::Locked(directory) => {
                directory.check_place()?;
                Err(Refusal::Locked)
            }
            State::Failing(_, fault) => Err(Refusal::Storage { fault: *fault }),
            State::Gone => Err(Refusal::Stopping),
        }
    }

    /// What decodes pictures.
    pub(super) fn pictures(&self) -> &Decoder {
        &self.options.pictures
    }

    /// Whether the disk is full, so that the node admits deletions alone.
    pub(super) fn is_full(&self) -> bool {
        self.spared().is_some()
    }

    /// Whether the node may be asked this.
    pub(super) fn admits(&self, call: &Call) -> bool {
        self.spared().as_mut().is_none_or(|it| it.admits(call))
    }

    fn spared(&self) -> std::sync::MutexGuard<'_, Option<Spared>> {
        self.spared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory, while the host owns it.
    pub(super) fn directory(&self) -> Result<Arc<Directory>, Refusal> {
        match &*self.state() {
            State::Locked(directory) | State::Open(directory, _) | State::Failing(directory, _) => {
                Ok(directory.clone())
            }
            State::Gone => Err(Refusal::Stopping),
        }
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
        let announce = || {
            directory.write_token(token)?;
            directory.announce(info)
        };
        match announce() {
            Err(error) if error.is_full() => {
                directory.give_up_reserve()?;
                Ok(announce()?)
            }
            announced => Ok(announced?),
        }
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
        let store = blocking(move || {
            let store = creating.create(Protection::Passphrase(&passphrase, hashing))?;
            match creating.keep_reserve() {
                Ok(()) => Ok(store),
                Err(error) => {
                    store.close();
                    creating.wipe(&mut |_| {})?;
                    Err(error.into())
                }
            }
        })
        .await?;
        let files = files(&directory);
        match Node::create(store, &files, &name, &self.options.node, self.feed.clone()) {
            Ok(node) => {
                self.open(directory, node, Room::Enough);
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
        let directory = match &*self.state() {
            State::Locked(directory) => directory.clone(),
            State::Open(..) | State::Failing(..) => return Err(Refusal::NotLocked),
            State::Gone => return Err(Refusal::Stopping),
        };
        let opening = directory.clone();
        let (store, room) = blocking(move || {
            let (mut store, room) = match opening.unlock(Some(&passphrase)) {
                Err(error) if error.is_full() => {
                    let room = Room::given_up(&opening)?;
                    (opening.unlock(Some(&passphrase))?, room)
                }
                store => (store?, Room::of(&opening)?),
            };
            if is_erasure_due(store.read(erasure::due).ok().flatten()) {
                // If there is no room, the old store stays, and we try again later.
                let _ = opening.rewrite(&mut store, &mut |_| {});
            }
            Ok((store, room))
        })
        .await?;
        let node = self
            .node_on(&directory, store, room)
            .inspect_err(|_| directory.lock())?;
        self.open(directory, node, room);
        Ok(())
    }

    /// Runs the identity of a store.
    pub(super) fn node_on(
        &self,
        directory: &Directory,
        store: RedbStore,
        room: Room,
    ) -> Result<(Node, Failure), Refusal> {
        let (files, feed) = (files(directory), self.feed.clone());
        match room {
            Room::Enough => Node::open(store, &files, &self.options.node, feed),
            Room::Reserve => Node::open_on_full_disk(store, &files, feed),
        }
    }

    /// Enters `Open`, and watches over the node.
    pub(super) fn open(
        self: &Arc<Self>,
        directory: Arc<Directory>,
        (node, failure): (Node, Failure),
        room: Room,
    ) {
        let node = Arc::new(node);
        let full = room == Room::Reserve;
        let was_full = {
            let mut spared = self.spared();
            let was_full = spared.is_some();
            *spared = full.then(|| spared.take().unwrap_or_default());
            was_full
        };
        self.set(State::Open(directory, node.clone()));
        self.feed.tell(Event::Lock { locked: false });
        if full != was_full {
            self.feed.tell(Event::Disk { full });
        }
        tokio::spawn(watch_over(
            Arc::downgrade(self),
            Arc::downgrade(&node),
            failure,
        ));
        tokio::spawn(erase_in_time(Arc::downgrade(self), Arc::downgrade(&node)));
        if full {
            tokio::spawn(look_for_room(Arc::downgrade(self), Arc::downgrade(&node)));
        }
    }

    pub(super) async fn lock(&self) -> Result<(), Refusal> {
        let _changing = self.changing.lock().await;
        let directory = self.directory()?;
        let was_locked = self.close(State::Locked(directory.clone())).await;
        directory.lock();
        self.plans.clear();
        // What happened tells who is talked with.
        self.feed.forget();
        if !was_locked {
            self.feed.tell(Event::Lock { locked: true });
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
    pub(super) async fn fail(&self, fault: StorageFault) {
        if self.directory().is_ok() {
            self.close(State::Gone).await;
            self.leave(Departure::Failed(fault));
        }
    }

    /// Enters a state without a node, and stops the node that ran. True if none ran.
    pub(super) async fn close(&self, state: State) -> bool {
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
        self.feed.close();
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, state: State) -> State {
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, state)
    }
}

/// The directory of sealed files.
fn files(directory: &Directory) -> PathBuf {
    directory.path().join(keeper::DIRECTORY)
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
pub(super) async fn blocking<T: Send + 'static>(
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
