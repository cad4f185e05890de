//! Controllers that hide their addresses (`Privacy = device`): what a stranger nearby can link.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use hedgerow_transport::ble::BleConfig;
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, LinkIds};
use tokio::time::{sleep, timeout};

use super::pair::{carrier, config, tell};
use super::{in_the_lab, powered};

/// How long the kernel keeps an address here; the usual 15 minutes would take too long.
const KEPT_S: u64 = 90;

/// Length of an epoch: shorter than the life of an address, as sooner or later happens anywhere.
const EPOCH: Duration = Duration::from_secs(70);

/// How long a whole trial may take.
const TRIAL: Duration = Duration::from_secs(600);

/// Addresses seen, each with its beacons.
type Seen = BTreeMap<String, BTreeSet<[u8; 8]>>;

/// The beacons of an epoch of a trial, the device's own first.
fn beacons(epoch: u8, trial: u8) -> Vec<[u8; 8]> {
    (0..4)
        .map(|slot| [epoch, slot, trial, 7, 7, 7, 7, 7])
        .collect()
}

/// A forbidden link that an address or a beacon shows.
fn linked(seen: &Seen) -> Option<&'static str> {
    let mut addresses = BTreeMap::new();
    for (address, beacons) in seen {
        if beacons
            .iter()
            .any(|one| beacons.iter().any(|other| one[0] != other[0]))
        {
            return Some("an address shows two epochs");
        }
        for beacon in beacons {
            if addresses.insert(beacon, address).is_some() {
                return Some("a beacon has two addresses");
            }
        }
    }
    None
}

/// Announces one epoch after another until this many have been seen.
async fn watch(trial: u8, address: Duration, epochs: usize) -> Seen {
    for n in 0..2 {
        let kept = format!("/sys/kernel/debug/bluetooth/hci{n}/rpa_timeout");
        std::fs::write(Path::new(&kept), KEPT_S.to_string()).expect("debugfs");
    }
    // They may announce because BlueZ says that it hides the address.
    let hidden = |n| BleConfig {
        address,
        ..config(n, false, LinkIds::default())
    };
    let (far, mut far_heard) = carrier(1, hidden(1)).await;
    let (near, mut heard) = carrier(0, hidden(0)).await;
    let (none, look) = (Vec::new(), true);
    tell(
        &near,
        CarrierCommand::Announce {
            beacons: none,
            look,
        },
    );
    let mut seen = Seen::new();
    let announce = async {
        for epoch in 1.. {
            let (beacons, look) = (beacons(epoch, trial), false);
            tell(&far, CarrierCommand::Announce { beacons, look });
            sleep(EPOCH).await;
        }
    };
    let look = async {
        let mut shown = BTreeSet::new();
        while shown.len() < epochs {
            let event = heard.recv().await.expect("the carrier lives");
            let CarrierEvent::Beacon { beacon, at } = event else {
                continue;
            };
            // BlueZ remembers advertisements of an earlier trial.
            if beacon[2] != trial {
                continue;
            }
            println!("{beacon:?} at {}", at[0].0);
            shown.insert(beacon[0]);
            seen.entry(at[0].0.clone()).or_default().insert(beacon);
        }
    };
    let quiet = async { while far_heard.recv().await.is_some() {} };
    let trial = async {
        tokio::select! {
            () = announce => {}
            () = look => {}
            () = quiet => {}
        }
    };
    timeout(TRIAL, trial).await.expect("it hangs");
    seen
}

#[test]
#[ignore = "needs two controllers: transport/tests/ble-lab.sh"]
fn beacon_and_address_change_together() {
    in_the_lab(async {
        let own = powered(1).await.address().await.expect("BlueZ").to_string();
        // Wait until the address of an earlier trial has expired: a restarted program does not know its age.
        sleep(Duration::from_secs(KEPT_S + 5)).await;
        let seen = watch(1, Duration::from_secs(KEPT_S + 5), 3).await;
        assert_eq!(linked(&seen), None, "{seen:?}");
        assert_eq!(seen.len(), 3, "{seen:?}");
        assert!(!seen.contains_key(&own), "the address that never changes");
    });
}

#[test]
#[ignore = "needs two controllers: transport/tests/ble-lab.sh"]
fn a_beacon_that_does_not_wait_for_a_new_address_is_seen() {
    in_the_lab(async {
        let seen = watch(2, Duration::ZERO, 2).await;
        assert_eq!(linked(&seen), Some("an address shows two epochs"));
    });
}
