//! Draws from a random generator that the caller hands in.

use rand_core::Rng;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>(rng: &mut (impl Rng + ?Sized)) -> [u8; N] {
    let mut drawn = [0; N];
    rng.fill_bytes(&mut drawn);
    drawn
}

/// A number from `low` to `high`, both included. The bias of the remainder is less than 2^-32 for the spans of time
/// drawn here, so an observer learns nothing from it.
pub(crate) fn between(rng: &mut (impl Rng + ?Sized), low: u64, high: u64) -> u64 {
    low + rng.next_u64() % (high - low + 1)
}
