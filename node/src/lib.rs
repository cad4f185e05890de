//! The Hedgerow node: the engine that joins `sync` and `transport`, and, with the feature `runtime`,
//! the encrypted store, the tokio runtime, the API, and what the `hedgerow` command line needs.

pub mod api;
#[cfg(feature = "runtime")]
pub mod aside;
#[cfg(feature = "runtime")]
#[expect(clippy::disallowed_methods, reason = "figures of a real machine")]
pub mod bench;
#[cfg(feature = "runtime")]
pub mod built;
#[cfg(feature = "runtime")]
pub mod carry;
#[cfg(feature = "runtime")]
#[expect(clippy::disallowed_methods, reason = "runs on a real machine")]
pub mod cli;
pub mod courier;
#[cfg(feature = "runtime")]
#[expect(clippy::disallowed_methods, reason = "keys are drawn by the system")]
pub mod directory;
pub mod engine;
#[cfg(feature = "runtime")]
pub mod export;
pub mod files;
#[cfg(feature = "simulation")]
pub mod harness;
#[cfg(feature = "runtime")]
#[expect(clippy::disallowed_methods, reason = "runs on a real machine")]
pub mod host;
pub mod parcel;
#[cfg(feature = "runtime")]
pub mod pictures;
#[cfg(feature = "relay")]
pub mod relay;
#[cfg(feature = "runtime")]
#[expect(
    clippy::disallowed_methods,
    reason = "the clock and the chance of a real machine"
)]
pub mod runtime;
pub mod search;
pub mod store;
pub mod tables;
#[cfg(feature = "runtime")]
pub mod voice;
#[cfg(feature = "runtime")]
pub mod words;
