//! The same paths with plain libp2p: one stream between two swarms, written and read as fast as possible.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use futures_util::StreamExt;
use libp2p::futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder, identify, noise, ping, relay,
    tcp, yamux,
};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::server::Transport;
use crate::bench::pair::PATIENCE;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/bench/1");

/// Bytes of one read or write.
const PIECE: usize = 64 * 1024;

/// Longer than any measurement.
const PING: Duration = Duration::from_secs(60);

#[derive(NetworkBehaviour)]
struct Behaviour {
    relay: relay::client::Behaviour,
    streams: libp2p_stream::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// A client of relays.
pub(super) struct Client(Swarm<Behaviour>);

/// A client that runs in a task of its own until this is dropped.
pub(super) struct Living(AbortHandle);

impl Client {
    pub fn new() -> Result<Self> {
        let swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(
                tcp::Config::default(),
                noise::Config::new,
                yamux::Config::default,
            )?
            .with_quic()
            .with_relay_client(noise::Config::new, yamux::Config::default)?
            .with_behaviour(|key, relay| Behaviour {
                relay,
                streams: libp2p_stream::Behaviour::new(),
                identify: identify::Behaviour::new(identify::Config::new(
                    "bench".into(),
                    key.public(),
                )),
                ping: ping::Behaviour::new(ping::Config::new().with_interval(PING)),
            })?
            .build();
        Ok(Self(swarm))
    }

    fn name(&self) -> PeerId {
        *self.0.local_peer_id()
    }

    /// Reserves a place at a relay.
    pub async fn reserve(&mut self, at: &Multiaddr) -> Result<()> {
        self.0.listen_on(at.clone().with(Protocol::P2pCircuit))?;
        self.until(|event| match event {
            SwarmEvent::Behaviour(BehaviourEvent::Relay(
                relay::client::Event::ReservationReqAccepted { .. },
            )) => Some(Ok(())),
            SwarmEvent::ListenerClosed { reason, .. } => {
                Some(Err(anyhow!("the relay gives no place: {reason:?}")))
            }
            _ => None,
        })
        .await?
    }

    async fn listen(&mut self, over: Transport) -> Result<Multiaddr> {
        self.0.listen_on(over.anywhere())?;
        self.until(|event| match event {
            SwarmEvent::NewListenAddr { address, .. } => Some(address),
            _ => None,
        })
        .await
    }

    async fn connect(&mut self, to: Multiaddr, who: PeerId) -> Result<()> {
        self.0.dial(to)?;
        self.until(|event| match event {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => (peer_id == who).then_some(()),
            _ => None,
        })
        .await
    }

    async fn until<T>(
        &mut self,
        mut wanted: impl FnMut(SwarmEvent<BehaviourEvent>) -> Option<T>,
    ) -> Result<T> {
        let look = async {
            loop {
                if let Some(found) = wanted(self.0.select_next_some().await) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, look).await.context("libp2p hangs")
    }

    pub fn live(mut self) -> Living {
        let task = tokio::spawn(async move {
            loop {
                self.0.next().await;
            }
        });
        Living(task.abort_handle())
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Two clients with a stream between them.
pub(super) struct Pair {
    near: Stream,
    far: Stream,
    _lives: [Living; 2],
}

/// Connects two clients, directly or through a relay.
pub(super) async fn pair(relay: &Multiaddr, over: Transport, direct: bool) -> Result<Pair> {
    let (mut one, mut other) = (Client::new()?, Client::new()?);
    let who = other.name();
    let mut control = one.0.behaviour().streams.new_control();
    let mut accepted = other.0.behaviour().streams.new_control().accept(PROTOCOL)?;
    let to = match direct {
        true => other.listen(over).await?,
        false => {
            other.reserve(relay).await?;
            relay.clone().with(Protocol::P2pCircuit)
        }
    };
    let other = other.live();
    one.connect(to.with(Protocol::P2p(who)), who).await?;
    let one = one.live();
    let near = control.open_stream(who, PROTOCOL).await?;
    let far = accepted.next().await.context("the other end lives")?.1;
    Ok(Pair {
        near,
        far,
        _lives: [one, other],
    })
}

impl Pair {
    /// Time from the first byte written until the last is read.
    pub async fn transfer(self, bytes: usize) -> Result<Duration> {
        let (mut near, mut far) = (self.near, self.far);
        let start = Instant::now();
        let writing = tokio::spawn(async move {
            let piece = [7; PIECE];
            for _ in 0..bytes / PIECE {
                near.write_all(&piece).await?;
            }
            near.flush().await?;
            // The stream must live until everything has been read.
            Ok::<_, std::io::Error>(near)
        });
        let reading = tokio::spawn(async move {
            let (mut piece, mut heard) = (vec![0; PIECE], 0);
            while heard < bytes {
                let length = far.read(&mut piece).await?;
                if length == 0 {
                    break;
                }
                heard += length;
            }
            Ok::<_, std::io::Error>(heard)
        });
        let heard = timeout(PATIENCE, reading)
            .await
            .context("the transfer hangs")???;
        let took = start.elapsed();
        drop(writing.await??);
        ensure!(heard == bytes, "the path ended after {heard} bytes");
        Ok(took)
    }
}
