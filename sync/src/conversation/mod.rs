//! The conversation that the entries of a space make: rows, and what annotations say of them.
//!
//! - `apply`: what accepted entries change, whoever brought them: an own append, a session, a bundle;
//! - `annotations`: what has been said of rows.
//!
//! Any order in which entries are accepted gives the same conversation: rows stand where the screen order
//! puts them, and of what one author says of one entry in annotations of one kind the last in that order
//! counts. An annotation may come before its target, or have none that is held: it is found by the
//! target's name, so nothing waits.

mod annotations;
mod apply;

pub use self::annotations::{Annotation, annotations, each_annotation};
pub(crate) use self::apply::{Accepted, apply};
pub use self::apply::{Changes, NewRows};
