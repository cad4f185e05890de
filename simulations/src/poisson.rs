//! Meetings drawn at random: each pair meets by a Poisson process of the same rate, for a moment. It is
//! the model of the exact results in [`theory`](crate::theory).
//!
//! All pairs together meet by one process of the sum of the rates, and each meeting is as likely that of
//! any pair: no pair needs a state, and a million devices cost no more memory than two.

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{Change, DeviceNumber, Meetings, SECOND_US};
use crate::rng::{self, Purpose};

/// How long a meeting lasts: as short as can be.
pub const MEETING_US: u64 = 1;

/// Meetings drawn at random, as a scenario asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PoissonSettings {
    /// The mean time between two meetings of one pair, in seconds.
    pub pair_mean_s: f64,
    /// The radio over which they meet, by its number in the scenario.
    #[serde(default)]
    pub radio: u8,
}

impl PoissonSettings {
    /// Finds what cannot be.
    ///
    /// # Errors
    ///
    /// One sentence for the person who wrote the scenario.
    pub fn check(&self) -> Result<(), String> {
        if self.pair_mean_s > 0.0 && self.pair_mean_s.is_finite() {
            Ok(())
        } else {
            Err("pair-mean-s must be above 0".to_owned())
        }
    }
}

/// Draws the meetings, one after the other, for ever.
#[derive(Debug, Clone)]
pub struct Poisson {
    devices: usize,
    radio: u8,
    /// Between two meetings of any pairs.
    mean_us: f64,
    rng: ChaCha20Rng,
    /// When the next meeting is, not rounded, so that roundings do not add up.
    next_us: f64,
    /// The meeting given last, or, while only its beginning was given, its end.
    last_us: u64,
    end: Option<Change>,
}

impl Poisson {
    /// Meetings of these devices, by settings that were [checked](PoissonSettings::check).
    #[must_use]
    pub fn new(settings: &PoissonSettings, devices: usize, seed: u64) -> Poisson {
        let pairs = devices as f64 * devices.saturating_sub(1) as f64 / 2.0;
        let mut poisson = Poisson {
            devices,
            radio: settings.radio,
            mean_us: settings.pair_mean_s * SECOND_US as f64 / pairs,
            rng: rng::stream(seed, Purpose::Mobility, 0),
            next_us: 0.0,
            last_us: 0,
            end: None,
        };
        poisson.next_us = rng::exponential(&mut poisson.rng, poisson.mean_us);
        poisson
    }
}

impl Meetings for Poisson {
    fn devices(&self) -> usize {
        self.devices
    }

    fn advance(&mut self, until_us: u64, changes: &mut Vec<Change>) {
        if self.devices < 2 {
            return;
        }
        loop {
            if let Some(end) = self.end.take_if(|end| end.at_us < until_us) {
                changes.push(end);
            }
            // One meeting has ended before the next begins.
            let at_us = (self.next_us as u64).max(self.last_us + MEETING_US + 1);
            if self.end.is_some() || at_us >= until_us {
                return;
            }
            let one = rng::index(&mut self.rng, self.devices) as DeviceNumber;
            let other = rng::index(&mut self.rng, self.devices - 1) as DeviceNumber;
            let other = other + DeviceNumber::from(other >= one);
            let up = Change {
                at_us,
                up: true,
                a: one.min(other),
                b: one.max(other),
                radio: self.radio,
            };
            changes.push(up);
            self.end = Some(Change {
                at_us: at_us + MEETING_US,
                up: false,
                ..up
            });
            self.last_us = at_us;
            self.next_us += rng::exponential(&mut self.rng, self.mean_us);
        }
    }

    fn position(&self, _device: DeviceNumber, _at_us: u64) -> Option<[f64; 2]> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const HOUR_S: f64 = 3600.0;

    fn drawn(devices: usize, seed: u64, steps_us: &[u64]) -> Vec<Change> {
        let settings = PoissonSettings {
            pair_mean_s: HOUR_S,
            radio: 3,
        };
        let mut poisson = Poisson::new(&settings, devices, seed);
        let mut changes = Vec::new();
        for &until_us in steps_us {
            let given = changes.len();
            poisson.advance(until_us, &mut changes);
            assert!(
                changes[given..]
                    .iter()
                    .all(|change| change.at_us < until_us)
            );
        }
        changes
    }

    #[test]
    fn every_pair_meets_at_the_same_rate() {
        let hours = 2000_u64;
        let changes = drawn(5, 1, &[hours * 3600 * SECOND_US]);
        assert!(changes.is_sorted());
        let mut counts: BTreeMap<(DeviceNumber, DeviceNumber), u32> = BTreeMap::new();
        for change in changes.iter().filter(|change| change.up) {
            assert_eq!(change.radio, 3);
            *counts.entry((change.a, change.b)).or_default() += 1;
        }
        assert_eq!(counts.len(), 10);
        for (pair, count) in counts {
            let deviation = (f64::from(count) - hours as f64) / libm::sqrt(hours as f64);
            assert!(
                deviation.abs() < 4.0,
                "{pair:?} meet {count} times in {hours} hours"
            );
        }
    }

    #[test]
    fn gaps_are_exponential() {
        let changes = drawn(2, 1, &[3000 * 3600 * SECOND_US]);
        let starts: Vec<u64> = changes
            .iter()
            .filter(|change| change.up)
            .map(|change| change.at_us)
            .collect();
        let gaps: Vec<f64> = starts
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as f64 / (HOUR_S * 1e6))
            .collect();
        let longer_than_mean = gaps.iter().filter(|&&gap| gap > 1.0).count() as f64;
        let share = longer_than_mean / gaps.len() as f64;
        assert!((share - libm::exp(-1.0)).abs() < 0.03, "{share}");
    }

    #[test]
    fn each_meeting_ends_before_the_next_begins_however_often_one_asks() {
        let end_us = 40 * SECOND_US;
        let at_once = drawn(300, 7, &[end_us]);
        assert!(at_once.len() > 800, "{}", at_once.len());
        for meeting in at_once.chunks_exact(2) {
            assert!(meeting[0].up && !meeting[1].up);
            assert_eq!(meeting[0].at_us + MEETING_US, meeting[1].at_us);
            assert_eq!((meeting[0].a, meeting[0].b), (meeting[1].a, meeting[1].b));
        }
        // Between the beginning and the end of a meeting, too.
        let mut steps: Vec<u64> = at_once.iter().map(|change| change.at_us + 1).collect();
        steps.push(end_us);
        assert_eq!(drawn(300, 7, &steps), at_once);
        assert_ne!(drawn(300, 8, &[end_us]), at_once);
    }

    #[test]
    fn one_device_meets_nobody() {
        assert_eq!(drawn(1, 1, &[u64::MAX]), []);
        assert_eq!(drawn(0, 1, &[u64::MAX]), []);
    }
}
