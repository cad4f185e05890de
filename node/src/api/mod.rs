//! What people and programs can ask of a node. `types` are the words, shared by the engine, the
//! loopback server and its client; [`Api`] is what can be asked, with one implementation in process
//! (`Local`) and one over loopback ([`Remote`]), under one suite of tests.

#[cfg(feature = "runtime")]
mod contract;
#[cfg(feature = "runtime")]
mod cursor;
#[cfg(feature = "runtime")]
mod remote;
#[cfg(feature = "runtime")]
pub mod server;
mod types;
pub mod visible;

#[cfg(feature = "runtime")]
pub use contract::{Api, Events, MAX_PAGE};
#[cfg(feature = "runtime")]
pub use remote::Remote;
pub use types::*;

pub use crate::engine::MAX_NAME;
pub use crate::engine::conversation::MAX_TEXT;
