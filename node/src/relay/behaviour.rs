//! The protocols of the relay.

use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{autonat, connection_limits, identify, ping, relay, rendezvous};

use super::Limits;

/// The agent string: the one that many libp2p programs send, so it identifies none.
const AGENT: &str = "libp2p";

/// Most connections of one client: over TCP and QUIC, and one of each while it moves to another network.
const CONNECTIONS_A_CLIENT: u32 = 4;

/// Most connections that are being set up.
const PENDING: u32 = 256;

/// How often to ping a silent connection.
const PING: Duration = Duration::from_secs(60);

/// The protocols of a relay.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    // First, so that the others never see what it refuses.
    limits: connection_limits::Behaviour,
    pub(super) relay: relay::Behaviour,
    rendezvous: rendezvous::server::Behaviour,
    /// Tells clients whether they can be reached directly; libp2p has two versions.
    autonat: autonat::v2::server::Behaviour,
    autonat_v1: autonat::v1::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

impl Behaviour {
    pub(super) fn new(key: &Keypair, limits: &Limits) -> Self {
        let me = key.public().to_peer_id();
        let connections = connection_limits::ConnectionLimits::default()
            .with_max_pending_incoming(Some(PENDING))
            .with_max_established_incoming(Some(limits.connections))
            .with_max_established_per_peer(Some(CONNECTIONS_A_CLIENT));
        let mut relay = relay::Behaviour::new(me, limits.of_libp2p());
        relay.set_status(Some(relay::Status::Enable));
        let identify = identify::Config::new("ipfs/1.0.0".into(), key.public())
            .with_agent_version(AGENT.into())
            // Shows only the addresses for people, not those of every interface.
            .with_hide_listen_addrs(true);
        let autonat_v1 = autonat::v1::Config {
            // The relay does not ask others about itself.
            use_connected: false,
            ..autonat::v1::Config::default()
        };
        let rendezvous = rendezvous::server::Config::default();
        Self {
            limits: connection_limits::Behaviour::new(connections),
            relay,
            rendezvous: rendezvous::server::Behaviour::new(rendezvous),
            autonat: autonat::v2::server::Behaviour::default(),
            autonat_v1: autonat::v1::Behaviour::new(me, autonat_v1),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING)),
        }
    }
}
