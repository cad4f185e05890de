//! Two carriers at two adapters; one looks for the other.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hedgerow_transport::ble::power::Power;
use hedgerow_transport::ble::{Ble, BleConfig, Radio};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, CarrierState, DialId, DuplexCarrier, Ending, LinkId,
    LinkIds,
};
use tokio::sync::mpsc;

use super::events::{self, Events};
use super::raw::BULK;
use super::{now, powered};

/// Size of one send, and the bytes that a sender keeps unwritten.
const PIECE: usize = 8_192;
const WINDOW: usize = 256 * 1024;

pub type Carrier = Ble<mpsc::Sender<CarrierEvent>>;

/// Two carriers.
pub struct Pair {
    near: Carrier,
    far: Carrier,
    near_events: Events,
    far_events: Events,
}

/// Configuration of a carrier at an adapter of the lab.
pub fn config(n: u8, show_address: bool, ids: LinkIds) -> BleConfig {
    BleConfig {
        adapter: Some(format!("hci{n}")),
        radio: Radio {
            power: Power::Active,
            show_address,
        },
        ..BleConfig::new([n; 32], ids)
    }
}

/// Starts a carrier at that adapter and waits until it is on.
pub async fn carrier(n: u8, config: BleConfig) -> (Carrier, Events) {
    powered(n).await;
    let (sink, mut heard) = mpsc::channel(16);
    let carrier = Ble::start(config, sink);
    events::state(&mut heard, CarrierState::On).await;
    (carrier, heard)
}

pub fn tell(carrier: &impl DuplexCarrier, command: CarrierCommand) {
    assert!(carrier.execute(command).is_none());
}

impl Pair {
    pub async fn start(l2cap: bool) -> Self {
        let ids = LinkIds::default();
        // The lab's BlueZ does not hide addresses here.
        let shown = |n| BleConfig {
            l2cap,
            ..config(n, true, ids.clone())
        };
        let (near, near_events) = carrier(0, shown(0)).await;
        let (far, far_events) = carrier(1, shown(1)).await;
        Self {
            near,
            far,
            near_events,
            far_events,
        }
    }

    /// Looks for the other carrier and dials it. Returns both ends of the link, and when the beacon was seen.
    pub async fn meet(&mut self, n: u64) -> (LinkId, LinkId, Instant) {
        let beacon = n.to_be_bytes();
        let (beacons, look) = (vec![beacon], false);
        tell(&self.far, CarrierCommand::Announce { beacons, look });
        let (beacons, look) = (Vec::new(), true);
        tell(&self.near, CarrierCommand::Announce { beacons, look });
        let to = events::next(&mut self.near_events, |event| match event {
            CarrierEvent::Beacon { beacon: seen, at } if seen == beacon => at.first().cloned(),
            _ => None,
        })
        .await;
        let seen = now();
        let near_end = self.dial(n, to).await;
        let far_end = events::up(&mut self.far_events).await;
        tell(&self.far, CarrierCommand::Recognised { link: far_end });
        (near_end, far_end, seen)
    }

    /// Dials as the engine does: again if the radio fails.
    async fn dial(&mut self, n: u64, to: Address) -> LinkId {
        for again in 0..3 {
            let (dial, to) = (DialId(10 * n + again), to.clone());
            tell(&self.near, CarrierCommand::Dial { dial, to });
            let link = events::next(&mut self.near_events, |event| match event {
                CarrierEvent::Up { link, .. } => Some(Some(link)),
                CarrierEvent::DialFailed { .. } => Some(None),
                _ => None,
            })
            .await;
            match link {
                Some(link) => return link,
                None => println!("dial {n} failed"),
            }
        }
        panic!("not reached in three attempts");
    }

    /// Time from the advertisement to a message of this length.
    pub async fn message(&mut self, n: u64, length: usize) -> Duration {
        let (near_end, far_end, seen) = self.meet(n).await;
        self.send(near_end, length);
        events::handle(&mut self.far_events, far_end, length).await;
        let took = seen.elapsed();
        self.part(near_end, far_end).await;
        took
    }

    /// Time for a bulk transfer.
    pub async fn bulk(&mut self, near_end: LinkId) -> Duration {
        let begun = now();
        let (mut sent, mut written, mut heard) = (0, 0, 0);
        while heard < BULK || written < BULK {
            while sent < BULK && sent - written < WINDOW {
                let piece = PIECE.min(BULK - sent);
                self.send(near_end, piece);
                sent += piece;
            }
            tokio::select! {
                event = self.near_events.recv() => match event {
                    Some(CarrierEvent::Written { bytes, .. }) => written += bytes,
                    Some(CarrierEvent::Down { .. }) => panic!("it ends"),
                    _ => {}
                },
                event = self.far_events.recv() => match event {
                    Some(CarrierEvent::Bytes { bytes, .. }) => heard += bytes.len(),
                    Some(CarrierEvent::Down { .. }) => panic!("it ends"),
                    _ => {}
                },
            }
        }
        begun.elapsed()
    }

    fn send(&self, link: LinkId, length: usize) {
        let bytes = Bytes::from(vec![7; length]);
        tell(&self.near, CarrierCommand::Send { link, bytes });
    }

    pub async fn part(&mut self, near_end: LinkId, far_end: LinkId) {
        let (link, ending) = (near_end, Ending::Now);
        tell(&self.near, CarrierCommand::End { link, ending });
        events::down(&mut self.near_events, near_end).await;
        events::down(&mut self.far_events, far_end).await;
    }
}
