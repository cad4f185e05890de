//! Histories of groups: told in few words, drawn at random, and judged by a second implementation of the rules.

pub mod keys;
pub mod notation;
pub mod random;
pub mod slow;
pub mod story;
