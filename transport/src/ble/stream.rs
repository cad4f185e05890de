//! Two byte streams over a channel of packets that may arrive out of order (`docs/PROTOCOL.md` section 13b):
//! numbers put frames in order, limits stop a sender whose peer does not read.
//!
//! Driven from outside: the caller passes packets to [`receive`](Stream::receive) and takes frames from
//! [`next_frame`](Stream::next_frame). The channel below resends what the radio loses, so a frame that stays
//! missing means that somebody dropped it; the link then ends, as it would end with the channel.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Buf, Bytes, BytesMut};

use super::frame::{Frame, HEADER_LEN, Malformed, Tag, Word};

/// Frames of one direction that may be in flight or unread before the first limit arrives.
pub const WINDOW: u16 = 64;

/// The largest window: enough for 128 KiB in small packets.
pub const MAX_WINDOW: u16 = 256;

/// Bytes that a window should hold, as far as [`WINDOW`] and [`MAX_WINDOW`] frames allow.
const WINDOW_BYTES: usize = 128 * 1024;

/// How long a frame that others have overtaken may be missing, in milliseconds.
pub const MAX_GAP_MS: u64 = 10_000;

/// How long a sender without credit waits before it asks for a limit, in milliseconds: the limit may be lost.
pub const ASK_MS: u64 = 5_000;

/// Why a link cannot go on. Each is the fault of the peer or of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not a frame.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A number beyond the limit that we sent.
    #[error("a frame beyond the limit")]
    BeyondLimit,
    /// A limit beyond the largest window.
    #[error("a limit beyond the window")]
    Limitless,
    /// Data after the end.
    #[error("a frame after the end")]
    BehindEnd,
    /// A frame was missing for too long.
    #[error("a frame is missing")]
    Missing,
}

/// Both directions of one link, at one end.
#[derive(Debug)]
pub struct Stream {
    tag: Tag,
    /// Data bytes that fit in one frame.
    piece: usize,
    /// Frames of the peer that may be in flight or unread.
    window: u64,
    queue: VecDeque<Bytes>,
    queued: usize,
    /// Numbered frames sent.
    sent: u64,
    /// The first number that the peer does not accept yet.
    limit: u64,
    /// Since when there is something to send beyond the limit.
    stalled_ms: Option<u64>,
    end: End,
    ask: bool,
    /// The number of the next piece to read.
    next: u64,
    /// The last limit sent to the peer.
    told: u64,
    tell: bool,
    /// Pieces that arrived and were not read; `None` is the end.
    arrived: BTreeMap<u64, Option<Bytes>>,
    /// The lowest number that others have overtaken, and the time of the first [`Stream::tick`] after that.
    missing: Option<(u64, Option<u64>)>,
    peer_ended: bool,
}

/// State of the end of our direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Wanted,
    Sent,
}

impl Stream {
    /// A stream over a channel whose packets have at most `packet` bytes, which must exceed [`HEADER_LEN`].
    #[must_use]
    pub fn new(tag: Tag, packet: usize) -> Self {
        let window = (WINDOW_BYTES / packet.max(1)) as u64;
        Self {
            tag,
            window: window.clamp(WINDOW.into(), MAX_WINDOW.into()),
            piece: packet.saturating_sub(HEADER_LEN).max(1),
            queue: VecDeque::new(),
            queued: 0,
            sent: 0,
            limit: WINDOW.into(),
            stalled_ms: None,
            end: End::Open,
            ask: false,
            next: 0,
            told: WINDOW.into(),
            tell: false,
            arrived: BTreeMap::new(),
            missing: None,
            peer_ended: false,
        }
    }

    /// Queues bytes to send; ignored after [`end`](Self::end).
    pub fn send(&mut self, bytes: Bytes) {
        if self.end == End::Open && !bytes.is_empty() {
            self.queued += bytes.len();
            self.queue.push_back(bytes);
        }
    }

    /// Bytes that wait to be sent.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Ends our direction after what is queued.
    pub fn end(&mut self) {
        if self.end == End::Open {
            self.end = End::Wanted;
        }
    }

    /// Whether everything queued has been sent, and the end after it.
    #[must_use]
    pub fn is_end_sent(&self) -> bool {
        self.end == End::Sent
    }

    /// The next frame to send, and the number of queued bytes in it.
    pub fn next_frame(&mut self, now_ms: u64) -> Option<(Bytes, usize)> {
        let has_more = !self.queue.is_empty() || self.end == End::Wanted;
        let word = if has_more && self.sent < self.limit {
            self.stalled_ms = None;
            let (number, limit) = (self.sent as u16, self.tell_limit());
            self.sent += 1;
            match self.queue.is_empty() {
                false => Word::Data {
                    number,
                    limit,
                    bytes: self.take_piece(),
                },
                true => {
                    self.end = End::Sent;
                    Word::End { number, limit }
                }
            }
        } else if self.tell || self.is_worth_telling() {
            Word::Credit {
                limit: self.tell_limit(),
            }
        } else if self.ask {
            self.ask = false;
            Word::Ask
        } else {
            if has_more {
                self.stalled_ms.get_or_insert(now_ms);
            }
            return None;
        };
        let carried = match &word {
            Word::Data { bytes, .. } => bytes.len(),
            _ => 0,
        };
        let frame = Frame {
            tag: self.tag,
            word,
        };
        Some((frame.encode(), carried))
    }

    /// Takes in a packet; ignores packets with another tag.
    ///
    /// # Errors
    /// The link must end.
    pub fn receive(&mut self, packet: &Bytes) -> Result<(), Fault> {
        if packet.get(1..5) != Some(&self.tag) {
            return Ok(());
        }
        match Frame::decode(packet)?.word {
            // A repetition by a side that missed the answer.
            Word::Open | Word::Opened => {}
            Word::Data {
                number,
                limit,
                bytes,
            } => {
                self.limited(limit)?;
                self.arrive(number, Some(bytes))?;
            }
            Word::End { number, limit } => {
                self.limited(limit)?;
                self.arrive(number, None)?;
            }
            Word::Credit { limit } => self.limited(limit)?,
            Word::Ask => self.tell = true,
        }
        Ok(())
    }

    /// The next bytes in order, if they have arrived. Reading them makes room for more.
    pub fn read(&mut self) -> Option<Bytes> {
        let piece = self.arrived.remove(&self.next)?;
        self.next += 1;
        self.peer_ended |= piece.is_none();
        piece
    }

    /// Whether everything up to the peer's end has been read.
    #[must_use]
    pub fn has_peer_ended(&self) -> bool {
        self.peer_ended
    }

    /// Advances time. Call it after [`receive`](Self::receive).
    ///
    /// # Errors
    /// A frame has been missing for too long.
    pub fn tick(&mut self, now_ms: u64) -> Result<(), Fault> {
        if let Some((_, since_ms)) = &mut self.missing
            && now_ms >= *since_ms.get_or_insert(now_ms) + MAX_GAP_MS
        {
            return Err(Fault::Missing);
        }
        if let Some(since_ms) = self.stalled_ms
            && now_ms >= since_ms + ASK_MS
        {
            self.stalled_ms = None;
            self.ask = true;
        }
        Ok(())
    }

    /// When [`tick`](Self::tick) has something to do.
    #[must_use]
    pub fn next_wake_ms(&self) -> Option<u64> {
        let missing = self.missing.and_then(|(_, since_ms)| since_ms);
        let missing = missing.map(|since_ms| since_ms + MAX_GAP_MS);
        let stalled = self.stalled_ms.map(|since_ms| since_ms + ASK_MS);
        [missing, stalled].into_iter().flatten().min()
    }

    /// Whether so much has been read since the last limit that a new one is worth a frame.
    fn is_worth_telling(&self) -> bool {
        self.next > 0 && self.next + self.window - self.told >= self.window / 2
    }

    fn tell_limit(&mut self) -> u16 {
        self.tell = false;
        self.told = self.next + self.window;
        self.told as u16
    }

    /// Takes as many queued bytes as fit in a frame; joins small pieces.
    fn take_piece(&mut self) -> Bytes {
        let mut joined = BytesMut::new();
        while let Some(first) = self.queue.front_mut() {
            let room = self.piece - joined.len();
            let rest = first.len().saturating_sub(room);
            let part = first.split_to(first.len() - rest);
            self.queued -= part.len();
            if !first.has_remaining() {
                self.queue.pop_front();
            }
            if joined.is_empty() && (part.len() == self.piece || self.queue.is_empty()) {
                return part;
            }
            joined.extend_from_slice(&part);
            if joined.len() == self.piece {
                break;
            }
        }
        joined.freeze()
    }

    /// Takes in a limit from the peer; one that a later limit overtook is lower and changes nothing.
    fn limited(&mut self, limit: u16) -> Result<(), Fault> {
        let more = limit.wrapping_sub(self.limit as u16) as i16;
        if more > 0 {
            let limit = self.limit + more as u64;
            if limit > self.sent + u64::from(MAX_WINDOW) {
                return Err(Fault::Limitless);
            }
            self.limit = limit;
            self.stalled_ms = None;
        }
        Ok(())
    }

    fn arrive(&mut self, number: u16, piece: Option<Bytes>) -> Result<(), Fault> {
        let ahead = number.wrapping_sub(self.next as u16) as i16;
        if ahead < 0 {
            // A repetition of a piece that was read already.
            return Ok(());
        }
        let number = self.next + ahead as u64;
        if number >= self.told {
            return Err(Fault::BeyondLimit);
        }
        let last = self.arrived.last_key_value();
        let is_behind_end = last.is_some_and(|(last, piece)| piece.is_none() && *last < number);
        let is_end_before = piece.is_none() && last.is_some_and(|(last, _)| *last > number);
        if self.peer_ended || is_behind_end || is_end_before {
            return Err(Fault::BehindEnd);
        }
        self.arrived.entry(number).or_insert(piece);
        let missing = (self.next..)
            .zip(self.arrived.keys())
            .find(|(expected, there)| expected != *there);
        self.missing = missing.map(|(number, _)| match self.missing {
            Some(known) if known.0 == number => known,
            _ => (number, None),
        });
        Ok(())
    }
}
