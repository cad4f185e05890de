//! What is asked or told over everything else, and the line above it.

use hedgerow_node::api::{
    Carrier, ContactId, MessageId, Passphrase, Refusal, StorageProblem, WayState, Why,
};

use super::calendar::{Date, When};
use super::relays::RelayRow;
use super::rows::Tick;
use super::strength::NewPassphrase;

/// A dialog: one at a time.
#[derive(Clone)]
pub enum Dialog {
    /// Open a page of the web?
    OpenLink {
        /// The address, whole.
        url: String,
        /// The host that is asked, in the letters that servers see.
        host: String,
        /// The host holds letters that can pass for others.
        foreign_letters: bool,
        /// Anybody in between can read along.
        in_clear: bool,
    },
    /// Forget a contact and the conversation?
    RemoveContact {
        /// Whom.
        id: ContactId,
        /// The name.
        name: String,
    },
    /// Block a contact?
    BlockContact {
        /// Whom.
        id: ContactId,
        /// The name.
        name: String,
    },
    /// Use a relay no more?
    RemoveRelay(RelayRow),
    /// Use Bluetooth although it shows an address that never changes?
    ShowAddress,
    /// Destroy everything?
    Wipe {
        /// It is being done.
        busy: bool,
    },
    /// Everything about a message.
    MessageDetails(Details),
    /// Which day?
    JumpToDate {
        /// The day of the first message in view.
        at: Date,
    },
    /// The change of the passphrase.
    ChangePassphrase(ChangePassphrase),
}

/// Everything about a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Details {
    /// Which.
    pub id: MessageId,
    /// What it says, whole; empty for a kind this version cannot show.
    pub text: String,
    /// Whom it is with.
    pub name: String,
    /// Written here.
    pub mine: bool,
    /// Pinned for everybody.
    pub pinned: bool,
    /// When its author says it was written.
    pub time: When,
    /// That time is still to come: its author's clock is ahead.
    pub ahead: bool,
    /// How far it has come; `None` for theirs.
    pub tick: Option<Tick>,
    /// Why it is not delivered.
    pub why: Option<Why>,
    /// When it is tried again, where that is known.
    pub next: Option<When>,
    /// The carrier over which there is a session now.
    pub reachable: Option<Carrier>,
    /// For one that waits: how each carrier stands with the contact, once the node has said so.
    pub ways: Vec<WayRow>,
    pub(crate) contact: ContactId,
}

/// How a carrier stands with a contact.
#[derive(Clone, PartialEq, Eq)]
pub struct WayRow {
    /// Which.
    pub carrier: Carrier,
    /// Used, or why not.
    pub state: WayState,
    /// When it is tried again, where that is known.
    pub next: Option<When>,
}

/// The change of the passphrase.
#[derive(Clone)]
pub struct ChangePassphrase {
    /// The new one.
    pub new: NewPassphrase,
    /// It can be asked for.
    pub may_go_on: bool,
    /// It is being done.
    pub busy: bool,
    /// Why it was not done.
    pub problem: Option<Refusal>,
    pub(crate) current: Passphrase,
}

impl ChangePassphrase {
    pub(crate) fn new() -> Self {
        Self {
            new: NewPassphrase::default(),
            may_go_on: false,
            busy: false,
            problem: None,
            current: Passphrase::new(String::new()),
        }
    }

    pub(crate) fn look(&mut self) {
        self.may_go_on = self.new.may_go_on() && !self.current.is_empty() && !self.busy;
        self.problem = None;
    }
}

/// One line above everything.
#[derive(Clone, PartialEq, Eq)]
pub enum Banner {
    /// The store has failed; stays until it works again.
    Storage(StorageProblem),
    /// Another process owns the directory: we are its client.
    Client {
        /// Its version.
        version: String,
    },
    /// The directory was taken over from another process.
    TookOver,
    /// Another process took it, and says what it is called.
    HandedOver(String),
    /// The process that owned it has gone; the directory is ours now.
    OwnerGone,
    /// What was asked was not done.
    Refused(Refusal),
    /// Somebody is a contact now.
    Met {
        /// Who.
        id: ContactId,
        /// What they call themselves.
        name: String,
    },
    /// It is on the clipboard.
    Copied,
    /// The passphrase is another one now.
    PassphraseChanged,
    /// What was deleted is gone for good.
    Erased,
}

impl Banner {
    /// How long it is shown, in milliseconds; `None` until it is dismissed or overtaken.
    pub(crate) fn lasts_ms(&self) -> Option<u64> {
        match self {
            Self::Storage(_) | Self::Client { .. } | Self::HandedOver(_) | Self::Met { .. } => None,
            Self::Copied => Some(2_500),
            _ => Some(8_000),
        }
    }
}
