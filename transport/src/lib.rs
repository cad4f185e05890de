//! How Hedgerow's bytes travel secretly: Noise sessions, sealed bundles, invitations and beacons as pure code,
//! and the carriers that move them. This crate knows nothing of spaces or messages.
//!
//! `docs/PROTOCOL.md` sections 7 to 13 describe the bytes.

pub mod beacon;
pub mod ble;
pub mod bundle;
pub mod carrier;
pub mod cryptography;
pub mod device;
pub mod handshake;
pub mod invitation;
mod kem;
pub mod keys;
pub mod meeting;
mod noise;
pub mod padding;
pub mod psk;
pub mod relay;
pub mod replay;
pub mod safety;
pub mod search;
pub mod session;
#[cfg(feature = "sized")]
mod sized;
mod tag;
#[cfg(test)]
mod vectors;
