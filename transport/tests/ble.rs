//! The Bluetooth LE carrier over a stand-in for BlueZ: what all carriers promise, and what is its own.
#![cfg(target_os = "linux")]

mod bluez;
#[path = "support/events.rs"]
mod events;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bluez::{Air, Index};
use bytes::Bytes;
use events::{Events, HANG, down, next, state, up};
use hedgerow_transport::ble::places::MAX_LINKS;
use hedgerow_transport::ble::power::Power;
use hedgerow_transport::ble::{Ble, BleConfig, Radio};
use hedgerow_transport::carrier::conformance::{Party, World, two_way};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, CarrierState, DialId, Ending, LinkIds, TwoWay,
};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// The service, as the document has it.
const SERVICE: &str = "4ed6e201-0f5c-4b57-9c1a-6d1b9a7e5c01";

/// Who is told which bus is the system's, by the environment, which no thread may change.
const BUS: &str = "DBUS_SYSTEM_BUS_ADDRESS";
const OWN_BUS: &str = "HEDGEROW_TEST_BUS";

/// Runs a test of this file again in a process of its own that has a bus of its own.
fn on_a_bus(test: &str, body: impl AsyncFnOnce(Arc<Air>)) {
    if std::env::var_os(OWN_BUS).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        return runtime.block_on(async { body(Air::start().await).await });
    }
    let directory = tempfile::tempdir().expect("a directory");
    let configuration = directory.path().join("bus.conf");
    let mut file = std::fs::File::create(&configuration).expect("a file");
    write!(
        file,
        r#"<busconfig>
          <listen>unix:path={}/bus</listen>
          <auth>EXTERNAL</auth>
          <policy context="default">
            <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
          </policy>
        </busconfig>"#,
        directory.path().display()
    )
    .expect("a file");
    let mut daemon = Command::new("dbus-daemon")
        .arg("--config-file")
        .arg(&configuration)
        .args(["--nofork", "--nopidfile", "--print-address"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("dbus-daemon, of the package of that name");
    let mut address = String::new();
    BufReader::new(daemon.stdout.take().expect("it is piped"))
        .read_line(&mut address)
        .expect("an address");
    let this = std::env::current_exe().expect("this test");
    let passed = Command::new(this)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(BUS, address.trim())
        .env(OWN_BUS, "1")
        .status()
        .expect("it runs");
    daemon.kill().expect("it runs");
    daemon.wait().expect("it runs");
    assert!(passed.success(), "see above");
}

/// Carriers that show their addresses, which then never change.
struct Near {
    air: Arc<Air>,
    ids: LinkIds,
}

impl Near {
    fn new(air: Arc<Air>) -> Self {
        let ids = LinkIds::default();
        Self { air, ids }
    }

    fn config(&self, index: Index) -> BleConfig {
        let seed = *blake3::hash(&index.to_be_bytes()).as_bytes();
        BleConfig {
            adapter: Some(format!("hci{index}")),
            radio: Radio {
                show_address: true,
                ..Radio::default()
            },
            // There are no such channels without the kernel's Bluetooth.
            l2cap: false,
            // Nobody is far in this air: who has not answered by then is not there.
            dial: Duration::from_secs(3),
            ..BleConfig::new(seed, self.ids.clone())
        }
    }

    /// A carrier at an adapter, and what it says.
    fn start(&self, config: BleConfig) -> (Ble<mpsc::Sender<CarrierEvent>>, Events) {
        let (sink, events) = mpsc::channel(16);
        (Ble::start(config, sink), events)
    }
}

impl World for Near {
    async fn party(&self) -> Party {
        let index = self.air.adapter().await;
        let (carrier, events) = self.start(self.config(index));
        Party {
            carrier: Box::new(carrier),
            events,
            at: Some(Address(bluez::address(index))),
        }
    }

    async fn cutting(&self, to: &Address, after: usize) -> Address {
        self.air.cut(index(to), after);
        to.clone()
    }

    fn nowhere(&self) -> Address {
        Address("C0:FF:EE:99:99:99".into())
    }

    async fn announced(&self, at: &Address) {
        until(|| !self.air.announced(index(at)).is_empty()).await;
    }

    fn crowd(&self) -> (usize, usize) {
        // A GATT server of BlueZ has one pair of files for all who are connected to it.
        (1, 1)
    }

    fn buffers(&self) -> usize {
        4 * 1024 * 1024
    }
}

/// The adapter of an address.
fn index(at: &Address) -> Index {
    let last = at.0.rsplit(':').next().expect("six parts");
    Index::from_str_radix(last, 16).expect("two digits")
}

/// Waits until something in the air is so.
async fn until(mut there: impl FnMut() -> bool) {
    let wait = async {
        while !there() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, wait).await.expect("it hangs");
}

fn announce(carrier: &impl TwoWay, beacon: [u8; 8], look: bool) {
    let beacons = vec![beacon];
    assert!(
        carrier
            .obey(CarrierCommand::Announce { beacons, look })
            .is_none()
    );
}

#[test]
fn it_keeps_the_promises_of_all_carriers() {
    on_a_bus("it_keeps_the_promises_of_all_carriers", async |air| {
        two_way(&Near::new(air)).await;
    });
}

#[test]
fn what_keeps_it_off_the_air_is_said_and_ends_when_it_ends() {
    on_a_bus(
        "what_keeps_it_off_the_air_is_said_and_ends_when_it_ends",
        async |air| {
            let near = Near::new(air.clone());
            let none = BleConfig {
                adapter: Some("hci77".into()),
                ..near.config(77)
            };
            let (_carrier, mut events) = near.start(none);
            state(&mut events, CarrierState::NoInterface).await;

            let refused = air.adapter().await;
            air.refuse(refused);
            let (_carrier, mut events) = near.start(near.config(refused));
            state(&mut events, CarrierState::NoPermission).await;

            let index = air.adapter().await;
            air.power(index, false).await;
            let (carrier, mut events) = near.start(near.config(index));
            state(&mut events, CarrierState::PoweredOff).await;
            air.power(index, true).await;
            state(&mut events, CarrierState::On).await;
            announce(&carrier, [1; 8], false);
            until(|| !air.announced(index).is_empty()).await;
            air.power(index, false).await;
            state(&mut events, CarrierState::PoweredOff).await;
            assert!(air.announced(index).is_empty());
        },
    );
}

#[test]
fn without_privacy_it_stays_off_the_air_until_the_user_allows_it() {
    on_a_bus(
        "without_privacy_it_stays_off_the_air_until_the_user_allows_it",
        async |air| {
            let near = Near::new(air.clone());
            let directory = tempfile::tempdir().expect("a directory");
            let on = directory.path().join("on.conf");
            std::fs::write(&on, "[General]\nPrivacy = device\n").expect("a file");
            let configured = |index, configuration: &Path| BleConfig {
                radio: Radio::default(),
                configuration: configuration.into(),
                ..near.config(index)
            };
            let index = air.adapter().await;
            let (carrier, mut events) = near.start(configured(index, Path::new("/nonexistent")));
            state(&mut events, CarrierState::NotPrivate).await;
            announce(&carrier, [1; 8], true);
            let dial = DialId(1);
            let to = Address(bluez::address(0));
            let failed = carrier.obey(CarrierCommand::Dial { dial, to });
            assert!(matches!(failed, Some(CarrierEvent::DialFailed { .. })));
            assert!(air.announced(index).is_empty() && !air.listens(index));
            for (show_address, wanted) in
                [(true, CarrierState::On), (false, CarrierState::NotPrivate)]
            {
                let power = Power::Balanced;
                let tune = CarrierCommand::Tune {
                    power,
                    show_address,
                };
                assert!(carrier.obey(tune).is_none());
                state(&mut events, wanted).await;
            }
            assert!(air.announced(index).is_empty() && !air.listens(index));

            let index = air.adapter().await;
            let (carrier, mut events) = near.start(configured(index, &on));
            state(&mut events, CarrierState::On).await;
            announce(&carrier, [2; 8], false);
            until(|| !air.announced(index).is_empty()).await;

            // Whoever connects would read the name.
            air.name(index, "anas-laptop").await;
            state(&mut events, CarrierState::NotPrivate).await;
            until(|| air.announced(index).is_empty()).await;
            air.name(index, "Bluetooth").await;
            state(&mut events, CarrierState::On).await;
            announce(&carrier, [2; 8], false);
            until(|| !air.announced(index).is_empty()).await;
        },
    );
}

#[test]
fn an_advertisement_is_the_service_and_the_beacon_and_nothing_else() {
    on_a_bus(
        "an_advertisement_is_the_service_and_the_beacon_and_nothing_else",
        async |air| {
            let near = Near::new(air.clone());
            let index = air.adapter().await;
            let (carrier, mut events) = near.start(near.config(index));
            state(&mut events, CarrierState::On).await;
            announce(&carrier, [7; 8], false);
            until(|| air.announced(index) == [[7; 8]]).await;
            // The stand-in takes service data alone, of this kind alone, and counts what is there at once.
            announce(&carrier, [8; 8], false);
            until(|| air.announced(index) == [[8; 8]]).await;
            let beacons = Vec::new();
            let look = false;
            assert!(
                carrier
                    .obey(CarrierCommand::Announce { beacons, look })
                    .is_none()
            );
            until(|| air.announced(index).is_empty()).await;
        },
    );
}

#[test]
fn whoever_shares_the_server_of_a_link_hears_nothing_of_it_and_waits() {
    on_a_bus(
        "whoever_shares_the_server_of_a_link_hears_nothing_of_it_and_waits",
        async |air| {
            let near = Near::new(air.clone());
            let mut ends = Vec::new();
            for _ in 0..3 {
                let index = air.adapter().await;
                let (carrier, mut events) = near.start(near.config(index));
                state(&mut events, CarrierState::On).await;
                ends.push((carrier, events));
            }
            let [
                (server, heard),
                (first, heard_by_first),
                (second, heard_by_second),
            ] = &mut ends[..]
            else {
                unreachable!("three");
            };
            announce(server, [1; 8], false);
            until(|| !air.announced(0).is_empty()).await;
            let to = Address(bluez::address(0));
            let dial = |n| CarrierCommand::Dial {
                dial: DialId(n),
                to: to.clone(),
            };
            assert!(first.obey(dial(1)).is_none());
            let link = up(heard_by_first).await;
            let theirs = up(heard).await;
            let recognised = CarrierCommand::Recognised { link: theirs };
            assert!(server.obey(recognised).is_none());
            // The second is connected, and subscribes to the very same characteristic.
            assert!(second.obey(dial(2)).is_none());
            let text = Bytes::from(vec![7; 20_000]);
            let (link_of_server, bytes) = (theirs, text.clone());
            let send = CarrierCommand::Send {
                link: link_of_server,
                bytes,
            };
            assert!(server.obey(send).is_none());
            let mut arrived = Vec::new();
            while arrived.len() < text.len() {
                let part = next(heard_by_first, |event| match event {
                    CarrierEvent::Bytes { link: of, bytes } => (of == link).then_some(bytes),
                    _ => None,
                });
                arrived.extend(part.await);
            }
            assert!(arrived == text);
            next(heard_by_second, |event| match event {
                CarrierEvent::DialFailed { dial } => (dial == DialId(2)).then_some(()),
                CarrierEvent::Up { .. } | CarrierEvent::Bytes { .. } => panic!("not its own"),
                _ => None,
            })
            .await;
            // Once the first has gone there is room.
            let ending = Ending::Now;
            assert!(first.obey(CarrierCommand::End { link, ending }).is_none());
            until(|| air.connections() == 0).await;
            assert!(second.obey(dial(3)).is_none());
            up(heard_by_second).await;
        },
    );
}

#[test]
fn no_more_links_than_there_are_places() {
    on_a_bus("no_more_links_than_there_are_places", async |air| {
        let near = Near::new(air.clone());
        let index = air.adapter().await;
        let (one, mut heard) = near.start(near.config(index));
        state(&mut heard, CarrierState::On).await;
        let mut others = Vec::new();
        for n in 1..=MAX_LINKS + 1 {
            let index = air.adapter().await;
            let (other, mut heard_by_other) = near.start(near.config(index));
            state(&mut heard_by_other, CarrierState::On).await;
            announce(&other, [n as u8; 8], false);
            until(|| !air.announced(index).is_empty()).await;
            let (dial, to) = (DialId(n as u64), Address(bluez::address(index)));
            let refused = one.obey(CarrierCommand::Dial { dial, to });
            assert!(refused.is_none());
            let is_up = next(&mut heard, |event| match event {
                CarrierEvent::Up { .. } => Some(true),
                CarrierEvent::DialFailed { .. } => Some(false),
                _ => None,
            })
            .await;
            assert_eq!(is_up, n <= MAX_LINKS, "link {n}");
            others.push((other, heard_by_other));
        }
    });
}

#[test]
fn a_device_that_nobody_needs_any_more_is_let_go() {
    on_a_bus(
        "a_device_that_nobody_needs_any_more_is_let_go",
        async |air| {
            let near = Near::new(air.clone());
            let (one, other) = (air.adapter().await, air.adapter().await);
            let (one, mut heard_by_one) = near.start(near.config(one));
            let (other, mut heard_by_other) = near.start(near.config(other));
            state(&mut heard_by_one, CarrierState::On).await;
            state(&mut heard_by_other, CarrierState::On).await;
            announce(&other, [1; 8], false);
            until(|| !air.announced(1).is_empty()).await;
            for ending in [Ending::Now, Ending::Drain] {
                let (dial, to) = (DialId(1), Address(bluez::address(1)));
                let _ = one.obey(CarrierCommand::Dial { dial, to });
                let link = up(&mut heard_by_one).await;
                let theirs = up(&mut heard_by_other).await;
                assert_eq!(air.connections(), 1);
                // A stranger that is drained is let go when it is ended, however long it stays.
                let _ = other.obey(CarrierCommand::End {
                    link: theirs,
                    ending,
                });
                let _ = other.obey(CarrierCommand::End {
                    link: theirs,
                    ending: Ending::Now,
                });
                down(&mut heard_by_one, link).await;
                until(|| air.connections() == 0).await;
            }
        },
    );
}
