//! The engine on real time, real chance and real carriers: as thin as the simulator's driver.
//!
//! - [`Node`]: a running engine, and how to talk to it
//! - `turns`: the engine's own thread, which calls `pump` again and again
//! - `window`: how much of a link may wait for it
//! - `world`: its effects on carriers, callers and listeners
//! - `clock`: where `now` comes from
//! - [`recording`]: inputs on file, to be replayed under the virtual clock
//!
//! A message takes two hops in each process: caller to engine thread and engine thread to socket, or
//! socket to engine thread and engine thread to listener.

mod clock;
mod node;
pub mod recording;
mod turns;
mod window;
mod world;

pub use node::{Failure, Node, NodeOptions, OnAir};
