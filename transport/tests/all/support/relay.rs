//! A libp2p relay on this machine, and carriers that use it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hedgerow_transport::carrier::relay::{RelayConfig, Relays};
use hedgerow_transport::carrier::{Address, CarrierCommand, EventSink, LinkIds};
use hedgerow_transport::relay::{RelayKey, RelayPaths};
use libp2p::futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, SwarmBuilder, identify, noise, relay, tcp, yamux};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tokio::task::AbortHandle;

#[derive(NetworkBehaviour)]
struct Behaviour {
    relay: Toggle<relay::Behaviour>,
    identify: identify::Behaviour,
}

/// A running relay; dropping it ends it.
pub struct Server {
    pub address: Address,
    task: AbortHandle,
    told: Arc<Mutex<BTreeMap<String, identify::Info>>>,
}

/// The configuration of a relay without limits.
fn generous() -> relay::Config {
    relay::Config {
        max_reservations: 1_000,
        max_reservations_per_peer: 1_000,
        reservation_rate_limiters: Vec::new(),
        max_circuits: 1_000,
        max_circuits_per_peer: 1_000,
        max_circuit_bytes: 0,
        max_circuit_duration: Duration::from_secs(3_600),
        circuit_src_rate_limiters: Vec::new(),
        ..relay::Config::default()
    }
}

impl Server {
    /// Starts a relay without limits.
    pub async fn start(at: &str) -> Self {
        Self::with(at, generous()).await
    }

    pub async fn with(at: &str, config: relay::Config) -> Self {
        Self::run(at, Keypair::generate_ed25519(), Some(config)).await
    }

    /// Starts a relay without limits that has this key.
    pub async fn keyed(at: &str, key: Keypair) -> Self {
        Self::run(at, key, Some(generous())).await
    }

    /// Starts a libp2p host that is no relay.
    pub async fn without_relay(at: &str) -> Self {
        Self::run(at, Keypair::generate_ed25519(), None).await
    }

    async fn run(at: &str, key: Keypair, config: Option<relay::Config>) -> Self {
        let mut swarm = SwarmBuilder::with_existing_identity(key)
            .with_tokio()
            .with_tcp(
                tcp::Config::default(),
                noise::Config::new,
                yamux::Config::default,
            )
            .unwrap()
            .with_quic()
            .with_behaviour(|key| {
                let me = key.public().to_peer_id();
                let identify = identify::Config::new("test".into(), key.public());
                Behaviour {
                    relay: config
                        .map(|config| relay::Behaviour::new(me, config))
                        .into(),
                    identify: identify::Behaviour::new(identify),
                }
            })
            .unwrap()
            .build();
        swarm.listen_on(at.parse().unwrap()).unwrap();
        let listening: Multiaddr = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        swarm.add_external_address(listening.clone());
        let name = *swarm.local_peer_id();
        let told = Arc::new(Mutex::new(BTreeMap::new()));
        let telling = told.clone();
        let task = tokio::spawn(async move {
            loop {
                let event = swarm.select_next_some().await;
                if let SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) = event
                    && let identify::Event::Received { peer_id, info, .. } = event
                {
                    telling.lock().unwrap().insert(peer_id.to_string(), info);
                }
            }
        });
        Self {
            told,
            address: Address(listening.with(Protocol::P2p(name)).to_string()),
            task: task.abort_handle(),
        }
    }
}

impl Server {
    /// Its name.
    pub fn name(&self) -> String {
        self.address.0.rsplit('/').next().unwrap().to_owned()
    }

    /// What a device has sent it by identify.
    pub async fn told(&self, who: &str) -> identify::Info {
        loop {
            if let Some(info) = self.told.lock().unwrap().get(who) {
                return info.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A carrier that has no relays yet.
pub fn carrier<S: EventSink>(ids: &LinkIds, direct: bool, sink: S) -> Relays<S> {
    let config = RelayConfig {
        seed: [7; 32],
        ids: ids.clone(),
        direct,
    };
    Relays::start(config, sink)
}

/// A name that is unique in this test.
pub fn name(ids: &LinkIds) -> RelayKey {
    let mut rng = ChaCha20Rng::seed_from_u64(ids.next_id().0);
    RelayKey::random(&mut rng)
}

pub fn set_relays(relays: &[&Address], keys: &[RelayKey]) -> CarrierCommand {
    set_relays_by(RelayPaths::Direct, relays, keys)
}

pub fn set_relays_by(paths: RelayPaths, relays: &[&Address], keys: &[RelayKey]) -> CarrierCommand {
    CarrierCommand::SetRelays {
        paths,
        relays: relays.iter().map(|relay| (*relay).clone()).collect(),
        keys: keys.to_vec(),
    }
}
