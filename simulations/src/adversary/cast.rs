//! Who plays which part in a world.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::courier::{Courier, Settings};

use super::{Adversary, black_hole, flooder};
use crate::plan::{Change, DeviceNumber};
use crate::rng::{self, Purpose};
use crate::world::micros;

/// What a device does beside, or instead of, what its user wants.
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
    /// Says release values that it does not know.
    Forger { every_us: u64 },
    /// Says again what it has heard.
    Replayer { every_us: u64, after_us: u64 },
}

/// How somebody floods.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flood {
    pub every_us: u64,
    pub bytes: u64,
    /// For whom, in turn.
    pub to: Vec<DeviceNumber>,
}

/// Who plays which part.
#[derive(Debug, Default)]
pub(crate) struct Cast {
    /// By device; those beyond are honest. Identities of Sybils come last.
    parts: Vec<Part>,
    /// The identities that live on a device.
    identities: BTreeMap<DeviceNumber, Vec<DeviceNumber>>,
    replayers: BTreeSet<DeviceNumber>,
    /// Somebody watches the air.
    pub is_watched: bool,
    /// The parts are drawn and not played.
    pub is_twin: bool,
}

impl Cast {
    /// Draws the parts of so many devices, and lets identities of Sybils know others.
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
        // What is left of those drawn is honest.
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

    /// Whether there is nobody who means harm.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// What a device was drawn for.
    pub fn drawn(&self, device: DeviceNumber) -> &Part {
        self.parts.get(device as usize).unwrap_or(&Part::Honest)
    }

    /// What a device plays: in a twin everybody is honest.
    pub fn part(&self, device: DeviceNumber) -> &Part {
        match self.is_twin {
            true => &Part::Honest,
            false => self.drawn(device),
        }
    }

    /// Whether a device means no harm.
    pub fn is_honest(&self, device: DeviceNumber) -> bool {
        *self.drawn(device) == Part::Honest
    }

    /// Devices that mean no harm.
    pub fn honest(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| **part == Part::Honest)
            .count()
    }

    /// Whether a device exists in this world: the identities of Sybils do not in a twin.
    pub fn exists(&self, device: DeviceNumber) -> bool {
        !(self.is_twin && matches!(self.drawn(device), Part::Identity(_)))
    }

    /// Whether a device says again what it has heard.
    pub fn is_replayer(&self, device: DeviceNumber) -> bool {
        self.replayers.contains(&device)
    }

    /// Whoever says again what it has heard.
    pub fn has_replayers(&self) -> bool {
        !self.replayers.is_empty()
    }

    /// Identities are where the device is that they live on.
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
    /// The courier of one who plays this part, where honest ones have these settings.
    pub fn courier(&self, settings: &Settings) -> Courier {
        match self {
            Part::BlackHole => black_hole::courier(settings),
            Part::Flooder(_) | Part::Identity(_) => flooder::courier(settings),
            Part::Honest | Part::Host | Part::Forger { .. } | Part::Replayer { .. } => {
                Courier::new(settings.clone())
            }
        }
    }

    /// How often it has its turn.
    pub fn every_us(&self) -> Option<u64> {
        match self {
            Part::Flooder(flood) | Part::Identity(flood) => Some(flood.every_us),
            Part::Forger { every_us } | Part::Replayer { every_us, .. } => Some(*every_us),
            Part::Honest | Part::Host | Part::BlackHole => None,
        }
    }
}
