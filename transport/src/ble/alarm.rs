//! A timer whose deadline moves later again and again and is rarely reached. Setting a tokio timer reads the
//! clock and wakes the thread that waits for the system, which costs more than sending a frame.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// Sets a new timer only if the deadline moves earlier.
#[derive(Debug, Default)]
pub struct Alarm(Option<(u64, Pin<Box<Sleep>>)>);

impl Alarm {
    /// Waits until `at_ms`, or for ever if it is `None`. Returns too early, once, if the last call waited for an
    /// earlier moment. Cancel safe: the caller may drop the future and call again.
    pub async fn rings(&mut self, at_ms: Option<u64>, now_ms: u64) {
        let Some(at_ms) = at_ms else {
            return std::future::pending().await;
        };
        let (_, rings) = match self.0.take() {
            Some(set) if set.0 <= at_ms => self.0.insert(set),
            _ => {
                let pause = Duration::from_millis(at_ms.saturating_sub(now_ms));
                self.0.insert((at_ms, Box::pin(sleep(pause))))
            }
        };
        rings.await;
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_rings_no_later_than_it_is_to() {
        let mut alarm = Alarm::default();
        for (at_ms, now_ms, rings) in [
            (Some(10_000), 0, false),
            // An earlier deadline: the timer is set anew.
            (Some(2_500), 1_000, false),
            // A later deadline: the timer stays as it is.
            (Some(60_000), 2_000, true),
            (Some(60_000), 2_500, false),
            (None, 3_500, false),
            (Some(4_500), 4_500, true),
        ] {
            let rung = timeout(SECOND, alarm.rings(at_ms, now_ms)).await;
            assert_eq!(rung.is_ok(), rings, "{at_ms:?} at {now_ms}");
        }
    }
}
