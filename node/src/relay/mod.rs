//! A public relay: a circuit relay (v2) with a rendezvous point, for devices that cannot reach each other otherwise.
//! `docs/RELAY.md` describes how to run one, and what it sees.
//!
//! It uses plain libp2p: any client of these protocols may use it, and it needs no identity, store or passphrase,
//! only a key that names it.
//!
//! - [`Relay`]: a running one
//! - [`identity`]: the file with its key
//! - `metrics`: its counters, for Prometheus

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

/// Configuration of a relay.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// The key that names it.
    pub key: Keypair,
    /// The addresses to listen at.
    pub listen: Vec<Multiaddr>,
    /// Names or addresses under which people reach it; if empty, those of its interfaces.
    pub public: Vec<Public>,
    /// Its limits.
    pub limits: Limits,
    /// The address for Prometheus, which must be a loopback address.
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

/// Limits of a relay, so that no client can use up what others need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most clients with a place at which others can reach them.
    pub reservations: usize,
    /// How long a reservation lasts before the client must renew it.
    pub reservation: Duration,
    /// Most circuits at one time.
    pub circuits: usize,
    /// Most circuits at one time from one client.
    pub circuits_a_client: usize,
    /// Most bytes through one circuit, both directions together; 0: no limit.
    pub circuit_bytes: u64,
    /// Longest duration of one circuit.
    pub circuit: Duration,
    /// Most reservations, and most circuits, that one address may begin in an hour. Many people can share one.
    pub begun_an_hour: NonZeroU16,
    /// Most connections at one time.
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
    /// As a configuration of libp2p's relay.
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
        // Keys cost nothing, so only addresses are counted. Unused requests stay valid for an hour: after a power cut
        // a whole network reconnects at once.
        config.reservation_rate_limiters.clear();
        config.circuit_src_rate_limiters.clear();
        let limit = NonZeroU32::from(self.begun_an_hour);
        let interval = Duration::from_secs(3_600) / limit.get();
        config
            .reservation_rate_per_ip(limit, interval)
            .circuit_src_per_ip(limit, interval)
    }
}

/// Raises the limit on open files to the system's maximum: every connection needs a descriptor, and the default is
/// lower than the number of clients of one relay.
pub fn allow_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the system allows no more connections than at first");
    }
}

/// Why a relay cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The relay cannot listen at an address.
    #[error("cannot listen at {at}: {why}")]
    Listen {
        /// The address.
        at: Multiaddr,
        /// The system's message.
        why: String,
    },
    /// The metrics address is not a loopback address.
    #[error("the metrics address {0} is not a loopback address")]
    MetricsInPublic(SocketAddr),
    /// The relay cannot listen at the metrics address.
    #[error("metrics at {at}: {why}")]
    Metrics {
        /// The address.
        at: SocketAddr,
        /// The system's message.
        why: io::Error,
    },
    /// libp2p could not be set up.
    #[error("the relay cannot be set up: {0}")]
    Setup(String),
}
