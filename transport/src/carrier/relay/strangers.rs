//! Limits the connections of strangers (`docs/PROTOCOL.md` section 13a): they have as many places as on the local
//! network, and a flood competes only for those.

use std::collections::BTreeMap;
use std::sync::Arc;

use libp2p::swarm::ConnectionId;

use super::link::Link;
use crate::carrier::gate::{Gate, Prefix};
use crate::carrier::links::Links;
use crate::carrier::{EventSink, LinkId};

/// The connections, under all names together, that others have begun or made us begin and over which nobody was
/// recognised yet.
#[derive(Debug)]
pub struct Strangers<S> {
    links: Arc<Links<S, Link>>,
    gate: Gate<ConnectionId>,
    /// The links that came up over each of them.
    accepted: BTreeMap<ConnectionId, Vec<LinkId>>,
}

impl<S: EventSink> Strangers<S> {
    /// No connections. `seed` decides which one to evict.
    pub fn new(links: Arc<Links<S, Link>>, seed: [u8; 32]) -> Self {
        Self {
            links,
            gate: Gate::new(seed),
            accepted: BTreeMap::new(),
        }
    }

    /// Adds a connection, and returns the one that the caller must close for it.
    pub fn enter(&mut self, connection: ConnectionId, prefix: Prefix) -> Option<ConnectionId> {
        self.forget_recognised();
        self.accepted.insert(connection, Vec::new());
        let victim = self.gate.admit(connection, prefix)?;
        self.accepted.remove(&victim);
        Some(victim)
    }

    /// Records that a link has come up over a connection.
    pub fn accepted(&mut self, connection: ConnectionId, link: LinkId) {
        if let Some(accepted) = self.accepted.get_mut(&connection) {
            accepted.retain(|link| self.links.link(*link).is_some());
            accepted.push(link);
        }
    }

    /// Removes a connection that is gone or leads to a contact.
    pub fn leave(&mut self, connection: ConnectionId) {
        self.gate.leave(connection);
        self.accepted.remove(&connection);
    }

    fn forget_recognised(&mut self) {
        let links = &self.links;
        let is_known = |link: &LinkId| links.link(*link).is_some_and(|link| !link.is_stranger());
        let known = self
            .accepted
            .extract_if(.., |_, accepted| accepted.iter().any(is_known));
        for (connection, _) in known {
            self.gate.leave(connection);
        }
    }
}
