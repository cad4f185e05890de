//! What programs and packagers need.

use std::path::PathBuf;

use clap::Subcommand;

use crate::bench::{BenchArguments, PeerArguments};

/// What programs and packagers need.
#[derive(Debug, Subcommand)]
pub enum Programs {
    /// Print where the API of the running node is
    #[command(after_help = "Example:\n  \
        token=$(cat \"$(hedgerow api --json | jq -r .token_file)\")\n  \
        curl -H \"Authorization: Bearer $token\" \"$(hedgerow api)/status\"\n\n\
        The OpenAPI document is at /v1/openapi.json.")]
    Api,

    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },

    /// Write the manual pages of all commands into a folder
    #[command(after_help = "Example:\n  hedgerow man ~/.local/share/man/man1 && man hedgerow-send")]
    Man {
        /// The folder, which is made if it is not there
        directory: PathBuf,
    },

    /// Measure the promised figures
    Bench(BenchArguments),

    /// For the bench: run nodes on loopback until stdin closes
    #[command(hide = true)]
    BenchPeer(PeerArguments),

    /// For the bench: run a relay of libp2p alone on loopback until stdin closes
    #[cfg(feature = "relay")]
    #[command(hide = true)]
    BenchRelay,
}
