//! Groups that replicate: each member passes on what any of them wrote.

mod passing;
mod reach;
