//! What can be typed: the commands, and the help that teaches them.

use std::path::PathBuf;

use crate::bench::{BenchArguments, PeerArguments};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::words::Language;

/// The `hedgerow` command line. `help` adds the list of commands.
#[derive(Debug, Parser)]
#[command(
    name = "hedgerow",
    version,
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

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
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

    /// Show or change your own name
    #[command(
        after_help = "Examples:\n  hedgerow me                          your name and identity\n  \
        hedgerow me --name 'Ana K.'          the name that contacts see from now on"
    )]
    Me {
        /// The name that contacts see from now on
        #[arg(long)]
        name: Option<String>,
    },

    /// Invite somebody: prints a link, and a QR code to scan
    #[command(
        after_help = "Examples:\n  hedgerow invite                      a link for one person, good for a day\n  \
        hedgerow invite --valid 1h           good for an hour\n  \
        hedgerow invite --in-person          to be scanned from this screen, now\n\n\
        The first person to open the link becomes a contact: send it by a way you trust, \
        and compare the safety words afterwards (`hedgerow verify`). It works once. \
        `hedgerow invitations` shows what becomes of it."
    )]
    Invite {
        /// How long it is good for, as `30m`, `24h` or `7d`; at most `366d`
        #[arg(long, default_value = "24h", value_name = "TIME")]
        valid: String,

        /// Show it to somebody present: scanned from this screen, they know whose it is
        #[arg(long)]
        in_person: bool,

        /// Wait until somebody has used it
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

    /// Remove a contact and the whole conversation
    Remove {
        /// The contact
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },

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

    /// Show carriers, or switch one on or off
    #[command(
        after_help = "Examples:\n  hedgerow carrier                     all of them\n  \
        hedgerow carrier lan quiet           without announcing this device"
    )]
    Carrier {
        /// Which one
        carrier: Option<CarrierName>,
        /// New state (kept after a restart)
        state: Option<CarrierSwitch>,
    },

    /// Show or change how Bluetooth uses the radio
    #[command(
        after_help = "Examples:\n  hedgerow bluetooth                     how it is\n  \
        hedgerow bluetooth --power saver       found later, lasts longest\n  \
        hedgerow carrier ble off               without Bluetooth\n\n\
        Where the adapter does not hide its address, this device can be recognised by it \
        anywhere; `hedgerow status` says how to hide it."
    )]
    Bluetooth {
        /// How much of its time to use (kept after a restart)
        #[arg(long, value_enum, value_name = "MODE")]
        power: Option<PowerName>,

        /// Use it although everybody near sees an address that never changes
        #[arg(long)]
        show_address: bool,

        /// Use it only where the adapter hides its address (as at first)
        #[arg(long, conflicts_with = "show_address")]
        hide_address: bool,
    },

    /// List, add or remove relays, for contacts beyond one network
    #[command(
        after_help = "Examples:\n  hedgerow relays                      yours, and those that contacts offer\n  \
        hedgerow relays add /dns/relay.example.org/udp/4001/quic-v1/p2p/12D3...\n  \
        hedgerow relays remove relay.example.org\n  \
        hedgerow relays paths relayed        contacts there never learn your address\n  \
        hedgerow relays paths socks5://127.0.0.1:9050\n\n\
        Without relays nothing is sent beyond the local network. A relay sees the network \
        address of this device, when it is there, and with which others it exchanges how \
        many bytes; never names, keys or texts. Contacts meet at relays that both have \
        added. `hedgerow relay` runs one."
    )]
    Relays {
        #[command(subcommand)]
        action: Option<RelaysAction>,
    },

    /// Print where the API of the running node is
    #[command(after_help = "Example:\n  \
        token=$(cat \"$(hedgerow api --json | jq -r .token_file)\")\n  \
        curl -H \"Authorization: Bearer $token\" \"$(hedgerow api)/status\"\n\n\
        The OpenAPI document is at /v1/openapi.json.")]
    Api,

    /// Run a public relay, through which others reach each other
    #[cfg(feature = "relay")]
    #[command(after_help = RELAY_HELP)]
    Relay(RelayArguments),

    /// Measure the promised figures
    Bench(BenchArguments),

    /// For the bench: run nodes on loopback until stdin closes
    #[command(hide = true)]
    BenchPeer(PeerArguments),

    /// For the bench: run a relay of libp2p alone on loopback until stdin closes
    #[cfg(feature = "relay")]
    #[command(hide = true)]
    BenchRelay,

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
}

#[cfg(feature = "relay")]
const RELAY_HELP: &str = "\
Examples:
  hedgerow relay --public relay.example.org      at port 4001 (TCP and UDP)
  hedgerow relay --public 203.0.113.5 --port 443
  hedgerow relay --metrics 127.0.0.1:9464        and count, for Prometheus

It prints the addresses to give to people and stays until Ctrl-C. It sees their network addresses, when they are there, \
which two it joins and how many bytes pass; never names, keys or texts. It needs no identity of Hedgerow: any client of \
libp2p's circuit relay may use it. Without --public it prints the addresses of its interfaces. Its key is \
`hedgerow-relay/key` in the XDG data directory unless --identity names another file: with another key people need \
another address.

docs/RELAY.md explains how to run one on a small server.";

/// How a relay is to run.
#[cfg(feature = "relay")]
#[derive(Debug, Args)]
pub struct RelayArguments {
    /// The name or address under which people reach this machine; can be repeated
    #[arg(long, value_name = "HOST")]
    pub public: Vec<crate::relay::Public>,

    /// The port, over TCP and UDP
    #[arg(long, default_value_t = crate::relay::DEFAULT_PORT, value_name = "PORT", conflicts_with = "listen")]
    pub port: u16,

    /// Listen only here, a multiaddress; can be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<libp2p::Multiaddr>,

    /// The file with its key, which is made if there is none
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// Serve counters to Prometheus at this address of this machine, under /metrics
    #[arg(long, value_name = "IP:PORT")]
    pub metrics: Option<std::net::SocketAddr>,

    /// People that can be reached through it at one time
    #[arg(long, value_name = "N", default_value_t = 1_024)]
    pub max_clients: usize,

    /// Circuits at one time
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub max_circuits: usize,

    /// Circuits at one time that one client has begun
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub max_circuits_a_client: usize,

    /// MiB through one circuit, both ways together; 0: no limit
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(..=1 << 32))]
    pub circuit_mib: u64,

    /// How long one circuit lasts, as `30m` or `2h`
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub circuit_time: String,

    /// Circuits, and places to be reached at, that one network address may begin in an hour
    #[arg(long, value_name = "N", default_value = "600")]
    pub begun_an_hour: std::num::NonZeroU16,

    /// Connections at one time; every client needs one
    #[arg(long, value_name = "N", default_value_t = 2_048)]
    pub max_connections: u32,
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

/// What to do with relays.
#[derive(Debug, Subcommand)]
pub enum RelaysAction {
    /// List them
    List,
    /// Add a relay
    Add {
        /// Its address, from the person who runs it
        address: String,
    },
    /// Remove a relay
    Remove {
        /// Its address, or a part of it that no other has
        address: String,
    },
    /// Show or change how contacts at relays are reached
    #[command(after_help = "PATHS is one of\n  \
        direct            Directly where that succeeds (as at first); such contacts learn\n                    \
        the network address of this device\n  \
        relayed           Only through relays\n  \
        socks5://IP:PORT  Only through relays, and to them through this proxy, which looks\n                    \
        up their names too (TCP only)")]
    Paths {
        /// New paths (kept after a restart)
        paths: Option<String>,
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

/// The carriers a user can switch.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum CarrierName {
    /// The local network
    Lan,
    /// Relays
    Relay,
    /// Bluetooth LE
    Ble,
}

/// How much of a radio's time to use.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PowerName {
    /// Found soonest
    Active,
    /// Balanced (as at first)
    Balanced,
    /// Longest battery life
    Saver,
}

/// How a carrier is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CarrierSwitch {
    /// On: contacts nearby find this device, and it finds them
    On,
    /// On without announcing this device: it finds contacts; they find it only where they know it
    Quiet,
    /// Off
    Off,
}
