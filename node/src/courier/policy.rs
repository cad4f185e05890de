//! The policy: to whom a bundle is given.
//!
//! To add one, write one file in [`policies`](super::policies) with its settings and this trait, and one
//! line in the list there.

use hedgerow_sync::id::DeviceId;

use super::envelope::Hint;
use super::store::Held;

/// Whom a courier meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer {
    /// The device.
    pub device: DeviceId,
    /// What stands for its owner; zeros where the policy does not [need](Policy::needs_hint) it.
    pub hint: Hint,
}

/// A bundle may be given to a peer, to carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The copies that the peer gets.
    pub given: u32,
    /// The copies that this costs us; we keep the others.
    pub spent: u32,
    /// Bundles of lower rank are sent first; those of one rank in the order that the settings say.
    pub rank: u64,
}

/// To whom bundles are given. What is for the peer itself it picks without asking the policy.
pub trait Policy: Send {
    /// The copies of a bundle of ours at its beginning, and the most that a peer can give us.
    fn copies(&self) -> u32;

    /// Whether bundles of ours must say for whom they are (see [`Hint`] for what that costs).
    fn needs_hint(&self) -> bool {
        false
    }

    /// What is said at the beginning of a meeting: at most [`MAX_GREETING`](super::said::MAX_GREETING)
    /// bytes.
    fn greeting(&mut self, _now_ms: u64) -> Vec<u8> {
        Vec::new()
    }

    /// Whether what a peer is offered depends on its greeting: then it is told of nothing before that has come.
    fn heeds_greeting(&self) -> bool {
        false
    }

    /// A meeting has begun, and this is the peer's greeting: anything, perhaps of another policy.
    fn met(&mut self, _peer: &Peer, _greeting: &[u8], _now_ms: u64) {}

    /// The peer's greeting has changed. True: so may have what it is offered.
    fn greeted_anew(&mut self, _peer: &Peer, _greeting: &[u8], _now_ms: u64) -> bool {
        false
    }

    /// Whether all who are near are to hear the greeting anew, for what was heard since the last time
    /// this was asked.
    fn greets_anew(&mut self) -> bool {
        false
    }

    /// The meeting is over.
    fn parted(&mut self, _peer: &Peer) {}

    /// Whether a peer is told of a bundle at all; otherwise it cannot pick what is its own either.
    fn lists(&self, _bundle: &Held, _peer: &Peer) -> bool {
        true
    }

    /// Whether, and how, a bundle is given to a peer. Of its copies those that are being handed over
    /// elsewhere are not counted.
    fn offer(&self, bundle: &Held, peer: &Peer) -> Option<Offer>;
}
