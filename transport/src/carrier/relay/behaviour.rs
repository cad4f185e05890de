//! What a device speaks at relays, and the swarm that speaks it under one of its names.

use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder, dcutr, identify, noise, ping, quic, relay, tcp, yamux,
};

use super::reticent::Reticent;
use super::streams::Streams;
use crate::relay::RelayKey;

/// What a device calls itself: the same as everybody who says no more than that.
const AGENT: &str = "libp2p";

/// How often a silent connection is asked whether it lives, and a router on the way reminded of it.
const PING: Duration = Duration::from_secs(60);

/// How long a connection stays that nothing uses any more.
const IDLE: Duration = Duration::from_secs(10);

/// How long one step of connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// After so much silence a QUIC connection is over, in milliseconds. Routers forget theirs sooner, so
/// something is sent before.
const QUIC_SILENCE_MS: u32 = 60_000;
const QUIC_REMINDER: Duration = Duration::from_secs(20);

/// The protocols of a device at relays.
#[derive(NetworkBehaviour)]
pub struct Behaviour {
    pub relay: relay::client::Behaviour,
    pub streams: Streams,
    pub identify: Reticent<identify::Behaviour>,
    pub dcutr: dcutr::Behaviour,
    pub ping: ping::Behaviour,
}

/// A swarm under one name. `direct`: it listens, so that a direct path can be made once two have met at a
/// relay; without it there are none.
pub fn swarm(key: &RelayKey, direct: bool) -> Option<Swarm<Behaviour>> {
    let key = Keypair::ed25519_from_bytes(*key.as_bytes()).ok()?;
    let mut swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .ok()?
        .with_quic_config(|mut config: quic::Config| {
            config.max_idle_timeout = QUIC_SILENCE_MS;
            config.keep_alive_interval = QUIC_REMINDER;
            config
        })
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .ok()?
        .with_behaviour(|key, relay| {
            let identify = identify::Config::new("ipfs/1.0.0".into(), key.public())
                .with_agent_version(AGENT.into())
                .with_hide_listen_addrs(true)
                // Addresses of peers are told by their owners, inside sessions.
                .with_cache_size(0);
            Behaviour {
                relay,
                streams: Streams::default(),
                identify: Reticent(identify::Behaviour::new(identify)),
                dcutr: dcutr::Behaviour::new(key.public().to_peer_id()),
                ping: ping::Behaviour::new(ping::Config::new().with_interval(PING)),
            }
        })
        .ok()?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
        .with_connection_timeout(CONNECT)
        .build();
    if direct {
        for at in [
            "/ip4/0.0.0.0/udp/0/quic-v1",
            "/ip4/0.0.0.0/tcp/0",
            "/ip6/::/udp/0/quic-v1",
            "/ip6/::/tcp/0",
        ] {
            let at: Multiaddr = at.parse().expect("a valid address");
            // A family that the system lacks is left out; without any, circuits remain.
            let _ = swarm.listen_on(at);
        }
    }
    Some(swarm)
}
