//! Wraps a behaviour and withholds some of our external addresses from it, so that it cannot tell them to others.
//!
//! Identify tells every peer all external addresses, and those of a relay client are its circuits at all relays:
//! each relay, and each peer that dials us, would learn the other relays. DCUtR tells at which addresses relays see
//! us, which must not reveal our hardware.

use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

use super::place::ip_of;
use crate::carrier::tells_hardware;

/// Passes every event on, except some that name our addresses.
pub struct Reticent<B> {
    inner: B,
    withholds: fn(&FromSwarm<'_>) -> bool,
}

impl<B> Reticent<B> {
    /// Withholds every external address.
    pub fn about_all(inner: B) -> Self {
        let withholds = |event: &FromSwarm<'_>| {
            matches!(
                event,
                FromSwarm::ExternalAddrConfirmed(_) | FromSwarm::ExternalAddrExpired(_)
            )
        };
        Self { inner, withholds }
    }

    /// Withholds addresses that contain the hardware address.
    pub fn about_hardware(inner: B) -> Self {
        let withholds = |event: &FromSwarm<'_>| match event {
            FromSwarm::NewExternalAddrCandidate(candidate) => {
                ip_of(candidate.addr).is_some_and(tells_hardware)
            }
            _ => false,
        };
        Self { inner, withholds }
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Reticent<B> {
    type ConnectionHandler = B::ConnectionHandler;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner
            .handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner
            .handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner
            .handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner
            .handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if !(self.withholds)(&event) {
            self.inner.on_swarm_event(event);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.inner
            .on_connection_handler_event(peer, connection, event);
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use libp2p::swarm::behaviour::{ExternalAddrConfirmed, NewExternalAddrCandidate};
    use libp2p::swarm::dummy;

    use super::*;

    #[test]
    fn an_address_that_tells_the_hardware_is_not_passed_on() {
        let reticent = Reticent::about_hardware(dummy::Behaviour);
        let withholds = |addr: &str| {
            let addr = addr.parse().expect("a multiaddress");
            let candidate = NewExternalAddrCandidate { addr: &addr };
            (reticent.withholds)(&FromSwarm::NewExternalAddrCandidate(candidate))
        };
        assert!(withholds("/ip6/2001:db8::5054:ff:fe12:3456/tcp/4001"));
        assert!(withholds(
            "/ip6/2001:db8::5054:ff:fe12:3456/udp/4001/quic-v1"
        ));
        assert!(!withholds("/ip6/2001:db8::a1b2/tcp/4001"));
        assert!(!withholds("/ip4/192.0.2.1/tcp/4001"));
    }

    #[test]
    fn of_where_others_reach_us_identify_hears_nothing() {
        let reticent = Reticent::about_all(dummy::Behaviour);
        let addr = "/ip4/192.0.2.1/tcp/4001".parse().expect("a multiaddress");
        let confirmed = ExternalAddrConfirmed { addr: &addr };
        assert!((reticent.withholds)(&FromSwarm::ExternalAddrConfirmed(
            confirmed
        )));
    }
}
