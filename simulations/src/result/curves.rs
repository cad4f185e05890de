//! What changes over time, and how times are spread: small enough to keep, whatever the run.
//!
//! All runs have the same grid of durations, and runs of one length the same grid of time, so curves can
//! be laid over one another.

use serde::{Deserialize, Serialize};

/// Slices of the world's time that a curve tells apart.
pub(super) const SLICES: usize = 200;

/// Points for each tenfold of a duration, from a millisecond to ten million seconds.
const POINTS_PER_DECADE: i32 = 20;
const DECADES: std::ops::Range<i32> = -3..7;

/// The curves of one run. A value is missing where nothing can be said yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// The moments of the curves over time.
    pub time_s: Vec<f64>,
    /// Messages delivered until then, of those written until then.
    pub delivery_ratio: Vec<Option<f64>>,
    /// Overhead until then.
    pub overhead_ratio: Vec<Option<f64>>,
    /// Bundles that a device carries, mean over devices.
    pub buffer_bytes: Vec<Option<f64>>,
    /// What a device has used, mean over devices.
    pub energy_j: Vec<Option<f64>>,
    /// The durations of the curves of durations.
    pub duration_s: Vec<f64>,
    /// Messages that were delivered within this time, of those written.
    pub delivered_within: Vec<Option<f64>>,
    /// Times between two contacts of a pair that were longer than this, of all.
    pub apart_longer: Vec<Option<f64>>,
}

/// The durations that curves tell apart, in microseconds.
pub(super) fn durations_us() -> Vec<u64> {
    (DECADES.start * POINTS_PER_DECADE..=DECADES.end * POINTS_PER_DECADE)
        .map(|point| f64::from(point) / f64::from(POINTS_PER_DECADE))
        .map(|exponent| libm::round(libm::exp10(exponent + 6.0)) as u64)
        .collect()
}

/// Counts of durations, as many as there are points in the grid and one for all that are longer.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    grid_us: Vec<u64>,
    counts: Vec<u64>,
}

impl Spread {
    pub(super) fn new() -> Self {
        let grid_us = durations_us();
        let counts = vec![0; grid_us.len() + 1];
        Self { grid_us, counts }
    }

    pub(super) fn add(&mut self, duration_us: u64) {
        let place = self.grid_us.partition_point(|point| *point < duration_us);
        self.counts[place] += 1;
    }

    /// How many were at most as long as each point.
    pub(super) fn within(&self) -> Vec<u64> {
        let counts = &self.counts[..self.grid_us.len()];
        let mut sum = 0;
        counts
            .iter()
            .map(|count| {
                sum += count;
                sum
            })
            .collect()
    }
}

/// The slice that a moment belongs to: 0 is the very beginning, each other one ends with its point.
pub(super) fn slice(at_us: u64, duration_us: u64) -> usize {
    let place = (u128::from(at_us) * SLICES as u128).div_ceil(u128::from(duration_us.max(1)));
    usize::try_from(place).map_or(SLICES, |place| place.min(SLICES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_belongs_to_the_slice_that_ends_with_it_or_after_it() {
        assert_eq!(slice(0, 1000), 0);
        assert_eq!(slice(1, 1000), 1);
        assert_eq!(slice(5, 1000), 1);
        assert_eq!(slice(6, 1000), 2);
        assert_eq!(slice(1000, 1000), SLICES);
        assert_eq!(slice(2000, 1000), SLICES);
        assert_eq!(slice(0, 0), 0);
    }

    #[test]
    fn the_grid_of_durations_has_the_whole_decades() {
        let grid = durations_us();
        for decade in [1_000, 1_000_000, 60_000_000 / 60 * 10, 10_000_000_000_000] {
            assert!(grid.contains(&decade), "{decade}");
        }
        assert!(grid.is_sorted());
    }

    #[test]
    fn a_duration_counts_from_the_first_point_that_is_not_shorter() {
        let mut spread = Spread::new();
        spread.add(1_000);
        spread.add(1_001);
        spread.add(u64::MAX);
        let within = spread.within();
        assert_eq!(within[..2], [1, 2]);
        assert_eq!(within.last(), Some(&2));
    }
}
