//! The `hedgerow` command.

fn main() -> std::process::ExitCode {
    hedgerow_node::cli::main()
}
