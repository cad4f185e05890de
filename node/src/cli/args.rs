//! What can be typed: the commands, and the help that teaches them.

use std::path::PathBuf;

use crate::bench::{BenchArguments, PeerArguments};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::words::Language;

const ABOUT: &str = "Messages between people, without a server";

const AFTER_HELP: &str = "\
A first conversation, on two machines of one network:
  ana$ hedgerow init --name Ana         make an identity, once
  ana$ hedgerow run &                   the node: it stays, and delivers
  ana$ hedgerow unlock                  asks for the passphrase
  ana$ hedgerow invite                  prints a link (and a QR code): give it to Ben
  ben$ hedgerow join hedgerow:...       on Ben's machine, after the same first steps
  ana$ hedgerow verify Ben              compare twelve words, over the phone or face to face
  ana$ hedgerow send Ben 'Good morning'
  ben$ hedgerow read Ana --follow

Data is printed to stdout, everything said about it to stderr. With --json each line of stdout is
one JSON object, and an error is one on stderr.

Exit status:
  0  done
  1  refused: the reason is on stderr
  2  the command line is wrong
  3  locked, or the passphrase is wrong
  4  no identity here, or the node that owns it does not answer or is of another version
  5  the disk or the store fails
  70 a bug in Hedgerow
  130 interrupted";

/// The `hedgerow` command line.
#[derive(Debug, Parser)]
#[command(name = "hedgerow", version, about = ABOUT, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
pub struct Common {
    /// The data directory: one identity, owned by one process at a time
    ///
    /// If it is not given, the environment variable HEDGEROW_DIR, then `hedgerow` in the user's XDG
    /// data directory.
    #[arg(
        long,
        global = true,
        env = "HEDGEROW_DIR",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub data_dir: Option<PathBuf>,

    /// Read the passphrase from the first line of this file instead of asking
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "passphrase_fd"
    )]
    pub passphrase_file: Option<PathBuf>,

    /// Read the passphrase from the first line of this open descriptor instead of asking
    #[arg(long, global = true, value_name = "N")]
    pub passphrase_fd: Option<u32>,

    /// Print one JSON object a line instead of text
    #[arg(long, global = true)]
    pub json: bool,

    /// The language of what is said; help and logs are in English, and so is what programs read
    ///
    /// If it is not given, the environment variable HEDGEROW_LANGUAGE, then the language of the system (LC_ALL,
    /// LC_MESSAGES, LANG).
    #[arg(
        long,
        global = true,
        env = "HEDGEROW_LANGUAGE",
        value_name = "CODE",
        hide_env_values = true,
        value_parser = language()
    )]
    pub language: Option<Language>,

    /// What to log to stderr: error, warn, info, debug, trace, or a filter like `hedgerow_node=debug`
    ///
    /// No level logs texts, names, keys or addresses.
    #[arg(
        long,
        global = true,
        env = "HEDGEROW_LOG",
        value_name = "LEVEL",
        hide_env_values = true
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
    /// See it work: two nodes on this machine meet, talk, and one is killed in the middle
    #[command(
        after_help = "Examples:\n  hedgerow demo                        with the lines that ship\n  \
        hedgerow demo --lines FILE           with the lines of a file of yours\n\n\
        Everything happens in a temporary directory, over loopback; nothing is left behind.\n\
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
        /// The name that contacts are told; it can be changed
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },

    /// Run the node until Ctrl-C: it stays in touch with contacts and delivers
    #[command(
        after_help = "Examples:\n  hedgerow run &                       quietly, locked until `hedgerow unlock`\n  \
        hedgerow run --foreground            say what happens, in readable lines\n  \
        hedgerow run --passphrase-file FILE  unlocked from the start\n\n\
        Without a passphrase it starts locked and answers unlock, wipe and status only."
    )]
    Run {
        /// Log readable lines of what happens to stderr
        #[arg(long)]
        foreground: bool,

        /// For debugging: record all inputs to this file, for replay
        ///
        /// The file holds messages and secrets in clear. Delete it afterwards.
        #[arg(long, value_name = "FILE")]
        record_secrets_to: Option<PathBuf>,

        /// For tests: keep to the loopback interface
        #[arg(long, hide = true)]
        loopback: bool,
    },

    /// Invite somebody: prints a link, and a QR code to scan
    #[command(
        after_help = "Examples:\n  hedgerow invite                      a link for one person, good for a day\n  \
        hedgerow invite --valid 1h           good for an hour\n  \
        hedgerow invite --in-person          to be scanned from this screen, now\n\n\
        Whoever opens the link first becomes a contact, so send it by a way you trust and compare\n\
        the safety words afterwards (`hedgerow verify`). It works once."
    )]
    Invite {
        /// How long it is good for, as `30m`, `24h` or `7d`
        #[arg(long, default_value = "24h", value_name = "TIME")]
        valid: String,

        /// Show it to somebody present: scanned from this screen, they know whose it is
        #[arg(long)]
        in_person: bool,
    },

    /// Meet the person who made an invitation link
    #[command(
        after_help = "Examples:\n  hedgerow join hedgerow:AQ...\n  hedgerow join -                      read the link from stdin\n\n\
        Both nodes must be running and reach each other. It is tried again until the link expires;\n\
        Ctrl-C ends the waiting, not the attempt, if a node is running."
    )]
    Join {
        /// The link, or `-` for stdin
        link: String,
    },

    /// List invitations and joins, or cancel one
    Invitations {
        #[command(subcommand)]
        action: Option<InvitationAction>,
    },

    /// List contacts
    Contacts,

    /// Compare safety words with a contact, and remember that they match
    #[command(after_help = "Example:\n  hedgerow verify Ben\n\n\
        Read the words to each other over a way where you know the other's voice or face. If all\n\
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
        It is kept until it is delivered, however long that takes. If no node is running it waits\n\
        for the next `hedgerow run`. Prints the message's id."
    )]
    Send {
        /// The contact
        name: String,
        /// The text, or `-` for stdin
        text: String,
    },

    /// Put an emoji on a message
    #[command(
        after_help = "Examples:\n  hedgerow react Ben k7q2m 👍          in place of the emoji that you put there before\n  \
        hedgerow react Ben k7q2m --undo      take it back\n\n\
        `hedgerow read` shows the short name of each message, here k7q2m. Everybody in the conversation\n\
        sees the emoji and that it is yours."
    )]
    React {
        /// The contact
        name: String,

        /// The short name of the message, or its id
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

        /// The short name of the message, or its id
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
        What is shown counts as read; nobody is told."
    )]
    Read {
        /// The contact
        name: String,

        /// Go on with what comes, until Ctrl-C
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

    /// Show carriers and contacts: who is reachable how, what waits and why
    Status {
        /// Show one message of one's own instead: delivered, or why not
        #[arg(long, value_name = "ID")]
        message: Option<String>,
    },

    /// Give a contact a name of your own; an empty one takes it back
    Rename {
        /// The contact
        name: String,
        /// The name to use from now on
        new_name: String,
    },

    /// Block a contact: no messages, and it can no longer see that you are near
    Block {
        /// The contact
        name: String,
        /// Unblock
        #[arg(long)]
        undo: bool,
    },

    /// Forget a contact and the whole conversation with it
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

    /// Rewrite the store under a fresh key now, so that what was deleted cannot be dug out of free space
    #[command(
        after_help = "It happens on its own within seven days of a deletion. It takes room for a second copy of the store\n\
        while it lasts. Flash memory may keep old copies; the passphrase is what protects those."
    )]
    Erase,

    /// Destroy the keys and everything in the data directory, for good
    #[command(
        after_help = "Two steps: the option, and typing `destroy everything` when asked. It needs no passphrase and works\n\
        locked. Flash memory may keep old copies; the passphrase is what protects those."
    )]
    Wipe {
        /// The first step
        #[arg(long, required = true)]
        destroy_everything: bool,
    },

    /// Carry messages by hand, in a file
    #[command(
        after_help = "Example, with a memory stick between two machines that never meet on a network:\n  \
        ana$ hedgerow carry export Ben /media/stick/parcel\n  \
        ben$ hedgerow carry import /media/stick/parcel\n  \
        ben$ hedgerow carry export Ana /media/stick/parcel     answers, and says what arrived\n\n\
        The file is sealed: only its receiver can open it."
    )]
    Carry {
        #[command(subcommand)]
        action: CarryAction,
    },

    /// Switch a carrier on or off, or keep it on without announcing this device
    Carrier {
        /// Which
        carrier: CarrierName,
        /// How it is to be, also after a restart
        state: CarrierSwitch,
    },

    /// Show or change how Bluetooth uses the radio
    #[command(
        after_help = "Examples:\n  hedgerow bluetooth                     how it is\n  \
        hedgerow bluetooth --power saver       found later, lasts longest\n  \
        hedgerow carrier ble off               without Bluetooth"
    )]
    Bluetooth {
        /// How much of its time, also after a restart
        #[arg(long, value_enum, value_name = "MODE")]
        power: Option<PowerName>,

        /// Use Bluetooth although everybody near sees an address or a name that never changes
        ///
        /// Only where the adapter does not hide it, which `hedgerow status` tells with the remedy. By that
        /// address this device can be recognised anywhere, for as long as the adapter lives.
        #[arg(long)]
        show_address: bool,

        /// Stay off the air where either never changes, as in the beginning
        #[arg(long, conflicts_with = "show_address")]
        hide_address: bool,
    },

    /// List, add or remove relays: machines through which contacts are met beyond one network
    #[command(
        after_help = "Examples:\n  hedgerow relays                      those that are used, and those that contacts offer\n  \
        hedgerow relays add /dns/relay.example.org/udp/4001/quic-v1/p2p/12D3...\n  \
        hedgerow relays remove relay.example.org\n  \
        hedgerow relays paths relayed        contacts learn no network address from relays\n  \
        hedgerow relays paths socks5://127.0.0.1:9050\n\n\
        Without relays nothing is ever sent beyond the local network. A relay sees the network address of\n\
        this device, when it is there, and with which others it exchanges how many bytes; never names,\n\
        keys or texts. Contacts meet at relays that both have added. `hedgerow relay` runs one."
    )]
    Relays {
        #[command(subcommand)]
        action: Option<RelaysAction>,
    },

    /// Ask the node that owns the data directory to close it and leave
    Handover,

    /// Print where the API of the running node is
    #[command(
        after_help = "Example:\n  curl -H \"Authorization: Bearer $(cat \"$(hedgerow api --json | jq -r .token_file)\")\" \\\n      \
        \"$(hedgerow api)/status\"\n\n\
        The OpenAPI document is at /v1/openapi.json."
    )]
    Api,

    /// Run a public relay: a machine through which people meet who cannot reach each other otherwise
    #[cfg(feature = "relay")]
    #[command(after_help = RELAY_HELP)]
    Relay(RelayArguments),

    /// Measure every promised figure beside what it is compared with
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
}

#[cfg(feature = "relay")]
const RELAY_HELP: &str = "\
Examples:
  hedgerow relay --public relay.example.org      on a server, at port 4001 (TCP and UDP)
  hedgerow relay --public 203.0.113.5 --port 443
  hedgerow relay --metrics 127.0.0.1:9464        and count, for Prometheus

It prints the addresses to hand to people and stays until Ctrl-C. It sees their network addresses,
when they are there, which two it joins and how many bytes pass; never names, keys or texts. It
needs no identity of Hedgerow: any client of libp2p's circuit relay may use it.
docs/RELAY.md tells how to run one on a small server.";

/// How a relay is to run.
#[cfg(feature = "relay")]
#[derive(Debug, Args)]
pub struct RelayArguments {
    /// The name or address under which people reach this machine; can be given more than once
    ///
    /// If it is not given, the addresses of its interfaces are printed.
    #[arg(long, value_name = "HOST")]
    pub public: Vec<crate::relay::Public>,

    /// The port, over TCP and UDP
    #[arg(long, default_value_t = crate::relay::DEFAULT_PORT, value_name = "PORT", conflicts_with = "listen")]
    pub port: u16,

    /// Listen here alone, as a multiaddress; can be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<libp2p::Multiaddr>,

    /// The file with its key, which is made if there is none
    ///
    /// If it is not given, `hedgerow-relay/key` in the user's XDG data directory. Keep it: with another
    /// key people have to be given another address.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// Show what it counts to Prometheus at this address of this machine, under /metrics
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
    /// Cancel one
    Cancel {
        /// Its id, or the beginning of it
        id: String,
    },
}

/// What to do with relays.
#[derive(Debug, Subcommand)]
pub enum RelaysAction {
    /// List them
    List,
    /// Use one
    Add {
        /// Its address, as whoever runs it hands it out
        address: String,
    },
    /// Use one no more
    Remove {
        /// Its address, or a part of it that no other has
        address: String,
    },
    /// Say how relays are reached, and whether contacts are reached directly
    Paths {
        /// `direct` (as at first): whoever is met at a relay is talked with directly where that succeeds, and
        /// learns this device's network address. `relayed`: through relays alone. `socks5://IP:PORT`: through
        /// relays alone, and to those through this proxy, which looks up their names too (TCP alone)
        paths: crate::cli::relays::Paths,
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
    /// The usual
    Balanced,
    /// Lasts longest
    Saver,
}

/// How a carrier is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CarrierSwitch {
    /// On: contacts nearby find this device, and it finds them
    On,
    /// On, without announcing this device: it finds contacts, and they find it only at addresses they know
    Quiet,
    /// Off
    Off,
}
