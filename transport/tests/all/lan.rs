//! The local-network carrier on real sockets on loopback.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use hedgerow_transport::carrier::lan::{Lan, LanConfig};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, CarrierState, DialId, DuplexCarrier, Ending, LinkId,
    LinkIds,
};
use mdns_sd::ServiceEvent;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
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
        let _ = self.carrier.execute(command);
    }
}

/// Reads until the peer closes; returns the length and whether the end was orderly.
async fn end_of(mut stream: TcpStream) -> (usize, bool) {
    let mut heard = Vec::new();
    match timeout(HANG, stream.read_to_end(&mut heard))
        .await
        .expect("it hangs")
    {
        Ok(length) => (length, true),
        Err(_) => (heard.len(), false),
    }
}

#[tokio::test]
async fn an_address_of_the_internet_is_not_dialled() {
    let one = Party::new(5399).await;
    for (dial, to) in ["192.0.2.77:9", "[2001:db8::77]:9", "[::ffff:192.0.2.77]:9"]
        .into_iter()
        .enumerate()
    {
        let dial = DialId(dial as u64);
        let to = Address(to.into());
        let told = one.carrier.execute(CarrierCommand::Dial { dial, to });
        assert!(
            matches!(told, Some(CarrierEvent::DialFailed { dial: failed }) if failed == dial),
            "at once: {told:?}"
        );
    }
}

#[tokio::test]
async fn beacons_are_found_and_lead_to_their_owner() {
    let (mut one, mut other) = (Party::new(5391).await, Party::new(5391).await);
    let mut missing = BTreeSet::from([[0xa1; 8], [0xa2; 8]]);
    let beacons = missing.iter().copied().collect();
    one.command(CarrierCommand::Announce {
        beacons,
        look: true,
    });
    other.command(CarrierCommand::Announce {
        beacons: vec![],
        look: true,
    });
    while !missing.is_empty() {
        let (beacon, at) = other
            .wait(|event| match event {
                CarrierEvent::Beacon { beacon, at } => Some((*beacon, at.clone())),
                _ => None,
            })
            .await;
        // Two of the four slots are random. The carrier reports an instance again when it hears more of its addresses.
        if at.contains(&one.address) {
            missing.remove(&beacon);
        }
    }
    other.command(CarrierCommand::Dial {
        dial: DialId(1),
        to: one.address.clone(),
    });
    one.up().await;
}

#[tokio::test]
async fn who_leaves_takes_back_its_beacons_before_it_says_that_it_is_off() {
    let (mut one, mut other) = (Party::new(5397).await, Party::new(5397).await);
    other.command(CarrierCommand::Announce {
        beacons: vec![],
        look: true,
    });
    for beacon in [[0xe1; 8], [0xe1; 8]] {
        one.command(CarrierCommand::Announce {
            beacons: vec![beacon],
            look: false,
        });
        let seen = |event: &CarrierEvent| {
            matches!(event, CarrierEvent::Beacon { beacon: seen, .. } if *seen == beacon)
                .then_some(())
        };
        other.wait(seen).await;
        one.command(CarrierCommand::Switch { on: false });
        let off = |event: &CarrierEvent| {
            matches!(event, CarrierEvent::State(CarrierState::Off)).then_some(())
        };
        one.wait(off).await;
        // Nobody is left who could say it now. A beacon that comes back is news.
        let gone = |event: &CarrierEvent| {
            matches!(event, CarrierEvent::BeaconWithdrawn { beacon: gone } if *gone == beacon)
                .then_some(())
        };
        other.wait(gone).await;
        one.command(CarrierCommand::Switch { on: true });
    }
}

/// A carrier that announces nothing and looks for nobody does not listen, so nothing that others announce can wake
/// the process.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_carrier_does_not_listen_to_announcements() {
    // A port that no other process uses.
    let port = 20_000 + (std::process::id() % 20_000) as u16;
    let (mut one, other) = (Party::new(port).await, Party::new(port).await);
    other.command(CarrierCommand::Dial {
        dial: DialId(1),
        to: one.address.clone(),
    });
    one.up().await;
    assert!(!listens(port), "nobody has said what to announce");
    for (beacons, look) in [
        (vec![[0xd1; 8]], true),
        (vec![], true),
        (vec![[0xd2; 8]], false),
    ] {
        one.command(CarrierCommand::Announce { beacons, look });
        until(|| listens(port)).await;
        one.command(CarrierCommand::Announce {
            beacons: vec![],
            look: false,
        });
        until(|| !listens(port)).await;
    }
}

/// Whether a process on this machine listens at a UDP port.
#[cfg(target_os = "linux")]
fn listens(port: u16) -> bool {
    let port = format!(":{port:04X} ");
    ["/proc/net/udp", "/proc/net/udp6"].iter().any(|table| {
        let table = std::fs::read_to_string(table).expect("it is Linux");
        table.contains(&port)
    })
}

#[cfg(target_os = "linux")]
async fn until(so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, wait).await.expect("it hangs");
}

#[tokio::test]
async fn announcements_name_nobody_and_are_redrawn() {
    let mut one = Party::new(5392).await;
    let responder = mdns_sd::ServiceDaemon::new_with_port(5392).expect("it starts");
    let heard = responder.browse("_hedgerow._tcp.local.").expect("it looks");
    let mut hosts = BTreeSet::new();
    for (before, beacon) in [(0, [0xb1; 8]), (4, [0xb2; 8])] {
        one.command(CarrierCommand::Announce {
            beacons: vec![beacon],
            look: true,
        });
        let (mut names, mut goodbyes) = (BTreeSet::new(), 0);
        while names.len() < 4 || goodbyes < before {
            match timeout(HANG, heard.recv_async())
                .await
                .expect("it hangs")
                .expect("it listens")
            {
                ServiceEvent::ServiceResolved(service) => {
                    assert!(service.txt_properties.is_empty());
                    let name = service.fullname.strip_suffix("._hedgerow._tcp.local.");
                    assert!(name.is_some_and(sixteen_hex_digits), "{}", service.fullname);
                    let host = service.host.strip_suffix(".local.").map(str::to_owned);
                    assert!(
                        host.as_deref().is_some_and(sixteen_hex_digits),
                        "{}",
                        service.host
                    );
                    if names.insert(service.fullname) {
                        hosts.extend(host);
                    }
                }
                ServiceEvent::ServiceRemoved(..) => goodbyes += 1,
                _ => {}
            }
        }
    }
    assert_eq!(
        hosts.len(),
        2,
        "the host name is drawn anew with the beacons"
    );
    let _ = responder.shutdown();
    one.command(CarrierCommand::Switch { on: false });
    one.wait(|event| matches!(event, CarrierEvent::State(CarrierState::Off)).then_some(()))
        .await;
}

fn sixteen_hex_digits(name: &str) -> bool {
    name.len() == 16
        && name
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whatever a stranger sends, and whether or not it closes its side, it reads the end of the stream when the owner
/// ends the link, not before, and never a byte.
#[tokio::test]
async fn a_stranger_gets_the_same_end_whatever_it_sends() {
    let mut one = Party::new(5393).await;
    for (sent, half_close) in [
        (0, false),
        (0, true),
        (1, false),
        (96, true),
        (600, false),
        (2_000_000, false),
        (70_000, true),
    ] {
        for drained in [false, true] {
            let mut stranger = TcpStream::connect(&one.address.0)
                .await
                .expect("a port is open");
            let link = one.up().await;
            if drained {
                one.command(CarrierCommand::End {
                    link,
                    ending: Ending::Drain,
                });
            }
            // The carrier reads all of it, so nothing shows the stranger whether anybody uses it.
            timeout(HANG, stranger.write_all(&vec![0x5a; sent]))
                .await
                .expect("it hangs")
                .expect("it is taken");
            if half_close {
                stranger.shutdown().await.expect("its side is closed");
            }
            one.command(CarrierCommand::End {
                link,
                ending: Ending::Now,
            });
            assert_eq!(
                end_of(stranger).await,
                (0, true),
                "{sent} bytes, {half_close}, {drained}"
            );
            let mut heard = 0;
            one.wait(|event| match event {
                CarrierEvent::Bytes { bytes, .. } => {
                    heard += bytes.len();
                    None
                }
                CarrierEvent::Down { link: which } => (*which == link).then_some(()),
                _ => None,
            })
            .await;
            assert!(heard <= 1_024, "{heard} bytes of a stranger were handed up");
        }
    }
}

#[tokio::test]
async fn a_flood_of_connections_leaves_256_strangers_and_all_contacts() {
    let (mut one, mut contact) = (Party::new(5394).await, Party::new(5394).await);
    contact.command(CarrierCommand::Dial {
        dial: DialId(1),
        to: one.address.clone(),
    });
    let theirs = contact.up().await;
    let ours = one.up().await;
    one.command(CarrierCommand::Recognised { link: ours });
    let mut strangers = BTreeSet::new();
    let mut most = 0;
    let address = one.address.0.clone();
    let flood = tokio::spawn(async move {
        let mut sockets = VecDeque::new();
        for n in 0..2_000_u32 {
            let mut socket = TcpStream::connect(&address).await.expect("a port is open");
            // A port scan, a greeting of another protocol, a slow-loris.
            let greeting: &[u8] = [&b""[..], b"GET / HTTP/1.1\r\n", b"\x00"][n as usize % 3];
            let _ = socket.write_all(greeting).await;
            sockets.push_back(socket);
            if sockets.len() > 400 {
                sockets.pop_front();
            }
        }
        sockets
    });
    let mut ups = 0;
    while ups < 2_000 || strangers.len() > 32 {
        let event = timeout(HANG, one.events.recv())
            .await
            .expect("it hangs")
            .expect("it lives");
        match event {
            CarrierEvent::Up { link, .. } => {
                ups += 1;
                strangers.insert(link);
                if ups == 1_000 {
                    contact.command(CarrierCommand::Send {
                        link: theirs,
                        bytes: vec![7; 500].into(),
                    });
                }
            }
            CarrierEvent::Down { link } => {
                assert_ne!(link, ours, "a contact was driven out");
                strangers.remove(&link);
            }
            _ => {}
        }
        most = most.max(strangers.len());
    }
    // Evicted connections are still closing while the next ones come; all have the same prefix.
    assert!(most < 32 + 64, "{most} strangers at once");
    drop(flood.await.expect("it ends"));
    one.command(CarrierCommand::Send {
        link: ours,
        bytes: vec![8; 500].into(),
    });
    contact
        .wait(|event| matches!(event, CarrierEvent::Bytes { .. }).then_some(()))
        .await;
}
