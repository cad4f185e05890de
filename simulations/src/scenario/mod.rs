//! Scenario files: everything a run depends on but the seed.

mod change;
mod load;
mod reference;
mod scene;

use std::path::{Path, PathBuf};

use hedgerow_node::courier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use change::set;
pub use load::{Loaded, load, load_text};
pub(crate) use load::{beside, parse, read};
pub use reference::{markdown, schema};
pub use scene::NamedPlace;

use crate::adversary::{self, Adversary};
use crate::mobility::MobilityError;
use crate::plan::{DeviceNumber, Meetings};
use crate::poisson::{Poisson, PoissonSettings};
use crate::radio::{Battery, Control, Discovery, Radio};
use crate::trace::{Replay, TraceError, TraceSettings};
use crate::world::{Acquaintance, Fault, GroupChats, Workload};

/// A scenario: who moves where, over which radios, what they write, and what breaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What it is called in results and plots.
    pub name: String,
    /// What it stands for, and why its numbers are what they are.
    pub description: String,
    /// How long it lasts, in seconds.
    pub duration_s: f64,
    /// The seeds of its runs, unless others are given on the command line.
    #[serde(default = "one_seed")]
    pub seeds: Vec<u64>,
    /// The window in which groups of devices run on their own, in seconds: beacons that change are heard
    /// up to so much later.
    #[serde(default = "default_window")]
    pub window_s: f64,
    /// Every so many seconds all links are cut and all devices start anew from their stores: a run can
    /// be stopped there and go on later, to the same result.
    #[serde(default)]
    pub checkpoint_every_s: Option<f64>,
    /// Whether sessions really encrypt.
    #[serde(default)]
    pub cryptography: Cryptography,
    /// Where contacts come from.
    pub movement: Movement,
    /// The radios; other sections name them by their place in this list, from 0.
    pub radios: Vec<Radio>,
    /// What every device runs on; without it for ever.
    #[serde(default)]
    pub battery: Option<Battery>,
    /// Who has exchanged keys with whom.
    pub acquaintance: Acquaintance,
    /// What is written.
    #[serde(default)]
    pub workload: Vec<Workload>,
    /// Groups in which people write.
    #[serde(default)]
    pub group_chats: Vec<GroupChats>,
    /// Whether devices carry other people's bundles, and how; without it nobody does.
    #[serde(default)]
    pub courier: Option<courier::Settings>,
    /// Devices whose courier has another quota.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// The longest pause before a device that hears an acquaintance dials it, in seconds; each is drawn.
    #[serde(default = "default_dial_pause")]
    pub dial_pause_s: f64,
    /// What breaks.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Who means harm.
    #[serde(default)]
    pub adversaries: Vec<Adversary>,
    /// Places to name on the page that plays a run.
    #[serde(default)]
    pub places: Vec<NamedPlace>,
    /// What is kept.
    #[serde(default)]
    pub outputs: Outputs,
}

fn one_seed() -> Vec<u64> {
    vec![1]
}

fn default_dial_pause() -> f64 {
    2.0
}

fn default_window() -> f64 {
    5.0
}

/// The quota of some devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Quota {
    /// The first of them.
    pub from_device: DeviceNumber,
    /// The first after them.
    pub end_device: DeviceNumber,
    /// What their couriers hold, in bytes.
    pub bytes: u64,
}

/// Whether sessions really encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cryptography {
    /// As the product does.
    Real,
    /// The same lengths and the same course of events, for next to no cost.
    #[default]
    Sized,
}

impl Cryptography {
    pub(crate) fn kind(self) -> hedgerow_transport::cryptography::Cryptography {
        use hedgerow_transport::cryptography::Cryptography as Kind;
        match self {
            Cryptography::Real => Kind::Real,
            Cryptography::Sized => Kind::Sized,
        }
    }
}

/// Where contacts come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Movement {
    /// Devices move in an area.
    Mobility(crate::mobility::Settings),
    /// Contacts were recorded.
    Trace(TraceSettings),
    /// Meetings are drawn at random.
    Poisson(PoissonMeetings),
}

/// Meetings drawn at random among so many devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PoissonMeetings {
    /// How many devices.
    pub devices: usize,
    /// How they meet.
    pub law: PoissonSettings,
}

/// What is kept beside the summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Outputs {
    /// How often every device is written down, in seconds; without it never.
    pub sample_s: Option<f64>,
    /// Whether contacts are kept, also those of strangers.
    pub contacts: bool,
}

impl Default for Outputs {
    fn default() -> Outputs {
        Outputs {
            sample_s: None,
            contacts: true,
        }
    }
}

/// Why a scenario cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line of a file is wrong.
    #[error("{}:{line}: expected {wanted}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What should be there.
        wanted: String,
    },
    /// The file is not a scenario: a key is unknown, missing, or of the wrong kind.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why, with the line.
        message: String,
    },
    /// There is nowhere to move, or a map cannot be read.
    #[error(transparent)]
    Mobility(#[from] MobilityError),
    /// The trace cannot be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A parameter names nothing in the scenario.
    #[error("the parameter `{0}` leads through something that is neither a table nor a list")]
    Parameter(String),
    /// Its parts contradict one another.
    #[error("{0}")]
    Contradiction(String),
}

impl Scenario {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// Says what contradicts what.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.contradiction().map_err(ScenarioError::Contradiction)
    }

    fn contradiction(&self) -> Result<(), String> {
        if !(self.duration_s > 0.0 && self.duration_s.is_finite()) {
            return Err("duration-s must be above 0".to_owned());
        }
        if self.window_s.is_nan() || self.window_s <= 0.0 {
            return Err("window-s must be above 0".to_owned());
        }
        if self
            .checkpoint_every_s
            .is_some_and(|every_s| every_s < self.window_s)
        {
            return Err("checkpoint-every-s must not be shorter than window-s".to_owned());
        }
        if self.dial_pause_s.is_nan() || self.dial_pause_s < 0.0 {
            return Err("dial-pause-s must not be negative".to_owned());
        }
        if self.courier.is_none() && !self.quotas.is_empty() {
            return Err("quotas: nobody carries; say in `courier` how".to_owned());
        }
        if self.seeds.is_empty() {
            return Err("seeds must name at least one".to_owned());
        }
        if self.radios.is_empty() || self.radios.len() > usize::from(u8::MAX) {
            return Err("radios must name 1 to 255".to_owned());
        }
        for radio in &self.radios {
            radio.check()?;
        }
        if let Some(battery) = &self.battery {
            battery.check()?;
        }
        self.acquaintance.check()?;
        for workload in &self.workload {
            workload.check(self.window_s)?;
        }
        for chats in &self.group_chats {
            chats.check()?;
        }
        if let Some(courier) = &self.courier {
            courier.check().map_err(|why| format!("courier: {why}"))?;
        } else if self.workload.iter().any(Workload::is_loads) {
            return Err("workload: loads travel in bundles; say in `courier` how".to_owned());
        }
        if self.workload.iter().any(Workload::has_files) {
            let mut free = self.radios.iter();
            let free = free.find(|radio| radio.control == Control::Free);
            if let Some(radio) = free {
                let name = &radio.name;
                return Err(format!(
                    "radio `{name}`: files take no time with free control; leave `control` out"
                ));
            }
        }
        for fault in &self.faults {
            fault.check()?;
        }
        let setting = adversary::Setting {
            couriers: self.courier.is_some(),
            real_cryptography: self.cryptography == Cryptography::Real,
            checkpoints: self.checkpoint_every_s.is_some(),
        };
        adversary::check(&self.adversaries, setting)?;
        if self
            .places
            .iter()
            .any(|place| !place.at.iter().all(|at| at.is_finite()))
        {
            return Err("places: at must be two numbers".to_owned());
        }
        if self.outputs.sample_s.is_some_and(|every_s| every_s <= 0.0) {
            return Err("outputs: sample-s must be above 0".to_owned());
        }
        match &self.movement {
            Movement::Mobility(settings) => settings.check(),
            Movement::Trace(settings) => settings.check(),
            Movement::Poisson(settings) => settings.law.check(),
        }
    }

    /// Takes files whose paths are relative from a folder: that of the scenario file.
    fn resolve(&mut self, base: &Path) {
        if let Acquaintance::File { path } = &mut self.acquaintance {
            *path = base.join(&*path);
        }
        match &mut self.movement {
            Movement::Mobility(settings) => settings.resolve(base),
            Movement::Trace(settings) => settings.path = base.join(&settings.path),
            Movement::Poisson(_) => {}
        }
    }

    /// Who is within reach of whom, when.
    pub(crate) fn meetings(&self, seed: u64) -> Result<Box<dyn Meetings>, ScenarioError> {
        match &self.movement {
            Movement::Mobility(settings) => Ok(crate::mobility::world(settings, seed)?),
            Movement::Trace(settings) => Ok(Box::new(Replay::from(settings.contacts()?))),
            Movement::Poisson(settings) => Ok(Box::new(Poisson::new(
                &settings.law,
                settings.devices,
                seed,
            ))),
        }
    }

    /// The share of devices whose application runs in the background.
    pub(crate) fn background_share(&self) -> f64 {
        self.radios
            .iter()
            .filter_map(|radio| match &radio.discovery {
                Discovery::Ble(ble) => Some(ble.background_share),
                Discovery::Instant | Discovery::Within { .. } => None,
            })
            .fold(0.0, f64::max)
    }
}
