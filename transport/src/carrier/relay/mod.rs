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
//! - `dialled`: which addresses are connected to
//! - `limits`: how many connections are begun
//! - `strangers`: how many connections strangers have
//! - [`place`]: relays' addresses
//! - `proxy`: the way to them for those who bring one

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
    cost: CarrierKind::Relay.cost(),
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
    /// Whether direct paths can be made where the owner wants them. For that the device listens for libp2p, at
    /// ports that the system draws, while it uses relays.
    pub direct: bool,
}

/// The relays. Without any it opens no socket. Dropping it ends its links.
#[derive(Debug)]
pub struct Relays<S: EventSink> {
    links: Arc<Links<S, Link>>,
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
            // Nobody near hears a relay.
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
