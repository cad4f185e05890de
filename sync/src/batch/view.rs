//! Reads the entries of a batch in place.

use bytes::Bytes;

use super::{
    ANNOTATION, Batch, BatchError, FORM, FORM_BYTES, FORM_GAP, FORM_VOID, KIND_SHIFT, LONG_KIND,
    OWN_LOG, ProofKind, REF_LENGTH, SALT_LENGTH, Salt, read_ref,
};
use crate::entry::{AnnotationKind, Body, MAX_BODY, MAX_LINKS, RowKind, What};
use crate::id::{EntryId, LogId, Seq};
use crate::layout::Input;

/// Iterates over the entries of a [`Batch`]; ends after the first malformed one.
#[derive(Clone)]
pub struct Entries<'a> {
    input: Input<'a>,
    refs: &'a [u8],
    proof: ProofKind,
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
    pub(super) fn of(batch: &Batch<'a>) -> Entries<'a> {
        Entries {
            input: Input(batch.entries),
            refs: batch.refs,
            proof: batch.proof,
            seq: batch.first.0,
            left: batch.count,
            wall_ms: batch.base_wall_ms,
        }
    }

    /// Whether all bytes have been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.input.is_empty()
    }

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
            let log = input.byte().ok_or(malformed)?;
            let seq = input.varint().ok_or(malformed)?;
            if usize::from(log) * REF_LENGTH >= self.refs.len() || seq == 0 {
                return Err(malformed);
            }
        }
        let links = &before[..before.len() - self.input.0.len()];
        let form_at = bytes.len() - self.input.0.len();
        let what = self.input.byte().ok_or(malformed)?;
        let kind = self.kind(what)?;
        let kind = if what & ANNOTATION == 0 {
            Kind::Row(RowKind(kind))
        } else {
            Kind::Annotation(AnnotationKind(kind), self.target()?)
        };
        let header = &bytes[..bytes.len() - self.input.0.len()];
        let body = self.body(what & FORM)?;
        let bytes = &bytes[..bytes.len() - self.input.0.len()];
        let seq = Seq(self.seq);
        self.seq += 1;
        Ok(EntryView {
            seq,
            wall_ms: self.wall_ms,
            body,
            kind,
            bytes,
            header,
            form_at,
            previous_wall_ms,
            links: Links {
                input: Input(links),
                refs: self.refs,
            },
        })
    }

    fn kind(&mut self, what: u8) -> Result<u16, BatchError> {
        let short = u16::from(what >> KIND_SHIFT);
        if short < LONG_KIND {
            return Ok(short);
        }
        let more = self.input.varint().ok_or(BatchError::Malformed)?;
        let kind = more.checked_add(u64::from(LONG_KIND));
        kind.and_then(|kind| u16::try_from(kind).ok())
            .ok_or(BatchError::OverLimit)
    }

    fn target(&mut self) -> Result<Target, BatchError> {
        let malformed = BatchError::Malformed;
        let index = self.input.byte().ok_or(malformed)?;
        let seq = Seq(self.input.varint().ok_or(malformed)?);
        if seq.0 == 0 {
            return Err(malformed);
        }
        if index == OWN_LOG {
            return Ok(Target::OwnLog(seq));
        }
        let log = self
            .refs
            .get(usize::from(index) * REF_LENGTH..)
            .and_then(read_ref)
            .ok_or(malformed)?;
        Ok(Target::Other(EntryId { log, seq }))
    }

    fn body(&mut self, form: u8) -> Result<BodyView<'a>, BatchError> {
        let malformed = BatchError::Malformed;
        let has_salts = self.proof.has_salts();
        let input = &mut self.input;
        match form {
            FORM_BYTES => {
                let salt: Option<Salt> = if has_salts {
                    Some(input.array::<SALT_LENGTH>().ok_or(malformed)?)
                } else {
                    None
                };
                let length = input.length().ok_or(malformed)?;
                if length > MAX_BODY {
                    return Err(BatchError::OverLimit);
                }
                let bytes = input.take(length).ok_or(malformed)?;
                Ok(BodyView::Bytes { bytes, salt })
            }
            FORM_GAP if has_salts => {
                let commitment = input.take(self.proof.commitment_length());
                Ok(BodyView::Gap(commitment.ok_or(malformed)?))
            }
            FORM_GAP => Err(malformed),
            FORM_VOID => Ok(BodyView::Void),
            _ => Err(BatchError::UnknownKind),
        }
    }
}

/// An entry, borrowed from the bytes of its batch.
#[derive(Clone)]
pub struct EntryView<'a> {
    /// Its number.
    pub seq: Seq,
    /// Its wall time, Unix milliseconds.
    pub wall_ms: i64,
    /// Its body.
    pub body: BodyView<'a>,
    /// Its explicit links.
    pub links: Links<'a>,
    kind: Kind,
    /// Its encoding.
    pub(super) bytes: &'a [u8],
    /// Its encoding without the body …
    pub(super) header: &'a [u8],
    /// … and the offset of the body's form in it.
    pub(super) form_at: usize,
    /// The wall time from which its own is a difference.
    pub(super) previous_wall_ms: i64,
}

/// What an entry is, before its log is known.
#[derive(Clone, Copy)]
enum Kind {
    Row(RowKind),
    Annotation(AnnotationKind, Target),
}

#[derive(Clone, Copy)]
enum Target {
    OwnLog(Seq),
    Other(EntryId),
}

impl EntryView<'_> {
    /// Its kind and target, as an entry of `log`.
    pub fn what(&self, log: LogId) -> What {
        match self.kind {
            Kind::Row(kind) => What::Row(kind),
            Kind::Annotation(kind, target) => What::Annotation {
                kind,
                target: match target {
                    Target::OwnLog(seq) => EntryId { log, seq },
                    Target::Other(target) => target,
                },
            },
        }
    }

    /// Whether it is a row of the conversation.
    pub fn is_row(&self) -> bool {
        matches!(self.kind, Kind::Row(_))
    }

    /// The encoding of its body.
    pub(super) fn body_bytes(&self) -> &[u8] {
        &self.bytes[self.header.len()..]
    }

    /// The form of its body.
    pub(super) fn form(&self) -> u8 {
        self.header[self.form_at] & FORM
    }

    /// Whether it names entries of other logs, through the list in its batch.
    pub(crate) fn names_others(&self) -> bool {
        !self.links.input.is_empty() || matches!(self.kind, Kind::Annotation(_, Target::Other(_)))
    }

    /// Bytes of its encoding.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }
}

/// A [`Body`], borrowed from the bytes of its batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BodyView<'a> {
    /// The body is here.
    Bytes {
        /// Its bytes.
        bytes: &'a [u8],
        /// The salt of its commitment, unless the batch has one salt for all.
        salt: Option<Salt>,
    },
    /// It has left; its commitment stays.
    Gap(&'a [u8]),
    /// The author removed it before the batch was ever sealed.
    Void,
}

impl BodyView<'_> {
    /// Copies the body.
    pub fn to_body(self) -> Body {
        match self {
            BodyView::Bytes { bytes, .. } => Body::Bytes(Bytes::copy_from_slice(bytes)),
            BodyView::Gap(_) | BodyView::Void => Body::Gone,
        }
    }

    /// Whether it has left.
    pub fn is_gone(&self) -> bool {
        !matches!(self, BodyView::Bytes { .. })
    }
}

/// Iterates over the explicit links of an entry.
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
