//! What is written, read and carried.

use std::path::PathBuf;

use clap::Subcommand;

/// What is written, read and carried.
#[derive(Debug, Subcommand)]
pub enum Messages {
    /// Write a message
    #[command(
        after_help = "Examples:\n  hedgerow send Ben 'Good morning'\n  hedgerow send Ben - < letter.txt     \
        at most 64 KiB\n\n\
        It is kept until it is delivered, however long that takes. If no node is running \
        it waits for the next `hedgerow run`. Prints the message's id."
    )]
    Send {
        /// The contact
        name: String,
        /// The text, or `-` for stdin
        text: String,
    },

    /// Read a conversation
    #[command(
        after_help = "Examples:\n  hedgerow read Ben                    the last 20 messages\n  \
        hedgerow read Ben --unread           what you have not read yet\n  \
        hedgerow read Ben --from 2026-05-01  everything since that day\n  \
        hedgerow read Ben --follow           and what comes, until Ctrl-C\n\n\
        Other commands take the short name before each message, or the beginning of it. \
        What is shown counts as read; nobody is told."
    )]
    Read {
        /// The contact
        name: String,

        /// Wait for new messages, until Ctrl-C
        #[arg(long)]
        follow: bool,

        /// How many of the newest messages
        #[arg(long, value_name = "N", default_value_t = 20, conflicts_with_all = ["from", "unread"],
            value_parser = clap::value_parser!(u32).range(1..))]
        last: u32,

        /// From this day or time on: `2026-05-01` or `2026-05-01 14:30`
        #[arg(long, value_name = "DATE", conflicts_with = "unread")]
        from: Option<String>,

        /// From the first unread message on
        #[arg(long)]
        unread: bool,
    },

    /// Put an emoji on a message
    #[command(
        after_help = "Examples:\n  hedgerow react Ben k7q2m 👍          instead of yours from before\n  \
        hedgerow react Ben k7q2m --undo      take it back\n\n\
        `hedgerow read` shows the short name of each message, here k7q2m. Everybody in \
        the conversation sees the emoji and that it is yours."
    )]
    React {
        /// The contact
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// One emoji
        #[arg(required_unless_present = "undo")]
        emoji: Option<String>,

        /// Take it back
        #[arg(long, conflicts_with = "emoji")]
        undo: bool,
    },

    /// Pin a message
    #[command(
        after_help = "Examples:\n  hedgerow pin Ben k7q2m               for everybody in the conversation\n  \
        hedgerow pin Ben k7q2m --undo        take it down\n\n\
        `hedgerow read` shows the short name of each message, here k7q2m."
    )]
    Pin {
        /// The contact
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// Take it down, no matter who pinned it
        #[arg(long)]
        undo: bool,
    },

    /// Carry messages by hand, in a file
    #[command(
        after_help = "Example, with a memory stick between machines that never meet on a network:\n  \
        ana$ hedgerow carry export Ben /media/stick/for-ben\n  \
        ben$ hedgerow carry import /media/stick/for-ben\n  \
        ben$ hedgerow carry export Ana /media/stick/for-ana\n\n\
        The second file answers, and confirms what arrived. Each file is sealed: only its \
        receiver can open it."
    )]
    Carry {
        #[command(subcommand)]
        action: CarryAction,
    },
}

/// Which way to carry.
#[derive(Debug, Subcommand)]
pub enum CarryAction {
    /// Seal everything a contact has not acknowledged into a file
    Export {
        /// The contact
        name: String,
        /// The file to write; it must not exist
        file: PathBuf,
    },
    /// Take in a file that a contact made
    Import {
        /// The file
        file: PathBuf,
    },
}
