//! Where chance comes from: one seeded stream for each purpose and each thing that draws, so that two
//! policies meet the same contacts and one more device changes nothing for the others.

use std::sync::LazyLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// What a stream is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Where devices go.
    Mobility,
    /// Who has exchanged keys with whom.
    Acquaintance,
    /// What radios do: shadowing, discovery, loss.
    Radio,
    /// Who writes to whom, and when.
    Workload,
    /// What breaks.
    Faults,
    /// What adversaries do.
    Adversary,
    /// What engines draw: pauses, padding, ephemeral keys.
    Engine,
    /// The keys that people have when the world begins.
    Keys,
    /// What stands between the two of a pair.
    Shadowing,
    /// Who reacts to which message, and when.
    Reactions,
    /// Who edits which message, and when.
    Edits,
    /// Who answers which message, and when.
    Replies,
    /// Who deletes which message, and when.
    Deletions,
    /// Who reads which message, and when.
    Receipts,
    /// Which texts go with a file, and who asks for it.
    Files,
    /// What is carried by hand, and when.
    Sticks,
    /// Who is in which group, and with which keys.
    GroupPeople,
    /// Who writes in groups, and when.
    GroupTexts,
}

/// The stream of one thing (`index`: a device, a pair, a group) for one purpose.
#[must_use]
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha20Rng {
    let mut hasher = blake3::Hasher::new_from_context_key(&STREAM);
    hasher.update(&seed.to_be_bytes());
    hasher.update(&[purpose as u8]);
    hasher.update(&index.to_be_bytes());
    ChaCha20Rng::from_seed(*hasher.finalize().as_bytes())
}

/// What seeds of streams are derived under: there is one for each pair of acquaintances.
static STREAM: LazyLock<ContextKey> =
    LazyLock::new(|| hash_derive_key_context("hedgerow simulator 1 stream"));

/// Uniform in [0, 1).
pub fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform in [low, high).
pub fn between(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * unit(rng)
}

/// Uniform among 0 … `count` - 1, which must not be 0.
pub fn index(rng: &mut impl Rng, count: usize) -> usize {
    ((u128::from(rng.next_u64()) * count as u128) >> 64) as usize
}

/// Exponential with this mean.
pub fn exponential(rng: &mut impl Rng, mean: f64) -> f64 {
    -libm::log(1.0 - unit(rng)) * mean
}

/// Normal with mean 0 and deviation 1 (Box and Muller, one of the two).
pub fn normal(rng: &mut impl Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - unit(rng)));
    radius * libm::cos(std::f64::consts::TAU * unit(rng))
}
