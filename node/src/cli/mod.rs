//! The command line: the first client of the API.
//!
//! `args` holds what a person can type, `help` lists it, `dispatch` executes it, `words` adds to each code what to type
//! about it, `session` finds the node that a command talks to. The other files are the commands, by subject.

mod annotating;
mod args;
mod arranging;
mod ask;
mod bluetooth;
mod carriers;
mod carry;
mod chats;
mod contacts;
mod conversation;
mod daemon;
mod deleting;
mod demo;
mod dispatch;
mod drafts;
mod editing;
mod exporting;
mod failure;
mod files;
mod forwarding;
mod groups;
mod help;
mod me;
mod meeting;
mod node;
mod output;
mod pacing;
mod people;
#[cfg(feature = "relay")]
mod relay;
mod relays;
mod removing;
mod screen;
mod search;
pub(crate) mod session;
mod starring;
mod storage;
mod table;
mod timing;
mod waiting;
mod words;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::FromArgMatches;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use args::{Arguments, Command, Start};
use failure::{Exit, Failure};
use output::Output;

use crate::directory::{forbid_core_dumps, forbid_tracing};
use crate::words::tr;

/// The whole program: reads the command line, executes it, and gives the exit status.
pub fn main() -> ExitCode {
    // Before the program reads a secret. A failure is logged later, once there is a log.
    let forbidden = forbid_core_dumps().and(forbid_tracing());
    let arguments = help::command().try_get_matches();
    let arguments = match arguments.and_then(|typed| Arguments::from_arg_matches(&typed)) {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    let output = Output::new(arguments.common.json, arguments.common.language());
    log_to_stderr(&arguments);
    if let Err(error) = forbidden {
        tracing::warn!(kind = ?error.kind(), "a crash could leave secrets in a core dump");
    }
    match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| Failure::file(tr!("The program cannot start"), &error))
        .and_then(|runtime| {
            let done = runtime.block_on(dispatch::run(arguments, output));
            // Threads that wait for a terminal would delay the end for ever.
            runtime.shutdown_background();
            done
        }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if output.is_json() {
                eprintln!("{}", failure.json());
            } else {
                eprintln!("{}", output.lines(&failure.words()));
            }
            ExitCode::from(failure.exit() as u8)
        }
    }
}

/// Shows the help or the version, if the user asked for that, or what is wrong with the command line.
fn misused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    let said = error.render();
    let said = match std::io::stderr().is_terminal() {
        true => said.ansi().to_string(),
        false => said.to_string(),
    };
    eprint!("{}", screen::wrapped(&said, screen::COLUMNS));
    ExitCode::from(Exit::Usage as u8)
}

/// Threads for sockets and the API; the engine has one of its own.
const WORKERS: usize = 2;

fn log_to_stderr(arguments: &Arguments) {
    let foreground = matches!(
        arguments.command,
        Command::Start(Start::Run {
            foreground: true,
            ..
        })
    );
    // These are prefixes of targets: `hedgerow` stands for all crates of the project. Other crates log addresses and
    // names, so the user must name them.
    let level = match &arguments.common.log {
        Some(level) if level.parse::<LevelFilter>().is_ok() => format!("hedgerow={level}"),
        Some(filter) => filter.clone(),
        None if foreground => "hedgerow=info".to_owned(),
        None => "hedgerow=error".to_owned(),
    };
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("hedgerow=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
