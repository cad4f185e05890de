//! Relays in processes of their own: ours, and a plain libp2p relay.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, SwarmBuilder, identify, noise, ping, relay, tcp, yamux};
use tokio::task::spawn_blocking;

use crate::bench::child::{Child, say};

/// The transport of connections to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp,
    Quic,
}

impl Transport {
    /// An address with any free port of this machine.
    pub fn anywhere(self) -> Multiaddr {
        let at = match self {
            Transport::Tcp => TCP,
            Transport::Quic => QUIC,
        };
        at.parse().expect("a valid address")
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Transport::Tcp => "TCP",
            Transport::Quic => "QUIC",
        })
    }
}

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

/// A running relay.
pub(super) struct Relay {
    child: Child,
    tcp: Multiaddr,
    quic: Multiaddr,
}

impl Relay {
    /// `hedgerow relay`, with limits that this bench never reaches.
    pub fn ours(place: &Path) -> Result<Self> {
        let key = place.join("relay-key");
        let key = key.to_str().context("a path in UTF-8")?;
        let limits = ["--circuit-mib", "0", "--begun-an-hour", "60000"];
        let listen = ["--listen", TCP, "--listen", QUIC];
        let begin = ["relay", "--identity", key];
        let arguments = begin.into_iter().chain(listen).chain(limits);
        Self::of(Child::start_hushed(arguments)?)
    }

    /// The plain libp2p relay.
    pub fn raw() -> Result<Self> {
        Self::of(Child::start(["bench-relay"])?)
    }

    /// Both print their addresses, one for each transport.
    fn of(mut child: Child) -> Result<Self> {
        let places: [Multiaddr; 2] = [child.line()?.parse()?, child.line()?.parse()?];
        let is_tcp = |at: &&Multiaddr| at.iter().any(|part| matches!(part, Protocol::Tcp(_)));
        let tcp = places.iter().find(is_tcp).context("it listens on TCP")?;
        let quic = places.iter().find(|at| !is_tcp(at)).context("and on UDP")?;
        Ok(Self {
            tcp: tcp.clone(),
            quic: quic.clone(),
            child,
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its address, with its name.
    pub fn place(&self, over: Transport) -> &Multiaddr {
        match over {
            Transport::Tcp => &self.tcp,
            Transport::Quic => &self.quic,
        }
    }
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    relay: relay::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// The hidden command `bench-relay`: runs a plain libp2p relay until stdin closes, and prints its addresses.
///
/// # Errors
/// It cannot listen.
pub async fn serve() -> Result<()> {
    let unlimited = relay::Config {
        max_circuit_bytes: 0,
        max_circuit_duration: Duration::from_secs(3_600),
        reservation_rate_limiters: Vec::new(),
        circuit_src_rate_limiters: Vec::new(),
        ..relay::Config::default()
    };
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )?
        .with_quic()
        .with_behaviour(|key| Behaviour {
            relay: relay::Behaviour::new(key.public().to_peer_id(), unlimited),
            identify: identify::Behaviour::new(identify::Config::new("bench".into(), key.public())),
            ping: ping::Behaviour::default(),
        })?
        .build();
    for at in [TCP, QUIC] {
        swarm.listen_on(at.parse()?)?;
    }
    let me = *swarm.local_peer_id();
    let mut told_to_end =
        spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    loop {
        tokio::select! {
            event = swarm.select_next_some() => if let SwarmEvent::NewListenAddr { address, .. } = event {
                swarm.add_external_address(address.clone());
                say(&address.with(Protocol::P2p(me)).to_string());
            },
            ended = &mut told_to_end => {
                ended??;
                return Ok(());
            }
        }
    }
}
