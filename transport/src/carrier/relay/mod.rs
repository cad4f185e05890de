//! Relays (`docs/PROTOCOL.md` section 13a): libp2p connects devices that cannot reach each other, through machines
//! that both can dial, and directly once that succeeds. As on any other carrier, only sessions travel; libp2p
//! encrypts them once more.
//!
//! One task drives a swarm for each name of the device (`driver`, `face`); each link has a task of its own
//! (`link`). Commands only leave a message for the driver.
//!
//! - `behaviour`: the libp2p protocols in use and their settings
//! - `streams`: opens the stream of each link over the right connection
//! - `reticent`: withholds some of our addresses from others
//! - `dialled`: decides which addresses may be dialled
//! - `limits`: limits the connections that are being made
//! - `strangers`: limits the connections of strangers
//! - [`place`]: addresses of relays
//! - `proxy`: reaches relays through a proxy

mod behaviour;
mod dialled;
mod driver;
mod face;
mod limits;
mod link;
pub mod place;
mod proxy;
mod reticent;
mod strangers;
mod streams;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use super::links::Links;
use super::{
    Address, CarrierCommand, CarrierEvent, CarrierKind, DialId, DuplexCarrier, EventSink, LinkIds,
    Profile,
};
use crate::relay::{RelayKey, RelayPaths};
use link::Link;
use place::Called;
use strangers::Strangers;

/// Dial attempts at one time; further ones fail at once.
pub const MAX_DIALS: usize = 256;

/// Relays used at one time.
pub const MAX_RELAYS: usize = 8;

/// Names in use at one time: today's, and those of open invitations.
pub const MAX_NAMES: usize = 8;

/// The properties that relays declare.
pub const PROFILE: Profile = Profile {
    kind: CarrierKind::Relay,
    mtu_bytes: u32::MAX,
    latency_ms: 100,
    max_latency_ms: 60_000,
    cost: CarrierKind::Relay.cost(),
    lossy: false,
    announces: false,
};

/// Configuration of the carrier.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Seeds the choice of the stranger to evict; use a fresh one at each start.
    pub seed: [u8; 32],
    /// Allocates link ids.
    pub ids: LinkIds,
    /// Whether direct paths are possible if the owner wants them. The device then listens for libp2p, at ports that
    /// the system draws, while it uses relays.
    pub direct: bool,
}

/// The relays. Without any it opens no socket. Dropping it sends what is queued and then ends its links.
#[derive(Debug)]
pub struct Relays<S: EventSink> {
    links: Arc<Links<S, Link>>,
    wanted: watch::Sender<Wanted>,
    dials: mpsc::Sender<(DialId, Address, Called)>,
    driver: AbortHandle,
}

/// What the owner wants; the driver applies only the newest value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    on: bool,
    relays: Vec<Address>,
    keys: Vec<RelayKey>,
    paths: RelayPaths,
}

impl<S: EventSink> Relays<S> {
    /// Starts the carrier, switched on and without relays, within the tokio runtime of the caller.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(config: RelayConfig, sink: S) -> Self {
        let gate = blake3::derive_key("hedgerow 1 relay gate", &config.seed);
        let connections = blake3::derive_key("hedgerow 1 relay connections", &config.seed);
        let links = Arc::new(Links::new(sink, config.ids, MAX_DIALS, gate));
        let (wanted, receiver) = watch::channel(Wanted {
            on: true,
            relays: Vec::new(),
            keys: Vec::new(),
            paths: RelayPaths::default(),
        });
        let (dials, dialled) = mpsc::channel(MAX_DIALS);
        let strangers = Strangers::new(links.clone(), connections);
        let driver = driver::run(links.clone(), strangers, config.direct, receiver, dialled);
        let driver = links.runtime.spawn(driver).abort_handle();
        Self {
            links,
            wanted,
            dials,
            driver,
        }
    }

    fn dial(&self, dial: DialId, to: Address) -> bool {
        let Some(called) = Called::parse(&to) else {
            return false;
        };
        if !self.links.begin_dial() {
            return false;
        }
        let is_asked = self.dials.try_send((dial, to, called)).is_ok();
        if !is_asked {
            self.links.dial_over();
        }
        is_asked
    }
}

impl<S: EventSink> DuplexCarrier for Relays<S> {
    fn profile(&self) -> Profile {
        PROFILE
    }

    fn execute(&self, command: CarrierCommand) -> Option<CarrierEvent> {
        match command {
            CarrierCommand::Dial { dial, to } => {
                let begun = self.dial(dial, to);
                return (!begun).then_some(CarrierEvent::DialFailed { dial });
            }
            CarrierCommand::Send { link, bytes } => self.links.link(link)?.send(bytes),
            CarrierCommand::Recognised { link } => self.links.recognise(link),
            CarrierCommand::End { link, ending } => self.links.end(link, ending),
            // Relays carry no announcements and have no radio.
            CarrierCommand::Announce { .. } | CarrierCommand::SetRadio { .. } => {}
            CarrierCommand::SetRelays {
                relays,
                keys,
                paths,
            } => self.wanted.send_modify(|wanted| {
                wanted.relays = relays;
                wanted.keys = keys;
                wanted.paths = paths;
            }),
            CarrierCommand::Switch { on } => {
                self.links.switch(on);
                self.wanted.send_modify(|wanted| wanted.on = on);
            }
        }
        None
    }
}

impl<S: EventSink> Drop for Relays<S> {
    fn drop(&mut self) {
        self.driver.abort();
        self.links.switch(false);
    }
}
