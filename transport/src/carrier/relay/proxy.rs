//! Reaches relays through a SOCKS5 proxy and in no other way: the proxy resolves host names, the device does not
//! listen, and only TCP is dialled.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use libp2p::Multiaddr;
use libp2p::core::Endpoint;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::futures::future::{BoxFuture, FutureExt, Pending};
use libp2p::multiaddr::Protocol;
use libp2p::tcp::tokio::TcpStream;
use tokio_socks::tcp::Socks5Stream;

/// A transport that connects through one proxy.
pub struct ThroughProxy(pub SocketAddr);

impl libp2p::Transport for ThroughProxy {
    type Output = TcpStream;
    type Error = io::Error;
    type ListenerUpgrade = Pending<Result<TcpStream, io::Error>>;
    type Dial = BoxFuture<'static, Result<TcpStream, io::Error>>;

    fn listen_on(&mut self, _: ListenerId, at: Multiaddr) -> Result<(), TransportError<io::Error>> {
        Err(TransportError::MultiaddrNotSupported(at))
    }

    fn remove_listener(&mut self, _: ListenerId) -> bool {
        false
    }

    fn dial(
        &mut self,
        at: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        let proxy = self.0;
        match target(&at) {
            Some(target) if options.role == Endpoint::Dialer => Ok(async move {
                let stream = Socks5Stream::connect(proxy, target).await;
                let stream = stream.map_err(io::Error::other)?.into_inner();
                stream.set_nodelay(true)?;
                Ok(TcpStream(stream))
            }
            .boxed()),
            _ => Err(TransportError::MultiaddrNotSupported(at)),
        }
    }

    fn poll(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        Poll::Pending
    }
}

/// The host (an IP address or a name) and port to ask the proxy for.
fn target(at: &Multiaddr) -> Option<(String, u16)> {
    let mut parts = at.iter();
    let host = match parts.next()? {
        Protocol::Ip4(ip) => ip.to_string(),
        Protocol::Ip6(ip) => ip.to_string(),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => name.into_owned(),
        _ => return None,
    };
    let Protocol::Tcp(port) = parts.next()? else {
        return None;
    };
    // Only the peer's name may follow; the relay transport makes circuits.
    match (parts.next(), parts.next()) {
        (None | Some(Protocol::P2p(_)), None) => Some((host, port)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_asked_for_tcp_alone_and_for_names_as_they_are() {
        let of = |at: &str| target(&at.parse().expect("a multiaddress"));
        let found = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(of("/ip4/192.0.2.1/tcp/4001"), found("192.0.2.1", 4001));
        assert_eq!(of("/ip6/2001:db8::1/tcp/1"), found("2001:db8::1", 1));
        let name = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
        let relay = format!("/dns/relay.example.org/tcp/443/p2p/{name}");
        assert_eq!(of(&relay), found("relay.example.org", 443));
        for other in [
            "/ip4/192.0.2.1/udp/4001/quic-v1".to_owned(),
            "/ip4/192.0.2.1/tcp/1/ws".to_owned(),
            format!("{relay}/p2p-circuit"),
            format!("/p2p/{name}"),
            "/memory/1".to_owned(),
        ] {
            assert_eq!(of(&other), None, "{other}");
        }
    }
}
