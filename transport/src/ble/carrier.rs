//! The carrier: executes commands and holds the state that its tasks share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bluer::{Adapter, Address as Device};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::announcer::ADDRESS_MS;
use super::frame::Tag;
use super::link::Link;
use super::places::{Admission, Places};
use super::power::Power;
use super::{dial, keeper, privacy};
use crate::beacon::Beacon;
use crate::carrier::links::Links;
use crate::carrier::{
    CarrierCommand, CarrierEvent, CarrierKind, DuplexCarrier, Ending, EventSink, LinkId, LinkIds,
    Profile,
};

/// The properties that Bluetooth LE declares.
pub const PROFILE: Profile = Profile {
    kind: CarrierKind::Ble,
    mtu_bytes: 500,
    latency_ms: 60,
    max_latency_ms: 60_000,
    cost: CarrierKind::Ble.cost(),
    lossy: false,
    announces: true,
};

/// Dial attempts, running or waiting, at one time; further ones fail at once.
const MAX_DIALS: usize = 8;

/// How long one attempt may take, including the search for the device and a second connection.
const DIAL: Duration = Duration::from_secs(15);

/// How long a device may take to disconnect.
const RELEASE: Duration = Duration::from_secs(3);

/// Configuration of the carrier.
#[derive(Debug, Clone)]
pub struct BleConfig {
    /// Seeds the choice of the link to evict, and the tags of links; use a fresh one at each start.
    pub seed: [u8; 32],
    /// Allocates link ids.
    pub ids: LinkIds,
    /// The adapter to use, as `hci0`; the first one if `None`.
    pub adapter: Option<String>,
    /// How to use the radio until [`CarrierCommand::SetRadio`] changes it.
    pub radio: Radio,
    /// Path of the configuration file of BlueZ.
    pub configuration: PathBuf,
    /// Whether to offer and use L2CAP channels.
    pub l2cap: bool,
    /// The shortest time for which the kernel keeps an address that hides the device, plus a margin.
    pub address: Duration,
    /// How long one dial attempt may take.
    pub dial: Duration,
}

impl BleConfig {
    /// The first adapter; advertises only if the adapter hides its address.
    pub fn new(seed: [u8; 32], ids: LinkIds) -> Self {
        Self {
            seed,
            ids,
            adapter: None,
            radio: Radio::default(),
            configuration: privacy::CONFIGURATION.into(),
            l2cap: true,
            address: Duration::from_millis(ADDRESS_MS),
            dial: DIAL,
        }
    }
}

/// How the carrier uses the radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Radio {
    /// How much of the radio's time it uses.
    pub power: Power,
    /// Whether to advertise although everybody near sees an address that never changes.
    pub show_address: bool,
}

/// Bluetooth LE. Dropping it sends what is queued and then ends its links.
#[derive(Debug)]
pub struct Ble<S: EventSink> {
    shared: Arc<Shared<S>>,
    wanted: watch::Sender<Wanted>,
    keeper: AbortHandle,
}

/// What the owner wants; the keeper applies only the newest value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub on: bool,
    pub radio: Radio,
    pub beacons: Vec<Beacon>,
    pub look: bool,
    /// Number of the last announce command.
    pub announcement: u64,
}

/// State that all tasks of the carrier share.
#[derive(Debug)]
pub struct Shared<S> {
    pub links: Arc<Links<S, Link>>,
    pub l2cap: bool,
    /// How long one dial attempt may take.
    pub dial: Duration,
    state: Mutex<State>,
    started: Instant,
    /// Notified when the number of attempts changes.
    pub dialled: Notify,
    /// A controller can begin one connection at a time.
    pub dials: Semaphore,
}

/// Lock order: this before the links.
#[derive(Debug)]
pub struct State {
    /// The adapter, while it works.
    pub adapter: Option<Adapter>,
    places: Places,
    /// Links that have a place, each with the device at its other end.
    admitted: BTreeMap<LinkId, Device>,
    rng: ChaCha20Rng,
}

impl State {
    /// Whether a link still has its place.
    pub fn is_admitted(&self, link: LinkId) -> bool {
        self.admitted.contains_key(&link)
    }
}

impl<S: EventSink> Ble<S> {
    /// Starts the carrier, switched on, within the tokio runtime of the caller. Failures are reported as states
    /// ([`CarrierEvent::State`]), since they pass.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(config: BleConfig, sink: S) -> Self {
        let derive = |label: &str| blake3::derive_key(label, &config.seed);
        let gate = derive("hedgerow 1 ble gate");
        let shared = Arc::new(Shared {
            links: Arc::new(Links::new(sink, config.ids.clone(), MAX_DIALS, gate)),
            l2cap: config.l2cap,
            dial: config.dial,
            state: Mutex::new(State {
                adapter: None,
                places: Places::new(derive("hedgerow 1 ble places")),
                admitted: BTreeMap::new(),
                rng: ChaCha20Rng::from_seed(derive("hedgerow 1 ble tags")),
            }),
            started: now(),
            dialled: Notify::new(),
            dials: Semaphore::new(1),
        });
        let (wanted, receiver) = watch::channel(Wanted {
            on: true,
            radio: config.radio,
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

impl<S: EventSink> DuplexCarrier for Ble<S> {
    fn profile(&self) -> Profile {
        PROFILE
    }

    fn execute(&self, command: CarrierCommand) -> Option<CarrierEvent> {
        let links = &self.shared.links;
        match command {
            CarrierCommand::Dial { dial, to } => {
                let device = to.0.parse::<Device>().ok();
                let adapter = self.shared.state().adapter.clone();
                let (Some(device), Some(adapter)) = (device, adapter) else {
                    return Some(CarrierEvent::DialFailed { dial });
                };
                if !links.begin_dial() {
                    return Some(CarrierEvent::DialFailed { dial });
                }
                self.shared.dialled.notify_one();
                let attempt = dial::run(self.shared.clone(), adapter, dial, device);
                links.runtime.spawn(attempt);
            }
            CarrierCommand::Send { link, bytes } => links.link(link)?.send(bytes),
            CarrierCommand::Recognised { link } => {
                self.shared.state().places.recognise(link);
                links.recognise(link);
            }
            CarrierCommand::End { link, ending } => links.end(link, ending),
            CarrierCommand::Announce { beacons, look } => self.wanted.send_modify(|wanted| {
                wanted.beacons = beacons;
                wanted.look = look;
                wanted.announcement += 1;
            }),
            // Bluetooth has no relays.
            CarrierCommand::SetRelays { .. } => {}
            CarrierCommand::SetRadio {
                power,
                show_address,
            } => self.wanted.send_modify(|wanted| {
                wanted.radio = Radio {
                    power,
                    show_address,
                };
            }),
            CarrierCommand::Switch { on } => {
                links.switch(on);
                self.wanted.send_modify(|wanted| wanted.on = on);
            }
        }
        None
    }
}

impl<S: EventSink> Drop for Ble<S> {
    fn drop(&mut self) {
        self.keeper.abort();
        self.shared.links.switch(false);
    }
}

impl<S: EventSink> Shared<S> {
    pub fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock; even then each field would be valid by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the carrier started.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(now().duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    /// Reserves a place for a link to this device, if one is free; the caller must [leave](Self::leave) it.
    pub fn admit(&self, device: Device, stranger: bool) -> Option<LinkId> {
        let id = self.links.next_id();
        let now_ms = self.now_ms();
        let mut state = self.state();
        if !self.links.is_on() {
            return None;
        }
        match state.places.admit(id, stranger, now_ms) {
            Admission::Free => {}
            Admission::Instead(victim) => {
                state.admitted.remove(&victim);
                self.links.end(victim, Ending::Now);
            }
            Admission::Full => return None,
        }
        state.admitted.insert(id, device);
        Some(id)
    }

    /// Frees the place of a link.
    pub fn leave(&self, link: LinkId) {
        let mut state = self.state();
        state.places.leave(link);
        state.admitted.remove(&link);
    }

    /// Records that bytes moved over a link.
    pub fn moved(&self, link: LinkId, now_ms: u64) {
        self.state().places.moved(link, now_ms);
    }

    /// Draws a fresh tag.
    pub fn tag(&self) -> Tag {
        let mut tag = Tag::default();
        self.state().rng.fill_bytes(&mut tag);
        tag
    }

    /// Whether the carrier is on, and has an adapter that works.
    pub fn is_on_air(&self) -> bool {
        self.state().adapter.is_some() && self.links.is_on()
    }

    /// [Disconnects](Self::let_go) from a device to which the caller has no link any more.
    pub async fn release(&self, device: Device) {
        let adapter = self.state().adapter.clone();
        if let Some(adapter) = adapter {
            self.let_go(&adapter, device, None).await;
        }
    }

    /// Disconnects from a device unless another link than `of` leads to it or the user has paired it. Returns whether
    /// the device has disconnected too.
    pub async fn let_go(&self, adapter: &Adapter, device: Device, of: Option<LinkId>) -> bool {
        let is_used = {
            let state = self.state();
            let mut admitted = state.admitted.iter();
            admitted.any(|(link, at)| Some(*link) != of && *at == device)
        };
        let Some(device) = adapter.device(device).ok().filter(|_| !is_used) else {
            return false;
        };
        let release = async {
            let is_paired = device.is_paired().await.unwrap_or(false);
            if !is_paired {
                // The device may have disconnected already.
                let _ = device.disconnect().await;
            }
            !is_paired
        };
        timeout(RELEASE, release).await.unwrap_or(false)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a carrier runs on a real machine and keeps its own timers"
)]
fn now() -> Instant {
    Instant::now()
}
