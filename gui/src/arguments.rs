//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use hedgerow_node::bench::PeerArguments;
use hedgerow_node::built;

use crate::bench::{BenchArguments, ChildArguments};

/// The Hedgerow application: messages between people, without a server.
///
/// Opens the window of the identity that is kept in the data directory, and makes one at the first start. If a
/// `hedgerow run` owns that directory already, the window works as its client; while the window owns
/// it, the `hedgerow` command line works beside it.
#[derive(Debug, Parser)]
#[command(name = "hedgerow-gui", version = built::version(), max_term_width = 100)]
pub struct Arguments {
    /// The data directory: one identity, owned by one process at a time
    ///
    /// If it is not given, the environment variable HEDGEROW_DIR, then `hedgerow` in the user's XDG
    /// data directory.
    #[arg(long, env = "HEDGEROW_DIR", value_name = "DIR", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,

    /// An invitation to join: a `hedgerow:` link
    ///
    /// Other users of this machine may see it in the list of processes while this starts.
    #[arg(value_name = "LINK")]
    pub link: Option<String>,

    /// Something else than opening the window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program does besides.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure how fast the application is, beside what it must reach
    ///
    /// Without a display: everything is drawn into memory, whole, at 1280x800 by the software renderer,
    /// in one process for each group of rows. Stdout has a row a line as JSON; stderr says what is being
    /// measured, and has the rows as a table. Beside each 95th percentile of the frames stands what the
    /// thread had of a processor then: on a busy machine the difference is what others took.
    ///
    /// Takes a quarter of an hour, most of which is the idle row (`--idle-minutes`).
    #[command(after_help = "\
Examples:
  hedgerow-gui bench                          all rows
  hedgerow-gui bench open                     only opening and scrolling
  hedgerow-gui bench idle --idle-minutes 2    the idle row, shorter
  hedgerow-gui bench --check                  exit with 1 if a row falls short")]
    Bench(BenchArguments),
    /// For the bench: show a directory without a display until stdin closes
    #[command(hide = true)]
    BenchScreen(ChildArguments),
    /// For the bench: run nodes on loopback until stdin closes
    #[command(hide = true)]
    BenchPeer(PeerArguments),
}
