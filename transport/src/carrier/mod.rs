//! Carriers: the ways bytes travel. A carrier makes links. What is carried by hand has none: `hedgerow-node` writes and
//! reads it as files.
//!
//! A carrier knows nothing of contacts. It owns its sockets or files, reports [`CarrierEvent`]s and executes
//! [`CarrierCommand`]s; `conformance` tests what all of them promise.
//!
//! - [`memory`]: a whole network under a virtual clock, for tests and the simulator
//! - [`lan`]: the local network
//! - [`relay`]: libp2p relays
//! - [`gate`]: limits the strangers of a carrier
//! - `links`: what the links of every carrier have in common

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
pub mod gate;
#[cfg(feature = "lan")]
pub mod lan;
#[cfg(any(feature = "lan", feature = "ble", feature = "relay"))]
pub(crate) mod links;
pub mod memory;
#[cfg(feature = "relay")]
pub mod relay;

/// A carrier that makes links.
///
/// The constructor of a carrier takes an [`EventSink`]; dropping the carrier ends it. The suite in
/// `conformance` checks these rules for all of them:
///
/// - `Up` comes first and [`Down`](CarrierEvent::Down) once and last; commands for a link that is
///   gone do nothing.
/// - Bytes arrive in order and none is lost, until the link ends.
/// - [`Written`](CarrierEvent::Written) counts each byte once, when it has left the queue of the
///   carrier. A peer that does not read stops it; the sender must keep a window.
/// - A slow sink stops the reading; it does not grow the memory.
pub trait DuplexCarrier: Send + Sync {
    /// Cost and abilities of this carrier.
    fn profile(&self) -> Profile;

    /// Executes a command at once, without waiting for anything.
    ///
    /// The thread that reads the sink's events is the only caller. So this returns what the command itself causes
    /// (a small send that left at once, an attempt that cannot be made) instead of handing it to the sink: it
    /// comes before every event that the caller has not yet read.
    #[must_use = "it is an event like those handed to the sink"]
    fn execute(&self, command: CarrierCommand) -> Option<CarrierEvent>;
}

/// Receives the events of a two-way carrier.
pub trait EventSink: Clone + Send + Sync + 'static {
    /// Hands over one event; waits while the owner is busy, which is the back-pressure. False if the owner is gone;
    /// the carrier then ends.
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

/// The kind of a carrier. The numbers are in beacons and on disk: never reuse one.
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
    /// Cost of a byte in energy and money, relative to the local network; the node prefers the cheaper of two paths.
    pub const fn cost(self) -> u32 {
        match self {
            CarrierKind::File => 0,
            CarrierKind::Memory | CarrierKind::Lan => 1,
            CarrierKind::Relay => 4,
            CarrierKind::Ble => 20,
        }
    }
}

/// Cost and abilities of a carrier, for choosing among several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The kind.
    pub kind: CarrierKind,
    /// The largest piece that travels unsplit, in bytes.
    pub mtu_bytes: u32,
    /// A typical one-way delay, in milliseconds.
    pub latency_ms: u32,
    /// The longest time that a parcel may travel, in milliseconds.
    pub max_latency_ms: u64,
    /// As [`CarrierKind::cost`].
    pub cost: u32,
    /// Whether bytes may be lost although the link goes on.
    pub lossy: bool,
    /// Whether devices announce and hear beacons over it.
    pub announces: bool,
}

/// Identifies one live two-way connection; never reused in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LinkId(pub u64);

/// Allocates link ids. The carriers of a process share one allocator, so that link ids are unique.
#[derive(Debug, Clone, Default)]
pub struct LinkIds(Arc<AtomicU64>);

impl LinkIds {
    /// The next id.
    pub fn next_id(&self) -> LinkId {
        LinkId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Identifies one dial attempt; chosen by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialId(pub u64);

/// Most addresses in one fact, invitation or report.
pub const MAX_ADDRESSES: usize = 16;

/// Where a device can be reached over one carrier, in the carrier's own text form (LAN: `192.0.2.1:4711`,
/// `[fe80::1%3]:4711`; BLE: `C0:FF:EE:00:12:34`). Its `Debug` output is redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub String);

impl Address {
    /// Whether the address contains the hardware address of an interface, as an IPv6 address does whose last half is
    /// a modified EUI-64 (RFC 4291, appendix A). Such an address follows a device from network to network, so we tell
    /// it to nobody (`docs/PROTOCOL.md` section 8).
    #[must_use]
    pub fn tells_hardware(&self) -> bool {
        let socket = self.0.parse::<SocketAddr>();
        socket.is_ok_and(|socket| tells_hardware(socket.ip()))
    }
}

/// Whether this IP address contains the hardware address of an interface.
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

/// Whether a carrier works, and if not, why: a stable code, which the user interface puts into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CarrierState {
    /// Ready for links.
    On,
    /// Switched off by the user.
    Off,
    /// No usable network interface or adapter exists.
    NoInterface,
    /// The operating system refuses.
    NoPermission,
    /// A required system service does not run.
    NoService,
    /// The radio is switched off.
    PoweredOff,
    /// The radio would show everybody an address or a name that never changes, and the user has not allowed that.
    NotPrivate,
    /// Links work, but announcements are not possible (multicast is blocked).
    NoDiscovery,
    /// It failed; the carrier retries.
    Failing,
}

/// The state of a relay: a stable code, which the user interface puts into words. The carrier reports neither of
/// the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelayState {
    /// A contact or an invitation names it; the device connects to it only if the user adds it.
    Offered,
    /// The carrier is switched off.
    Off,
    /// The device is connecting to it.
    Connecting,
    /// It reserved a place for us: contacts reach us there.
    Ready,
    /// It does not answer, or its host name does not resolve.
    Unreachable,
    /// Another relay answers at its address.
    WrongName,
    /// It refuses reservations, ours or everybody's.
    Refused,
    /// It has no free place.
    Full,
    /// Not a relay.
    NotARelay,
    /// Its address uses QUIC, and the proxy supports only TCP.
    NeedsTcp,
}

/// How to end a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Once everything queued has been sent.
    Now,
    /// Reads and discards everything, and answers nothing, until [`Ending::Now`] follows.
    Drain,
}

/// An event of a two-way carrier.
#[derive(Debug, Clone)]
pub enum CarrierEvent {
    /// The carrier's state changed.
    State(CarrierState),
    /// The addresses at which others can now reach this device over this carrier.
    Addresses(Vec<Address>),
    /// A link is up: dialled by us (`dial`) or by the other side.
    Up {
        /// Its id.
        link: LinkId,
        /// The attempt that made it, if we dialled.
        dial: Option<DialId>,
        /// The other end's address, where there is one.
        from: Option<Address>,
    },
    /// A dial attempt failed.
    DialFailed {
        /// The attempt.
        dial: DialId,
    },
    /// Bytes arrived, in order; the boundaries between pieces mean nothing.
    Bytes {
        /// The link.
        link: LinkId,
        /// What arrived.
        bytes: Bytes,
    },
    /// This many of the bytes from [`CarrierCommand::Send`] have left.
    Written {
        /// The link.
        link: LinkId,
        /// How many bytes.
        bytes: usize,
    },
    /// The link is gone; no more events follow about it.
    Down {
        /// The link.
        link: LinkId,
    },
    /// A device announces this beacon at these addresses.
    Beacon {
        /// The beacon.
        beacon: [u8; 8],
        /// Where its owner can be dialled, at most `MAX_ADDRESSES`.
        at: Vec<Address>,
    },
    /// Somebody says that this beacon, which was reported, is announced no longer. It may be anybody.
    BeaconWithdrawn {
        /// The beacon.
        beacon: [u8; 8],
    },
    /// The state of a relay in use.
    Relay {
        /// Its address, as the owner gave it.
        at: Address,
        /// Its state.
        state: RelayState,
    },
    /// A better path to the other end of this link, which we dialled, exists at `at` as long as the link is up.
    BetterPath {
        /// The link.
        link: LinkId,
        /// The address to dial.
        at: Address,
    },
    /// Use of the radio since the carrier came on or last changed its use of the radio. Only Bluetooth LE reports
    /// it, about once a minute.
    Airtime {
        /// Length of that time, in milliseconds.
        over_ms: u64,
        /// Time spent listening for other devices.
        listened_ms: u64,
        /// Time spent advertising.
        announced_ms: u64,
    },
    /// The carrier uses this port on this network. Give it back at the next start, so that addresses which contacts
    /// remember stay valid.
    Port {
        /// The network, as a hash of its prefix.
        network: [u8; 16],
        /// The port.
        port: u16,
    },
}

/// A command to a two-way carrier.
#[derive(Debug, Clone)]
pub enum CarrierCommand {
    /// Dials this address.
    Dial {
        /// The id of the attempt.
        dial: DialId,
        /// The address.
        to: Address,
    },
    /// Sends these bytes after all earlier ones.
    Send {
        /// The link.
        link: LinkId,
        /// The bytes.
        bytes: Bytes,
    },
    /// The owner recognised the other end of this link, so the link no longer counts as a stranger's. Comes before the
    /// owner sends anything to it.
    Recognised {
        /// The link.
        link: LinkId,
    },
    /// Ends this link.
    End {
        /// The link.
        link: LinkId,
        /// How.
        ending: Ending,
    },
    /// Announces exactly these beacons from now on, at the present addresses. Once those change, or the carrier is
    /// switched off, it announces nothing and looks for nobody until the next such command. Without beacons and
    /// without looking the carrier is silent, and announcements of others do not wake it.
    Announce {
        /// At most four.
        beacons: Vec<[u8; 8]>,
        /// Whether to look for others: the carrier then reports for a while which beacons it hears.
        look: bool,
    },
    /// Be reachable at exactly these relays under exactly these names, and dial under the first; all other carriers
    /// ignore it.
    SetRelays {
        /// Addresses of relays. Without any the carrier is off.
        relays: Vec<Address>,
        /// The keys of the names.
        keys: Vec<RelayKey>,
        /// How to reach them. If this changes, all links end.
        paths: RelayPaths,
    },
    /// Uses the radio in this way from now on; only Bluetooth LE executes it.
    SetRadio {
        /// How much of its time to use.
        power: Power,
        /// Whether to advertise although everybody near sees an address that never changes.
        show_address: bool,
    },
    /// Switches the carrier on or off.
    Switch {
        /// On or off.
        on: bool,
    },
}
