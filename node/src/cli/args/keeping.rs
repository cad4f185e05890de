//! What the user makes of conversations and messages, on this device alone.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// What the user makes of conversations and messages, on this device alone.
#[derive(Debug, Subcommand)]
pub enum Keeping {
    /// List conversations, those written in last first
    #[command(
        after_help = "Beside the chats with your contacts these are your notes (`me` in place of a name) and what \
        you kept of chats with people who are no longer contacts."
    )]
    List {
        /// Those that are archived
        #[arg(long)]
        archived: bool,
    },

    /// Mute a conversation: nothing notifies of its messages
    #[command(
        after_help = "Examples:\n  hedgerow mute Ben                    until you take it back\n  \
        hedgerow mute Ben 8h                 for eight hours; also 30m, 7d\n  \
        hedgerow mute Ben off                not any more\n\n\
        Messages arrive as before. Nobody learns of it."
    )]
    Mute {
        /// The contact or group, or `me` for your notes
        name: String,

        /// How long, as `8h` or `7d`; or `forever`, or `off`
        #[arg(default_value = "forever", value_name = "TIME")]
        time: String,
    },

    /// Archive a conversation
    #[command(
        after_help = "A new message brings it back, unless the conversation is muted. Nobody learns of it."
    )]
    Archive {
        /// The contact or group, or `me` for your notes
        name: String,

        /// Take it back
        #[arg(long)]
        undo: bool,
    },

    /// Mark a conversation as unread
    #[command(after_help = "The mark stays until you read there. Nobody learns of it.")]
    Unread {
        /// The contact or group, or `me` for your notes
        name: String,

        /// Take the mark back
        #[arg(long)]
        undo: bool,
    },

    /// Star a message, to find it again
    #[command(
        after_help = "Examples:\n  hedgerow star Ben k7q2m\n  hedgerow star Ben k7q2m --undo       take the star off\n\n\
        `hedgerow read` shows the short name of each message, here k7q2m. Nobody learns of it."
    )]
    Star {
        /// The contact or group, or `me` for your notes
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// Take the star off
        #[arg(long)]
        undo: bool,
    },

    /// List starred messages, those starred last first
    Starred {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50,
            value_parser = clap::value_parser!(u32).range(1..))]
        last: u32,
    },

    /// Write a conversation with its files, for anybody to read
    #[command(
        after_help = "Examples:\n  hedgerow export Ben ben.html         a page that opens offline\n  \
        hedgerow export Ben ben.json         for programs\n  \
        hedgerow export Ben ben.txt          lines\n  \
        hedgerow export me ~                 your notes, as me.html\n  \
        hedgerow export Ben ben.html --without-files\n\n\
        The files of the messages go into a folder beside it, here ben-files, and the page leads to them. \
        Nothing of it is sealed. It is never written over anything, and stands under its name \
        only when it is complete."
    )]
    Export {
        /// The contact or group, or `me` for your notes
        name: String,

        /// The file to write, or a directory for it
        file: PathBuf,

        /// The format, if the name of the file does not end with it
        #[arg(long, value_enum, value_name = "FORMAT")]
        format: Option<FormatName>,

        /// Write only the names of files
        #[arg(long)]
        without_files: bool,

        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// How to write a conversation into a file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FormatName {
    /// A page that opens offline
    Html,
    /// For programs
    Json,
    /// Lines
    Text,
}
