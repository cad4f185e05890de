//! Running a scenario: every seed, from the first moment to the last, into a result.

mod checkpoints;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use checkpoints::Kept;
pub use checkpoints::{Checkpoints, CheckpointsError};

use crate::mobility::MobilityError;
use crate::record::Record;
use crate::result::{self, Identity, Output, Summary};
use crate::scenario::{Loaded, ScenarioError};
use crate::world::{CheckpointError, Progress, Step, Workload, World, micros};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The result cannot be written.
    #[error(transparent)]
    Result(#[from] result::Error),
    /// The map cannot be read any more.
    #[error(transparent)]
    Map(#[from] MobilityError),
    /// One seed has failed.
    #[error("seed {seed}")]
    Seed {
        /// Which.
        seed: u64,
        /// Why.
        source: SeedError,
    },
    /// Whoever watches has ended it.
    #[error("stopped in the run of seed {seed}")]
    Stopped {
        /// Which was running.
        seed: u64,
        /// Its newest checkpoint, if there is one.
        kept_us: Option<u64>,
    },
}

/// Why one seed has failed.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Its world cannot be made.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Its checkpoint is of no use.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// What it has left behind cannot be written or read.
    #[error(transparent)]
    Result(#[from] result::Error),
    /// A bug of the engine.
    #[error("a group does not agree: {0}")]
    Disagreement(String),
    /// A bug.
    #[error("a bug in the simulator: {0}")]
    Panic(String),
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

/// Nobody watches.
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&mut self, _: u64, _: Progress) -> bool {
        true
    }
    fn steps(&mut self, _: u64, _: &[Step]) {}
    fn threads(&mut self, _: u64, _: &[u64]) {}
}

/// What a run does beside its result.
#[derive(Default)]
pub struct Options {
    /// The watcher hears of every step.
    pub trace: bool,
    /// Where checkpoints are written, and found.
    pub checkpoints: Option<Checkpoints>,
}

/// Runs a scenario with these seeds into a result at `path`, which must not exist.
///
/// # Errors
/// The scenario, the disk, a bug or the watcher has ended it; nothing is left then but checkpoints.
pub fn run(
    loaded: &Loaded,
    seeds: &[u64],
    path: &Path,
    options: &Options,
    watch: &mut impl Watch,
) -> Result<Summary, RunError> {
    let identity = Identity::new(&loaded.scenario.name, &loaded.text, seeds);
    let output = Output::create(path, identity)?;
    let mut runs = Vec::new();
    for &seed in seeds {
        // Nothing that a panic may have left half done is used again.
        let run = catch_unwind(AssertUnwindSafe(|| {
            run_seed(loaded, seed, &output, options, watch)
        }));
        let failed = |source| RunError::Seed { seed, source };
        match run.unwrap_or_else(|panic| Err(SeedError::Panic(words(&*panic)))) {
            Ok(Ended::Over(run)) => runs.push(*run),
            Ok(Ended::Stopped { kept_us }) => return Err(RunError::Stopped { seed, kept_us }),
            Err(source) => return Err(failed(source)),
        }
    }
    if let Some(scene) = loaded.scenario.scene()? {
        output.scene(&scene)?;
    }
    Ok(output.finish(runs)?)
}

/// How the run of a seed ended.
enum Ended {
    Over(Box<result::Run>),
    Stopped { kept_us: Option<u64> },
}

fn run_seed(
    loaded: &Loaded,
    seed: u64,
    output: &Output,
    options: &Options,
    watch: &mut impl Watch,
) -> Result<Ended, SeedError> {
    let scenario = &loaded.scenario;
    let mut kept: Option<Kept<'_>> = match &options.checkpoints {
        Some(checkpoints) => Some(checkpoints.of(seed)?),
        None => None,
    };
    let newest = match &kept {
        Some(kept) => kept.newest()?,
        None => None,
    };
    let mut world = match newest {
        Some(checkpoint) => World::resume(scenario, seed, options.trace, &checkpoint)?,
        None => World::new(scenario, seed, options.trace)?,
    };
    let about = result::World {
        seed,
        duration_us: micros(scenario.duration_s),
        devices: world.devices(),
        reacts: scenario.workload.iter().any(Workload::has_reactions),
        edits: scenario.workload.iter().any(Workload::has_edits),
        deletions: scenario.workload.iter().any(Workload::has_deletions),
        receipts: scenario.workload.iter().any(Workload::has_receipts),
        files: scenario.workload.iter().any(Workload::has_files),
        parcels: scenario.workload.iter().any(Workload::has_parcels),
        groups: !scenario.group_chats.is_empty(),
    };
    let mut writer = output.run(about)?;
    if let Some(kept) = &mut kept {
        kept.take_over(&mut writer)?;
        kept.begin_part(about)?;
    }
    let mut kept_us = world.is_at_checkpoint().then(|| world.progress().now_us);
    let mut records: Vec<Record> = Vec::new();
    let mut steps = Vec::new();
    let mut twin = World::twin(scenario, seed)?;
    while world.advance(&mut records, &mut steps) {
        watch.steps(seed, &steps);
        steps.clear();
        if let Some(twin) = &mut twin {
            twin.advance(&mut Vec::new(), &mut Vec::new());
        }
        for record in records.drain(..) {
            if let Some(kept) = &mut kept {
                kept.write(record.clone())?;
            }
            writer.write(record)?;
        }
        if let Some(kept) = &mut kept
            && world.is_at_checkpoint()
        {
            kept.end_part(&world.save()?)?;
            kept.begin_part(about)?;
            kept_us = Some(world.progress().now_us);
        }
        if !watch.progress(seed, world.progress()) {
            return Ok(Ended::Stopped { kept_us });
        }
    }
    watch.threads(seed, &world.threads);
    if let Some(first) = world.disagreements().into_iter().next() {
        return Err(SeedError::Disagreement(first));
    }
    for (name, value) in world.figures() {
        writer.figure(name, value);
    }
    let ratio = |world: &World| world.honest_delivery_ratio();
    if let Some((ratio, twins)) = ratio(&world).zip(twin.as_ref().and_then(ratio)) {
        writer.figure("honest_delivery_lost", twins - ratio);
    }
    Ok(Ended::Over(Box::new(writer.finish()?)))
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it does not say what".to_owned())
}
