//! What several modules of tests need.

pub mod threads;
pub mod walking;
