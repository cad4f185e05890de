//! Carriers: the ways bytes travel. Two-way carriers make links; one-way carriers move parcels.
//!
//! A carrier knows nothing of contacts. It owns its sockets or files, reports what happens as
//! [`CarrierEvent`]s and executes [`CarrierCommand`]s; `conformance` holds what all of them promise.
//!
//! - [`memory`]: a whole network under a virtual clock, for tests and the simulator
//! - [`lan`]: the local network
//! - [`relay`]: libp2p relays
//! - [`mod@file`]: parcels in a file carried by hand
//! - [`gate`]: how many strangers a carrier lets in
//! - `links`: what the links of a carrier have in common

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::ble::power::Power;
use crate::relay::{RelayKey, RelayPaths};

#[cfg(feature = "testing")]
pub mod conformance;
pub mod file;
pub mod gate;
#[cfg(feature = "lan")]
pub mod lan;
#[cfg(any(feature = "lan", feature = "ble", feature = "relay"))]
pub(crate) mod links;
pub mod memory;
#[cfg(feature = "relay")]
pub mod relay;

/// A way that makes links.
///
/// A carrier is started by its own constructor with an [`EventSink`]; dropping it ends it. What the
/// suite in `conformance` checks holds for all of them:
///
/// - `Up` comes first and [`Down`](CarrierEvent::Down) once and last; commands for a link that is
///   gone do nothing.
/// - Bytes arrive in order and none is lost, until the link ends.
/// - [`Written`](CarrierEvent::Written) counts each byte once, when it has left the queue of the
///   carrier. A peer that does not read stops it; whoever sends keeps a window.
/// - A sink that is slow stops the reading, not the memory.
pub trait DuplexCarrier: Send + Sync {
    /// What this way costs and can do.
    fn profile(&self) -> Profile;

    /// Obeys a command at once, without waiting for anything.
    ///
    /// Called from the one thread that reads what the sink is handed. So what the command itself
    /// causes (a small send that left at once, an attempt that cannot be made) is returned instead
    /// of handed over: it comes before anything that the caller has not yet read.
    #[must_use = "it is an event like those handed to the sink"]
    fn execute(&self, command: CarrierCommand) -> Option<CarrierEvent>;
}

/// Where a two-way carrier puts its events.
pub trait EventSink: Clone + Send + Sync + 'static {
    /// Hands over one event, and waits while the owner is busy: that is the back-pressure.
    /// False if the owner is gone; the carrier then ends.
    fn hand(&self, event: CarrierEvent) -> impl Future<Output = bool> + Send;
}

#[cfg(any(
    feature = "lan",
    feature = "ble",
    feature = "relay",
    feature = "testing"
))]
impl EventSink for tokio::sync::mpsc::Sender<CarrierEvent> {
    async fn hand(&self, event: CarrierEvent) -> bool {
        self.send(event).await.is_ok()
    }
}

/// A way that moves parcels in one direction: sealed bundles, opaque to it
/// (`docs/PROTOCOL.md` section 12).
pub trait SimplexCarrier {
    /// What goes wrong.
    type Error;

    /// What this way costs and can do.
    fn profile(&self) -> Profile;

    /// Sends these parcels, all of them or none.
    fn write(&self, parcels: &[Bytes]) -> Result<(), Self::Error>;

    /// The parcels that wait here, one at a time, so that no more than one is in memory. After an
    /// error nothing follows.
    fn read(&self) -> Result<impl Iterator<Item = Result<Bytes, Self::Error>>, Self::Error>;
}

/// What kind of way this is. The numbers are in beacons and on disk: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum CarrierKind {
    /// Memory: tests and the simulator.
    Memory = 0,
    /// The local network.
    Lan = 1,
    /// Bluetooth LE.
    Ble = 2,
    /// libp2p relays.
    Relay = 3,
    /// Files carried by hand.
    File = 4,
}

impl CarrierKind {
    /// What a byte costs in energy and money, relative to the local network; of two ways the cheaper one is the
    /// better.
    pub const fn cost(self) -> u32 {
        match self {
            CarrierKind::File => 0,
            CarrierKind::Memory | CarrierKind::Lan => 1,
            CarrierKind::Relay => 4,
            CarrierKind::Ble => 20,
        }
    }
}

/// What a way costs and can do, for choosing among several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The kind.
    pub kind: CarrierKind,
    /// The largest piece that travels without being split, in bytes.
    pub mtu_bytes: u32,
    /// A typical one-way delay, in milliseconds.
    pub latency_ms: u32,
    /// The longest a parcel may be under way, in milliseconds.
    pub max_latency_ms: u64,
    /// As [`CarrierKind::cost`].
    pub cost: u32,
    /// Whether bytes may be lost without the link ending.
    pub lossy: bool,
    /// Whether beacons are announced over it, and heard.
    pub announces: bool,
}

/// One live two-way connection, named by whoever runs the carrier; never reused in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// Gives links their names. The carriers of a process share one, so that no two links share a name.
#[derive(Debug, Clone, Default)]
pub struct LinkIds(Arc<AtomicU64>);

impl LinkIds {
    /// The next name.
    pub fn next_id(&self) -> LinkId {
        LinkId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// One attempt to reach an address, named by whoever asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialId(pub u64);

/// Addresses in one fact, invitation or report.
pub const MAX_ADDRESSES: usize = 16;

/// Where a device can be reached over one carrier, in that carrier's own text form
/// (LAN: `192.0.2.1:4711`, `[fe80::1%3]:4711`; BLE: `C0:FF:EE:00:12:34`). Prints nothing of itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub String);

impl Address {
    /// Whether the hardware address of an interface can be read from it, as from an IPv6 address whose last half
    /// is a modified EUI-64 (RFC 4291, appendix A): such an address follows a device from network to network and is
    /// told to nobody (`docs/PROTOCOL.md` section 8).
    #[must_use]
    pub fn tells_hardware(&self) -> bool {
        let socket = self.0.parse::<SocketAddr>();
        socket.is_ok_and(|socket| tells_hardware(socket.ip()))
    }
}

/// Whether the hardware address of an interface can be read from this address.
pub(crate) fn tells_hardware(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.octets()[11..13] == [0xff, 0xfe],
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// Whether a carrier works, and if not, why: a stable code; words are made at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CarrierState {
    /// Ready for links.
    On,
    /// Switched off by the user.
    Off,
    /// There is no interface to use.
    NoInterface,
    /// The operating system refuses.
    NoPermission,
    /// The part of the operating system that is needed does not run.
    NoService,
    /// The radio is switched off.
    PoweredOff,
    /// The radio would show everybody an address or a name that never changes, and the user has not
    /// allowed that.
    NotPrivate,
    /// Links work, but announcements are not possible (multicast is blocked).
    NoDiscovery,
    /// It failed and is being tried again.
    Failing,
}

/// The state of a relay: a stable code; words are made at the edge. The carrier reports neither of the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelayState {
    /// A contact or an invitation names it; it is not connected to unless it is added.
    Offered,
    /// The carrier is switched off.
    Off,
    /// It is being connected to.
    Connecting,
    /// It has a place for us: contacts reach us there.
    Ready,
    /// It does not answer, or its name leads nowhere.
    Unreachable,
    /// Another relay answers at its address.
    WrongName,
    /// It takes nobody in, or not us.
    Refused,
    /// It has no place left.
    Full,
    /// It is none.
    NotARelay,
    /// Its address is one of QUIC, and the proxy takes TCP alone.
    NeedsTcp,
}

/// How a link is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// After what is already queued, and at once if nothing is.
    Now,
    /// Read and throw away whatever comes, and answer nothing, until [`Ending::Now`] follows.
    Drain,
}

/// What a two-way carrier reports.
#[derive(Debug, Clone)]
pub enum CarrierEvent {
    /// The carrier's state changed.
    State(CarrierState),
    /// The addresses at which this device can be reached over this carrier now.
    Addresses(Vec<Address>),
    /// A link is up: dialled by us (`dial`) or by the other side.
    Up {
        /// Its name from now on.
        link: LinkId,
        /// The attempt that made it, if it was ours.
        dial: Option<DialId>,
        /// The other end's address, where there is one.
        from: Option<Address>,
    },
    /// An attempt failed.
    DialFailed {
        /// The attempt.
        dial: DialId,
    },
    /// Bytes arrived, in order; how they are cut means nothing.
    Bytes {
        /// The link.
        link: LinkId,
        /// What arrived.
        bytes: Bytes,
    },
    /// So many of the bytes given to [`CarrierCommand::Send`] have left.
    Written {
        /// The link.
        link: LinkId,
        /// How many bytes.
        bytes: usize,
    },
    /// The link is gone; nothing more follows about it.
    Down {
        /// The link.
        link: LinkId,
    },
    /// Somebody announces this beacon at these addresses.
    Beacon {
        /// The beacon.
        beacon: [u8; 8],
        /// Where its owner can be dialled, at most `MAX_ADDRESSES`.
        at: Vec<Address>,
    },
    /// How it is with a relay that is to be used.
    Relay {
        /// Its address, as it was given.
        at: Address,
        /// How it is.
        state: RelayState,
    },
    /// The other end of this link, which we dialled, can be dialled over a better path here, as long as the
    /// link is up.
    BetterPath {
        /// The link.
        link: LinkId,
        /// Where.
        at: Address,
    },
    /// How long the radio has been in use since the carrier came on, or was told anew how to use it. Of
    /// Bluetooth LE alone, about once a minute.
    Airtime {
        /// Since then, in milliseconds.
        over_ms: u64,
        /// For how much of that others were listened for.
        listened_ms: u64,
        /// For how much of that something was announced.
        announced_ms: u64,
    },
    /// This port is used on this network: to be given back at the next start, so that addresses
    /// which contacts remember stay true.
    Port {
        /// The network, as a hash of its prefix.
        network: [u8; 16],
        /// The port.
        port: u16,
    },
}

/// What a two-way carrier is told.
#[derive(Debug, Clone)]
pub enum CarrierCommand {
    /// Try to reach this address.
    Dial {
        /// A name for the attempt.
        dial: DialId,
        /// Where.
        to: Address,
    },
    /// Send these bytes after all earlier ones.
    Send {
        /// The link.
        link: LinkId,
        /// What.
        bytes: Bytes,
    },
    /// The other end of this link is known: it no longer counts among the strangers. Comes before
    /// anything is sent to it.
    Recognised {
        /// The link.
        link: LinkId,
    },
    /// End this link.
    End {
        /// The link.
        link: LinkId,
        /// How.
        ending: Ending,
    },
    /// Announce exactly these beacons from now on, at the present addresses: once those change, or the
    /// carrier is off, nothing is announced and nobody looked for until told anew. Without beacons and
    /// without looking the carrier is silent, and nothing that others announce wakes it.
    Announce {
        /// At most four.
        beacons: Vec<[u8; 8]>,
        /// Whether somebody is looked for: then the carrier reports for a while who else announces.
        look: bool,
    },
    /// Be reachable at exactly these relays under exactly these names, and dial under the first; no
    /// other carrier heeds it.
    SetRelays {
        /// Relays' addresses. Without any the carrier is off.
        relays: Vec<Address>,
        /// The keys of the names.
        keys: Vec<RelayKey>,
        /// How they are reached. If that changes, all links end.
        paths: RelayPaths,
    },
    /// Use the radio in this way from now on; no carrier but Bluetooth LE heeds it.
    SetRadio {
        /// How much of its time.
        power: Power,
        /// Whether to be on the air although everybody near sees an address that never changes.
        show_address: bool,
    },
    /// Switch the carrier on or off.
    Switch {
        /// On or off.
        on: bool,
    },
}
