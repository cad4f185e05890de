//! The compiled interface.
#![allow(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::todo,
    reason = "generated"
)]

slint::include_modules!();
