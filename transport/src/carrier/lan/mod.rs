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

/// Attempts under way at one time; further ones fail at once.
pub const MAX_DIALS: usize = 256;

/// What the local network claims of itself.
pub const PROFILE: Profile = Profile {
    kind: CarrierKind::Lan,
    mtu_bytes: u32::MAX,
    latency_ms: 2,
    max_latency_ms: 60_000,
    cost: CarrierKind::Lan.cost(),
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
    links: Arc<Links<S, Link>>,
    nearby: Mutex<Nearby>,
}

impl<S: EventSink> Lan<S> {
    /// Starts the carrier, switched on, within the tokio runtime of the caller. Failures are states
    /// ([`CarrierEvent::State`]), since they pass.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(config: LanConfig, sink: S) -> Self {
        let gate = blake3::derive_key("hedgerow 1 lan gate", &config.seed);
        let shared = Arc::new(Shared {
            links: Arc::new(Links::new(sink, config.ids.clone(), MAX_DIALS, gate)),
            // Known before the first attempt, which may come before the keeper's first look.
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
            // There are no relays and there is no radio here.
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
        // Nothing panics while it is held.
        self.nearby.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
