//! The way of one device, made as time goes on.

use super::Segment;
use super::segment::NEVER_US;

/// A device's way, piece by piece: the first segment starts at 0, and each next one when and where the last one
/// ended. It never ends: a device that has arrived for good rests until [`NEVER_US`].
pub trait Trajectory: Send {
    /// The next segment.
    fn next(&mut self) -> Segment;
}

/// Tracks time and place for a model that only decides where to go next.
#[derive(Debug, Clone)]
pub struct Pen {
    /// The place of the device.
    pub at: [f64; 2],
    /// The device's present time.
    pub now_us: u64,
}

impl Pen {
    /// Starts at a place.
    #[must_use]
    pub fn new(at: [f64; 2]) -> Self {
        Self { at, now_us: 0 }
    }

    /// Goes straight to a place at a speed; at speed 0 it never arrives.
    pub fn go(&mut self, to: [f64; 2], speed_m_s: f64) -> Segment {
        let seconds = super::segment::distance_m(self.at, to) / speed_m_s;
        self.go_by(
            to,
            self.now_us
                .saturating_add(super::segment::microseconds(seconds)),
        )
    }

    /// Goes straight to a place and arrives at a given time; if that is past, in a microsecond.
    pub fn go_by(&mut self, to: [f64; 2], arrive_us: u64) -> Segment {
        let end_us = arrive_us.clamp(self.now_us + 1, NEVER_US);
        let segment = Segment {
            from: self.at,
            to,
            start_us: self.now_us,
            end_us,
        };
        self.at = to;
        self.now_us = end_us;
        segment
    }

    /// Stays until a time.
    pub fn rest_until(&mut self, until_us: u64) -> Segment {
        self.go_by(self.at, until_us)
    }

    /// Stays for a while.
    pub fn rest(&mut self, seconds: f64) -> Segment {
        self.rest_until(
            self.now_us
                .saturating_add(super::segment::microseconds(seconds)),
        )
    }
}

/// The known part of a device's way: the segments that somebody may still need.
pub struct Track {
    trajectory: Box<dyn Trajectory>,
    /// Length of the way before the world begins.
    warm_up_us: u64,
    recent: Vec<Segment>,
}

impl Track {
    /// Follows a trajectory, without its first `warm_up_us`.
    #[must_use]
    pub fn new(trajectory: Box<dyn Trajectory>, warm_up_us: u64) -> Self {
        Self {
            trajectory,
            warm_up_us,
            recent: Vec::new(),
        }
    }

    /// Extends the known part to a time.
    pub fn extend(&mut self, until_us: u64) {
        while self.recent.last().is_none_or(|last| last.end_us < until_us) {
            let next = self.trajectory.next();
            if next.end_us <= self.warm_up_us {
                continue;
            }
            let from = next.at(self.warm_up_us);
            let start_us = next.start_us.saturating_sub(self.warm_up_us);
            let end_us = if next.end_us == NEVER_US {
                NEVER_US
            } else {
                next.end_us - self.warm_up_us
            };
            self.recent.push(Segment {
                from,
                to: next.to,
                start_us,
                end_us,
            });
        }
    }

    /// Forgets segments that ended before a time.
    pub fn forget(&mut self, before_us: u64) {
        if self.recent.len() > 1 && self.recent[0].end_us < before_us {
            let ended = self
                .recent
                .partition_point(|segment| segment.end_us < before_us);
            self.recent.drain(..ended.min(self.recent.len() - 1));
        }
    }

    /// The known segments that overlap the time between two moments.
    #[must_use]
    pub fn between(&self, from_us: u64, until_us: u64) -> &[Segment] {
        // Almost always it is only the last one.
        let mut first = self.recent.len();
        while first > 0 && self.recent[first - 1].end_us > from_us {
            first -= 1;
        }
        let mut end = self.recent.len();
        while end > first && self.recent[end - 1].start_us >= until_us {
            end -= 1;
        }
        &self.recent[first..end]
    }

    /// The place of the device at a time; the nearest known place if that time is outside the known part.
    #[must_use]
    pub fn position(&self, at_us: u64) -> Option<[f64; 2]> {
        let here = self
            .recent
            .partition_point(|segment| segment.end_us < at_us);
        self.recent
            .get(here)
            .or(self.recent.last())
            .map(|segment| segment.at(at_us))
    }
}
