//! The proof that whoever names a member key holds it (`docs/PROTOCOL.md` section 4c).

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::id::SpaceId;
use crate::membership::encoding::SIGNATURE_LENGTH;
use crate::membership::operation::MemberKey;

/// Proves possession of a member key of a group to one listener. `binder` is secret to the two, so the proof says to nobody else
/// who spoke, and nobody can pass it on as its own.
pub fn prove_possession(
    key: &SigningKey,
    space: SpaceId,
    binder: &[u8; 32],
) -> [u8; SIGNATURE_LENGTH] {
    key.sign(&signed(space, binder)).to_bytes()
}

impl MemberKey {
    /// Whether whoever made this proof for this group and listener holds the key.
    pub fn is_held(
        &self,
        space: SpaceId,
        binder: &[u8; 32],
        proof: &[u8; SIGNATURE_LENGTH],
    ) -> bool {
        let proof = Signature::from_bytes(proof);
        VerifyingKey::from_bytes(&self.0)
            .and_then(|key| key.verify_strict(&signed(space, binder), &proof))
            .is_ok()
    }
}

fn signed(space: SpaceId, binder: &[u8; 32]) -> Vec<u8> {
    [b"hedgerow 1 member key", &space.0[..], binder].concat()
}
