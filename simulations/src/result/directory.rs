//! The directory of a result. It has its name only once it is whole.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::scene::SCENE;
use super::summary::{CURVES, PLOTS, SCENARIO, SUMMARY, TEXT};
use super::{Error, Identity, Run, Scene, Summary, World, Writer, plots};

/// A result that is being made, beside the place where it will be. If it is dropped, nothing is left; if
/// the process is killed, a directory `NAME.part-…` is.
pub struct Output {
    result: PathBuf,
    identity: Identity,
    /// Taken away with all that is in it when dropped.
    _beside: TempDir,
    /// In it, because that is readable by its owner alone.
    unfinished: PathBuf,
}

/// Where the tables of one seed are.
#[must_use]
pub fn run_directory(result: &Path, seed: u64) -> PathBuf {
    result.join(format!("seed-{seed}"))
}

impl Output {
    /// Begins a result that will be at this path.
    ///
    /// # Errors
    /// Something is there already, or the disk refuses.
    pub fn create(result: &Path, identity: Identity) -> Result<Self, Error> {
        match fs::read_dir(result).map(|mut entries| entries.next().is_none()) {
            Ok(true) => fs::remove_dir(result).map_err(Error::io(result))?,
            Ok(false) => return Err(Error::Exists(result.to_owned())),
            Err(_) if result.exists() => return Err(Error::Exists(result.to_owned())),
            Err(_) => {}
        }
        let name = result
            .file_name()
            .ok_or_else(|| Error::Exists(result.to_owned()))?;
        let parent = match result.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(Error::io(parent))?;
        let beside = tempfile::Builder::new()
            .prefix(&format!("{}.part-", name.to_string_lossy()))
            .tempdir_in(parent)
            .map_err(Error::io(parent))?;
        let unfinished = beside.path().join(name);
        fs::create_dir(&unfinished).map_err(Error::io(&unfinished))?;
        let output = Self {
            result: result.to_owned(),
            identity,
            _beside: beside,
            unfinished,
        };
        output.write(SCENARIO, output.identity.scenario.as_bytes())?;
        Ok(output)
    }

    /// Begins the run of one seed. Seeds may run side by side.
    ///
    /// # Errors
    /// It has begun already, or the disk refuses.
    pub fn run(&self, world: World) -> Result<Writer, Error> {
        let run = run_directory(&self.unfinished, world.seed);
        fs::create_dir(&run).map_err(Error::io(&run))?;
        Writer::create(&run, &self.identity, world)
    }

    /// Keeps what lies under the devices.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn scene(&self, scene: &Scene) -> Result<(), Error> {
        self.write_json(SCENE, serde_json::to_string(scene))
    }

    /// All runs are there: writes what they come to, and gives the result its name.
    ///
    /// # Errors
    /// The disk refuses, or something has taken the name.
    pub fn finish(self, runs: Vec<Run>) -> Result<Summary, Error> {
        let summary = Summary::new(self.identity.clone(), runs);
        self.write_json(CURVES, serde_json::to_string(&summary.curves))?;
        self.write_json(SUMMARY, serde_json::to_string_pretty(&summary))?;
        self.write(TEXT, summary.text().as_bytes())?;
        let drawings = self.unfinished.join(PLOTS);
        fs::create_dir(&drawings).map_err(Error::io(&drawings))?;
        for plot in plots(&[(&self.identity.name, &summary)])? {
            self.write(&format!("{PLOTS}/{}.svg", plot.name), plot.svg.as_bytes())?;
        }
        if self.result.exists() {
            return Err(Error::Exists(self.result));
        }
        fs::rename(&self.unfinished, &self.result).map_err(Error::io(&self.result))?;
        Ok(summary)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.unfinished.join(name);
        fs::write(&path, bytes).map_err(Error::io(&path))
    }

    fn write_json(&self, name: &str, text: serde_json::Result<String>) -> Result<(), Error> {
        let mut text = text.map_err(Error::json(Path::new(name)))?;
        text.push('\n');
        self.write(name, text.as_bytes())
    }
}
