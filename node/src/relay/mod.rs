//! A public relay: a circuit relay (v2) with a rendezvous point, for devices that cannot reach one
//! another otherwise. `docs/RELAY.md` tells how to run one, and what it sees.
//!
//! It is libp2p and nothing of Hedgerow's own: any client of these protocols may use it, and it needs
//! no identity, no store and no passphrase, only a key that names it.
//!
//! - [`Relay`]: a running one
//! - [`identity`]: the file with its key
//! - `metrics`: what it counts, for Prometheus

mod behaviour;
pub mod identity;
mod metrics;
mod places;
mod server;

use std::io;
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::identity::Keypair;
use rustix::process::{Resource, getrlimit, setrlimit};

pub use places::Public;
pub use server::Relay;

/// The port of libp2p, over TCP and UDP.
pub const DEFAULT_PORT: u16 = 4001;

/// How a relay is to run.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// The key that names it.
    pub key: Keypair,
    /// Where to listen.
    pub listen: Vec<Multiaddr>,
    /// Under which names or addresses people reach it; if none is given, those of its interfaces.
    pub public: Vec<Public>,
    /// What it gives.
    pub limits: Limits,
    /// Where Prometheus may ask: an address of this machine alone.
    pub metrics: Option<SocketAddr>,
}

impl RelayOptions {
    /// All interfaces, IPv4 and IPv6, TCP and QUIC, at one port.
    pub fn everywhere(port: u16) -> Vec<Multiaddr> {
        ["/ip4/0.0.0.0", "/ip6/::"]
            .into_iter()
            .flat_map(|ip| {
                [
                    format!("{ip}/udp/{port}/quic-v1"),
                    format!("{ip}/tcp/{port}"),
                ]
            })
            .map(|address| address.parse().expect("a valid address"))
            .collect()
    }
}

/// What a relay gives, so that no one takes it from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Clients that hold a place at which they can be reached.
    pub reservations: usize,
    /// How long a place is held before it must be renewed.
    pub reservation: Duration,
    /// Circuits at one time.
    pub circuits: usize,
    /// Circuits at one time from one client.
    pub circuits_a_client: usize,
    /// Bytes through one circuit, both ways together; 0: no limit.
    pub circuit_bytes: u64,
    /// How long one circuit lasts.
    pub circuit: Duration,
    /// Reservations, and circuits, that one address may begin in an hour. Many people can share one.
    pub begun_an_hour: NonZeroU16,
    /// Connections at one time.
    pub connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reservations: 1_024,
            reservation: Duration::from_secs(3_600),
            circuits: 512,
            circuits_a_client: 16,
            circuit_bytes: 64 * 1024 * 1024,
            circuit: Duration::from_secs(3_600),
            begun_an_hour: NonZeroU16::new(600).expect("above zero"),
            connections: 2_048,
        }
    }
}

impl Limits {
    /// As the relay of libp2p takes them.
    fn of_libp2p(&self) -> libp2p::relay::Config {
        let mut config = libp2p::relay::Config {
            max_reservations: self.reservations,
            reservation_duration: self.reservation,
            max_circuits: self.circuits,
            max_circuits_per_peer: self.circuits_a_client,
            max_circuit_duration: self.circuit,
            max_circuit_bytes: self.circuit_bytes,
            ..libp2p::relay::Config::default()
        };
        // Keys cost nothing, so only addresses are worth counting. What is not used up is kept for an
        // hour: a network whose power comes back reconnects at once.
        config.reservation_rate_limiters.clear();
        config.circuit_src_rate_limiters.clear();
        let limit = NonZeroU32::from(self.begun_an_hour);
        let interval = Duration::from_secs(3_600) / limit.get();
        config
            .reservation_rate_per_ip(limit, interval)
            .circuit_src_per_ip(limit, interval)
    }
}

/// Has the system allow as many connections as it would: every one is a descriptor, and what programs are
/// allowed at first is fewer than the clients of one relay.
pub fn allow_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the system allows no more connections than at first");
    }
}

/// Why a relay does not run.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The address cannot be listened at.
    #[error("{at} cannot be listened at: {why}")]
    Listen {
        /// Where.
        at: Multiaddr,
        /// What the system says.
        why: String,
    },
    /// Metrics would be shown to others than this machine.
    #[error("metrics are shown to this machine alone, and {0} is not of it")]
    MetricsInPublic(SocketAddr),
    /// The metrics' address cannot be listened at.
    #[error("metrics at {at}: {why}")]
    Metrics {
        /// Where.
        at: SocketAddr,
        /// What the system says.
        why: io::Error,
    },
    /// libp2p could not be set up with this key.
    #[error("the relay cannot be set up: {0}")]
    Setup(String),
}
