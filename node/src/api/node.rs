//! The node itself: who it is, how it is, and what has travelled.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{
    CarrierStatus, Contact, ContactId, Conversation, DeviceId, Private, Radio, RelayPaths,
    RelayStatus,
};

/// This node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Me {
    /// Its stable id, as its contacts see it.
    pub id: ContactId,
    /// The name contacts are told.
    pub name: Private,
    /// Its devices, this one first.
    pub devices: Vec<DeviceId>,
    /// Contacts are told what we have read, and we are shown what they have, if they tell. Off at first.
    #[serde(default)]
    pub receipts: bool,
}

/// Live state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Status {
    /// Who we are.
    pub me: Me,
    /// Every carrier.
    pub carriers: Vec<CarrierStatus>,
    /// How Bluetooth uses its radio.
    pub radio: Radio,
    /// Every relay that the user has added, and those that contacts and invitations offer.
    pub relays: Vec<RelayStatus>,
    /// How they are reached.
    pub relay_paths: RelayPaths,
    /// Every contact.
    pub contacts: Vec<Contact>,
    /// Every conversation.
    pub conversations: Vec<Conversation>,
    /// What has travelled since the node started.
    pub traffic: Traffic,
}

/// What a node tells whether or not it is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct NodeStatus {
    /// The version of the program that runs it.
    pub version: String,
    /// Locked: no key is in memory, and it is off the air.
    pub locked: bool,
    /// The disk is full: the node is off the air and refuses what needs room. It still deletes, and keeps the drafts of
    /// a few conversations. It goes on by itself once there is room.
    #[serde(default)]
    pub disk_full: bool,
    /// Live state, unless it is locked.
    pub open: Option<Status>,
}

/// What has travelled since the node started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Traffic {
    /// Bytes given to links, all layers of ours included.
    pub sent_bytes: u64,
    /// Bytes taken from links.
    pub received_bytes: u64,
    /// Of both, the bytes of handshakes.
    pub handshake_bytes: u64,
    /// Of the bytes sent, those of handshakes.
    pub handshake_sent_bytes: u64,
    /// Sessions made.
    pub sessions: u64,
    /// Times this node waited for the answer to a handshake.
    pub handshake_round_trips: u64,
    /// Times something came back in a session after this node had said something there; the two hellos it
    /// begins with are one, whichever comes first.
    pub round_trips: u64,
}
