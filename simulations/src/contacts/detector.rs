//! The search for contacts, chunk by chunk.

use super::grid::{Disc, Grid};
use super::{Reach, within};
use crate::mobility::{Segment, Track, distance_m};
use crate::plan::{Change, DeviceNumber, Meetings, SECOND_US};

/// Finds who is within reach of whom among devices on known ways.
pub struct Detector {
    tracks: Vec<Track>,
    radios: Vec<Radio>,
    seed: u64,
    chunk: Chunk,
    /// Up to when contacts were searched for.
    searched_us: u64,
    /// Up to when they were given away.
    given_us: u64,
    /// Found and not given away, in order.
    pending: Vec<Change>,
    grid: Grid,
    discs: Vec<Disc>,
}

/// One radio, and who has it.
struct Radio {
    number: u8,
    reach: Reach,
    members: Vec<DeviceNumber>,
    /// Pairs within reach when the last chunk ended, in order.
    up: Vec<(DeviceNumber, DeviceNumber)>,
}

/// A pair is within reach during a part of a chunk.
struct Spell {
    pair: (DeviceNumber, DeviceNumber),
    start_us: u64,
    end_us: u64,
}

impl Detector {
    /// Searches among devices, each on its track, for each radio among those that have it (numbers in
    /// order). The seed draws the ranges of pairs.
    #[must_use]
    pub fn new(tracks: Vec<Track>, radios: Vec<(Reach, Vec<DeviceNumber>)>, seed: u64) -> Self {
        let radios = radios.into_iter().zip(0..);
        let radios = radios.map(|((reach, members), number)| Radio {
            number,
            reach,
            members,
            up: Vec::new(),
        });
        Self {
            tracks,
            radios: radios.collect(),
            seed,
            chunk: Chunk::default(),
            searched_us: 0,
            given_us: 0,
            pending: Vec::new(),
            grid: Grid::default(),
            discs: Vec::new(),
        }
    }

    /// Searches one more chunk.
    fn search(&mut self) {
        let from_us = self.searched_us;
        let until_us = from_us + self.chunk.length_us;
        for track in &mut self.tracks {
            track.extend(until_us);
        }
        let (mut looked, mut useful) = (0, 0);
        for radio in &mut self.radios {
            self.discs.clear();
            for (index, &member) in (0..).zip(&radio.members) {
                let way = self.tracks[member as usize].between(from_us, until_us);
                self.discs.push(disc(way, from_us, until_us, index));
            }
            let mut spells = Vec::new();
            looked += self
                .grid
                .pairs(&self.discs, radio.reach.longest_m(), |one, other| {
                    let (one, other) = (radio.members[one as usize], radio.members[other as usize]);
                    let pair = (one.min(other), one.max(other));
                    let ways = [pair.0, pair.1]
                        .map(|d| self.tracks[d as usize].between(from_us, until_us));
                    radio.spells(self.seed, pair, ways, (from_us, until_us), &mut spells);
                });
            useful += spells.len() as u64;
            radio.changes(&mut spells, from_us, until_us, &mut self.pending);
        }
        self.pending.sort_unstable();
        self.searched_us = until_us;
        self.chunk.adapt(self.tracks.len() as u64 + useful, looked);
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
        while self.searched_us < until_us {
            self.search();
            // What is due is handed on before more is found.
            let due = self
                .pending
                .partition_point(|change| change.at_us < until_us);
            changes.extend(self.pending.drain(..due));
        }
        let due = self
            .pending
            .partition_point(|change| change.at_us < until_us);
        changes.extend(self.pending.drain(..due));
        self.given_us = until_us.max(self.given_us);
    }

    fn position(&self, device: DeviceNumber, at_us: u64) -> Option<[f64; 2]> {
        self.tracks.get(device as usize)?.position(at_us)
    }
}

impl Radio {
    /// Adds the times of one chunk at which a pair is within reach.
    fn spells(
        &self,
        seed: u64,
        pair: (DeviceNumber, DeviceNumber),
        [a, b]: [&[Segment]; 2],
        (from_us, until_us): (u64, u64),
        spells: &mut Vec<Spell>,
    ) {
        let mut range_m = self.reach.longest_m();
        let mut own_range = false;
        let (mut i, mut j) = (0, 0);
        let before = spells.len();
        while let (Some(one), Some(other)) = (a.get(i), b.get(j)) {
            let mut found = within(one, other, range_m);
            if found.is_some() && !own_range {
                // A pair's own range takes time to draw and most pairs never come near enough to need it.
                range_m = self.reach.pair_m(seed, pair.0, pair.1);
                own_range = true;
                found = within(one, other, range_m);
            }
            if let Some((enter_us, leave_us)) = found {
                let (start_us, end_us) = (enter_us.max(from_us), leave_us.min(until_us));
                match spells[before..].last_mut() {
                    _ if start_us >= end_us => {}
                    Some(last) if last.end_us == start_us => last.end_us = end_us,
                    _ => spells.push(Spell {
                        pair,
                        start_us,
                        end_us,
                    }),
                }
            }
            if one.end_us <= other.end_us {
                i += 1;
            } else {
                j += 1;
            }
        }
    }

    /// Turns the times within reach of one chunk into changes, against who was up before it.
    fn changes(
        &mut self,
        spells: &mut [Spell],
        from_us: u64,
        until_us: u64,
        changes: &mut Vec<Change>,
    ) {
        spells.sort_unstable_by_key(|spell| (spell.pair, spell.start_us));
        let was_up = std::mem::take(&mut self.up);
        let mut before = was_up.into_iter().peekable();
        let change = |at_us, up, (a, b)| Change {
            at_us,
            up,
            a,
            b,
            radio: self.number,
        };
        for spell in spells.iter() {
            while let Some(parted) = before.next_if(|&pair| pair < spell.pair) {
                changes.push(change(from_us, false, parted));
            }
            let went_on = before.peek() == Some(&spell.pair) && spell.start_us == from_us;
            if before.next_if_eq(&spell.pair).is_some() && !went_on {
                changes.push(change(from_us, false, spell.pair));
            }
            if !went_on {
                changes.push(change(spell.start_us, true, spell.pair));
            }
            if spell.end_us < until_us {
                changes.push(change(spell.end_us, false, spell.pair));
            } else {
                self.up.push(spell.pair);
            }
        }
        changes.extend(before.map(|parted| change(from_us, false, parted)));
    }
}

/// A circle around the way of a device between two times.
fn disc(way: &[Segment], from_us: u64, until_us: u64, index: u32) -> Disc {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for segment in way {
        for [x, y] in [segment.at(from_us), segment.at(until_us)] {
            low = [low[0].min(x), low[1].min(y)];
            high = [high[0].max(x), high[1].max(y)];
        }
    }
    let (x, y) = ((low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0);
    // A millimetre covers what rounding may take away.
    Disc {
        x,
        y,
        radius_m: distance_m([x, y], high) + 1e-3,
        index,
    }
}

/// How long the pieces of time are. Long ones spare work for each device, short ones for each pair that
/// comes near and does not meet; the length follows what the last chunk cost.
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
    /// A look at a pair costs a twentieth or so of a device's or a contact's; a chunk twice as long has
    /// up to four times as many looks.
    fn adapt(&mut self, worked: u64, looked: u64) {
        if self.fixed {
            return;
        }
        if looked > 40 * worked {
            self.length_us = (self.length_us / 2).max(SHORTEST_CHUNK_US);
        } else if looked < 10 * worked {
            self.length_us = (self.length_us * 2).min(LONGEST_CHUNK_US);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts;
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
            warm_up_s: 100.0,
            populations: vec![Population {
                count: 30,
                mobility,
                radios: vec![0],
            }],
            reach: vec![Reach::Disc(contacts::Disc { range_m: 20.0 })],
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
