//! The addresses under which people reach the relay.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

/// The longest host name.
const MAX_HOST: usize = 253;

/// A name or an address under which people reach the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Public {
    /// An address.
    Ip(IpAddr),
    /// A DNS name.
    Name(String),
}

impl FromStr for Public {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        let is_label = |label: &str| {
            let is_known = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !label.is_empty() && label.len() <= 63 && label.chars().all(is_known)
        };
        match text.len() <= MAX_HOST && text.contains('.') && text.split('.').all(is_label) {
            true => Ok(Self::Name(text.to_owned())),
            false => Err("neither an address like 203.0.113.5 nor a name like relay.example.org"),
        }
    }
}

impl Public {
    fn protocol(&self) -> Protocol<'static> {
        match self {
            Self::Ip(IpAddr::V4(ip)) => Protocol::Ip4(*ip),
            Self::Ip(IpAddr::V6(ip)) => Protocol::Ip6(*ip),
            Self::Name(name) => Protocol::Dns(name.clone().into()),
        }
    }
}

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    Machine,
    Network,
    World,
}

/// From how far away others can reach a listener's address.
pub(super) fn reach(address: &Multiaddr) -> Reach {
    let ip = match address.iter().next() {
        Some(Protocol::Ip4(ip)) => IpAddr::V4(ip),
        Some(Protocol::Ip6(ip)) => IpAddr::V6(ip).to_canonical(),
        _ => return Reach::Machine,
    };
    match ip {
        ip if ip.is_loopback() || ip.is_unspecified() => Reach::Machine,
        IpAddr::V4(ip) if ip.is_link_local() => Reach::Machine,
        IpAddr::V6(ip) if is_link_local(&ip) => Reach::Machine,
        // 100.64.0.0/10: carrier-grade NAT.
        IpAddr::V4(ip)
            if ip.is_private() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64) =>
        {
            Reach::Network
        }
        IpAddr::V6(ip) if ip.segments()[0] & 0xfe00 == 0xfc00 => Reach::Network,
        _ => Reach::World,
    }
}

fn is_link_local(ip: &Ipv6Addr) -> bool {
    ip.segments()[0] & 0xffc0 == 0xfe80
}

/// The addresses to hand out: the public names with the ports of the listeners, or else the listeners' addresses that
/// reach farthest.
pub(super) fn to_hand_out(listening: &[Multiaddr], public: &[Public]) -> Vec<Multiaddr> {
    let mut places: Vec<Multiaddr> = match public {
        [] => {
            let farthest = listening.iter().map(reach).max();
            let farthest = |address: &&Multiaddr| Some(reach(address)) == farthest;
            listening.iter().filter(farthest).cloned().collect()
        }
        public => {
            let at = |public: &Public, address: &Multiaddr| -> Multiaddr {
                std::iter::once(public.protocol())
                    .chain(address.iter().skip(1))
                    .collect()
            };
            let all = public
                .iter()
                .flat_map(|one| listening.iter().map(|address| at(one, address)));
            all.collect()
        }
    };
    places.sort();
    places.dedup();
    // QUIC first: it saves one round trip.
    places.sort_by_key(|place| !place.iter().any(|part| part == Protocol::QuicV1));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn of_the_interfaces_those_are_handed_out_that_reach_farthest() {
        let all = addresses(&[
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/192.168.1.7/tcp/1",
            "/ip4/100.64.3.4/tcp/1",
            "/ip6/fe80::1/tcp/1",
            "/ip6/fd00::1/tcp/1",
            "/ip4/203.0.113.5/tcp/1",
            "/ip4/203.0.113.5/udp/1/quic-v1",
            "/ip6/2001:db8::5/tcp/1",
        ]);
        let world = addresses(&[
            "/ip4/203.0.113.5/udp/1/quic-v1",
            "/ip4/203.0.113.5/tcp/1",
            "/ip6/2001:db8::5/tcp/1",
        ]);
        assert_eq!(to_hand_out(&all, &[]), world);
        assert_eq!(
            to_hand_out(&all[..5], &[]).len(),
            3,
            "a network of one's own"
        );
        assert_eq!(to_hand_out(&all[..1], &[]), all[..1], "this machine");
    }

    #[test]
    fn what_is_named_public_is_handed_out_at_the_ports_that_are_listened_at() {
        let all = addresses(&[
            "/ip4/10.0.0.2/tcp/1",
            "/ip4/10.0.0.3/tcp/1",
            "/ip4/10.0.0.2/udp/2/quic-v1",
        ]);
        let public = ["relay.example.org", "203.0.113.5"].map(|text| text.parse().unwrap());
        let expected = addresses(&[
            "/ip4/203.0.113.5/udp/2/quic-v1",
            "/dns/relay.example.org/udp/2/quic-v1",
            "/ip4/203.0.113.5/tcp/1",
            "/dns/relay.example.org/tcp/1",
        ]);
        let mut given = to_hand_out(&all, &public);
        assert!(
            given[..2]
                .iter()
                .all(|one| one.to_string().contains("quic"))
        );
        given.sort();
        let mut expected = expected;
        expected.sort();
        assert_eq!(given, expected);
    }

    #[test]
    fn what_is_no_name_is_not_handed_out() {
        for text in [
            "",
            "localhost",
            "a b.example",
            "http://example.org",
            "example.org:4001",
            "..",
        ] {
            assert!(text.parse::<Public>().is_err(), "{text}");
        }
        assert_eq!(
            "2001:db8::1".parse(),
            Ok(Public::Ip("2001:db8::1".parse().unwrap()))
        );
    }
}
