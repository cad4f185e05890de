//! Which device plays which part in a world.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::courier::{Courier, Settings};

use super::{Adversary, black_hole, flooder};
use crate::plan::{Change, DeviceNumber};
use crate::rng::{self, Purpose};
use crate::world::micros;

/// What a device does besides its user's wishes, or instead of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Part {
    /// Nothing.
    #[default]
    Honest,
    /// Takes every bundle and gives none.
    BlackHole,
    /// Seals bundles without end.
    Flooder(Flood),
    /// One of a Sybil's identities; floods.
    Identity(Flood),
    /// Carries a Sybil's identities.
    Host,
    /// Sends release values that it does not know.
    Forger { every_us: u64 },
    /// Replays what it has heard.
    Replayer { every_us: u64, after_us: u64 },
}

/// Settings of a flood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flood {
    pub every_us: u64,
    pub bytes: u64,
    /// The recipients, in turn.
    pub to: Vec<DeviceNumber>,
}

/// The parts of all devices.
#[derive(Debug, Default)]
pub(crate) struct Cast {
    /// By device; all further devices are honest. Identities of Sybils come last.
    parts: Vec<Part>,
    /// The identities that live on a device.
    identities: BTreeMap<DeviceNumber, Vec<DeviceNumber>>,
    replayers: BTreeSet<DeviceNumber>,
    /// A tracker watches the air.
    pub is_watched: bool,
    /// This is the twin: the parts are drawn but not played.
    pub is_twin: bool,
}

impl Cast {
    /// Draws the parts of all devices, and gives the identities of Sybils their contacts.
    pub fn draw(
        adversaries: &[Adversary],
        known: &mut Vec<BTreeSet<DeviceNumber>>,
        seed: u64,
        is_twin: bool,
    ) -> Cast {
        let mut cast = Cast {
            is_twin,
            ..Cast::default()
        };
        if adversaries.is_empty() {
            return cast;
        }
        let count = known.len();
        let mut rng = rng::stream(seed, Purpose::Adversary, 0);
        let mut drawn: Vec<DeviceNumber> = (0..count as DeviceNumber).collect();
        for last in (1..count).rev() {
            drawn.swap(last, rng::index(&mut rng, last + 1));
        }
        cast.parts = vec![Part::Honest; count];
        for adversary in adversaries {
            let wanted = libm::round(adversary.share() * count as f64) as usize;
            for device in drawn.split_off(drawn.len().saturating_sub(wanted)) {
                cast.parts[device as usize] = match adversary {
                    Adversary::BlackHole(_) => Part::BlackHole,
                    Adversary::Flooder(part) => Part::Flooder(Flood {
                        every_us: micros(part.every_s),
                        bytes: part.bytes,
                        to: known[device as usize].iter().copied().collect(),
                    }),
                    Adversary::Sybil(_) => Part::Host,
                    Adversary::ReceiptForger(part) => Part::Forger {
                        every_us: micros(part.every_s),
                    },
                    Adversary::Replayer(part) => Part::Replayer {
                        every_us: micros(part.every_s),
                        after_us: micros(part.after_s),
                    },
                    Adversary::Tracker(_) => Part::Honest,
                };
                if let Adversary::Replayer(_) = adversary {
                    cast.replayers.insert(device);
                }
            }
            cast.is_watched |= matches!(adversary, Adversary::Tracker(_));
        }
        // All drawn devices without a part are honest.
        for adversary in adversaries {
            if let Adversary::Sybil(sybil) = adversary {
                cast.multiply(sybil, &drawn, known, seed);
            }
        }
        if is_twin {
            cast.replayers.clear();
        }
        cast
    }

    fn multiply(
        &mut self,
        sybil: &super::Sybil,
        honest: &[DeviceNumber],
        known: &mut Vec<BTreeSet<DeviceNumber>>,
        seed: u64,
    ) {
        let mut rng = rng::stream(seed, Purpose::Adversary, 1);
        for host in 0..known.len() {
            if self.parts[host] != Part::Host {
                continue;
            }
            let first = known.len() as DeviceNumber;
            let all: Vec<DeviceNumber> = (first..first + sybil.identities).collect();
            for identity in &all {
                let fellows: Vec<_> = all.iter().copied().filter(|one| one != identity).collect();
                let mut contacts: BTreeSet<DeviceNumber> = fellows.iter().copied().collect();
                let wanted = (sybil.contacts as usize).min(honest.len());
                while contacts.len() < fellows.len() + wanted {
                    let contact = honest[rng::index(&mut rng, honest.len())];
                    contacts.insert(contact);
                    known[contact as usize].insert(*identity);
                }
                known.push(contacts);
                self.parts.push(Part::Identity(Flood {
                    every_us: micros(sybil.every_s),
                    bytes: sybil.bytes,
                    to: fellows,
                }));
            }
            self.identities.insert(host as DeviceNumber, all);
        }
    }

    /// Whether there is no adversary.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The part that was drawn for a device.
    pub fn drawn(&self, device: DeviceNumber) -> &Part {
        self.parts.get(device as usize).unwrap_or(&Part::Honest)
    }

    /// The part that a device plays: in a twin every device is honest.
    pub fn part(&self, device: DeviceNumber) -> &Part {
        match self.is_twin {
            true => &Part::Honest,
            false => self.drawn(device),
        }
    }

    /// Whether a device is honest.
    pub fn is_honest(&self, device: DeviceNumber) -> bool {
        *self.drawn(device) == Part::Honest
    }

    /// Number of honest devices.
    pub fn honest(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| **part == Part::Honest)
            .count()
    }

    /// Whether a device exists in this world: in a twin the identities of Sybils do not.
    pub fn exists(&self, device: DeviceNumber) -> bool {
        !(self.is_twin && matches!(self.drawn(device), Part::Identity(_)))
    }

    /// Whether a device replays what it has heard.
    pub fn is_replayer(&self, device: DeviceNumber) -> bool {
        self.replayers.contains(&device)
    }

    /// Whether any device replays.
    pub fn has_replayers(&self) -> bool {
        !self.replayers.is_empty()
    }

    /// Puts identities where their device is: copies its changes of reach to them.
    pub fn mirror(&self, changes: &mut Vec<Change>) {
        if self.identities.is_empty() {
            return;
        }
        let mut mirrored = Vec::with_capacity(changes.len());
        for change in changes.drain(..) {
            mirrored.push(change);
            for (host, other) in [(change.a, change.b), (change.b, change.a)] {
                for identity in self.identities.get(&host).into_iter().flatten() {
                    mirrored.push(Change {
                        a: other.min(*identity),
                        b: other.max(*identity),
                        ..change
                    });
                }
            }
        }
        *changes = mirrored;
    }
}

impl Part {
    /// The courier for this part; `settings` are those of honest couriers.
    pub fn courier(&self, settings: &Settings) -> Courier {
        match self {
            Part::BlackHole => black_hole::courier(settings),
            Part::Flooder(_) | Part::Identity(_) => flooder::courier(settings),
            Part::Honest | Part::Host | Part::Forger { .. } | Part::Replayer { .. } => {
                Courier::new(settings.clone())
            }
        }
    }

    /// The time between its turns.
    pub fn every_us(&self) -> Option<u64> {
        match self {
            Part::Flooder(flood) | Part::Identity(flood) => Some(flood.every_us),
            Part::Forger { every_us } | Part::Replayer { every_us, .. } => Some(*every_us),
            Part::Honest | Part::Host | Part::BlackHole => None,
        }
    }
}
