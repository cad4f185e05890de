//! Files of messages: sealed in chunks, and kept as they were sent in files of their own beside the store
//! (`docs/PROTOCOL.md` section 16).
//!
//! - [`extent`]: how long a file is, in the clear, sealed and in chunks;
//! - [`tree`]: the id of a file, and the hashes of its chunks, which prove each chunk by itself;
//! - [`work`]: what the engine asks of the keeper of files, and what the keeper reports;
//! - `memory`: a keeper in memory, for simulations and tests;
//! - `keeper`: the keeper of a real node, by `cipher`, `sealing` and `opening`; `syncing` makes durable what it keeps,
//!   each on a `worker`;
//! - `arriving`: files that come whole, carried by hand;
//! - `reading`, `saving`: files of the user on their way in and out;
//! - [`pace`]: how long a file takes.

pub mod extent;
#[cfg(feature = "simulation")]
pub mod memory;
pub mod tree;
pub mod work;

#[cfg(feature = "runtime")]
pub mod arriving;
#[cfg(feature = "runtime")]
pub mod cipher;
#[cfg(feature = "runtime")]
pub mod keeper;
#[cfg(feature = "runtime")]
pub mod opening;
#[cfg(feature = "runtime")]
pub mod pace;
#[cfg(feature = "runtime")]
pub mod reading;
#[cfg(feature = "runtime")]
pub mod saving;
#[cfg(feature = "runtime")]
pub mod sealing;
#[cfg(feature = "runtime")]
mod syncing;
#[cfg(feature = "runtime")]
mod worker;
