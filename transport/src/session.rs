//! Sessions: the record layer above a finished handshake (`docs/PROTOCOL.md` section 7).
//!
//! [`Session::push`] queues items by lane, [`Session::seal`] makes records of them, and [`Session::receive`]
//! returns items from arrived bytes, wherever these were cut.

use std::collections::VecDeque;
use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use zeroize::Zeroizing;

use crate::keys::{Psk, PublicKey, kdf, mac, truncated};
use crate::noise::{Finished, Handshake, TAG_LEN, Transport};
use crate::padding::padme;

#[cfg(test)]
mod tests;

/// The longest plaintext of one record, in bytes.
pub const MAX_RECORD: usize = 65_519;
/// The longest item, its kind included, in bytes.
pub const MAX_ITEM: usize = 270_336;
/// The shortest plaintext of a record, in bytes.
const MIN_RECORD: usize = 64;
/// The longest piece of a media item, in bytes, so that text overtakes it.
const MAX_MEDIA_PIECE: usize = 16_384;
/// Number of records after which a direction rekeys.
const REKEY_RECORDS: u64 = 65_536;
/// Bytes before the ciphertext of a record.
const LENGTH_LEN: usize = 2;
/// Length of the header of a frame.
const FRAME_HEADER: usize = 3;
/// Flag in a frame's lane byte: this piece is the last of its item.
const LAST_PIECE: u8 = 0x80;

/// Which end of a link a side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// The side that dialled.
    Dialler = 0,
    /// The side that answered.
    Answerer = 1,
}

impl Role {
    /// The role of the other side.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Role::Dialler => Role::Answerer,
            Role::Answerer => Role::Dialler,
        }
    }
}

/// The lanes, in order of priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Lane {
    /// Items that steer the session; they overtake everything.
    Control = 1,
    /// Messages; overtake media.
    Text = 2,
    /// Bulk data.
    Media = 3,
}

impl Lane {
    const ALL: [Lane; 3] = [Lane::Control, Lane::Text, Lane::Media];

    fn from_byte(lane: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|known| *known as u8 == lane)
    }

    fn index(self) -> usize {
        self as usize - 1
    }

    fn max_piece(self) -> usize {
        match self {
            Lane::Control | Lane::Text => MAX_RECORD - FRAME_HEADER,
            Lane::Media => MAX_MEDIA_PIECE,
        }
    }
}

/// One item of a session. Its `Debug` output shows only kind and length.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// Its lane.
    pub lane: Lane,
    /// Its kind (section 8); receivers skip unknown kinds.
    pub kind: u64,
    /// Its content.
    pub content: Bytes,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("lane", &self.lane)
            .field("kind", &self.kind)
            .field("length", &self.content.len())
            .finish()
    }
}

/// The item is longer than [`MAX_ITEM`]: the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the item is longer than a session carries")]
pub struct ItemTooLong;

/// How the other side broke the protocol; the link must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// A record does not open, or has an impossible length.
    #[error("a record does not open")]
    Record,
    /// A record's content is not a run of frames.
    #[error("a record holds no valid frames")]
    Frame,
    /// An item is longer than [`MAX_ITEM`].
    #[error("an item is too long")]
    TooLong,
    /// An item does not begin with a kind.
    #[error("an item has no kind")]
    Kind,
}

/// Bytes in each direction of a session's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByteCounts {
    /// Sent during the handshake.
    pub handshake_sent: u64,
    /// Received during the handshake.
    pub handshake_received: u64,
    /// Sent in records.
    pub sent: u64,
    /// Received in records.
    pub received: u64,
}

/// A link whose other end is proven: a contact's device, or the other side of an invitation.
pub struct Session {
    noise: Transport,
    hash: [u8; 32],
    role: Role,
    peer_key: PublicKey,
    outgoing: Outgoing,
    incoming: Incoming,
    handshake_sent: u64,
    handshake_received: u64,
}

impl Session {
    pub(crate) fn new(
        noise: Handshake,
        psk: &Psk,
        role: Role,
        handshake_sent: usize,
        handshake_received: usize,
    ) -> Option<Self> {
        let Finished { hash, peer, noise } = noise.finish()?;
        let key = |from: Role| kdf("hedgerow 1 length", &[psk.as_bytes(), &hash, &[from as u8]]);
        let lengths = |from: Role| RecordLengths {
            key: noise.is_real().then(|| key(from)),
            record: 0,
        };
        let (outgoing, incoming) = (lengths(role), lengths(role.peer()));
        Some(Self {
            noise,
            hash,
            role,
            peer_key: peer,
            outgoing: Outgoing::new(outgoing),
            incoming: Incoming::new(incoming),
            handshake_sent: handshake_sent as u64,
            handshake_received: handshake_received as u64,
        })
    }

    /// The handshake hash, unique to this session.
    #[must_use]
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Whether this side dialled.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The other side's proven device key.
    #[must_use]
    pub fn peer_key(&self) -> PublicKey {
        self.peer_key
    }

    /// Bytes over the link so far.
    #[must_use]
    pub fn bytes(&self) -> ByteCounts {
        ByteCounts {
            handshake_sent: self.handshake_sent,
            handshake_received: self.handshake_received,
            sent: self.outgoing.bytes,
            received: self.incoming.bytes,
        }
    }

    /// Number of bytes that wait to be sealed, except for media.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.outgoing.queued
    }

    /// Number of bytes of media that wait to be sealed.
    #[must_use]
    pub fn queued_media(&self) -> usize {
        self.outgoing.queued_media
    }

    /// Queues an item in its lane.
    ///
    /// # Errors
    /// The item, with its kind, is longer than [`MAX_ITEM`].
    pub fn push(&mut self, lane: Lane, kind: u64, content: Bytes) -> Result<(), ItemTooLong> {
        self.outgoing.push(lane, kind, content)
    }

    /// Appends records with queued items to `out` until the queue is empty or it has appended `budget` bytes; the last
    /// record may exceed that.
    pub fn seal(&mut self, out: &mut BytesMut, budget: usize) {
        self.seal_media(out, budget, usize::MAX);
    }

    /// As [`seal`](Self::seal), but at most `media` bytes are of media items: they wait here, where text overtakes
    /// them, and not behind the carrier.
    pub fn seal_media(&mut self, out: &mut BytesMut, budget: usize, mut media: usize) {
        let start = out.len();
        let most = budget.min(self.outgoing.queued + media.min(self.outgoing.queued_media));
        if most > MAX_RECORD {
            // All at once: growing would move what is sealed, again and again.
            out.reserve(most + MAX_RECORD);
        }
        let mut waits = true;
        while waits && out.len() - start < budget {
            waits = self.outgoing.fill(&mut media);
            if waits {
                self.outgoing.seal(&mut self.noise, out);
            }
        }
        self.outgoing.bytes += (out.len() - start) as u64;
    }

    /// Takes in arrived bytes, wherever they were cut, and returns the items that are complete.
    ///
    /// # Errors
    /// The other side broke the protocol: the link must end, and this session receives nothing more.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Vec<Item>, PeerFault> {
        if let Some(fault) = self.incoming.fault {
            return Err(fault);
        }
        self.incoming.bytes += bytes.len() as u64;
        self.incoming
            .receive(&mut self.noise, bytes)
            .inspect_err(|fault| self.incoming.fault = Some(*fault))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Masks the lengths of one direction's records, and counts the records.
struct RecordLengths {
    /// `None` for sized cryptography, which does not mask lengths.
    key: Option<Zeroizing<[u8; 32]>>,
    record: u64,
}

impl RecordLengths {
    /// Masks or unmasks the length of the next record.
    fn mask(&self, length: [u8; LENGTH_LEN]) -> [u8; LENGTH_LEN] {
        let Some(key) = &self.key else {
            return length;
        };
        let mask: [u8; LENGTH_LEN] = truncated(mac(key, &[&self.record.to_be_bytes()]).as_bytes());
        [length[0] ^ mask[0], length[1] ^ mask[1]]
    }

    /// Counts a record; true if the direction rekeys now.
    fn advance(&mut self) -> bool {
        self.record += 1;
        self.record.is_multiple_of(REKEY_RECORDS)
    }
}

/// An outgoing item: its kind, its content, and how much of both was sent.
struct Queued {
    kind: u64,
    content: Bytes,
    begun: bool,
}

struct Outgoing {
    lengths: RecordLengths,
    lanes: [VecDeque<Queued>; 3],
    /// Bytes in the lanes other than media.
    queued: usize,
    queued_media: usize,
    plain: Zeroizing<Vec<u8>>,
    bytes: u64,
}

impl Outgoing {
    fn new(lengths: RecordLengths) -> Self {
        Self {
            lengths,
            lanes: Default::default(),
            queued: 0,
            queued_media: 0,
            plain: Zeroizing::default(),
            bytes: 0,
        }
    }

    fn push(&mut self, lane: Lane, kind: u64, content: Bytes) -> Result<(), ItemTooLong> {
        let mut buffer = unsigned_varint::encode::u64_buffer();
        let length = unsigned_varint::encode::u64(kind, &mut buffer).len() + content.len();
        if length > MAX_ITEM {
            return Err(ItemTooLong);
        }
        *self.queued_in(lane) += length;
        self.lanes[lane.index()].push_back(Queued {
            kind,
            content,
            begun: false,
        });
        Ok(())
    }

    fn queued_in(&mut self, lane: Lane) -> &mut usize {
        match lane {
            Lane::Media => &mut self.queued_media,
            Lane::Control | Lane::Text => &mut self.queued,
        }
    }

    /// Fills the plaintext of one record with frames, lanes in order of priority, and takes what is of media off
    /// `media`. False if there is nothing to say.
    fn fill(&mut self, media: &mut usize) -> bool {
        self.plain.clear();
        for lane in Lane::ALL {
            loop {
                let allowed = match lane {
                    Lane::Media => *media,
                    Lane::Control | Lane::Text => usize::MAX,
                };
                let queue = &mut self.lanes[lane.index()];
                let Some(item) = queue.front_mut().filter(|_| allowed > 0) else {
                    break;
                };
                let mut buffer = unsigned_varint::encode::u64_buffer();
                let kind: &[u8] = match item.begun {
                    false => unsigned_varint::encode::u64(item.kind, &mut buffer),
                    true => &[],
                };
                let room = MAX_RECORD - self.plain.len();
                // Never splits a kind, and makes no empty piece.
                if room < FRAME_HEADER + kind.len().max(1) {
                    return true;
                }
                let most = (room - FRAME_HEADER).min(lane.max_piece());
                let most = most.min(allowed.saturating_sub(FRAME_HEADER).max(kind.len().max(1)));
                let content = item.content.len().min(most - kind.len());
                let last = content == item.content.len();
                let piece = (kind.len() + content) as u16;
                self.plain
                    .push(lane as u8 | if last { LAST_PIECE } else { 0 });
                self.plain.extend_from_slice(&piece.to_be_bytes());
                self.plain.extend_from_slice(kind);
                self.plain.extend_from_slice(&item.content[..content]);
                item.begun = true;
                item.content.advance(content);
                if last {
                    queue.pop_front();
                }
                *self.queued_in(lane) -= usize::from(piece);
                if lane == Lane::Media {
                    *media = media.saturating_sub(FRAME_HEADER + usize::from(piece));
                }
            }
        }
        !self.plain.is_empty()
    }

    /// Pads and seals the plaintext as one record.
    fn seal(&mut self, noise: &mut Transport, out: &mut BytesMut) {
        let padded = padme(self.plain.len().max(MIN_RECORD)).min(MAX_RECORD);
        self.plain.resize(padded, 0);
        let length = padded + TAG_LEN;
        out.reserve(LENGTH_LEN + length);
        out.extend_from_slice(&self.lengths.mask((length as u16).to_be_bytes()));
        let start = out.len();
        out.resize(start + length, 0);
        noise
            .write(&self.plain, &mut out[start..])
            .expect("a record of at most MAX_RECORD fits, and 2^64 records are never sent");
        if self.lengths.advance() {
            noise.rekey_outgoing();
        }
    }
}

struct Incoming {
    lengths: RecordLengths,
    /// The start of an incomplete record, with its length.
    partial: Vec<u8>,
    /// For each lane, the start of an incomplete item.
    lanes: [BytesMut; 3],
    /// For each lane, how long the last item of several pieces was: the next is likely as long.
    lengths_of_items: [usize; 3],
    fault: Option<PeerFault>,
    bytes: u64,
}

/// What the records of one read are opened into.
#[derive(Default)]
struct Opening {
    /// The plaintext of a record. The next one takes its place.
    plain: Vec<u8>,
    /// The items that were completed.
    items: Vec<Item>,
}

impl Incoming {
    fn new(lengths: RecordLengths) -> Self {
        Self {
            lengths,
            partial: Vec::new(),
            lanes: Default::default(),
            lengths_of_items: [0; 3],
            fault: None,
            bytes: 0,
        }
    }

    fn receive(&mut self, noise: &mut Transport, mut bytes: &[u8]) -> Result<Vec<Item>, PeerFault> {
        let mut opening = Opening::default();
        while !bytes.is_empty() {
            // Opens a complete record in place; only a record that was cut is gathered.
            if self.partial.is_empty() {
                let needed = self.needed(bytes)?;
                if let Some((record, rest)) = bytes.split_at_checked(needed) {
                    self.open(noise, &record[LENGTH_LEN..], &mut opening)?;
                    bytes = rest;
                } else {
                    self.partial.reserve(needed);
                    self.partial.extend_from_slice(bytes);
                    break;
                }
            } else {
                let missing = self.needed(&self.partial)? - self.partial.len();
                let (piece, rest) = bytes.split_at(missing.min(bytes.len()));
                self.partial.extend_from_slice(piece);
                bytes = rest;
            }
            if self.partial.len() > LENGTH_LEN
                && self.partial.len() == self.needed(&self.partial)?
            {
                let mut record = std::mem::take(&mut self.partial);
                self.open(noise, &record[LENGTH_LEN..], &mut opening)?;
                record.clear();
                self.partial = record;
            }
        }
        // A session that rests holds no buffer.
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
        Ok(opening.items)
    }

    /// Length of a record that begins with these bytes, with its length field, as far as these bytes tell.
    fn needed(&self, begun: &[u8]) -> Result<usize, PeerFault> {
        let Some(masked) = begun.first_chunk() else {
            return Ok(LENGTH_LEN);
        };
        let length = usize::from(u16::from_be_bytes(self.lengths.mask(*masked)));
        if length <= TAG_LEN {
            Err(PeerFault::Record)
        } else {
            Ok(LENGTH_LEN + length)
        }
    }

    fn open(
        &mut self,
        noise: &mut Transport,
        sealed: &[u8],
        opening: &mut Opening,
    ) -> Result<(), PeerFault> {
        let Opening { plain, items } = opening;
        if plain.len() < sealed.len() {
            plain.resize(sealed.len(), 0);
        }
        let length = noise.read(sealed, plain).map_err(|_| PeerFault::Record)?;
        if self.lengths.advance() {
            noise.rekey_incoming();
        }
        self.frames(&plain[..length], items)
    }

    /// Splits a record into frames, and completes items with them.
    fn frames(&mut self, mut plain: &[u8], items: &mut Vec<Item>) -> Result<(), PeerFault> {
        while let Some(&head) = plain.first() {
            let lane = head & !LAST_PIECE;
            if lane == 0 {
                return Ok(());
            }
            let Some((&[_, high, low], rest)) = plain.split_first_chunk::<FRAME_HEADER>() else {
                return Err(PeerFault::Frame);
            };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let Some((piece, rest)) = rest.split_at_checked(length).filter(|_| length > 0) else {
                return Err(PeerFault::Frame);
            };
            plain = rest;
            if let Some(lane) = Lane::from_byte(lane) {
                items.extend(self.piece(lane, piece, head & LAST_PIECE != 0)?);
            }
        }
        Ok(())
    }

    fn piece(&mut self, lane: Lane, piece: &[u8], last: bool) -> Result<Option<Item>, PeerFault> {
        let begun = &mut self.lanes[lane.index()];
        if begun.len() + piece.len() > MAX_ITEM {
            return Err(PeerFault::TooLong);
        }
        let item = if last && begun.is_empty() {
            Bytes::copy_from_slice(piece)
        } else {
            let length_of_last = &mut self.lengths_of_items[lane.index()];
            if begun.is_empty() {
                begun.reserve(piece.len().max(*length_of_last));
            }
            begun.extend_from_slice(piece);
            if !last {
                return Ok(None);
            }
            *length_of_last = begun.len();
            std::mem::take(begun).freeze()
        };
        let (kind, content) = unsigned_varint::decode::u64(&item).map_err(|_| PeerFault::Kind)?;
        Ok(Some(Item {
            lane,
            kind,
            content: item.slice_ref(content),
        }))
    }
}
