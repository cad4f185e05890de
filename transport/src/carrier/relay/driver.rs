//! Drives the faces: keeps their places at relays, dials, and accepts connections.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use libp2p::futures::future::{BoxFuture, FutureExt};
use libp2p::futures::stream::{FuturesUnordered, StreamExt};
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, identify, relay};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::behaviour::BehaviourEvent;
use super::face::{Call, Face, Hold, prefix};
use super::limits::Begun;
use super::link::{self, Link};
use super::place::{Called, Place};
use super::strangers::Strangers;
use super::streams::StreamEvent;
use super::{MAX_NAMES, MAX_RELAYS, Wanted};
use crate::carrier::links::{Links, Origin, Reported};
use crate::carrier::{Address, CarrierEvent, CarrierState, DialId, EventSink, RelayState};
use crate::relay::{RelayKey, RelayPaths};

/// Runs until the carrier is dropped or its owner is gone.
pub async fn run<S: EventSink>(
    links: Arc<Links<S, Link>>,
    strangers: Strangers<S>,
    direct: bool,
    mut wanted: watch::Receiver<Wanted>,
    mut dials: mpsc::Receiver<(DialId, Address, Called)>,
) {
    let mut driver = Driver {
        links,
        strangers,
        begun: Begun::default(),
        direct,
        paths: RelayPaths::default(),
        is_other_way: false,
        faces: BTreeMap::new(),
        on: true,
        names: Vec::new(),
        relays: Vec::new(),
        finding: FuturesUnordered::new(),
        told: BTreeMap::new(),
        reported: Reported::default(),
    };
    let mut is_news = true;
    loop {
        // Names are derived from the keys only when they change, not at every event.
        if std::mem::take(&mut is_news) {
            let newest = wanted.borrow_and_update().clone();
            driver.take(newest);
        }
        if driver.settle().await.is_none() {
            return;
        }
        let retry_at = driver.next_retry();
        let links = driver.links.clone();
        let owned = tokio::select! {
            changed = wanted.changed() => {
                is_news = true;
                changed.ok()
            }
            dialled = dials.recv() => match dialled {
                Some((dial, to, called)) => driver.dial(dial, to, called).await,
                None => None,
            },
            (face, event) = next_event(&mut driver.faces) => driver.event(face, event).await,
            Some(found) = driver.finding.next() => driver.found(found).await,
            () = links.gone() => Some(()),
            () = sleep_until(retry_at.unwrap_or_else(now)), if retry_at.is_some() => Some(()),
        };
        if owned.is_none() {
            return;
        }
    }
}

/// The next event of any face.
async fn next_event(faces: &mut BTreeMap<PeerId, Face>) -> (PeerId, SwarmEvent<BehaviourEvent>) {
    poll_fn(|context| {
        for (name, face) in faces.iter_mut() {
            if let Poll::Ready(Some(event)) = face.swarm.poll_next_unpin(context) {
                return Poll::Ready((*name, event));
            }
        }
        Poll::Pending
    })
    .await
}

/// Result of resolving a relay's addresses, and what it is for.
struct Found {
    face: PeerId,
    relay: PeerId,
    /// The peer to dial there; `None` to reserve a place.
    who: Option<PeerId>,
    at: Vec<Multiaddr>,
}

struct Driver<S> {
    links: Arc<Links<S, Link>>,
    strangers: Strangers<S>,
    /// Connections that strangers have begun, under all names.
    begun: Begun,
    direct: bool,
    faces: BTreeMap<PeerId, Face>,
    on: bool,
    paths: RelayPaths,
    /// The paths changed: drop the faces that use the old ones.
    is_other_way: bool,
    /// The names in use; the first is today's name, under which the device dials.
    names: Vec<(PeerId, RelayKey)>,
    relays: Vec<(Address, Place)>,
    finding: FuturesUnordered<BoxFuture<'static, Found>>,
    /// The last reported state of each relay.
    told: BTreeMap<Address, RelayState>,
    reported: Reported,
}

impl<S: EventSink> Driver<S> {
    /// Applies what the owner wants.
    fn take(&mut self, wanted: Wanted) {
        self.on = wanted.on;
        let paths = match wanted.paths {
            RelayPaths::Direct if !self.direct => RelayPaths::Relayed,
            paths => paths,
        };
        self.is_other_way |= self.paths != paths;
        self.paths = paths;
        let before: Vec<PeerId> = self.relays.iter().map(|(_, place)| place.relay).collect();
        let relays = wanted.relays.into_iter().take(MAX_RELAYS);
        let relays = relays.filter_map(|at| Place::parse(&at).map(|place| (at, place)));
        self.relays = relays.collect();
        let is_used = wanted.on && !self.relays.is_empty();
        let keys = wanted.keys.into_iter().take(MAX_NAMES).filter(|_| is_used);
        // libp2p can parse every name.
        let named = |key: RelayKey| Some((key.name().peer_id().parse().ok()?, key));
        self.names = keys.filter_map(named).collect();
        let left = |relay: &PeerId| !self.relays.iter().any(|(_, place)| place.relay == *relay);
        for relay in before.into_iter().filter(left) {
            for face in self.faces.values_mut() {
                // This ends its circuits too.
                let _ = face.swarm.disconnect_peer_id(relay);
            }
        }
        if !is_used {
            self.links.end_all();
        }
    }

    /// Does what is wanted and due. `None`, here and below, if the owner is gone.
    async fn settle(&mut self) -> Option<()> {
        if !self.on {
            return self.off().await;
        }
        if std::mem::take(&mut self.is_other_way) {
            self.leave().await?;
        }
        for (name, key) in &self.names {
            if !self.faces.contains_key(name)
                && let Some(face) = Face::new(key, self.paths, &self.begun)
            {
                self.faces.insert(*name, face);
            }
        }
        let places: Vec<PeerId> = self.relays.iter().map(|(_, place)| place.relay).collect();
        for (name, face) in &mut self.faces {
            face.retired = !self.names.iter().any(|(wanted, _)| wanted == name);
            face.swarm
                .behaviour_mut()
                .streams
                .relays
                .clone_from(&places);
            face.keep(if face.retired { &[] } else { &places });
        }
        let idle = self
            .faces
            .extract_if(.., |_, face| face.retired && face.is_idle());
        for (_, face) in idle {
            for connection in face.prefixes.into_keys() {
                self.strangers.leave(connection);
            }
        }
        self.reserve();
        self.report().await
    }

    /// Resolves the relays at which a place is due.
    fn reserve(&mut self) {
        let now = now();
        for (name, face) in self.faces.iter_mut().filter(|(_, face)| !face.retired) {
            let mut relays: Vec<PeerId> = Vec::new();
            for (_, place) in &self.relays {
                if !relays.contains(&place.relay) {
                    relays.push(place.relay);
                }
            }
            for relay in relays {
                let hold = face.holds.entry(relay).or_insert_with(Hold::new);
                if !hold.is_due(now) {
                    continue;
                }
                hold.resolving = true;
                let places = self.relays.iter().filter(|(_, place)| place.relay == relay);
                let places: Vec<Place> = places.map(|(_, place)| place.clone()).collect();
                let (face, paths) = (*name, self.paths);
                self.finding.push(
                    async move {
                        let mut at = Vec::new();
                        for place in places {
                            at.extend(place.resolve(paths).await);
                        }
                        Found {
                            face,
                            relay,
                            who: None,
                            at,
                        }
                    }
                    .boxed(),
                );
            }
        }
    }

    fn next_retry(&self) -> Option<Instant> {
        let faces = self.faces.values().filter(|face| !face.retired);
        let holds = faces.flat_map(|face| face.holds.values());
        let now = now();
        holds
            .filter_map(|hold| hold.retry_at.filter(|retry_at| *retry_at > now))
            .min()
    }

    /// Ends everything, and reports `Off` once the last link has been reported down.
    async fn off(&mut self) -> Option<()> {
        if !self.links.are_gone() {
            return Some(());
        }
        self.leave().await?;
        self.told.clear();
        self.tell_state(CarrierState::Off, Vec::new()).await
    }

    /// Drops all faces at once, with their dials and connections.
    async fn leave(&mut self) -> Option<()> {
        self.finding.clear();
        let faces = std::mem::take(&mut self.faces);
        for (_, mut face) in faces {
            let waiting = std::mem::take(&mut face.calls).into_values();
            let waiting = waiting.flat_map(|call| call.waiting.into_iter().map(|(dial, _)| dial));
            let failed: Vec<DialId> = waiting.chain(face.opening.keys().copied()).collect();
            for connection in face.prefixes.into_keys() {
                self.strangers.leave(connection);
            }
            self.failed(failed).await?;
        }
        Some(())
    }

    async fn report(&mut self) -> Option<()> {
        let Some((first, key)) = self.names.first() else {
            self.told.clear();
            return self.tell_state(CarrierState::Off, Vec::new()).await;
        };
        let name = key.name();
        let mut states = Vec::new();
        if let Some(face) = self.faces.get(first) {
            for (at, place) in &self.relays {
                let hold = face.holds.get(&place.relay);
                let state = match self.paths {
                    RelayPaths::Proxied { .. } if !place.is_tcp() => RelayState::NeedsTcp,
                    _ => hold.map_or(RelayState::Connecting, |hold| hold.state),
                };
                states.push((at.clone(), state));
            }
        }
        let is_ready = |(_, state): &&(Address, RelayState)| *state == RelayState::Ready;
        let addresses = states
            .iter()
            .filter(is_ready)
            .map(|(at, _)| name.at(at))
            .collect::<Vec<_>>();
        let is_unknown = states
            .iter()
            .any(|(_, state)| *state == RelayState::Connecting);
        self.told
            .retain(|at, _| states.iter().any(|(known, _)| known == at));
        for (at, state) in states {
            if self.told.insert(at.clone(), state) != Some(state) {
                self.tell(CarrierEvent::Relay { at, state }).await?;
            }
        }
        match (addresses.is_empty(), is_unknown) {
            (false, _) => self.tell_state(CarrierState::On, addresses).await,
            (true, false) => self.tell_state(CarrierState::Failing, addresses).await,
            // Not known yet.
            (true, true) => Some(()),
        }
    }

    async fn tell_state(&mut self, state: CarrierState, addresses: Vec<Address>) -> Option<()> {
        self.reported.tell(&self.links, state, addresses).await
    }

    async fn tell(&mut self, event: CarrierEvent) -> Option<()> {
        self.links.tell(event).await
    }

    async fn failed(&mut self, dials: Vec<DialId>) -> Option<()> {
        for dial in dials {
            self.links.dial_over();
            self.tell(CarrierEvent::DialFailed { dial }).await?;
        }
        Some(())
    }

    /// Dials a peer, under today's name.
    async fn dial(&mut self, dial: DialId, to: Address, called: Called) -> Option<()> {
        let first = self.names.first().map(|(name, _)| *name);
        let Some((name, face)) = first.and_then(|name| Some((name, self.faces.get_mut(&name)?)))
        else {
            return self.failed(vec![dial]).await;
        };
        match called {
            Called::Directly(who) => {
                // The path may belong to another name, for example yesterday's.
                let mut faces = self.faces.values_mut();
                let found = faces.find_map(|face| Some((*face.direct.get(&who)?, face)));
                let Some((connection, face)) = found else {
                    return self.failed(vec![dial]).await;
                };
                face.swarm
                    .behaviour_mut()
                    .streams
                    .open(who, connection, dial);
                face.opening.insert(dial, (connection, to));
            }
            Called::Through(place, who) => {
                let relay = place.relay;
                if let Some(connection) = face.direct.get(&who).copied() {
                    face.swarm
                        .behaviour_mut()
                        .streams
                        .open(who, connection, dial);
                    face.opening.insert(dial, (connection, to));
                    return Some(());
                }
                if let Some(call) = face.calls.get_mut(&(relay, who)) {
                    call.waiting.push((dial, to));
                    if let (true, Some(connection)) = (call.is_up, call.connection) {
                        face.connected(who, connection);
                    }
                    return Some(());
                }
                let call = Call {
                    connection: None,
                    is_up: false,
                    waiting: vec![(dial, to)],
                };
                face.calls.insert((relay, who), call);
                let paths = self.paths;
                let find = async move {
                    let at = place.resolve(paths).await;
                    Found {
                        face: name,
                        relay,
                        who: Some(who),
                        at,
                    }
                };
                self.finding.push(find.boxed());
            }
        }
        Some(())
    }

    async fn found(&mut self, found: Found) -> Option<()> {
        let Found {
            face,
            relay,
            who,
            at,
        } = found;
        let Some(face) = self.faces.get_mut(&face) else {
            return Some(());
        };
        let Some(who) = who else {
            face.reserve(relay, &at, now());
            return Some(());
        };
        if face.call(relay, who, &at) {
            return Some(());
        }
        let call = face.calls.remove(&(relay, who));
        let waiting = call.map(|call| call.waiting).unwrap_or_default();
        self.failed(waiting.into_iter().map(|(dial, _)| dial).collect())
            .await
    }

    async fn event(&mut self, name: PeerId, event: SwarmEvent<BehaviourEvent>) -> Option<()> {
        let face = self.faces.get_mut(&name)?;
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Relay(
                relay::client::Event::ReservationReqAccepted { relay_peer_id, .. },
            )) => face.reserved(relay_peer_id),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(
                identify::Event::Received { peer_id, .. } | identify::Event::Error { peer_id, .. },
            )) => face.seen(peer_id),
            SwarmEvent::ListenerClosed {
                listener_id,
                reason,
                ..
            } => {
                let error = reason.as_ref().err();
                let error = error.map(|error| error as &(dyn std::error::Error + 'static));
                face.listener_closed(listener_id, error, now());
            }
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                let prefix = prefix(&endpoint);
                face.prefixes.insert(connection_id, prefix);
                let is_ours = face.has_begun(connection_id, &endpoint);
                if !is_ours && let Some(victim) = self.strangers.enter(connection_id, prefix) {
                    self.close(victim);
                }
                let face = self.faces.get_mut(&name)?;
                if endpoint.is_relayed() {
                    face.connected(peer_id, connection_id);
                    return Some(());
                }
                face.direct.insert(peer_id, connection_id);
                let links = &self.links;
                face.relayed.retain(|link, _| links.link(*link).is_some());
                let better = face.relayed.extract_if(.., |_, who| *who == peer_id);
                for (link, who) in better.collect::<Vec<_>>() {
                    let at = Address(format!("/p2p/{who}"));
                    self.tell(CarrierEvent::BetterPath { link, at }).await?;
                }
            }
            SwarmEvent::ConnectionClosed { connection_id, .. } => {
                self.strangers.leave(connection_id);
                let failed = face.disconnected(connection_id);
                return self.failed(failed).await;
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                peer_id,
                error,
                ..
            } => {
                if let Some(relay) = peer_id {
                    face.unreachable(relay, &error);
                }
                let failed = face.disconnected(connection_id);
                return self.failed(failed).await;
            }
            SwarmEvent::Behaviour(BehaviourEvent::Streams(event)) => {
                return self.stream(name, event).await;
            }
            _ => {}
        }
        Some(())
    }

    /// Closes a connection and everything that runs over it.
    fn close(&mut self, connection: ConnectionId) {
        let mut faces = self.faces.values_mut();
        if let Some(face) = faces.find(|face| face.prefixes.contains_key(&connection)) {
            face.swarm.close_connection(connection);
        }
    }

    async fn stream(&mut self, name: PeerId, event: StreamEvent) -> Option<()> {
        let face = self.faces.get_mut(&name)?;
        let held = face.held.clone();
        match event {
            StreamEvent::Accepted { connection, stream } => {
                if let Some(prefix) = face.prefixes.get(&connection) {
                    let origin = Origin::Accepted(*prefix);
                    if let Some(link) = link::up(&self.links, stream, origin, None, held).await {
                        self.strangers.accepted(connection, link);
                    }
                }
            }
            StreamEvent::Opened {
                dial,
                connection,
                stream,
            } => {
                let Some((_, at)) = face.opening.remove(&dial) else {
                    return Some(());
                };
                let Some(stream) = stream else {
                    // The peer did not answer over this connection; the next dial goes through a relay.
                    face.swarm.close_connection(connection);
                    return self.failed(vec![dial]).await;
                };
                let mut calls = face.calls.iter();
                let call = calls.find(|(_, call)| call.connection == Some(connection));
                let who = call.map(|((_, who), _)| *who);
                let origin = Origin::Dialled(dial);
                let Some(link) = link::up(&self.links, stream, origin, Some(at), held).await else {
                    return self.failed(vec![dial]).await;
                };
                self.links.dial_over();
                self.strangers.leave(connection);
                if let Some(who) = who {
                    face.relayed.insert(link, who);
                }
            }
        }
        Some(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a carrier runs on a real machine"
)]
fn now() -> Instant {
    Instant::now()
}
