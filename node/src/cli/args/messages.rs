//! What is written, read and carried.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::api::SearchKind;

/// What a message has beside words.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum KindName {
    /// A picture
    Pictures,
    /// Another file
    Files,
    /// A voice note
    Voice,
    /// A link to a page
    Links,
}

impl From<KindName> for SearchKind {
    fn from(name: KindName) -> SearchKind {
        match name {
            KindName::Pictures => SearchKind::Pictures,
            KindName::Files => SearchKind::Files,
            KindName::Voice => SearchKind::Voice,
            KindName::Links => SearchKind::Links,
        }
    }
}

/// What is written, read and carried.
#[derive(Debug, Subcommand)]
pub enum Messages {
    /// Write a message
    #[command(
        after_help = "Examples:\n  hedgerow send Ben 'Good morning'\n  hedgerow send Ben - < letter.txt     \
        at most 64 KiB\n  hedgerow send Ben --reply k7q2m 'At six'\n  \
        hedgerow send me 'Buy bread'         a note to yourself\n\n\
        It is kept until it is delivered, however long that takes. If no node is running \
        it waits for the next `hedgerow run`. Prints the message's id. `me` always means your \
        notes; a contact who goes by that name is called by the beginning of the id."
    )]
    Send {
        /// The contact or group, or `me` for notes to yourself
        name: String,
        /// The text, or `-` for stdin
        text: String,

        /// Reply to this message: its short name, its beginning, or the id
        #[arg(long, value_name = "MESSAGE")]
        reply: Option<String>,
    },

    /// Send files
    #[command(
        after_help = "Examples:\n  hedgerow attach Ben talk.pdf --as-it-is\n  \
        hedgerow attach Ben *.jpg --caption 'From the square'\n  \
        hedgerow attach Ben note.ogg --voice\n\n\
        Each file is a message of its own, of at most 2 GiB, in the order given; the caption stands \
        with the first. JPEG, PNG and WebP pictures are encoded anew, so that they carry neither \
        place nor camera nor time. PDF, video, HEIC and office files may name you and the place, \
        and go only with --as-it-is. Prints the messages' ids."
    )]
    Attach {
        /// The contact or group, or `me` for your notes
        name: String,

        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,

        /// A text with the first file, or `-` for stdin
        #[arg(long)]
        caption: Option<String>,

        /// Send the files with all that they carry
        #[arg(long)]
        as_it_is: bool,

        /// Send each file as a voice note: sound in Ogg Opus, of at most 15 minutes
        #[arg(long, conflicts_with = "as_it_is")]
        voice: bool,
    },

    /// Save the file of a message
    #[command(
        after_help = "Examples:\n  hedgerow save Ben k7q2m              here, by the name its sender gave it\n  \
        hedgerow save Ben k7q2m talk.pdf     under another name, or in a folder\n\n\
        No file is replaced, and none may be executed. Look at a file before you open it with \
        another program: its sender may have changed what its name says it is."
    )]
    Save {
        /// The contact or group, or `me` for your notes
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// Where to: a new file, or a folder
        path: Option<PathBuf>,
    },

    /// Load a file that does not load by itself
    #[command(
        after_help = "Examples:\n  hedgerow load Ben k7q2m              as soon as Ben is in reach\n  \
        hedgerow load Ben k7q2m --decline    not at all\n\n\
        By themselves load files up to 100 MiB over the local network, 5 MiB over relays and \
        256 KiB over Bluetooth, and nothing above 1 MiB from a contact who is not verified. What you \
        declined can be loaded for as long as its sender has it."
    )]
    Load {
        /// The contact or group
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// Decline it, and remove what has come
        #[arg(long)]
        decline: bool,
    },

    /// Take back a file of yours that is on its way
    #[command(after_help = "Example:\n  hedgerow cancel Ben k7q2m\n\n\
        What has come to Ben is deleted as soon as his device hears of it, and the message stays. A file that \
        has arrived is not taken back: `hedgerow delete --for-all` removes it with its message. What lies \
        sealed in parcels stays there.")]
    Cancel {
        /// The contact or group
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,
    },

    /// Remove a file from this device and keep its message
    #[command(
        after_help = "Examples:\n  hedgerow free Ben k7q2m              one file\n  \
        hedgerow free Ben --older-than 90d   all of one conversation\n  \
        hedgerow free --older-than 90d       all of all conversations\n\n\
        A file of yours that has not reached everybody stays: nobody else could give it to them."
    )]
    Free {
        /// The contact or group, or `me` for your notes
        #[arg(required_unless_present = "older_than")]
        name: Option<String>,

        /// The short name of the message, its beginning, or the id
        #[arg(required_unless_present = "older_than", conflicts_with = "older_than")]
        message: Option<String>,

        /// All files of messages that were written longer ago than this, such as `90d` or `12h`
        #[arg(long, value_name = "TIME")]
        older_than: Option<String>,
    },

    /// Show the room that files take
    Storage,

    /// Read a conversation
    #[command(
        after_help = "Examples:\n  hedgerow read Ben                    the last 20 messages\n  \
        hedgerow read Ben --unread           what you have not read yet\n  \
        hedgerow read Ben --from 2026-05-01  everything since that day\n  \
        hedgerow read Ben --follow           and what comes, until Ctrl-C\n\n\
        Other commands take the short name before each message, or the beginning of it. \
        What is shown counts as read. Contacts are told only if you want that (`hedgerow me`)."
    )]
    Read {
        /// The contact or group, or `me` for your notes
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

    /// Find messages by their words
    #[command(
        after_help = "Examples:\n  hedgerow search hall noon            both words, in any order\n  \
        hedgerow search hal --in Ben         the last word may go on\n  \
        hedgerow search hall --mine --since 2026-05-01\n  \
        hedgerow search --kind links --in Ben   with or without words\n\n\
        Letter case and diacritics do not count. Conversations whose names have the words \
        come first, then messages, the newest last. Other commands take the short name \
        before each message."
    )]
    Search {
        /// The words; a message must have all of them
        #[arg(required_unless_present = "kind")]
        words: Vec<String>,

        /// Only messages that have such a thing
        #[arg(long)]
        kind: Option<KindName>,

        /// Only in the conversation with this contact, or `me` for your notes
        #[arg(long = "in", value_name = "NAME")]
        with: Option<String>,

        /// Only what this contact wrote
        #[arg(long, value_name = "NAME", conflicts_with = "mine")]
        from: Option<String>,

        /// Only what you wrote
        #[arg(long)]
        mine: bool,

        /// From this day or time on: `2026-05-01` or `2026-05-01 14:30`
        #[arg(long, value_name = "DATE")]
        since: Option<String>,

        /// Before this day or time
        #[arg(long, value_name = "DATE")]
        until: Option<String>,

        /// How many of the newest messages
        #[arg(long, value_name = "N", default_value_t = 20,
            value_parser = clap::value_parser!(u32).range(1..=10_000))]
        last: u32,
    },

    /// Put an emoji on a message
    #[command(
        after_help = "Examples:\n  hedgerow react Ben k7q2m 👍          instead of yours from before\n  \
        hedgerow react Ben k7q2m --undo      take it back\n\n\
        `hedgerow read` shows the short name of each message, here k7q2m. Everybody in \
        the conversation sees the emoji and that it is yours."
    )]
    React {
        /// The contact or group, or `me` for your notes
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
        /// The contact or group, or `me` for your notes
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// Take it down, no matter who pinned it
        #[arg(long)]
        undo: bool,
    },

    /// Give one of your messages another text
    #[command(
        after_help = "Example:\n  hedgerow edit Ben k7q2m 'At seven, not at six'\n\n\
        The others see that it was edited, and can read the old texts: `hedgerow versions`. \
        Nobody is notified. A message can be edited 100 times."
    )]
    Edit {
        /// The contact or group, or `me` for your notes
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// The new text, or `-` for stdin
        text: String,
    },

    /// Show the texts that an edited message had
    #[command(after_help = "Example:\n  hedgerow versions Ben k7q2m          the oldest first")]
    Versions {
        /// The contact or group, or `me` for your notes
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,
    },

    /// Send the text of a message to others
    #[command(after_help = "Example:\n  hedgerow forward Ben k7q2m Ana Carla\n\n\
        It is a new message of yours. Nothing in it tells who wrote it first.")]
    Forward {
        /// The contact or group in whose conversation it is
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// The contacts who get it
        #[arg(required = true, value_name = "TO")]
        to: Vec<String>,
    },

    /// Show or change what you are writing
    #[command(
        after_help = "Examples:\n  hedgerow draft Ben                   shows it\n  \
        hedgerow draft Ben 'Dear Ben'        keeps this text\n  \
        hedgerow draft Ben --reply k7q2m     it will reply to this message\n  \
        hedgerow draft Ben --edit k7q2m      it begins with the text of this message\n  \
        hedgerow draft Ben --send            sends it, or makes the edit\n\n\
        Each conversation keeps one draft, which the window shows too."
    )]
    Draft {
        /// The contact or group, or `me` for your notes
        name: String,

        /// The text, or `-` for stdin
        text: Option<String>,

        /// The message that it will reply to
        #[arg(long, value_name = "MESSAGE", conflicts_with = "edit")]
        reply: Option<String>,

        /// The message of yours that it will change
        #[arg(long, value_name = "MESSAGE")]
        edit: Option<String>,

        /// Take it away
        #[arg(long, conflicts_with_all = ["text", "reply", "edit", "send"])]
        clear: bool,

        /// Send it, or make the edit
        #[arg(long, conflicts_with_all = ["text", "reply", "edit"])]
        send: bool,
    },

    /// Delete a message
    #[command(
        after_help = "Examples:\n  hedgerow delete Ben k7q2m            on this device alone\n  \
        hedgerow delete Ben k7q2m --for-all  one of your own: on the devices of Ben too\n\n\
        `hedgerow read` shows the short name of each message, here k7q2m, and later on \
        which device a deleted message is removed. What never left this device is never \
        sent. Nothing can remove what somebody copied, and sealed copies stay in files \
        and with couriers. `hedgerow erase` makes deleted text unrecoverable at once."
    )]
    Delete {
        /// The contact or group, or `me` for your notes
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,

        /// For everybody in the conversation, not on this device alone
        #[arg(long)]
        for_all: bool,
    },

    /// Show or set after how long messages disappear
    #[command(
        after_help = "Examples:\n  hedgerow timer Ben                   shows it\n  \
        hedgerow timer Ben 5m                what is written from now on: a minute (1m) to a year (365d)\n  \
        hedgerow timer Ben off               what is written from now on stays\n\n\
        Everybody in a chat can set it, in a group its admins, and all see who did; the last one counts. A message \
        disappears so long after it was read, and on your side so long after it was first delivered. \
        What is not delivered within 28 days expires: `hedgerow resend`. Nothing can force the other \
        side: screenshots, other programs and sealed copies in files keep what they have."
    )]
    Timer {
        /// The contact or group
        name: String,

        /// A span like `5m`, `12h` or `7d`, or `off`
        span: Option<String>,
    },

    /// Send a message again that expired before it was delivered
    #[command(
        after_help = "Example:\n  hedgerow resend Ben k7q2m            Prints the id of the new message."
    )]
    Resend {
        /// The contact or group
        name: String,

        /// The short name of the message, its beginning, or the id
        message: String,
    },

    /// Carry messages and their files by hand, on a memory stick
    #[command(
        after_help = "Example, with a memory stick between machines that never meet on a network:\n  \
        ana$ hedgerow carry export Ben /media/stick/for-ben\n  \
        ben$ hedgerow carry import /media/stick/for-ben\n  \
        ben$ hedgerow carry export Ana /media/stick/for-ana\n\n\
        The second file answers, and confirms what arrived. Each file is sealed: only its \
        receiver can open it. One stick serves many: `carry export-all FOLDER`, and \
        `carry import FOLDER` at each of them. What is more than 4 GB goes in several \
        files, which may come in any order."
    )]
    Carry {
        #[command(subcommand)]
        action: CarryAction,
    },
}

/// Which way to carry.
#[derive(Debug, Subcommand)]
pub enum CarryAction {
    /// Seal everything contacts have not acknowledged into files
    Export {
        /// The contacts
        #[arg(required = true)]
        names: Vec<String>,
        /// The file to write, which must not exist; or a folder, where each contact gets a file
        /// whose name does not tell for whom it is
        #[arg(required = true)]
        path: PathBuf,
        /// The most megabytes of attached files in one file, for sticks and discs that take less than 4 GB
        #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=3_600))]
        part_size: Option<u64>,
    },
    /// Seal what waits for each contact into a file of a folder
    ExportAll {
        /// The folder
        folder: PathBuf,
        /// The most megabytes of attached files in one file
        #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=3_600))]
        part_size: Option<u64>,
    },
    /// Take in files that contacts made
    Import {
        /// The files; of a folder, all that are for you
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}
