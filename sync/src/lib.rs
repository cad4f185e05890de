//! The data that Hedgerow nodes exchange: append-only logs, their validation and order, and the reconciliation of two
//! stores, as pure code over a small key-value [`Store`](store::Store).
//!
//! Time, randomness and I/O are arguments. `docs/PROTOCOL.md` sections 4 to 6 describe the bytes.

pub mod batch;
pub mod body;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
pub mod control;
pub mod conversation;
pub mod entry;
pub mod group;
pub mod id;
pub mod ingest;
mod layout;
mod log;
pub mod mark;
pub mod membership;
pub mod memory;
pub mod metered;
mod order;
mod outgoing;
pub mod page;
pub mod peer;
pub mod reading;
pub mod reconcile;
mod rows;
pub mod segment;
pub mod space;
pub mod store;
pub mod tables;
pub mod waiting;
pub mod watched;
pub mod wire;

/// Compiles and runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
