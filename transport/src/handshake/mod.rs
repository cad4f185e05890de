//! Handshakes: masked first flights, who they come from, and the sessions they become
//! (`docs/PROTOCOL.md` sections 7 and 10). A struct for each state, so that a wrong order cannot be
//! written:
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
//! Whatever is wrong is [`Garbage`], without a word why: the answerer drains the link.

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

/// What arrived is no valid handshake; nobody is told why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a handshake that this device answers")]
pub struct Garbage;

/// A state that waits for more bytes, or the one that comes after it.
#[derive(Debug)]
pub enum Progress<W, D> {
    /// More must arrive.
    Waiting(W),
    /// Done; what arrived beyond is left in the input.
    Done(D),
}

/// One end of a session, as both sides know it. Prints nothing.
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
    /// The direction of what `from` sends to `to`, which are device ids.
    #[must_use]
    pub fn between(from: &[u8; 16], to: &[u8; 16]) -> Self {
        if from < to {
            Direction::Up
        } else {
            Direction::Down
        }
    }
}

// None of these states prints anything: their content is secret.
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
