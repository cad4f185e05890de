//! A question to the node that is repeated, but not while its last answer is missing.

/// A request in flight, and the wish for another.
#[derive(Default)]
pub(super) struct InFlight {
    outstanding: bool,
    wanted: bool,
    last_ms: Option<u64>,
}

impl InFlight {
    /// The answer that is there, or under way, is too old.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// When to ask, if that is wanted and nothing is in flight: `every_ms` after the last time.
    pub fn due_ms(&self, every_ms: u64) -> Option<u64> {
        let is_ready = self.wanted && !self.outstanding;
        is_ready.then(|| self.last_ms.map_or(0, |last| last + every_ms))
    }

    /// It is asked now.
    pub fn asked(&mut self, now_ms: u64) {
        *self = Self {
            outstanding: true,
            wanted: false,
            last_ms: Some(now_ms),
        };
    }

    /// It is answered, or never will be.
    pub fn landed(&mut self) {
        self.outstanding = false;
    }
}
