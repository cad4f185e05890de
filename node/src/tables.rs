//! The tables of the node in the store (`docs/PROTOCOL.md` section 14). The first key byte is the
//! table; `sync` has 0x0E to 0x1F. Values are CBOR records named beside each, unless drawn.
//!
//! | table | key after the table byte | value |
//! | --- | --- | --- |
//! | 0x01 schema | – | version u16 |
//! | 0x20 private key of the identity, on the device that made it | – | key 32 |
//! | 0x32 private keys of this device | – | `engine::account::DeviceSecrets` |
//! | 0x33 what contacts are told | – | `engine::account::Told` |
//! | 0x34 settings | – | `engine::account::Settings` |
//! | 0x2D this device | – | device 16 |
//! | 0x21 contacts | identity 32 | `engine::contact::Contact` |
//! | 0x22 devices of contacts | device 16 | `engine::device::Device` |
//! | 0x23 invitations made | invitation 8 | `engine::invitation::Made` |
//! | 0x24 invitations being joined | invitation 8 | `engine::joining::Joining` |
//! | 0x25 replay windows | device 16 ‖ psk number u32 (rescue key: 2^32-1) ‖ incarnation u64 | highest u64 ‖ bits u64 |
//! | 0x26 invitation nonces | invitation 8 ‖ nonce 16 | – |
//! | 0x27 own prekeys | number u32 | `engine::prekey::Prekey` |
//! | 0x28 secrets of own prekeys | device 16 ‖ number u32 | bundle psk 32 |
//! | 0x29 bundle tags taken | device 16 ‖ nonce 16 | number of the prekey u32 |
//! | 0x2A read positions | space 16 | `engine::reading::ReadPosition` |
//! | 0x2B unread above the read position | space 16 ‖ order | – |
//! | 0x2C ports | network 16 | port u16 |
//! | 0x2E bundles carried | tag 32 | `engine::carried::Row` |
//! | 0x2F their contents | tag 32 ‖ part number u32 | at most 65,536 bytes |
//! | 0x30 loads taken (simulation only) | device 16 ‖ id u64 | – |
//! | 0x31 messages being written | space 16 | `engine::draft::Kept` |
//! | 0x35 conversations | space 16 | `engine::conversations::Conversation` |
//! | 0x36 removals: what devices say of messages of ours that we deleted | space 16 ‖ message ‖ device 16 | `[Unix milliseconds or null]` |
//! | 0x37 removals that devices have not confirmed | space 16 ‖ device 16 ‖ the deletion's incarnation u64 ‖ its seq u64 | message |
//! | 0x38 timers of conversations | space 16 | `engine::timers::Kept` |
//! | 0x39 timers of messages | space 16 ‖ 0: unread, 1: undelivered, 2: running ‖ order | `engine::disappearing::MessageTimer` |
//! | 0x3A starred messages | number u64 | space 16 ‖ device 16 ‖ incarnation u64 ‖ sequence u64 |
//! | 0x3B their numbers | space 16 ‖ device 16 ‖ incarnation u64 ‖ sequence u64 | number u64 |
//! | 0x40 deadlines of messages | milliseconds of the store's clock u64 ‖ space 16 ‖ order | – |
//! | 0x41 the store's clock | – | `engine::store_clock::Saved` |
//! | 0x42 words of the search index | volume's first document u64 ‖ block's first word | block, drawn in `search::volume` |
//! | 0x43 volumes of the search index | first document u64 | documents ‖ is large u8 ‖ newest time (zigzag ms) |
//! | 0x44 documents | first document u64 of a run | space 16 ‖ device 16 ‖ incarnation u64 ‖ first seq ‖ entries × (ms after the one before << 1 \| is annotation, zigzag) |
//! | 0x45 indexed entries | space 16 ‖ device 16 ‖ incarnation u64 ‖ first seq u64 | document ‖ entries |
//! | 0x45 progress of indexing | space 16 | entries indexed ‖ where the next slice begins, unless with the first log |
//! | | space 16 | number of indexed entries |
//! | 0x46 lapsed messages of ours | space 16 ‖ message | body of kind 2 |
//! | 0x47 files of messages | space 16 ‖ file 32 | `engine::files::FileRow` |
//! | 0x48 files to load | space 16 ‖ class u8 ‖ order | file 32 |
//! | 0x49 hashes of their chunks | space 16 ‖ file 32 ‖ number u32 | at most 120 hashes of 32 |
//! | 0x4A what devices have of files of ours | space 16 ‖ file 32 ‖ device 16 | `engine::files::Held` |
//! | 0x4B bytes of files of others | space 16 | `[bytes]` |
//! | 0x4C files by their messages | space 16 ‖ message | file 32 |
//! | 0x4D files of ours that some member has not said to have | space 16 ‖ file 32 | – |
//! | 0x4E voice notes being recorded | space 16 ‖ first byte u64 | bytes of their files |
//! | 0x4F series of parcels of which parts have come | device 16 ‖ series 16 | `engine::carry::Series` |
//! | 0x50 our keys in groups | space 16 | key 32 |
//! | 0x51 people of groups | space 16 ‖ member 16 | `engine::groups::Person` |
//! | 0x52 changes of who is in a group | space 16 ‖ order of the newest message then ‖ number u64 | `engine::groups::Line` |
//! | 0x53 invitations to groups that were used | space 16 of the chat ‖ message | – |
//! | 0x54 groups that continue others | space 16 | `engine::groups::Continuation` |
//!
//! A message is written as device 16 ‖ incarnation u64 ‖ seq u64.

use std::ops::{Bound, ControlFlow};

use hedgerow_sync::store::{Direction, Reader, StorageError, StorageFault, Txn};
use minicbor::{Decode, Encode};

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "drawn above")]
pub enum Table {
    IdentityKey = 0x20,
    Contacts = 0x21,
    Devices = 0x22,
    Invitations = 0x23,
    Joinings = 0x24,
    ReplayWindows = 0x25,
    InvitationNonces = 0x26,
    Prekeys = 0x27,
    PrekeySecrets = 0x28,
    BundleTags = 0x29,
    ReadPositions = 0x2A,
    UnreadAbove = 0x2B,
    Ports = 0x2C,
    DeviceId = 0x2D,
    Held = 0x2E,
    CarriedParts = 0x2F,
    Loads = 0x30,
    Drafts = 0x31,
    DeviceSecrets = 0x32,
    Told = 0x33,
    Settings = 0x34,
    Conversations = 0x35,
    Removals = 0x36,
    AwaitedRemovals = 0x37,
    Timers = 0x38,
    MessageTimers = 0x39,
    Starred = 0x3A,
    StarOfMessage = 0x3B,
    Deadlines = 0x40,
    StoreClock = 0x41,
    SearchWords = 0x42,
    SearchVolumes = 0x43,
    SearchDocuments = 0x44,
    SearchLogs = 0x45,
    Lapsed = 0x46,
    Files = 0x47,
    WantedFiles = 0x48,
    FileHashes = 0x49,
    FilesHeld = 0x4A,
    FileBytes = 0x4B,
    FileOfMessage = 0x4C,
    AwaitedFiles = 0x4D,
    Recordings = 0x4E,
    CarriedSeries = 0x4F,
    GroupKeys = 0x50,
    GroupPeople = 0x51,
    GroupLines = 0x52,
    UsedGroupInvitations = 0x53,
    Continuations = 0x54,
}

impl Table {
    /// The key made of these parts.
    pub(crate) fn key(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
        key.push(self as u8);
        for part in parts {
            key.extend_from_slice(part);
        }
        key
    }
}

/// Most of what is said has no more bytes: it is encoded without growing the vector.
const USUAL_RECORD: usize = 128;

/// The same of what is kept: a contact's device.
const USUAL_ROW: usize = 512;

/// The record under a key.
pub(crate) fn load<T: for<'b> Decode<'b, ()>>(
    reader: &(impl Reader + ?Sized),
    key: &[u8],
) -> Result<Option<T>, StorageError> {
    let mut record = None;
    reader.with(key, &mut |value| record = Some(minicbor::decode(value)))?;
    record.transpose().map_err(|_| damaged())
}

/// Sets the record under a key.
pub(crate) fn save<T: Encode<()>>(
    txn: &mut dyn Txn,
    key: &[u8],
    record: &T,
) -> Result<(), StorageError> {
    let bytes = zeroize::Zeroizing::new(encoded_into(Vec::with_capacity(USUAL_ROW), record));
    txn.put(key, &bytes)
}

/// A record's bytes.
pub(crate) fn encoded<T: Encode<()>>(record: &T) -> Vec<u8> {
    encoded_into(Vec::with_capacity(USUAL_RECORD), record)
}

fn encoded_into<T: Encode<()>>(mut bytes: Vec<u8>, record: &T) -> Vec<u8> {
    minicbor::encode(record, &mut bytes).expect("writing to memory does not fail");
    bytes
}

/// Every record of a table whose key goes on with `prefix`: the rest of the key, and the record.
pub(crate) fn load_all<T: for<'b> Decode<'b, ()>>(
    reader: &(impl Reader + ?Sized),
    table: Table,
) -> Result<Vec<(Vec<u8>, T)>, StorageError> {
    let mut records = Vec::new();
    let mut sound = true;
    visit(
        reader,
        &table.key(&[]),
        &mut |rest, value| match minicbor::decode(value) {
            Ok(record) => records.push((rest.to_vec(), record)),
            Err(_) => sound = false,
        },
    )?;
    if sound { Ok(records) } else { Err(damaged()) }
}

/// Shows every pair whose key begins with `prefix`, without the prefix.
pub(crate) fn visit(
    reader: &(impl Reader + ?Sized),
    prefix: &[u8],
    found: &mut dyn FnMut(&[u8], &[u8]),
) -> Result<(), StorageError> {
    let end = after(prefix);
    let range = (Bound::Included(prefix), Bound::Excluded(end.as_slice()));
    reader.scan(range, Direction::Forward, &mut |key, value| {
        found(&key[prefix.len()..], value);
        ControlFlow::Continue(())
    })
}

/// Removes every pair whose key begins with `prefix`.
pub(crate) fn remove_all(txn: &mut dyn Txn, prefix: &[u8]) -> Result<(), StorageError> {
    let mut keys = Vec::new();
    visit(txn, prefix, &mut |rest, _| {
        keys.push([prefix, rest].concat())
    })?;
    keys.iter().try_for_each(|key| txn.remove(key))
}

/// The first key after all that begin with `prefix`.
pub(crate) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// What was read is not what this node wrote.
pub(crate) fn damaged() -> StorageError {
    StorageError {
        reason: "a record of the store cannot be read".to_owned(),
        kind: StorageFault::Damaged,
    }
}
