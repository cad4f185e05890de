//! `hedgerow-sim run`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::SIGINT;

use crate::plan::SECOND_US;
use crate::run::{Checkpoints, Options, RunError, Watch};
use crate::scenario::{self, Loaded};
use crate::world::{Progress, Step};

/// What a program that Ctrl-C has ended says to its caller.
const INTERRUPTED: u8 = 130;

/// Run a scenario, and keep what happened
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Run {
    /// The scenario file
    scenario: PathBuf,
    /// Where the result is kept; it must not exist yet [default: results/NAME-OF-THE-FILE]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Seeds, separated by commas, instead of those in the scenario
    #[arg(long, value_delimiter = ',', value_name = "SEED,…")]
    seeds: Vec<u64>,
    /// Change a key of the scenario, as in --set duration-s=600 or --set radios.0.loss=0.1; the changed
    /// scenario is what the result carries
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Setting>,
    /// Write checkpoints into this directory, wherever the scenario has one (`checkpoint-every-s`)
    #[arg(long, value_name = "DIR")]
    checkpoints: Option<PathBuf>,
    /// Go on from the newest checkpoint there, if there is one; the result is that of a run without a break
    #[arg(long, requires = "checkpoints")]
    resume: bool,
    /// Where the maps and traces are that the scenario names [default: beside it]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print every step of every device, and which part of the program made it
    #[arg(long)]
    trace: bool,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

const AFTER: &str = "\
Ctrl-C stops between two windows of simulated time; a second one stops at once.
What is in the result is told by `hedgerow-sim report` and simulations/README.md.";

/// A key of the scenario and what it is to be.
#[derive(Debug, Clone)]
struct Setting {
    path: String,
    value: toml::Value,
}

impl FromStr for Setting {
    type Err = String;

    /// What is not TOML is a text, so that texts need no quotes.
    fn from_str(text: &str) -> Result<Setting, String> {
        let (path, value) = text
            .split_once('=')
            .ok_or("write KEY=VALUE, as in duration-s=600")?;
        let parsed = format!("value = {value}").parse::<toml::Table>().ok();
        Ok(Setting {
            path: path.trim().to_owned(),
            value: parsed
                .and_then(|mut table| table.remove("value"))
                .unwrap_or_else(|| toml::Value::String(value.to_owned())),
        })
    }
}

impl Run {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let loaded = self.load()?;
        let seeds = match self.seeds.is_empty() {
            true => loaded.scenario.seeds.clone(),
            false => self.seeds.clone(),
        };
        let output = self
            .output
            .clone()
            .unwrap_or_else(|| super::default_result(&self.scenario));
        let options = Options {
            trace: self.trace,
            checkpoints: match &self.checkpoints {
                Some(directory) => Some(Checkpoints::open(directory, &loaded, self.resume)?),
                None => None,
            },
        };
        let mut watch = Terminal::new(seeds.len(), self.quiet)?;
        let done = crate::run::run(&loaded, &seeds, &output, &options, &mut watch);
        watch.bar.finish_and_clear();
        match done {
            Ok(summary) if self.quiet => drop(summary),
            Ok(summary) => {
                super::say(&summary.text())?;
                super::say(&watch.worked())?;
                super::say(&format!("kept in {}\n", output.display()))?;
            }
            Err(RunError::Stopped { seed, kept_us }) => {
                self.tell_kept(seed, kept_us);
                return Ok(ExitCode::from(INTERRUPTED));
            }
            Err(error @ RunError::Seed { seed, .. }) => {
                eprintln!("hedgerow-sim: {:#}", anyhow::Error::from(error));
                eprintln!(
                    "it happens again, step by step, with: {}",
                    self.replay(seed)
                );
                return Ok(ExitCode::FAILURE);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn load(&self) -> anyhow::Result<Loaded> {
        let data = self.data.as_deref();
        let text = scenario::read(&self.scenario)?;
        if self.set.is_empty() {
            return Ok(scenario::load_text(&self.scenario, text, data)?);
        }
        let mut table: toml::Table = scenario::parse(&self.scenario, &text)?;
        for Setting { path, value } in &self.set {
            scenario::set(&mut table, path, value.clone())?;
        }
        Ok(scenario::load_text(
            &self.scenario,
            table.to_string(),
            data,
        )?)
    }

    /// The one command that does again what went wrong with a seed.
    fn replay(&self, seed: u64) -> String {
        let mut words = vec![
            "hedgerow-sim run".to_owned(),
            self.scenario.display().to_string(),
        ];
        words.push(format!("--seeds {seed} --trace"));
        for Setting { path, value } in &self.set {
            words.push(format!("--set '{path}={value}'"));
        }
        if let Some(data) = &self.data {
            words.push(format!("--data {}", data.display()));
        }
        if let Some(output) = &self.output {
            words.push(format!("--output {}", output.display()));
        }
        words.join(" ")
    }

    /// What is left of a run that was stopped.
    fn tell_kept(&self, seed: u64, kept_us: Option<u64>) {
        match (&self.checkpoints, kept_us) {
            (None, _) => eprintln!("stopped; nothing is kept (see --checkpoints)"),
            (Some(directory), None) => eprintln!(
                "stopped in the run of seed {seed}, before its first checkpoint; go on with the same command \
                 and --resume, from what is in {}",
                directory.display()
            ),
            (Some(directory), Some(at_us)) => eprintln!(
                "stopped in the run of seed {seed}; {} of it is kept in {}: go on with the same command and \
                 --resume",
                time_of_day(at_us),
                directory.display()
            ),
        }
    }
}

/// Shows how far a run is.
struct Terminal {
    bar: ProgressBar,
    seeds: usize,
    done: u64,
    current: Option<u64>,
    began: Instant,
    /// Ctrl-C was pressed, or nobody reads what is printed any more.
    stop: Arc<AtomicBool>,
    groups: Vec<u64>,
}

impl Terminal {
    fn new(seeds: usize, quiet: bool) -> anyhow::Result<Terminal> {
        let bar = match quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(0),
        };
        bar.set_style(
            ProgressStyle::with_template("{wide_bar} {percent}%  {msg}  {eta} left")
                .expect("the template is well-formed"),
        );
        let stop = Arc::new(AtomicBool::new(false));
        // In this order: the second Ctrl-C finds the flag set, and ends the program.
        signal_hook::flag::register_conditional_shutdown(
            SIGINT,
            i32::from(INTERRUPTED),
            Arc::clone(&stop),
        )?;
        signal_hook::flag::register(SIGINT, Arc::clone(&stop))?;
        Ok(Terminal {
            bar,
            seeds,
            done: 0,
            current: None,
            began: Instant::now(),
            stop,
            groups: Vec::new(),
        })
    }

    /// Which threads have had a part in it.
    fn worked(&self) -> String {
        let groups: Vec<String> = self.groups.iter().map(u64::to_string).collect();
        format!("groups of devices run, by thread: {}\n", groups.join(", "))
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
        !self.stop.load(Ordering::Relaxed)
    }

    fn steps(&mut self, _: u64, steps: &[Step]) {
        let mut out = std::io::stdout().lock();
        for step in steps {
            let told = writeln!(
                out,
                "{:>14.6} {:>6} {}",
                step.at_us as f64 / SECOND_US as f64,
                step.device,
                step.what
            );
            if told.is_err() {
                self.stop.store(true, Ordering::Relaxed);
                return;
            }
        }
    }

    fn threads(&mut self, _: u64, groups: &[u64]) {
        self.groups.resize(self.groups.len().max(groups.len()), 0);
        for (sum, groups) in self.groups.iter_mut().zip(groups) {
            *sum += groups;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_toml_or_else_a_text() {
        let of = |text: &str| text.parse::<Setting>().map(|setting| setting.value);
        assert_eq!(of("duration-s=600"), Ok(toml::Value::Integer(600)));
        assert_eq!(of("name=a protest"), Ok("a protest".into()));
        assert!(matches!(of("courier={}"), Ok(toml::Value::Table(_))));
        assert!(of("duration-s").is_err());
    }
}
