//! The Bluetooth LE carrier over a stand-in for BlueZ: the conformance suite, and its own promises.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::support::bluez::bus::{on_a_bus, on_a_bus_with_a_clock, pass};
use crate::support::bluez::{self, Air, Index, Question};
use crate::support::events::{Events, HANG, down, handle, next, state, up};
use bluer::AdapterEvent;
use bluer::gatt::remote::Characteristic;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use hedgerow_transport::ble::frame::{Frame, Tag, Word};
use hedgerow_transport::ble::places::MAX_LINKS;
use hedgerow_transport::ble::power::Power;
use hedgerow_transport::ble::{Ble, BleConfig, NOTIFY, Radio, WRITE};
use hedgerow_transport::carrier::conformance::{Party, World, two_way};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, CarrierState, DialId, DuplexCarrier, Ending, LinkId,
    LinkIds,
};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// Limits for one attempt, for one answer, and for service discovery.
const DIAL: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(5);
const DISCOVERY: Duration = Duration::from_secs(7);

/// Carriers that show their addresses, which therefore never change.
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
            // L2CAP channels need the kernel's Bluetooth.
            l2cap: false,
            // Every device is close, so one that has not answered by then is not there.
            dial: Duration::from_secs(3),
            ..BleConfig::new(seed, self.ids.clone())
        }
    }

    /// Starts a carrier at an adapter; returns it with its events.
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
        // BlueZ's GATT server has one pair of files for all its centrals.
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

/// Waits until a condition holds.
async fn until(mut there: impl FnMut() -> bool) {
    let wait = async {
        while !there() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, wait).await.expect("it hangs");
}

fn announce(carrier: &impl DuplexCarrier, beacon: [u8; 8], look: bool) {
    let beacons = vec![beacon];
    assert!(
        carrier
            .execute(CarrierCommand::Announce { beacons, look })
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
            let failed = carrier.execute(CarrierCommand::Dial { dial, to });
            assert!(matches!(failed, Some(CarrierEvent::DialFailed { .. })));
            assert!(air.announced(index).is_empty() && !air.listens(index));
            for (show_address, wanted) in
                [(true, CarrierState::On), (false, CarrierState::NotPrivate)]
            {
                let power = Power::Balanced;
                let tune = CarrierCommand::SetRadio {
                    power,
                    show_address,
                };
                assert!(carrier.execute(tune).is_none());
                state(&mut events, wanted).await;
            }
            assert!(air.announced(index).is_empty() && !air.listens(index));

            let index = air.adapter().await;
            let (carrier, mut events) = near.start(configured(index, &on));
            state(&mut events, CarrierState::On).await;
            announce(&carrier, [2; 8], false);
            until(|| !air.announced(index).is_empty()).await;

            // Every device that connects could read the name.
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
            // The stand-in accepts only service data of this one kind, and counts the advertisements.
            announce(&carrier, [8; 8], false);
            until(|| air.announced(index) == [[8; 8]]).await;
            let beacons = Vec::new();
            let look = false;
            assert!(
                carrier
                    .execute(CarrierCommand::Announce { beacons, look })
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
            assert!(first.execute(dial(1)).is_none());
            let link = up(heard_by_first).await;
            let theirs = up(heard).await;
            let recognised = CarrierCommand::Recognised { link: theirs };
            assert!(server.execute(recognised).is_none());
            // The second connects and subscribes to the same characteristic.
            assert!(second.execute(dial(2)).is_none());
            let text = Bytes::from(vec![7; 20_000]);
            let (link_of_server, bytes) = (theirs, text.clone());
            let send = CarrierCommand::Send {
                link: link_of_server,
                bytes,
            };
            assert!(server.execute(send).is_none());
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
            assert!(
                first
                    .execute(CarrierCommand::End { link, ending })
                    .is_none()
            );
            until(|| air.connections() == 0).await;
            assert!(second.execute(dial(3)).is_none());
            up(heard_by_second).await;
        },
    );
}

/// A device with a GATT client of its own.
struct Stranger {
    /// Keeps the peripheral known while the stranger listens.
    _listening: BoxStream<'static, AdapterEvent>,
    write: Characteristic,
    notify: Characteristic,
}

impl Stranger {
    /// Connects to an adapter, over one of its own.
    async fn connect(air: &Arc<Air>, to: Index) -> Self {
        let own = air.adapter().await;
        let session = bluer::Session::new().await.unwrap();
        let adapter = session.adapter(&format!("hci{own}")).unwrap();
        let listening = adapter.discover_devices().await.unwrap().boxed();
        let device = adapter.device(bluez::address(to).parse().unwrap());
        let device = device.unwrap();
        let connect = async {
            while device.connect().await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        timeout(HANG, connect).await.expect("it hangs");
        let mut found = BTreeMap::new();
        for service in device.services().await.unwrap() {
            for characteristic in service.characteristics().await.unwrap() {
                let uuid = characteristic.uuid().await.unwrap();
                found.insert(uuid, characteristic);
            }
        }
        Self {
            _listening: listening,
            write: found.remove(&WRITE).expect("it is served"),
            notify: found.remove(&NOTIFY).expect("it is served"),
        }
    }
}

/// The bytes of a frame.
fn frame(tag: Tag, word: Word) -> Bytes {
    Frame { tag, word }.encode()
}

/// BlueZ, and with it every other program, would hang as soon as a file that nobody reads is full.
#[test]
fn whoever_writes_without_listening_is_given_nothing_to_write_to() {
    on_a_bus(
        "whoever_writes_without_listening_is_given_nothing_to_write_to",
        async |air| {
            let near = Near::new(air.clone());
            let server = air.adapter().await;
            let (carrier, mut events) = near.start(near.config(server));
            state(&mut events, CarrierState::On).await;
            announce(&carrier, [1; 8], false);
            until(|| !air.announced(server).is_empty()).await;
            let stranger = Stranger::connect(&air, server).await;
            let writer = stranger.write.write_io().await.unwrap();
            for refused in 1..=3 {
                writer.send(b"to nobody").await.unwrap();
                until(|| air.refused(server) == refused).await;
            }
            // A device that subscribes first is served as always.
            let (contact, mut heard) = near.start(near.config(air.adapter().await));
            state(&mut heard, CarrierState::On).await;
            let to = Address(bluez::address(server));
            let dial = CarrierCommand::Dial {
                dial: DialId(1),
                to,
            };
            assert!(contact.execute(dial).is_none());
            up(&mut heard).await;
        },
    );
}

/// The same for a stranger that subscribes: the owner may be slow, and a stranger who has broken the rules stays.
#[test]
fn whatever_a_stranger_writes_is_read_whether_or_not_the_owner_takes_it() {
    const TAG: Tag = [1, 2, 3, 4];
    // More than the files hold, and more than a sender without a new limit may send.
    const FRAMES: u16 = 2_000;
    on_a_bus(
        "whatever_a_stranger_writes_is_read_whether_or_not_the_owner_takes_it",
        async |air| {
            // The owner takes no event; only `Up`; or all of them, from a stranger that skips numbers and so breaks the
            // rules.
            for (room, skips) in [(0, 0), (1, 0), (64, 1_000)] {
                let near = Near::new(air.clone());
                let server = air.adapter().await;
                let (sink, mut events) = mpsc::channel(room.max(1));
                let carrier = Ble::start(near.config(server), sink.clone());
                state(&mut events, CarrierState::On).await;
                announce(&carrier, [1; 8], false);
                until(|| !air.announced(server).is_empty()).await;
                if room == 0 {
                    let filler = CarrierEvent::State(CarrierState::On);
                    sink.send(filler).await.expect("there is room");
                }
                let stranger = Stranger::connect(&air, server).await;
                let reader = stranger.notify.notify_io().await.unwrap();
                let writer = stranger.write.write_io().await.unwrap();
                let opened = async {
                    writer.send(&frame(TAG, Word::Open)).await.unwrap();
                    reader.recv().await.unwrap()
                };
                let opened = timeout(HANG, opened).await.expect("it hangs");
                assert_eq!(opened, frame(TAG, Word::Opened));
                let before = air.written(server);
                let flood = async {
                    for n in 0..FRAMES {
                        let number = if n == 0 { 0 } else { n + skips };
                        let (limit, bytes) = (64, Bytes::from(vec![7; 400]));
                        let word = Word::Data {
                            number,
                            limit,
                            bytes,
                        };
                        writer.send(&frame(TAG, word)).await.unwrap();
                    }
                    until(|| air.written(server) == before + usize::from(FRAMES)).await;
                };
                timeout(HANG, flood).await.expect("somebody does not read");
                let link = up(&mut events).await;
                let ending = Ending::Now;
                assert!(
                    carrier
                        .execute(CarrierCommand::End { link, ending })
                        .is_none()
                );
                let mut heard = 0;
                next(&mut events, |event| match event {
                    CarrierEvent::Bytes { bytes, .. } => {
                        heard += bytes.len();
                        None
                    }
                    CarrierEvent::Down { link: ended } => (ended == link).then_some(()),
                    _ => None,
                })
                .await;
                assert!(heard <= 1_024, "{heard} bytes of a stranger");
            }
        },
    );
}

#[test]
fn what_arrives_while_the_owner_takes_nothing_is_handed_up_then() {
    let test = "what_arrives_while_the_owner_takes_nothing_is_handed_up_then";
    // Everything runs on one thread, so that other tasks run when this one yields.
    on_a_bus_with_a_clock(test, async |air| {
        let near = Near::new(air.clone());
        let (index, to) = (air.adapter().await, air.adapter().await);
        let (sink, mut heard) = mpsc::channel(1);
        let one = Ble::start(near.config(index), sink.clone());
        let (other, mut heard_by_other) = near.start(near.config(to));
        state(&mut heard, CarrierState::On).await;
        state(&mut heard_by_other, CarrierState::On).await;
        announce(&other, [1; 8], false);
        until(|| !air.announced(to).is_empty()).await;
        let to = Address(bluez::address(to));
        let dial = CarrierCommand::Dial {
            dial: DialId(1),
            to,
        };
        assert!(one.execute(dial).is_none());
        let link = up(&mut heard).await;
        let theirs = up(&mut heard_by_other).await;
        let recognised = CarrierCommand::Recognised { link: theirs };
        assert!(other.execute(recognised).is_none());
        let send = |from: &Ble<_>, link| {
            let bytes = Bytes::from_static(b"x");
            assert!(from.execute(CarrierCommand::Send { link, bytes }).is_none());
        };
        // After this both sides have limits, and only data frames are left.
        send(&one, link);
        handle(&mut heard_by_other, theirs, 1).await;
        send(&other, theirs);
        handle(&mut heard, link, 1).await;
        let filler = CarrierEvent::State(CarrierState::On);
        sink.send(filler).await.expect("there is room");
        // The owner does not take the `Written` event.
        send(&one, link);
        handle(&mut heard_by_other, theirs, 1).await;
        let before = air.notified();
        send(&other, theirs);
        until(|| air.notified() > before).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        handle(&mut heard, link, 1).await;
    });
}

#[test]
fn whoever_only_listens_is_in_nobodys_way() {
    on_a_bus("whoever_only_listens_is_in_nobodys_way", async |air| {
        // BlueZ up to 5.68 has one file for all centrals; from 5.76 on each has its own.
        for each_its_own in [false, true] {
            let near = Near::new(air.clone());
            let server = air.adapter().await;
            if each_its_own {
                air.give_each_its_own(server);
            }
            let (carrier, mut events) = near.start(near.config(server));
            state(&mut events, CarrierState::On).await;
            announce(&carrier, [1; 8], false);
            until(|| !air.announced(server).is_empty()).await;
            let silent = Stranger::connect(&air, server).await;
            let _heard = silent.notify.notify_io().await.unwrap();
            for _ in 0..2 {
                let index = air.adapter().await;
                let (contact, mut heard) = near.start(near.config(index));
                state(&mut heard, CarrierState::On).await;
                let to = Address(bluez::address(server));
                let dial = CarrierCommand::Dial {
                    dial: DialId(1),
                    to,
                };
                assert!(contact.execute(dial).is_none());
                let link = dialled(&mut heard).await.expect("it is served");
                let theirs = up(&mut events).await;
                let recognised = CarrierCommand::Recognised { link: theirs };
                assert!(carrier.execute(recognised).is_none());
                for (from, link, to, at) in [
                    (&contact, link, &mut events, theirs),
                    (&carrier, theirs, &mut heard, link),
                ] {
                    let bytes = Bytes::from(vec![7; 20_000]);
                    let length = bytes.len();
                    let send = CarrierCommand::Send { link, bytes };
                    assert!(from.execute(send).is_none());
                    handle(to, at, length).await;
                }
                // The dialler disappears silently while another device still listens.
                air.power(index, false).await;
                down(&mut events, theirs).await;
            }
        }
    });
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
            let refused = one.execute(CarrierCommand::Dial { dial, to });
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
                let _ = one.execute(CarrierCommand::Dial { dial, to });
                let link = up(&mut heard_by_one).await;
                let theirs = up(&mut heard_by_other).await;
                assert_eq!(air.connections(), 1);
                // A stranger that was drained is disconnected when the link is ended, however long it stays.
                let _ = other.execute(CarrierCommand::End {
                    link: theirs,
                    ending,
                });
                let _ = other.execute(CarrierCommand::End {
                    link: theirs,
                    ending: Ending::Now,
                });
                down(&mut heard_by_one, link).await;
                until(|| air.connections() == 0).await;
            }
        },
    );
}

/// Regression: the last queued frame left without a wait, and then the link waited for something to do for the whole
/// flush time.
#[test]
fn ending_a_link_does_not_wait_for_a_peer_that_drains_it() {
    /// Far less than the flush time.
    const SOON: Duration = Duration::from_secs(10);
    let test = "ending_a_link_does_not_wait_for_a_peer_that_drains_it";
    on_a_bus(test, async |air| {
        for _ in 0..3 {
            let near = Near::new(air.clone());
            let (index, to) = (air.adapter().await, air.adapter().await);
            let (one, mut heard) = near.start(near.config(index));
            let (other, mut heard_by_other) = near.start(near.config(to));
            state(&mut heard, CarrierState::On).await;
            state(&mut heard_by_other, CarrierState::On).await;
            announce(&other, [1; 8], false);
            until(|| !air.announced(to).is_empty()).await;
            let to = Address(bluez::address(to));
            let dial = CarrierCommand::Dial {
                dial: DialId(1),
                to,
            };
            assert!(one.execute(dial).is_none());
            let link = up(&mut heard).await;
            let theirs = up(&mut heard_by_other).await;
            let send = |from: &Ble<_>, link, length| {
                let bytes = Bytes::from(vec![7; length]);
                assert!(from.execute(CarrierCommand::Send { link, bytes }).is_none());
            };
            let end = |from: &Ble<_>, link, ending| {
                assert!(from.execute(CarrierCommand::End { link, ending }).is_none());
            };
            let recognised = CarrierCommand::Recognised { link: theirs };
            assert!(other.execute(recognised).is_none());
            send(&one, link, 1);
            handle(&mut heard_by_other, theirs, 1).await;
            send(&other, theirs, 1);
            handle(&mut heard, link, 1).await;
            end(&other, theirs, Ending::Drain);
            // Too little for a new limit.
            send(&one, link, 55_000);
            end(&one, link, Ending::Now);
            let ended = timeout(SOON, down(&mut heard, link)).await;
            ended.expect("it waits for nothing");
        }
    });
}

/// A dialler and a dialled carrier with their events, and with the usual time for an attempt.
async fn two(air: &Arc<Air>) -> [(impl DuplexCarrier, Events); 2] {
    let near = Near::new(air.clone());
    let start = async || {
        let index = air.adapter().await;
        let (carrier, mut events) = near.start(BleConfig {
            l2cap: true,
            dial: DIAL,
            ..near.config(index)
        });
        state(&mut events, CarrierState::On).await;
        (carrier, events)
    };
    let [one, other] = [start().await, start().await];
    announce(&other.0, [1; 8], false);
    until(|| !air.announced(1).is_empty()).await;
    [one, other]
}

/// The first of [`two`] dials the second.
fn dial(one: &impl DuplexCarrier) {
    let (dial, to) = (DialId(1), Address(bluez::address(1)));
    assert!(one.execute(CarrierCommand::Dial { dial, to }).is_none());
}

/// The result of a dial attempt.
async fn dialled(events: &mut Events) -> Option<LinkId> {
    next(events, |event| match event {
        CarrierEvent::Up { link, .. } => Some(Some(link)),
        CarrierEvent::DialFailed { .. } => Some(None),
        _ => None,
    })
    .await
}

#[test]
fn a_peer_whose_answer_is_lost_is_reached_over_another_connection() {
    let test = "a_peer_whose_answer_is_lost_is_reached_over_another_connection";
    on_a_bus_with_a_clock(test, async |air| {
        let [(one, mut heard), (_other, mut heard_by_other)] = two(&air).await;
        for (question, waits) in [
            (Question::Services, DISCOVERY),
            (Question::Read, ANSWER),
            (Question::Subscribe, ANSWER),
        ] {
            air.lose(1, &[question]);
            dial(&one);
            until(|| air.losses(1) == 0).await;
            pass(waits).await;
            let link = dialled(&mut heard).await;
            let link = link.unwrap_or_else(|| panic!("{question:?} is asked once"));
            up(&mut heard_by_other).await;
            assert_eq!(air.connections(), 1);
            let ending = Ending::Now;
            assert!(one.execute(CarrierCommand::End { link, ending }).is_none());
            until(|| air.connections() == 0).await;
        }
    });
}

#[test]
fn a_peer_that_never_answers_is_given_up_in_time_and_disconnected() {
    let test = "a_peer_that_never_answers_is_given_up_in_time_and_disconnected";
    on_a_bus_with_a_clock(test, async |air| {
        let [(one, mut heard), _other] = two(&air).await;
        for (questions, waits) in [
            // A second try, and no third.
            ([Question::Read, Question::Read], [ANSWER, ANSWER]),
            // The second connection has the rest of the attempt's time.
            ([Question::Read, Question::Connect], [ANSWER, DIAL - ANSWER]),
        ] {
            air.lose(1, &questions);
            dial(&one);
            for (asked, waits) in waits.into_iter().enumerate() {
                until(|| air.losses(1) == 1 - asked).await;
                pass(waits).await;
            }
            assert_eq!(dialled(&mut heard).await, None, "{questions:?}");
            assert_eq!(air.connections(), 0);
        }
        dial(&one);
        assert!(dialled(&mut heard).await.is_some());
    });
}

#[test]
fn switching_off_disconnects_a_peer_that_is_being_dialled() {
    let test = "switching_off_disconnects_a_peer_that_is_being_dialled";
    on_a_bus_with_a_clock(test, async |air| {
        let [(one, mut heard), _other] = two(&air).await;
        let switch = |on| assert!(one.execute(CarrierCommand::Switch { on }).is_none());
        air.lose(1, &[Question::Read, Question::Connect]);
        dial(&one);
        until(|| air.losses(1) == 1).await;
        switch(false);
        state(&mut heard, CarrierState::Off).await;
        assert_eq!(air.connections(), 1);
        pass(ANSWER).await;
        assert_eq!(dialled(&mut heard).await, None);
        // The dialler makes no second connection.
        assert_eq!((air.connections(), air.losses(1)), (0, 1));

        switch(true);
        state(&mut heard, CarrierState::On).await;
        air.lose(1, &[Question::Read, Question::Read]);
        dial(&one);
        until(|| air.losses(1) == 1).await;
        pass(ANSWER).await;
        until(|| air.losses(1) == 0).await;
        // Now it makes one.
        switch(false);
        state(&mut heard, CarrierState::Off).await;
        assert_eq!(air.connections(), 1);
        pass(ANSWER).await;
        assert_eq!(dialled(&mut heard).await, None);
        assert_eq!(air.connections(), 0);
    });
}

#[test]
fn a_lost_answer_does_not_disconnect_a_peer_that_dialled_us() {
    let test = "a_lost_answer_does_not_disconnect_a_peer_that_dialled_us";
    on_a_bus_with_a_clock(test, async |air| {
        let [(one, mut heard), (other, mut heard_by_other)] = two(&air).await;
        announce(&one, [2; 8], false);
        until(|| !air.announced(0).is_empty()).await;
        let (theirs, to) = (DialId(2), Address(bluez::address(0)));
        let back = CarrierCommand::Dial { dial: theirs, to };
        assert!(other.execute(back).is_none());
        up(&mut heard_by_other).await;
        up(&mut heard).await;
        air.lose(1, &[Question::Read, Question::Connect]);
        dial(&one);
        until(|| air.losses(1) == 1).await;
        let connections = air.connections();
        pass(ANSWER).await;
        // Nothing else delays the failure.
        assert_eq!(timeout(ANSWER, dialled(&mut heard)).await, Ok(None));
        assert_eq!((air.connections(), air.losses(1)), (connections, 1));
    });
}
