//! Handshakes: masked first flights, recognition of their senders, and the sessions that follow
//! (`docs/PROTOCOL.md` sections 7 and 10). Each state is a struct, so that code with a wrong order does not
//! compile:
//!
//! ```text
//! dialler   Dialling ─── flight 2 ──> Session
//! joiner    Joining ──── flight 2 ──> (flight 3, Session)
//! answerer  Arriving ─ 96 bytes ─> Head ─ recognise ─> Tagged ─ padding ─> Whole
//!             Whole::open ──────────> Opened   ─ (commit the counter) ─ answer ──> (flight 2, Session)
//!             Whole::open_invited ──> Invited  ─ (commit the nonce) ─── answer ──> (flight 2, Answered)
//!                                     Answered ─ flight 3 ──> Session
//! ```
//!
//! Every fault is [`Garbage`], which gives no reason: the answerer drains the link.

mod arriving;
mod flight;
mod invited;
mod known;
#[cfg(test)]
mod tests;

pub use arriving::{Arriving, Head, Tagged, Whole};
pub use invited::{Answered, Invited, Joining};
pub use known::{Counted, Dialling, Opened};

use std::fmt;

use crate::keys::PublicKey;

/// The version of the protocol, first in every prologue.
pub const VERSION: u8 = 1;

/// Not a valid handshake; the peer never learns why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a handshake that this device answers")]
pub struct Garbage;

/// A state that waits for more bytes, or the state after it.
#[derive(Debug)]
pub enum Progress<W, D> {
    /// More must arrive.
    Waiting(W),
    /// Done; further bytes stay in the input.
    Done(D),
}

/// One end of a session, as both sides know it. Its `Debug` output is redacted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Party {
    /// The identity's Ed25519 public key.
    pub identity: [u8; 32],
    /// The device id.
    pub device: [u8; 16],
    /// The device key.
    pub key: PublicKey,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Party(..)")
    }
}

/// Tells the two directions between a pair of devices apart, so that a flight cannot be sent back to
/// its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Direction {
    /// From the lower device id to the higher; also from a joiner to an inviter.
    Up = 0,
    /// From the higher device id to the lower.
    Down = 1,
}

impl Direction {
    /// The direction from one device id to another.
    #[must_use]
    pub fn between(from: &[u8; 16], to: &[u8; 16]) -> Self {
        if from < to {
            Direction::Up
        } else {
            Direction::Down
        }
    }
}

// The content of these states is secret, so `Debug` shows none of it.
macro_rules! silent {
    ($($state:ident),*) => {$(
        impl fmt::Debug for $state {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($state), "(..)"))
            }
        }
    )*};
}
silent!(
    Dialling, Arriving, Head, Tagged, Whole, Opened, Joining, Invited, Answered
);
