//! Helpers that several test modules use.

pub mod group;
pub mod pair;
