//! What Hedgerow nodes say to each other: append-only logs, their validation and order, and the
//! reconciliation of two stores, as pure code over a small key-value [`Store`](store::Store).
//!
//! Time, randomness and I/O are arguments. `docs/PROTOCOL.md` sections 4 to 6 describe the bytes.

pub mod id;
pub mod store;
