//! The command line.

mod result;
mod run;
mod sweep;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Simulate networks of devices that run Hedgerow's own engine: thousands of nodes, repeatable, from a
/// scenario file to plots.
#[derive(Debug, Parser)]
#[command(name = "hedgerow-sim", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    /// Threads to use; the result does not depend on it. Without it, all there are.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Begin with:
  hedgerow-sim run simulations/scenarios/two-friends.toml
  hedgerow-sim report results/two-friends
simulations/README.md is the guide.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario, and keep what happened
    Run(run::Run),
    /// Run a scenario with every combination of parameters and every seed
    Sweep(sweep::Sweep),
    /// Put the results of a sweep together, once all its shards have been run
    Merge(sweep::Merge),
    /// Put results side by side: what was asked and what came out differently
    Compare(result::Compare),
    /// Make one page with figures and drawings, of one result or of several side by side
    Report(result::Report),
    /// Print the reference of scenario files
    Schema {
        /// As JSON Schema, for editors, instead of for reading
        #[arg(long)]
        json: bool,
    },
}

/// Where results are kept unless a path is given.
fn default_result(scenario: &std::path::Path) -> PathBuf {
    let name = scenario.file_stem().unwrap_or_default();
    PathBuf::from("results").join(name)
}

/// Runs the program. Errors are one line on standard error, with what to do.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(threads) = arguments.threads
        && let Err(error) = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
    {
        eprintln!("hedgerow-sim: {error}");
        return ExitCode::FAILURE;
    }
    let done = match arguments.command {
        Command::Run(command) => command.run(),
        Command::Sweep(command) => command.run(),
        Command::Merge(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Schema { json } => schema(json),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hedgerow-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn schema(_json: bool) -> anyhow::Result<ExitCode> {
    let schema = crate::scenario::reference();
    println!("{}", serde_json::to_string_pretty(&schema)?);
    Ok(ExitCode::SUCCESS)
}
