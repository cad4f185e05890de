//! The local network (`docs/PROTOCOL.md` section 13): plain TCP between addresses that beacons,
//! contacts and invitations give. Needs no route to anywhere and no name service.
//!
//! One task keeps the listeners and announcements in step with the interfaces (`keeper`); each link
//! has a task of its own (`link`) that sleeps until the kernel or a command wakes it. Commands are
//! carried out by the thread that gives them: a small send goes straight into the socket.

mod dial;
mod discovery;
mod interfaces;
mod keeper;
mod link;
mod listen;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::gate::Gate;
use super::{
    CarrierCommand, CarrierEvent, CarrierKind, EventSink, LinkId, LinkIds, Profile, TwoWay,
};
use link::Link;

/// Attempts under way at one time; further ones fail at once.
pub const MAX_DIALS: usize = 256;

/// What the local network claims of itself.
pub const PROFILE: Profile = Profile {
    kind: CarrierKind::Lan,
    mtu_bytes: u32::MAX,
    latency_ms: 2,
    max_latency_ms: 60_000,
    cost: 1,
    lossy: false,
    announces: true,
};

/// How the carrier is to run.
#[derive(Debug, Clone)]
pub struct LanConfig {
    /// Decides names, pauses and who is driven out; drawn anew at each start.
    pub seed: [u8; 32],
    /// Where link names come from.
    pub ids: LinkIds,
    /// The addresses to listen at. The unspecified ones stand for all interfaces but loopback.
    pub bind: Vec<IpAddr>,
    /// The ports of earlier [`CarrierEvent::Port`] events.
    pub ports: BTreeMap<[u8; 16], u16>,
    /// The UDP port of announcements; all that are to hear one another use the same.
    pub discovery_port: u16,
}

impl LanConfig {
    /// All interfaces, IPv4 and IPv6.
    pub fn new(seed: [u8; 32], ids: LinkIds) -> Self {
        let bind = vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        Self {
            seed,
            ids,
            bind,
            ports: BTreeMap::new(),
            discovery_port: mdns_sd::MDNS_PORT,
        }
    }

    /// This machine alone: tests, benches and the demo.
    pub fn loopback(seed: [u8; 32], ids: LinkIds) -> Self {
        let bind = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        Self {
            bind,
            ..Self::new(seed, ids)
        }
    }
}

/// The local network. Dropping it ends its links after what is queued.
#[derive(Debug)]
pub struct Lan<S: EventSink> {
    shared: Arc<Shared<S>>,
    wanted: watch::Sender<Wanted>,
    keeper: AbortHandle,
}

/// What the owner wants of the keeper; only the newest counts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    on: bool,
    beacons: Vec<[u8; 8]>,
    look: bool,
    /// Counts the calls to announce, each of which redraws the names.
    announcement: u64,
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
    /// Interfaces that have a link-local IPv6 address, by index.
    scopes: Vec<u32>,
}

impl<S: EventSink> Lan<S> {
    /// Starts the carrier, switched on, within the tokio runtime of the caller. Failures are states
    /// ([`CarrierEvent::State`]), since they pass.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(config: LanConfig, sink: S) -> Self {
        let shared = Arc::new(Shared {
            sink,
            runtime: Handle::current(),
            ids: config.ids.clone(),
            state: Mutex::new(State {
                on: true,
                links: BTreeMap::new(),
                gate: Gate::new(blake3::derive_key("hedgerow 1 lan gate", &config.seed)),
                // Known before the first attempt, which may come before the keeper's first look.
                scopes: interfaces::Interfaces::now(&config.bind).scopes,
            }),
            dialling: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            gone: Notify::new(),
        });
        let (wanted, receiver) = watch::channel(Wanted {
            on: true,
            beacons: Vec::new(),
            look: false,
            announcement: 0,
        });
        let keeper = keeper::run(shared.clone(), config, receiver);
        let keeper = shared.runtime.spawn(keeper).abort_handle();
        Self {
            shared,
            wanted,
            keeper,
        }
    }
}

impl<S: EventSink> TwoWay for Lan<S> {
    fn profile(&self) -> Profile {
        PROFILE
    }

    fn obey(&self, command: CarrierCommand) -> Option<CarrierEvent> {
        match command {
            CarrierCommand::Dial { dial, to } => {
                let candidates = dial::candidates(&to, &self.shared.state().scopes);
                let room = self.shared.dialling.load(Ordering::Relaxed) < MAX_DIALS;
                if candidates.is_empty() || !room || !self.shared.state().on {
                    return Some(CarrierEvent::DialFailed { dial });
                }
                self.shared.dialling.fetch_add(1, Ordering::Relaxed);
                self.shared
                    .runtime
                    .spawn(dial::run(self.shared.clone(), dial, candidates));
                None
            }
            CarrierCommand::Send { link, bytes } => {
                let written = self.shared.link(link)?.send(bytes);
                (written > 0).then_some(CarrierEvent::Written {
                    link,
                    bytes: written,
                })
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
            CarrierCommand::Announce { beacons, look } => {
                self.wanted.send_modify(|wanted| {
                    wanted.beacons = beacons;
                    wanted.look = look;
                    wanted.announcement += 1;
                });
                None
            }
            CarrierCommand::Appear { .. } => None,
            CarrierCommand::Switch { on } => {
                self.shared.switch(on);
                self.wanted.send_modify(|wanted| wanted.on = on);
                None
            }
        }
    }
}

impl<S: EventSink> Drop for Lan<S> {
    fn drop(&mut self) {
        self.keeper.abort();
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
        let mut state = self.state();
        state.on = on;
        if !on {
            for link in state.links.values() {
                link.end(super::Ending::Now);
            }
        }
    }
}
