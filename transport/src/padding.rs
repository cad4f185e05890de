//! Padmé: lengths that tell an observer O(log log length) bits, at a cost of at most 12 %
//! (`docs/PROTOCOL.md` sections 7 and 12).

/// The length that `length` bytes are padded to: at least as much, and at most 12 % more.
///
/// Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
/// PURBs"): of the length's binary digits only as many as its exponent has digits stay free.
#[must_use]
pub fn padme(length: usize) -> usize {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let free_bits = exponent.ilog2() + 1;
    let mask = (1_usize << (exponent - free_bits)) - 1;
    length.checked_add(mask).map_or(length, |sum| sum & !mask)
}
