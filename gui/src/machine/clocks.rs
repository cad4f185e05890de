//! The clocks of this machine.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::Now;

/// Both clocks, the one that never goes back counted from here on.
pub struct Clocks(Instant);

impl Clocks {
    /// From now on.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// What they say.
    pub fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Now {
            wall_ms: wall.map_or(0, |since| since.as_millis() as i64),
            monotonic_ms: self.0.elapsed().as_millis() as u64,
        }
    }
}
