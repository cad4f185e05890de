//! The libp2p protocols of a device at relays, and the swarm that runs them under one of its names.

use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder, Transport, connection_limits, dcutr, identify, noise, ping,
    quic, relay, tcp, yamux,
};

use super::dialled::{Choosy, RelayAddresses};
use super::limits::{self, Begun, Shares};
use super::proxy::ThroughProxy;
use super::reticent::Reticent;
use super::streams::Streams;
use crate::relay::{RelayKey, RelayPaths};

/// The agent string: the one that many libp2p programs send, so it identifies none.
const AGENT: &str = "libp2p";

/// How often to ping a silent connection, which also keeps the state in routers alive.
const PING: Duration = Duration::from_secs(60);

/// How long an unused connection stays open.
const IDLE: Duration = Duration::from_secs(10);

/// How long one step of connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Connecting through a proxy may take longer.
const CONNECT_THROUGH_PROXY: Duration = Duration::from_secs(60);

/// A QUIC connection ends after this much silence, in milliseconds. Routers forget it sooner, so keep-alives
/// go out more often.
const QUIC_SILENCE_MS: u32 = 60_000;
const QUIC_REMINDER: Duration = Duration::from_secs(20);

/// The protocols of a device at relays.
#[derive(NetworkBehaviour)]
pub struct Behaviour {
    // First, so that it refuses a connection before the others see it.
    pub limits: connection_limits::Behaviour,
    pub shares: Shares,
    pub relay: relay::client::Behaviour,
    pub streams: Streams,
    pub identify: Reticent<identify::Behaviour>,
    /// Only if direct paths are wanted: it dials any address that the other end names.
    pub dcutr: Toggle<Reticent<dcutr::Behaviour>>,
    pub ping: ping::Behaviour,
}

/// A swarm under one name. With direct paths it listens, so that two devices that have met at a relay can connect
/// directly.
pub fn swarm(
    key: &RelayKey,
    paths: RelayPaths,
    begun: &Begun,
    relays: &RelayAddresses,
) -> Option<Swarm<Behaviour>> {
    let key = Keypair::ed25519_from_bytes(*key.as_bytes()).ok()?;
    let builder = SwarmBuilder::with_existing_identity(key).with_tokio();
    let is_direct = paths == RelayPaths::Direct;
    let shares = Shares::new(begun.clone(), relays.clone());
    let behaviour = |key: &Keypair, relay| Behaviour::new(key, relay, shares, is_direct);
    let mut swarm = match paths {
        RelayPaths::Proxied { proxy } => builder
            .with_other_transport(|key| {
                Ok(ThroughProxy(proxy)
                    .upgrade(Version::V1Lazy)
                    .authenticate(noise::Config::new(key)?)
                    .multiplex(yamux::Config::default()))
            })
            .ok()?
            .with_relay_client(noise::Config::new, yamux::Config::default)
            .ok()?
            .with_behaviour(behaviour)
            .ok()?
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
            .with_connection_timeout(CONNECT_THROUGH_PROXY)
            .build(),
        RelayPaths::Direct | RelayPaths::Relayed => builder
            .with_other_transport(|key| {
                let tcp = tcp::tokio::Transport::new(tcp::Config::default())
                    .upgrade(Version::V1Lazy)
                    .authenticate(noise::Config::new(key)?)
                    .multiplex(yamux::Config::default())
                    .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
                let mut config = quic::Config::new(key);
                config.max_idle_timeout = QUIC_SILENCE_MS;
                config.keep_alive_interval = QUIC_REMINDER;
                let quic = quic::tokio::Transport::new(config)
                    .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
                let either = tcp.or_transport(quic).map(|either, _| either.into_inner());
                Ok(Choosy::new(either, relays.clone()))
            })
            .ok()?
            .with_relay_client(noise::Config::new, yamux::Config::default)
            .ok()?
            .with_behaviour(behaviour)
            .ok()?
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
            .with_connection_timeout(CONNECT)
            .build(),
    };
    if is_direct {
        for at in [
            "/ip4/0.0.0.0/udp/0/quic-v1",
            "/ip4/0.0.0.0/tcp/0",
            "/ip6/::/udp/0/quic-v1",
            "/ip6/::/tcp/0",
        ] {
            let at: Multiaddr = at.parse().expect("a valid address");
            // Skips an address family that the system lacks; without any, circuits remain.
            let _ = swarm.listen_on(at);
        }
    }
    Some(swarm)
}

impl Behaviour {
    fn new(
        key: &Keypair,
        relay: relay::client::Behaviour,
        shares: Shares,
        is_direct: bool,
    ) -> Self {
        let identify = identify::Config::new("ipfs/1.0.0".into(), key.public())
            .with_agent_version(AGENT.into())
            .with_hide_listen_addrs(true)
            // Contacts tell each other their addresses, inside sessions.
            .with_cache_size(0);
        let dcutr = is_direct.then(|| dcutr::Behaviour::new(key.public().to_peer_id()));
        Self {
            limits: connection_limits::Behaviour::new(limits::of_a_swarm()),
            shares,
            relay,
            streams: Streams::default(),
            identify: Reticent::about_all(identify::Behaviour::new(identify)),
            dcutr: dcutr.map(Reticent::about_hardware).into(),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING)),
        }
    }
}
