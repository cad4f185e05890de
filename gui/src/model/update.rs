//! Updates for the model: answers of the node, and events.

use hedgerow_node::api::{
    Contact, ContactId, Conversation, ConversationId, Event, FilesPage, Invitation, InvitationId,
    Me, Member, Message, MessageId, Page, Private, Refusal, RelayPaths, SafetyWords, SearchPage,
    StarredPage, Status, StorageUse, Uploaded, Version, Voice, WayStatus,
};
use hedgerow_node::pictures::Metadata;
use hedgerow_node::words::Phrase;

use super::calendar::Date;
use super::effect::{Question, Ticket};
use super::previews::Picture;
use super::sound::Sound;
use super::storage::OldFiles;
use super::strip::{Examined, Unfit};

/// In which process the node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// In this one.
    Own,
    /// In another one, which owns the data directory.
    Client {
        /// Its version of Hedgerow.
        version: String,
    },
}

/// The state in which the worker found the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// There is no identity yet.
    Nothing,
    /// There is an identity, and it is locked.
    Locked,
    /// There is an identity, and its node is on the air.
    Open,
}

/// Why there is no node any more. The worker looks for one again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departed {
    /// A client or a signal stopped it.
    Stopped,
    /// Another process has the directory now. This is the name that it gives itself.
    HandedOver(String),
    /// The process that owned it has gone.
    Lost,
}

/// Why the file of a message was not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSaved {
    /// The node refuses.
    Refused(Refusal),
    /// The downloads cannot be written to.
    Place,
}

/// An update.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "each is the answer of the request that names it"
)]
pub enum Update {
    /// There is a node, in this state. Comes at the start, after a takeover, and after each loss.
    Opened {
        mode: Mode,
        found: Found,
    },
    /// There is no node, for this reason.
    NotOpened(Refusal),
    /// The node has gone. `Opened` or `NotOpened` follows.
    Departed(Departed),
    /// Everything is destroyed, by us or by another client.
    Wiped,
    /// An event of the node.
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
    /// For each day from this one on, whether it has messages.
    Days(ConversationId, Date, Vec<bool>),
    Searched(Ticket, Result<SearchPage, Refusal>),
    Starred(Ticket, Result<StarredPage, Refusal>),
    Sent(Question, Result<MessageId, Refusal>),
    /// The message stands in all conversations that were chosen.
    Forwarded,
    SafetyWords(SafetyWords),
    Ways(ContactId, Vec<WayStatus>),
    /// The texts that a message had, its present one last.
    Versions(MessageId, Vec<Version>),
    Me(Me),
    Invited(Result<Invitation, Refusal>),
    Invitations(Vec<Invitation>),
    Joining(Result<InvitationId, Refusal>),
    /// A group is made, and nobody is invited yet.
    GroupMade(Result<Box<Chat>, Refusal>),
    /// A group has started again, as this one.
    Restarted(Box<Chat>),
    /// Who is in a group.
    Members(ConversationId, Vec<Member>),
    /// We have objected to being suspended from a group, in which these are now; or the node has refused it.
    Objected(ConversationId, Result<Vec<Member>, Refusal>),
    /// The answer to an invitation into a group is taken; with the group, if it was accepted.
    InvitationAnswered(
        ConversationId,
        MessageId,
        Result<Option<Box<Chat>>, Refusal>,
    ),
    /// An invitation into a group stands in the chat with the contact.
    InvitedIntoGroup,
    RelayAdded(Result<(), Refusal>),
    RelayPathsSet(RelayPaths, Result<(), Refusal>),
    StorageUsed(u64),
    Examined(ConversationId, Vec<Examined>),
    /// What a picture carries that is to be sent.
    Looked(Ticket, Vec<Metadata>),
    /// So many bytes of the file are uploaded.
    UploadGoesOn(Ticket, u64),
    Uploaded(Ticket, Result<Uploaded, Unfit>),
    /// Where the file of a message stands now.
    FileSaved(ConversationId, MessageId, Result<Private, NotSaved>),
    /// A message, as its file stands now.
    File(ConversationId, MessageId, Result<Message, Refusal>),
    /// The messages with files before this one.
    Files {
        of: ConversationId,
        before: Option<MessageId>,
        answer: Result<FilesPage, Refusal>,
    },
    /// What takes room on this device.
    Storage(StorageUse),
    /// What files there are from before this moment, Unix milliseconds.
    OldCounted(ConversationId, i64, OldFiles),
    /// So many old files are freed by now.
    DropGoesOn(ConversationId, u64),
    /// Old files are freed, or not all of them.
    OldDropped(ConversationId, Result<OldFiles, Refusal>),
    /// The picture of a message; `None` if it cannot be shown.
    Picture(ConversationId, MessageId, Option<Picture>),
    /// The small picture of a message; `None` if there is none that can be shown.
    Preview(ConversationId, MessageId, Option<Picture>),
    /// A part of a recording is kept, or is not.
    PartKept(Ticket, Result<(), Refusal>),
    /// The recording of a conversation: its bytes, and what they sound like. `None` if nothing of it can be heard.
    Recording(ConversationId, Option<(u64, Voice)>),
    /// What a voice note sounds like; `None` if it cannot be decoded.
    Voice(Ticket, Option<Sound>),
    /// A conversation is being written into a file, and so many files are saved beside it.
    ExportGoesOn(u64),
    /// It is written, with what there is to say of its files; or what is wrong with the place. A refusal of the node comes as
    /// `Refused`.
    Exported(Option<Phrase>),
    /// What came of files that are carried by hand.
    Carried(Phrase),
    /// The node refused a request whose own update has no place for a refusal.
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
