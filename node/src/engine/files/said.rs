//! What two devices say to each other of files (`docs/PROTOCOL.md` section 16).

use bytes::{Buf, Bytes};
use hedgerow_sync::wire::Blind;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::engine::fault::PeerFault;
use crate::engine::items;
use crate::files::tree::{ChunkHash, FileId};

/// The kinds of these items.
pub(in crate::engine) const KINDS: std::ops::RangeInclusive<u64> = 56..=63;

pub(super) const WANT: u64 = 56;
pub(super) const WANT_HASHES: u64 = 57;
pub(super) const STOP: u64 = 58;
pub(super) const GONE: u64 = 59;
pub(super) const HELD: u64 = items::FILE_HELD;
pub(super) const ASK_HELD: u64 = 61;
/// On the lane of media: stream varint ‖ index varint ‖ the chunk.
pub(super) const CHUNK: u64 = 62;
/// On the lane of media: stream varint ‖ the hashes of all chunks.
pub(super) const HASHES: u64 = 63;

/// A file in the words of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) struct Named {
    #[n(0)]
    blind: ByteArray<8>,
    #[n(1)]
    id: ByteArray<32>,
}

impl Named {
    pub fn new(blind: Blind, id: FileId) -> Named {
        Named {
            blind: ByteArray::from(blind.0),
            id: ByteArray::from(id.0),
        }
    }

    pub fn blind(&self) -> Blind {
        Blind(*self.blind)
    }

    pub fn id(&self) -> FileId {
        FileId(*self.id)
    }
}

/// Item 56: send me these chunks, on a stream that I have numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) struct Want {
    #[n(0)]
    pub stream: u32,
    #[n(1)]
    pub file: Named,
    #[n(2)]
    pub first: u32,
    #[n(3)]
    pub count: u32,
}

/// Item 57: send me the hashes of all chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) struct WantHashes {
    #[n(0)]
    pub stream: u32,
    #[n(1)]
    pub file: Named,
}

/// Items 58 and 59: I want no more of a stream of mine; I have no more for a stream of yours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) struct Over {
    #[n(0)]
    pub stream: u32,
}

/// Item 60: what I have of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) struct Has {
    #[n(0)]
    pub file: Named,
    /// Durable chunks.
    #[n(1)]
    pub chunks: u32,
    /// My user does not want it.
    #[n(2)]
    pub is_declined: bool,
}

/// What the content of item 62 begins with.
pub(super) fn chunk_head(stream: u32, index: u32) -> Vec<u8> {
    let mut head = stream_head(stream);
    let mut buffer = unsigned_varint::encode::u32_buffer();
    head.extend_from_slice(unsigned_varint::encode::u32(index, &mut buffer));
    head
}

/// Reads item 62: its stream, the number of the chunk, and the chunk.
pub(super) fn chunk(mut content: Bytes) -> Result<(u32, u32, Bytes), PeerFault> {
    let stream = number(&mut content)?;
    let index = number(&mut content)?;
    Ok((stream, index, content))
}

/// Item 63.
pub(super) fn hashes_of(stream: u32, hashes: &[ChunkHash]) -> Bytes {
    Bytes::from([&stream_head(stream)[..], hashes.as_flattened()].concat())
}

/// Reads item 63: its stream and the hashes.
pub(super) fn hashes(mut content: Bytes) -> Result<(u32, Vec<ChunkHash>), PeerFault> {
    let stream = number(&mut content)?;
    let (hashes, rest) = content.as_chunks::<32>();
    match rest {
        [] => Ok((stream, hashes.to_vec())),
        _ => Err(PeerFault::BadItem),
    }
}

fn stream_head(stream: u32) -> Vec<u8> {
    let mut buffer = unsigned_varint::encode::u32_buffer();
    unsigned_varint::encode::u32(stream, &mut buffer).to_vec()
}

fn number(content: &mut Bytes) -> Result<u32, PeerFault> {
    let (number, rest) = unsigned_varint::decode::u32(content).map_err(|_| PeerFault::BadItem)?;
    let read = content.len() - rest.len();
    content.advance(read);
    Ok(number)
}
