//! What breaks, when, and for whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::happening;
use super::micros;
use crate::plan::DeviceNumber;
use crate::rng::{self, Purpose};

/// Something that breaks for a share of the devices, drawn at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Devices are switched off and on again, for times with exponential distribution.
    #[serde(rename_all = "kebab-case")]
    Churn {
        /// The share of devices.
        share: f64,
        /// Mean time on, in seconds.
        on_s: f64,
        /// Mean time off, in seconds.
        off_s: f64,
    },
    /// A power cut at this time; on again from what was committed.
    #[serde(rename_all = "kebab-case")]
    Crash {
        /// The share of devices.
        share: f64,
        /// When, in seconds.
        at_s: f64,
        /// How long they stay off, in seconds.
        off_s: f64,
    },
    /// The store goes back to an earlier state.
    #[serde(rename_all = "kebab-case")]
    RollBack {
        /// The share of devices.
        share: f64,
        /// When the state was kept, in seconds.
        kept_s: f64,
        /// When it comes back, in seconds.
        at_s: f64,
    },
    /// The wall clock is wrong from this time on.
    #[serde(rename_all = "kebab-case")]
    Clock {
        /// The share of devices.
        share: f64,
        /// When it jumps, in seconds.
        #[serde(default)]
        at_s: f64,
        /// The furthest it jumps, either way, in seconds.
        furthest_s: f64,
    },
    /// No commit succeeds for a time.
    #[serde(rename_all = "kebab-case")]
    DiskFull {
        /// The share of devices.
        share: f64,
        /// From when, in seconds.
        from_s: f64,
        /// Until when, in seconds.
        until_s: f64,
    },
    /// Devices below a number and the others cannot reach each other for a time.
    #[serde(rename_all = "kebab-case")]
    Partition {
        /// The first device of the other side.
        from_device: DeviceNumber,
        /// From when, in seconds.
        from_s: f64,
        /// Until when, in seconds.
        until_s: f64,
    },
    /// One bit of what arrives is wrong, now and then.
    #[serde(rename_all = "kebab-case")]
    Corruption {
        /// The chance for each piece that was sent at once.
        chance: f64,
    },
}

impl Fault {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// Says what contradicts what.
    pub fn check(&self) -> Result<(), String> {
        let share = match self {
            Fault::Churn { share, .. }
            | Fault::Crash { share, .. }
            | Fault::RollBack { share, .. }
            | Fault::Clock { share, .. }
            | Fault::DiskFull { share, .. } => *share,
            Fault::Corruption { chance } => *chance,
            Fault::Partition { .. } => 0.0,
        };
        if !(0.0..=1.0).contains(&share) {
            return Err("fault: shares and chances are from 0 to 1".to_owned());
        }
        let in_order = match self {
            Fault::Churn { on_s, off_s, .. } => *on_s > 0.0 && *off_s > 0.0,
            Fault::Crash { at_s, off_s, .. } => *at_s >= 0.0 && *off_s >= 0.0,
            Fault::RollBack { kept_s, at_s, .. } => (0.0..=*at_s).contains(kept_s),
            Fault::DiskFull {
                from_s, until_s, ..
            }
            | Fault::Partition {
                from_s, until_s, ..
            } => (0.0..=*until_s).contains(from_s),
            Fault::Clock { .. } | Fault::Corruption { .. } => true,
        };
        match in_order {
            true => Ok(()),
            false => Err("fault: times must be in order and not negative".to_owned()),
        }
    }
}

/// What is wrong with the air itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Air {
    /// The chance that a piece arrives with a wrong bit.
    pub corruption: f64,
}

impl Air {
    pub fn of(faults: &[Fault]) -> Air {
        let mut air = Air::default();
        for fault in faults {
            if let Fault::Corruption { chance } = fault {
                air.corruption = air.corruption.max(*chance);
            }
        }
        air
    }
}

/// Everything that will break, in the order of time.
pub(super) struct Schedule {
    due: std::iter::Peekable<std::vec::IntoIter<(u64, DeviceNumber, happening::Fault)>>,
}

impl Schedule {
    pub fn draw(faults: &[Fault], devices: usize, end_us: u64, seed: u64) -> Schedule {
        let mut due = Vec::new();
        for (index, fault) in faults.iter().enumerate() {
            for device in 0..devices as DeviceNumber {
                let stream = (index as u64) << 32 | u64::from(device);
                let mut rng = rng::stream(seed, Purpose::Faults, stream);
                let struck = rng::unit(&mut rng);
                let mut push = |at_us, what| due.push((at_us, device, what));
                use happening::Fault as Happens;
                match fault {
                    Fault::Churn { share, on_s, off_s } if struck < *share => {
                        let mut at_us = 0;
                        while at_us < end_us {
                            at_us += micros(rng::exponential(&mut rng, *on_s)).max(1);
                            push(at_us, Happens::Off);
                            at_us += micros(rng::exponential(&mut rng, *off_s)).max(1);
                            push(at_us, Happens::On);
                        }
                    }
                    Fault::Crash { share, at_s, off_s } if struck < *share => {
                        push(micros(*at_s), Happens::Off);
                        push(micros(at_s + off_s), Happens::On);
                    }
                    Fault::RollBack {
                        share,
                        kept_s,
                        at_s,
                    } if struck < *share => {
                        push(micros(*kept_s), Happens::Snapshot);
                        push(micros(*at_s), Happens::RollBack);
                    }
                    Fault::Clock {
                        share,
                        at_s,
                        furthest_s,
                    } if struck < *share => {
                        let by_s = rng::between(&mut rng, -furthest_s, *furthest_s);
                        push(micros(*at_s), Happens::ClockJump((by_s * 1_000.0) as i64));
                    }
                    Fault::DiskFull {
                        share,
                        from_s,
                        until_s,
                    } if struck < *share => {
                        push(micros(*from_s), Happens::DiskFull(true));
                        push(micros(*until_s), Happens::DiskFull(false));
                    }
                    _ => {}
                }
            }
        }
        due.sort_by_key(|(at_us, device, _)| (*at_us, *device));
        Schedule {
            due: due.into_iter().peekable(),
        }
    }

    /// What breaks before `until_us` and was not given yet.
    pub fn until(&mut self, until_us: u64) -> Vec<(u64, DeviceNumber, happening::Fault)> {
        std::iter::from_fn(|| self.due.next_if(|(at_us, ..)| *at_us < until_us)).collect()
    }
}
