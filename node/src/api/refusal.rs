//! Why a call was not done, and whose turn it is then.

use hedgerow_sync::store::{StorageError, StorageFault};
use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{GroupLimit, Uncleaned, Unplayable};

/// Why a call was not done. The code is stable; the sentence for people is made at the edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such contact.
    NoSuchContact,
    /// There is no such conversation.
    NoSuchConversation,
    /// There is no such message.
    NoSuchMessage,
    /// There is no such invitation.
    NoSuchInvitation,
    /// There is no text in this message: it was deleted or has expired, or it is of a kind that this version cannot
    /// show.
    NoText,
    /// This message has no file, none that can be asked for, or no small picture of it.
    NoFile,
    /// There is no such upload: a message has taken it, or the node has started anew since.
    NoSuchUpload,
    /// The file of this message is not here.
    FileNotHere,
    /// The file of this message is here already.
    FileHere,
    /// The file of this message has reached everybody, so it cannot be taken back; deleting the message for everybody can.
    FileArrived,
    /// Its sender has taken the file of this message back.
    FileCancelled,
    /// The file has not reached everybody, and nobody else could give it to them.
    FileNotDelivered,
    /// A file that changed while it was read.
    FileChanged,
    /// The file is of a kind that may name its author or the place, which this program cannot remove. The user may send
    /// it as it is.
    MayNameYou,
    /// The picture cannot be encoded anew, so what it carries beside its pixels would stay. The user may send it as it
    /// is.
    NotCleaned {
        /// Why not.
        why: Uncleaned,
    },
    /// The file cannot go as a voice note.
    NotAVoiceNote {
        /// Why not.
        why: Unplayable,
    },
    /// The disk has no room for it.
    NoRoom {
        /// The bytes that are free.
        free: u64,
    },
    /// Somebody else has written this message.
    NotYours,
    /// A timer that is not allowed.
    BadTimer {
        /// The shortest, in seconds.
        least_s: u64,
        /// The longest, in seconds.
        most_s: u64,
    },
    /// The timer of the conversation is another one than the writer was shown.
    TimerChanged {
        /// The timer now, in seconds; 0: off.
        now_s: u64,
    },
    /// Nothing disappears in notes to oneself.
    NotesStay,
    /// The message has not lapsed: it is there, or on its way.
    NotLapsed,
    /// The message was edited as often as it can be.
    TooManyEdits {
        /// The limit.
        limit: u32,
    },
    /// Too many conversations to forward to at once.
    TooManyReceivers {
        /// The limit.
        limit: u32,
    },
    /// The contact is blocked.
    Blocked,
    /// Nobody can write there: the person is no longer a contact.
    NoLongerContact,
    /// The conversation has members: it goes with its contact.
    HasMembers,
    /// This is no group.
    NotAGroup,
    /// We are not in the group: not yet, or not any more.
    NotAMember,
    /// We are in the group: it goes on until we leave it.
    StillAMember,
    /// Only an admin can do this.
    NotAnAdmin,
    /// We are suspended from the group.
    Suspended,
    /// Nobody has suspended us in the group.
    NotSuspended,
    /// There is no such member in the group.
    NoSuchMember,
    /// The contact is in the group already.
    AlreadyMember,
    /// The group has no room.
    GroupFull {
        /// For what.
        full: GroupLimit,
    },
    /// Somebody who outranks us has decided otherwise: it would have no effect.
    NoEffect,
    /// The invitation cannot be used: damaged, or made to mislead.
    BadInvitation,
    /// The invitation was accepted before.
    InvitationAnswered,
    /// Whoever invited cannot bring anybody into the group any more.
    InvitationWithdrawn,
    /// We left this group, and what was written there is still here: erase it first.
    LeftGroup,
    /// The group has rules that only a newer version knows.
    NewerGroup,
    /// The text is empty, or nothing but white space; or a name is empty.
    Empty,
    /// Not one emoji of at most 32 bytes.
    NotAnEmoji,
    /// A name with line breaks, control characters, or marks that turn the reading direction.
    BadName,
    /// Longer than allowed.
    TooLong {
        /// The limit in bytes.
        limit_bytes: u64,
        /// What was given, in bytes.
        actual_bytes: u64,
    },
    /// Not a Hedgerow link, or damaged.
    BadLink,
    /// A link of a newer version.
    NewerLink,
    /// The link is one's own.
    OwnLink,
    /// The maker of the link is a contact already.
    AlreadyContact,
    /// Too many open invitations.
    TooManyInvitations {
        /// The limit.
        limit: u32,
    },
    /// Not a parcel, or damaged.
    BadParcel,
    /// No such parcel is being made: begin again.
    NoSuchParcel,
    /// A parcel for somebody else, or for keys that are gone; the sender makes a new one.
    ParcelNotForUs,
    /// A parcel that was imported already; nothing changed.
    ParcelKnown,
    /// No key of this contact to seal a parcel with yet: meet once over a network first.
    NoPrekey,
    /// The node is locked.
    Locked,
    /// The node is unlocked already.
    NotLocked,
    /// Wrong passphrase.
    WrongPassphrase,
    /// The name of the carrier is not known here.
    NoSuchCarrier,
    /// Not the address of a relay.
    BadRelay,
    /// Not the address of a proxy.
    BadProxy,
    /// This relay was not added.
    NoSuchRelay,
    /// Too many relays.
    TooManyRelays {
        /// The limit.
        limit: u32,
    },
    /// The page cursor is not one that was given out.
    BadCursor,
    /// The request is malformed.
    BadRequest {
        /// What is wrong with it, in English, for programmers.
        what: String,
    },
    /// The store has failed; what was confirmed is safe.
    Storage {
        /// Which failure.
        fault: StorageFault,
    },
    /// The node is going down.
    Stopping,
    /// The node that owns the data directory does not answer.
    Unreachable,
    /// The node that owns the data directory is of another version: it does not know what it is asked, or
    /// its answer cannot be read.
    OtherVersion {
        /// The version that it says it is.
        version: String,
    },
    /// There is no identity in the data directory.
    NoIdentity,
    /// There is an identity in the data directory already.
    IdentityExists,
    /// Another process owns the data directory.
    Owned,
    /// The key file of the data directory is missing.
    SlotsMissing,
    /// The key file of the data directory is damaged.
    SlotsDamaged,
    /// The store file of the data directory is missing.
    StoreMissing,
    /// The data were written by a newer version.
    NewerData,
    /// The data were written by a version so old that this one cannot read them.
    OlderData,
    /// The request does not carry the token of this start.
    NotAuthorised,
    /// The request comes from a web page, or is addressed to another host.
    ForeignRequest,
    /// The API has no such path or method.
    NoSuchRoute,
    /// A bug: what happened was thought impossible.
    Bug,
}

/// Whose turn it is after a refusal. The HTTP status of the local API and the exit status of the command
/// line follow from it (`docs/PROTOCOL.md` section 15, `hedgerow --help`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalClass {
    /// What the call names does not exist.
    NotFound,
    /// The state of the node does not allow it.
    Conflict,
    /// The caller gave something that cannot be used.
    BadInput,
    /// A passphrase is needed, or another one.
    Locked,
    /// The caller has not shown that it may ask.
    NotAllowed,
    /// No node answers here, or none that the caller understands.
    NoNode,
    /// The disk, the store or the files of the data directory.
    Storage,
    /// Our mistake.
    Bug,
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::Storage { fault: error.kind }
    }
}

impl Refusal {
    /// Whose turn it is.
    pub fn class(&self) -> RefusalClass {
        match self {
            Self::NoSuchContact
            | Self::NoSuchConversation
            | Self::NoSuchMessage
            | Self::NoSuchInvitation
            | Self::NoSuchMember
            | Self::NoSuchCarrier
            | Self::NoSuchRelay
            | Self::NoFile
            | Self::NoSuchUpload
            | Self::NoSuchParcel
            | Self::NoSuchRoute => RefusalClass::NotFound,
            Self::NoText
            | Self::NotYours
            | Self::FileNotHere
            | Self::FileHere
            | Self::FileArrived
            | Self::FileCancelled
            | Self::FileNotDelivered
            | Self::FileChanged
            | Self::MayNameYou
            | Self::NotCleaned { .. }
            | Self::NotAVoiceNote { .. }
            | Self::TimerChanged { .. }
            | Self::NotesStay
            | Self::NotLapsed
            | Self::TooManyEdits { .. }
            | Self::Blocked
            | Self::NoLongerContact
            | Self::HasMembers
            | Self::NotAGroup
            | Self::NotAMember
            | Self::StillAMember
            | Self::NotAnAdmin
            | Self::Suspended
            | Self::NotSuspended
            | Self::AlreadyMember
            | Self::GroupFull { .. }
            | Self::NoEffect
            | Self::InvitationAnswered
            | Self::InvitationWithdrawn
            | Self::LeftGroup
            | Self::NewerGroup
            | Self::OwnLink
            | Self::AlreadyContact
            | Self::TooManyInvitations { .. }
            | Self::TooManyRelays { .. }
            | Self::ParcelKnown
            | Self::NoPrekey
            | Self::NotLocked
            | Self::IdentityExists => RefusalClass::Conflict,
            Self::Empty
            | Self::NotAnEmoji
            | Self::BadName
            | Self::TooLong { .. }
            | Self::TooManyReceivers { .. }
            | Self::BadTimer { .. }
            | Self::BadInvitation
            | Self::BadLink
            | Self::NewerLink
            | Self::BadParcel
            | Self::ParcelNotForUs
            | Self::BadCursor
            | Self::BadRelay
            | Self::BadProxy
            | Self::BadRequest { .. } => RefusalClass::BadInput,
            Self::Locked | Self::WrongPassphrase => RefusalClass::Locked,
            Self::NotAuthorised | Self::ForeignRequest => RefusalClass::NotAllowed,
            Self::NoIdentity
            | Self::Owned
            | Self::Stopping
            | Self::Unreachable
            | Self::OtherVersion { .. } => RefusalClass::NoNode,
            Self::Storage { .. }
            | Self::NoRoom { .. }
            | Self::SlotsMissing
            | Self::SlotsDamaged
            | Self::StoreMissing
            | Self::NewerData
            | Self::OlderData => RefusalClass::Storage,
            Self::Bug => RefusalClass::Bug,
        }
    }
}
