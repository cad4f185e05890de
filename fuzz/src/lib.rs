//! What the targets share: the tests' own devices and stores, and a peer that holds every key and keeps
//! to nothing else.

#![forbid(unsafe_code)]

pub mod acquaintance;
#[path = "../../sync/tests/all/support/circle.rs"]
pub mod circle;
#[path = "../../transport/tests/all/support/devices.rs"]
pub mod devices;
pub mod forger;
pub mod group;
#[path = "../../sync/tests/all/support/pair.rs"]
pub mod pair;
pub mod targets;

use hedgerow_sync::wire::Blind;

/// Checks and uses up the first byte of an input, to choose by.
pub fn split_choice(bytes: &[u8], choices: u8) -> Option<(u8, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    Some((first % choices, rest))
}

/// Cuts an input into pieces: each is preceded by its length, u16.
pub fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (piece, rest) = rest.split_at(length);
        bytes = rest;
        Some(piece)
    })
}

/// Lays the input over the true item, from a place it chooses.
pub fn forged(said: &[u8], input: &[u8]) -> Vec<u8> {
    let (at, input) = input.split_first_chunk::<2>().unwrap_or((&[0; 2], &[]));
    let at = usize::from(u16::from_be_bytes(*at)) % (said.len() + 1);
    let mut forged = said.to_vec();
    let end = (at + input.len()).min(said.len());
    forged.splice(at..end, input.iter().copied());
    forged
}

/// Puts the blinded id of a space where an item of reconciliation has it: no fuzzer guesses it.
pub fn name_space(kind: u64, content: &mut [u8], blind: &Blind) {
    let at = match kind {
        // An array of arrays of byte strings; a fixed layout; arrays that begin with a byte string.
        16 => 3,
        19 | 23 | 25..=27 => 0,
        _ => 2,
    };
    if let Some(place) = content.get_mut(at..at + blind.0.len()) {
        place.copy_from_slice(&blind.0);
    }
}
