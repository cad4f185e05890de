//! Reading scenario files, and the reference of what may stand in them.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{Scenario, ScenarioError};

/// A scenario with the text it was read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub scenario: Scenario,
    /// The file's text, as it was.
    pub text: String,
}

/// Reads a scenario file and checks it.
///
/// # Errors
/// Names the file, the line, and what is wrong with it.
pub fn load(path: &Path) -> Result<Loaded, ScenarioError> {
    load_text(path, read(path)?, None)
}

/// As [`load`], of a text that stands for the file at `path`, with the files that the scenario names looked
/// for in the folder `data` and not beside it.
///
/// # Errors
/// As [`load`].
pub fn load_text(path: &Path, text: String, data: Option<&Path>) -> Result<Loaded, ScenarioError> {
    let mut scenario: Scenario = parse(path, &text)?;
    scenario.resolve(data.unwrap_or(path.parent().unwrap_or(Path::new(""))));
    scenario.check()?;
    Ok(Loaded { scenario, text })
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, ScenarioError> {
    std::fs::read_to_string(path).map_err(|source| ScenarioError::File {
        path: path.to_owned(),
        source,
    })
}

/// What a text says.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ScenarioError> {
    toml::from_str(text).map_err(|error| ScenarioError::Syntax {
        path: path.to_owned(),
        message: error.to_string(),
    })
}

/// A file that another names: relative to it.
pub(crate) fn beside(path: &Path, file: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(file)
}
