//! The network interfaces of this machine, and notice of their changes.

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use if_addrs::{IfAddr, Interface};
use if_watch::tokio::IfWatcher;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tokio::time::{sleep, timeout};

use super::nearby::Nearby;
use crate::carrier::{Address, MAX_ADDRESSES, tells_hardware};

/// Changes come in bursts (an interface, its addresses, their routes); one look after a burst is enough.
const SETTLE: Duration = Duration::from_millis(200);

/// Pause before asking the kernel for change messages again after it refused.
const RETRY: Duration = Duration::from_secs(60);

/// The present interfaces on which the carrier listens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interfaces {
    /// Addresses at which others can reach us, the likeliest first, at most [`MAX_ADDRESSES`]. Addresses that reveal
    /// the hardware address are left out, since we announce these and tell them to contacts.
    pub addresses: Vec<(IpAddr, u32)>,
    /// The networks that count as near.
    pub nearby: Nearby,
}

impl Interfaces {
    /// Reads the interfaces from the system; empty if the system does not answer.
    pub fn now(bind: &[IpAddr]) -> Self {
        let all = if_addrs::get_if_addrs().unwrap_or_default();
        Self::of(&all, bind)
    }

    fn of(all: &[Interface], bind: &[IpAddr]) -> Self {
        let everywhere = |v4| {
            bind.iter()
                .any(|ip| ip.is_unspecified() && ip.is_ipv4() == v4)
        };
        let mut found: Vec<(u8, u32, IpAddr)> = Vec::new();
        let mut interfaces = Self::default();
        for interface in all {
            let ip = interface.ip();
            let reached = bind.contains(&ip)
                || everywhere(ip.is_ipv4()) && !ip.is_loopback() && !ip.is_unspecified();
            if !reached {
                continue;
            }
            let index = interface.index.unwrap_or(0);
            let nearby = &mut interfaces.nearby;
            nearby.networks.extend(network(&interface.addr));
            let (rank, scope) = match ip {
                IpAddr::V4(v4) if v4.is_link_local() => (2, 0),
                IpAddr::V4(_) => (0, 0),
                IpAddr::V6(v6) if v6.is_unicast_link_local() => {
                    nearby.scopes.push(index);
                    (3, index)
                }
                IpAddr::V6(_) => (1, 0),
            };
            if !tells_hardware(ip) {
                found.push((rank, scope, ip));
            }
        }
        found.sort_unstable();
        found.dedup();
        interfaces.addresses = found
            .into_iter()
            .take(MAX_ADDRESSES)
            .map(|(_, scope, ip)| (ip, scope))
            .collect();
        interfaces.nearby.scopes.sort_unstable();
        interfaces.nearby.scopes.dedup();
        interfaces
    }

    /// The addresses in the form that [`Address`] promises.
    pub fn at(&self, port: u16) -> Vec<Address> {
        let text = |(ip, scope): &(IpAddr, u32)| match ip {
            IpAddr::V4(_) => SocketAddr::new(*ip, port).to_string(),
            IpAddr::V6(v6) => SocketAddrV6::new(*v6, port, 0, *scope).to_string(),
        };
        self.addresses.iter().map(text).map(Address).collect()
    }
}

/// The network of an address; `None` for link-local ones, which are the same everywhere.
fn network(address: &IfAddr) -> Option<IpNet> {
    if address.is_link_local() {
        return None;
    }
    let network: IpNet = match address {
        IfAddr::V4(v4) => Ipv4Net::new(v4.ip, v4.prefixlen).ok()?.into(),
        IfAddr::V6(v6) => Ipv6Net::new(v6.ip, v6.prefixlen).ok()?.into(),
    };
    Some(network.trunc())
}

/// A name for a network, under which the owner stores its port (`docs/PROTOCOL.md` section 13).
pub fn name(network: &IpNet) -> [u8; 16] {
    let (prefix, length) = match network {
        IpNet::V4(v4) => (v4.network().to_ipv6_mapped(), 96 + v4.prefix_len()),
        IpNet::V6(v6) => (v6.network(), v6.prefix_len()),
    };
    let mut hasher = blake3::Hasher::new_derive_key("hedgerow 1 network");
    hasher.update(&prefix.octets()).update(&[length]);
    let mut name = [0; 16];
    name.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    name
}

/// Notices of changes, from the kernel: nothing is polled.
pub struct Changes(Option<IfWatcher>);

impl Changes {
    pub fn new() -> Self {
        Self(None)
    }

    /// Waits until something has changed and settled.
    pub async fn next(&mut self) {
        loop {
            if let Some(watcher) = &mut self.0 {
                let mut waiting = poll_fn(|cx| watcher.poll_if_event(cx)).await;
                while waiting.is_ok() {
                    let next = poll_fn(|cx| watcher.poll_if_event(cx));
                    match timeout(SETTLE, next).await {
                        Ok(more) => waiting = more,
                        Err(_) => return,
                    }
                }
                self.0 = None;
                return;
            }
            match IfWatcher::new() {
                Ok(watcher) => self.0 = Some(watcher),
                Err(_) => sleep(RETRY).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use if_addrs::{IfOperStatus, Ifv4Addr, Ifv6Addr};

    use super::*;

    fn interface(index: u32, ip: &str, prefixlen: u8) -> Interface {
        let addr = match ip.parse().expect("an address") {
            IpAddr::V4(ip) => IfAddr::V4(Ifv4Addr {
                ip,
                netmask: ip,
                prefixlen,
                broadcast: None,
            }),
            IpAddr::V6(ip) => IfAddr::V6(Ifv6Addr {
                ip,
                netmask: ip,
                prefixlen,
                broadcast: None,
            }),
        };
        let oper_status = IfOperStatus::Up;
        Interface {
            name: "x".into(),
            addr,
            index: Some(index),
            oper_status,
            is_p2p: false,
        }
    }

    const EVERYWHERE: [IpAddr; 2] = [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ];

    #[test]
    fn addresses_come_likeliest_first_with_their_scope() {
        let all = [
            interface(1, "127.0.0.1", 8),
            interface(3, "fe80::7", 64),
            interface(2, "169.254.1.1", 16),
            interface(3, "2001:db8::7", 64),
            interface(3, "192.0.2.7", 24),
        ];
        let interfaces = Interfaces::of(&all, &EVERYWHERE);
        let addresses: Vec<String> = interfaces.at(4711).into_iter().map(|at| at.0).collect();
        assert_eq!(
            addresses,
            [
                "192.0.2.7:4711",
                "[2001:db8::7]:4711",
                "169.254.1.1:4711",
                "[fe80::7%3]:4711"
            ]
        );
        assert_eq!(interfaces.nearby.scopes, [3]);
        assert_eq!(
            interfaces.nearby.networks.len(),
            2,
            "link-local ones are no network"
        );
    }

    #[test]
    fn what_tells_the_hardware_address_is_neither_announced_nor_told_and_its_network_stays_near() {
        let all = [
            interface(2, "fe80::5054:ff:fe12:3456", 64),
            interface(2, "2001:db8::5054:ff:fe12:3456", 64),
            interface(2, "2001:db8::ff:fe12", 64),
        ];
        let interfaces = Interfaces::of(&all, &EVERYWHERE);
        assert_eq!(
            interfaces.at(1),
            [Address("[2001:db8::ff:fe12]:1".into())],
            "ff:fe elsewhere tells nothing"
        );
        assert_eq!(interfaces.nearby.scopes, [2]);
        assert_eq!(interfaces.nearby.networks.len(), 1);
    }

    #[test]
    fn at_most_sixteen_addresses() {
        let all: Vec<Interface> = (0..40)
            .map(|n| interface(n, &format!("10.0.{n}.1"), 24))
            .collect();
        assert_eq!(
            Interfaces::of(&all, &EVERYWHERE).addresses.len(),
            MAX_ADDRESSES
        );
    }

    #[test]
    fn only_what_is_bound_is_reported() {
        let all = [
            interface(1, "127.0.0.1", 8),
            interface(1, "::1", 128),
            interface(2, "192.0.2.7", 24),
        ];
        let loopback = Interfaces::of(&all, &[Ipv4Addr::LOCALHOST.into()]);
        assert_eq!(loopback.at(1), [Address("127.0.0.1:1".into())]);
        assert_eq!(
            loopback.nearby.networks.len(),
            1,
            "its port is remembered as any other's"
        );
    }

    #[test]
    fn a_network_is_its_prefix() {
        let name = |ip, length| network(&interface(1, ip, length).addr).as_ref().map(name);
        assert_eq!(name("192.0.2.7", 24), name("192.0.2.9", 24));
        assert_ne!(name("192.0.2.7", 24), name("192.0.3.7", 24));
        assert_ne!(name("192.0.2.7", 24), name("192.0.2.7", 25));
        assert_eq!(name("2001:db8::1", 64), name("2001:db8::2", 64));
        assert_eq!(name("fe80::1", 64), None);
        assert!(name("192.0.2.7", 0).is_some());
        assert_eq!(name("192.0.2.7", 33), None, "no prefix length panics");
    }
}
