//! What the engine asks of the keeper of files, and what the keeper reports. The keeper does one thing after the other,
//! in the order in which it was asked.

use std::fmt;

use bytes::Bytes;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::store::StorageFault;
use hedgerow_transport::carrier::LinkId;
use serde::{Deserialize, Serialize};

use super::extent::Extent;
use super::tree::{ChunkHash, FileId};
use crate::api::{UploadId, Voice};

/// The name of a sealed file on the disk. Random: it says nothing of what is in the file or whose it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StoredName(pub [u8; 16]);

impl fmt::Debug for StoredName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredName")
    }
}

/// A key that seals one file and nothing else.
#[derive(
    Clone, PartialEq, Eq, Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop,
)]
pub struct FileKey(pub [u8; 32]);

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey")
    }
}

/// Whose work it is: the keeper returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The link over which the file comes or goes.
    pub link: LinkId,
    /// The number of its stream there.
    pub stream: u32,
    /// The conversation of the file.
    pub space: SpaceId,
    /// The file.
    pub file: FileId,
    /// The name of the sealed file.
    pub name: StoredName,
    /// How long it is.
    pub extent: Extent,
}

/// What the engine asks for.
#[derive(Debug, Clone)]
pub enum FileCommand {
    /// Looks how many chunks of a file are here, of which the first `from` are durable and `hashes` prove the next
    /// ones, and whether there is room for the rest. Answered by [`FileEvent::Begun`] or [`FileEvent::NoRoom`].
    Begin {
        /// Whose.
        ticket: Ticket,
        /// The chunks that are durable.
        from: u32,
        /// The hashes of the chunks behind these, as far as they may be here.
        hashes: Vec<ChunkHash>,
    },
    /// Writes a chunk, if its hash is the right one. Answered by [`FileEvent::Written`], [`FileEvent::Wrong`] or
    /// [`FileEvent::NoRoom`].
    Write {
        /// Whose.
        ticket: Ticket,
        /// Its number.
        index: u32,
        /// The sealed bytes.
        bytes: Bytes,
        /// Their hash.
        hash: ChunkHash,
    },
    /// Makes the first chunks durable. Answered by [`FileEvent::Synced`].
    Sync {
        /// Whose.
        ticket: Ticket,
        /// How many.
        chunks: u32,
    },
    /// Reads a chunk. Answered by [`FileEvent::Read`] or [`FileEvent::Unreadable`].
    Read {
        /// Whose.
        ticket: Ticket,
        /// Its number.
        index: u32,
        /// What the bytes of the answer begin with.
        head: Vec<u8>,
    },
    /// Removes a file for good, if it is there. Answered by nothing.
    Remove(StoredName),
}

/// What the keeper reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileEvent {
    /// The first chunks of a file are here, and there is room for the rest.
    Begun(Ticket, u32),
    /// There is no room for a file. The number of bytes that are free.
    NoRoom(Ticket, u64),
    /// A chunk is written, and perhaps not durable.
    Written(Ticket, u32),
    /// A chunk was not the right one, and was not written.
    Wrong(Ticket, u32),
    /// The first chunks are durable.
    Synced(Ticket, u32),
    /// A chunk, behind the head that was asked for.
    Read(Ticket, u32, Bytes),
    /// A chunk that is not there, or cannot be read.
    Unreadable(Ticket, u32),
    /// The disk failed.
    Failed(Ticket, StorageFault),
    /// A file of the user is sealed and durable, and can go with a message.
    Sealed(Upload),
}

/// A sealed file of the user, which no message has yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Its id in the API.
    pub id: UploadId,
    /// What it is called.
    pub name: String,
    /// Its type as the user's system has it, such as `image/png`.
    pub media_type: Option<String>,
    /// A small picture of it, a JPEG of at most [`MAX_PREVIEW`](super::extent::MAX_PREVIEW) bytes.
    #[serde(default)]
    pub preview: Option<Vec<u8>>,
    /// What it is as a voice note.
    #[serde(default)]
    pub voice: Option<Voice>,
    /// How long it is.
    pub extent: Extent,
    /// The key that opens it.
    pub key: FileKey,
    /// Where it is.
    pub stored: StoredName,
    /// The hashes of its chunks.
    pub hashes: Vec<ChunkHash>,
}
