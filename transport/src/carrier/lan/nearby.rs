//! Decides which addresses belong to the local network.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use ipnet::IpNet;

use crate::carrier::Address;

/// Interfaces on which to try a link-local address.
const MAX_SCOPES: usize = 8;

/// The networks that are near. A contact, an invitation or an announcement may name any address; this carrier dials
/// only near ones and ignores connections from others. So it sends nothing over the internet, where it would bypass
/// the relays and the proxy that the user chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nearby {
    /// The networks of the interfaces on which we listen.
    pub networks: BTreeSet<IpNet>,
    /// Indexes of the interfaces with a link-local IPv6 address, each once.
    pub scopes: Vec<u32>,
}

impl Nearby {
    /// Whether an address is near: in one of our networks, or in a range that the internet does not route. Routers
    /// often split private ranges (RFC 1918, RFC 4193), so every private address counts as near. Loopback is near
    /// only if we listen there.
    pub fn holds(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let anywhere = match ip {
            IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
        };
        anywhere || self.networks.iter().any(|network| network.contains(&ip))
    }

    /// The sockets to try for an address; none if it is not near, or not an address of this carrier.
    ///
    /// A link-local IPv6 address names an interface of *its own* device, which does not help a contact. We try the
    /// address on every interface that has link-local addresses, the named one first.
    pub fn sockets(&self, address: &Address) -> Vec<SocketAddr> {
        let Ok(address) = address.0.parse::<SocketAddr>() else {
            return Vec::new();
        };
        if address.port() == 0 || !self.holds(address.ip()) {
            return Vec::new();
        }
        let SocketAddr::V6(v6) = address else {
            return vec![address];
        };
        if !v6.ip().is_unicast_link_local() {
            return vec![address];
        }
        let named = self.scopes.iter().filter(|scope| **scope == v6.scope_id());
        let others = self.scopes.iter().filter(|scope| **scope != v6.scope_id());
        let on = |scope: &u32| SocketAddrV6::new(*v6.ip(), v6.port(), 0, *scope).into();
        named.chain(others).take(MAX_SCOPES).map(on).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearby(networks: &[&str], scopes: &[u32]) -> Nearby {
        let network = |text: &&str| text.parse().expect("a network");
        Nearby {
            networks: networks.iter().map(network).collect(),
            scopes: scopes.to_vec(),
        }
    }

    fn sockets(nearby: &Nearby, text: &str) -> Vec<String> {
        let sockets = nearby.sockets(&Address(text.into()));
        sockets.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn a_link_local_address_is_tried_where_such_addresses_are() {
        assert_eq!(
            sockets(&nearby(&[], &[2, 3]), "[fe80::1%3]:99"),
            ["[fe80::1%3]:99", "[fe80::1%2]:99"],
            "the one it names first"
        );
        let one = nearby(&[], &[2]);
        assert_eq!(sockets(&one, "[fe80::1%9]:99"), ["[fe80::1%2]:99"]);
        assert!(sockets(&nearby(&[], &[]), "[fe80::1]:99").is_empty());
    }

    #[test]
    fn what_is_no_address_is_not_dialled() {
        let everywhere = nearby(&["0.0.0.0/1", "2000::/3"], &[1]);
        for text in ["", "memory:1", "10.0.0.1", "10.0.0.1:0", "example.org:80"] {
            assert!(sockets(&everywhere, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn an_address_of_the_internet_is_not_near_unless_a_network_of_ours_has_it() {
        let home = nearby(&["10.1.0.0/16", "fd00::/64"], &[1]);
        for text in [
            "192.0.2.1:4711",
            "[2001:db8::1]:4711",
            "[::ffff:192.0.2.1]:4711",
            "[64:ff9b::c000:201]:4711",
            "100.64.0.1:4711",
            "255.255.255.255:5",
            "0.0.0.0:5",
            "[::]:5",
            "224.0.0.251:5",
            "[ff02::fb]:5",
            "127.0.0.1:5",
            "[::1]:5",
        ] {
            assert!(sockets(&home, text).is_empty(), "{text}");
        }
        let campus = nearby(&["192.0.2.0/24", "2001:db8::/64"], &[]);
        for text in [
            "192.0.2.1:4711",
            "[2001:db8::1]:4711",
            "[::ffff:192.0.2.1]:4711",
        ] {
            assert_eq!(sockets(&campus, text), [text]);
        }
        assert!(sockets(&campus, "192.0.3.1:4711").is_empty());
    }

    #[test]
    fn what_the_internet_does_not_carry_is_near_beyond_our_networks_too() {
        let away = nearby(&[], &[]);
        for text in [
            "10.9.8.7:1",
            "172.16.0.1:1",
            "192.168.1.1:1",
            "169.254.1.1:1",
            "[fd12::1]:1",
        ] {
            assert_eq!(sockets(&away, text), [text]);
        }
    }

    #[test]
    fn this_machine_is_near_where_we_listen_there() {
        let loopback = nearby(&["127.0.0.0/8", "::1/128"], &[]);
        assert_eq!(sockets(&loopback, "127.0.0.1:5"), ["127.0.0.1:5"]);
        assert_eq!(sockets(&loopback, "[::1]:5"), ["[::1]:5"]);
    }
}
