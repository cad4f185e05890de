//! A device's libp2p ports against strangers who flood them, and against a contact who lies about its addresses.

use std::collections::{BTreeSet, VecDeque};
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use crate::support::relay::{Server, carrier, name, set_relays};
use hedgerow_transport::carrier::relay::Relays;
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, DialId, DuplexCarrier, LinkId, LinkIds, RelayState,
};
use libp2p::futures::StreamExt;
use libp2p::futures::future::join_all;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::{FromSwarm, NewExternalAddrCandidate};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, Swarm, SwarmBuilder, dcutr, noise, ping, tcp, yamux};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(30);

const TCP: &str = "/ip4/127.0.0.1/tcp/0";

/// The places of one prefix, and some connections that are closing.
const SHARE: usize = 32 + 8;

/// A carrier under one name; every link becomes a contact's.
struct Party {
    carrier: Relays<mpsc::Sender<CarrierEvent>>,
    events: mpsc::Receiver<CarrierEvent>,
    /// The address at which others dial it.
    address: Address,
    name: String,
    links: BTreeSet<LinkId>,
    heard: usize,
}

impl Party {
    /// A carrier with its place at a relay.
    async fn new(ids: &LinkIds, direct: bool, server: &Server) -> Self {
        let (sink, events) = mpsc::channel(16);
        let key = name(ids);
        let mut party = Self {
            carrier: carrier(ids, direct, sink),
            events,
            address: key.name().at(&server.address),
            name: key.name().peer_id(),
            links: BTreeSet::new(),
            heard: 0,
        };
        let _ = party
            .carrier
            .execute(set_relays(&[&server.address], &[key]));
        party
            .wait(|event| {
                let state = RelayState::Ready;
                matches!(event, CarrierEvent::Relay { state: now, .. } if *now == state)
            })
            .await;
        party
    }

    async fn wait(&mut self, so: impl Fn(&CarrierEvent) -> bool) {
        loop {
            let event = timeout(HANG, self.events.recv()).await.expect("it hangs");
            let event = event.expect("the carrier lives");
            let is_so = so(&event);
            self.note(event);
            if is_so {
                return;
            }
        }
    }

    /// Treats every link as a contact's.
    fn note(&mut self, event: CarrierEvent) {
        match event {
            CarrierEvent::Up { link, .. } => {
                self.links.insert(link);
                let _ = self.carrier.execute(CarrierCommand::Recognised { link });
            }
            CarrierEvent::Down { link } => drop(self.links.remove(&link)),
            CarrierEvent::Bytes { bytes, .. } => self.heard += bytes.len(),
            _ => {}
        }
    }

    /// Dials another and exchanges something.
    async fn talks_to(&mut self, other: &mut Party, dial: u64) {
        let (dial, to) = (DialId(dial), other.address.clone());
        let _ = self.carrier.execute(CarrierCommand::Dial { dial, to });
        self.wait(|event| matches!(event, CarrierEvent::Up { .. }))
            .await;
        other
            .wait(|event| matches!(event, CarrierEvent::Up { .. }))
            .await;
        self.says_something(other).await;
    }

    async fn says_something(&mut self, other: &mut Party) {
        let link = *self.links.last().expect("it is up");
        let bytes = vec![7; 500].into();
        let _ = self.carrier.execute(CarrierCommand::Send { link, bytes });
        let before = other.heard;
        while other.heard < before + 500 {
            other
                .wait(|event| matches!(event, CarrierEvent::Bytes { .. }))
                .await;
        }
    }
}

/// A stranger that speaks libp2p and never hangs up.
fn stranger() -> Swarm<ping::Behaviour> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|_| ping::Behaviour::default())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(HANG))
        .build()
}

/// Number of strangers connected at one time after all have tried.
async fn connected(strangers: usize, to: &Multiaddr) -> usize {
    let (told, mut events) = mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..strangers {
        let (to, told) = (to.clone(), told.clone());
        tasks.spawn(async move {
            let mut swarm = stranger();
            swarm.dial(to).unwrap();
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { .. } => drop(told.send(1)),
                    SwarmEvent::ConnectionClosed { .. } => drop(told.send(-1)),
                    SwarmEvent::OutgoingConnectionError { .. } => drop(told.send(0)),
                    _ => {}
                }
            }
        });
    }
    let (mut tried, mut now) = (0, 0_isize);
    while tried < strangers {
        let event: isize = events.recv().await.expect("the strangers live");
        tried += usize::from(event >= 0);
        now += event;
    }
    // Evicted strangers notice long before idle ones time out.
    while let Ok(Some(event)) = timeout(Duration::from_secs(2), events.recv()).await {
        now += event;
    }
    now.unsigned_abs()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_libp2p_connections_leaves_few_strangers_and_all_contacts() {
    let ids = LinkIds::default();
    let server = Server::start(TCP).await;
    let mut one = Party::new(&ids, true, &server).await;
    let mut contact = Party::new(&ids, false, &server).await;
    contact.talks_to(&mut one, 1).await;
    let ours = *one.links.first().expect("it is up");

    let (_, port) = meet(&one, &[]).await;
    let kept = connected(150, &port).await;
    assert!(kept > 0, "nobody was at that port");
    assert!(kept <= SHARE, "{kept} strangers at once");
    contact.says_something(&mut one).await;
    assert!(one.links.contains(&ours), "a contact was driven out");
    let mut another = Party::new(&ids, false, &server).await;
    another.talks_to(&mut one, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sockets_that_never_speak_libp2p_leaves_few_of_them_and_all_contacts() {
    let ids = LinkIds::default();
    let server = Server::start(TCP).await;
    let mut one = Party::new(&ids, true, &server).await;
    let mut contact = Party::new(&ids, false, &server).await;
    contact.talks_to(&mut one, 1).await;
    let (_, at) = meet(&one, &[]).await;
    let mut parts = at.iter();
    let (Some(Protocol::Ip4(ip)), Some(Protocol::Tcp(port))) = (parts.next(), parts.next()) else {
        panic!("not TCP: {at}");
    };
    let flood = tokio::spawn(async move {
        let mut sockets = VecDeque::new();
        for n in 0..1_000_usize {
            let mut socket = TcpStream::connect((ip, port))
                .await
                .expect("a port is open");
            // A port scan, a greeting of another protocol, a slow-loris.
            let greeting: &[u8] = [&b""[..], b"GET / HTTP/1.1\r\n", b"\x13/multi"][n % 3];
            let _ = socket.write_all(greeting).await;
            sockets.push_back(socket);
            if sockets.len() > 400 {
                sockets.pop_front();
            }
        }
        sockets
    });
    // A contact connects in the middle of the flood.
    let mut another = Party::new(&ids, false, &server).await;
    another.talks_to(&mut one, 2).await;
    let sockets = flood.await.expect("it ends");
    // Reads the answers to the greetings, then sends nothing. What is refused ends long before its handshake would
    // have to.
    let looks = sockets.into_iter().map(async |mut socket| {
        let mut answer = Vec::new();
        let wait = timeout(Duration::from_secs(3), socket.read_to_end(&mut answer));
        usize::from(wait.await.is_err())
    });
    let open: usize = join_all(looks).await.into_iter().sum();
    assert!(open <= SHARE, "{open} sockets of strangers are open");
    contact.says_something(&mut one).await;
    another.says_something(&mut one).await;
}

/// A contact that claims any addresses in DCUtR.
#[derive(NetworkBehaviour)]
struct Liar {
    relay: libp2p::relay::client::Behaviour,
    dcutr: dcutr::Behaviour,
}

/// Meets a device at the relay, claims the addresses `there` and its real one, and returns the direct path to it,
/// on which it listens.
async fn meet(one: &Party, there: &[Multiaddr]) -> (Swarm<Liar>, Multiaddr) {
    let mut liar = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|key, relay| Liar {
            relay,
            dcutr: dcutr::Behaviour::new(key.public().to_peer_id()),
        })
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(HANG))
        .build();
    liar.listen_on(TCP.parse().unwrap()).unwrap();
    let here = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = liar.select_next_some().await {
            break address;
        }
    };
    for addr in there.iter().chain([&here]) {
        let candidate = NewExternalAddrCandidate { addr };
        let dcutr = &mut liar.behaviour_mut().dcutr;
        dcutr.on_swarm_event(FromSwarm::NewExternalAddrCandidate(candidate));
    }
    let circuit: Multiaddr = one.address.0.parse().unwrap();
    let who = one.name.parse().unwrap();
    let options = DialOpts::peer_id(who).addresses(vec![circuit]).build();
    liar.dial(options).unwrap();
    let direct = async {
        loop {
            if let SwarmEvent::ConnectionEstablished {
                peer_id, endpoint, ..
            } = liar.select_next_some().await
                && peer_id == who
                && !endpoint.is_relayed()
            {
                let mut path = endpoint.get_remote_address().clone();
                if let Some(Protocol::P2p(_)) = path.iter().last() {
                    path.pop();
                }
                return path;
            }
        }
    };
    let path = timeout(HANG, direct).await.expect("it was not called");
    (liar, path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_has_us_call_nothing_of_this_machine_by_saying_that_it_is_there() {
    let ids = LinkIds::default();
    let server = Server::start(TCP).await;
    let one = Party::new(&ids, true, &server).await;
    // Services of this machine at an address without a relay of ours.
    let service = TcpListener::bind("127.0.0.2:0").unwrap();
    service.set_nonblocking(true).unwrap();
    let datagrams = UdpSocket::bind("127.0.0.2:0").unwrap();
    datagrams.set_nonblocking(true).unwrap();
    let tcp = service.local_addr().unwrap().port();
    let udp = datagrams.local_addr().unwrap().port();
    let there = [
        format!("/ip4/127.0.0.2/tcp/{tcp}"),
        format!("/ip4/127.0.0.2/udp/{udp}/quic-v1"),
    ];
    // The path shows that the device used the claimed addresses.
    let _path = meet(&one, &there.map(|at| at.parse().unwrap())).await;
    // The device dials all claimed addresses at once.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let called = service.accept();
    assert!(called.is_err(), "a service was called: {called:?}");
    let called = datagrams.recv_from(&mut [0; 64]);
    assert!(called.is_err(), "a service was called: {called:?}");
}
