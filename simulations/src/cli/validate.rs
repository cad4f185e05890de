//! `hedgerow-sim validate`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::trace::TraceSettings;
use crate::validate::{self, Options};

/// Hold the couriers against what is known exactly: theory, and the oracle of a trace
#[derive(Debug, Args)]
#[command(
    after_help = "It ends with 1 if a row does not hold. The seeds were fixed before any was run."
)]
pub(super) struct Validate {
    /// A trace to compare with its oracle, in any format that can be converted
    #[arg(long, value_name = "PATH")]
    trace: Option<PathBuf>,
    /// Seeds, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "SEED,…")]
    seeds: Vec<u64>,
    /// Messages of each case and seed
    #[arg(long, value_name = "N")]
    messages: Option<usize>,
    /// Messages on the trace
    #[arg(long, value_name = "N", requires = "trace")]
    trace_messages: Option<usize>,
    /// One JSON object a row, instead of tables
    #[arg(long)]
    json: bool,
}

impl Validate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut options = Options {
            trace: self.trace.map(TraceSettings::at),
            ..Options::default()
        };
        if !self.seeds.is_empty() {
            options.seeds = self.seeds;
        }
        options.messages = self.messages.unwrap_or(options.messages);
        options.trace_messages = self.trace_messages.unwrap_or(options.trace_messages);
        if let Err(why) = options.check() {
            bail!(why);
        }
        let bar = ProgressBar::new(options.rows() as u64).with_style(
            ProgressStyle::with_template("{wide_bar} {pos}/{len} rows  {eta} left")
                .expect("the template is well-formed"),
        );
        let validation = validate::run(&options, |_| bar.inc(1))?;
        bar.finish_and_clear();
        super::say(&match self.json {
            true => validation.json_lines(),
            false => validation.text(),
        })?;
        Ok(match validation.holds() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}
