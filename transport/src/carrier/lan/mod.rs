//! The local network (`docs/PROTOCOL.md` section 13): plain TCP to addresses from beacons, contacts and
//! invitations. Needs no internet and no name service.
//!
//! One task (`keeper`) keeps the listeners and announcements in step with the interfaces; each link (`link`) has
//! a task of its own that sleeps until the kernel or a command wakes it. The caller's thread executes commands:
//! a small send goes straight into the socket.

mod dial;
mod discovery;
mod interfaces;
mod keeper;
mod link;
mod listen;
mod nearby;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::links::Links;
use super::{
    CarrierCommand, CarrierEvent, CarrierKind, DuplexCarrier, EventSink, LinkIds, Profile,
};
use link::Link;
use nearby::Nearby;

/// Dial attempts at one time; further ones fail at once.
pub const MAX_DIALS: usize = 256;

/// The properties that the local network declares.
pub const PROFILE: Profile = Profile {
    kind: CarrierKind::Lan,
    mtu_bytes: u32::MAX,
    latency_ms: 2,
    max_latency_ms: 60_000,
    cost: CarrierKind::Lan.cost(),
    lossy: false,
    announces: true,
};

/// Configuration of the carrier.
#[derive(Debug, Clone)]
pub struct LanConfig {
    /// Seeds names, pauses and the choice of the link to evict; use a fresh one at each start.
    pub seed: [u8; 32],
    /// Allocates link ids.
    pub ids: LinkIds,
    /// The addresses to listen at. An unspecified address stands for all interfaces except loopback.
    pub bind: Vec<IpAddr>,
    /// The ports of earlier [`CarrierEvent::Port`] events.
    pub ports: BTreeMap<[u8; 16], u16>,
    /// The UDP port of announcements; devices hear only others that use the same.
    pub discovery_port: u16,
}

impl LanConfig {
    /// Listens on all interfaces, IPv4 and IPv6.
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

    /// Listens on loopback only: for tests, benches and the demo.
    pub fn loopback(seed: [u8; 32], ids: LinkIds) -> Self {
        let bind = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        Self {
            bind,
            ..Self::new(seed, ids)
        }
    }
}

/// The local network. Dropping it sends what is queued and then ends its links.
#[derive(Debug)]
pub struct Lan<S: EventSink> {
    shared: Arc<Shared<S>>,
    wanted: watch::Sender<Wanted>,
    keeper: AbortHandle,
}

/// What the owner wants; the keeper applies only the newest value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    on: bool,
    beacons: Vec<[u8; 8]>,
    look: bool,
    /// Number of the last announce command; each redraws the names.
    announcement: u64,
}

/// State that all tasks of the carrier share.
#[derive(Debug)]
struct Shared<S> {
    links: Arc<Links<S, Link>>,
    nearby: Mutex<Nearby>,
}

impl<S: EventSink> Lan<S> {
    /// Starts the carrier, switched on, within the tokio runtime of the caller. Failures are reported as states
    /// ([`CarrierEvent::State`]), since they pass.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(config: LanConfig, sink: S) -> Self {
        let gate = blake3::derive_key("hedgerow 1 lan gate", &config.seed);
        let shared = Arc::new(Shared {
            links: Arc::new(Links::new(sink, config.ids.clone(), MAX_DIALS, gate)),
            // Read here because a dial may come before the keeper first reads the interfaces.
            nearby: Mutex::new(interfaces::Interfaces::now(&config.bind).nearby),
        });
        let (wanted, receiver) = watch::channel(Wanted {
            on: true,
            beacons: Vec::new(),
            look: false,
            announcement: 0,
        });
        let keeper = keeper::run(shared.clone(), config, receiver);
        let keeper = shared.links.runtime.spawn(keeper).abort_handle();
        Self {
            shared,
            wanted,
            keeper,
        }
    }
}

impl<S: EventSink> DuplexCarrier for Lan<S> {
    fn profile(&self) -> Profile {
        PROFILE
    }

    fn execute(&self, command: CarrierCommand) -> Option<CarrierEvent> {
        let links = &self.shared.links;
        match command {
            CarrierCommand::Dial { dial, to } => {
                let candidates = self.shared.nearby().sockets(&to);
                if candidates.is_empty() || !links.begin_dial() {
                    return Some(CarrierEvent::DialFailed { dial });
                }
                let attempt = dial::run(links.clone(), dial, candidates);
                links.runtime.spawn(attempt);
            }
            CarrierCommand::Send { link, bytes } => {
                let bytes = links.link(link)?.send(bytes);
                return (bytes > 0).then_some(CarrierEvent::Written { link, bytes });
            }
            CarrierCommand::Recognised { link } => links.recognise(link),
            CarrierCommand::End { link, ending } => links.end(link, ending),
            CarrierCommand::Announce { beacons, look } => self.wanted.send_modify(|wanted| {
                wanted.beacons = beacons;
                wanted.look = look;
                wanted.announcement += 1;
            }),
            // The local network has no relays and no radio.
            CarrierCommand::SetRelays { .. } | CarrierCommand::SetRadio { .. } => {}
            CarrierCommand::Switch { on } => {
                links.switch(on);
                self.wanted.send_modify(|wanted| wanted.on = on);
            }
        }
        None
    }
}

impl<S: EventSink> Drop for Lan<S> {
    fn drop(&mut self) {
        self.keeper.abort();
        self.shared.links.switch(false);
    }
}

impl<S> Shared<S> {
    fn nearby(&self) -> MutexGuard<'_, Nearby> {
        // No code panics while it holds the lock.
        self.nearby.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
