//! Helpers that several test modules use.

pub mod pair;
