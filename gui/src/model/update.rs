//! What the model hears: answers of the node, and what happens unasked.

use hedgerow_node::api::{
    Contact, ContactId, Conversation, ConversationId, Event, Invitation, InvitationId, Me, Message,
    MessageId, Page, Refusal, RelayPaths, SafetyWords, Status, WayStatus,
};

use super::calendar::Date;
use super::effect::Question;

/// Whose node it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Ours: in this process.
    Own,
    /// Of another process, which owns the data directory.
    Client {
        /// Its version of Hedgerow.
        version: String,
    },
}

/// How the data directory was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// There is no identity yet.
    Nothing,
    /// There is one, locked.
    Locked,
    /// There is one, and it is on the air.
    Open,
}

/// Why there is no node any more. The worker looks for it again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departed {
    /// Somebody told it to stop.
    Stopped,
    /// Another process, which says what it is called, has the directory now.
    HandedOver(String),
    /// The process that owned it has gone.
    Lost,
}

/// Something heard.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "each is the answer of the request that names it"
)]
pub enum Update {
    /// There is a node, in this state: at the start, after a takeover, and whenever it was lost.
    Opened {
        mode: Mode,
        found: Found,
    },
    /// There is none, and this is why.
    NotOpened(Refusal),
    /// It has gone; `Opened` or `NotOpened` follows.
    Departed(Departed),
    /// Everything is destroyed, by us or by another client.
    Wiped,
    /// Something happened.
    Event(Event),
    Created(Result<(), Refusal>),
    Unlocked(Result<(), Refusal>),
    Checked(Result<(), Refusal>),
    PassphraseChanged(Result<(), Refusal>),
    Erased(Result<(), Refusal>),
    Overview(Overview),
    Status(Status),
    Contact(Contact),
    Conversation(Box<Chat>),
    Page(Question, Result<Page, Refusal>),
    Message(Question, Result<Message, Refusal>),
    /// For each day from this one on, whether something was written.
    Days(ConversationId, Date, Vec<bool>),
    Sent(Question, Result<MessageId, Refusal>),
    SafetyWords(SafetyWords),
    Ways(ContactId, Vec<WayStatus>),
    Me(Me),
    Invited(Result<Invitation, Refusal>),
    Invitations(Vec<Invitation>),
    Joining(Result<InvitationId, Refusal>),
    RelayAdded(Result<(), Refusal>),
    RelayPathsSet(RelayPaths, Result<(), Refusal>),
    StorageUsed(u64),
    /// What was asked was not done: for requests whose answers have no place for it.
    Refused(Refusal),
}

/// Everything for the first screen.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Live state.
    pub status: Status,
    /// The newest message of each conversation that has any.
    pub newest: Vec<(ConversationId, Message)>,
}

/// A conversation, and its newest message.
#[derive(Debug, Clone)]
pub struct Chat {
    /// The conversation.
    pub conversation: Conversation,
    /// The newest message, if there is any.
    pub newest: Option<Message>,
}
