//! Contacts, and how they are met.

use clap::Subcommand;

/// Contacts, and how they are met.
#[derive(Debug, Subcommand)]
pub enum People {
    /// Invite somebody: prints a link, and a QR code to scan
    #[command(
        after_help = "Examples:\n  hedgerow invite                      a link for one person, good for a day\n  \
        hedgerow invite --valid 1h           good for an hour\n  \
        hedgerow invite --in-person          to be scanned from this screen, now\n  \
        hedgerow invite --into Riverside     for a room: up to 64 people, each invited into a group\n\n\
        The first person to open the link becomes a contact: send it by a way you trust, \
        and compare the safety words afterwards (`hedgerow verify`). It works once, unless it is for a room. \
        `hedgerow invitations` shows what becomes of it."
    )]
    Invite {
        /// How long it is good for, as `30m`, `24h` or `7d`; at most `366d`
        #[arg(long, default_value = "24h", value_name = "TIME")]
        valid: String,

        /// Show it to somebody present: scanned from this screen, they know whose it is
        #[arg(long)]
        in_person: bool,

        /// For everybody in a room: up to 64 people become contacts, and each is invited into this group
        #[arg(long, value_name = "GROUP", conflicts_with = "in_person")]
        into: Option<String>,

        /// Wait until somebody has used it; with --into, tell of each who does
        #[arg(long)]
        wait: bool,
    },

    /// Meet the person who made an invitation link
    #[command(
        after_help = "Examples:\n  hedgerow join hedgerow:AQ...\n  hedgerow join -                      read the link from stdin\n\n\
        Both nodes must be running and reach each other. The attempt is repeated until \
        the link expires; Ctrl-C ends the waiting, not the attempt, if a node is running."
    )]
    Join {
        /// The link, or `-` for stdin
        link: String,
    },

    /// List invitations and joins, show or cancel one
    #[command(
        after_help = "Examples:\n  hedgerow invitations                 a numbered list, the oldest first\n  \
        hedgerow invitations show 2          the link and the QR code once more\n  \
        hedgerow invitations cancel 2"
    )]
    Invitations {
        #[command(subcommand)]
        action: Option<InvitationAction>,
    },

    /// List contacts
    Contacts,

    /// Compare safety words with a contact, and remember that they match
    #[command(after_help = "Example:\n  hedgerow verify Ben\n\n\
        Read the words to each other where you know the other's voice or face. If all \
        twelve are the same on both sides, nobody sits between you.")]
    Verify {
        /// The contact
        name: String,

        /// The words match: do not ask
        #[arg(long, conflicts_with = "undo")]
        yes: bool,

        /// Take it back: the contact is not verified
        #[arg(long)]
        undo: bool,
    },

    /// Give a contact a name of your own; an empty one takes it back
    Rename {
        /// The contact
        name: String,
        /// The name to use from now on
        new_name: String,
    },

    /// Block a contact: no messages, and it cannot see that you are near
    Block {
        /// The contact
        name: String,
        /// Unblock
        #[arg(long)]
        undo: bool,
    },

    /// Remove a contact, and the whole conversation or not
    #[command(
        after_help = "Examples:\n  hedgerow remove Ben                  asks, and erases the conversation too\n  \
        hedgerow remove Ben --keep           what was said stays; nobody can write there\n  \
        hedgerow remove Ben                  again: erases what was kept\n  \
        hedgerow remove me                   erases your notes\n\n\
        A contact who is met again begins a new conversation."
    )]
    Remove {
        /// The contact, somebody who was one, or `me` for your notes
        name: String,
        /// Keep the conversation: it stays to be read
        #[arg(long)]
        keep: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What to do with invitations.
#[derive(Debug, Subcommand)]
pub enum InvitationAction {
    /// List them
    List,
    /// Show the link and the QR code of one again
    Show {
        /// Its number in the list, or the beginning of its id
        invitation: String,
    },
    /// Cancel one
    Cancel {
        /// Its number in the list, or the beginning of its id
        invitation: String,
    },
}
