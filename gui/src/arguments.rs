//! What can be typed.

use std::path::PathBuf;

use clap::Parser;

/// The Hedgerow application: messages between people, without a server.
///
/// Opens the window of the identity that is kept in the data directory, and makes one at the first start. If a
/// `hedgerow run` owns that directory already, the window works as its client; while the window owns
/// it, the `hedgerow` command line works beside it.
#[derive(Debug, Parser)]
#[command(name = "hedgerow-gui", version, max_term_width = 100)]
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
}
