//! Safety words: two people compare them to detect a man in the middle (`docs/PROTOCOL.md` section 10).
//!
//! The attacker needs two identities whose words look the same to both sides, and may search for them as long as it
//! likes before anybody meets. So each try costs memory and time.

use argon2::{Algorithm, Argon2, Params, Version};

/// Number of words.
pub const SAFETY_WORDS: usize = 12;

/// Version of the derivation; both sides must use the same.
const CONTEXT: &[u8] = b"hedgerow safety words 2";
const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// The safety words of two identities, as indexes into the BIP-39 English list: the same on both sides, different
/// with a man in the middle. Takes 64 MiB and a large part of a second, so never call it on a thread that others
/// wait for.
///
/// # Panics
/// Never: the parameters and the lengths are valid.
#[must_use]
pub fn safety_words(one: &[u8; 32], other: &[u8; 32]) -> [u16; SAFETY_WORDS] {
    let mut bits = [0; 32];
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(bits.len())).expect("within limits");
    let identities = [*one.min(other), *one.max(other)].concat();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(&identities, CONTEXT, &mut bits)
        .expect("64 bytes and a salt of more than 8");
    std::array::from_fn(|word| {
        (word * 11..(word + 1) * 11).fold(0, |place, bit| {
            place << 1 | u16::from(bits[bit / 8] >> (7 - bit % 8) & 1)
        })
    })
}
