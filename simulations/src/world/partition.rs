//! A contact plan in which some devices are out of reach of the others for a time.

use std::collections::BTreeSet;

use super::fault::Fault;
use super::micros;
use crate::plan::{Change, DeviceNumber, Meetings};

/// Two devices, the lower first, and a radio.
type Pair = (DeviceNumber, DeviceNumber, u8);

/// A time in which devices below a number and the others cannot reach each other.
#[derive(Debug, Clone, Copy)]
struct Partition {
    from_device: DeviceNumber,
    from_us: u64,
    until_us: u64,
}

impl Partition {
    fn parts(&self, (a, b, _): Pair, at_us: u64) -> bool {
        let is_now = (self.from_us..self.until_us).contains(&at_us);
        is_now && a < self.from_device && self.from_device <= b
    }
}

/// A contact plan with partitions.
pub(super) struct Parted {
    plan: Box<dyn Meetings>,
    partitions: Vec<Partition>,
    /// When partitions begin and end, from now on.
    edges_us: BTreeSet<u64>,
    /// Pairs within reach by the plan.
    near: BTreeSet<Pair>,
    /// Those of them that no partition parts.
    up: BTreeSet<Pair>,
}

impl Parted {
    /// The plan with the partitions among these faults.
    pub fn around(plan: Box<dyn Meetings>, faults: &[Fault]) -> Box<dyn Meetings> {
        let partitions = faults.iter().filter_map(|fault| match fault {
            Fault::Partition {
                from_device,
                from_s,
                until_s,
            } => Some(Partition {
                from_device: *from_device,
                from_us: micros(*from_s),
                until_us: micros(*until_s),
            }),
            _ => None,
        });
        let partitions: Vec<Partition> = partitions.collect();
        if partitions.is_empty() {
            return plan;
        }
        let edges = partitions
            .iter()
            .flat_map(|one| [one.from_us, one.until_us]);
        Box::new(Parted {
            plan,
            edges_us: edges.collect(),
            partitions,
            near: BTreeSet::new(),
            up: BTreeSet::new(),
        })
    }

    /// A pair is within reach by the plan, or not; what that changes.
    fn change(&mut self, pair: Pair, is_near: bool, at_us: u64) -> Option<Change> {
        let is_parted = self.partitions.iter().any(|one| one.parts(pair, at_us));
        let up = is_near && !is_parted;
        let changes = match up {
            true => self.up.insert(pair),
            false => self.up.remove(&pair),
        };
        let (a, b, radio) = pair;
        changes.then_some(Change {
            at_us,
            up,
            a,
            b,
            radio,
        })
    }

    /// When the next partition begins or ends, if that is before this time.
    fn next_edge(&mut self, before_us: u64) -> Option<u64> {
        let edge_us = *self
            .edges_us
            .first()
            .filter(|edge_us| **edge_us < before_us)?;
        self.edges_us.remove(&edge_us);
        Some(edge_us)
    }

    /// A partition begins or ends.
    fn edge(&mut self, at_us: u64, changes: &mut Vec<Change>) {
        for pair in self.near.clone() {
            changes.extend(self.change(pair, true, at_us));
        }
    }
}

impl Meetings for Parted {
    fn devices(&self) -> usize {
        self.plan.devices()
    }

    fn advance(&mut self, until_us: u64, changes: &mut Vec<Change>) {
        let first = changes.len();
        let mut planned = Vec::new();
        self.plan.advance(until_us, &mut planned);
        for change in planned {
            // Of one moment, who leaves comes before the edge, and who comes after it.
            let edge_from_us = change.at_us + u64::from(change.up);
            while let Some(edge_us) = self.next_edge(edge_from_us) {
                self.edge(edge_us, changes);
            }
            let pair = (change.a, change.b, change.radio);
            match change.up {
                true => self.near.insert(pair),
                false => self.near.remove(&pair),
            };
            changes.extend(self.change(pair, change.up, change.at_us));
        }
        while let Some(edge_us) = self.next_edge(until_us) {
            self.edge(edge_us, changes);
        }
        changes[first..].sort();
    }

    fn position(&self, device: DeviceNumber, at_us: u64) -> Option<[f64; 2]> {
        self.plan.position(device, at_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Replay;

    fn change(at_us: u64, up: bool, a: DeviceNumber, b: DeviceNumber) -> Change {
        Change {
            at_us,
            up,
            a,
            b,
            radio: 0,
        }
    }

    #[test]
    fn a_partition_parts_its_two_sides_for_its_time_alone() {
        const S: u64 = 1_000_000;
        let plan = [
            change(0, true, 0, 1),
            change(S, true, 0, 2),
            change(2 * S, true, 1, 2),
            change(5 * S, true, 1, 3),
            change(6 * S, false, 1, 2),
            change(9 * S, false, 0, 2),
        ];
        let faults = [Fault::Partition {
            from_device: 2,
            from_s: 4.0,
            until_s: 8.0,
        }];
        for window in [S / 2, S, 20 * S] {
            let mut meetings = Parted::around(Box::new(Replay::new(4, plan.to_vec())), &faults);
            let mut changes = Vec::new();
            for end in 1..=20 * S / window {
                meetings.advance(end * window, &mut changes);
            }
            let expected = [
                change(0, true, 0, 1),
                change(S, true, 0, 2),
                change(2 * S, true, 1, 2),
                change(4 * S, false, 0, 2),
                change(4 * S, false, 1, 2),
                change(8 * S, true, 0, 2),
                change(8 * S, true, 1, 3),
                change(9 * S, false, 0, 2),
            ];
            assert_eq!(changes, expected);
        }
    }
}
