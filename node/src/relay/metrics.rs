//! The relay's metrics for Prometheus, on this machine only: numbers, without addresses or names of clients.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use libp2p::metrics::{Metrics, Recorder, Registry};
use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, relay};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpListener;

use super::RelayError;
use super::behaviour::BehaviourEvent;

/// The counters.
pub(super) struct Counters {
    libp2p: Metrics,
    clients: Gauge,
    circuits: Gauge,
    /// Open circuits by their two ends: libp2p may report one end twice, for each of the two connections.
    open: BTreeMap<(PeerId, PeerId), u32>,
}

impl Counters {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let libp2p = Metrics::new(registry);
        let ours = registry.sub_registry_with_prefix("hedgerow_relay");
        let (clients, circuits) = (Gauge::default(), Gauge::default());
        ours.register("clients", "Clients that are connected", clients.clone());
        ours.register("circuits", "Circuits that are open", circuits.clone());
        Self {
            libp2p,
            clients,
            circuits,
            open: BTreeMap::new(),
        }
    }

    /// Counts an event; `clients` are connected now.
    pub(super) fn note(&mut self, event: &SwarmEvent<BehaviourEvent>, clients: usize) {
        self.clients.set(clients as i64);
        self.libp2p.record(event);
        let SwarmEvent::Behaviour(event) = event else {
            return;
        };
        match event {
            BehaviourEvent::Relay(event) => {
                self.libp2p.record(event);
                match event {
                    relay::Event::CircuitReqAccepted {
                        src_peer_id,
                        dst_peer_id,
                    } => *self.open.entry((*src_peer_id, *dst_peer_id)).or_default() += 1,
                    relay::Event::CircuitClosed {
                        src_peer_id,
                        dst_peer_id,
                        ..
                    } => {
                        let ends = (*src_peer_id, *dst_peer_id);
                        if let Some(open) = self.open.get_mut(&ends) {
                            *open -= 1;
                        }
                        self.open.retain(|_, open| *open > 0);
                    }
                    _ => return,
                }
                self.circuits
                    .set(self.open.values().copied().map(i64::from).sum());
            }
            BehaviourEvent::Identify(event) => self.libp2p.record(event),
            BehaviourEvent::Ping(event) => self.libp2p.record(event),
            _ => {}
        }
    }
}

/// Listens for Prometheus at a loopback address.
pub(super) async fn bind(at: SocketAddr) -> Result<TcpListener, RelayError> {
    if !at.ip().is_loopback() {
        return Err(RelayError::MetricsInPublic(at));
    }
    TcpListener::bind(at)
        .await
        .map_err(|why| RelayError::Metrics { at, why })
}

/// Answers at `/metrics` until it is dropped.
pub(super) async fn serve(listener: TcpListener, registry: Registry) {
    let registry = Arc::new(registry);
    let page = move || {
        let registry = registry.clone();
        async move {
            let mut text = String::new();
            match encode(&mut text, &registry) {
                Ok(()) => {
                    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
                    ([(header::CONTENT_TYPE, kind)], text).into_response()
                }
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    };
    let router = Router::new().route("/metrics", get(page));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(kind = ?error.kind(), "metrics are no longer shown");
    }
}
