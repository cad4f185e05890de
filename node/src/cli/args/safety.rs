//! What protects the data on this disk.

use std::path::PathBuf;

use clap::Subcommand;

/// What protects the data on this disk.
#[derive(Debug, Subcommand)]
pub enum Safety {
    /// Lock the running node: keys dropped, store closed, off the air
    Lock,

    /// Unlock the running node
    Unlock,

    /// Change the passphrase
    #[command(
        after_help = "Asks for the current passphrase (or takes it as every command does), then twice for the new one."
    )]
    Passphrase {
        /// Read the new passphrase from the first line of this file instead of asking
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },

    /// Re-encrypt the storage, so that nothing deleted can be recovered
    #[command(
        after_help = "It happens on its own within seven days of a deletion. It takes room for a second \
        copy of the storage while it lasts. Flash memory may keep old copies, which the \
        passphrase protects."
    )]
    Erase,

    /// Destroy the keys and everything in the data directory, for good
    #[command(
        after_help = "Two steps: the option, and typing `destroy everything` when asked. It needs no \
        passphrase and works locked. Flash memory may keep old copies, which the \
        passphrase protects."
    )]
    Wipe {
        /// Required, to prevent accidents
        #[arg(long, required = true)]
        destroy_everything: bool,
    },
}
