//! The policy: decides who gets a bundle.
//!
//! To add one, write one file in [`policies`](super::policies) with its settings and this trait, and one
//! line in the list there.

use hedgerow_sync::id::DeviceId;

use super::envelope::Hint;
use super::store::Held;

/// The peer in a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer {
    /// The device.
    pub device: DeviceId,
    /// Stands for its owner; zeros if the policy does not [need](Policy::needs_hint) it.
    pub hint: Hint,
}

/// The terms on which a peer may carry a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Copies that the peer gets.
    pub given: u32,
    /// Copies that this costs us; we keep the others.
    pub spent: u32,
    /// Bundles of lower rank go first; the settings order bundles of equal rank.
    pub rank: u64,
}

/// Decides who gets bundles. A peer picks up its own bundles without this policy.
pub trait Policy: Send {
    /// The initial copies of our bundles, and the most that a peer can give us.
    fn copies(&self) -> u32;

    /// Whether our bundles must name their recipient by a [`Hint`], which tells its cost.
    fn needs_hint(&self) -> bool {
        false
    }

    /// The greeting at the start of a meeting: at most [`MAX_GREETING`](super::said::MAX_GREETING) bytes.
    fn greeting(&mut self, _now_ms: u64) -> Vec<u8> {
        Vec::new()
    }

    /// Whether the offers to a peer depend on its greeting: then nothing is listed before that has arrived.
    fn heeds_greeting(&self) -> bool {
        false
    }

    /// A meeting has started, with this greeting of the peer: any bytes, perhaps of another policy.
    fn met(&mut self, _peer: &Peer, _greeting: &[u8], _now_ms: u64) {}

    /// The peer's greeting has changed. Returns whether the offers to it may have changed too.
    fn greeted_anew(&mut self, _peer: &Peer, _greeting: &[u8], _now_ms: u64) -> bool {
        false
    }

    /// Whether to send the greeting again to all connected peers because of what arrived since the last call.
    fn greets_anew(&mut self) -> bool {
        false
    }

    /// The meeting is over.
    fn parted(&mut self, _peer: &Peer) {}

    /// Whether to list a bundle to a peer at all; otherwise the peer cannot even find its own.
    fn lists(&self, _bundle: &Held, _peer: &Peer) -> bool {
        true
    }

    /// The terms on which a peer may carry a bundle, if it may. Copies being handed over to others do not count.
    fn offer(&self, bundle: &Held, peer: &Peer) -> Option<Offer>;
}
