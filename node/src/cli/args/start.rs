//! First steps, and the node itself.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// First steps, and the node itself.
#[derive(Debug, Subcommand)]
pub enum Start {
    /// See two nodes meet and talk on this machine; one is killed midway
    #[command(
        after_help = "Examples:\n  hedgerow demo                        with the lines that ship\n  \
        hedgerow demo --lines FILE           with the lines of a file of yours\n\n\
        Everything happens in a temporary directory, over loopback; nothing is left behind. \
        It succeeds if both stores hold the same messages at the end."
    )]
    Demo {
        /// The text whose lines are sent
        #[arg(long, value_name = "FILE")]
        lines: Option<PathBuf>,
    },

    /// Make a new identity in the data directory
    #[command(after_help = "Example:\n  hedgerow init --name Ana\n\n\
        The passphrase protects everything on this disk. It cannot be recovered.")]
    Init {
        /// Your name, as your contacts will see it; `hedgerow me --name` changes it
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },

    /// Run the node: it stays in touch with contacts and delivers
    #[command(
        after_help = "Examples:\n  hedgerow run &                       quietly, locked until `hedgerow unlock`\n  \
        hedgerow run --foreground            say what happens, in readable lines\n  \
        hedgerow run --passphrase-file FILE  unlocked from the start\n\n\
        It stays until Ctrl-C or `hedgerow stop`. Without a passphrase it starts locked \
        and answers unlock, wipe, stop and status only."
    )]
    Run {
        /// Log readable lines of what happens to stderr
        #[arg(long)]
        foreground: bool,

        /// For debugging: record all inputs here, with secrets in clear
        #[arg(long, value_name = "FILE")]
        record_secrets_to: Option<PathBuf>,

        /// For tests: keep to the loopback interface
        #[arg(long, hide = true)]
        loopback: bool,
    },

    /// Stop the running node
    Stop,

    /// Show who is reachable and how, what waits and why
    #[command(
        after_help = "Examples:\n  hedgerow status                      the carriers and all contacts\n  \
        hedgerow status Ben                  what waits for Ben, and why\n  \
        hedgerow status --message k7q2m      one message: delivered, or why not"
    )]
    Status {
        /// What waits for this contact
        name: Option<String>,

        /// One message, by its short name or its id
        #[arg(long, value_name = "MESSAGE")]
        message: Option<String>,
    },

    /// Show or change your own name
    #[command(
        after_help = "Examples:\n  hedgerow me                          your name and identity\n  \
        hedgerow me --name 'Ana K.'          the name that contacts see from now on\n  \
        hedgerow me --receipts on            tell contacts what you have read, and see\n                                       \
        what they have, if they tell (off at first)"
    )]
    Me {
        /// The name that contacts see from now on
        #[arg(long)]
        name: Option<String>,

        /// Read receipts, told and shown
        #[arg(long, value_enum, value_name = "STATE")]
        receipts: Option<OnOff>,
    },
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    /// On
    On,
    /// Off
    Off,
}
