//! What people and programs can ask of a node.
//!
//! [`calls`](self::Call) is the table of calls; what they are about stands in a file for each noun. [`Api`] is what
//! can be asked, with one implementation in process (`Local`) and one over loopback ([`Remote`]), under one suite of
//! tests. Every state, reason and error that a person may be told is an enumeration with stable codes; words for
//! people are made at the edge.

#[macro_use]
mod private;

mod calls;
mod carriers;
pub mod confusable;
mod contacts;
#[cfg(feature = "runtime")]
mod contract;
mod conversations;
#[cfg(feature = "runtime")]
mod cursor;
mod deletions;
mod deliveries;
mod drafts;
mod edits;
mod events;
mod exports;
#[cfg(feature = "runtime")]
mod feed;
mod files;
mod groups;
mod invitations;
mod messages;
mod node;
mod parcels;
mod quotes;
mod refusal;
mod relays;
#[cfg(feature = "runtime")]
mod remote;
mod search;
#[cfg(feature = "runtime")]
pub mod server;
mod starred;
#[cfg(feature = "runtime")]
pub mod strength;
mod timers;
pub mod typed;
pub mod visible;

pub use calls::{Answer, Call, HostCall, Reply};
pub use carriers::{Airtime, Carrier, CarrierCondition, CarrierStatus, Power, Radio};
pub use contacts::{
    Contact, ContactId, Feature, Identities, Notice, SafetyWords, WayState, WayStatus,
};
#[cfg(feature = "runtime")]
pub use contract::{Api, Events, MAX_PAGE};
pub use conversations::{Conversation, ConversationId, ConversationKind, Muted};
pub use deletions::{Deleted, Deletion, Removal, RemovalState};
pub(crate) use deliveries::why;
pub use deliveries::{Delivery, DeliveryState, DeviceId, Why};
pub use drafts::{Draft, NewMessage};
pub use edits::{Edited, Version};
pub use events::Event;
pub use exports::ExportFormat;
#[cfg(feature = "runtime")]
pub use feed::{Feed, Position, Told};
#[cfg(feature = "runtime")]
pub use files::{ByteStream, Download, NewUpload, Uploaded};
pub use files::{
    FileHeld, FileState, FilesPage, FilesUse, Form, MAX_RECORDING, MessageFile, Offered,
    StorageUse, Uncleaned, Unplayable, UploadId, UsedByConversation, Voice,
};
pub use groups::{
    ContinuedGroup, GroupChange, GroupInvitation, GroupInvitationState, GroupLimit, GroupStanding,
    GroupState, Holding, HoldingState, Member, MemberId, MemberLevel, MemberName, NamedBy,
    Restarted, WhatChanged,
};
pub use invitations::{
    Invitation, InvitationId, InvitationState, JoinProblem, LinkSource, NewInvitation, NewJoin,
    Room,
};
pub use messages::{Message, MessageId, Page, PageFrom, Reaction};
pub use node::{Me, NodeStatus, Status, Traffic};
pub use parcels::{Imported, ImportedPart, Parcels, SeriesName};
pub use private::{Passphrase, Private};
pub use quotes::{MAX_QUOTE, Original, Quoted};
pub use refusal::{Refusal, RefusalClass};
pub use relays::{RelayCondition, RelayPaths, RelayStatus};
#[cfg(feature = "runtime")]
pub use remote::Remote;
pub use search::{
    FoundConversation, FoundMessage, FoundRange, MAX_HITS, Search, SearchKind, SearchPage,
};
pub use starred::{StarredMessage, StarredPage};
pub use timers::Disappears;

pub use crate::engine::conversation::{MAX_EMOJI, MAX_TEXT};
pub use crate::engine::{MAX_NAME, MAX_RECEIVERS, MAX_VALID_S};
pub use crate::search::query::MAX_QUERY;
pub use hedgerow_sync::store::StorageFault;
