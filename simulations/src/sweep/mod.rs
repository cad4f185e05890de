//! Many runs of one scenario: every combination of parameters, with every seed. A job is one run; its
//! name is made of all it depends on, so that what is there already is not run again.

mod merge;
#[cfg(feature = "mpi")]
pub mod mpi;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub use merge::{Combination, Merged, merge};

use crate::run::{self, RunError, Unwatched};
use crate::scenario::{self, Loaded, ScenarioError};

/// The file of a job that says which one it is.
pub(crate) const JOB: &str = "job.toml";

/// A sweep file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sweep {
    /// The scenario, relative to this file.
    pub scenario: PathBuf,
    /// The seeds of every combination.
    pub seeds: Vec<u64>,
    /// Parameters: the path of a key in the scenario, its parts joined by dots (`radios.0.rate-bytes-s`),
    /// and the values that it takes. All combinations are run.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<serde_json::Value>>")]
    pub parameters: BTreeMap<String, Vec<Value>>,
}

/// One run of a sweep.
#[derive(Debug, Clone)]
pub struct Job {
    /// Made of the scenario, the parameters, the seed and the program's version.
    pub name: String,
    /// The values of the parameters.
    pub parameters: Table,
    /// The seed.
    pub seed: u64,
    loaded: Loaded,
}

/// Why a sweep cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The sweep or the scenario cannot be read, or a combination contradicts itself.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A run has failed.
    #[error("job {job}")]
    Run {
        /// Which.
        job: String,
        /// Why.
        source: Box<RunError>,
    },
    /// A file of the result.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A part of the result.
    #[error(transparent)]
    Result(#[from] crate::result::Error),
    /// Not every job has been run.
    #[error(
        "{missing} of {jobs} jobs have not been run: run the sweep, or its other shards, again"
    )]
    Missing {
        /// How many.
        missing: usize,
        /// Of how many.
        jobs: usize,
    },
    /// Processes could not work together.
    #[error("MPI: {0}")]
    Mpi(String),
}

/// The jobs of a sweep file, in an order that depends on nothing else.
///
/// # Errors
/// A file cannot be read, or a combination contradicts itself.
pub fn jobs(path: &Path) -> Result<Vec<Job>, SweepError> {
    let text = scenario::read(path)?;
    let sweep: Sweep = scenario::parse(path, &text)?;
    let scenario_path = scenario::beside(path, &sweep.scenario);
    let base = scenario::read(&scenario_path)?;
    let base: Table = scenario::parse(&scenario_path, &base)?;
    let mut combinations = vec![Table::new()];
    for (parameter, values) in &sweep.parameters {
        combinations = combinations
            .into_iter()
            .flat_map(|table| {
                values.iter().map(move |value| {
                    let mut table = table.clone();
                    table.insert(parameter.clone(), value.clone());
                    table
                })
            })
            .collect();
    }
    let mut jobs = Vec::new();
    for parameters in combinations {
        let mut table = base.clone();
        for (parameter, value) in &parameters {
            scenario::set(&mut table, parameter, value.clone())?;
        }
        let text = table.to_string();
        let loaded = scenario::load_text(&scenario_path, text, None)?;
        for &seed in &sweep.seeds {
            jobs.push(Job {
                name: name(&loaded.text, seed),
                parameters: parameters.clone(),
                seed,
                loaded: loaded.clone(),
            });
        }
    }
    Ok(jobs)
}

fn name(scenario: &str, seed: u64) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("hedgerow simulator 1 job");
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(env!("HEDGEROW_COMMIT").as_bytes());
    hasher.update(&seed.to_be_bytes());
    hasher.update(scenario.as_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}

impl Job {
    /// Where its result is.
    #[must_use]
    pub fn directory(&self, sweep: &Path) -> PathBuf {
        sweep.join("jobs").join(&self.name)
    }

    /// Whether it has been run: a result has its name only once it is whole.
    #[must_use]
    pub fn is_done(&self, sweep: &Path) -> bool {
        self.directory(sweep).join(JOB).exists()
    }

    /// Runs it.
    ///
    /// # Errors
    /// The run or the disk fails; nothing is left then.
    pub fn run(&self, sweep: &Path) -> Result<(), SweepError> {
        let directory = self.directory(sweep);
        if directory.exists() {
            // Whole but for its last line: a run that was ended in between.
            std::fs::remove_dir_all(&directory).map_err(|source| SweepError::File {
                path: directory.clone(),
                source,
            })?;
        }
        run::run(
            &self.loaded,
            &[self.seed],
            &directory,
            &run::Options::default(),
            &mut Unwatched,
        )
        .map_err(|source| SweepError::Run {
            job: self.name.clone(),
            source: Box::new(source),
        })?;
        let mut job = self.parameters.clone();
        job.insert("seed".to_owned(), Value::Integer(self.seed as i64));
        let path = directory.join(JOB);
        std::fs::write(&path, job.to_string()).map_err(|source| SweepError::File { path, source })
    }
}

/// The jobs of one shard of `count`, of those that have not been run.
#[must_use]
pub fn to_do(jobs: Vec<Job>, sweep: &Path, shard: usize, count: usize) -> Vec<Job> {
    jobs.into_iter()
        .enumerate()
        .filter(|(number, job)| number % count == shard && !job.is_done(sweep))
        .map(|(_, job)| job)
        .collect()
}

/// Runs jobs on all cores; `done` is told after each.
///
/// # Errors
/// The first that failed; what others have finished stays.
pub fn run_all(
    jobs: Vec<Job>,
    sweep: &Path,
    done: &(dyn Fn(&Job) + Sync),
) -> Result<(), SweepError> {
    jobs.into_par_iter().try_for_each(|job| {
        job.run(sweep)?;
        done(&job);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_all_it_depends_on() {
        assert_eq!(name("scenario", 1), name("scenario", 1));
        assert_ne!(name("scenario", 1), name("scenario", 2));
        assert_ne!(name("scenario", 1), name("another", 1));
    }
}
