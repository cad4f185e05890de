//! The devices of all populations in one area.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RandomWaypoint, Track, Trajectory, microseconds};
use crate::chance::{self, Purpose, stream};
use crate::contacts::{Detector, Reach};
use crate::plan::{DeviceNumber, Meetings};

/// Who moves where, and how far radios reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The world's size.
    pub area: Area,
    /// How long devices have been on their way when the world begins, in seconds.
    #[serde(default)]
    pub warm_up_s: f64,
    /// The devices; the first population has the lowest numbers.
    pub populations: Vec<Population>,
    /// How far each radio reaches, by its number.
    pub reach: Vec<Reach>,
}

/// A rectangle, from (0, 0) to (width, height).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Area {
    /// Metres from west to east.
    pub width_m: f64,
    /// Metres from south to north.
    pub height_m: f64,
}

impl Area {
    /// A place anywhere in it, evenly drawn.
    pub fn place(&self, rng: &mut impl Rng) -> [f64; 2] {
        let x = chance::between(rng, 0.0, self.width_m);
        [x, chance::between(rng, 0.0, self.height_m)]
    }

    fn check(&self) -> Result<(), String> {
        for (name, length) in [("width-m", self.width_m), ("height-m", self.height_m)] {
            if !(length.is_finite() && length > 0.0) {
                return Err(format!("area: {name} must be above 0, not {length}"));
            }
        }
        Ok(())
    }
}

/// Devices that move alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Population {
    /// How many.
    pub count: u32,
    /// How they move.
    pub mobility: Mobility,
    /// Which radios they have, by number.
    pub radios: Vec<u8>,
}

/// How devices move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Mobility {
    /// To places anywhere, one after the other.
    RandomWaypoint(RandomWaypoint),
}

/// Why there is no world.
#[derive(Debug, thiserror::Error)]
pub enum MobilityError {
    /// The settings contradict themselves.
    #[error("{0}")]
    Settings(String),
}

impl Settings {
    /// Whether they fit together.
    pub fn check(&self) -> Result<(), String> {
        self.area.check()?;
        if !(self.warm_up_s.is_finite() && self.warm_up_s >= 0.0) {
            return Err(format!(
                "warm-up-s must be at least 0, not {}",
                self.warm_up_s
            ));
        }
        for reach in &self.reach {
            reach.check()?;
        }
        for (number, population) in self.populations.iter().enumerate() {
            population
                .check(self.reach.len())
                .map_err(|why| format!("population {number}: {why}"))?;
        }
        Ok(())
    }

    /// How many devices there are.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.populations
            .iter()
            .map(|population| population.count as usize)
            .sum()
    }

    /// Who has a radio, in order.
    #[must_use]
    pub fn members(&self, radio: u8) -> Vec<DeviceNumber> {
        let mut members = Vec::new();
        let mut first = 0;
        for population in &self.populations {
            if population.radios.contains(&radio) {
                members.extend(first..first + population.count);
            }
            first += population.count;
        }
        members
    }

    /// The way of each device.
    ///
    /// # Errors
    /// When the settings contradict themselves.
    pub fn tracks(&self, seed: u64) -> Result<Vec<Track>, MobilityError> {
        self.check().map_err(MobilityError::Settings)?;
        let warm_up_us = microseconds(self.warm_up_s);
        let mut tracks = Vec::with_capacity(self.devices());
        for population in &self.populations {
            for _ in 0..population.count {
                let rng = stream(seed, Purpose::Mobility, tracks.len() as u64);
                tracks.push(Track::new(
                    population.mobility.trajectory(self.area, rng),
                    warm_up_us,
                ));
            }
        }
        Ok(tracks)
    }
}

impl Population {
    fn check(&self, radios: usize) -> Result<(), String> {
        for &radio in &self.radios {
            if usize::from(radio) >= radios {
                return Err(format!("radio {radio} is not described"));
            }
        }
        self.mobility.check()
    }
}

impl Mobility {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::RandomWaypoint(settings) => settings.check(),
        }
    }

    fn trajectory(&self, area: Area, rng: ChaCha20Rng) -> Box<dyn Trajectory> {
        match self {
            Self::RandomWaypoint(settings) => settings.trajectory(area, rng),
        }
    }
}

/// A world of moving devices, and who is within reach of whom in it.
///
/// # Errors
/// When the settings contradict themselves.
pub fn world(settings: &Settings, seed: u64) -> Result<Box<dyn Meetings>, MobilityError> {
    let tracks = settings.tracks(seed)?;
    let reaches = settings.reach.iter().cloned().zip(0..);
    let radios = reaches
        .map(|(reach, number)| (reach, settings.members(number)))
        .collect();
    Ok(Box::new(Detector::new(tracks, radios, seed)))
}
