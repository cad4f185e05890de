//! Relays (`docs/PROTOCOL.md` section 13a): libp2p between devices that cannot reach one another
//! otherwise, through machines that both can call, and directly once that succeeds. Everything that
//! travels is a session as on any other carrier; libp2p's own encryption is around it.
//!
//! One task drives a swarm for each name that the device goes by (`driver`, `face`); each link has a task
//! of its own (`link`). Commands only leave word.
//!
//! - `behaviour`: the protocols of libp2p that are spoken, and how
//! - `streams`: a stream for each link, over the connection that it is meant for
//! - `reticent`: what others are not told about us
//! - [`place`]: relays' addresses

mod behaviour;
mod driver;
mod face;
mod link;
pub mod place;
mod reticent;
mod streams;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;

use super::gate::Gate;
use super::{
    Address, CarrierCommand, CarrierEvent, CarrierKind, DialId, Ending, EventSink, LinkId, LinkIds,
    Profile, TwoWay,
};
use crate::relay::RelayKey;
use link::Link;
use place::Called;

/// Attempts under way at one time; further ones fail at once.
pub const MAX_DIALS: usize = 256;

/// Relays used at one time.
pub const MAX_RELAYS: usize = 8;

/// Names gone by at one time: of the day, and of open invitations.
pub const MAX_NAMES: usize = 8;

/// What relays claim of themselves.
pub const PROFILE: Profile = Profile {
    kind: CarrierKind::Relay,
    mtu_bytes: u32::MAX,
    latency_ms: 100,
    max_latency_ms: 60_000,
    cost: 4,
    lossy: false,
    announces: false,
};

/// How the carrier is to run.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Decides who is driven out; drawn anew at each start.
    pub seed: [u8; 32],
    /// Where link names come from.
    pub ids: LinkIds,
    /// Whether direct paths are made where that succeeds. For that the device listens for libp2p, at ports
    /// that the system draws, while it uses relays.
    pub direct: bool,
}

/// The relays. Without any it opens no socket. Dropping it ends its links.
#[derive(Debug)]
pub struct Relays<S: EventSink> {
    shared: Arc<Shared<S>>,
    wanted: watch::Sender<Wanted>,
    dials: mpsc::Sender<(DialId, Address, Called)>,
    driver: AbortHandle,
}

/// What the owner wants of the driver; only the newest counts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    on: bool,
    relays: Vec<Address>,
    keys: Vec<RelayKey>,
}

/// What all tasks of the carrier share.
#[derive(Debug)]
struct Shared<S> {
    sink: S,
    runtime: Handle,
    ids: LinkIds,
    state: Mutex<State>,
    dialling: AtomicUsize,
    /// Links whose end has not been reported yet.
    alive: AtomicUsize,
    /// One of them has gone.
    gone: Notify,
}

#[derive(Debug)]
struct State {
    on: bool,
    links: BTreeMap<LinkId, Arc<Link>>,
    gate: Gate,
}

impl<S: EventSink> Relays<S> {
    /// Starts the carrier, switched on and without relays, within the tokio runtime of the caller.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(config: RelayConfig, sink: S) -> Self {
        let shared = Arc::new(Shared {
            sink,
            runtime: Handle::current(),
            ids: config.ids,
            state: Mutex::new(State {
                on: true,
                links: BTreeMap::new(),
                gate: Gate::new(blake3::derive_key("hedgerow 1 relay gate", &config.seed)),
            }),
            dialling: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            gone: Notify::new(),
        });
        let (wanted, receiver) = watch::channel(Wanted {
            on: true,
            relays: Vec::new(),
            keys: Vec::new(),
        });
        let (dials, dialled) = mpsc::channel(MAX_DIALS);
        let driver = driver::run(shared.clone(), config.direct, receiver, dialled);
        let driver = shared.runtime.spawn(driver).abort_handle();
        Self {
            shared,
            wanted,
            dials,
            driver,
        }
    }

    fn dial(&self, dial: DialId, to: Address) -> bool {
        let room = self.shared.dialling.load(Ordering::Relaxed) < MAX_DIALS;
        let Some(called) = Called::parse(&to) else {
            return false;
        };
        if !room || !self.shared.state().on || self.dials.try_send((dial, to, called)).is_err() {
            return false;
        }
        self.shared.dialling.fetch_add(1, Ordering::Relaxed);
        true
    }
}

impl<S: EventSink> TwoWay for Relays<S> {
    fn profile(&self) -> Profile {
        PROFILE
    }

    fn obey(&self, command: CarrierCommand) -> Option<CarrierEvent> {
        match command {
            CarrierCommand::Dial { dial, to } => {
                let begun = self.dial(dial, to);
                (!begun).then_some(CarrierEvent::DialFailed { dial })
            }
            CarrierCommand::Send { link, bytes } => {
                self.shared.link(link)?.send(bytes);
                None
            }
            CarrierCommand::Recognised { link } => {
                let known = self.shared.link(link)?;
                self.shared.state().gate.leave(link);
                known.recognise();
                None
            }
            CarrierCommand::End { link, ending } => {
                self.shared.link(link)?.end(ending);
                None
            }
            CarrierCommand::Announce { .. } => None,
            CarrierCommand::Appear { relays, keys } => {
                self.wanted.send_modify(|wanted| {
                    wanted.relays = relays;
                    wanted.keys = keys;
                });
                None
            }
            CarrierCommand::Switch { on } => {
                self.shared.switch(on);
                self.wanted.send_modify(|wanted| wanted.on = on);
                None
            }
        }
    }
}

impl<S: EventSink> Drop for Relays<S> {
    fn drop(&mut self) {
        self.driver.abort();
        self.shared.switch(false);
    }
}

impl<S> Shared<S> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and if it did, each field is whole on its own.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self, link: LinkId) -> Option<Arc<Link>> {
        self.state().links.get(&link).cloned()
    }

    /// From here on no link comes up; those that are up end.
    fn switch(&self, on: bool) {
        self.state().on = on;
        if !on {
            self.end_all();
        }
    }

    /// Ends the links that are up.
    fn end_all(&self) {
        for link in self.state().links.values() {
            link.end(Ending::Now);
        }
    }
}
