//! Opens the store again: after it has failed, when the disk is full, and once it has room.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::room::{NO_ROOM, Room};
use super::state::{Host, State, blocking};
use crate::api::{Call, Event, Refusal, StorageFault};
use crate::directory::Directory;
use crate::runtime::{Failure, Node};

/// Pauses before a failed store is opened again: the first, doubled up to the longest.
const REOPEN_FIRST: Duration = Duration::from_secs(1);
const REOPEN_LONGEST: Duration = Duration::from_secs(60);

/// The interval at which a node on a full disk looks for room.
const ROOM_CHECK: Duration = Duration::from_secs(60);

impl Host {
    /// The node that answers this call. On a full disk, a call that needs room looks for it first.
    ///
    /// # Errors
    /// The disk has no room for it; else as [`node`](Self::node).
    pub(super) async fn node_for(self: &Arc<Self>, call: &Call) -> Result<Arc<Node>, Refusal> {
        let node = self.node()?;
        if self.admits(call) || self.leave_reserve(&node).await {
            return self.node();
        }
        Err(NO_ROOM)
    }

    /// Gives up the reserve because the store of this node has no room, and opens the store again. The new node, which
    /// has the reserve.
    ///
    /// # Errors
    /// There is no room even so; else as [`node`](Self::node).
    pub(super) async fn on_reserve(
        self: &Arc<Self>,
        failed: &Arc<Node>,
    ) -> Result<Arc<Node>, Refusal> {
        let _changing = self.changing.lock().await;
        let directory = match &*self.state() {
            State::Open(_, node) if !Arc::ptr_eq(node, failed) => return Ok(node.clone()),
            State::Open(directory, _) | State::Failing(directory, _) => directory.clone(),
            State::Locked(_) => return Err(Refusal::Locked),
            State::Gone => return Err(Refusal::Stopping),
        };
        self.run_again(directory, StorageFault::Full).await;
        self.node()
    }

    /// Waits for the store to be opened again, if it failed under this node or is being opened now. True if the same
    /// question may be answered now: a store that fails refuses to be read too, although all that was written is there.
    pub(super) async fn recovers(self: &Arc<Self>, asked: Option<&Arc<Node>>) -> bool {
        if let Some(node) = asked {
            match node.with_store(|_| ()).await {
                // It is the block that was read, not the store.
                Ok(()) => return false,
                Err(Refusal::Storage { fault }) => {
                    self.reopen(&Arc::downgrade(node), fault).await;
                }
                Err(_) => drop(self.changing.lock().await),
            }
        } else {
            drop(self.changing.lock().await);
        }
        self.node()
            .is_ok_and(|open| asked.is_none_or(|node| !Arc::ptr_eq(&open, node)))
    }

    /// Takes the reserve back if there is room, and opens the store as usual. True if the disk is not full any more.
    async fn leave_reserve(self: &Arc<Self>, node: &Arc<Node>) -> bool {
        let _changing = self.changing.lock().await;
        let directory = match &*self.state() {
            State::Open(directory, open) if Arc::ptr_eq(open, node) => directory.clone(),
            State::Open(..) | State::Failing(..) | State::Locked(_) | State::Gone => {
                return !self.is_full();
            }
        };
        let keeping = directory.clone();
        if !self.is_full() || blocking(move || Ok(keeping.keep_reserve()?)).await.is_err() {
            return !self.is_full();
        }
        // What failed was the lack of room, which is over.
        self.run_again(directory, StorageFault::Io).await;
        self.feed.tell(Event::Missed);
        !self.is_full()
    }

    /// Opens the store again after it failed, with the key that the directory still keeps. True if there is nothing
    /// more to try.
    async fn reopen(self: &Arc<Self>, failed: &Weak<Node>, fault: StorageFault) -> bool {
        let _changing = self.changing.lock().await;
        let directory = match &*self.state() {
            State::Open(_, node) if !Weak::ptr_eq(failed, &Arc::downgrade(node)) => return true,
            State::Open(directory, _) | State::Failing(directory, _) => directory.clone(),
            State::Locked(_) | State::Gone => return true,
        };
        self.run_again(directory, fault).await
    }

    /// As [`reopen`](Self::reopen), while the caller holds `changing`.
    async fn run_again(self: &Arc<Self>, directory: Arc<Directory>, fault: StorageFault) -> bool {
        if fault == StorageFault::Gone {
            self.fail(fault).await;
            return true;
        }
        self.close(State::Failing(directory.clone(), fault)).await;
        let opening = directory.clone();
        let node = blocking(move || {
            let room = match fault {
                StorageFault::Full => Room::given_up(&opening)?,
                _ => Room::of(&opening)?,
            };
            Ok((opening.reopen()?, room))
        })
        .await
        .and_then(|(store, room)| Ok((self.node_on(&directory, store, room)?, room)));
        match node {
            Ok((node, room)) => {
                self.open(directory, node, room);
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
pub(super) async fn watch_over(host: Weak<Host>, node: Weak<Node>, failure: Failure) {
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
        if host.reopen(&node, fault).await {
            // Listeners may have missed events.
            host.feed.tell(Event::Missed);
            return;
        }
        drop(host);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(REOPEN_LONGEST);
    }
}

/// Takes the reserve back once the disk has room, unless another node runs by then.
pub(super) async fn look_for_room(host: Weak<Host>, node: Weak<Node>) {
    loop {
        tokio::time::sleep(ROOM_CHECK).await;
        let (Some(host), Some(node)) = (host.upgrade(), node.upgrade()) else {
            return;
        };
        if host.leave_reserve(&node).await {
            return;
        }
    }
}
