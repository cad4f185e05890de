//! Running a scenario with clocks beside it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

use crate::result::{Estimate, Summary, Unit};
use crate::run::{self, Options, Unwatched};
use crate::scenario::{self, Loaded};

/// What it cost to do something.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// By the clock on the wall.
    pub wall_s: f64,
    /// Of all processors.
    pub cpu_s: f64,
}

/// Does something, and says what it cost.
pub fn cost<T>(what: impl FnOnce() -> T) -> (T, Cost) {
    let (began, cpu) = (Instant::now(), processor_time());
    let done = what();
    let cost = Cost {
        wall_s: began.elapsed().as_secs_f64(),
        cpu_s: (processor_time() - cpu).as_secs_f64(),
    };
    (done, cost)
}

/// What this process has used so far, on all threads.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // The clock begins with the process, at 0.
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}

/// A scenario that has been run.
pub struct Ran {
    /// What it came to.
    pub summary: Summary,
    /// What it cost.
    pub cost: Cost,
    /// Where its tables are, for as long as this is kept.
    place: TempDir,
}

impl Ran {
    /// Runs a scenario, with these seeds or its own.
    pub fn new(loaded: &Loaded, seeds: Option<&[u64]>) -> Result<Ran> {
        let place = tempfile::tempdir()?;
        let seeds = seeds.unwrap_or(&loaded.scenario.seeds);
        let result = place.path().join("result");
        let options = Options::default();
        let (summary, cost) = cost(|| run::run(loaded, seeds, &result, &options, &mut Unwatched));
        Ok(Ran {
            summary: summary?,
            cost,
            place,
        })
    }

    /// Where the result is.
    pub fn result(&self) -> std::path::PathBuf {
        self.place.path().join("result")
    }

    /// A figure over seeds.
    pub fn estimate(&self, name: &str) -> Result<Estimate> {
        let estimate = self.summary.over_seeds.get(name).copied();
        estimate.with_context(|| format!("the run does not tell {name}"))
    }

    /// Figures together, over seeds.
    pub fn total(&self, names: &[&str]) -> Result<Estimate> {
        let seeds = self.summary.by_seed.values();
        let totals = seeds.map(|figures| names.iter().filter_map(|name| figures.get(*name)).sum());
        let totals: Vec<f64> = totals.collect();
        Estimate::of(&totals, Unit::Count).context("the run has no seeds")
    }

    /// A figure of all seeds together.
    pub fn sum(&self, name: &str) -> Result<f64> {
        Ok(self.mean(name)? * self.summary.by_seed.len() as f64)
    }

    /// The mean of a figure.
    pub fn mean(&self, name: &str) -> Result<f64> {
        Ok(self.estimate(name)?.mean)
    }
}

/// Reads a scenario, changed, whose files are looked for in a folder.
pub fn load(path: &Path, files: Option<&Path>, changes: &[(&str, toml::Value)]) -> Result<Loaded> {
    let text = scenario::read(path)?;
    let mut table: toml::Table = scenario::parse(path, &text)?;
    for (key, value) in changes {
        scenario::set(&mut table, key, value.clone())?;
    }
    Ok(scenario::load_text(path, table.to_string(), files)?)
}

/// From now on the most memory is measured anew. False: this system cannot tell.
pub fn forget_most_memory() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// The most memory that this process has held since, in bytes.
pub fn most_memory() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kilobytes: f64 = kilobytes.context("VmHWM")?.trim().parse()?;
    Ok(kilobytes * 1024.0)
}
