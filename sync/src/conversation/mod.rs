//! The conversation that the entries of a space make: rows, and annotations of them.
//!
//! - `apply`: applies accepted entries, whether from an own append, a session or a bundle;
//! - `annotations`: annotations of rows;
//! - `receipts`: annotations that say how far a log is read;
//! - `hide`: takes rows out, in this store alone.
//!
//! Any order of acceptance gives the same conversation: screen order places the rows, and for each (kind, target,
//! author) the last annotation in that order counts, or the first [`MAX_EDITS`] if they are edits. An annotation may come before its target, or its target may never
//! come: the index finds it by the target's name, so nothing waits.

mod annotations;
mod apply;
mod hide;
mod receipts;

pub(crate) use self::annotations::rejudged;
pub use self::annotations::{
    Annotation, MAX_EDITS, annotation_places, annotations, each_annotation,
};
pub(crate) use self::apply::{Accepted, apply};
pub use self::apply::{Changes, NewRows};
pub use self::hide::hide;
pub(crate) use self::hide::set_row;
pub use self::receipts::read_up_to;
