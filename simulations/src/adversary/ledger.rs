//! An all-knowing view of a run with adversaries: which device sealed, took, opened and dropped which bundle, and
//! what was on the air. All adversaries' figures come from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hedgerow_node::courier::{DropReason, Settings, Tag};
use hedgerow_transport::carrier::LinkId;

use super::replayer::Tally;
use super::tracker::Sightings;
use super::{Adversary, Cast, Part, black_hole, flooder, receipt_forger, replayer, sybil, tracker};
use crate::plan::DeviceNumber;
use crate::record::Record;
use crate::world::noted::{Noted, What};

/// The history of a bundle since it was sealed.
#[derive(Debug)]
pub(crate) struct Seen {
    from: DeviceNumber,
    to: Option<DeviceNumber>,
    bytes: u64,
    /// It holds texts, which may also arrive without it.
    is_of_texts: bool,
    /// How many devices took it to carry: black holes in `swallowed`, all others in `taken`.
    pub taken: u32,
    pub swallowed: u32,
    /// When its recipient first opened it.
    pub opened_us: Option<u64>,
}

/// The burden of a flood on honest devices.
#[derive(Debug, Default)]
pub(crate) struct Flooded {
    pub sealed: u64,
    pub transfers: u64,
    pub taken_bytes: u64,
    /// Bytes of the flood that each honest device holds.
    held: BTreeMap<DeviceNumber, u64>,
    pub worst_bytes: u64,
    /// Bytes held in all, and their sum over time, in byte seconds.
    bytes: u64,
    byte_seconds: f64,
    until_us: u64,
}

/// What one link has brought.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Brought {
    pub bytes: u64,
    pub bundles: u32,
}

/// The view of a run.
pub(crate) struct Ledger {
    adversaries: Vec<Adversary>,
    cast: Arc<Cast>,
    seed: u64,
    bundles: BTreeMap<Tag, Seen>,
    /// Bundles dropped as released, each with the time and the device.
    released: Vec<(Tag, u64, DeviceNumber)>,
    /// Messages between honest devices.
    written: u64,
    delivered: u64,
    pub quota_bytes: u64,
    pub link_bytes: Option<u64>,
    pub link_bundles: Option<u32>,
    pub flooder: Flooded,
    pub sybil: Flooded,
    pub sybil_links: BTreeMap<(DeviceNumber, LinkId), Brought>,
    pub honest_dropped: u64,
    pub forged: u64,
    pub replayed: Tally,
    pub sightings: Sightings,
    now_us: u64,
}

impl Ledger {
    pub fn new(
        adversaries: &[Adversary],
        cast: Arc<Cast>,
        courier: Option<&Settings>,
        seed: u64,
    ) -> Ledger {
        Ledger {
            adversaries: adversaries.to_vec(),
            cast,
            seed,
            bundles: BTreeMap::new(),
            released: Vec::new(),
            written: 0,
            delivered: 0,
            quota_bytes: courier.map_or(0, |courier| courier.quota_bytes),
            link_bytes: courier.and_then(|courier| courier.link_bytes),
            link_bundles: courier.and_then(|courier| courier.link_bundles),
            flooder: Flooded::default(),
            sybil: Flooded::default(),
            sybil_links: BTreeMap::new(),
            honest_dropped: 0,
            forged: 0,
            replayed: Tally::default(),
            sightings: Sightings::default(),
            now_us: 0,
        }
    }

    /// Takes in what devices have noted, in order.
    pub fn see(&mut self, noted: &[Noted]) {
        for Noted {
            at_us,
            device,
            what,
        } in noted
        {
            self.now_us = *at_us;
            self.see_one(*at_us, *device, what);
        }
    }

    fn see_one(&mut self, at_us: u64, device: DeviceNumber, what: &What) {
        match what {
            What::Sealed {
                bundle,
                to,
                bytes,
                loads,
            } => {
                let seen = Seen {
                    from: device,
                    to: *to,
                    bytes: *bytes,
                    is_of_texts: loads.is_empty(),
                    taken: 0,
                    swallowed: 0,
                    opened_us: None,
                };
                if let Some(flooded) = self.flooded(device) {
                    flooded.sealed += 1;
                }
                self.bundles.insert(*bundle, seen);
                self.sightings.tag(device, at_us, bundle);
            }
            What::Took { bundle, link, .. } => self.took(at_us, device, bundle, *link),
            What::Opened { bundle, .. } => {
                if let Some(seen) = self.bundles.get_mut(bundle) {
                    seen.opened_us.get_or_insert(at_us);
                }
            }
            What::Dropped { bundle, reason } => self.dropped(at_us, device, bundle, *reason),
            What::Claimed { values } => self.forged += values,
            What::Replayed(replayed) => self.replayed.add(*replayed),
            What::Announced { carrier, beacons } => {
                self.sightings.announced(device, at_us, *carrier, beacons);
            }
            What::Flight { bytes } => self.sightings.flight(device, at_us, bytes),
            _ => {}
        }
    }

    /// Takes in the fate of messages.
    pub fn read(&mut self, records: &[Record]) {
        let is_honest = |from: i32, to: i32| {
            self.cast.is_honest(from as DeviceNumber) && self.cast.is_honest(to as DeviceNumber)
        };
        for record in records {
            match record {
                Record::Message(row) if is_honest(row.from, row.to) => self.written += 1,
                Record::Delivery(row) if is_honest(row.from, row.to) => self.delivered += 1,
                _ => {}
            }
        }
    }

    /// The adversaries' figures at the end of the run.
    pub fn figures(&mut self, end_us: u64) -> Vec<(&'static str, f64)> {
        self.flooder.pass(end_us);
        self.sybil.pass(end_us);
        self.now_us = end_us;
        let mut figures = vec![("honest_delivery_ratio", self.honest_delivery_ratio())];
        for adversary in &self.adversaries {
            match adversary {
                Adversary::BlackHole(_) => black_hole::figures(self, &mut figures),
                Adversary::Flooder(_) => flooder::figures(self, &mut figures),
                Adversary::Sybil(_) => sybil::figures(self, &mut figures),
                Adversary::ReceiptForger(_) => receipt_forger::figures(self, &mut figures),
                Adversary::Replayer(_) => replayer::figures(self, &mut figures),
                Adversary::Tracker(part) => {
                    tracker::figures(part, &self.sightings, self.seed, &mut figures);
                }
            }
        }
        figures
    }

    /// The share of messages between honest devices that arrived.
    pub fn honest_delivery_ratio(&self) -> f64 {
        self.delivered as f64 / self.written as f64
    }

    /// Bundles between honest devices.
    pub fn honest_bundles(&self) -> impl Iterator<Item = &Seen> {
        self.bundles.values().filter(|seen| self.is_honest(seen))
    }

    /// Number of bundles that honest devices dropped as released before their recipient had opened them. Leaves out
    /// an author's bundles of texts, which it also drops when the texts arrive without them.
    pub fn deleted_unopened(&self) -> usize {
        let forged = self.released.iter().filter(|(bundle, at_us, device)| {
            self.bundles.get(bundle).is_some_and(|seen| {
                let is_opened = seen.opened_us.is_some_and(|opened_us| opened_us <= *at_us);
                let is_by_author = seen.is_of_texts && seen.from == *device;
                self.cast.is_honest(*device) && !is_opened && !is_by_author
            })
        });
        forged.count()
    }

    /// The share of honest devices' quota that was held, over devices and time.
    pub fn storage_share(&self, flooded: &Flooded) -> f64 {
        let room = self.quota_bytes as f64 * self.cast.honest() as f64;
        flooded.byte_seconds / (room * seconds(self.now_us))
    }

    fn took(&mut self, at_us: u64, device: DeviceNumber, bundle: &Tag, link: LinkId) {
        let Some(seen) = self.bundles.get_mut(bundle) else {
            return;
        };
        match self.cast.part(device) {
            Part::BlackHole => seen.swallowed += 1,
            _ => seen.taken += 1,
        }
        let (from, bytes) = (seen.from, seen.bytes);
        if !self.cast.is_honest(device) {
            return;
        }
        if let Some(flooded) = self.flooded(from) {
            flooded.transfers += 1;
            flooded.taken_bytes += bytes;
            flooded.hold(at_us, device, bytes);
        }
        if let Part::Identity(_) = self.cast.part(from) {
            let brought = self.sybil_links.entry((device, link)).or_default();
            brought.bytes += bytes;
            brought.bundles += 1;
        }
    }

    fn dropped(&mut self, at_us: u64, device: DeviceNumber, bundle: &Tag, reason: DropReason) {
        let Some(seen) = self.bundles.get(bundle) else {
            return;
        };
        if reason == DropReason::Released {
            self.released.push((*bundle, at_us, device));
        }
        if !self.cast.is_honest(device) {
            return;
        }
        if reason == DropReason::Full && self.is_honest(seen) {
            self.honest_dropped += 1;
        }
        let (from, bytes) = (seen.from, seen.bytes);
        if let Some(flooded) = self.flooded(from) {
            flooded.let_go(at_us, device, bytes);
        }
    }

    fn is_honest(&self, seen: &Seen) -> bool {
        let to = seen.to.is_none_or(|to| self.cast.is_honest(to));
        to && self.cast.is_honest(seen.from)
    }

    fn flooded(&mut self, by: DeviceNumber) -> Option<&mut Flooded> {
        match self.cast.part(by) {
            Part::Flooder(_) => Some(&mut self.flooder),
            Part::Identity(_) => Some(&mut self.sybil),
            _ => None,
        }
    }
}

impl Flooded {
    fn pass(&mut self, at_us: u64) {
        let passed_us = at_us.saturating_sub(self.until_us);
        self.byte_seconds += self.bytes as f64 * seconds(passed_us);
        self.until_us = self.until_us.max(at_us);
    }

    fn hold(&mut self, at_us: u64, device: DeviceNumber, bytes: u64) {
        self.pass(at_us);
        self.bytes += bytes;
        let held = self.held.entry(device).or_default();
        *held += bytes;
        self.worst_bytes = self.worst_bytes.max(*held);
    }

    fn let_go(&mut self, at_us: u64, device: DeviceNumber, bytes: u64) {
        self.pass(at_us);
        if let Some(held) = self.held.get_mut(&device) {
            let bytes = bytes.min(*held);
            *held -= bytes;
            self.bytes -= bytes;
        }
    }
}

fn seconds(us: u64) -> f64 {
    us as f64 / crate::plan::SECOND_US as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: Tag = Tag([7; 32]);

    /// Device 0 seals a bundle for device 1, which device 2 carries.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(&[], Arc::new(Cast::default()), None, 1);
        ledger.see(&[
            noted(
                1,
                0,
                What::Sealed {
                    bundle: BUNDLE,
                    to: Some(1),
                    bytes: 100,
                    loads: Vec::new(),
                },
            ),
            noted(
                2,
                2,
                What::Took {
                    bundle: BUNDLE,
                    from: 0,
                    link: LinkId(5),
                },
            ),
        ]);
        ledger
    }

    fn noted(at_us: u64, device: DeviceNumber, what: What) -> Noted {
        Noted {
            at_us,
            device,
            what,
        }
    }

    fn released() -> What {
        What::Dropped {
            bundle: BUNDLE,
            reason: DropReason::Released,
        }
    }

    #[test]
    fn a_courier_that_believes_a_forged_release_is_counted() {
        let mut ledger = ledger();
        ledger.see(&[noted(3, 2, released())]);
        assert_eq!(ledger.deleted_unopened(), 1);
    }

    #[test]
    fn a_release_that_follows_an_opening_is_none() {
        let mut ledger = ledger();
        let opened = What::Opened {
            bundle: BUNDLE,
            from: 2,
            loads: Vec::new(),
        };
        // An author that learns of the delivery in a session drops it as well.
        ledger.see(&[noted(3, 0, released()), noted(4, 1, opened)]);
        ledger.see(&[noted(4, 2, released())]);
        assert_eq!(ledger.deleted_unopened(), 0);
    }
}
