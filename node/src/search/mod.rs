//! Search: an index of words in the same encrypted store, so that lock, wipe and rewrite cover it
//! (`docs/PROTOCOL.md` section 14).
//!
//! | what | where |
//! | --- | --- |
//! | what a word is | [`words`] |
//! | which documents have it | `documents`, in sorted blocks: `volume` |
//! | which entry a document is | `places`; what it says: `texts`, and has beside words: [`marks`] |
//! | entries come in, texts leave | `indexing` |
//! | what is looked for | [`query`] |
//! | the newest that have it | `finding` |
//!
//! A document is an entry in the order of indexing. That of a message has the words of all its versions that were held then; an
//! edit that comes later has its own, and leads to its message. Entries are indexed in slices, some time after they came; a query reads
//! what waits as it is. The index may name a message too many and never one too few: each hit is looked at.

mod documents;
mod finding;
mod indexing;
mod layout;
pub mod marks;
mod places;
pub mod query;
#[cfg(test)]
mod tests;
mod texts;
mod volume;
pub mod words;

pub(crate) use finding::{Scope, Spot, find};
pub(crate) use indexing::{SLICE, forget_space, waiting};
pub use indexing::{forget, index, remember};
