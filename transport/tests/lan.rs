//! The local-network carrier on real sockets, on this machine alone.

use std::time::Duration;

use hedgerow_transport::carrier::lan::{Lan, LanConfig};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, DialId, LinkId, LinkIds, TwoWay,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(30);

struct Party {
    carrier: Lan<mpsc::Sender<CarrierEvent>>,
    events: mpsc::Receiver<CarrierEvent>,
    address: Address,
}

impl Party {
    async fn start(config: LanConfig) -> Self {
        let (sink, events) = mpsc::channel(64);
        let carrier = Lan::start(config, sink);
        let mut party = Self {
            carrier,
            events,
            address: Address(String::new()),
        };
        let addresses = party
            .wait(|event| match event {
                CarrierEvent::Addresses(addresses) => Some(addresses.clone()),
                _ => None,
            })
            .await;
        party.address = addresses[0].clone();
        party
    }

    async fn new(discovery_port: u16) -> Self {
        let config = LanConfig::loopback([discovery_port as u8; 32], LinkIds::default());
        Self::start(LanConfig {
            discovery_port,
            ..config
        })
        .await
    }

    async fn wait<T>(&mut self, mut found: impl FnMut(&CarrierEvent) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self.events.recv().await.expect("the carrier lives");
                if let Some(found) = found(&event) {
                    return found;
                }
            }
        };
        timeout(HANG, wait).await.expect("it hangs")
    }

    async fn up(&mut self) -> LinkId {
        self.wait(|event| match event {
            CarrierEvent::Up { link, .. } => Some(*link),
            _ => None,
        })
        .await
    }

    fn command(&self, command: CarrierCommand) {
        let _ = self.carrier.obey(command);
    }
}

#[tokio::test]
async fn beacons_are_found_and_lead_to_their_owner() {
    let (mut one, mut other) = (Party::new(5391).await, Party::new(5391).await);
    one.command(CarrierCommand::Announce {
        beacons: vec![[0xa1; 8], [0xa2; 8]],
    });
    other.command(CarrierCommand::Announce { beacons: vec![] });
    for wanted in [[0xa1; 8], [0xa2; 8]] {
        let at = other
            .wait(|event| match event {
                CarrierEvent::Beacon { beacon, at } if *beacon == wanted => Some(at.clone()),
                _ => None,
            })
            .await;
        assert!(at.contains(&one.address));
    }
    other.command(CarrierCommand::Dial {
        dial: DialId(1),
        to: one.address.clone(),
    });
    one.up().await;
}
