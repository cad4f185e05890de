//! Marks: an author recognises its own lost entries by them (`docs/PROTOCOL.md` section 4).

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::batch::Batch;
use crate::id::{LogId, SpaceId};

/// Bytes of a mark.
pub const MARK_LENGTH: usize = 16;

/// The key of an identity's marks. Only the identity's own devices and its backup hold it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MarkKey([u8; 32]);

impl MarkKey {
    /// From the 32 random bytes that the identity drew once.
    pub fn new(secret: &[u8; 32]) -> MarkKey {
        MarkKey(blake3::derive_key("hedgerow 1 mark", secret))
    }

    /// The mark of a batch of `log`; `covered` are the bytes that a mark covers.
    pub(crate) fn mark(&self, space: SpaceId, log: LogId, covered: &[u8]) -> [u8; MARK_LENGTH] {
        let mut place = [0; 40];
        place[..16].copy_from_slice(&space.0);
        place[16..32].copy_from_slice(&log.device.0);
        place[32..].copy_from_slice(&log.incarnation.0.to_be_bytes());
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&place).update(covered);
        let mut mark = [0; MARK_LENGTH];
        mark.copy_from_slice(&hasher.finalize().as_bytes()[..MARK_LENGTH]);
        mark
    }

    /// Whether `core` is a whole batch of `log` that was marked with this key.
    pub fn verifies(&self, space: SpaceId, log: LogId, core: &[u8]) -> bool {
        Batch::parse(core).is_ok_and(|batch| batch.is_marked(self, space, log))
    }
}

impl std::fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MarkKey(..)")
    }
}
