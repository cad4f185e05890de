//! Throughput of the relay carrier, fed as the engine feeds it. Sealing and opening cost the same on all carriers and
//! are left out.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hedgerow_transport::carrier::relay::{RelayConfig, Relays};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, DialId, DuplexCarrier, LinkId, LinkIds, RelayState,
};
use hedgerow_transport::relay::{RelayKey, RelayPaths};
use libp2p::Multiaddr;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::bench::pair::PATIENCE;
use crate::bench::peer::now_ns;
use crate::engine::MOST_UNWRITTEN;

/// Length of a session's longest record.
const RECORD: usize = 65_519;

/// One side.
struct Party {
    carrier: Relays<mpsc::Sender<CarrierEvent>>,
    events: mpsc::Receiver<CarrierEvent>,
}

impl Party {
    /// A party with a place at a relay.
    async fn start(ids: &LinkIds, key: &RelayKey, relay: &Address, direct: bool) -> Result<Self> {
        let (sink, events) = mpsc::channel(1_024);
        let config = RelayConfig {
            seed: [7; 32],
            ids: ids.clone(),
            direct,
        };
        let mut party = Self {
            carrier: Relays::start(config, sink),
            events,
        };
        party.command(CarrierCommand::SetRelays {
            relays: vec![relay.clone()],
            keys: vec![key.clone()],
            paths: RelayPaths::Direct,
        });
        party
            .until(|event| match event {
                CarrierEvent::Relay { state, .. } => (state == RelayState::Ready).then_some(()),
                _ => None,
            })
            .await?;
        Ok(party)
    }

    /// The immediate answers of this carrier do not matter.
    fn command(&self, command: CarrierCommand) {
        let _ = self.carrier.execute(command);
    }

    fn dial(&self, dial: u64, to: Address) {
        let dial = DialId(dial);
        self.command(CarrierCommand::Dial { dial, to });
    }

    async fn until<T>(&mut self, mut wanted: impl FnMut(CarrierEvent) -> Option<T>) -> Result<T> {
        let look = async {
            loop {
                if let Some(found) = wanted(self.events.recv().await?) {
                    return Some(found);
                }
            }
        };
        let found = timeout(PATIENCE, look).await.context("the carrier hangs")?;
        found.context("the carrier has ended")
    }

    async fn up(&mut self) -> Result<LinkId> {
        let link = self
            .until(|event| match event {
                CarrierEvent::Up { link, .. } => Some(link),
                _ => None,
            })
            .await?;
        self.command(CarrierCommand::Recognised { link });
        Ok(link)
    }
}

/// Two parties and a link between them.
pub(super) struct Pair {
    near: Party,
    near_link: LinkId,
    far: Party,
}

/// Time limit for making a direct path, and number of attempts: some attempts fail.
const PUNCH: Duration = Duration::from_secs(10);
const PUNCHES: usize = 5;

/// Connects two parties at a relay, and then directly if wanted.
pub(super) async fn pair(relay: &Multiaddr, direct: bool) -> Result<Pair> {
    for _ in 1..PUNCHES {
        if let Ok(pair) = timeout(PUNCH, met(relay, direct)).await {
            return pair;
        }
    }
    met(relay, direct).await
}

async fn met(relay: &Multiaddr, direct: bool) -> Result<Pair> {
    let relay = Address(relay.to_string());
    let ids = LinkIds::default();
    // Fresh names.
    let mut rng = ChaCha20Rng::seed_from_u64(now_ns() as u64);
    let keys = [(); 2].map(|()| RelayKey::random(&mut rng));
    let mut near = Party::start(&ids, &keys[0], &relay, direct).await?;
    let mut far = Party::start(&ids, &keys[1], &relay, direct).await?;
    near.dial(1, keys[1].name().at(&relay));
    let (mut near_link, _) = (near.up().await?, far.up().await?);
    if direct {
        let at = near
            .until(|event| match event {
                CarrierEvent::BetterPath { at, .. } => Some(at),
                _ => None,
            })
            .await?;
        near.dial(2, at);
        near_link = near.up().await?;
        far.up().await?;
    }
    Ok(Pair {
        near,
        near_link,
        far,
    })
}

impl Pair {
    /// Time from the first byte given to the carrier until the last is handed up.
    pub async fn transfer(self, bytes: usize) -> Result<Duration> {
        let Pair {
            mut near,
            near_link: link,
            mut far,
        } = self;
        let start = Instant::now();
        let hearing = tokio::spawn(async move {
            let mut heard = 0;
            while heard < bytes {
                heard += far
                    .until(|event| match event {
                        CarrierEvent::Bytes { bytes, .. } => Some(bytes.len()),
                        CarrierEvent::Down { .. } => Some(0),
                        _ => None,
                    })
                    .await?;
            }
            Ok::<_, anyhow::Error>((Instant::now(), far))
        });
        let record = Bytes::from(vec![7; RECORD]);
        let (mut left, mut unwritten) = (bytes, 0);
        while left > 0 || unwritten > 0 {
            while left > 0 && unwritten <= MOST_UNWRITTEN {
                let bytes = record.slice(..RECORD.min(left));
                left -= bytes.len();
                unwritten += bytes.len();
                near.command(CarrierCommand::Send { link, bytes });
            }
            let written = near
                .until(|event| match event {
                    CarrierEvent::Written { link: at, bytes } => {
                        (at == link).then_some(Some(bytes))
                    }
                    CarrierEvent::Down { link: at } => (at == link).then_some(None),
                    _ => None,
                })
                .await?;
            ensure!(written.is_some(), "the path ended");
            unwritten -= written.unwrap_or_default();
        }
        let (end, _far) = hearing.await??;
        Ok(end.duration_since(start))
    }
}
