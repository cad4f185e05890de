//! What can be typed: the commands, and the help that teaches them. A file for each group of the help.

mod groups;
mod keeping;
mod messages;
mod network;
mod people;
mod programs;
#[cfg(feature = "relay")]
mod relay;
mod safety;
mod start;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

pub use groups::{GroupAction, Groups};
pub use keeping::{FormatName, Keeping};
pub use messages::{CarryAction, Messages};
pub use network::{CarrierName, CarrierSwitch, Network, PowerName, RelaysAction};
pub use people::{InvitationAction, People};
pub use programs::Programs;
#[cfg(feature = "relay")]
pub use relay::RelayArguments;
pub use safety::Safety;
pub use start::{OnOff, Start};

use crate::built;
use crate::words::Language;

/// The `hedgerow` command line. `help` adds the list of commands.
#[derive(Debug, Parser)]
#[command(
    name = "hedgerow",
    version = built::version(),
    about = "Messages between people, without a server",
    max_term_width = 80
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Common {
    /// The data directory: one identity, one node
    #[arg(
        long,
        global = true,
        env = "HEDGEROW_DIR",
        value_name = "DIR",
        hide_env = true
    )]
    pub data_dir: Option<PathBuf>,

    /// Take the passphrase from line 1 of a file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "passphrase_fd"
    )]
    pub passphrase_file: Option<PathBuf>,

    /// Take it from an open file descriptor
    #[arg(long, global = true, value_name = "N")]
    pub passphrase_fd: Option<u32>,

    /// Print one JSON object a line, for programs
    #[arg(long, global = true)]
    pub json: bool,

    /// Speak this language
    #[arg(
        long,
        global = true,
        env = "HEDGEROW_LANGUAGE",
        value_name = "CODE",
        hide_env = true,
        value_parser = language()
    )]
    pub language: Option<Language>,

    /// Log level: error, warn, info, debug, trace
    #[arg(
        long,
        global = true,
        env = "HEDGEROW_LOG",
        value_name = "LEVEL",
        hide_env = true
    )]
    pub log: Option<String>,
}

impl Common {
    /// The language of what is said.
    pub fn language(&self) -> Language {
        self.language.unwrap_or_else(Language::of_system)
    }
}

fn language() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::ALL.map(Language::code))
        .map(|code| Language::of_locale(&code).unwrap_or_default())
}

/// The commands, in the groups of the help.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Start(Start),
    #[command(flatten)]
    People(People),
    #[command(flatten)]
    Groups(Groups),
    #[command(flatten)]
    Messages(Messages),
    #[command(flatten)]
    Keeping(Keeping),
    #[command(flatten)]
    Network(Network),
    /// Run a public relay, through which others reach each other
    #[cfg(feature = "relay")]
    #[command(after_help = relay::HELP)]
    Relay(RelayArguments),
    #[command(flatten)]
    Safety(Safety),
    #[command(flatten)]
    Programs(Programs),
}
