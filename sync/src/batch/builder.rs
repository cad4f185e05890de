//! Builds batches.

use super::{
    ANNOTATION, BATCH_TARGET, Batch, EntryView, FORM_BYTES, FORM_VOID, HEAD_ROOM, KIND_SHIFT,
    LONG_KIND, MAX_BATCH_ENTRIES, MAX_REFS, OWN_LOG, ProofKind, REF_LENGTH, Salt, read_ref,
};
use crate::entry::{Body, Entry, What};
use crate::id::{EntryId, LogId, Seq, SpaceId};
use crate::layout::{put_varint, put_zigzag};
use crate::mark::{MARK_LENGTH, MarkKey};

/// A batch under construction.
#[derive(Clone)]
pub struct BatchBuilder {
    log: LogId,
    first: Seq,
    count: u64,
    base_wall_ms: i64,
    last_wall_ms: i64,
    refs: Vec<u8>,
    entries: Vec<u8>,
}

impl BatchBuilder {
    /// An empty batch whose first entry will be number `first` of `log`.
    pub fn new(log: LogId, first: Seq, base_wall_ms: i64) -> BatchBuilder {
        BatchBuilder {
            log,
            first,
            count: 0,
            base_wall_ms,
            last_wall_ms: base_wall_ms,
            refs: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Continues the unsealed `batch`, whose last entry has this wall time.
    pub(crate) fn resume(log: LogId, batch: &Batch<'_>, last_wall_ms: i64) -> BatchBuilder {
        BatchBuilder {
            log,
            first: batch.first,
            count: batch.count,
            base_wall_ms: batch.base_wall_ms,
            last_wall_ms,
            refs: batch.refs.to_vec(),
            entries: batch.entries.to_vec(),
        }
    }

    /// Starts a batch that will copy entries of the unsealed `batch` unchanged, from `entry` on.
    pub(crate) fn cut(log: LogId, batch: &Batch<'_>, entry: &EntryView<'_>) -> BatchBuilder {
        BatchBuilder {
            log,
            first: entry.seq,
            count: 0,
            base_wall_ms: entry.previous_wall_ms,
            last_wall_ms: entry.previous_wall_ms,
            refs: batch.refs.to_vec(),
            entries: Vec::with_capacity(batch.entries.len()),
        }
    }

    /// Copies the next entry of the batch given to [`BatchBuilder::cut`].
    pub(crate) fn push_view(&mut self, entry: &EntryView<'_>) {
        self.count += 1;
        self.last_wall_ms = entry.wall_ms;
        self.entries.extend_from_slice(entry.bytes);
    }

    /// Copies the next entry of the same log, which must name no other log or lie in the batch given to
    /// [`BatchBuilder::cut`]. Returns whether there was room.
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

    /// Upper bound for the present length of the core, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.refs.len() + self.entries.len() + HEAD_ROOM
    }

    /// Adds an entry, unless a limit of the batch forbids it; returns whether it did. The caller has checked the
    /// limits of the entry.
    pub fn push(&mut self, entry: &Entry) -> bool {
        let Some(delta) = entry.wall_ms.checked_sub(self.last_wall_ms) else {
            return false;
        };
        if self.count as usize >= MAX_BATCH_ENTRIES {
            return false;
        }
        let refs_before = self.refs.len();
        let mut bytes = Vec::with_capacity(64 + entry.body.length());
        put_zigzag(&mut bytes, delta);
        let fits = self.put_links(&mut bytes, &entry.links).is_some()
            && self.put_what(&mut bytes, entry).is_some();
        if let Body::Bytes(body) = &entry.body {
            put_varint(&mut bytes, body.len() as u64);
            bytes.extend_from_slice(body);
        }
        let size = self.refs.len() + self.entries.len() + bytes.len() + HEAD_ROOM;
        if !fits || (self.count > 0 && size > BATCH_TARGET) {
            self.refs.truncate(refs_before);
            return false;
        }
        self.count += 1;
        self.last_wall_ms = entry.wall_ms;
        self.entries.extend_from_slice(&bytes);
        true
    }

    /// `None` if the batch cannot refer to more logs.
    fn put_links(&mut self, out: &mut Vec<u8>, links: &[EntryId]) -> Option<()> {
        put_varint(out, links.len() as u64);
        for link in links {
            out.push(self.ref_index(link.log)?);
            put_varint(out, link.seq.0);
        }
        Some(())
    }

    fn put_what(&mut self, out: &mut Vec<u8>, entry: &Entry) -> Option<()> {
        let form = match entry.body {
            Body::Bytes(_) => FORM_BYTES,
            Body::Gone => FORM_VOID,
        };
        let (kind, bit) = match entry.what {
            What::Row(kind) => (kind.0, 0),
            What::Annotation { kind, .. } => (kind.0, ANNOTATION),
        };
        out.push(((kind.min(LONG_KIND) as u8) << KIND_SHIFT) | bit | form);
        if let Some(more) = kind.checked_sub(LONG_KIND) {
            put_varint(out, u64::from(more));
        }
        if let What::Annotation { target, .. } = entry.what {
            let index = match target.log == self.log {
                true => OWN_LOG,
                false => self.ref_index(target.log)?,
            };
            out.push(index);
            put_varint(out, target.seq.0);
        }
        Some(())
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

    /// Number of its entries.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The core with its mark. The salt must be random and unique to this batch: with the salt and the mark key one can
    /// guess bodies that have left since.
    pub fn seal(&self, key: &MarkKey, space: SpaceId, salt: &Salt) -> Vec<u8> {
        let mut core = self.core(ProofKind::Mark);
        core.extend_from_slice(salt);
        let mark_at = core.len();
        core.extend_from_slice(&[0; MARK_LENGTH]);
        let batch = Batch::parse_head(&core).and_then(|batch| batch.covered());
        // Over a limit: every receiver refuses it, so any mark will do.
        let covered = batch.unwrap_or_default();
        core[mark_at..].copy_from_slice(&key.mark(space, self.log, &covered));
        core
    }

    /// The core for this store only: the mark is added when it is sent.
    pub(crate) fn unsealed(&self) -> Vec<u8> {
        self.core(ProofKind::Unsealed)
    }

    fn core(&self, proof: ProofKind) -> Vec<u8> {
        let mut core = Vec::with_capacity(self.size());
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
