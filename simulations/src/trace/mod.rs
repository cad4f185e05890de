//! Traces: contacts that others have recorded, made into a contact plan.
//!
//! | format | a line | where |
//! | --- | --- | --- |
//! | `one-connections` | `time CONN a b up\|down [interface]` | [`one`] |
//! | `one-movement` | `time device x y`, after a line of bounds | `movement` |
//! | `socio-patterns` | `time a b …`: within reach during the window that ends then | `socio_patterns` |
//! | `contact-list` | `a b start end …` | `contact_list` |
//! | `proximity` | `time,a,b,strength`: a scan heard a device | `proximity` |
//! | `plan` | our own, in Parquet: `contacts.parquet` of any result is one | [`plan_file`] |
//!
//! All except movement end in `gather`, which numbers the devices, repairs what it can and counts the repairs.

mod contact_list;
mod gather;
mod movement;
pub mod one;
pub mod plan_file;
mod proximity;
mod recognise;
mod replay;
mod socio_patterns;
mod text;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::gather::Repairs;
pub use self::movement::{Movement, Place};
pub use self::replay::Replay;
use crate::plan::Change;

/// A recorded trace in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TraceSettings {
    /// The file. Unpack it first: it is read as it is.
    pub path: PathBuf,
    /// Its format; recognised by its content if absent.
    #[serde(default)]
    pub format: Option<Format>,
    /// The start of the world, in the trace's own seconds; contacts that ended before are left out. If absent: 0 in
    /// formats with a clock of their own (The ONE's, our plan), else the trace's first moment.
    #[serde(default)]
    pub start_s: Option<f64>,
    /// The time that one row stands for, in seconds: if absent, 20 in `socio-patterns` and 300 in `proximity`.
    #[serde(default)]
    pub window_s: Option<f64>,
    /// The shortest contact in a `contact-list`, in seconds; 1 if absent. Many sightings there start and end in the
    /// same second.
    #[serde(default)]
    pub least_contact_s: Option<f64>,
    /// The faintest sighting in `proximity` that counts, in dBm; all count if absent.
    #[serde(default)]
    pub least_strength_dbm: Option<f64>,
    /// The radio of the contacts, by its number in the scenario; a plan has its own.
    #[serde(default)]
    pub radio: u8,
}

/// The format of a trace.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Connection events of the simulator The ONE.
    OneConnections,
    /// Places over time, in The ONE's format.
    OneMovement,
    /// Rows `t i j` of SocioPatterns.
    SocioPatterns,
    /// Contacts `a b start end`, as in CRAWDAD's Haggle sets.
    ContactList,
    /// Bluetooth scans `timestamp,user_a,user_b,rssi`, as in the Copenhagen Networks Study.
    Proximity,
    /// Our own contact plan in Parquet.
    Plan,
}

/// The contacts of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Number of devices.
    pub devices: usize,
    /// The contact plan, in order.
    pub changes: Vec<Change>,
    /// The trace's name of each device, by our number.
    pub names: Vec<String>,
    /// The repairs.
    pub repaired: Repairs,
}

/// Why a trace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// A line is not in its format.
    #[error("{path}:{line}: expected {expected}, found {found:?}", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The expected content.
        expected: String,
        /// The actual content, shortened.
        found: String,
    },
    /// The file cannot be read or written.
    #[error("{path} cannot be read or written", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's message.
        source: std::io::Error,
    },
    /// The file as a whole is not in its format.
    #[error("{path}: {why}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl TraceSettings {
    /// The trace at this path, with every option at its default.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> TraceSettings {
        TraceSettings {
            path: path.into(),
            format: None,
            start_s: None,
            window_s: None,
            least_contact_s: None,
            least_strength_dbm: None,
            radio: 0,
        }
    }

    /// Finds contradictions without reading the file.
    ///
    /// # Errors
    ///
    /// One sentence for the person who wrote the scenario.
    pub fn check(&self) -> Result<(), String> {
        let seconds = [
            ("window-s", self.window_s),
            ("least-contact-s", self.least_contact_s),
        ];
        for (key, value) in seconds {
            if value.is_some_and(|value| !(value > 0.0 && value < text::MAX_TIME_S)) {
                return Err(format!("{key} must be above 0"));
            }
        }
        if self
            .start_s
            .is_some_and(|start| start.is_nan() || start.abs() >= text::MAX_TIME_S)
        {
            return Err(format!(
                "start-s must be a time in seconds below {:e}",
                text::MAX_TIME_S
            ));
        }
        if self
            .least_strength_dbm
            .is_some_and(|strength| !strength.is_finite())
        {
            return Err("least-strength-dbm must be a number".to_owned());
        }
        let Some(format) = self.format else {
            return Ok(());
        };
        let options = [
            (
                "window-s",
                self.window_s.is_some(),
                matches!(format, Format::SocioPatterns | Format::Proximity),
            ),
            (
                "least-contact-s",
                self.least_contact_s.is_some(),
                format == Format::ContactList,
            ),
            (
                "least-strength-dbm",
                self.least_strength_dbm.is_some(),
                format == Format::Proximity,
            ),
        ];
        for (key, given, fits) in options {
            if given && !fits {
                return Err(format!(
                    "{key} means nothing in the format {}",
                    format.name()
                ));
            }
        }
        Ok(())
    }

    /// Reads the contacts of the trace.
    ///
    /// # Errors
    ///
    /// [`TraceError`]: the file cannot be read, is not in the format, or holds places instead of contacts.
    pub fn contacts(&self) -> Result<Trace, TraceError> {
        self.contacts_in(&self.bytes()?)
    }

    /// Reads the movement of devices from a trace in the format `one-movement`.
    ///
    /// # Errors
    ///
    /// [`TraceError`]: the file cannot be read, is not in the format, or holds contacts instead of places.
    pub fn movement(&self) -> Result<Movement, TraceError> {
        let bytes = self.bytes()?;
        match self.format_of(&bytes)? {
            Format::OneMovement => movement::read(self, &bytes),
            other => Err(self.content(format!(
                "it is in the format {}, which says who met, not where anybody was",
                other.name()
            ))),
        }
    }

    /// Reads the contacts in these bytes; the path is only for errors.
    ///
    /// # Errors
    ///
    /// As [`contacts`](Self::contacts).
    pub fn contacts_in(&self, bytes: &[u8]) -> Result<Trace, TraceError> {
        match self.format_of(bytes)? {
            Format::OneConnections => one::read(self, bytes),
            Format::SocioPatterns => socio_patterns::read(self, bytes),
            Format::ContactList => contact_list::read(self, bytes),
            Format::Proximity => proximity::read(self, bytes),
            Format::Plan => plan_file::read(self, bytes),
            Format::OneMovement => Err(self.content(
                "it says where devices are, not who met: play it back as mobility".to_owned(),
            )),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, TraceError> {
        fs::read(&self.path).map_err(|source| file_error(&self.path, source))
    }

    fn format_of(&self, bytes: &[u8]) -> Result<Format, TraceError> {
        let format = self
            .format
            .or_else(|| recognise::format(bytes))
            .ok_or_else(|| {
                self.content("its format is not recognised: name it with `format`".to_owned())
            })?;
        let named = TraceSettings {
            format: Some(format),
            ..self.clone()
        };
        named.check().map_err(|why| self.content(why))?;
        Ok(format)
    }

    /// An error about the file as a whole.
    fn content(&self, why: String) -> TraceError {
        TraceError::Content {
            path: self.path.clone(),
            why,
        }
    }
}

impl Format {
    /// Its name in a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::OneConnections => "one-connections",
            Format::OneMovement => "one-movement",
            Format::SocioPatterns => "socio-patterns",
            Format::ContactList => "contact-list",
            Format::Proximity => "proximity",
            Format::Plan => "plan",
        }
    }
}

fn file_error(path: &Path, source: std::io::Error) -> TraceError {
    TraceError::File {
        path: path.to_owned(),
        source,
    }
}
