//! The `hedgerow` command.

use hedgerow_node::{cli, pictures};

fn main() -> std::process::ExitCode {
    pictures::child().unwrap_or_else(cli::main)
}
