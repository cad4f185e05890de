//! When two devices on straight ways are within a distance of one another: one quadratic.

use crate::mobility::{Segment, distance_m};

/// From which microsecond and until which (exclusive) two devices, each on one segment, are within `range_m` of one
/// another, in the time that both segments share.
///
/// The answer depends only on the two segments, not on the chunk, so contacts are the same however the search is
/// divided.
#[must_use]
pub fn within(a: &Segment, b: &Segment, range_m: f64) -> Option<(u64, u64)> {
    let start_us = a.start_us.max(b.start_us);
    let end_us = a.end_us.min(b.end_us);
    if start_us >= end_us {
        return None;
    }
    let (at, bt) = (a.at(start_us), b.at(start_us));
    let (av, bv) = (a.velocity(), b.velocity());
    let p = [bt[0] - at[0], bt[1] - at[1]];
    let v = [bv[0] - av[0], bv[1] - av[1]];
    let speed2 = v[0] * v[0] + v[1] * v[1];
    if speed2 == 0.0 {
        return (distance_m(at, bt) <= range_m).then_some((start_us, end_us));
    }
    // |p + v t| = range has the roots t = (-p·v ± √(v² range² - (p×v)²)) / v²; the cross product keeps digits that the
    // textbook form loses when both are far away at the start.
    let cross = p[0] * v[1] - p[1] * v[0];
    let inside = speed2 * range_m * range_m - cross * cross;
    if inside <= 0.0 {
        return None;
    }
    let root = inside.sqrt();
    let middle = -(p[0] * v[0] + p[1] * v[1]);
    let enter_us = after(start_us, (middle - root) / speed2).min(end_us);
    let leave_us = after(start_us, (middle + root) / speed2).min(end_us);
    (enter_us < leave_us).then_some((enter_us, leave_us))
}

/// The first whole microsecond not before `seconds` after a start; the start itself if they are negative.
fn after(start_us: u64, seconds: f64) -> u64 {
    // `as` saturates: a negative number becomes 0.
    start_us.saturating_add((seconds * 1e6).ceil() as u64)
}
