//! `hedgerow-sim bench`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::bench::{self, Group, Line, Options};

/// Measure every figure that the simulator promises
#[derive(Debug, Args)]
#[command(
    after_help = "What cannot be measured for want of a file is `skipped`: it neither holds nor falls short."
)]
pub(super) struct Bench {
    /// Only these rows
    #[arg(value_name = "NAME")]
    names: Vec<Group>,
    /// The folder `data` of a copy of The ONE, for the rows on its map of Helsinki
    #[arg(long, value_name = "DIR")]
    one_data: Option<PathBuf>,
    /// The trace SFHH of SocioPatterns (`t i j`, unpacked), for the rows on a trace
    #[arg(long, value_name = "FILE")]
    sfhh: Option<PathBuf>,
    /// The scenarios of the repository
    #[arg(long, value_name = "DIR", default_value = "simulations/scenarios")]
    scenarios: PathBuf,
    /// End with 1 if a row falls short
    #[arg(long)]
    check: bool,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let options = Options {
            scenarios: self.scenarios,
            one_data: self.one_data,
            sfhh: self.sfhh,
        };
        let groups = match self.names.is_empty() {
            true => Group::ALL.to_vec(),
            false => self.names,
        };
        let mut short = false;
        for group in groups {
            let began = Instant::now();
            let lines = bench::measure(group, &options)?;
            short |= lines.iter().any(Line::falls_short);
            if self.json {
                for line in &lines {
                    super::say(&(serde_json::to_string(line)? + "\n"))?;
                }
            } else {
                super::say(&bench::table(&lines))?;
            }
            eprintln!("{group:?} took {:.1} s", began.elapsed().as_secs_f64());
        }
        Ok(match short && self.check {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        })
    }
}
