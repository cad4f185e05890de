//! Real cryptography, or a stand-in with the same sizes for simulations.

/// How keys are used. The product has only [`Real`](Cryptography::Real); the feature `sized`, which only
/// simulations enable, adds the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cryptography {
    /// As `docs/PROTOCOL.md` says.
    #[default]
    Real,
    /// The same lengths, the same random draws and the same failures at next to no cost, but nothing is secret.
    /// A simulation of such nodes runs like a real one, event by event, except for meetings: they yield other pair
    /// keys, and so other padding lengths.
    #[cfg(feature = "sized")]
    Sized,
}
