//! Safety words: what two people compare to know that nobody is in between (`docs/PROTOCOL.md` section 10).
//!
//! Whoever is in between needs two identities of its own that look the same from both sides, and can search for
//! them for as long as it likes before anybody meets. So each try is made to cost memory and time.

use argon2::{Algorithm, Argon2, Params, Version};

/// How many words there are.
pub const SAFETY_WORDS: usize = 12;

/// The version of how they are derived; both sides must have the same.
const CONTEXT: &[u8] = b"hedgerow safety words 2";
const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// The safety words of two identities, as places in the BIP-39 English list: the same on both sides, and
/// different for anybody in between. Takes 64 MiB and a good part of a second: never on a thread that others wait
/// for.
///
/// # Panics
/// Never: the parameters are sound, and the input is of the length that they want.
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
