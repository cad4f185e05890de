//! What carries messages.

use clap::{Subcommand, ValueEnum};

/// What carries messages.
#[derive(Debug, Subcommand)]
pub enum Network {
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
