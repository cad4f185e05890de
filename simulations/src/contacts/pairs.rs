//! Finds contacts among devices that reach one another directly.

use super::Reach;
use super::detector::Cost;
use super::grid::{Circle, Grid};
use super::spells::Spells;
use crate::mobility::{Segment, Track, distance_m};
use crate::plan::{Change, DeviceNumber};

/// One radio and its members.
pub(super) struct PairSearch {
    radio: u8,
    reach: Reach,
    members: Vec<DeviceNumber>,
    seed: u64,
    spells: Spells,
    grid: Grid,
    circles: Vec<Circle>,
}

impl PairSearch {
    pub(super) fn new(radio: u8, reach: Reach, members: Vec<DeviceNumber>, seed: u64) -> Self {
        let (spells, grid, circles) = (Spells::default(), Grid::default(), Vec::new());
        Self {
            radio,
            reach,
            members,
            seed,
            spells,
            grid,
            circles,
        }
    }

    /// Appends the changes of one chunk, unsorted.
    pub(super) fn search(
        &mut self,
        tracks: &[Track],
        from_us: u64,
        until_us: u64,
        cost: &mut Cost,
        changes: &mut Vec<Change>,
    ) {
        let Self {
            radio,
            reach,
            members,
            seed,
            spells,
            grid,
            circles,
        } = self;
        let way = |device: DeviceNumber| tracks[device as usize].between(from_us, until_us);
        circles.clear();
        circles.extend(
            (0..)
                .zip(&*members)
                .map(|(index, &member)| circle(way(member), from_us, until_us, index)),
        );
        let longest_m = reach.longest_m();
        cost.looked += grid.pairs(circles, longest_m, |one, other| {
            let (one, other) = (members[one as usize], members[other as usize]);
            let (a, b) = (one.min(other), one.max(other));
            let range_m = || reach.pair_m(*seed, a, b);
            spells.add(
                (a, b),
                [way(a), way(b)],
                (from_us, until_us),
                longest_m,
                range_m,
            );
        });
        cost.worked += spells.changes((from_us, until_us), *radio, changes);
    }
}

/// A circle around the way of a device between two times.
pub(super) fn circle(way: &[Segment], from_us: u64, until_us: u64, index: u32) -> Circle {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for segment in way {
        for [x, y] in [segment.at(from_us), segment.at(until_us)] {
            low = [low[0].min(x), low[1].min(y)];
            high = [high[0].max(x), high[1].max(y)];
        }
    }
    let (x, y) = ((low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0);
    // The millimetre covers rounding errors.
    Circle {
        x,
        y,
        radius_m: distance_m([x, y], high) + 1e-3,
        index,
    }
}
