//! Keys of members, by number.

use ed25519_dalek::SigningKey;
use hedgerow_sync::membership::MemberKey;

/// The key with this number.
pub fn key(number: u64) -> SigningKey {
    SigningKey::from_bytes(blake3::hash(&number.to_be_bytes()).as_bytes())
}

/// Its public half.
pub fn member(number: u64) -> MemberKey {
    MemberKey(key(number).verifying_key().to_bytes())
}
