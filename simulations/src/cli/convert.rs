//! `hedgerow-sim convert` and `export`: contacts from one format to another.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use crate::record::Contact;
use crate::result::{Row as _, Summary, run_directory};
use crate::trace::{Format, Trace, TraceSettings, one, plan_file};

/// Bring a trace into another format, and say what had to be repaired
#[derive(Debug, Args)]
#[command(after_help = "Traces are read as they are: unpack them first.")]
pub(super) struct Convert {
    /// The trace
    trace: PathBuf,
    /// How it is written [default: recognised by its content]
    #[arg(long, value_name = "FORMAT")]
    from: Option<Format>,
    /// The moment at which the world begins, in the trace's own seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    start_s: Option<f64>,
    /// How long one row stands for, in socio-patterns and proximity
    #[arg(long, value_name = "SECONDS")]
    window_s: Option<f64>,
    /// The shortest contact in a contact-list
    #[arg(long, value_name = "SECONDS")]
    least_contact_s: Option<f64>,
    /// The faintest sighting in proximity that counts
    #[arg(long, value_name = "DBM", allow_negative_numbers = true)]
    least_strength_dbm: Option<f64>,
    #[command(flatten)]
    written: Written,
}

/// Write the contacts of a result, or of a contact plan, for other simulators
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The result, or a contact plan in Parquet
    #[arg(value_name = "PLAN|RESULT")]
    what: PathBuf,
    /// Of a result, the seed [default: its first]
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    written: Written,
}

/// How contacts are written, and where.
#[derive(Debug, Args)]
struct Written {
    /// How it is to be written
    #[arg(long = "format", value_enum, default_value_t = To::One)]
    to: To,
    /// The file to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What contacts are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// Connection events that The ONE reads
    One,
    /// Our contact plan, in Parquet
    Plan,
}

impl Convert {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = TraceSettings {
            format: self.from,
            start_s: self.start_s,
            window_s: self.window_s,
            least_contact_s: self.least_contact_s,
            least_strength_dbm: self.least_strength_dbm,
            ..TraceSettings::at(self.trace)
        };
        if let Err(why) = settings.check() {
            bail!(why);
        }
        let trace = settings.contacts()?;
        self.written.write(&trace)?;
        eprintln!(
            "{} devices, {} contacts",
            trace.devices,
            trace.changes.iter().filter(|change| change.up).count()
        );
        let repairs = trace.repaired.told();
        if repairs.is_empty() {
            eprintln!("nothing had to be repaired");
        }
        for (count, what) in repairs {
            eprintln!("{count:>9} {what}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Export {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let path = match self.what.is_dir() {
            true => contacts_of(&self.what, self.seed)?,
            false if self.seed.is_some() => bail!("--seed is for results; this is a file"),
            false => self.what,
        };
        let settings = TraceSettings {
            format: Some(Format::Plan),
            ..TraceSettings::at(path)
        };
        let trace = settings.contacts()?;
        self.written.write(&trace)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The table of contacts of one seed of a result.
fn contacts_of(result: &Path, seed: Option<u64>) -> anyhow::Result<PathBuf> {
    let summary = Summary::read(result)?;
    let seeds = &summary.identity.seeds;
    let seed = seed
        .or_else(|| seeds.first().copied())
        .filter(|seed| seeds.contains(seed))
        .with_context(|| format!("{} has the seeds {seeds:?}", result.display()))?;
    Ok(Contact::path(&run_directory(result, seed)))
}

impl Written {
    fn write(&self, trace: &Trace) -> anyhow::Result<()> {
        let Some(path) = &self.output else {
            let out = std::io::stdout();
            if self.to == To::Plan && out.is_terminal() {
                bail!("a plan is not for reading: name a file with --output");
            }
            return self.write_to(out, trace);
        };
        let file = File::create(path).with_context(|| path.display().to_string())?;
        self.write_to(BufWriter::new(file), trace)
            .with_context(|| path.display().to_string())
    }

    fn write_to(&self, mut out: impl Write + Send, trace: &Trace) -> anyhow::Result<()> {
        match self.to {
            To::One => out.write_all(one::write(&trace.changes).as_bytes())?,
            To::Plan => {
                let end_us = trace.changes.last().map_or(0, |change| change.at_us);
                plan_file::write(&mut out, &trace.names, &trace.changes, end_us)?;
            }
        }
        Ok(out.flush()?)
    }
}
