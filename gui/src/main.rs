//! `hedgerow-gui`: the window of a node.

use std::process::ExitCode;

use clap::Parser;
use hedgerow_gui::arguments::{Arguments, Command};
use hedgerow_gui::{application, bench};
use hedgerow_node::directory::forbid_core_dumps;
use hedgerow_node::host::HostOptions;
use hedgerow_node::pictures;
use hedgerow_node::runtime::OnAir;
use slint::BackendSelector;

fn main() -> ExitCode {
    if let Some(decoded) = pictures::child() {
        return decoded;
    }
    // Before a secret is in memory.
    if let Err(why) = forbid_core_dumps() {
        eprintln!("hedgerow-gui: a crash could leave secrets in a core dump: {why}.");
    }
    let mut arguments = Arguments::parse();
    let done = match arguments.command.take() {
        None => {
            let host = HostOptions::shipped(OnAir::Yes);
            let select = || application::on_desktop(BackendSelector::new());
            application::run(arguments, host, select).map(|()| true)
        }
        Some(other) => perform(&other).map_err(|why| format!("{why:#}.")),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("hedgerow-gui: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Executes a subcommand instead of opening the window. True if all is well.
fn perform(command: &Command) -> anyhow::Result<bool> {
    match command {
        Command::Bench(arguments) => bench::bench(arguments),
        Command::BenchScreen(arguments) => bench::serve(arguments).map(|()| true),
        Command::BenchPeer(arguments) => {
            let runtime = tokio::runtime::Runtime::new()?;
            let served = runtime.block_on(hedgerow_node::bench::serve(arguments));
            served.map(|()| true)
        }
    }
}
