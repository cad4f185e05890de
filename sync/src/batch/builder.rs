//! Builds batches.

use ed25519_dalek::SigningKey;

use super::{
    ANNOTATION, BATCH_TARGET, Batch, Chain, EntryView, FORM_BYTES, FORM_VOID, HEAD_ROOM, Head,
    KIND_SHIFT, LONG_KIND, MAX_BATCH_ENTRIES, MAX_REFS, OWN_LOG, ProofKind, REF_LENGTH, Salt,
    Version, read_ref,
};
use crate::entry::{Body, Entry, What};
use crate::id::{EntryId, LogId, Seq, SpaceId};
use crate::layout::{put_varint, put_zigzag};
use crate::mark::{MARK_LENGTH, MarkKey};
use crate::membership::SIGNATURE_LENGTH;

/// A batch under construction.
#[derive(Clone)]
pub struct BatchBuilder {
    log: LogId,
    first: Seq,
    count: u64,
    base_wall_ms: i64,
    last_wall_ms: i64,
    refs: Vec<u8>,
    /// Of a batch that will be signed.
    origin: Vec<u8>,
    entries: Vec<u8>,
}

/// How far a builder was.
pub(crate) struct Mark {
    count: u64,
    last_wall_ms: i64,
    refs: usize,
    entries: usize,
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
            origin: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// An empty batch that will be signed: its entries are written under this version, and `before` is the chain of the
    /// log before them.
    pub fn signed(
        log: LogId,
        first: Seq,
        base_wall_ms: i64,
        version: &Version,
        before: Chain,
    ) -> BatchBuilder {
        BatchBuilder {
            origin: version.origin(before),
            ..BatchBuilder::new(log, first, base_wall_ms)
        }
    }

    /// Continues the unsealed or signed `batch`, whose last entry has this wall time.
    pub(crate) fn resume(log: LogId, batch: &Batch<'_>, last_wall_ms: i64) -> BatchBuilder {
        BatchBuilder {
            log,
            first: batch.first,
            count: batch.count,
            base_wall_ms: batch.base_wall_ms,
            last_wall_ms,
            refs: batch.refs.to_vec(),
            origin: batch.origin.to_vec(),
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
            origin: Vec::new(),
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
        self.refs.len() + self.entries.len() + self.head_room()
    }

    fn head_room(&self) -> usize {
        match self.origin.len() {
            0 => HEAD_ROOM,
            origin => HEAD_ROOM + origin + SIGNATURE_LENGTH,
        }
    }

    /// The bytes of its origin: batches of one log with the same version follow each other in one.
    fn version(&self) -> &[u8] {
        &self.origin[..self.origin.len().saturating_sub(32)]
    }

    /// Adds an entry, unless a limit of the batch forbids it; returns whether it did. The caller has checked the
    /// limits of the entry.
    pub fn push(&mut self, entry: &Entry) -> bool {
        self.push_body(entry, &[])
    }

    /// The same in a batch that will be signed. The salt of the body must be random and its own.
    pub fn push_salted(&mut self, entry: &Entry, salt: &Salt) -> bool {
        self.push_body(entry, salt)
    }

    fn push_body(&mut self, entry: &Entry, salt: &[u8]) -> bool {
        let mut body = Vec::with_capacity(salt.len() + 4 + entry.body.length());
        let form = match &entry.body {
            Body::Bytes(bytes) => {
                body.extend_from_slice(salt);
                put_varint(&mut body, bytes.len() as u64);
                body.extend_from_slice(bytes);
                FORM_BYTES
            }
            Body::Gone => FORM_VOID,
        };
        let Entry {
            what,
            links,
            wall_ms,
            ..
        } = entry;
        let links = (links.len(), links.iter().copied());
        self.put(*wall_ms, links, *what, form, &body, BATCH_TARGET)
    }

    /// Copies the next entry of the same log from another signed batch. Returns whether that was possible: the batch was written
    /// under the same version, and this one stays below `target` bytes.
    pub(crate) fn copy(&mut self, batch: &Batch<'_>, entry: &EntryView<'_>, target: usize) -> bool {
        let links = (entry.links.clone().count(), entry.links.clone());
        let version = &batch.origin[..batch.origin.len().saturating_sub(32)];
        self.version() == version
            && self.first.0 + self.count == entry.seq.0
            && self.put(
                entry.wall_ms,
                links,
                entry.what(self.log),
                entry.form(),
                entry.body_bytes(),
                target,
            )
    }

    /// How far it is, to undo what follows.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            count: self.count,
            last_wall_ms: self.last_wall_ms,
            refs: self.refs.len(),
            entries: self.entries.len(),
        }
    }

    /// Removes what was added since.
    pub(crate) fn undo(&mut self, mark: Mark) {
        self.count = mark.count;
        self.last_wall_ms = mark.last_wall_ms;
        self.refs.truncate(mark.refs);
        self.entries.truncate(mark.entries);
    }

    /// Adds an entry, unless a limit of the batch forbids it.
    fn put(
        &mut self,
        wall_ms: i64,
        (link_count, links): (usize, impl Iterator<Item = EntryId>),
        what: What,
        form: u8,
        body: &[u8],
        target: usize,
    ) -> bool {
        let Some(delta) = wall_ms.checked_sub(self.last_wall_ms) else {
            return false;
        };
        if self.count as usize >= MAX_BATCH_ENTRIES {
            return false;
        }
        let refs_before = self.refs.len();
        let mut bytes = Vec::with_capacity(64 + body.len());
        put_zigzag(&mut bytes, delta);
        put_varint(&mut bytes, link_count as u64);
        let fits = self.put_links(&mut bytes, links).is_some()
            && self.put_what(&mut bytes, what, form).is_some();
        bytes.extend_from_slice(body);
        let size = self.refs.len() + self.entries.len() + bytes.len() + self.head_room();
        if !fits || (self.count > 0 && size > target) {
            self.refs.truncate(refs_before);
            return false;
        }
        self.count += 1;
        self.last_wall_ms = wall_ms;
        self.entries.extend_from_slice(&bytes);
        true
    }

    /// `None` if the batch cannot refer to more logs.
    fn put_links(&mut self, out: &mut Vec<u8>, links: impl Iterator<Item = EntryId>) -> Option<()> {
        for link in links {
            out.push(self.ref_index(link.log)?);
            put_varint(out, link.seq.0);
        }
        Some(())
    }

    fn put_what(&mut self, out: &mut Vec<u8>, what: What, form: u8) -> Option<()> {
        let (kind, bit) = match what {
            What::Row(kind) => (kind.0, 0),
            What::Annotation { kind, .. } => (kind.0, ANNOTATION),
        };
        out.push(((kind.min(LONG_KIND) as u8) << KIND_SHIFT) | bit | form);
        if let Some(more) = kind.checked_sub(LONG_KIND) {
            put_varint(out, u64::from(more));
        }
        if let What::Annotation { target, .. } = what {
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

    /// The core with the signature of its head, and that head. Of a batch begun with [`BatchBuilder::signed`].
    pub fn sign(&self, key: &SigningKey, space: SpaceId) -> (Vec<u8>, Head) {
        let mut core = self.core(ProofKind::Signed);
        core.extend_from_slice(&[0; SIGNATURE_LENGTH]);
        let chains = Batch::parse_head(&core).map(|batch| batch.chains(self.log).last());
        // Over a limit: every receiver refuses it, so any chain will do.
        let chain = match chains {
            Ok(Some(Ok(chain))) => chain,
            _ => Chain::start(space, self.log),
        };
        let seq = Seq(self.first.0 + self.count.saturating_sub(1));
        let head = Head::sign(key, space, self.log, seq, chain);
        let at = core.len() - SIGNATURE_LENGTH;
        core[at..].copy_from_slice(&head.signature);
        (core, head)
    }

    /// The core with a signature of its head that its author made before.
    pub(crate) fn signed_with(&self, signature: &[u8; SIGNATURE_LENGTH]) -> Vec<u8> {
        let mut core = self.core(ProofKind::Signed);
        core.extend_from_slice(signature);
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
        core.extend_from_slice(&self.origin);
        core.extend_from_slice(&self.entries);
        core
    }
}
