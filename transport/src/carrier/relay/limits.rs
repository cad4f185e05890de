//! Limits the connections that are being made (`docs/PROTOCOL.md` sections 1 and 13a). libp2p's own limits bound each
//! swarm; this bounds what strangers can cause, over all swarms of a device together.
//!
//! The driver counts strangers whose connection is up, and evicts one for the next. Here nobody can be told apart
//! yet, so a full share of a prefix stays full: nothing is evicted.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use libp2p::connection_limits::ConnectionLimits;
use libp2p::core::Endpoint;
use libp2p::core::multiaddr::Protocol;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use super::dialled::RelayAddresses;
use super::face::prefix_of;
use super::{MAX_DIALS, MAX_RELAYS};
use crate::carrier::gate::Prefix;

/// Incoming connections that are not up yet, without circuits.
pub const MAX_PENDING: usize = 256;

/// Of those, and of circuits through one relay, the most from one prefix.
pub const MAX_PENDING_A_PREFIX: usize = 32;

/// Direct connections (hole punches) to others that are being made.
pub const MAX_PUNCHES: usize = 64;

/// Of those, the most to one name.
pub const MAX_PUNCHES_A_NAME: usize = 8;

/// Most addresses at which to dial a peer at once: an honest peer names no more.
pub const MAX_PLACES: usize = 20;

/// Connections that are up under one name, in each direction.
pub const MAX_ESTABLISHED: usize = 1_024;

/// Of those, the most with one name.
pub const MAX_ESTABLISHED_A_NAME: usize = 16;

/// The limits of one swarm.
pub fn of_a_swarm() -> ConnectionLimits {
    let most = |limit: usize| u32::try_from(limit).ok();
    ConnectionLimits::default()
        .with_max_pending_incoming(most(MAX_PENDING + MAX_RELAYS * MAX_PENDING_A_PREFIX))
        .with_max_pending_outgoing(most(MAX_DIALS + MAX_PUNCHES + MAX_RELAYS))
        .with_max_established_incoming(most(MAX_ESTABLISHED))
        .with_max_established_outgoing(most(MAX_ESTABLISHED))
        .with_max_established_per_peer(most(MAX_ESTABLISHED_A_NAME))
}

/// Connections that strangers have begun and that are not up yet, in all swarms of a device.
#[derive(Debug, Clone, Default)]
pub struct Begun(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    incoming: BTreeMap<ConnectionId, Share>,
    punches: BTreeMap<ConnectionId, PeerId>,
}

/// The share that a pending connection takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    prefix: Prefix,
    is_circuit: bool,
}

/// Why a connection is refused.
#[derive(Debug, thiserror::Error)]
#[error("too many connections are coming up")]
struct TooMany;

impl Begun {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(&mut self, id: ConnectionId, share: Share) -> Result<(), TooMany> {
        let all = self.incoming.values();
        let alike = all.clone().filter(|other| **other == share).count();
        let direct = all.filter(|other| !other.is_circuit).count();
        let is_full = !share.is_circuit && direct >= MAX_PENDING;
        if is_full || alike >= MAX_PENDING_A_PREFIX {
            return Err(TooMany);
        }
        self.incoming.insert(id, share);
        Ok(())
    }

    fn punch(&mut self, id: ConnectionId, who: PeerId) -> Result<(), TooMany> {
        let same = self.punches.values().filter(|other| **other == who).count();
        if self.punches.len() >= MAX_PUNCHES || same >= MAX_PUNCHES_A_NAME {
            return Err(TooMany);
        }
        self.punches.insert(id, who);
        Ok(())
    }
}

/// Refuses connections beyond the share of the stranger that begins them or makes us begin them.
#[derive(Debug)]
pub struct Shares {
    begun: Begun,
    relays: RelayAddresses,
    /// Pending connections of this swarm, which end with it.
    mine: BTreeSet<ConnectionId>,
}

impl Shares {
    /// The part of one swarm, which has these relays.
    pub fn new(begun: Begun, relays: RelayAddresses) -> Self {
        Self {
            begun,
            relays,
            mine: BTreeSet::new(),
        }
    }

    /// Forgets a connection that came up or failed.
    fn over(&mut self, id: ConnectionId) {
        if self.mine.remove(&id) {
            let mut begun = self.begun.lock();
            begun.incoming.remove(&id);
            begun.punches.remove(&id);
        }
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        for id in std::mem::take(&mut self.mine) {
            self.mine.insert(id);
            self.over(id);
        }
    }
}

fn is_circuit(at: &Multiaddr) -> bool {
    at.iter().any(|part| part == Protocol::P2pCircuit)
}

impl NetworkBehaviour for Shares {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let is_circuit = is_circuit(local);
        let prefix = match is_circuit {
            true => Prefix::named(local.as_ref()),
            false => prefix_of(remote),
        };
        let admitted = self.begun.lock().admit(id, Share { prefix, is_circuit });
        admitted.map_err(ConnectionDenied::new)?;
        self.mine.insert(id);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.over(id);
        Ok(dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        who: Option<PeerId>,
        at: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let is_ours = |at: &Multiaddr| is_circuit(at) || self.relays.holds(at);
        if at.iter().all(is_ours) {
            return Ok(Vec::new());
        }
        let who = who.filter(|_| at.len() <= MAX_PLACES);
        let who = who.ok_or_else(|| ConnectionDenied::new(TooMany))?;
        let admitted = self.begun.lock().punch(id, who);
        admitted.map_err(ConnectionDenied::new)?;
        self.mine.insert(id);
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.over(id);
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::DialFailure(failure) => self.over(failure.connection_id),
            FromSwarm::ListenFailure(failure) => self.over(failure.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_protocol_document() {
        const PROTOCOL: &str = include_str!("../../../../docs/PROTOCOL.md");
        for row in [
            format!("| `MAX_PENDING` | {MAX_PENDING} |"),
            format!(
                "{MAX_PENDING_A_PREFIX} per address prefix, and {MAX_PENDING_A_PREFIX} circuits"
            ),
            format!("| `MAX_PUNCHES` | {MAX_PUNCHES} |"),
            format!("{MAX_PUNCHES_A_NAME} to one name, at `MAX_PLACES` addresses"),
            format!("| `MAX_PLACES` | {MAX_PLACES} |"),
            format!(
                "| `MAX_ESTABLISHED` | {},{:03} |",
                MAX_ESTABLISHED / 1_000,
                MAX_ESTABLISHED % 1_000
            ),
            format!("each way; {MAX_ESTABLISHED_A_NAME} with one other name"),
        ] {
            assert!(PROTOCOL.contains(&row), "{row}");
        }
    }

    fn at(text: &str) -> Multiaddr {
        text.parse().expect("a multiaddress")
    }

    fn shares(begun: &Begun) -> Shares {
        Shares::new(begun.clone(), RelayAddresses::default())
    }

    fn knock(shares: &mut Shares, local: &str, remote: &str) -> Option<ConnectionId> {
        let id = fresh();
        let admitted = shares.handle_pending_inbound_connection(id, &at(local), &at(remote));
        admitted.ok().map(|()| id)
    }

    /// A connection id that no swarm uses.
    fn fresh() -> ConnectionId {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(1_000_000);
        ConnectionId::new_unchecked(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    #[test]
    fn a_prefix_has_its_share_in_all_swarms_together_and_what_is_up_or_gone_gives_it_back() {
        let begun = Begun::default();
        let (mut one, mut other) = (shares(&begun), shares(&begun));
        let mut knocks = Vec::new();
        for n in 0..MAX_PENDING_A_PREFIX {
            let swarm = if n % 2 == 0 { &mut one } else { &mut other };
            let from = format!("/ip4/192.0.2.{n}/tcp/{}", 1_000 + n);
            knocks.extend(knock(swarm, "/ip4/10.0.0.1/tcp/1", &from));
        }
        assert_eq!(knocks.len(), MAX_PENDING_A_PREFIX);
        let again = "/ip4/192.0.2.200/udp/9/quic-v1";
        assert!(knock(&mut one, "/ip4/10.0.0.1/udp/1/quic-v1", again).is_none());
        let elsewhere = "/ip4/192.0.3.1/tcp/9";
        assert!(knock(&mut one, "/ip4/10.0.0.1/tcp/1", elsewhere).is_some());
        one.over(knocks[0]);
        assert!(knock(&mut other, "/ip4/10.0.0.1/tcp/1", again).is_some());
        assert!(knock(&mut other, "/ip4/10.0.0.1/tcp/1", again).is_none());
        // Dropping a swarm frees the shares of its pending connections.
        drop(one);
        assert!(knock(&mut other, "/ip4/10.0.0.1/tcp/1", again).is_some());
    }

    #[test]
    fn a_flood_of_ports_takes_no_place_of_circuits() {
        let begun = Begun::default();
        let mut shares = shares(&begun);
        let mut direct = 0;
        for n in 0..2_000_u32 {
            let from = format!("/ip4/10.{}.{}.1/tcp/9", n / 250, n % 250);
            direct += usize::from(knock(&mut shares, "/ip4/10.0.0.1/tcp/1", &from).is_some());
        }
        assert_eq!(direct, MAX_PENDING);
        let relay = "/ip4/192.0.2.1/tcp/4001/p2p-circuit";
        for n in 0..100 {
            let is_in = knock(&mut shares, relay, "/memory/1").is_some();
            assert_eq!(is_in, n < MAX_PENDING_A_PREFIX);
        }
        let other = "/ip4/192.0.2.2/tcp/4001/p2p-circuit";
        assert!(knock(&mut shares, other, "/memory/1").is_some());
    }

    #[test]
    fn others_have_us_begin_few_connections_and_relays_are_called_all_the_same() {
        let begun = Begun::default();
        let relays = RelayAddresses::default();
        let relay = at("/ip4/192.0.2.1/tcp/4001");
        relays.add(std::slice::from_ref(&relay));
        let mut shares = Shares::new(begun, relays);
        let there = at("/ip4/198.51.100.1/tcp/9");
        let mut call = |who, at: &[Multiaddr]| {
            let called =
                shares.handle_pending_outbound_connection(fresh(), Some(who), at, Endpoint::Dialer);
            called.is_ok()
        };
        let too_many = vec![there.clone(); MAX_PLACES + 1];
        assert!(!call(PeerId::random(), &too_many));
        let who = PeerId::random();
        for n in 0..MAX_PUNCHES_A_NAME + 4 {
            let begins = call(who, std::slice::from_ref(&there));
            assert_eq!(begins, n < MAX_PUNCHES_A_NAME);
        }
        for n in MAX_PUNCHES_A_NAME..MAX_PUNCHES + 4 {
            let begins = call(PeerId::random(), std::slice::from_ref(&there));
            assert_eq!(begins, n < MAX_PUNCHES);
        }
        assert!(call(PeerId::random(), std::slice::from_ref(&relay)));
        let circuit = relay.with(Protocol::P2p(who)).with(Protocol::P2pCircuit);
        assert!(call(PeerId::random(), &[circuit]));
    }
}
