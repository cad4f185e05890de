//! Measures how much of its time the radio listens and advertises.

/// A measurement that runs from [`Airtime::begin`]. All times are monotonic milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Airtime {
    since_ms: u64,
    /// The moment up to which time has been counted.
    counted_ms: u64,
    listens: bool,
    announces: bool,
    listened_ms: u64,
    announced_ms: u64,
}

/// The result of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Length of the measurement.
    pub over_ms: u64,
    /// Time spent listening for other devices.
    pub listened_ms: u64,
    /// Time spent advertising.
    pub announced_ms: u64,
}

impl Airtime {
    /// Starts a measurement; the radio is silent.
    #[must_use]
    pub fn begin(now_ms: u64) -> Self {
        Self {
            since_ms: now_ms,
            counted_ms: now_ms,
            listens: false,
            announces: false,
            listened_ms: 0,
            announced_ms: 0,
        }
    }

    /// Records what the radio does from now on.
    pub fn note(&mut self, now_ms: u64, listens: bool, announces: bool) {
        let passed_ms = now_ms.saturating_sub(self.counted_ms);
        self.counted_ms += passed_ms;
        self.listened_ms += if self.listens { passed_ms } else { 0 };
        self.announced_ms += if self.announces { passed_ms } else { 0 };
        (self.listens, self.announces) = (listens, announces);
    }

    /// The result up to now.
    pub fn used(&mut self, now_ms: u64) -> Used {
        self.note(now_ms, self.listens, self.announces);
        Used {
            over_ms: self.counted_ms - self.since_ms,
            listened_ms: self.listened_ms,
            announced_ms: self.announced_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_radio_does_counts_until_it_does_something_else() {
        let mut airtime = Airtime::begin(1_000);
        airtime.note(2_000, true, true);
        airtime.note(5_000, false, true);
        airtime.note(9_000, false, false);
        let used = Used {
            over_ms: 9_000,
            listened_ms: 3_000,
            announced_ms: 7_000,
        };
        assert_eq!(airtime.used(10_000), used);
    }

    #[test]
    fn time_that_goes_back_is_not_counted() {
        let mut airtime = Airtime::begin(5_000);
        airtime.note(5_000, true, false);
        airtime.note(4_000, true, false);
        assert_eq!(airtime.used(6_000).listened_ms, 1_000);
    }
}
