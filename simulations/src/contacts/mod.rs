//! Who is within reach of whom, from where devices go: in exact continuous time, not by stepping.
//!
//! Time is cut into chunks. In each, devices that come near enough are found with a uniform grid, and for
//! each such pair one quadratic for each two straight segments gives the moments at which they meet and
//! part. How long a chunk is changes the cost and nothing else.

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
