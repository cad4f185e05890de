//! Marks, by which an author knows its own lost entries again (`docs/PROTOCOL.md` section 4).

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::id::{LogId, SpaceId};

/// Bytes of a mark.
pub const MARK_LENGTH: usize = 16;

/// The key of an identity's marks. Only its own devices and its backup hold it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MarkKey([u8; 32]);

impl MarkKey {
    /// From the 32 random bytes that the identity drew once.
    pub fn new(secret: &[u8; 32]) -> MarkKey {
        MarkKey(blake3::derive_key("hedgerow 1 mark", secret))
    }

    /// The mark of a batch, given the core's bytes before the mark.
    pub fn mark(&self, space: SpaceId, log: LogId, unmarked: &[u8]) -> [u8; MARK_LENGTH] {
        let mut place = [0; 40];
        place[..16].copy_from_slice(&space.0);
        place[16..32].copy_from_slice(&log.device.0);
        place[32..].copy_from_slice(&log.incarnation.0.to_be_bytes());
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&place).update(unmarked);
        let mut mark = [0; MARK_LENGTH];
        mark.copy_from_slice(&hasher.finalize().as_bytes()[..MARK_LENGTH]);
        mark
    }

    /// Whether `core`, a whole core of proof kind 1, was marked with this key.
    pub fn verifies(&self, space: SpaceId, log: LogId, core: &[u8]) -> bool {
        match core.split_last_chunk::<MARK_LENGTH>() {
            Some((unmarked, mark)) => self.mark(space, log, unmarked).ct_eq(mark).into(),
            None => false,
        }
    }
}

impl std::fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MarkKey(..)")
    }
}
