//! The devices of all populations in one area.

use std::path::{Path, PathBuf};

use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::Surroundings;
use super::{MapSettings, Mobility, Track, microseconds};
use crate::contacts::{Detector, Reach, Stepped};
use crate::plan::{DeviceNumber, Meetings};
use crate::rng::{self, Purpose, stream};

/// Who moves where, and how far radios reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The size of the world.
    pub area: Area,
    /// The map, for models that use one.
    #[serde(default)]
    pub map: Option<MapSettings>,
    /// How long devices have been moving when the world begins, in seconds.
    #[serde(default)]
    pub warm_up_s: f64,
    /// The devices; the first population has the lowest numbers.
    pub populations: Vec<Population>,
    /// The reach of each radio, by number.
    pub reach: Vec<Reach>,
    /// Samples the world at this interval in seconds, as step-based simulators do; without it contacts are exact.
    #[serde(default)]
    pub step_s: Option<f64>,
}

/// A rectangle from (0, 0), the upper left corner, to (width, height), as on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Area {
    /// Metres from left to right.
    pub width_m: f64,
    /// Metres from top to bottom.
    pub height_m: f64,
}

impl Area {
    /// A uniform random place in it.
    pub fn place(&self, rng: &mut impl Rng) -> [f64; 2] {
        let x = rng::between(rng, 0.0, self.width_m);
        [x, rng::between(rng, 0.0, self.height_m)]
    }

    /// Whether it contains a place.
    #[must_use]
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        (0.0..=self.width_m).contains(&x) && (0.0..=self.height_m).contains(&y)
    }

    /// The place in it that is nearest to `place`.
    #[must_use]
    pub fn nearest(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [x.clamp(0.0, self.width_m), y.clamp(0.0, self.height_m)]
    }

    /// A uniform random place in it, at most a radius away from a given place in it.
    pub fn near(&self, place: [f64; 2], radius_m: f64, rng: &mut impl Rng) -> [f64; 2] {
        // If the circle is much larger than the area, draws would almost never hit the area: then a place on the
        // edge will do.
        let tries = std::iter::repeat_with(|| super::in_circle(place, radius_m, rng)).take(100);
        let mut last = place;
        for at in tries {
            last = at;
            if self.contains(at) {
                break;
            }
        }
        self.nearest(last)
    }

    pub(super) fn check_places(&self, name: &str, places: &[[f64; 2]]) -> Result<(), String> {
        match places.iter().find(|&&place| !self.contains(place)) {
            Some([x, y]) => Err(format!("{name}: [{x}, {y}] is not in the area")),
            None => Ok(()),
        }
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
    /// Their number.
    pub count: u32,
    /// Their mobility model.
    pub mobility: Mobility,
    /// Their radios, by number.
    pub radios: Vec<u8>,
}

/// Why no world can be made.
#[derive(Debug, thiserror::Error)]
pub enum MobilityError {
    /// The settings contradict each other.
    #[error("{0}")]
    Settings(String),
    /// A file cannot be read.
    #[error("{}: {why}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The system's message.
        why: String,
    },
    /// A movement trace cannot be used.
    #[error(transparent)]
    Trace(#[from] crate::trace::TraceError),
    /// A line of a file cannot be understood.
    #[error("{}, line {line}: {why}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

/// More devices would not fit into memory.
const MAX_DEVICES: u64 = 100_000_000;

/// A radio's number has one byte.
const MAX_RADIOS: usize = 255;

impl Settings {
    /// Resolves relative paths of files against the folder of the scenario.
    pub fn resolve(&mut self, base: &Path) {
        let of_map = self.map.iter_mut().flat_map(MapSettings::files);
        let of_populations = self
            .populations
            .iter_mut()
            .filter_map(|population| population.mobility.file());
        for file in of_map.chain(of_populations) {
            *file = base.join(&*file);
        }
    }

    /// Checks that the settings fit together.
    pub fn check(&self) -> Result<(), String> {
        self.area.check()?;
        if !(self.warm_up_s.is_finite() && self.warm_up_s >= 0.0) {
            return Err(format!(
                "warm-up-s must be at least 0, not {}",
                self.warm_up_s
            ));
        }
        let devices: u64 = self
            .populations
            .iter()
            .map(|population| u64::from(population.count))
            .sum();
        if devices > MAX_DEVICES {
            return Err(format!(
                "populations: {devices} devices are more than {MAX_DEVICES}"
            ));
        }
        if self.reach.len() > MAX_RADIOS {
            return Err(format!("reach: more than {MAX_RADIOS} radios"));
        }
        if self.step_s.is_some_and(|step_s| microseconds(step_s) == 0) {
            return Err("step-s must be above 0".to_owned());
        }
        for reach in &self.reach {
            reach.check()?;
        }
        for (number, population) in self.populations.iter().enumerate() {
            population
                .check(self.area, self.reach.len())
                .map_err(|why| format!("population {number}: {why}"))?;
        }
        Ok(())
    }

    /// Number of devices.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.populations
            .iter()
            .map(|population| population.count as usize)
            .sum()
    }

    /// The devices with a radio, sorted.
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
    /// The settings contradict each other, or one of their files cannot be read.
    pub fn tracks(&self, seed: u64) -> Result<Vec<Track>, MobilityError> {
        self.check().map_err(MobilityError::Settings)?;
        let map = self.map.as_ref();
        let ground = map
            .map(|map| map.known.ground(map, self.area))
            .transpose()?;
        let warm_up_us = microseconds(self.warm_up_s);
        let mut tracks = Vec::with_capacity(self.devices());
        for (number, population) in (0..).zip(&self.populations) {
            let around = Surroundings {
                area: self.area,
                ground: ground.as_deref(),
                seed,
                population: number,
                count: population.count,
            };
            let start = population.mobility.start(&around)?;
            for number in 0..population.count {
                let rng = stream(seed, Purpose::Mobility, tracks.len() as u64);
                tracks.push(Track::new(start(number, rng), warm_up_us));
            }
        }
        Ok(tracks)
    }
}

impl Population {
    fn check(&self, area: Area, radios: usize) -> Result<(), String> {
        for &radio in &self.radios {
            if usize::from(radio) >= radios {
                return Err(format!("radio {radio} is not described"));
            }
        }
        self.mobility.check(area)
    }
}

/// A world of moving devices, and their contacts.
///
/// # Errors
/// The settings contradict each other, or one of their files cannot be read.
pub fn world(settings: &Settings, seed: u64) -> Result<Box<dyn Meetings>, MobilityError> {
    let tracks = settings.tracks(seed)?;
    let reaches = settings.reach.iter().cloned().zip(0..);
    let radios = reaches
        .map(|(reach, number)| (reach, settings.members(number)))
        .collect();
    let exact = Box::new(Detector::new(tracks, radios, seed));
    Ok(match settings.step_s {
        Some(step_s) => Box::new(Stepped::new(exact, microseconds(step_s))),
        None => exact,
    })
}
