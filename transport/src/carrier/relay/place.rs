//! Parses addresses of this carrier: a relay, or a peer to dial through one.

use std::net::IpAddr;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use tokio::net::lookup_host;

use crate::carrier::Address;
use crate::relay::RelayPaths;

/// Most addresses to try for one host name.
pub const MAX_RESOLVED: usize = 8;

/// Address of a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The relay's name.
    pub relay: PeerId,
    /// Its address, without the name.
    pub at: Multiaddr,
}

/// The peer to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// A peer at a relay.
    Through(Place, PeerId),
    /// A peer to which a direct connection exists.
    Directly(PeerId),
}

impl Place {
    /// Parses the address of a relay, like `/ip4/192.0.2.1/tcp/4001/p2p/12D3…`: TCP or QUIC at an IP address or host
    /// name. `None` if it is something else.
    pub fn parse(address: &Address) -> Option<Place> {
        let mut at: Multiaddr = address.0.parse().ok()?;
        let Some(Protocol::P2p(relay)) = at.pop() else {
            return None;
        };
        let parts: Vec<Protocol<'_>> = at.iter().collect();
        let is_known = match parts.as_slice() {
            [host, Protocol::Tcp(port)] => is_host(host) && *port != 0,
            [host, Protocol::Udp(port), Protocol::QuicV1] => is_host(host) && *port != 0,
            _ => false,
        };
        is_known.then_some(Place { relay, at })
    }

    /// Whether it uses TCP.
    pub fn is_tcp(&self) -> bool {
        self.at.iter().any(|part| matches!(part, Protocol::Tcp(_)))
    }

    /// Resolves its present addresses: looks the host name up each time, or leaves that to the proxy.
    pub async fn resolve(&self, paths: RelayPaths) -> Vec<Multiaddr> {
        if let RelayPaths::Proxied { .. } = paths {
            return self.is_tcp().then(|| self.at.clone()).into_iter().collect();
        }
        let mut parts = self.at.iter();
        let wanted = parts.next();
        let name = match &wanted {
            Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => name,
            _ => return vec![self.at.clone()],
        };
        let rest: Vec<Protocol<'_>> = parts.collect();
        // The system's resolver wants a port; its value does not matter.
        let Ok(found) = lookup_host((name.as_ref(), 0)).await else {
            return Vec::new();
        };
        let is_wanted = |ip: &IpAddr| match &wanted {
            Some(Protocol::Dns4(_)) => ip.is_ipv4(),
            Some(Protocol::Dns6(_)) => ip.is_ipv6(),
            _ => true,
        };
        let found = found.map(|socket| socket.ip()).filter(is_wanted);
        let at = |ip: IpAddr| {
            let host = match ip {
                IpAddr::V4(ip) => Protocol::Ip4(ip),
                IpAddr::V6(ip) => Protocol::Ip6(ip),
            };
            std::iter::once(host).chain(rest.iter().cloned()).collect()
        };
        found.take(MAX_RESOLVED).map(at).collect()
    }
}

/// The first IP address in a multiaddress.
pub fn ip_of(at: &Multiaddr) -> Option<IpAddr> {
    at.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    })
}

fn is_host(part: &Protocol<'_>) -> bool {
    match part {
        Protocol::Ip4(ip) => !ip.is_unspecified() && !ip.is_multicast(),
        Protocol::Ip6(ip) => !ip.is_unspecified() && !ip.is_multicast(),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => !name.is_empty(),
        _ => false,
    }
}

impl Called {
    /// Parses the address of a peer: `relay/p2p-circuit/p2p/name`, or `/p2p/name`.
    pub fn parse(address: &Address) -> Option<Called> {
        if let Some((relay, name)) = address.0.split_once("/p2p-circuit/p2p/") {
            let place = Place::parse(&Address(relay.to_owned()))?;
            return Some(Called::Through(place, name.parse().ok()?));
        }
        let name = address.0.strip_prefix("/p2p/")?;
        Some(Called::Directly(name.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

    fn place(text: &str) -> Option<Place> {
        Place::parse(&Address(text.replace("NAME", NAME)))
    }

    #[test]
    fn a_relay_is_a_host_a_port_and_a_name() {
        for text in [
            "/ip4/192.0.2.1/tcp/4001/p2p/NAME",
            "/ip6/2001:db8::1/udp/4001/quic-v1/p2p/NAME",
            "/dns/relay.example.org/tcp/443/p2p/NAME",
            "/dns4/relay.example.org/udp/443/quic-v1/p2p/NAME",
        ] {
            let place = place(text).expect(text);
            assert_eq!(place.relay.to_string(), NAME);
            assert_eq!(format!("{}/p2p/NAME", place.at), text);
        }
    }

    #[test]
    fn what_is_no_relay_or_nobody_is_not_called() {
        for text in [
            "",
            "nonsense",
            "/ip4/192.0.2.1/tcp/4001",
            "/ip4/192.0.2.1/tcp/0/p2p/NAME",
            "/ip4/0.0.0.0/tcp/1/p2p/NAME",
            "/ip4/192.0.2.1/udp/4001/p2p/NAME",
            "/ip4/192.0.2.1/tcp/1/ws/p2p/NAME",
            "/memory/1/p2p/NAME",
            "/dns//tcp/1/p2p/NAME",
            "/ip4/192.0.2.1/tcp/1/p2p/NAME/p2p-circuit",
            "/ip4/192.0.2.1/tcp/1/p2p/short",
        ] {
            assert_eq!(place(text), None, "{text}");
            let called = format!("{}/p2p-circuit/p2p/{NAME}", text.replace("NAME", NAME));
            assert_eq!(Called::parse(&Address(called)), None, "{text}");
        }
        assert_eq!(Called::parse(&Address("/p2p/nobody".into())), None);
    }

    proptest::proptest! {
        #[test]
        fn what_people_may_add_is_what_is_connected_to(
            kind in "ip4|ip6|dns|dns4|dns6|memory|",
            host in "192\\.0\\.2\\.1|2001:db8::1|0\\.0\\.0\\.0|::|[a-z.:%/ ]{0,9}",
            way in "tcp/[0-9]{1,6}|udp/[0-9]{1,5}/quic-v1|udp/[0-9]{1,5}|tcp/x",
            name in "NAME|NAM|",
        ) {
            let text = format!("/{kind}/{host}/{way}/p2p/{}", name.replace("NAME", NAME));
            let address = Address(text);
            let place = Place::parse(&address);
            if crate::relay::is_relay(&address) {
                let place = place.expect("it can be added");
                proptest::prop_assert_eq!(place.relay.to_string(), NAME);
            }
        }
    }

    #[tokio::test]
    async fn a_name_is_looked_up_and_an_address_is_not() {
        let ip = place("/ip4/192.0.2.1/tcp/4001/p2p/NAME").unwrap();
        assert_eq!(
            ip.resolve(RelayPaths::Direct).await,
            std::slice::from_ref(&ip.at)
        );
        let here = place("/dns4/localhost/udp/4001/quic-v1/p2p/NAME").unwrap();
        let found = here.resolve(RelayPaths::Direct).await;
        assert!(!found.is_empty());
        for at in found {
            assert_eq!(at.to_string(), "/ip4/127.0.0.1/udp/4001/quic-v1");
        }
        let nowhere = place("/dns/nowhere.invalid/tcp/1/p2p/NAME").unwrap();
        assert!(nowhere.resolve(RelayPaths::Direct).await.is_empty());
        let proxied = RelayPaths::Proxied {
            proxy: ([127, 0, 0, 1], 9_050).into(),
        };
        let as_it_is = nowhere.resolve(proxied).await;
        assert_eq!(as_it_is, std::slice::from_ref(&nowhere.at));
        assert!(here.resolve(proxied).await.is_empty(), "it is QUIC");
    }
}
