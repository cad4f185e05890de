//! Replay windows: the used counters of a dialler's incarnation (`docs/PROTOCOL.md` section 7).

use minicbor::{Decode, Encode};

/// How many counters below the highest the window tells apart.
pub const REPLAY_WINDOW: u64 = 64;

/// The used counters of one (contact device, psk, incarnation). Admits each once, and never one that is more than
/// [`REPLAY_WINDOW`] below the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(array)]
pub struct ReplayWindow {
    #[n(0)]
    highest: u64,
    /// Bit `n` is set if `highest - n` was seen.
    #[n(1)]
    seen: u64,
}

impl ReplayWindow {
    /// Admits a counter if it is fresh. The caller must commit the window before it answers the dialler.
    #[must_use]
    pub fn admit(&mut self, counter: u64) -> bool {
        if counter == 0 {
            return false;
        }
        if counter > self.highest {
            let ahead = counter - self.highest;
            self.seen = if ahead < REPLAY_WINDOW {
                (self.seen << ahead) | 1
            } else {
                1
            };
            self.highest = counter;
            return true;
        }
        let behind = self.highest - counter;
        let fresh = behind < REPLAY_WINDOW && self.seen & (1 << behind) == 0;
        if fresh {
            self.seen |= 1 << behind;
        }
        fresh
    }

    /// Decodes a window from the store.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }

    /// Encodes the window for the store.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("encoding into memory does not fail")
    }
}
