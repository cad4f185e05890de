//! The public relay on real sockets of this machine: with clients that are libp2p alone, and as a command.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::StreamExt;
use hedgerow_node::relay::{Limits, Relay, RelayError, RelayOptions};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, identify, noise, ping, relay, rendezvous, tcp, yamux,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(20);

fn options(listen: &[&str], limits: Limits) -> RelayOptions {
    RelayOptions {
        key: Keypair::generate_ed25519(),
        listen: listen.iter().map(|at| at.parse().unwrap()).collect(),
        public: Vec::new(),
        limits,
        metrics: None,
    }
}

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

async fn start(limits: Limits) -> Relay {
    Relay::start(options(&[TCP, QUIC], limits)).await.unwrap()
}

/// The relay's address over TCP or QUIC.
fn place(relay: &Relay, quic: bool) -> Multiaddr {
    let is_wanted = |place: &&Multiaddr| place.iter().any(|part| part == Protocol::QuicV1) == quic;
    relay.places().iter().find(is_wanted).unwrap().clone()
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    relay: relay::client::Behaviour,
    rendezvous: rendezvous::client::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// Often enough that it shows soon whether a path carries anything.
const PING: Duration = Duration::from_millis(50);

/// Somebody who speaks libp2p and knows nothing of Hedgerow.
struct Client(Swarm<Behaviour>);

impl Client {
    fn new() -> Self {
        let swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(
                tcp::Config::default(),
                noise::Config::new,
                yamux::Config::default,
            )
            .unwrap()
            .with_quic()
            .with_relay_client(noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|key, relay| Behaviour {
                relay,
                rendezvous: rendezvous::client::Behaviour::new(key.clone()),
                identify: identify::Behaviour::new(identify::Config::new(
                    "test".into(),
                    key.public(),
                )),
                ping: ping::Behaviour::new(ping::Config::new().with_interval(PING)),
            })
            .unwrap()
            .build();
        Self(swarm)
    }

    fn id(&self) -> PeerId {
        *self.0.local_peer_id()
    }

    async fn until<T>(&mut self, found: impl Fn(SwarmEvent<BehaviourEvent>) -> Option<T>) -> T {
        let look = async {
            loop {
                if let Some(found) = found(self.0.select_next_some().await) {
                    return found;
                }
            }
        };
        timeout(HANG, look).await.expect("it hangs")
    }

    /// Asks for a place at the relay. True if it is given.
    async fn reserve(&mut self, at: Multiaddr) -> bool {
        self.0.listen_on(at.with(Protocol::P2pCircuit)).unwrap();
        let outcome = |event| match event {
            SwarmEvent::Behaviour(BehaviourEvent::Relay(
                relay::client::Event::ReservationReqAccepted { .. },
            )) => Some(true),
            SwarmEvent::ListenerClosed { .. } => Some(false),
            _ => None,
        };
        self.until(outcome).await
    }

    fn dial(&mut self, relay: Multiaddr, to: PeerId) {
        let at = relay.with(Protocol::P2pCircuit).with(Protocol::P2p(to));
        self.0.dial(at).unwrap();
    }

    /// Goes on in a task of its own.
    fn live(mut self) {
        tokio::spawn(async move {
            loop {
                self.0.next().await;
            }
        });
    }
}

#[tokio::test]
async fn strangers_meet_through_the_relay_over_tcp_and_quic() {
    let relay = start(Limits::default()).await;
    for (there, here) in [(false, false), (true, true), (false, true)] {
        let (mut one, mut other) = (Client::new(), Client::new());
        let id = one.id();
        assert!(one.reserve(place(&relay, there)).await);
        one.live();
        other.dial(place(&relay, here), id);
        // Pings pass through the circuit: everything below them does.
        let pinged = |event| match event {
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping)) => {
                (ping.peer == id && ping.result.is_ok()).then_some(())
            }
            _ => None,
        };
        other.until(pinged).await;
    }
    relay.stop().await;
}

#[tokio::test]
async fn places_beyond_the_limit_are_refused_and_free_again_when_their_holder_goes() {
    let relay = start(Limits {
        reservations: 2,
        ..Limits::default()
    })
    .await;
    let (mut one, mut two, mut three) = (Client::new(), Client::new(), Client::new());
    assert!(one.reserve(place(&relay, false)).await);
    assert!(two.reserve(place(&relay, true)).await);
    assert!(!three.reserve(place(&relay, false)).await);
    drop(one);
    let freed = async { while !three.reserve(place(&relay, false)).await {} };
    timeout(HANG, freed).await.expect("the place is free again");
}

#[tokio::test]
async fn a_circuit_ends_at_its_limit_of_bytes_and_the_next_one_works() {
    let relay = start(Limits {
        circuit_bytes: 4_096,
        ..Limits::default()
    })
    .await;
    let (mut one, mut other) = (Client::new(), Client::new());
    let id = one.id();
    assert!(one.reserve(place(&relay, false)).await);
    one.live();
    for _ in 0..2 {
        other.dial(place(&relay, false), id);
        // Pings alone fill it.
        let closed = |event| match event {
            SwarmEvent::ConnectionClosed { peer_id, .. } => (peer_id == id).then_some(()),
            _ => None,
        };
        other.until(closed).await;
    }
}

#[tokio::test]
async fn one_address_begins_no_more_in_an_hour_than_it_may() {
    let few = Limits {
        begun_an_hour: 2.try_into().unwrap(),
        ..Limits::default()
    };
    let relay = start(few).await;
    let mut given = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = Client::new();
        given.push(client.reserve(place(&relay, false)).await);
        clients.push(client);
    }
    assert_eq!(given, [true, true, false]);
}

#[tokio::test]
async fn a_record_left_at_the_rendezvous_point_is_found_and_taken_back() {
    let relay = start(Limits::default()).await;
    let point = relay.id();
    let space = rendezvous::Namespace::from_static("here");
    let (mut one, mut other) = (Client::new(), Client::new());
    let id = one.id();
    assert!(one.reserve(place(&relay, false)).await);
    one.0
        .behaviour_mut()
        .rendezvous
        .register(space.clone(), point, None)
        .unwrap();
    let registered = |event| match event {
        SwarmEvent::Behaviour(BehaviourEvent::Rendezvous(
            rendezvous::client::Event::Registered { .. },
        )) => Some(()),
        _ => None,
    };
    one.until(registered).await;
    assert!(other.reserve(place(&relay, true)).await);
    let found = |event| match event {
        SwarmEvent::Behaviour(BehaviourEvent::Rendezvous(
            rendezvous::client::Event::Discovered { registrations, .. },
        )) => Some(registrations),
        _ => None,
    };
    let ask = |other: &mut Client| {
        other
            .0
            .behaviour_mut()
            .rendezvous
            .discover(Some(space.clone()), None, None, point);
    };
    ask(&mut other);
    let records = other.until(found).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].record.peer_id(), id);
    let is_circuit = |at: &Multiaddr| at.iter().any(|part| part == Protocol::P2pCircuit);
    assert!(records[0].record.addresses().iter().all(is_circuit));
    one.0
        .behaviour_mut()
        .rendezvous
        .unregister(space.clone(), point);
    one.live();
    let gone = async {
        loop {
            ask(&mut other);
            if other.until(found).await.is_empty() {
                return;
            }
        }
    };
    timeout(HANG, gone).await.expect("it was taken back");
}

#[tokio::test]
async fn the_relay_tells_the_addresses_to_hand_out_and_no_others() {
    let mut options = options(&[TCP, QUIC], Limits::default());
    options.public = vec!["relay.example.org".parse().unwrap()];
    let relay = Relay::start(options).await.unwrap();
    assert!(relay.is_public());
    let port = |part: Protocol<'_>| match part {
        Protocol::Tcp(port) => Some(port),
        _ => None,
    };
    let tcp = relay
        .places()
        .iter()
        .flat_map(Multiaddr::iter)
        .find_map(port)
        .unwrap();
    let mut client = Client::new();
    client
        .0
        .dial(
            format!("/ip4/127.0.0.1/tcp/{tcp}")
                .parse::<Multiaddr>()
                .unwrap(),
        )
        .unwrap();
    let received = |event| match event {
        SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
            info, ..
        })) => Some(info),
        _ => None,
    };
    let told = client.until(received).await;
    assert_eq!(told.agent_version, "libp2p");
    let told: BTreeSet<String> = told.listen_addrs.iter().map(Multiaddr::to_string).collect();
    let bare = |place: &Multiaddr| {
        let text = place.to_string();
        text[..text.find("/p2p/").unwrap()].to_owned()
    };
    assert_eq!(told, relay.places().iter().map(bare).collect());
}

#[tokio::test]
async fn counters_are_shown_to_this_machine_alone_and_name_nobody() {
    let mut with = options(&[TCP], Limits::default());
    with.metrics = Some("127.0.0.1:0".parse().unwrap());
    let relay = Relay::start(with).await.unwrap();
    let (mut one, mut other) = (Client::new(), Client::new());
    let (id, dialler) = (one.id(), other.id());
    assert!(one.reserve(place(&relay, false)).await);
    one.live();
    other.dial(place(&relay, false), id);
    let pinged = |event| match event {
        SwarmEvent::Behaviour(BehaviourEvent::Ping(ping)) => (ping.peer == id).then_some(()),
        _ => None,
    };
    other.until(pinged).await;
    let page = get(relay.metrics().unwrap()).await;
    assert!(page.contains("hedgerow_relay_clients 2\n"), "{page}");
    assert!(page.contains("hedgerow_relay_circuits 1\n"), "{page}");
    for secret in [id.to_string(), dialler.to_string(), "127.0.0.1".into()] {
        assert!(!page.contains(&secret), "{secret} in {page}");
    }

    let mut public = options(&[TCP], Limits::default());
    public.metrics = Some("0.0.0.0:0".parse().unwrap());
    let refused = Relay::start(public).await;
    assert!(matches!(refused, Err(RelayError::MetricsInPublic(_))));
}

async fn get(at: SocketAddr) -> String {
    let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

// ---- as a command ----------------------------------------------------------------------------

fn hedgerow(arguments: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hedgerow"));
    command.env("HEDGEROW_LANGUAGE", "en");
    command
        .env_clear()
        .env("HOME", directory)
        .arg("relay")
        .args(arguments);
    command
}

/// Starts it, and reads the address that it prints first.
fn spawn(arguments: &[&str], directory: &Path) -> (Child, String) {
    let mut child = hedgerow(arguments, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, line.trim().to_owned())
}

fn terminate(mut child: Child) -> Option<i32> {
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap().code()
}

#[tokio::test]
async fn one_command_runs_a_relay_that_keeps_its_name_and_stops_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let (child, first) = spawn(&["--listen", TCP], directory.path());
    let mut client = Client::new();
    assert!(client.reserve(first.parse().unwrap()).await);
    assert_eq!(terminate(child), Some(0));
    let (child, second) = spawn(
        &["--listen", TCP, "--public", "relay.example.org"],
        directory.path(),
    );
    assert_eq!(terminate(child), Some(0));
    let name = |address: &str| address.rsplit('/').next().unwrap().to_owned();
    assert_eq!(name(&first), name(&second), "the key is kept");
    assert!(
        second.starts_with("/dns/relay.example.org/tcp/"),
        "{second}"
    );
    let kept = directory.path().join(".local/share/hedgerow-relay/key");
    assert!(kept.exists(), "beside the data directory, and not in it");
}

#[test]
fn what_is_wrong_with_a_relay_is_said_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("/ip4/127.0.0.1/tcp/{}", holder.local_addr().unwrap().port());
    let file = directory.path().join("no-key");
    std::fs::write(&file, "something else").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, exit, remedy) in [
        (vec!["--listen", TCP, "--identity", file], 5, "chmod 600"),
        (
            vec!["--listen", TCP, "--metrics", "0.0.0.0:1"],
            2,
            "--metrics 127.0.0.1:1",
        ),
        (vec!["--listen", "/memory/1"], 1, "/ip4/0.0.0.0/tcp/4001"),
        (vec!["--listen", TCP, "--circuit-time", "soon"], 2, "2h"),
        (
            vec!["--public", "http://example.org"],
            2,
            "relay.example.org",
        ),
        (vec!["--listen", &taken], 1, "--port"),
    ] {
        let output = hedgerow(&arguments, directory.path()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
        assert!(said.contains(remedy), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}
