//! Reaching an address.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::link::{self, Link};
use crate::carrier::links::{Links, Origin};
use crate::carrier::{Address, CarrierEvent, DialId, EventSink};

/// How long one attempt may take.
const DIAL: Duration = Duration::from_secs(10);

/// Interfaces on which a link-local address is tried.
const MAX_SCOPES: usize = 8;

/// The sockets that an address may mean here; none if it is not an address of this carrier.
///
/// A link-local IPv6 address names an interface of *its* device, which is of no use to a contact who
/// was told the address: it is tried on every interface that has such addresses, the one named first.
pub fn candidates(address: &Address, scopes: &[u32]) -> Vec<SocketAddr> {
    let Ok(address) = address.0.parse::<SocketAddr>() else {
        return Vec::new();
    };
    if address.port() == 0 || address.ip().is_unspecified() || address.ip().is_multicast() {
        return Vec::new();
    }
    let SocketAddr::V6(v6) = address else {
        return vec![address];
    };
    if !is_link_local(v6.ip()) {
        return vec![address];
    }
    let named = scopes.iter().filter(|scope| **scope == v6.scope_id());
    let others = scopes.iter().filter(|scope| **scope != v6.scope_id());
    let on = |scope: &u32| SocketAddrV6::new(*v6.ip(), v6.port(), 0, *scope).into();
    named.chain(others).take(MAX_SCOPES).map(on).collect()
}

/// fe80::/10
pub fn is_link_local(address: &Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

/// Tries the candidates one after another and reports the link, or that there is none.
pub async fn run<S: EventSink>(
    links: Arc<Links<S, Link>>,
    dial: DialId,
    candidates: Vec<SocketAddr>,
) {
    let mut connected = None;
    for candidate in candidates {
        if let Ok(Ok(stream)) = timeout(DIAL, connect(candidate)).await {
            connected = Some((stream, candidate));
            break;
        }
    }
    links.dial_over();
    let is_up = match connected {
        Some((stream, peer)) => link::up(&links, stream, peer, Origin::Dialled(dial)).await,
        None => false,
    };
    if !is_up {
        // An owner who is gone waits for nothing.
        let _ = links.tell(CarrierEvent::DialFailed { dial }).await;
    }
}

async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    // A dial to a free port of this machine may be given that very port, and meet itself.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(text: &str, scopes: &[u32]) -> Vec<String> {
        let candidates = candidates(&Address(text.into()), scopes);
        candidates.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn a_link_local_address_is_tried_where_such_addresses_are() {
        assert_eq!(
            sockets("[fe80::1%3]:99", &[2, 3]),
            ["[fe80::1%3]:99", "[fe80::1%2]:99"],
            "the one it names first"
        );
        assert_eq!(sockets("[fe80::1%9]:99", &[2]), ["[fe80::1%2]:99"]);
        assert!(sockets("[fe80::1]:99", &[]).is_empty());
    }

    #[test]
    fn what_is_no_address_is_not_dialled() {
        for text in [
            "",
            "memory:1",
            "192.0.2.1",
            "192.0.2.1:0",
            "0.0.0.0:5",
            "[ff02::fb]:5",
            "example.org:80",
        ] {
            assert!(sockets(text, &[1]).is_empty(), "{text}");
        }
        assert_eq!(sockets("192.0.2.1:4711", &[]), ["192.0.2.1:4711"]);
        assert_eq!(sockets("[2001:db8::1]:4711", &[]), ["[2001:db8::1]:4711"]);
    }
}
