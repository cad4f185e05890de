//! Finds contacts among devices that reach one another through access points: those in the same cell.

use std::collections::BTreeMap;

use super::pairs::circle;
use super::reach::Cells;
use super::spells::Spells;
use crate::mobility::{NEVER_US, Segment, Track, distance_m};
use crate::plan::{Change, DeviceNumber};

/// One radio with its cells and members.
pub(super) struct CellSearch {
    radio: u8,
    cells: Vec<AccessPoint>,
    /// For each network, the devices inside and in how many of its cells; each cell is a network, or all are one.
    networks: Vec<BTreeMap<DeviceNumber, u32>>,
    joined: bool,
    members: Vec<DeviceNumber>,
    spells: Spells,
    /// In how many networks two devices are together.
    together: BTreeMap<(DeviceNumber, DeviceNumber), u32>,
}

struct AccessPoint {
    radius_m: f64,
    /// Its position, as a segment that never moves.
    way: [Segment; 1],
}

impl CellSearch {
    pub(super) fn new(radio: u8, settings: &Cells, members: Vec<DeviceNumber>) -> Self {
        let cells = settings.cells.iter().map(|cell| {
            let at = [cell.x_m, cell.y_m];
            let way = [Segment {
                from: at,
                to: at,
                start_us: 0,
                end_us: NEVER_US,
            }];
            AccessPoint {
                radius_m: cell.radius_m,
                way,
            }
        });
        Self {
            radio,
            cells: cells.collect(),
            networks: vec![BTreeMap::new(); settings.cells.len()],
            joined: settings.joined,
            members,
            spells: Spells::default(),
            together: BTreeMap::new(),
        }
    }

    /// Appends the changes of one chunk, unsorted.
    pub(super) fn search(
        &mut self,
        tracks: &[Track],
        from_us: u64,
        until_us: u64,
        changes: &mut Vec<Change>,
    ) {
        for &member in &self.members {
            let way = tracks[member as usize].between(from_us, until_us);
            let around = circle(way, from_us, until_us, member);
            for (number, cell) in (0..).zip(&self.cells) {
                if distance_m([around.x, around.y], cell.way[0].from)
                    <= cell.radius_m + around.radius_m
                {
                    let ways = [&cell.way[..], way];
                    self.spells.add(
                        (number, member),
                        ways,
                        (from_us, until_us),
                        cell.radius_m,
                        || cell.radius_m,
                    );
                }
            }
        }
        // Which device enters and leaves which cell, as if the cell were the lower device of a pair.
        let mut moves = Vec::new();
        self.spells
            .changes((from_us, until_us), self.radio, &mut moves);
        moves.sort_unstable();
        for Change {
            at_us,
            up,
            a: cell,
            b: device,
            radio,
        } in moves
        {
            let network = if self.joined { 0 } else { cell as usize };
            let inside = &mut self.networks[network];
            let cells_of_it = inside.entry(device).or_default();
            *cells_of_it = if up {
                *cells_of_it + 1
            } else {
                cells_of_it.saturating_sub(1)
            };
            match (*cells_of_it, up) {
                (0, _) => inside.remove(&device),
                (1, true) => None,
                // It stays inside through another cell.
                _ => continue,
            };
            for &other in inside.keys().filter(|other| **other != device) {
                let (a, b) = (device.min(other), device.max(other));
                let cells = self.together.entry((a, b)).or_default();
                let was_up = *cells > 0;
                *cells = if up {
                    *cells + 1
                } else {
                    cells.saturating_sub(1)
                };
                if was_up != (*cells > 0) {
                    changes.push(Change {
                        at_us,
                        up,
                        a,
                        b,
                        radio,
                    });
                }
                if *cells == 0 {
                    self.together.remove(&(a, b));
                }
            }
        }
    }
}
