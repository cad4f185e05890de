//! Carriers: the ways bytes travel. Two-way carriers make links; one-way carriers move parcels.
//!
//! A carrier knows nothing of contacts. It owns its sockets or files, reports what happens as
//! [`CarrierEvent`]s and obeys [`CarrierCommand`]s; `conformance` holds what all of them promise.

use std::fmt;

use bytes::Bytes;

/// What kind of way this is. The numbers are in beacons and on disk: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Relative cost of a byte in energy and money; the local network is 1.
    pub cost: u32,
    /// Whether bytes may be lost without the link ending.
    pub lossy: bool,
}

/// One live two-way connection, named by whoever runs the carrier; never reused in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// One attempt to reach an address, named by whoever asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialId(pub u64);

/// Where a device can be reached over one carrier, in that carrier's own text form
/// (LAN: `192.0.2.1:4711`, `[fe80::1%3]:4711`). Prints nothing of itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// Whether a carrier works, and if not, why: a stable code; words are made at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CarrierState {
    /// Ready for links.
    On,
    /// Switched off by the user.
    Off,
    /// There is no interface to use.
    NoInterface,
    /// The operating system refuses.
    NoPermission,
    /// Links work, but announcements are not possible (multicast is blocked).
    NoDiscovery,
    /// It failed and is being tried again.
    Failing,
}

/// How a link is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// At once, after what is already queued.
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
        /// Where its owner can be dialled.
        at: Vec<Address>,
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
    /// The other end of this link is known: it no longer counts among the strangers.
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
    /// Announce exactly these beacons from now on; none means silence.
    Announce {
        /// At most four.
        beacons: Vec<[u8; 8]>,
    },
    /// Switch the carrier on or off.
    Switch {
        /// On or off.
        on: bool,
    },
}
