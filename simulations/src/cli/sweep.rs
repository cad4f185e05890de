//! `hedgerow-sim sweep` and `merge`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::sweep;

/// Run a scenario with every combination of parameters and every seed; what has been run is not run again
#[derive(Debug, Args)]
pub(super) struct Sweep {
    /// The sweep file
    sweep: PathBuf,
    /// Where the results are kept [default: results/NAME-OF-THE-FILE]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Run only the i-th of n parts, from 0: for Slurm arrays and GNU parallel
    #[arg(long, value_name = "i/n")]
    shard: Option<Shard>,
    /// Share the work with the other processes that mpirun has started
    #[cfg(feature = "mpi")]
    #[arg(long, conflicts_with = "shard")]
    mpi: bool,
}

/// Put the results of a sweep together, once all its shards have been run
#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The sweep file
    sweep: PathBuf,
    /// Where its results are [default: results/NAME-OF-THE-FILE]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// One part of many.
#[derive(Debug, Clone, Copy)]
struct Shard {
    number: usize,
    count: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text
            .split_once('/')
            .and_then(|(number, count)| Some((number.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((number, count)) if number < count => Ok(Shard { number, count }),
            _ => Err("write i/n, with i from 0 to n - 1".to_owned()),
        }
    }
}

impl Sweep {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let output = self
            .output
            .unwrap_or_else(|| super::default_result(&self.sweep));
        let jobs = sweep::jobs(&self.sweep)?;
        #[cfg(feature = "mpi")]
        if self.mpi {
            let bar = bar(jobs.len());
            if sweep::mpi::run(&jobs, &output, |_| bar.inc(1))? {
                bar.finish_and_clear();
                super::say(&(sweep::merge(&jobs, &output)?.text() + "\n"))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let shard = self.shard.unwrap_or(Shard {
            number: 0,
            count: 1,
        });
        let to_do = sweep::to_do(jobs.clone(), &output, shard.number, shard.count);
        let bar = bar(to_do.len());
        sweep::run_all(to_do, &output, &|_| bar.inc(1))?;
        bar.finish_and_clear();
        if jobs.iter().all(|job| job.is_done(&output)) {
            super::say(&(sweep::merge(&jobs, &output)?.text() + "\n"))?;
            super::say(&format!("kept in {}\n", output.display()))?;
        } else {
            eprintln!("this shard is done; when all are: hedgerow-sim merge");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Merge {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let output = self
            .output
            .unwrap_or_else(|| super::default_result(&self.sweep));
        let jobs = sweep::jobs(&self.sweep)?;
        super::say(&(sweep::merge(&jobs, &output)?.text() + "\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn bar(jobs: usize) -> ProgressBar {
    ProgressBar::new(jobs as u64).with_style(
        ProgressStyle::with_template("{wide_bar} {pos}/{len} runs  {eta} left")
            .expect("the template is well-formed"),
    )
}
