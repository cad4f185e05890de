//! Strangers on a session port: whatever they send they hear nothing, and contacts are served.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::chats::Chats;
use hedgerow_node::api::{Api, ContactId, Event, Private};
use hedgerow_node::engine::Input;
use hedgerow_node::host::Local;
use hedgerow_node::runtime::OnAir;
use hedgerow_node::runtime::recording::Recording;
use hedgerow_transport::carrier::CarrierEvent;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::people::{
    Daemon, connected, create, event, invite, meet, open, place, port, settled, until,
};

/// When a stranger's socket is closed (`docs/PROTOCOL.md` section 7).
const CLOSED: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(20)..=Duration::from_secs(40);

/// What a busy machine may add.
const LATE: Duration = Duration::from_secs(2);

/// Connections of the flood, and how many of them are kept open at one time.
const FLOOD: u32 = 10_000;
const KEPT: usize = 300;

/// The longest that a message to a contact may take during the flood, until it is durable there.
const SERVED: Duration = Duration::from_secs(1);

/// The longest that a contact who comes during the flood may have to try.
const LET_IN: Duration = Duration::from_secs(30);

/// What the flood may cost in memory, in KiB.
const MEMORY_KIB: u64 = 24 * 1_024;

/// A daemon with two contacts, and what these have said to it on the links that they dialled.
struct Besieged {
    place: TempDir,
    daemon: Daemon,
    ada: ContactId,
    address: SocketAddr,
    heard: Vec<Vec<u8>>,
}

/// Ada joins and comes back, Cleo joins; all of it is recorded and lies behind when the daemon starts
/// again.
async fn besieged() -> Besieged {
    let place = place();
    let dir = place.path().join("ben");
    create(&dir, "Ben").await.stop().await.unwrap();
    let recording = place.path().join("recording");
    let options = ["--record-secrets-to", recording.to_str().unwrap()];
    let daemon = Daemon::start_with(&dir, &options, Stdio::null()).await;
    let mut met = Vec::new();
    for name in ["ada", "cleo"] {
        let node = create(&place.path().join(name), name).await;
        let (them, ben) = meet(&daemon.api, &node).await;
        connected(&node, &ben).await;
        node.send_to(ben.clone(), Private("hello".into()))
            .await
            .unwrap();
        settled(&node, &ben, 1).await;
        node.stop().await.unwrap();
        until(async || {
            daemon
                .api
                .contact(them.clone())
                .await
                .unwrap()
                .reachable
                .is_none()
        })
        .await;
        // Back again: a session that begins with a first flight to a known device.
        let node = open(&place.path().join(name), OnAir::Loopback).await;
        connected(&node, &ben).await;
        node.stop().await.unwrap();
        met.push(them);
    }
    daemon.stop().await;
    let heard = arrived(&Recording::read(&recording).unwrap());
    let daemon = Daemon::start(&dir).await;
    // One that is open, so that strangers are compared with it too.
    invite(&daemon.api).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port(&daemon.api).await));
    Besieged {
        place,
        daemon,
        ada: met.swap_remove(0),
        address,
        heard,
    }
}

/// What came in on each link that the other side dialled.
fn arrived(recording: &Recording) -> Vec<Vec<u8>> {
    let mut links: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for input in recording.turns.iter().flat_map(|(inputs, _)| inputs) {
        match input {
            Input::Carrier(
                _,
                CarrierEvent::Up {
                    link, dial: None, ..
                },
            ) => {
                links.insert(link.0, Vec::new());
            }
            Input::Carrier(_, CarrierEvent::Bytes { link, bytes }) => {
                if let Some(heard) = links.get_mut(&link.0) {
                    heard.extend_from_slice(bytes);
                }
            }
            _ => {}
        }
    }
    let heard: Vec<_> = links
        .into_values()
        .filter(|heard| heard.len() > 96)
        .collect();
    assert!(heard.len() >= 3, "two joins and a session at least");
    heard
}

/// How a stranger says what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    AtOnce,
    /// A byte at a time.
    Slowly,
    /// And closes its side.
    ThenFin,
}

/// Says something, listens until the other side closes, and tells how long that took.
async fn stranger(
    to: SocketAddr,
    says: Vec<u8>,
    manner: Manner,
) -> io::Result<(Vec<u8>, Duration)> {
    let mut socket = TcpStream::connect(to).await?;
    let start = Instant::now();
    let (mut hears, mut speaks) = socket.split();
    let speaking = async {
        match manner {
            Manner::AtOnce => speaks.write_all(&says).await,
            Manner::ThenFin => {
                speaks.write_all(&says).await?;
                speaks.shutdown().await
            }
            Manner::Slowly => {
                for byte in says.chunks(1) {
                    speaks.write_all(byte).await?;
                    sleep(Duration::from_millis(100)).await;
                }
                Ok(())
            }
        }
    };
    let mut heard = Vec::new();
    let (spoken, listened) = tokio::join!(speaking, hears.read_to_end(&mut heard));
    listened?;
    // A client that still speaks when it is closed finds that out.
    if manner != Manner::Slowly {
        spoken?;
    }
    Ok((heard, start.elapsed()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_stranger_sends_nothing_is_answered_and_the_end_comes_at_a_time_of_its_own() {
    let besieged = besieged().await;
    let garbage = |length: usize| -> Vec<u8> {
        let mut bytes = vec![0; length];
        getrandom::fill(&mut bytes).unwrap();
        bytes
    };
    let mut kinds = vec![
        ("silence", Vec::new(), Manner::AtOnce),
        ("a port scan", Vec::new(), Manner::ThenFin),
        (
            "a web browser",
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            Manner::AtOnce,
        ),
        ("a flight of garbage", garbage(200), Manner::AtOnce),
        ("much garbage", garbage(1 << 20), Manner::AtOnce),
        ("garbage and its end", garbage(400), Manner::ThenFin),
        ("garbage, byte by byte", garbage(10_000), Manner::Slowly),
    ];
    for heard in besieged.heard.iter().take(5) {
        let cut = |length: usize| heard[..length.min(heard.len())].to_vec();
        kinds.extend([
            ("a replay", heard.clone(), Manner::AtOnce),
            ("a replay, byte by byte", heard.clone(), Manner::Slowly),
            ("a replay cut in its tag", cut(20), Manner::AtOnce),
            ("a replay cut in its padding", cut(97), Manner::ThenFin),
        ]);
    }
    // All of them have a place (`MAX_STRANGERS` of one prefix is 32), so none is closed before its time.
    assert!(kinds.len() <= 28);
    let address = besieged.address;
    let strangers = kinds.into_iter().map(|(what, says, manner)| {
        let came = tokio::spawn(stranger(address, says, manner));
        async move { (what, came.await.unwrap()) }
    });
    let ended = futures_util::future::join_all(strangers).await;
    let mut times = Vec::new();
    for (what, outcome) in ended {
        let (heard, took) =
            outcome.unwrap_or_else(|error| panic!("{what}: not closed, but {error}"));
        assert!(heard.is_empty(), "{what} is answered");
        assert!(
            (*CLOSED.start()..*CLOSED.end() + LATE).contains(&took),
            "{what}: {took:?}"
        );
        times.push(took);
    }
    times.sort_unstable();
    let spread = times[times.len() - 1] - times[0];
    assert!(
        spread > Duration::from_secs(5),
        "drawn anew for each: {times:?}"
    );
    besieged.daemon.stop().await;
}

/// One connection of the flood after another, from many addresses.
async fn flood(to: SocketAddr, heard: Vec<Vec<u8>>, number: u32, count: u32) {
    let mut kept = VecDeque::new();
    for at in 0..count {
        let socket = TcpSocket::new_v4().unwrap();
        let from = Ipv4Addr::new(127, number as u8, (at % 200) as u8, 1);
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        // A full backlog is part of a flood.
        let Ok(Ok(mut socket)) = timeout(Duration::from_secs(5), socket.connect(to)).await else {
            continue;
        };
        let replay = &heard[at as usize % heard.len()];
        let says = match at % 5 {
            0 => &[][..],
            1 => replay,
            2 => &replay[..60],
            3 => &[0x5a; 96],
            _ => &[0x5a; 20_000],
        };
        // Those that are driven out meanwhile are closed.
        let _ = socket.write_all(says).await;
        kept.push_back(socket);
        if kept.len() > KEPT / 2 {
            kept.pop_front();
        }
    }
}

/// Sends a message and waits until it is delivered.
async fn served(node: &Local, to: &ContactId) -> Duration {
    let mut events = node.events().await.unwrap();
    let start = Instant::now();
    node.send_to(to.clone(), Private("in the middle of it".into()))
        .await
        .unwrap();
    event(&mut events, |event| match event {
        Event::Delivered { queued: 0, .. } => Some(()),
        _ => None,
    })
    .await;
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn during_a_flood_contacts_are_served_and_let_in_and_memory_is_bounded() {
    let besieged = besieged().await;
    let ada = open(&besieged.place.path().join("ada"), OnAir::Loopback).await;
    let ben = ada.contacts().await.unwrap().swap_remove(0).id;
    connected(&ada, &ben).await;
    served(&ada, &ben).await;
    let sessions = async || ada.status().await.unwrap().open.unwrap().traffic.sessions;
    let sessions_before = sessions().await;
    let before_kib = besieged.daemon.resident_kib();

    let flooding = [1, 2].map(|number| {
        tokio::spawn(flood(
            besieged.address,
            besieged.heard.clone(),
            number,
            FLOOD / 2,
        ))
    });
    let start = Instant::now();
    let mut took = Vec::new();
    let mut most_kib = 0;
    let serving = async {
        while !flooding.iter().all(tokio::task::JoinHandle::is_finished) {
            took.push(served(&ada, &ben).await);
            most_kib = most_kib.max(besieged.daemon.resident_kib());
            sleep(Duration::from_millis(20)).await;
        }
        start.elapsed()
    };
    let coming = async {
        let cleo = open(&besieged.place.path().join("cleo"), OnAir::Loopback).await;
        let ben = cleo.contacts().await.unwrap().swap_remove(0).id;
        connected(&cleo, &ben).await;
        served(&cleo, &ben).await;
        (cleo, start.elapsed())
    };
    let (flooded, (cleo, let_in)) = tokio::join!(serving, coming);
    for flood in flooding {
        flood.await.unwrap();
    }
    took.sort_unstable();
    let (median, longest) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "{FLOOD} connections in {flooded:?}; {} messages meanwhile, median {median:?}, longest \
         {longest:?}; let in after {let_in:?}; {before_kib} KiB before, at most {most_kib}",
        took.len()
    );
    assert!(took.len() >= 10);
    assert!(longest <= SERVED, "{longest:?}");
    assert!(let_in <= LET_IN, "{let_in:?}");
    assert!(
        most_kib <= before_kib + MEMORY_KIB,
        "from {before_kib} to {most_kib} KiB"
    );
    assert_eq!(
        sessions().await,
        sessions_before,
        "Ada's session lived through it"
    );
    let seen = besieged
        .daemon
        .api
        .contact(besieged.ada.clone())
        .await
        .unwrap();
    assert!(seen.reachable.is_some());
    for node in [ada, cleo] {
        node.stop().await.unwrap();
    }
    besieged.daemon.stop().await;
}
