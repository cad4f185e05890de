//! The node behind the window: a thread with a runtime of its own, which finds or takes the data directory, executes
//! the requests of the view-model and reports the answers.
//!
//! `worker` is the thread, which opens a node and finds it again after a loss; `session` is a node that it has found;
//! `asking` executes each request, `exporting` those that write a conversation into a file, `carrying` those about files that
//! are carried by hand, `uploading` and `saving` those
//! about files of the user, `freeing` those about old files, `viewing` those that decode pictures, `voices` those about voice notes.

mod asking;
mod carrying;
mod exporting;
mod freeing;
mod saving;
mod session;
mod uploading;
pub mod viewing;
mod voices;
mod worker;

pub use worker::{Options, Worker};
