//! Batches: runs of entries of one log with one proof, the same bytes on the wire and on disk
//! (`docs/PROTOCOL.md` section 4).
//!
//! ```text
//! core  = first_seq ‖ count ‖ base_wall_ms ‖ proof_kind u8
//!       ‖ refs u8 ‖ refs × (device 16 ‖ incarnation 8) ‖ count × entry ‖ proof
//! entry = wall delta ‖ links ‖ links × (ref u8 ‖ seq) ‖ form u8 ‖ length ‖ body
//! ```

use crate::entry::{Body, Entry, MAX_BODY, MAX_LINKS};
use crate::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint, put_zigzag};
use crate::mark::{MARK_LENGTH, MarkKey};
use bytes::Bytes;

/// A batch is cut here, unless one entry alone is larger.
pub const BATCH_TARGET: usize = 3_600;
/// Bytes of one core, at most.
pub const MAX_BATCH: usize = 131_072;
/// Entries of one batch, at most.
pub const MAX_BATCH_ENTRIES: usize = 1_024;
/// Logs that one batch refers to, at most.
pub const MAX_REFS: usize = 255;

/// What proves that a batch is its author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofKind {
    /// Nothing yet: entries of this store's own logs, at rest. Never on the wire.
    Unsealed,
    /// A mark: direct chats.
    Mark,
    /// Reserved: known to later versions, refused by this one.
    Reserved(u8),
}

impl ProofKind {
    fn code(self) -> u8 {
        match self {
            ProofKind::Unsealed => 0,
            ProofKind::Mark => 1,
            ProofKind::Reserved(code) => code,
        }
    }

    fn from_code(code: u8) -> ProofKind {
        match code {
            0 => ProofKind::Unsealed,
            1 => ProofKind::Mark,
            code => ProofKind::Reserved(code),
        }
    }
}

/// Why bytes are not a batch. Whoever made them is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It ends early, goes on too long, or holds a number in a longer form than needed.
    #[error("the batch is malformed")]
    Malformed,
    /// It is over a limit of `docs/PROTOCOL.md` section 1.
    #[error("the batch is over a limit")]
    OverLimit,
    /// This version does not know its kind of proof or a form of body.
    #[error("the batch is of an unknown kind")]
    UnknownKind,
}

/// A checked batch, still in its bytes.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    core: &'a [u8],
    entries: &'a [u8],
    refs: &'a [u8],
    base_wall_ms: i64,
    /// The number of its first entry.
    pub first: Seq,
    /// How many entries it has, at least one.
    pub count: u64,
    /// What proves it.
    pub proof: ProofKind,
}

impl<'a> Batch<'a> {
    /// Checks all of `core`, a batch from the wire, without copying. Decoder.
    pub fn parse(core: &'a [u8]) -> Result<Batch<'a>, BatchError> {
        let batch = Batch::parse_head(core)?;
        match batch.proof {
            ProofKind::Mark => {}
            ProofKind::Unsealed | ProofKind::Reserved(_) => return Err(BatchError::UnknownKind),
        }
        batch.check_entries()?;
        Ok(batch)
    }

    /// As [`Batch::parse`], for what this store wrote itself: entries are checked as they are read.
    pub(crate) fn parse_head(core: &'a [u8]) -> Result<Batch<'a>, BatchError> {
        if core.len() > MAX_BATCH {
            return Err(BatchError::OverLimit);
        }
        let mut input = Input(core);
        let mut head = || {
            let first = input.varint()?;
            let count = input.varint()?;
            let base_wall_ms = input.zigzag()?;
            let proof = ProofKind::from_code(input.byte()?);
            let refs = usize::from(input.byte()?);
            let refs = input.take(refs * REF_LENGTH)?;
            let proof_length = match proof {
                ProofKind::Unsealed => 0,
                ProofKind::Mark => MARK_LENGTH,
                ProofKind::Reserved(_) => 0,
            };
            let entries = input.take(input.0.len().checked_sub(proof_length)?)?;
            Some(Batch {
                core,
                entries,
                refs,
                base_wall_ms,
                first: Seq(first),
                count,
                proof,
            })
        };
        let batch = head().ok_or(BatchError::Malformed)?;
        if batch.count > MAX_BATCH_ENTRIES as u64 {
            return Err(BatchError::OverLimit);
        }
        if batch.count == 0
            || batch.first.0 == 0
            || batch.first.0.checked_add(batch.count).is_none()
        {
            return Err(BatchError::Malformed);
        }
        Ok(batch)
    }

    fn check_entries(&self) -> Result<(), BatchError> {
        let mut entries = self.entries();
        for entry in entries.by_ref() {
            entry?;
        }
        if entries.input.is_empty() {
            Ok(())
        } else {
            Err(BatchError::Malformed)
        }
    }

    /// The number of its last entry.
    pub fn last(&self) -> Seq {
        Seq(self.first.0 + self.count - 1)
    }

    /// Its bytes.
    pub fn core(&self) -> &'a [u8] {
        self.core
    }

    /// Its entries, in order.
    pub fn entries(&self) -> Entries<'a> {
        Entries {
            input: Input(self.entries),
            refs: self.refs,
            seq: self.first.0,
            left: self.count,
            wall_ms: self.base_wall_ms,
        }
    }
}

/// Walks over the entries of a [`Batch`]; ends after the first that is malformed.
#[derive(Clone)]
pub struct Entries<'a> {
    input: Input<'a>,
    refs: &'a [u8],
    seq: u64,
    left: u64,
    wall_ms: i64,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<EntryView<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let read = self.read();
        if read.is_err() {
            self.left = 0;
        }
        Some(read)
    }
}

impl<'a> Entries<'a> {
    fn read(&mut self) -> Result<EntryView<'a>, BatchError> {
        let malformed = BatchError::Malformed;
        let bytes = self.input.0;
        let previous_wall_ms = self.wall_ms;
        let input = &mut self.input;
        self.wall_ms = previous_wall_ms
            .checked_add(input.zigzag().ok_or(malformed)?)
            .ok_or(malformed)?;
        let link_count = input.length().ok_or(malformed)?;
        if link_count > MAX_LINKS {
            return Err(BatchError::OverLimit);
        }
        let before = input.0;
        for _ in 0..link_count {
            let log = usize::from(input.byte().ok_or(malformed)?);
            let seq = input.varint().ok_or(malformed)?;
            if log * REF_LENGTH >= self.refs.len() || seq == 0 {
                return Err(malformed);
            }
        }
        let links = &before[..before.len() - input.0.len()];
        let body = match input.byte().ok_or(malformed)? {
            FORM_BYTES => {
                let length = input.length().ok_or(malformed)?;
                if length > MAX_BODY {
                    return Err(BatchError::OverLimit);
                }
                BodyView::Bytes(input.take(length).ok_or(malformed)?)
            }
            FORM_GAP => BodyView::Gap,
            FORM_GHOST => {
                let length = input.varint().ok_or(malformed)?;
                if length > MAX_BODY as u64 {
                    return Err(BatchError::OverLimit);
                }
                let id = input.varint().ok_or(malformed)?;
                BodyView::Ghost { length, id }
            }
            _ => return Err(BatchError::UnknownKind),
        };
        let bytes = &bytes[..bytes.len() - self.input.0.len()];
        let seq = Seq(self.seq);
        self.seq += 1;
        Ok(EntryView {
            seq,
            wall_ms: self.wall_ms,
            previous_wall_ms,
            body,
            bytes,
            links: Links {
                input: Input(links),
                refs: self.refs,
            },
        })
    }
}

/// An entry in the bytes of its batch.
#[derive(Clone)]
pub struct EntryView<'a> {
    /// Its number.
    pub seq: Seq,
    /// Its wall time, Unix milliseconds.
    pub wall_ms: i64,
    /// What it says.
    pub body: BodyView<'a>,
    /// Its explicit links.
    pub links: Links<'a>,
    /// Its encoding.
    pub(crate) bytes: &'a [u8],
    /// The wall time that its own is a difference from.
    pub(crate) previous_wall_ms: i64,
}

/// A [`Body`] in the bytes of its batch.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as Body")]
pub enum BodyView<'a> {
    Bytes(&'a [u8]),
    Gap,
    Ghost { length: u64, id: u64 },
}

impl BodyView<'_> {
    /// Copied out.
    pub fn to_body(self) -> Body {
        match self {
            BodyView::Bytes(bytes) => Body::Bytes(Bytes::copy_from_slice(bytes)),
            BodyView::Gap => Body::Gap,
            BodyView::Ghost { length, id } => Body::Ghost { length, id },
        }
    }
}

/// Walks over the explicit links of an entry.
#[derive(Clone)]
pub struct Links<'a> {
    input: Input<'a>,
    refs: &'a [u8],
}

impl Iterator for Links<'_> {
    type Item = EntryId;

    fn next(&mut self) -> Option<EntryId> {
        let log = usize::from(self.input.byte()?);
        let seq = Seq(self.input.varint()?);
        let log = read_ref(self.refs.get(log * REF_LENGTH..)?)?;
        Some(EntryId { log, seq })
    }
}

/// A batch being made.
#[derive(Clone)]
pub struct BatchBuilder {
    first: Seq,
    count: u64,
    base_wall_ms: i64,
    last_wall_ms: i64,
    refs: Vec<u8>,
    entries: Vec<u8>,
}

impl BatchBuilder {
    /// An empty batch whose first entry will be number `first`.
    pub fn new(first: Seq, base_wall_ms: i64) -> BatchBuilder {
        BatchBuilder {
            first,
            count: 0,
            base_wall_ms,
            last_wall_ms: base_wall_ms,
            refs: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Goes on from the unsealed `batch`, whose last entry has this wall time.
    pub(crate) fn resume(batch: &Batch<'_>, last_wall_ms: i64) -> BatchBuilder {
        BatchBuilder {
            first: batch.first,
            count: batch.count,
            base_wall_ms: batch.base_wall_ms,
            last_wall_ms,
            refs: batch.refs.to_vec(),
            entries: batch.entries.to_vec(),
        }
    }

    /// Starts a batch that will take entries of `batch` over as they are, from `entry` on.
    pub(crate) fn cut(batch: &Batch<'_>, entry: &EntryView<'_>) -> BatchBuilder {
        BatchBuilder {
            first: entry.seq,
            count: 0,
            base_wall_ms: entry.previous_wall_ms,
            last_wall_ms: entry.previous_wall_ms,
            refs: batch.refs.to_vec(),
            entries: Vec::with_capacity(batch.entries.len()),
        }
    }

    /// Takes over the next entry of the batch given to [`BatchBuilder::cut`].
    pub(crate) fn push_view(&mut self, entry: &EntryView<'_>) {
        self.count += 1;
        self.last_wall_ms = entry.wall_ms;
        self.entries.extend_from_slice(entry.bytes);
    }

    /// Takes over the next entry of the same log, which has no links or lies in the batch given to
    /// [`BatchBuilder::cut`]; says whether it did.
    pub(crate) fn follow(&mut self, entry: &EntryView<'_>) -> bool {
        if self.count as usize >= MAX_BATCH_ENTRIES {
            return false;
        }
        if entry.previous_wall_ms == self.last_wall_ms {
            self.push_view(entry);
            return true;
        }
        let old = entry
            .previous_wall_ms
            .checked_sub(entry.wall_ms)
            .and_then(i64::checked_neg);
        let new = entry.wall_ms.checked_sub(self.last_wall_ms);
        let (Some(old), Some(new)) = (old, new) else {
            return false;
        };
        let mut before = Vec::with_capacity(10);
        put_zigzag(&mut before, old);
        put_zigzag(&mut self.entries, new);
        self.entries.extend_from_slice(&entry.bytes[before.len()..]);
        self.count += 1;
        self.last_wall_ms = entry.wall_ms;
        true
    }

    /// Bytes of the core so far, at most.
    pub(crate) fn size(&self) -> usize {
        self.refs.len() + self.entries.len() + HEAD_ROOM
    }

    /// Adds an entry, unless a limit of the batch forbids it; says whether it did. The caller has
    /// checked the limits of the entry.
    pub fn push(&mut self, entry: &Entry) -> bool {
        let Some(delta) = entry.wall_ms.checked_sub(self.last_wall_ms) else {
            return false;
        };
        if self.count as usize >= MAX_BATCH_ENTRIES {
            return false;
        }
        let refs_before = self.refs.len();
        let mut bytes = Vec::with_capacity(64 + entry.body.length() as usize);
        put_zigzag(&mut bytes, delta);
        put_varint(&mut bytes, entry.links.len() as u64);
        for link in &entry.links {
            let Some(index) = self.ref_index(link.log) else {
                self.refs.truncate(refs_before);
                return false;
            };
            bytes.push(index);
            put_varint(&mut bytes, link.seq.0);
        }
        match &entry.body {
            Body::Bytes(body) => {
                bytes.push(FORM_BYTES);
                put_varint(&mut bytes, body.len() as u64);
                bytes.extend_from_slice(body);
            }
            Body::Gap => bytes.push(FORM_GAP),
            Body::Ghost { length, id } => {
                bytes.push(FORM_GHOST);
                put_varint(&mut bytes, *length);
                put_varint(&mut bytes, *id);
            }
        }
        let size = self.refs.len() + self.entries.len() + bytes.len() + HEAD_ROOM;
        if self.count > 0 && size > BATCH_TARGET {
            self.refs.truncate(refs_before);
            return false;
        }
        self.count += 1;
        self.last_wall_ms = entry.wall_ms;
        self.entries.extend_from_slice(&bytes);
        true
    }

    fn ref_index(&mut self, log: LogId) -> Option<u8> {
        let mut known = self.refs.chunks_exact(REF_LENGTH);
        let index = match known.position(|bytes| read_ref(bytes) == Some(log)) {
            Some(index) => index,
            None => {
                let index = self.refs.len() / REF_LENGTH;
                if index >= MAX_REFS {
                    return None;
                }
                self.refs.extend_from_slice(&log.device.0);
                self.refs
                    .extend_from_slice(&log.incarnation.0.to_be_bytes());
                index
            }
        };
        u8::try_from(index).ok()
    }

    /// How many entries it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The core with its mark.
    pub fn seal(&self, key: &MarkKey, space: SpaceId, log: LogId) -> Vec<u8> {
        let mut core = self.core(ProofKind::Mark);
        let mark = key.mark(space, log, &core);
        core.extend_from_slice(&mark);
        core
    }

    /// The core for this store alone: the mark is made when it is sent.
    pub(crate) fn unsealed(&self) -> Vec<u8> {
        self.core(ProofKind::Unsealed)
    }

    fn core(&self, proof: ProofKind) -> Vec<u8> {
        let size = self.refs.len() + self.entries.len() + HEAD_ROOM;
        let mut core = Vec::with_capacity(size);
        put_varint(&mut core, self.first.0);
        put_varint(&mut core, self.count);
        put_zigzag(&mut core, self.base_wall_ms);
        core.push(proof.code());
        core.push((self.refs.len() / REF_LENGTH) as u8);
        core.extend_from_slice(&self.refs);
        core.extend_from_slice(&self.entries);
        core
    }
}

fn read_ref(bytes: &[u8]) -> Option<LogId> {
    let mut input = Input(bytes);
    Some(LogId {
        device: DeviceId(input.array()?),
        incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
    })
}

const FORM_BYTES: u8 = 0;
const FORM_GAP: u8 = 1;
const FORM_GHOST: u8 = 2;
/// Bytes of one log in the list of those a batch refers to.
const REF_LENGTH: usize = 24;
/// Bytes of a core beside its refs and entries, at most: three numbers, two bytes, the mark.
const HEAD_ROOM: usize = 10 + 2 + 10 + 2 + MARK_LENGTH;
