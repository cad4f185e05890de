//! A request to the node that is repeated, but not before its last answer has come.

/// Whether a request is in flight, and whether another one is wanted.
#[derive(Default)]
pub(super) struct InFlight {
    outstanding: bool,
    wanted: bool,
    last_ms: Option<u64>,
}

impl InFlight {
    /// Wants a new answer, because the last one, or the one under way, is too old.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// When to send the next request, if one is wanted and none is in flight: `every_ms` after the last one.
    pub fn due_ms(&self, every_ms: u64) -> Option<u64> {
        let is_ready = self.wanted && !self.outstanding;
        is_ready.then(|| self.last_ms.map_or(0, |last| last + every_ms))
    }

    /// The request leaves now.
    pub fn asked(&mut self, now_ms: u64) {
        *self = Self {
            outstanding: true,
            wanted: false,
            last_ms: Some(now_ms),
        };
    }

    /// The answer has come, or never will.
    pub fn landed(&mut self) {
        self.outstanding = false;
    }
}
