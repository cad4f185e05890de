//! What the model wants done: of the node, and of the desktop.

use hedgerow_node::api::{
    Call, ConversationId, HostCall, MessageId, PageFrom, Passphrase, Private,
};

use super::calendar::Date;
use super::preferences::Preferences;
use super::rows::Tick;

/// Something to do. What comes of it is told as [`Update`](super::Update).
#[derive(Debug, Clone)]
pub enum Effect {
    /// Ask the node.
    Ask(Request),
    /// Put it on the clipboard.
    Copy(Private),
    /// Show it in the browser of the desktop.
    OpenUrl(Private),
    /// Tell the user that something has come.
    Notify(Notification),
    /// Have a screen reader say it.
    Announce(Announcement),
    /// Take back every notification shown.
    ClearNotifications,
    /// Keep them in the configuration directory.
    SavePreferences(Preferences),
    /// Remove them, as if they never were.
    ForgetPreferences,
    /// The title of the window, and the icon in the tray: the name of the application, and this count
    /// unless it is zero. No names, no text.
    SetTitle {
        /// Unread messages.
        unread: u64,
    },
    /// Close the window alone: everything goes on.
    Hide,
    /// Show the window, and bring it to the front, wherever it is.
    Raise,
    /// Find out whether there is a camera. Answer: `Action::Camera`.
    LookForCamera,
    /// Look for an invitation with the camera, or let go of it. Answer: `Action::Camera`.
    Camera(bool),
    /// Put the cursor where one writes.
    FocusDraft,
    /// Put this where the cursor is in the text being written, in place of what is marked there.
    Insert(String),
    /// Close the window; everything to keep has been asked for already.
    Quit,
}

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What a click on it opens. The desktop is not told this id.
    pub conversation: ConversationId,
    /// Who wrote; `None` while locked.
    pub name: Option<Private>,
    /// What; `None` while locked, and where the user does not want it shown.
    pub text: Option<Private>,
    /// How many are unread there; 0 while locked.
    pub unread: u64,
    /// It is heard as well.
    pub sound: bool,
}

/// What a screen reader says unasked: what somebody who sees finds on the screen in passing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    /// Somebody is a contact now, and the conversation is open.
    Met {
        /// What they call themselves.
        name: Private,
    },
    /// A message has come to the open conversation.
    Came {
        /// Who wrote.
        name: Private,
        /// What, or its beginning.
        text: Private,
    },
    /// More have come at once than anybody wants to hear.
    CameMany {
        /// Who wrote.
        name: Private,
        /// How many.
        count: u64,
    },
    /// How far a message of ours has come.
    Ours(Tick),
}

/// Tells answers apart: each request for a page has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Which request about a conversation: its answer carries the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Question {
    pub ticket: Ticket,
    pub conversation: ConversationId,
}

/// What the node is asked.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is the call of the API of that name")]
pub enum Request {
    /// Find the node, or take its directory. Answer: `Opened` or `NotOpened`.
    Open,
    /// Ask the process that owns the directory to hand it over. Answer: `Opened` or `Refused`.
    TakeOver,
    /// Answer: `Created`.
    Create {
        name: Private,
        passphrase: Passphrase,
    },
    /// A call of the API. The news named after it is the answer, or `Refused`; of calls that change something and
    /// have no such news, an event tells.
    Call(Call),
    /// The same for calls of the node's host.
    Host(HostCall),
    /// Answer: `Page`.
    Page {
        of: Question,
        from: PageFrom,
        limit: u32,
    },
    /// Where a message is. Answer: `Message`.
    Message { of: Question, id: MessageId },
    /// On which of the days from this one on something was written. Answer: `Days`.
    Days {
        conversation: ConversationId,
        from: Date,
        /// When each day begins, and when the one after them does, Unix milliseconds.
        begins_ms: Vec<i64>,
    },
    /// Answer: `Sent`.
    Send { of: Question, text: Private },
    /// Live state, and the newest message of each conversation. Answer: `Overview`.
    Overview,
    /// Bytes of the data directory. Answer: `StorageUsed`.
    StorageUsed,
}

impl From<Call> for Request {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}

impl From<HostCall> for Request {
    fn from(call: HostCall) -> Self {
        Self::Host(call)
    }
}
