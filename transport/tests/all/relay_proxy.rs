//! Runs in a process of its own: with a proxy, the device connects only to the proxy.

use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::alone::is_alone;
use crate::support::relay::{Server, carrier, name, set_relays_by};
use bytes::Bytes;
use hedgerow_transport::carrier::relay::Relays;
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, DialId, DuplexCarrier, LinkIds, RelayState,
};
use hedgerow_transport::relay::{RelayKey, RelayPaths};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

const HANG: Duration = Duration::from_secs(20);

/// A SOCKS5 proxy (RFC 1928) that resolves every name to one place.
struct Proxy {
    at: SocketAddr,
    /// The requested targets.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let noted = noted.clone();
                tokio::spawn(async move {
                    let host = Self::greet(&mut near).await;
                    noted.lock().unwrap().push(host);
                    let mut far = TcpStream::connect(to).await.unwrap();
                    near.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
                        .await
                        .unwrap();
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { at, asked }
    }

    /// Reads a greeting without a password and a request to connect to a name.
    async fn greet(near: &mut TcpStream) -> String {
        let mut ways = [0; 2];
        near.read_exact(&mut ways).await.unwrap();
        near.read_exact(&mut vec![0; usize::from(ways[1])])
            .await
            .unwrap();
        near.write_all(&[5, 0]).await.unwrap();
        let mut wish = [0; 5];
        near.read_exact(&mut wish).await.unwrap();
        assert_eq!(wish[..4], [5, 1, 0, 3], "connect to a name");
        let mut host = vec![0; usize::from(wish[4]) + 2];
        near.read_exact(&mut host).await.unwrap();
        String::from_utf8(host[..host.len() - 2].to_vec()).unwrap()
    }
}

/// The addresses at both ends of each internet socket of this process.
fn sockets() -> Vec<(String, String, String)> {
    let open = fs::read_dir("/proc/self/fd").expect("this is Linux");
    let open: Vec<String> = open
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    let mut found = Vec::new();
    for kind in ["tcp", "tcp6", "udp", "udp6"] {
        let table = fs::read_to_string(format!("/proc/self/net/{kind}")).unwrap_or_default();
        for line in table.lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if open.contains(&format!("socket:[{}]", words[9])) {
                found.push((kind.to_owned(), words[1].to_owned(), words[2].to_owned()));
            }
        }
    }
    found
}

/// A port in the form of the tables in `/proc`.
fn port(at: SocketAddr) -> String {
    format!(":{:04X}", at.port())
}

struct Party {
    carrier: Relays<mpsc::Sender<CarrierEvent>>,
    events: mpsc::Receiver<CarrierEvent>,
}

impl Party {
    fn new(ids: &LinkIds) -> Self {
        let (sink, events) = mpsc::channel(1_024);
        let carrier = carrier(ids, true, sink);
        Self { carrier, events }
    }

    async fn until<T>(&mut self, mut wanted: impl FnMut(&CarrierEvent) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self.events.recv().await.expect("the carrier lives");
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        timeout(HANG, wait).await.expect("it hangs")
    }

    async fn state(&mut self, wanted: RelayState) {
        self.until(|event| match event {
            CarrierEvent::Relay { state, .. } => (*state == wanted).then_some(()),
            _ => None,
        })
        .await;
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn with_a_proxy_there_is_no_socket_but_to_it_and_it_looks_names_up() {
    if !is_alone("relay_proxy::with_a_proxy_there_is_no_socket_but_to_it_and_it_looks_names_up") {
        return;
    }
    let ids = LinkIds::default();
    let server = Server::start("/ip4/127.0.0.1/tcp/0").await;
    let words: Vec<&str> = server.address.0.split('/').collect();
    let relay_at: SocketAddr = format!("127.0.0.1:{}", words[4]).parse().unwrap();
    let proxy = Proxy::start(relay_at).await;
    // Only the proxy knows this name.
    let at = Address(format!("/dns/relay.invalid/tcp/4001/p2p/{}", server.name()));
    let before = sockets();

    let (one_name, other_name) = (name(&ids), name(&ids));
    let (mut one, mut other) = (Party::new(&ids), Party::new(&ids));
    let use_it = |party: &Party, paths, name: &RelayKey| {
        let _ = party
            .carrier
            .execute(set_relays_by(paths, &[&at], std::slice::from_ref(name)));
    };
    let proxied = RelayPaths::Proxied { proxy: proxy.at };
    use_it(&one, proxied, &one_name);
    use_it(&other, proxied, &other_name);
    one.state(RelayState::Ready).await;
    other.state(RelayState::Ready).await;
    let _ = one.carrier.execute(CarrierCommand::Dial {
        dial: DialId(1),
        to: other_name.name().at(&at),
    });
    let up = |event: &CarrierEvent| match event {
        CarrierEvent::Up { link, .. } => Some(*link),
        _ => None,
    };
    let link = one.until(up).await;
    let far = other.until(up).await;
    let _ = other
        .carrier
        .execute(CarrierCommand::Recognised { link: far });
    let bytes = Bytes::from_static(&[7; 300]);
    let _ = one.carrier.execute(CarrierCommand::Send { link, bytes });
    other
        .until(|event| matches!(event, CarrierEvent::Bytes { .. }).then_some(()))
        .await;

    assert_eq!(*proxy.asked.lock().unwrap(), ["relay.invalid"; 2]);
    let (proxy_port, relay_port) = (port(proxy.at), port(relay_at));
    for socket in sockets() {
        let (kind, here, there) = &socket;
        let is_the_proxys = here.ends_with(&relay_port)
            || there.ends_with(&relay_port)
            || here.ends_with(&proxy_port);
        let is_to_the_proxy = kind == "tcp" && there.ends_with(&proxy_port);
        assert!(
            is_to_the_proxy || is_the_proxys || before.contains(&socket),
            "{socket:?}"
        );
    }
}
