//! Effects of the model: requests to the node and to the desktop.

use hedgerow_node::api::{
    Call, ContactId, ConversationId, Draft, ExportFormat, HostCall, MessageId, NewMessage,
    PageFrom, Passphrase, Private, Search,
};

use super::calendar::Date;
use super::carrying::ToCarry;
use super::exporting::ToFile;
use super::playing::Voiced;
use super::preferences::Preferences;
use super::rows::Tick;
use super::sound::{Part, Play, Record};
use super::strip::{FilePath, Source};

/// Something to do. The result comes back as an [`Update`](super::Update).
#[derive(Debug, Clone)]
pub enum Effect {
    /// Ask the node.
    Ask(Request),
    /// Put a text on the clipboard.
    Copy(Private),
    /// Open an address in the browser of the desktop.
    OpenUrl(Private),
    /// Show a notification.
    Notify(Notification),
    /// Say this in the notification that is on screen, without a sound. If the user has closed it, it stays so.
    ChangeNotification(Notification),
    /// Make a screen reader say something.
    Announce(Announcement),
    /// Withdraw every notification.
    ClearNotifications,
    /// Save the preferences in the configuration directory.
    SavePreferences(Preferences),
    /// Remove the saved preferences.
    ForgetPreferences,
    /// The title of the window, and the icon in the tray: the name of the application, and this count
    /// unless it is zero. No names, no text.
    SetTitle {
        /// Unread messages.
        unread: u64,
    },
    /// Close only the window. Everything else goes on.
    Hide,
    /// Show the window, and bring it to the front.
    Raise,
    /// Find out whether there is a camera. Answer: `Action::Camera`.
    LookForCamera,
    /// Look for an invitation with the camera, or release the camera. Answer: `Action::Camera`.
    Camera(bool),
    /// Let the user choose a file for a conversation. Answer: `ArrangingAction::Export`, if one was chosen.
    ChooseFile {
        /// What the file is to be called.
        name: Private,
        /// Which conversation.
        conversation: ConversationId,
        /// How it is written.
        format: ExportFormat,
        /// Whether its files are saved beside it.
        with_files: bool,
    },
    /// Have the loudspeaker do something. Answer: `PlayingAction::Report`.
    Play(Play),
    /// Have the microphone do something. Answer: `RecordingAction::Report`.
    Record(Record),
    /// Let the user choose files for a conversation. Answer: `AttachAction::Add`, if any were chosen.
    ChooseFiles(ConversationId),
    /// Look for a picture on the clipboard, for a conversation. Answer: `AttachAction::Pasted`, if there is one and no text.
    LookForPicture(ConversationId),
    /// Let the user choose what to carry by hand.
    ChooseToCarry(ToCarry),
    /// Put the cursor into the draft.
    FocusDraft,
    /// Insert a text at the cursor of the draft, in place of what is marked there.
    Insert(String),
    /// Close the window. The requests to save everything have been made already.
    Quit,
}

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What a click on it opens. The desktop is not told this id.
    pub conversation: ConversationId,
    /// Who wrote; `None` while locked.
    pub name: Option<Private>,
    /// The text; `None` while locked, or if the user does not want to see it here.
    pub text: Option<Private>,
    /// The number of unread messages there; 0 while locked.
    pub unread: u64,
    /// Whether to play a sound.
    pub sound: bool,
}

/// What a screen reader says by itself, where a sighted user would notice it on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    /// A meeting has made a contact, and the conversation is open.
    Met {
        /// The name that the contact gives itself.
        name: Private,
    },
    /// A message has come to the open conversation.
    Came {
        /// Who wrote.
        name: Private,
        /// The text, or its beginning.
        text: Private,
    },
    /// More messages have come at once than anybody wants to hear.
    CameMany {
        /// Who wrote.
        name: Private,
        /// How many.
        count: u64,
    },
    /// How far a message of ours has come.
    Ours(Tick),
}

/// A number by which to tell answers apart. Each request for a page has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Names a request about a conversation. Its answer carries the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Question {
    pub ticket: Ticket,
    pub conversation: ConversationId,
}

/// A request to the node.
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
    /// A call of the API. Its answer is the update of the same name, or `Refused`. A call that changes something and
    /// has no such update is answered by an event.
    Call(Call),
    /// A call of the node's host. The same holds for its answer.
    Host(HostCall),
    /// Answer: `Page`.
    Page {
        of: Question,
        from: PageFrom,
        limit: u32,
    },
    /// Where a message is. Answer: `Message`.
    Message { of: Question, id: MessageId },
    /// Which of the days from this one on have messages. Answer: `Days`.
    Days {
        conversation: ConversationId,
        from: Date,
        /// When each of these days and the day after them begins, Unix milliseconds.
        begins_ms: Vec<i64>,
    },
    /// Answer: `Searched`.
    Search { ticket: Ticket, search: Search },
    /// Answer: `Starred`.
    Starred { ticket: Ticket, before: Option<u64> },
    /// Answer: `Sent`.
    Send { of: Question, draft: Draft },
    /// Live state, and the newest message of each conversation. Answer: `Overview`.
    Overview,
    /// Bytes of the data directory. Answer: `StorageUsed`.
    StorageUsed,
    /// Look at files that are to be sent. Answer: `Examined`.
    Examine {
        conversation: ConversationId,
        paths: Vec<FilePath>,
    },
    /// Look for what a picture that is to be sent carries beside its pixels. Answer: `Looked`.
    Look { ticket: Ticket, source: Source },
    /// Answers: `UploadGoesOn` as it goes on, then `Uploaded`.
    Upload {
        ticket: Ticket,
        source: Source,
        as_it_is: bool,
    },
    /// Upload what was recorded for a conversation. Answer: `Uploaded`.
    UploadRecording {
        ticket: Ticket,
        conversation: ConversationId,
    },
    /// Stop the upload of this ticket.
    StopUpload(Ticket),
    /// Send a file that is uploaded. Answer: `Sent`.
    SendFile { of: Question, message: NewMessage },
    /// Save the file of a message among the downloads, under a name of its own. Answer: `FileSaved`.
    SaveFile {
        conversation: ConversationId,
        id: MessageId,
    },
    /// One message, because of its file. Answer: `File`.
    File {
        conversation: ConversationId,
        id: MessageId,
    },
    /// Messages with files, the newest first. Answer: `Files`.
    Files {
        conversation: ConversationId,
        before: Option<MessageId>,
        limit: u32,
    },
    /// Count the files of a conversation from before this moment, Unix milliseconds. Answer: `OldCounted`.
    CountOld {
        conversation: ConversationId,
        before_ms: i64,
    },
    /// Free them. Answers: `DropGoesOn` as it goes on, then `OldDropped`.
    DropOld {
        conversation: ConversationId,
        before_ms: i64,
    },
    /// Decode the file of a message, which is a picture. Answer: `Picture`.
    Picture {
        conversation: ConversationId,
        id: MessageId,
    },
    /// Decode the small picture of a message. Answer: `Preview`.
    Preview {
        conversation: ConversationId,
        id: MessageId,
    },
    /// Keep the bytes of a recording that stand from `from` on. Answer: `PartKept`.
    KeepRecording {
        ticket: Ticket,
        conversation: ConversationId,
        from: u64,
        part: Part,
    },
    /// What is kept of the recording of a conversation. Answer: `Recording`.
    Recording(ConversationId),
    /// Decode a voice note. Answer: `Voice`.
    Voice {
        ticket: Ticket,
        conversation: ConversationId,
        what: Voiced,
    },
    /// Seal what a contact has not acknowledged into a new file. Answer: `Carried`.
    CarryOut { contact: ContactId, path: FilePath },
    /// Seal what waits for each contact into a file of a folder. Answer: `Carried`.
    CarryAllOut(FilePath),
    /// Take in files that contacts made. Answer: `Carried`.
    CarryIn(Vec<FilePath>),
    /// A file was dropped on the window, in this conversation if one is open: one that a contact made is taken in,
    /// any other attached. Answer: `Carried`, or `Examined`.
    Dropped {
        conversation: Option<ConversationId>,
        path: FilePath,
    },
    /// Write a conversation into a file. Answers: `ExportGoesOn`, `Exported`.
    Export {
        to: ToFile,
        /// The language of what is said beside the messages; `None` for the system's.
        language: Option<String>,
        now_ms: i64,
    },
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
