//! Decides which addresses a swarm may dial (`docs/PROTOCOL.md` section 13a): the user's relays, and the addresses
//! that the other end of a circuit names for itself (DCUtR), if they can be its own.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, Transport};

use super::MAX_RELAYS;
use super::place::{MAX_RESOLVED, ip_of};

/// Most relay addresses to remember.
const MAX_KNOWN: usize = MAX_RELAYS * MAX_RESOLVED;

/// Resolved addresses of the relays of one swarm, without their names. Its transport and its owner share them.
#[derive(Debug, Clone, Default)]
pub struct RelayAddresses(Arc<Mutex<VecDeque<Multiaddr>>>);

impl RelayAddresses {
    /// Adds the resolved addresses of one of the user's relays.
    pub fn add(&self, at: &[Multiaddr]) {
        let mut known = self.lock();
        known.retain(|one| !at.contains(one));
        known.extend(at.iter().cloned());
        while known.len() > MAX_KNOWN {
            known.pop_front();
        }
    }

    /// Whether a relay has this address.
    pub fn holds(&self, at: &Multiaddr) -> bool {
        self.lock().contains(&nameless(at))
    }

    fn ips(&self) -> Vec<IpAddr> {
        self.lock().iter().filter_map(ip_of).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Multiaddr>> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Internet,
    Private,
    LinkLocal,
    Loopback,
}

impl Scope {
    /// `None` if no host can have this address, or if it embeds another one.
    fn of(ip: IpAddr) -> Option<Scope> {
        match ip {
            IpAddr::V4(v4) => match v4.octets() {
                [0 | 224.., ..] | [192, 0, 0, _] | [198, 18 | 19, ..] => None,
                [127, ..] => Some(Scope::Loopback),
                [169, 254, ..] => Some(Scope::LinkLocal),
                // Carrier-grade NAT (RFC 6598) is as private.
                [100, 64..=127, ..] => Some(Scope::Private),
                _ if v4.is_private() => Some(Scope::Private),
                _ => Some(Scope::Internet),
            },
            IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Scope::Loopback),
            IpAddr::V6(v6) => match v6.segments() {
                [0xfe80..=0xfebf, ..] => Some(Scope::LinkLocal),
                [0xfc00..=0xfdff, ..] => Some(Scope::Private),
                // Teredo and 6to4 embed an IPv4 address.
                [0x2001, 0, ..] | [0x2002, ..] => None,
                [0x2000..=0x3fff, ..] => Some(Scope::Internet),
                _ => None,
            },
        }
    }
}

/// A transport that dials relays, and others only at addresses that can be theirs.
pub struct Choosy<T> {
    inner: T,
    relays: RelayAddresses,
    /// Addresses at which this device listens.
    own: Vec<(ListenerId, Multiaddr)>,
}

impl<T> Choosy<T> {
    /// Dials through `inner`.
    pub fn new(inner: T, relays: RelayAddresses) -> Self {
        Self {
            inner,
            relays,
            own: Vec::new(),
        }
    }

    /// Whether to dial an address. Internet addresses are always allowed. A private address is allowed only if a relay
    /// has an address of the same scope. An address of this machine is allowed only if a relay has the same IP.
    fn allows(&self, at: &Multiaddr) -> bool {
        if self.relays.holds(at) {
            return true;
        }
        let Some((ip, scope)) = direct(at) else {
            return false;
        };
        let relays = self.relays.ips();
        let is_here = scope == Scope::Loopback || self.listens_at(ip);
        if is_here {
            return relays.contains(&ip);
        }
        let is_alike = |relay: &IpAddr| Scope::of(*relay) == Some(scope);
        scope == Scope::Internet || relays.iter().any(is_alike)
    }

    fn listens_at(&self, ip: IpAddr) -> bool {
        self.own.iter().any(|(_, own)| ip_of(own) == Some(ip))
    }
}

/// The IP address and scope of a direct address: TCP or QUIC at an IP address.
fn direct(at: &Multiaddr) -> Option<(IpAddr, Scope)> {
    let at = nameless(at);
    let parts: Vec<Protocol<'_>> = at.iter().collect();
    match parts.as_slice() {
        [_, Protocol::Tcp(port)] | [_, Protocol::Udp(port), Protocol::QuicV1] if *port != 0 => {}
        _ => return None,
    }
    let ip = ip_of(&at)?;
    Some((ip, Scope::of(ip)?))
}

/// An address without the name of the peer at its end, which the swarm checks.
fn nameless(at: &Multiaddr) -> Multiaddr {
    let mut at = at.clone();
    if let Some(Protocol::P2p(_)) = at.iter().last() {
        at.pop();
    }
    at
}

impl<T: Transport + Unpin> Transport for Choosy<T> {
    type Output = T::Output;
    type Error = T::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = T::Dial;

    fn listen_on(
        &mut self,
        id: ListenerId,
        at: Multiaddr,
    ) -> Result<(), TransportError<Self::Error>> {
        self.inner.listen_on(id, at)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(
        &mut self,
        at: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<Self::Error>> {
        match self.allows(&at) {
            true => self.inner.dial(at, options),
            false => Err(TransportError::MultiaddrNotSupported(at)),
        }
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        let event = Pin::new(&mut self.inner).poll(context);
        match &event {
            Poll::Ready(TransportEvent::NewAddress {
                listener_id,
                listen_addr,
            }) => self.own.push((*listener_id, listen_addr.clone())),
            Poll::Ready(TransportEvent::AddressExpired {
                listener_id,
                listen_addr,
            }) => {
                let expired = (listener_id, listen_addr);
                self.own.retain(|(listener, at)| (listener, at) != expired);
            }
            Poll::Ready(TransportEvent::ListenerClosed { listener_id, .. }) => {
                self.own.retain(|(listener, _)| listener != listener_id);
            }
            _ => {}
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use libp2p::core::transport::dummy::DummyTransport;

    use super::*;

    const NAME: &str = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

    fn at(text: &str) -> Multiaddr {
        text.parse().expect("a multiaddress")
    }

    /// A transport that knows one relay, at this address.
    fn choosy(relay: &str) -> Choosy<DummyTransport<()>> {
        let relays = RelayAddresses::default();
        relays.add(&[at(relay)]);
        Choosy::new(DummyTransport::new(), relays)
    }

    #[test]
    fn whoever_is_met_at_a_relay_of_the_internet_is_called_on_the_internet_alone() {
        let choosy = choosy("/ip4/192.0.2.1/tcp/4001");
        for there in [
            "/ip4/198.51.100.7/tcp/80",
            "/ip4/198.51.100.7/udp/80/quic-v1",
            "/ip6/2001:db8::1/tcp/1",
        ] {
            assert!(choosy.allows(&at(there)), "{there}");
            assert!(choosy.allows(&at(&format!("{there}/p2p/{NAME}"))));
        }
        for nowhere in [
            "/ip4/127.0.0.1/tcp/8080",
            "/ip4/127.9.9.9/udp/53/quic-v1",
            "/ip6/::1/tcp/8080",
            "/ip4/0.0.0.0/tcp/8080",
            "/ip6/::/tcp/8080",
            "/ip4/192.168.1.1/tcp/80",
            "/ip4/10.0.0.1/udp/80/quic-v1",
            "/ip4/172.31.0.1/tcp/80",
            "/ip4/100.64.0.1/tcp/80",
            "/ip4/169.254.169.254/tcp/80",
            "/ip4/192.0.0.1/tcp/80",
            "/ip4/198.18.0.1/tcp/80",
            "/ip4/224.0.0.251/udp/5353/quic-v1",
            "/ip4/255.255.255.255/udp/9/quic-v1",
            "/ip6/fe80::1/tcp/80",
            "/ip6/fd00::1/tcp/80",
            "/ip6/ff02::fb/udp/5353/quic-v1",
            "/ip6/::ffff:127.0.0.1/tcp/80",
            "/ip6/::127.0.0.1/tcp/80",
            "/ip6/64:ff9b::7f00:1/tcp/80",
            "/ip6/2002:7f00:1::/tcp/80",
            "/ip6/2001:0:7f00:1::/tcp/80",
            "/ip4/198.51.100.7/tcp/0",
            "/ip4/198.51.100.7/udp/53",
            "/ip4/198.51.100.7/tcp/80/ws",
            "/dns4/localhost/tcp/80",
            "/dns/example.org/tcp/80",
            "/memory/1",
        ] {
            assert!(!choosy.allows(&at(nowhere)), "{nowhere}");
        }
    }

    #[test]
    fn a_relay_that_is_near_has_those_near_who_are_met_there() {
        let private = choosy("/ip4/10.1.2.3/tcp/4001");
        assert!(private.allows(&at("/ip4/192.168.1.9/tcp/4001")));
        assert!(!private.allows(&at("/ip4/127.0.0.1/tcp/4001")));
        assert!(!private.allows(&at("/ip4/169.254.169.254/tcp/80")));
        let here = choosy("/ip4/127.0.0.1/tcp/4001");
        assert!(here.allows(&at("/ip4/127.0.0.1/tcp/9")));
        assert!(!here.allows(&at("/ip4/127.0.0.2/tcp/9")));
        assert!(!here.allows(&at("/ip6/::1/tcp/9")));
        assert!(!here.allows(&at("/ip4/192.168.1.9/tcp/9")));
    }

    #[test]
    fn a_relay_is_called_where_the_user_has_it_and_nowhere_else() {
        let choosy = choosy("/ip4/10.1.2.3/tcp/4001");
        assert!(choosy.allows(&at(&format!("/ip4/10.1.2.3/tcp/4001/p2p/{NAME}"))));
        let relays = RelayAddresses::default();
        for port in 1..1_000 {
            relays.add(&[at(&format!("/ip4/192.0.2.1/tcp/{port}"))]);
        }
        assert!(relays.holds(&at("/ip4/192.0.2.1/tcp/999")));
        assert!(!relays.holds(&at("/ip4/192.0.2.1/tcp/1")));
    }

    #[test]
    fn no_service_of_this_machine_is_called_at_its_own_addresses() {
        let mut choosy = choosy("/ip4/192.0.2.1/tcp/4001");
        let own = at("/ip6/2001:db8::77/tcp/40000");
        assert!(choosy.allows(&at("/ip6/2001:db8::77/tcp/22")));
        choosy.own.push((ListenerId::next(), own));
        assert!(!choosy.allows(&at("/ip6/2001:db8::77/tcp/22")));
        assert!(choosy.allows(&at("/ip6/2001:db8::78/tcp/22")));
    }
}
