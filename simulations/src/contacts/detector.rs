//! The search for contacts, chunk by chunk.

use super::Reach;
use super::cells::CellSearch;
use super::pairs::PairSearch;
use crate::mobility::Track;
use crate::plan::{Change, DeviceNumber, Meetings, SECOND_US};

/// Finds which of the devices on known ways are within reach of each other.
pub struct Detector {
    tracks: Vec<Track>,
    radios: Vec<Search>,
    chunk: Chunk,
    /// End of the time searched so far.
    searched_us: u64,
    /// End of the time whose changes were handed out.
    given_us: u64,
    /// Changes found but not handed out, in order.
    pending: Vec<Change>,
}

enum Search {
    Pairs(PairSearch),
    Cells(CellSearch),
}

impl Detector {
    /// Searches among devices, each on its track, for each radio among its members (sorted by number). The seed
    /// draws the ranges of pairs.
    #[must_use]
    pub fn new(tracks: Vec<Track>, radios: Vec<(Reach, Vec<DeviceNumber>)>, seed: u64) -> Self {
        let search = |(radio, (reach, members))| match reach {
            Reach::Cells(cells) => Search::Cells(CellSearch::new(radio, &cells, members)),
            reach => Search::Pairs(PairSearch::new(radio, reach, members, seed)),
        };
        let radios = (0..).zip(radios).map(search).collect();
        Self {
            tracks,
            radios,
            chunk: Chunk::default(),
            searched_us: 0,
            given_us: 0,
            pending: Vec::new(),
        }
    }

    /// Searches one more chunk.
    fn search(&mut self) {
        let (from_us, until_us) = (self.searched_us, self.searched_us + self.chunk.length_us);
        for track in &mut self.tracks {
            track.extend(until_us);
        }
        let mut cost = Cost {
            worked: self.tracks.len() as u64,
            looked: 0,
        };
        for radio in &mut self.radios {
            match radio {
                Search::Pairs(pairs) => pairs.search(
                    &self.tracks,
                    from_us,
                    until_us,
                    &mut cost,
                    &mut self.pending,
                ),
                Search::Cells(cells) => {
                    cells.search(&self.tracks, from_us, until_us, &mut self.pending)
                }
            }
        }
        self.pending.sort_unstable();
        self.searched_us = until_us;
        self.chunk.adapt(&cost);
    }

    /// Hands out the changes before a time.
    fn give(&mut self, until_us: u64, changes: &mut Vec<Change>) {
        let due = self
            .pending
            .partition_point(|change| change.at_us < until_us);
        changes.extend(self.pending.drain(..due));
    }
}

impl Meetings for Detector {
    fn devices(&self) -> usize {
        self.tracks.len()
    }

    fn advance(&mut self, until_us: u64, changes: &mut Vec<Change>) {
        for track in &mut self.tracks {
            track.forget(self.given_us);
        }
        self.give(until_us, changes);
        while self.searched_us < until_us {
            self.search();
            self.give(until_us, changes);
        }
        self.given_us = until_us.max(self.given_us);
    }

    fn position(&self, device: DeviceNumber, at_us: u64) -> Option<[f64; 2]> {
        self.tracks.get(device as usize)?.position(at_us)
    }
}

/// The cost of a chunk.
pub(super) struct Cost {
    /// Number of devices and contacts.
    pub(super) worked: u64,
    /// Number of nearby pairs that were compared.
    pub(super) looked: u64,
}

/// Length of a chunk. Long chunks save work for each device, short ones for each pair that comes near without a
/// contact; the length follows the cost of the last chunk.
struct Chunk {
    length_us: u64,
    fixed: bool,
}

const SHORTEST_CHUNK_US: u64 = SECOND_US / 2;
const LONGEST_CHUNK_US: u64 = 120 * SECOND_US;

impl Default for Chunk {
    fn default() -> Self {
        Self {
            length_us: 8 * SECOND_US,
            fixed: false,
        }
    }
}

impl Chunk {
    /// Comparing a pair costs about a twentieth of a device or a contact; a chunk twice as long has up to four times
    /// as many comparisons.
    fn adapt(&mut self, cost: &Cost) {
        if self.fixed {
            return;
        }
        if cost.looked > 40 * cost.worked {
            self.length_us = (self.length_us / 2).max(SHORTEST_CHUNK_US);
        } else if cost.looked < 10 * cost.worked {
            self.length_us = (self.length_us * 2).min(LONGEST_CHUNK_US);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::reach;
    use crate::mobility::{Area, Mobility, Population, RandomWaypoint, Settings};

    #[test]
    fn the_length_of_a_chunk_changes_nothing() {
        let mobility = Mobility::RandomWaypoint(RandomWaypoint {
            speed_m_s: [1.0, 3.0],
            pause_s: [0.0, 60.0],
        });
        let settings = Settings {
            area: Area {
                width_m: 300.0,
                height_m: 200.0,
            },
            map: None,
            warm_up_s: 100.0,
            populations: vec![Population {
                count: 30,
                mobility,
                radios: vec![0],
            }],
            reach: vec![Reach::Disc(reach::Disc { range_m: 20.0 })],
            step_s: None,
        };
        let plan = |chunk: Chunk| {
            let radios = vec![(settings.reach[0].clone(), settings.members(0))];
            let mut detector = Detector::new(settings.tracks(5).unwrap(), radios, 5);
            detector.chunk = chunk;
            let mut changes = Vec::new();
            detector.advance(900 * SECOND_US, &mut changes);
            changes
        };
        let adapted = plan(Chunk::default());
        assert!(adapted.len() > 500);
        for length_us in [333_333, SECOND_US, 17 * SECOND_US, 2000 * SECOND_US] {
            let fixed = true;
            assert_eq!(plan(Chunk { length_us, fixed }), adapted, "{length_us}");
        }
    }
}
