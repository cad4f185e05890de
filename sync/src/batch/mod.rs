//! Batches: runs of entries of one log with one proof, the same bytes on the wire and on disk
//! (`docs/PROTOCOL.md` section 4).
//!
//! ```text
//! core  = first_seq ‖ count ‖ base_wall_ms ‖ proof_kind u8
//!       ‖ refs u8 ‖ refs × (device 16 ‖ incarnation 8) ‖ origin ‖ count × entry ‖ proof
//! entry = wall delta ‖ links ‖ links × (ref u8 ‖ seq) ‖ what u8 ‖ kind? ‖ target? ‖ body
//! ```
//!
//! - `view`: reads the entries of a batch in place;
//! - `builder`: builds batches;
//! - `proof`: the bytes that a mark covers, and removal of bodies;
//! - `chain`: the hash chain of a log in a group, and the signature of its head.

mod builder;
mod chain;
mod proof;
mod view;

pub use self::builder::BatchBuilder;
pub use self::chain::{Chain, Head, Version};
pub use self::proof::{SALT_LENGTH, Salt};
pub use self::view::{BodyView, Entries, EntryView, Links};

use self::proof::{COMMITMENT_LENGTH, SIGNED_COMMITMENT_LENGTH};
pub(crate) use self::proof::{LateBody, NotCommitted};
use crate::id::{DeviceId, Incarnation, LogId, Seq};
use crate::layout::Input;
use crate::mark::MARK_LENGTH;
use crate::membership::SIGNATURE_LENGTH;

/// Length at which a batch is cut, unless it holds a single larger entry.
pub const BATCH_TARGET: usize = 3_600;
/// Most bytes of a core from which no body has left.
pub const MAX_BATCH: usize = 131_072;
/// Most entries of one batch.
pub const MAX_BATCH_ENTRIES: usize = 256;
/// Most bytes of a core with a salt or a commitment for each entry: any batch can lose a body.
pub const MAX_EXPANDED: usize = MAX_BATCH + MAX_BATCH_ENTRIES * SALT_LENGTH;
/// Most logs that one batch refers to.
pub const MAX_REFS: usize = 255;

/// The proof that a batch is its author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofKind {
    /// No proof yet: entries of this store's own logs, at rest. Never on the wire.
    Unsealed,
    /// A mark, and one salt for all bodies: direct chats.
    Mark,
    /// A mark, and a salt or a commitment for each body: direct chats, once a body has left.
    Expanded,
    /// A signature of the head, and a salt or a commitment for each body: groups.
    Signed,
    /// Reserved: later versions know it, this one refuses it.
    Reserved(u8),
}

impl ProofKind {
    fn code(self) -> u8 {
        match self {
            ProofKind::Unsealed => 0,
            ProofKind::Mark => 1,
            ProofKind::Signed => 2,
            ProofKind::Expanded => 3,
            ProofKind::Reserved(code) => code,
        }
    }

    fn from_code(code: u8) -> ProofKind {
        match code {
            0 => ProofKind::Unsealed,
            1 => ProofKind::Mark,
            2 => ProofKind::Signed,
            3 => ProofKind::Expanded,
            code => ProofKind::Reserved(code),
        }
    }

    /// Bytes after the entries.
    fn length(self) -> usize {
        match self {
            ProofKind::Unsealed | ProofKind::Reserved(_) => 0,
            ProofKind::Mark => SALT_LENGTH + MARK_LENGTH,
            ProofKind::Expanded => MARK_LENGTH,
            ProofKind::Signed => SIGNATURE_LENGTH,
        }
    }

    /// Whether each body has a salt of its own, and one that has left its commitment.
    fn has_salts(self) -> bool {
        matches!(self, ProofKind::Expanded | ProofKind::Signed)
    }

    /// Bytes of a commitment. An author of signed entries could gain by finding two bodies for one.
    fn commitment_length(self) -> usize {
        match self {
            ProofKind::Signed => SIGNED_COMMITMENT_LENGTH,
            _ => COMMITMENT_LENGTH,
        }
    }

    /// Most bytes of a core.
    fn limit(self) -> usize {
        match self {
            ProofKind::Expanded | ProofKind::Signed => MAX_EXPANDED,
            ProofKind::Unsealed | ProofKind::Mark | ProofKind::Reserved(_) => MAX_BATCH,
        }
    }
}

/// Why bytes are not a batch: their author's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Truncated, too long, or with a number that is not in its shortest form.
    #[error("the batch is malformed")]
    Malformed,
    /// Over a limit of `docs/PROTOCOL.md` section 1.
    #[error("the batch is over a limit")]
    OverLimit,
    /// A kind of proof or a form of body that this version does not know.
    #[error("the batch is of an unknown kind")]
    UnknownKind,
}

/// A checked batch, borrowed from its bytes.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    core: &'a [u8],
    entries: &'a [u8],
    refs: &'a [u8],
    /// Of a signed batch: the version under which it was written, and the chain before it.
    origin: &'a [u8],
    /// The bytes after the entries.
    trailer: &'a [u8],
    base_wall_ms: i64,
    /// Number of its first entry.
    pub first: Seq,
    /// Number of its entries, at least one.
    pub count: u64,
    /// Its kind of proof.
    pub proof: ProofKind,
}

impl<'a> Batch<'a> {
    /// Decodes and checks all of `core`, a batch of a direct chat from the wire, without copying.
    pub fn parse(core: &'a [u8]) -> Result<Batch<'a>, BatchError> {
        Batch::parse_with(core, |proof| {
            matches!(proof, ProofKind::Mark | ProofKind::Expanded)
        })
    }

    /// The same for a batch of a group.
    pub fn parse_signed(core: &'a [u8]) -> Result<Batch<'a>, BatchError> {
        Batch::parse_with(core, |proof| proof == ProofKind::Signed)
    }

    fn parse_with(
        core: &'a [u8],
        is_proof: impl FnOnce(ProofKind) -> bool,
    ) -> Result<Batch<'a>, BatchError> {
        let batch = Batch::read_head(core, is_proof)?;
        batch.check_entries()?;
        Ok(batch)
    }

    /// As [`Batch::parse`], for bytes that this store wrote itself: checks each entry only when it is read.
    pub(crate) fn parse_head(core: &'a [u8]) -> Result<Batch<'a>, BatchError> {
        Batch::read_head(core, |_| true)
    }

    fn read_head(
        core: &'a [u8],
        is_proof: impl FnOnce(ProofKind) -> bool,
    ) -> Result<Batch<'a>, BatchError> {
        if core.len() > MAX_EXPANDED {
            return Err(BatchError::OverLimit);
        }
        let mut input = Input(core);
        let mut numbers = || {
            let first = input.varint()?;
            let count = input.varint()?;
            let base_wall_ms = input.zigzag()?;
            let proof = ProofKind::from_code(input.byte()?);
            Some((first, count, base_wall_ms, proof))
        };
        let (first, count, base_wall_ms, proof) = numbers().ok_or(BatchError::Malformed)?;
        if !is_proof(proof) {
            return Err(BatchError::UnknownKind);
        }
        let mut rest = || {
            let refs = usize::from(input.byte()?);
            let refs = input.take(refs * REF_LENGTH)?;
            let origin = match proof {
                ProofKind::Signed => chain::read_origin(&mut input)?,
                _ => &[],
            };
            let entries = input.take(input.0.len().checked_sub(proof.length())?)?;
            Some(Batch {
                core,
                entries,
                refs,
                origin,
                trailer: input.0,
                base_wall_ms,
                first: Seq(first),
                count,
                proof,
            })
        };
        let batch = rest().ok_or(BatchError::Malformed)?;
        if batch.count > MAX_BATCH_ENTRIES as u64 || core.len() > batch.proof.limit() {
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
        if entries.is_at_end() {
            Ok(())
        } else {
            Err(BatchError::Malformed)
        }
    }

    /// Number of its last entry.
    pub fn last(&self) -> Seq {
        Seq(self.first.0 + self.count - 1)
    }

    /// Its bytes.
    pub fn core(&self) -> &'a [u8] {
        self.core
    }

    /// Its entries, in order.
    pub fn entries(&self) -> Entries<'a> {
        Entries::of(self)
    }
}

fn read_ref(bytes: &[u8]) -> Option<LogId> {
    let mut input = Input(bytes);
    Some(LogId {
        device: DeviceId(input.array()?),
        incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
    })
}

/// Bits of an entry's byte `what`: the form of its body.
const FORM: u8 = 0b11;
const FORM_BYTES: u8 = 0;
/// The body has left; its commitment stays.
const FORM_GAP: u8 = 1;
/// The author removed the body before the batch was ever sealed.
const FORM_VOID: u8 = 2;
/// Bit of the same byte: an annotation instead of a row.
const ANNOTATION: u8 = 0b100;
/// From this bit on, the same byte holds the kind …
const KIND_SHIFT: u8 = 3;
/// … or, if that is this value, the kind minus this value follows as a varint.
const LONG_KIND: u16 = 31;
/// In place of a ref: the log of the batch itself.
const OWN_LOG: u8 = 255;
/// Bytes of one log in the list of logs that a batch refers to.
const REF_LENGTH: usize = 24;
/// Most bytes of a core besides refs and entries: three numbers, two bytes, salt and mark. A signed one has its origin and
/// its signature instead of these.
const HEAD_ROOM: usize = 10 + 2 + 10 + 2 + SALT_LENGTH + MARK_LENGTH;

const _: () = assert!(MAX_REFS <= OWN_LOG as usize);
const _: () = assert!(COMMITMENT_LENGTH <= SALT_LENGTH);
// A body takes its salt and its length at least, so a batch that loses it grows by less than a salt.
const _: () = assert!(SIGNED_COMMITMENT_LENGTH <= 2 * SALT_LENGTH);
