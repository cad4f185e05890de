//! One end of a network of two hosts; `namespaces.sh` starts each in its own network namespace.

use std::env;
use std::time::Duration;

use hedgerow_transport::carrier::lan::{Lan, LanConfig};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, DialId, DuplexCarrier, LinkIds,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

const BEACON: [u8; 8] = [0xc1; 8];

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(60);

/// Announces, prints events, and answers diallers until it is killed.
#[tokio::test]
#[ignore = "started by namespaces.sh"]
async fn host() {
    let (carrier, mut events) = start();
    while let Some(event) = events.recv().await {
        match event {
            CarrierEvent::Addresses(at) => {
                announce(&carrier, vec![BEACON]);
                let at: Vec<&str> = at.iter().map(|address| address.0.as_str()).collect();
                println!("addresses {}", at.join(" "));
            }
            CarrierEvent::State(state) => println!("state {state:?}"),
            CarrierEvent::Bytes { link, bytes } => {
                let _ = carrier.execute(CarrierCommand::Send { link, bytes });
            }
            _ => {}
        }
    }
}

/// Finds the host by its beacon, or at the address in `AT`, and exchanges bytes with it.
#[tokio::test]
#[ignore = "started by namespaces.sh"]
async fn guest() {
    let (carrier, mut events) = start();
    let mut addresses = match env::var("AT") {
        Ok(at) => vec![Address(at)],
        Err(_) => loop {
            match timeout(HANG, events.recv()).await.expect("nobody is found") {
                Some(CarrierEvent::Addresses(_)) => announce(&carrier, vec![]),
                Some(CarrierEvent::Beacon { beacon: BEACON, at }) => break at,
                _ => {}
            }
        },
    };
    let mut dials = 0;
    let mut dial = |addresses: &mut Vec<Address>| {
        dials += 1;
        let to = addresses.pop().expect("one of them answers");
        let _ = carrier.execute(CarrierCommand::Dial {
            dial: DialId(dials),
            to,
        });
    };
    dial(&mut addresses);
    loop {
        match timeout(HANG, events.recv()).await.expect("it hangs") {
            Some(CarrierEvent::DialFailed { .. }) => dial(&mut addresses),
            Some(CarrierEvent::Up { link, .. }) => {
                let bytes = (&b"good day"[..]).into();
                let _ = carrier.execute(CarrierCommand::Send { link, bytes });
            }
            Some(CarrierEvent::Bytes { bytes, .. }) => {
                assert_eq!(&bytes[..], b"good day");
                return;
            }
            _ => {}
        }
    }
}

type Carrier = Lan<mpsc::Sender<CarrierEvent>>;

fn start() -> (Carrier, mpsc::Receiver<CarrierEvent>) {
    let (sink, events) = mpsc::channel(64);
    let carrier = Lan::start(LanConfig::new([9; 32], LinkIds::default()), sink);
    (carrier, events)
}

/// Announce again whenever the carrier's addresses change.
fn announce(carrier: &Carrier, beacons: Vec<[u8; 8]>) {
    let look = true;
    let _ = carrier.execute(CarrierCommand::Announce { beacons, look });
}
