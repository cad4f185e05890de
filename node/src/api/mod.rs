//! What people and programs can ask of a node. [`types`] are the words, shared by the engine, the
//! loopback server and its client; `Api` has one implementation in process and one over loopback.

mod types;

pub use types::*;
