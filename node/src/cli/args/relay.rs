//! How a public relay is run.

use std::path::PathBuf;

use clap::Args;

pub const HELP: &str = "\
Examples:
  hedgerow relay --public relay.example.org      at port 4001 (TCP and UDP)
  hedgerow relay --public 203.0.113.5 --port 443
  hedgerow relay --metrics 127.0.0.1:9464        and count, for Prometheus

It prints the addresses to give to people and stays until Ctrl-C. It sees their network addresses, when they are there, \
which two it joins and how many bytes pass; never names, keys or texts. It needs no identity of Hedgerow: any client of \
libp2p's circuit relay may use it. Without --public it prints the addresses of its interfaces. Its key is \
`hedgerow-relay/key` in the XDG data directory unless --identity names another file: with another key people need \
another address.

docs/RELAY.md explains how to run one on a small server.";

/// How a relay is to run.
#[derive(Debug, Args)]
pub struct RelayArguments {
    /// The name or address under which people reach this machine; can be repeated
    #[arg(long, value_name = "HOST")]
    pub public: Vec<crate::relay::Public>,

    /// The port, over TCP and UDP
    #[arg(long, default_value_t = crate::relay::DEFAULT_PORT, value_name = "PORT", conflicts_with = "listen")]
    pub port: u16,

    /// Listen only here, a multiaddress; can be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<libp2p::Multiaddr>,

    /// The file with its key, which is made if there is none
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// Serve counters to Prometheus at this address of this machine, under /metrics
    #[arg(long, value_name = "IP:PORT")]
    pub metrics: Option<std::net::SocketAddr>,

    /// People that can be reached through it at one time
    #[arg(long, value_name = "N", default_value_t = 1_024)]
    pub max_clients: usize,

    /// Circuits at one time
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub max_circuits: usize,

    /// Circuits at one time that one client has begun
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub max_circuits_a_client: usize,

    /// MiB through one circuit, both ways together; 0: no limit
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(..=1 << 32))]
    pub circuit_mib: u64,

    /// How long one circuit lasts, as `30m` or `2h`
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub circuit_time: String,

    /// Circuits, and places to be reached at, that one network address may begin in an hour
    #[arg(long, value_name = "N", default_value = "600")]
    pub begun_an_hour: std::num::NonZeroU16,

    /// Connections at one time; every client needs one
    #[arg(long, value_name = "N", default_value_t = 2_048)]
    pub max_connections: u32,
}
