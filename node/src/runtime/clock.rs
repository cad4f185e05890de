//! The clocks from which `now` comes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::engine::Now;

/// The clock that never goes back and counts the machine's sleep. Without the sleep, each waking would look like a
/// jump of the wall clock.
#[cfg(any(target_os = "linux", target_os = "android"))]
const STEADY: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const STEADY: ClockId = ClockId::Monotonic;

/// The operating system's clocks.
#[derive(Debug)]
pub(super) struct Clock {
    start: Duration,
}

impl Clock {
    /// A clock whose monotonic time starts at zero.
    pub(super) fn start() -> Self {
        Self { start: steady() }
    }

    /// The time.
    pub(super) fn now(&self) -> Now {
        let wall_ms = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_millis() as i64,
            Err(before) => -(before.duration().as_millis() as i64),
        };
        Now {
            mono_ms: self.elapsed().as_millis() as u64,
            wall_ms,
        }
    }

    /// The time left until `mono_ms` of this clock.
    pub(super) fn until(&self, mono_ms: u64) -> Duration {
        Duration::from_millis(mono_ms).saturating_sub(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        steady().saturating_sub(self.start)
    }
}

fn steady() -> Duration {
    let time = clock_gettime(STEADY);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_steady_clock_counts_the_time_since_the_machine_started_sleep_included() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let steady = steady().as_secs_f64();
        assert!(steady >= uptime - 0.02 && steady < uptime + 60.0);
    }

    #[test]
    fn what_is_due_is_never_reached_too_early() {
        let clock = Clock::start();
        let due = clock.now().mono_ms + 3;
        std::thread::park_timeout(clock.until(due));
        let left = clock.until(due);
        assert!(left <= Duration::from_millis(4));
        assert_eq!(left == Duration::ZERO, clock.now().mono_ms >= due);
        assert_eq!(clock.until(0), Duration::ZERO);
    }
}
