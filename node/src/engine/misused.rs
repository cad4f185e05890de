//! What the adversaries of simulations do with an engine, and what an observer sees of it.

use hedgerow_transport::carrier::LinkId;

use super::Engine;
use super::link::State;
use crate::courier::{Envelope, Release};

impl Engine {
    /// Claims release values to all peers without knowing them: those that `guess` gives for each bundle that this
    /// engine holds. They leave with the next turn.
    pub fn claim_releases(&mut self, guess: &mut dyn FnMut(&Envelope) -> Vec<Release>) {
        if let Some(couriering) = &mut self.owners.couriering {
            couriering.claim_releases(guess);
        }
    }

    /// Whether a session has begun over a link. A device that answers a handshake does not know that
    /// anybody is there until the other side has said hello.
    pub fn is_session(&self, link: LinkId) -> bool {
        let link = self.links.by_id.get(&link);
        link.is_some_and(|link| matches!(&link.state, State::Live(live) if live.hello.is_some()))
    }
}
