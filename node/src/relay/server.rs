//! A running relay.

use std::io::ErrorKind;
use std::net::SocketAddr;

use futures_util::StreamExt;
use libp2p::core::transport::TransportError;
use libp2p::metrics::Registry;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, noise, tcp, yamux};
use tokio::task::{AbortHandle, JoinHandle};

use super::behaviour::Behaviour;
use super::metrics::{self, Counters};
use super::places::{self, Reach};
use super::{RelayError, RelayOptions};

/// A relay on its creator's runtime. Dropping it stops it at once: all circuits end, and the ports are free.
#[derive(Debug)]
pub struct Relay {
    id: PeerId,
    places: Vec<Multiaddr>,
    metrics: Option<SocketAddr>,
    task: JoinHandle<()>,
    serving: Option<AbortHandle>,
}

impl Relay {
    /// Starts a relay and returns once it listens.
    ///
    /// # Errors
    /// The relay cannot listen at an address. Skips an address family that the machine lacks, as long as one
    /// remains.
    pub async fn start(options: RelayOptions) -> Result<Self, RelayError> {
        let mut registry = Registry::default();
        let listener = match options.metrics {
            Some(at) => Some(metrics::bind(at).await?),
            None => None,
        };
        let mut swarm = swarm(&options, &mut registry)?;
        let listening = listen(&mut swarm, &options.listen).await?;
        let places = places::to_hand_out(&listening, &options.public);
        for place in &places {
            swarm.add_external_address(place.clone());
        }
        let id = *swarm.local_peer_id();
        let counters = Counters::new(&mut registry);
        let metrics = listener
            .as_ref()
            .and_then(|listener| listener.local_addr().ok());
        let serving = listener
            .map(|listener| tokio::spawn(metrics::serve(listener, registry)).abort_handle());
        Ok(Self {
            id,
            places: places
                .into_iter()
                .map(|place| place.with(Protocol::P2p(id)))
                .collect(),
            metrics,
            task: tokio::spawn(run(swarm, counters)),
            serving,
        })
    }

    /// Its name, derived from its key.
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// The addresses to hand out, the best first.
    pub fn places(&self) -> &[Multiaddr] {
        &self.places
    }

    /// Whether people elsewhere can reach the addresses to hand out, as far as the addresses tell.
    pub fn is_public(&self) -> bool {
        let is_name = |place: &Multiaddr| matches!(place.iter().next(), Some(Protocol::Dns(_)));
        self.places
            .iter()
            .any(|place| is_name(place) || places::reach(place) == Reach::World)
    }

    /// The address for Prometheus.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// Ends all circuits and frees the ports.
    pub async fn stop(mut self) {
        self.task.abort();
        // The task was aborted; its result does not matter.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

fn swarm(options: &RelayOptions, registry: &mut Registry) -> Result<Swarm<Behaviour>, RelayError> {
    let setup = |error: &dyn std::fmt::Display| RelayError::Setup(error.to_string());
    let swarm = SwarmBuilder::with_existing_identity(options.key.clone())
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .map_err(|error| setup(&error))?
        .with_quic()
        .with_bandwidth_metrics(registry)
        .with_behaviour(|key| Behaviour::new(key, &options.limits))
        .map_err(|error| setup(&error))?
        .build();
    Ok(swarm)
}

/// Listens at all addresses; returns the listeners' addresses once each has one.
async fn listen(
    swarm: &mut Swarm<Behaviour>,
    wanted: &[Multiaddr],
) -> Result<Vec<Multiaddr>, RelayError> {
    let mut waiting = std::collections::BTreeSet::new();
    let mut missing = None;
    for at in wanted {
        match swarm.listen_on(at.clone()) {
            Ok(listener) => drop(waiting.insert(listener.to_string())),
            Err(error) => {
                let why = refused(&error);
                let failed = RelayError::Listen {
                    at: at.clone(),
                    why: why.1,
                };
                if why.0 {
                    return Err(failed);
                }
                missing = Some(failed);
            }
        }
    }
    if waiting.is_empty() {
        let nothing = || RelayError::Setup("no address to listen at is given".into());
        return Err(missing.unwrap_or_else(nothing));
    }
    while !waiting.is_empty() {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { listener_id, .. }
            | SwarmEvent::ListenerClosed { listener_id, .. } => {
                waiting.remove(&listener_id.to_string());
            }
            _ => {}
        }
    }
    // All interfaces were found together with the first; skip their events.
    while let Some(event) = futures_util::FutureExt::now_or_never(swarm.next()) {
        drop(event);
    }
    Ok(swarm.listeners().cloned().collect())
}

/// Whether the relay must not start without this address, and the system's message.
fn refused(error: &TransportError<std::io::Error>) -> (bool, String) {
    match error {
        TransportError::MultiaddrNotSupported(_) => (
            true,
            "neither TCP nor QUIC; /ip4/0.0.0.0/tcp/4001 is an example".into(),
        ),
        TransportError::Other(error) => {
            let text = error.to_string();
            let absent = [ErrorKind::AddrNotAvailable, ErrorKind::Unsupported];
            (
                !absent.contains(&error.kind()) && !text.contains("not supported"),
                text,
            )
        }
    }
}

/// Relays until it is stopped.
async fn run(mut swarm: Swarm<Behaviour>, mut counters: Counters) {
    loop {
        let event = swarm.select_next_some().await;
        counters.note(&event, swarm.network_info().num_peers());
    }
}
