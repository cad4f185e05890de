//! Files of messages.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{ContactId, ConversationId, DeviceId, Message, MessageId, Private};
#[cfg(feature = "runtime")]
use crate::pictures::Metadata;

/// A sealed file that waits for a message. It is there until a message takes it or the node stops.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct UploadId(pub String);
redacted!(UploadId);

/// What was uploaded.
#[cfg(feature = "runtime")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Uploaded {
    /// What a new message names it by.
    pub id: UploadId,
    /// What it is called now: a picture that was encoded anew in another format has another ending.
    pub name: Private,
    /// The bytes that are sent.
    pub size: u64,
    /// What a picture carried beside its pixels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carries: Vec<Metadata>,
    /// Whether that was removed: the picture was encoded anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cleaned: bool,
    /// Whether a small picture of it goes with its message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preview: bool,
    /// What it is as a voice note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
}

/// What a message says of its voice note. Of one that came it is what its sender claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Voice {
    /// How long it plays, in milliseconds.
    pub duration_ms: u32,
    /// How loud its parts are, from 0 to 255, of which there are at most 64. All parts play equally long.
    pub waveform: Vec<u8>,
}

/// The file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct MessageFile {
    /// What its sender calls it. Nothing in it is to be trusted.
    pub name: Private,
    /// Its bytes.
    pub size: u64,
    /// Its type, as its sender says, such as `image/png`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<Private>,
    /// Whether a small picture of it came with the message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preview: bool,
    /// It is a voice note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// What we have of it.
    pub state: FileState,
    /// For one's own: what each device has of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<FileHeld>,
}

/// What we have of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum FileState {
    /// All of it.
    Here,
    /// It loads as soon as somebody who has it is reached over a carrier that is allowed to load it.
    Loading {
        /// The bytes that are here.
        bytes: u64,
    },
    /// It does not load by itself: it is too large for that, or from a contact who is not verified, or files of this
    /// conversation take too much room. The user may ask for it.
    Offered {
        /// Why it does not load by itself.
        why: Offered,
    },
    /// There is no room for it.
    NoRoom {
        /// The bytes that were free when it was tried.
        free: u64,
    },
    /// The user declined it, and may ask for it still.
    Declined,
    /// What came was not what the message names.
    Damaged,
    /// It was here, and its room was freed.
    Freed,
    /// Its sender took it back while it was on its way. What a device still says to have of it stands in `held`.
    Cancelled,
    /// It is not here, and nobody can be asked for it.
    Missing,
}

/// Why a file does not load by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Offered {
    /// It is larger than what loads by itself.
    Large,
    /// It is larger than what loads by itself from a contact who is not verified.
    Unverified,
    /// The files of this conversation have reached their quota.
    Quota,
}

/// The most bytes of a voice note that is being recorded: 15 minutes of 32 kbit/s, and more.
pub const MAX_RECORDING: u64 = 4 << 20;

/// What a file goes as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A picture goes encoded anew, without what it carries beside its pixels. A file of a kind that may name its author
    /// or the place is refused.
    #[default]
    Cleaned,
    /// It goes with all that it carries.
    AsItIs,
    /// It goes as a voice note: a file of Ogg Opus, without what it carries beside its sound. Any other is refused.
    Voice,
}

/// Why a file cannot go as a voice note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unplayable {
    /// It is not one sound of Opus in a file of Ogg.
    OtherKind,
    /// It plays longer than 15 minutes, or has more than 16 MiB.
    TooLong,
    /// It is damaged, or made to harm the program that decodes it.
    Damaged,
    /// No process decodes sound on this system.
    Unavailable,
}

/// Why a picture cannot be encoded anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Uncleaned {
    /// It moves, and would stand still.
    Animated,
    /// It is larger than what is decoded.
    TooLarge,
    /// It is damaged, or made to harm the program that decodes it.
    Undecodable,
    /// No process decodes pictures on this system.
    Unavailable,
}

/// What a device has of a file of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct FileHeld {
    /// Whose device.
    pub contact: ContactId,
    /// Which.
    pub device: DeviceId,
    /// The bytes that it has.
    pub bytes: u64,
    /// Its user does not want the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub declined: bool,
}

/// Messages of a conversation that have files, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct FilesPage {
    /// The messages.
    pub messages: Vec<Message>,
    /// What gives the page after this one as `before`; `None`: there are no more.
    pub older: Option<MessageId>,
}

/// What takes room on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct StorageUse {
    /// The bytes that files may still take.
    pub free: u64,
    /// The bytes of the store, which holds all but files.
    pub store: u64,
    /// The conversations that have files here, those with the most bytes first.
    pub conversations: Vec<UsedByConversation>,
}

/// What the files of a conversation take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct UsedByConversation {
    /// The conversation.
    pub conversation: ConversationId,
    /// What their senders call pictures.
    pub pictures: FilesUse,
    /// All others.
    pub others: FilesUse,
    /// Those of ours among them that have not reached everybody. They are never freed.
    pub undelivered: FilesUse,
}

/// Files and the room that they take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct FilesUse {
    /// How many.
    pub files: u64,
    /// Their sealed bytes.
    pub bytes: u64,
}

impl FilesUse {
    /// Counts one more.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

impl MessageFile {
    /// One's own, and a device of every contact has all of it.
    pub fn is_delivered(&self) -> bool {
        let complete = |one: &FileHeld| one.bytes == self.size && !one.declined;
        let mut contacts = self.held.iter().map(|one| &one.contact);
        contacts.all(|contact| {
            let mut of = self.held.iter().filter(|one| one.contact == *contact);
            of.any(complete)
        })
    }
}

/// A file to upload.
#[cfg(feature = "runtime")]
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// What it is called, without a path.
    pub name: Private,
    /// Its type, such as `image/png`.
    pub media_type: Option<Private>,
    /// Its bytes, if that is known before: then it is refused before it is read if it is too long or has no room, and
    /// after if it had another length.
    pub size: Option<u64>,
    /// What it goes as.
    pub form: Form,
}

/// The file of a message, in the clear.
#[cfg(feature = "runtime")]
pub struct Download {
    /// What its sender calls it.
    pub name: Private,
    /// Its type, as its sender says.
    pub media_type: Option<Private>,
    /// Its bytes.
    pub size: u64,
    /// What is in it.
    pub bytes: ByteStream,
}

/// The bytes of a file, in order.
#[cfg(feature = "runtime")]
pub type ByteStream = std::pin::Pin<
    Box<dyn futures_util::Stream<Item = Result<bytes::Bytes, super::Refusal>> + Send>,
>;
