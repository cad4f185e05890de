//! `hedgerow-gui`: the window of a node.

use std::process::ExitCode;

use clap::Parser;
use hedgerow_gui::application;
use hedgerow_gui::arguments::Arguments;
use hedgerow_node::host::HostOptions;
use hedgerow_node::runtime::OnAir;

fn main() -> ExitCode {
    match application::run(Arguments::parse(), HostOptions::shipped(OnAir::Yes)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("hedgerow-gui: {why}");
            ExitCode::FAILURE
        }
    }
}
