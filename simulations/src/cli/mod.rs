//! The command line.

mod bench;
mod convert;
mod result;
mod run;
mod sweep;
mod validate;

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::scenario;

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
`hedgerow-sim help COMMAND` says all about a command. Results go to standard output, all else to standard
error. It ends with 0 when all is well, 1 when something failed or did not hold, 2 when it was called in a
wrong way, 130 after Ctrl-C.
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
    /// Make one page that plays a run: devices, contacts, and how messages spread
    View(result::View),
    /// Hold the couriers against what is known exactly: theory, and the oracle of a trace
    Validate(validate::Validate),
    /// Bring a trace into another format, and say what had to be repaired
    Convert(convert::Convert),
    /// Write the contacts of a result, or of a contact plan, for other simulators
    Export(convert::Export),
    /// Measure every figure that the simulator promises
    Bench(bench::Bench),
    /// Print the reference of scenario files
    Schema {
        /// As JSON Schema, for editors, instead of for reading
        #[arg(long)]
        json: bool,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
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
        Command::View(command) => command.run(),
        Command::Validate(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Schema { json } => schema(json),
        Command::Completions { shell } => completions(shell),
    };
    match done {
        Ok(code) => code,
        Err(error) if nobody_reads(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hedgerow-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn schema(json: bool) -> anyhow::Result<ExitCode> {
    say(&match json {
        true => serde_json::to_string_pretty(&scenario::schema())? + "\n",
        false => scenario::markdown(),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "hedgerow-sim", &mut text);
    std::io::stdout().write_all(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints to standard output.
fn say(text: &str) -> std::io::Result<()> {
    std::io::stdout().write_all(text.as_bytes())
}

/// Whoever read our output, such as `head`, has had enough.
fn nobody_reads(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
