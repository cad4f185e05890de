//! A straight piece of a device's way.

/// A device goes from one point to another in a straight line at constant speed, or rests. Points are in metres from
/// the upper left corner (right, down: as on a screen, and in The ONE), times in microseconds since the world began;
/// `end_us` is later than `start_us`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Its first point.
    pub from: [f64; 2],
    /// Its last point.
    pub to: [f64; 2],
    /// Its start.
    pub start_us: u64,
    /// Its end.
    pub end_us: u64,
}

/// The end of an endless segment, some 290,000 years after the start.
pub const NEVER_US: u64 = u64::MAX >> 1;

impl Segment {
    /// The place of the device at a time; before the start or after the end, the first or last point.
    #[must_use]
    pub fn at(&self, at_us: u64) -> [f64; 2] {
        if at_us <= self.start_us || self.from == self.to {
            return self.from;
        }
        if at_us >= self.end_us {
            return self.to;
        }
        let part = (at_us - self.start_us) as f64 / (self.end_us - self.start_us) as f64;
        [
            self.from[0] + (self.to[0] - self.from[0]) * part,
            self.from[1] + (self.to[1] - self.from[1]) * part,
        ]
    }

    /// Velocity in metres a second, by axis.
    #[must_use]
    pub fn velocity(&self) -> [f64; 2] {
        if self.from == self.to {
            return [0.0, 0.0];
        }
        let seconds = (self.end_us - self.start_us) as f64 / 1e6;
        [
            (self.to[0] - self.from[0]) / seconds,
            (self.to[1] - self.from[1]) / seconds,
        ]
    }
}

/// The distance between two points, in metres.
#[must_use]
pub fn distance_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (x, y) = (b[0] - a[0], b[1] - a[1]);
    (x * x + y * y).sqrt()
}

/// Seconds as whole microseconds, rounded; 0 if negative or not a number.
#[must_use]
pub fn microseconds(seconds: f64) -> u64 {
    // `as` saturates and turns NaN into 0.
    ((seconds * 1e6 + 0.5).floor() as u64).min(NEVER_US)
}
