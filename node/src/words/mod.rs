//! What people are told, in twelve languages.
//!
//! A sentence is written once, in English, where it is said: `tr!("Nothing here.")` makes a [`Phrase`], which belongs
//! to no language. The surface that shows it asks a [`Language`] to [`say`](Language::say) it. The other languages are gettext
//! catalogues in `node/lang`, which the build turns into tables. What a code of the API means is in [`codes`]; the
//! command line and the window say it alike, and each adds what its user can do about it there.

mod catalogue;
pub mod codes;
mod digits;
mod direction;
pub mod exports;
pub mod files;
mod language;
pub mod parcels;
mod phrase;
pub mod timers;

pub use direction::isolated;
pub use language::Language;
pub use phrase::Phrase;
pub(crate) use phrase::{Sentence, tr};
