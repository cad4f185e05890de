//! Drives the engine with real time, real randomness and real carriers. It is as thin as the simulator's driver.
//!
//! - [`Node`]: a running engine, and how to talk to it
//! - `turns`: the engine's own thread, which calls `pump` again and again
//! - `window`: how many bytes of a link may wait for the engine
//! - `world`: the engine's effects on carriers, callers and listeners
//! - `clock`: the clocks from which `now` comes
//! - [`recording`]: inputs in a file, for replay under the virtual clock
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
