//! Plays a contact plan.

use super::Trace;
use crate::plan::{Change, DeviceNumber, Meetings};

/// Returns the changes of a contact plan one after the other. Positions are unknown.
#[derive(Debug, Clone)]
pub struct Replay {
    devices: usize,
    changes: Vec<Change>,
    next: usize,
}

impl Replay {
    /// Plays these changes, which must be sorted.
    #[must_use]
    pub fn new(devices: usize, changes: Vec<Change>) -> Replay {
        Replay {
            devices,
            changes,
            next: 0,
        }
    }
}

impl From<Trace> for Replay {
    fn from(trace: Trace) -> Replay {
        Replay::new(trace.devices, trace.changes)
    }
}

impl Meetings for Replay {
    fn devices(&self) -> usize {
        self.devices
    }

    fn advance(&mut self, until_us: u64, changes: &mut Vec<Change>) {
        let rest = &self.changes[self.next..];
        let count = rest.partition_point(|change| change.at_us < until_us);
        changes.extend_from_slice(&rest[..count]);
        self.next += count;
    }

    fn position(&self, _device: DeviceNumber, _at_us: u64) -> Option<[f64; 2]> {
        None
    }
}
