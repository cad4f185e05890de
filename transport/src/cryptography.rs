//! Whether what is sent is secret, or only as long as if it were.

/// How keys are used. The product knows nothing but [`Real`](Cryptography::Real): the other needs the
/// feature `sized`, which only simulations switch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cryptography {
    /// As `docs/PROTOCOL.md` says.
    #[default]
    Real,
    /// The same lengths, the same draws of chance and the same failures for next to no cost, and
    /// nothing secret: a world of such nodes goes the way that a real one would, event by event. (But for meetings: the keys of
    /// the pair come out differently, and with them the lengths of paddings.)
    #[cfg(feature = "sized")]
    Sized,
}
