//! `hedgerow-sim run`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::plan::SECOND_US;
use crate::run::Watch;
use crate::scenario;
use crate::world::{Progress, Step};

/// Run a scenario, and keep what happened
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The scenario file
    scenario: PathBuf,
    /// Where the result is kept; it must not exist yet [default: results/NAME-OF-THE-FILE]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Seeds, separated by commas, instead of those in the scenario
    #[arg(long, value_delimiter = ',', value_name = "SEED,…")]
    seeds: Vec<u64>,
    /// Print every step of every device, and which part of the program made it
    #[arg(long)]
    trace: bool,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

impl Run {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let loaded = scenario::load(&self.scenario)?;
        let seeds = match self.seeds.is_empty() {
            true => loaded.scenario.seeds.clone(),
            false => self.seeds,
        };
        let output = self
            .output
            .unwrap_or_else(|| super::default_result(&self.scenario));
        let mut watch = Terminal::new(seeds.len(), self.quiet);
        let summary = crate::run::run(&loaded, &seeds, &output, self.trace, &mut watch)?;
        watch.bar.finish_and_clear();
        if !self.quiet {
            println!("{}", summary.text());
            println!("kept in {}", output.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows how far a run is.
struct Terminal {
    bar: ProgressBar,
    seeds: usize,
    done: u64,
    current: Option<u64>,
    began: Instant,
}

impl Terminal {
    fn new(seeds: usize, quiet: bool) -> Terminal {
        let bar = match quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(0),
        };
        bar.set_style(
            ProgressStyle::with_template("{wide_bar} {percent}%  {msg}  {eta} left")
                .expect("the template is well-formed"),
        );
        Terminal {
            bar,
            seeds,
            done: 0,
            current: None,
            began: Instant::now(),
        }
    }
}

impl Watch for Terminal {
    fn progress(&mut self, seed: u64, progress: Progress) -> bool {
        if self.current != Some(seed) {
            self.done += u64::from(self.current.is_some());
            self.current = Some(seed);
            self.began = Instant::now();
        }
        self.bar.set_length(progress.end_us * self.seeds as u64);
        self.bar
            .set_position(self.done * progress.end_us + progress.now_us);
        let elapsed_s = self.began.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "seed {seed}, {} simulated, {:.0} events/s",
            time_of_day(progress.now_us),
            progress.events as f64 / elapsed_s,
        ));
        true
    }

    fn steps(&mut self, _: u64, steps: &[Step]) {
        for step in steps {
            println!(
                "{:>14.6} {:>6} {}",
                step.at_us as f64 / SECOND_US as f64,
                step.device,
                step.what
            );
        }
    }

    fn threads(&mut self, _: u64, _: &[u64]) {}
}

/// Simulated time as hours, minutes, seconds.
fn time_of_day(us: u64) -> String {
    let seconds = us / SECOND_US;
    format!(
        "{}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}
