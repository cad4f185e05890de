//! An identity's data directory: its lock, its slots, its store (`docs/PROTOCOL.md` section 14).

mod secret;

pub use secret::{DataKey, Passphrase};
