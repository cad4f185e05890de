//! Listens at one port for all address families and interfaces.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Shared, link};
use crate::carrier::EventSink;
use crate::carrier::gate::Prefix;
use crate::carrier::links::Origin;

/// How many ports to draw until one is free for all addresses.
const TRIES: usize = 16;

/// Connections that the kernel holds until we accept them.
const BACKLOG: i32 = 256;

/// Pause when the system is out of sockets.
const EXHAUSTED: Duration = Duration::from_millis(500);

/// The listeners.
#[derive(Debug)]
pub struct Listening {
    /// The port of every listener.
    pub port: u16,
    accepting: JoinSet<()>,
}

impl Listening {
    /// Listens at these addresses: at the preferred port if it is free, else at one that the system draws. Skips an
    /// address family that the system lacks, as long as one remains.
    pub fn start<S: EventSink>(
        shared: &Arc<Shared<S>>,
        addresses: &[IpAddr],
        preferred: Option<u16>,
    ) -> io::Result<Self> {
        let mut listeners = Err(ErrorKind::AddrInUse.into());
        for port in preferred.into_iter().chain([0; TRIES]) {
            listeners = bind_all(addresses, port);
            if !matches!(&listeners, Err(error) if error.kind() == ErrorKind::AddrInUse) {
                break;
            }
        }
        let (listeners, port) = listeners?;
        let mut accepting = JoinSet::new();
        for listener in listeners {
            accepting.spawn_on(accept(shared.clone(), listener), &shared.links.runtime);
        }
        Ok(Self { port, accepting })
    }

    /// Frees the port.
    pub async fn stop(mut self) {
        self.accepting.shutdown().await;
    }
}

fn bind_all(addresses: &[IpAddr], mut port: u16) -> io::Result<(Vec<TcpListener>, u16)> {
    let mut listeners = Vec::new();
    let mut missing = None;
    for address in addresses {
        match bind(SocketAddr::new(*address, port)) {
            Ok(listener) => {
                port = listener.local_addr()?.port();
                listeners.push(listener);
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(error) => missing = Some(error),
        }
    }
    match missing {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok((listeners, port)),
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restart must not wait until old links have timed out. (On Windows the option has another meaning.)
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Accepts connections from near addresses, no faster than the owner takes their events.
async fn accept<S: EventSink>(shared: Arc<Shared<S>>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            // A peer that is not near is disconnected without a byte.
            Ok((_, peer)) if !shared.nearby().holds(peer.ip()) => {}
            Ok((stream, peer)) => {
                let origin = Origin::Accepted(Prefix::of(peer.ip()));
                link::up(&shared.links, stream, peer, origin).await;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(_) => sleep(EXHAUSTED).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Mutex;

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;
    use crate::carrier::lan::MAX_DIALS;
    use crate::carrier::lan::nearby::Nearby;
    use crate::carrier::links::Links;
    use crate::carrier::{CarrierEvent, LinkIds};

    #[tokio::test]
    async fn whoever_is_not_near_is_closed_having_heard_nothing() {
        let (sink, mut heard) = mpsc::channel(16);
        let shared = Arc::new(Shared {
            links: Arc::new(Links::new(sink, LinkIds::default(), MAX_DIALS, [0; 32])),
            nearby: Mutex::new(Nearby::default()),
        });
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let listening = Listening::start(&shared, &[here], None).expect("a port");

        let call = || TcpStream::connect((here, listening.port));
        let mut afar = call().await.expect("accepted by the kernel");
        let mut byte = [0];
        let closed = timeout(Duration::from_secs(10), afar.read(&mut byte)).await;
        assert_eq!(closed.expect("at once").expect("in order"), 0);
        assert!(heard.try_recv().is_err(), "nothing is said of it");

        let network = "127.0.0.0/8".parse().expect("a network");
        shared.nearby().networks.insert(network);
        let _near = call().await.expect("accepted");
        let event = heard.recv().await;
        assert!(matches!(event, Some(CarrierEvent::Up { .. })), "{event:?}");
        listening.stop().await;
    }
}
