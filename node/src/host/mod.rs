//! The owner of a data directory: one process, one of three states.
//!
//! ```text
//!            unlock                     lock
//!   Locked ----------> Open ---------------------> Locked
//!                       |  store fails: reopened, with pauses
//!                       v
//!                    Failing ---> Open; on a full disk it admits little but deletions
//!   any state: wipe, handover, stop ---> Gone (the directory is released)
//!              the directory is not where it was ---> Gone
//! ```
//!
//! `finding` finds the owner of a directory and becomes its client, or takes the directory. [`Local`] is the API in
//! process: a handle of the host that any number of tasks share.

mod cleaning;
pub mod finding;
mod forwarding;
mod local;
mod parcels;
mod reopening;
mod room;
mod state;
mod taking;
#[cfg(test)]
mod tests;
mod transfers;

pub use local::Local;
pub use state::{Departure, HostOptions};
