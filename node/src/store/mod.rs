//! The store at rest (`docs/PROTOCOL.md` section 14): one redb table over encrypted blocks.
//!
//! - [`RedbStore`]: the `Store` of a real node, and [`RedbReader`] for other threads.
//! - [`Blocks`]: the encryption beneath redb, on any [`Medium`].
//! - [`Place`]: where the file must lie for the store to continue.
//! - [`schema`] and [`erasure`]: rows about the store itself, over any `Store`.

pub mod erasure;
pub mod schema;

#[cfg(feature = "runtime")]
mod blocks;
#[cfg(feature = "runtime")]
pub(crate) mod fault;
#[cfg(feature = "runtime")]
mod medium;
#[cfg(feature = "runtime")]
mod place;
#[cfg(feature = "runtime")]
#[expect(
    clippy::disallowed_methods,
    reason = "each opening draws its nonces from the system"
)]
mod redb;

#[cfg(feature = "runtime")]
pub use self::{
    blocks::{BLOCK, Blocks, DamagedBlock, STRIDE},
    medium::Medium,
    place::{Place, Placed},
    redb::{CACHE_BYTES, RedbReader, RedbStore},
};
