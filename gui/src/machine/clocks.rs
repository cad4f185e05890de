//! The clocks of this machine.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::Now;

/// Both clocks. The one that never goes back counts from [`start`](Self::start).
pub struct Clocks(Instant);

impl Clocks {
    /// Starts the clocks.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The present time.
    pub fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Now {
            wall_ms: wall.map_or(0, |since| since.as_millis() as i64),
            monotonic_ms: self.0.elapsed().as_millis() as u64,
        }
    }
}
