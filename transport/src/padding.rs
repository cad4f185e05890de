//! Padmé: padded lengths reveal only O(log log length) bits to an observer, at a cost of at most 12 %
//! (`docs/PROTOCOL.md` sections 7 and 12).

/// The padded length for `length` bytes: at least as much, and at most 12 % more.
///
/// Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
/// PURBs"): behind the leading 1 of the length, as many binary digits stay free as its exponent has.
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
