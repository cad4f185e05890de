//! A device at a checkpoint: all its links are cut, and what is left is written down.

use hedgerow_sync::store::StorageError;

use super::Device;
use crate::radio::Meter;
use crate::world::Shared;
use crate::world::checkpoint::{Lasting, SavedDevice, SavedDisk, SavedRng};
use crate::world::disk::Disk;
use crate::world::happening::Happening;

impl Device {
    /// Cuts all its links, as everybody's are cut at that moment, and starts it anew from its store:
    /// nothing of it is left then but what [`save`](Self::save) writes down.
    pub fn start_anew(&mut self, at_us: u64, shared: &Shared) {
        let mut unsent = Vec::new();
        self.switch_off(at_us, shared, &mut unsent);
        self.write_down(shared);
        for (at_us, what) in self.agenda.drain() {
            let lasts = matches!(
                what,
                Happening::Fault(_)
                    | Happening::Sample
                    | Happening::Act(_)
                    | Happening::WriteStick(_)
                    | Happening::Stick(_)
            );
            if lasts {
                self.agenda.push(at_us, what);
            }
        }
        for meter in &mut self.meters {
            *meter = Meter::from(at_us, meter.used_j(at_us));
        }
    }

    /// What is left of it after [`start_anew`](Self::start_anew).
    pub fn save(&mut self) -> Result<SavedDevice, StorageError> {
        let agenda = self.agenda.drain();
        let lasting = agenda.iter().filter_map(|(at_us, what)| match what {
            Happening::Fault(fault) => Some((*at_us, Lasting::Fault(*fault))),
            Happening::Sample => Some((*at_us, Lasting::Sample)),
            Happening::Act(deed) => Some((*at_us, Lasting::Act(deed.clone()))),
            Happening::WriteStick(carried) => Some((*at_us, Lasting::WriteStick(*carried))),
            Happening::Stick(bundles) => Some((*at_us, Lasting::Stick(bundles.clone()))),
            _ => None,
        });
        let ((store, files), snapshot) = self.disk.parts();
        let snapshot = snapshot.map(|(store, files)| SavedDisk::of(store, files));
        let saved = SavedDevice {
            disk: SavedDisk::of(store, files)?,
            snapshot: snapshot.transpose()?,
            full: self.disk.full,
            rng: SavedRng::of(&self.rng),
            air: SavedRng::of(&self.air),
            on: self.on,
            starts: self.starts,
            next_link: self.next_link,
            clock_error_ms: self.clock_error_ms,
            agenda: lasting.collect(),
            used_j: self.meters.iter().map(|meter| meter.used_j(0)).collect(),
            sent_bytes: self.sent_bytes,
            received_bytes: self.received_bytes,
        };
        for (at_us, what) in agenda {
            self.agenda.push(at_us, what);
        }
        Ok(saved)
    }

    /// Takes on what was saved at this time, in a device as the world made it.
    pub fn restore(&mut self, at_us: u64, saved: SavedDevice) -> Result<(), StorageError> {
        let snapshot = saved.snapshot.map(SavedDisk::restored).transpose()?;
        self.disk = Disk::of(saved.disk.restored()?, snapshot, saved.full);
        self.rng = saved.rng.restored();
        self.air = saved.air.restored();
        self.on = saved.on;
        self.starts = saved.starts;
        self.next_link = saved.next_link;
        self.clock_error_ms = saved.clock_error_ms;
        self.agenda.drain();
        for (at_us, what) in saved.agenda {
            let what = match what {
                Lasting::Fault(fault) => Happening::Fault(fault),
                Lasting::Sample => Happening::Sample,
                Lasting::Act(deed) => Happening::Act(deed),
                Lasting::WriteStick(carried) => Happening::WriteStick(carried),
                Lasting::Stick(bundles) => Happening::Stick(bundles),
            };
            self.agenda.push(at_us, what);
        }
        self.meters = saved
            .used_j
            .into_iter()
            .map(|used_j| Meter::from(at_us, used_j))
            .collect();
        self.sent_bytes = saved.sent_bytes;
        self.received_bytes = saved.received_bytes;
        Ok(())
    }

    /// Goes on after a checkpoint.
    pub fn go_on(&mut self, at_us: u64, shared: &Shared) {
        if self.on {
            self.switch_on(at_us, shared);
        }
    }
}
