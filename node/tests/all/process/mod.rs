//! Real processes, real sockets and real files: what must not break them.
//!
//! The longer suite, with two network namespaces (needs root): `node/tests/namespaces.sh`.
#![expect(clippy::disallowed_methods, reason = "real processes")]

mod bot;
mod carried;
mod copies;
mod disk;
mod files;
mod flood;
mod full_disk;
mod ghosts;
mod kill9;
mod lost;
mod network;
mod owner;
mod people;
mod proxy;
#[cfg(feature = "relay")]
mod relayed;
mod replay;
mod secrets;
