//! The node behind the window: a thread with a runtime of its own, which finds or takes the data
//! directory, does what the view-model asks, and tells what comes of it.
//!
//! `worker` is the thread and how a node is opened, lost and found again; `session` is a node that was
//! found; `asking` says how each request is done.

mod asking;
mod session;
mod worker;

pub use worker::{Options, Worker};
