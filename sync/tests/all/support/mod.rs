//! Helpers that several test modules use.

pub mod circle;
pub mod group;
pub mod pair;
