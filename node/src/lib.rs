//! The Hedgerow node: the engine that joins `sync` and `transport`, and, with the feature `runtime`,
//! the encrypted store, the tokio runtime, the API, and what the `hedgerow` command line needs.

pub mod api;
#[cfg(feature = "runtime")]
pub mod bench;
#[cfg(feature = "runtime")]
pub mod cli;
pub mod courier;
#[cfg(feature = "runtime")]
pub mod directory;
pub mod engine;
pub mod harness;
#[cfg(feature = "runtime")]
pub mod host;
#[cfg(feature = "relay")]
pub mod relay;
#[cfg(feature = "runtime")]
pub mod runtime;
pub mod store;
pub mod tables;
