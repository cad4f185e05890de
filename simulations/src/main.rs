//! `hedgerow-sim`: runs scenarios of many nodes, compares and draws what came of them.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    hedgerow_simulations::cli::main()
}
