//! Computes contacts from the ways of devices: in exact continuous time, without steps.
//!
//! Time is divided into chunks. In each chunk a uniform grid finds the pairs that come near enough; for each such
//! pair, one quadratic for each two straight segments gives the moments at which they meet and part. The length of a
//! chunk changes only the cost.

mod cells;
mod count;
mod crossing;
mod detector;
mod grid;
mod pairs;
mod reach;
mod spells;
mod stepped;

pub use count::count;
pub use crossing::within;
pub use detector::Detector;
pub use reach::{Cell, Cells, Disc, LogDistance, Reach};
pub use stepped::Stepped;
