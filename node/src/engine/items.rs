//! The session items of the engine itself (`docs/PROTOCOL.md` section 8); `sync` has its own.

use bytes::Bytes;
use hedgerow_sync::wire;
use hedgerow_transport::session::{Item, Lane, Session};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::fact::Versions;
use super::fault::PeerFault;
use crate::courier::Release;
use crate::tables;

pub(crate) const HELLO: u64 = 1;
pub(crate) const FACT: u64 = 2;
pub(crate) const FACT_HELD: u64 = 3;
pub(crate) const BYE: u64 = 4;
/// The sender's key in a group.
pub(crate) const MEMBER_KEY: u64 = 5;
/// In bundles: the value that proves that the recipient opened it.
pub(crate) const RELEASE: u64 = 50;
/// In bundles of simulations: ghost bytes. An engine outside a simulation refuses a bundle with this item.
pub(crate) const LOADS: u64 = 51;
/// In bundles that are carried by hand: what follows the bundles.
pub(crate) const CARRIED: u64 = 52;
/// In the same: one of the files that follow.
pub(crate) const CARRIED_FILE: u64 = 53;
/// What the sender has of a file of the receiver.
pub(crate) const FILE_HELD: u64 = 60;
/// In the features of hello: the device carries other people's bundles.
pub(crate) const CARRIES: u64 = 1;
/// In the features of hello: the device shows emoji on messages.
pub(crate) const SHOWS_REACTIONS: u64 = 1 << 1;
/// In the features of hello: the device shows which messages are pinned.
pub(crate) const SHOWS_PINS: u64 = 1 << 2;
/// In the features of hello: the device shows messages that answer others.
pub(crate) const SHOWS_REPLIES: u64 = 1 << 3;
/// In the features of hello: the device shows the texts of edits.
pub(crate) const SHOWS_EDITS: u64 = 1 << 4;
/// In the features of hello: the device removes what its author deletes for everybody.
pub(crate) const REMOVES_DELETED: u64 = 1 << 5;
/// In the features of hello: messages disappear there by their timers.
pub(crate) const KEEPS_TIMERS: u64 = 1 << 6;
/// In the features of hello: the device takes files.
pub(crate) const TAKES_FILES: u64 = 1 << 7;
/// What this version shows.
pub(crate) const FEATURES: u64 = SHOWS_REACTIONS
    | SHOWS_PINS
    | SHOWS_REPLIES
    | SHOWS_EDITS
    | REMOVES_DELETED
    | KEEPS_TIMERS
    | TAKES_FILES;
/// The kinds that `sync` handles.
pub(crate) const SYNC: std::ops::RangeInclusive<u64> = wire::FIRST_KIND..=wire::LAST_KIND;

/// The version of the session items.
pub(crate) const SESSION_VERSION: u8 = 2;

/// The first item of each side.
#[derive(Clone, Encode, Decode)]
pub(crate) struct Hello {
    #[n(0)]
    pub version: u8,
    #[n(1)]
    pub features: u64,
    #[n(2)]
    pub device_list_version: u32,
    #[n(3)]
    pub device_list_hash: ByteArray<16>,
    #[n(4)]
    pub wall_ms: i64,
    #[n(5)]
    pub root: ByteArray<16>,
    #[n(6)]
    pub psk_number: u32,
    /// The versions of the other side's facts that the sender holds, by kind.
    #[n(7)]
    pub have: Versions,
    /// The opening of the sender's store.
    #[n(8)]
    pub incarnation: u64,
    /// Under the rescue key: proves that the sender holds the psk of this number.
    #[n(9)]
    pub psk_proof: Option<ByteArray<16>>,
}

/// Why a session ends in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Bye {
    /// The sender keeps another link to the same device.
    Replaced = 1,
    /// The sender locks or stops.
    Stopping = 2,
    /// The sender has removed the other side from its contacts.
    Removed = 3,
}

/// Item 4.
#[derive(Encode, Decode)]
pub(crate) struct ByeItem {
    #[n(0)]
    pub reason: u8,
}

/// In a bundle, item 50.
#[derive(Encode, Decode)]
pub(crate) struct ReleaseItem {
    #[n(0)]
    pub release: Release,
}

/// Queues an item on the control lane.
pub(crate) fn say<T: Encode<()>>(session: &mut Session, kind: u64, content: &T) {
    say_bytes(session, kind, tables::encoded(content));
}

/// As [`say`], with content that is already encoded.
pub(crate) fn say_bytes(session: &mut Session, kind: u64, content: Vec<u8>) {
    session
        .push(Lane::Control, kind, Bytes::from(content))
        .expect("every item of the engine is bounded far below MAX_ITEM");
}

/// Decodes the content of an item.
pub(crate) fn decode<T: for<'b> Decode<'b, ()>>(item: &Item) -> Result<T, PeerFault> {
    read(&item.content)
}

/// Decodes content.
pub(crate) fn read<T: for<'b> Decode<'b, ()>>(content: &[u8]) -> Result<T, PeerFault> {
    minicbor::decode(content).map_err(|_| PeerFault::BadItem)
}
