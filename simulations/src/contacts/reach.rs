//! How far a radio reaches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::DeviceNumber;
use crate::rng::{Purpose, normal, stream};

/// How far a radio reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Two devices are within reach up to a distance.
    Disc(Disc),
    /// Log-distance path loss with shadowing: each pair has its own distance, drawn once.
    LogDistance(LogDistance),
    /// Access points: devices in the same cell are within reach of one another, others are not.
    Cells(Cells),
}

/// A disc.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Disc {
    /// The range, in metres.
    pub range_m: f64,
}

/// Log-distance path loss: the loss grows by `10 exponent log10(distance)` decibels, and obstacles between the two of a
/// pair add a normally distributed number of decibels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LogDistance {
    /// The range of the median pair, in metres.
    pub range_m: f64,
    /// Path loss exponent: 2 in the open, 3 to 4 among houses.
    pub exponent: f64,
    /// Standard deviation of the shadowing, in decibels; a value beyond three deviations is drawn again.
    pub deviation_db: f64,
}

/// Access points at fixed places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cells {
    /// The cells.
    pub cells: Vec<Cell>,
    /// Whether they form one network, like gateways to the internet: devices in different cells are then within
    /// reach of one another too.
    #[serde(default)]
    pub joined: bool,
}

/// The area of one access point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cell {
    /// Metres from the left.
    pub x_m: f64,
    /// Metres from the top.
    pub y_m: f64,
    /// Its range, in metres.
    pub radius_m: f64,
}

/// Shadowing beyond this many standard deviations is drawn again, so that a range has an upper bound.
const SHADOWING_BOUND: f64 = 3.0;

impl Reach {
    /// Checks the numbers.
    pub fn check(&self) -> Result<(), String> {
        let (range_m, exponent, deviation_db) = match self {
            Self::Disc(disc) => (disc.range_m, 1.0, 0.0),
            Self::LogDistance(loss) => (loss.range_m, loss.exponent, loss.deviation_db),
            Self::Cells(cells) => {
                for Cell { x_m, y_m, radius_m } in &cells.cells {
                    if ![x_m, y_m, radius_m].iter().all(|value| value.is_finite())
                        || *radius_m <= 0.0
                    {
                        return Err(format!(
                            "cells: ({x_m}, {y_m}) with radius-m {radius_m} is no circle"
                        ));
                    }
                }
                return Ok(());
            }
        };
        if !(range_m.is_finite() && range_m > 0.0) {
            return Err(format!("range-m must be above 0, not {range_m}"));
        }
        if !(exponent.is_finite() && exponent >= 1.0) {
            return Err(format!("exponent must be at least 1, not {exponent}"));
        }
        if !(0.0..=30.0).contains(&deviation_db) {
            return Err(format!(
                "deviation-db must be between 0 and 30, not {deviation_db}"
            ));
        }
        Ok(())
    }

    /// The longest range of a pair, in metres; 0 for cells, where distance does not count.
    #[must_use]
    pub fn longest_m(&self) -> f64 {
        match self {
            Self::Disc(disc) => disc.range_m,
            Self::LogDistance(loss) => loss.range_m(SHADOWING_BOUND),
            Self::Cells(_) => 0.0,
        }
    }

    /// The range of one pair, in metres, the same at each call; 0 for cells.
    #[must_use]
    pub fn pair_m(&self, seed: u64, a: DeviceNumber, b: DeviceNumber) -> f64 {
        match self {
            Self::Disc(disc) => disc.range_m,
            Self::LogDistance(loss) => {
                let mut rng = stream(seed, Purpose::Shadowing, u64::from(a) << 32 | u64::from(b));
                let deviations = std::iter::repeat_with(|| normal(&mut rng))
                    .find(|deviations| deviations.abs() <= SHADOWING_BOUND)
                    .unwrap_or_default();
                loss.range_m(deviations)
            }
            Self::Cells(_) => 0.0,
        }
    }
}

impl LogDistance {
    /// The range of a pair with this many standard deviations of shadowing in its favour.
    fn range_m(&self, deviations: f64) -> f64 {
        self.range_m
            * libm::pow(
                10.0,
                deviations * self.deviation_db / (10.0 * self.exponent),
            )
    }
}
