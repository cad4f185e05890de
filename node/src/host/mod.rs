//! The owner of a data directory: one process, one of three states.
//!
//! ```text
//!            unlock                     lock
//!   Locked ----------> Open ---------------------> Locked
//!                       |  store fails: reopened, with pauses
//!                       v
//!                    Failing ---> Open
//!   any state: wipe, handover, stop ---> Gone (the directory is released)
//! ```
//!
//! [`Local`] is the API in process: a handle of the host that any number of tasks share.

mod local;
mod state;

pub use local::Local;
pub use state::{Departure, HostOptions};
