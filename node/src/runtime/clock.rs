//! Where `now` comes from.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::engine::Now;

/// The operating system's clocks.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock whose monotonic time starts at zero.
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The time.
    pub(super) fn now(&self) -> Now {
        let wall_ms = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_millis() as i64,
            Err(before) => -(before.duration().as_millis() as i64),
        };
        Now {
            mono_ms: self.start.elapsed().as_millis() as u64,
            wall_ms,
        }
    }

    /// The moment at which `now` says `mono_ms`.
    pub(super) fn at(&self, mono_ms: u64) -> Instant {
        self.start + Duration::from_millis(mono_ms)
    }
}
