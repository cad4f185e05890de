//! Running a scenario: every seed, from the first moment to the last, into a result.

use std::path::Path;

use crate::record::Record;
use crate::result::{self, Identity, Output, Summary};
use crate::scenario::{Loaded, ScenarioError};
use crate::world::{Progress, Step, World, micros};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The scenario cannot be run.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The result cannot be written.
    #[error(transparent)]
    Result(#[from] result::Error),
    /// Somebody asked for it to end.
    #[error("stopped; nothing is left of it")]
    Stopped,
}

/// Who watches a run.
pub trait Watch {
    /// A seed is so far. False: it is to stop.
    fn progress(&mut self, seed: u64, progress: Progress) -> bool;
    /// Steps, if they were asked for.
    fn steps(&mut self, seed: u64, steps: &[Step]);
    /// Groups of devices that each thread has run, of one seed.
    fn threads(&mut self, seed: u64, groups: &[u64]);
}

/// Runs a scenario with these seeds into a result at `path`, which must not exist.
///
/// # Errors
/// The scenario, the disk, or whoever watches has ended it; nothing is left then.
pub fn run(
    loaded: &Loaded,
    seeds: &[u64],
    path: &Path,
    trace: bool,
    watch: &mut impl Watch,
) -> Result<Summary, RunError> {
    let scenario = &loaded.scenario;
    let output = Output::create(path, Identity::new(&scenario.name, &loaded.text, seeds))?;
    let mut runs = Vec::new();
    for &seed in seeds {
        let mut world = World::new(scenario, seed, trace)?;
        let mut writer = output.run(result::World {
            seed,
            duration_us: micros(scenario.duration_s),
            devices: world.devices(),
        })?;
        let mut records: Vec<Record> = Vec::new();
        let mut steps = Vec::new();
        while world.advance(&mut records, &mut steps) {
            for record in records.drain(..) {
                writer.write(record)?;
            }
            watch.steps(seed, &steps);
            steps.clear();
            if !watch.progress(seed, world.progress()) {
                return Err(RunError::Stopped);
            }
        }
        watch.threads(seed, &world.threads);
        runs.push(writer.finish()?);
    }
    Ok(output.finish(runs)?)
}
