//! A face: one name that the device uses at relays, with its swarm, its places at relays and its outgoing
//! circuits.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use libp2p::core::ConnectedPoint;
use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::relay::outbound::hop::ReserveError;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError};
use libp2p::{Multiaddr, PeerId, Swarm};
use tokio::time::Instant;

use super::behaviour::{self, Behaviour};
use super::dialled::RelayAddresses;
use super::limits::Begun;
use super::place::ip_of;
use crate::carrier::gate::Prefix;
use crate::carrier::{Address, DialId, LinkId, RelayState};
use crate::relay::{RelayKey, RelayPaths};

/// The first and the longest pause after a reservation failed.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// One name.
pub struct Face {
    pub swarm: Swarm<Behaviour>,
    /// Each link holds a clone; no other clone left means that no link needs the face.
    pub held: Arc<()>,
    /// The name is no longer in use; what runs under it goes on to its end.
    pub retired: bool,
    /// Places by relay.
    pub holds: BTreeMap<PeerId, Hold>,
    /// Circuits that are up or being made, by relay and peer.
    pub calls: BTreeMap<(PeerId, PeerId), Call>,
    /// Streams that are being opened.
    pub opening: BTreeMap<DialId, (ConnectionId, Address)>,
    /// Direct connections by peer.
    pub direct: BTreeMap<PeerId, ConnectionId>,
    /// Links that we dialled through a relay, with the peer at the other end.
    pub relayed: BTreeMap<LinkId, PeerId>,
    /// The prefix whose share of strangers' places each connection takes.
    pub prefixes: BTreeMap<ConnectionId, Prefix>,
    /// Resolved addresses of its relays.
    relays: RelayAddresses,
}

/// A place at a relay, or the attempts to get one.
pub struct Hold {
    pub state: RelayState,
    has_place: bool,
    /// The relay has told at which address it sees us, or will not. A peer that connects before that learns of no
    /// direct path, and is not asked again.
    is_seen: bool,
    listener: Option<ListenerId>,
    /// The relay's address is being resolved.
    pub resolving: bool,
    pub retry_at: Option<Instant>,
    /// Number of attempts; each tries the next address.
    tries: usize,
    pauses: ExponentialBackoff,
}

/// A circuit.
pub struct Call {
    /// `None` until the relay has been resolved.
    pub connection: Option<ConnectionId>,
    pub is_up: bool,
    /// Dial attempts that wait for it.
    pub waiting: Vec<(DialId, Address)>,
}

impl Face {
    /// A face without places. `None` if libp2p cannot be set up.
    pub fn new(key: &RelayKey, paths: RelayPaths, begun: &Begun) -> Option<Self> {
        let relays = RelayAddresses::default();
        Some(Self {
            swarm: behaviour::swarm(key, paths, begun, &relays)?,
            held: Arc::new(()),
            retired: false,
            holds: BTreeMap::new(),
            calls: BTreeMap::new(),
            opening: BTreeMap::new(),
            direct: BTreeMap::new(),
            relayed: BTreeMap::new(),
            prefixes: BTreeMap::new(),
            relays,
        })
    }

    /// Whether nothing runs under it any more.
    pub fn is_idle(&self) -> bool {
        let waits = |call: &Call| !call.waiting.is_empty();
        Arc::strong_count(&self.held) == 1
            && self.opening.is_empty()
            && !self.calls.values().any(waits)
    }

    /// Gives up all places except at these relays.
    pub fn keep(&mut self, relays: &[PeerId]) {
        let left = self
            .holds
            .extract_if(.., |relay, _| !relays.contains(relay));
        let listeners: Vec<ListenerId> = left.filter_map(|(_, hold)| hold.listener).collect();
        for listener in listeners {
            self.swarm.remove_listener(listener);
        }
    }

    /// Asks for a place at a relay that was resolved to these addresses.
    pub fn reserve(&mut self, relay: PeerId, at: &[Multiaddr], now: Instant) {
        let Some(hold) = self.holds.get_mut(&relay) else {
            return;
        };
        hold.resolving = false;
        self.relays.add(at);
        let next = at.get(hold.tries % at.len().max(1));
        hold.tries += 1;
        let asked = next.and_then(|at| {
            let at = at
                .clone()
                .with(Protocol::P2p(relay))
                .with(Protocol::P2pCircuit);
            self.swarm.listen_on(at).ok()
        });
        match asked {
            Some(listener) => hold.listener = Some(listener),
            None => hold.failed(RelayState::Unreachable, now),
        }
    }

    /// Records that the relay has reserved a place.
    pub fn reserved(&mut self, relay: PeerId) {
        if let Some(hold) = self.holds.get_mut(&relay) {
            hold.has_place = true;
            hold.settle();
        }
    }

    /// Records that the relay has told where it sees us, or will not.
    pub fn seen(&mut self, relay: PeerId) {
        if let Some(hold) = self.holds.get_mut(&relay) {
            hold.is_seen = true;
            hold.settle();
        }
    }

    /// Records that a place, or an attempt to get one, has ended.
    pub fn listener_closed(
        &mut self,
        listener: ListenerId,
        error: Option<&(dyn Error + 'static)>,
        now: Instant,
    ) {
        let mut holds = self.holds.values_mut();
        let Some(hold) = holds.find(|hold| hold.listener == Some(listener)) else {
            return;
        };
        hold.listener = None;
        let state = match (error, hold.state) {
            (Some(error), _) => refusal(error),
            // The earlier event says more precisely why the relay was not reached.
            (None, state @ (RelayState::Unreachable | RelayState::WrongName)) => state,
            (None, _) => RelayState::Unreachable,
        };
        hold.failed(state, now);
    }

    /// Records that a relay could not be connected to.
    pub fn unreachable(&mut self, relay: PeerId, error: &DialError) {
        if let Some(hold) = self.holds.get_mut(&relay)
            && hold.state != RelayState::Ready
        {
            hold.state = match error {
                DialError::WrongPeerId { .. } => RelayState::WrongName,
                _ => RelayState::Unreachable,
            };
        }
    }

    /// Dials a circuit through a relay that was resolved to these addresses. False if that is impossible.
    pub fn call(&mut self, relay: PeerId, who: PeerId, at: &[Multiaddr]) -> bool {
        self.relays.add(at);
        let through = |at: &Multiaddr| {
            let relay = at.clone().with(Protocol::P2p(relay));
            relay.with(Protocol::P2pCircuit).with(Protocol::P2p(who))
        };
        let options = DialOpts::peer_id(who)
            // Another connection, for example an earlier direct one, must not prevent this one.
            .condition(PeerCondition::Always)
            .addresses(at.iter().map(through).collect())
            .build();
        let connection = options.connection_id();
        let begun = !at.is_empty() && self.swarm.dial(options).is_ok();
        if let Some(call) = self.calls.get_mut(&(relay, who)) {
            call.connection = Some(connection);
        }
        begun
    }

    /// Whether we began a connection: to a relay, or through one to a peer that we dial.
    pub fn has_begun(&self, connection: ConnectionId, endpoint: &ConnectedPoint) -> bool {
        let ConnectedPoint::Dialer { address, .. } = endpoint else {
            return false;
        };
        let mut calls = self.calls.values();
        calls.any(|call| call.connection == Some(connection)) || self.relays.holds(address)
    }

    /// Opens the streams that wait for a connection.
    pub fn connected(&mut self, who: PeerId, connection: ConnectionId) {
        let mut calls = self.calls.values_mut();
        let Some(call) = calls.find(|call| call.connection == Some(connection)) else {
            return;
        };
        call.is_up = true;
        for (dial, at) in std::mem::take(&mut call.waiting) {
            self.swarm
                .behaviour_mut()
                .streams
                .open(who, connection, dial);
            self.opening.insert(dial, (connection, at));
        }
    }

    /// Records that a connection ended or was never made. Returns the dial attempts that fail with it.
    pub fn disconnected(&mut self, connection: ConnectionId) -> Vec<DialId> {
        self.prefixes.remove(&connection);
        self.direct.retain(|_, direct| *direct != connection);
        let calls = self
            .calls
            .extract_if(.., |_, call| call.connection == Some(connection));
        let waiting = calls.flat_map(|(_, call)| call.waiting.into_iter().map(|(dial, _)| dial));
        let mut failed: Vec<DialId> = waiting.collect();
        let opening = self.opening.extract_if(.., |_, (on, _)| *on == connection);
        failed.extend(opening.map(|(dial, _)| dial));
        failed
    }
}

impl Hold {
    pub fn new() -> Self {
        Self {
            state: RelayState::Connecting,
            has_place: false,
            is_seen: false,
            listener: None,
            resolving: false,
            retry_at: None,
            tries: 0,
            pauses: pauses(),
        }
    }

    /// Whether to ask for the place now.
    pub fn is_due(&self, now: Instant) -> bool {
        let is_rested = self.retry_at.is_none_or(|retry_at| retry_at <= now);
        self.listener.is_none() && !self.resolving && is_rested
    }

    fn settle(&mut self) {
        if self.has_place && self.is_seen {
            self.state = RelayState::Ready;
            self.pauses = pauses();
        }
    }

    fn failed(&mut self, state: RelayState, now: Instant) {
        self.state = state;
        self.has_place = false;
        self.retry_at = Some(now + self.pauses.next().unwrap_or(LONGEST_PAUSE));
    }
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Why a relay gives no place.
fn refusal(error: &(dyn Error + 'static)) -> RelayState {
    let mut cause = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref() {
            Some(ReserveError::Refused) => return RelayState::Refused,
            Some(ReserveError::ResourceLimitExceeded) => return RelayState::Full,
            Some(ReserveError::Unsupported) => return RelayState::NotARelay,
            _ => cause = error.source(),
        }
    }
    RelayState::Unreachable
}

/// The prefix whose share of strangers' places a connection takes. All who come through one relay share one, since
/// names cost nothing there.
pub fn prefix(endpoint: &ConnectedPoint) -> Prefix {
    match endpoint {
        ConnectedPoint::Listener { local_addr, .. } if endpoint.is_relayed() => {
            Prefix::named(local_addr.as_ref())
        }
        ConnectedPoint::Listener {
            send_back_addr: from,
            ..
        }
        | ConnectedPoint::Dialer { address: from, .. } => prefix_of(from),
    }
}

/// The prefix of an address.
pub fn prefix_of(at: &Multiaddr) -> Prefix {
    ip_of(at).map_or_else(|| Prefix::named(at.as_ref()), Prefix::of)
}
