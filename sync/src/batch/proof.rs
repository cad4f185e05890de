//! The bytes that a mark covers, and removal of bodies (`docs/PROTOCOL.md` section 4).
//!
//! A mark covers a salted commitment of each body instead of the body. So one body can leave while the others stay
//! provable. Its salt leaves with it, so nobody can guess the body from the commitment.

use subtle::ConstantTimeEq;

use super::{
    Batch, BatchError, BodyView, EntryView, FORM, FORM_BYTES, FORM_GAP, FORM_VOID, ProofKind,
    REF_LENGTH,
};
use crate::id::{LogId, Seq, SpaceId};
use crate::layout::{put_varint, put_zigzag};
use crate::mark::{MARK_LENGTH, MarkKey};
use crate::membership::SIGNATURE_LENGTH;

/// Bytes of a salt.
pub const SALT_LENGTH: usize = 16;
/// Bytes of a commitment.
pub(super) const COMMITMENT_LENGTH: usize = 16;
/// The same in a signed batch.
pub(super) const SIGNED_COMMITMENT_LENGTH: usize = 32;

/// The salt of a body's commitment.
pub type Salt = [u8; SALT_LENGTH];

type Commitment = [u8; SIGNED_COMMITMENT_LENGTH];

/// The salts of the bodies of one batch, derived from the salt in the batch.
pub(super) struct Salts(blake3::OutputReader);

impl Salts {
    pub(super) fn new(batch_salt: &Salt) -> Salts {
        let mut hasher = blake3::Hasher::new_derive_key("hedgerow 1 body salts");
        hasher.update(batch_salt);
        Salts(hasher.finalize_xof())
    }

    /// The salt of the body of entry `index` of the batch, from 0.
    fn of(&mut self, index: u64) -> Salt {
        let mut salt = [0; SALT_LENGTH];
        self.0.set_position(index * SALT_LENGTH as u64);
        self.0.fill(&mut salt);
        salt
    }
}

/// The commitment of a body in full. Marks cover its first [`COMMITMENT_LENGTH`] bytes.
pub(super) fn commitment(salt: &Salt, body: &[u8]) -> Commitment {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hedgerow 1 body").update(salt).update(body);
    *hasher.finalize().as_bytes()
}

impl Batch<'_> {
    /// Whether it was marked with `key` as a batch of `log`.
    pub fn is_marked(&self, key: &MarkKey, space: SpaceId, log: LogId) -> bool {
        let Some(mark) = self.trailer.last_chunk::<MARK_LENGTH>() else {
            return false;
        };
        match self.covered() {
            Ok(covered) => key.mark(space, log, &covered).ct_eq(mark).into(),
            Err(_) => false,
        }
    }

    /// The bytes that a mark covers: the same whichever bodies have left since.
    pub(super) fn covered(&self) -> Result<Vec<u8>, BatchError> {
        let mut salts = match self.proof {
            ProofKind::Mark => self.trailer.first_chunk().map(Salts::new),
            _ => None,
        };
        let mut covered = Vec::with_capacity(64 + self.refs.len() + self.count as usize * 32);
        put_varint(&mut covered, self.first.0);
        put_varint(&mut covered, self.count);
        put_zigzag(&mut covered, self.base_wall_ms);
        covered.push((self.refs.len() / REF_LENGTH) as u8);
        covered.extend_from_slice(self.refs);
        for (index, entry) in self.entries().enumerate() {
            let entry = entry?;
            entry.put_header(&mut covered, FORM_BYTES);
            match entry.body {
                BodyView::Bytes { bytes, salt } => {
                    let salt = match (salt, &mut salts) {
                        (Some(salt), _) => salt,
                        (None, Some(salts)) => salts.of(index as u64),
                        (None, None) => return Err(BatchError::UnknownKind),
                    };
                    covered.extend_from_slice(&commitment(&salt, bytes)[..COMMITMENT_LENGTH]);
                }
                BodyView::Gap(commitment) => covered.extend_from_slice(commitment),
                BodyView::Void => covered.extend_from_slice(&[0; COMMITMENT_LENGTH]),
            }
        }
        Ok(covered)
    }

    /// The core without the bodies of the entries that `leaves` selects: their commitments stay, and each remaining
    /// body gets a salt of its own. Unsealed entries keep no commitment. `None` if no body leaves.
    pub(crate) fn without(
        &self,
        mut leaves: impl FnMut(Seq) -> bool,
    ) -> Result<Option<Vec<u8>>, BatchError> {
        let proof = match self.proof {
            ProofKind::Mark => ProofKind::Expanded,
            proof => proof,
        };
        let mut salts = match self.proof {
            ProofKind::Mark => self.trailer.first_chunk().map(Salts::new),
            _ => None,
        };
        let room = self.count as usize * SALT_LENGTH;
        let mut core = Vec::with_capacity(self.core.len() + room);
        put_varint(&mut core, self.first.0);
        put_varint(&mut core, self.count);
        put_zigzag(&mut core, self.base_wall_ms);
        core.push(proof.code());
        core.push((self.refs.len() / REF_LENGTH) as u8);
        core.extend_from_slice(self.refs);
        core.extend_from_slice(self.origin);
        let mut any = false;
        for (index, entry) in self.entries().enumerate() {
            let entry = entry?;
            let BodyView::Bytes { bytes, salt } = entry.body else {
                core.extend_from_slice(entry.bytes);
                continue;
            };
            let salt = salt.or_else(|| salts.as_mut().map(|salts| salts.of(index as u64)));
            match (leaves(entry.seq), salt) {
                (true, Some(salt)) => {
                    any = true;
                    entry.put_header(&mut core, FORM_GAP);
                    let commitment = commitment(&salt, bytes);
                    core.extend_from_slice(&commitment[..proof.commitment_length()]);
                }
                (true, None) => {
                    any = true;
                    entry.put_header(&mut core, FORM_VOID);
                }
                (false, salt) => {
                    entry.put_header(&mut core, FORM_BYTES);
                    core.extend_from_slice(salt.as_ref().map_or(&[], |salt| &salt[..]));
                    put_varint(&mut core, bytes.len() as u64);
                    core.extend_from_slice(bytes);
                }
            }
        }
        let proof_length = match proof {
            ProofKind::Signed => SIGNATURE_LENGTH,
            _ => MARK_LENGTH,
        };
        let kept = self.trailer.len().saturating_sub(proof_length);
        core.extend_from_slice(&self.trailer[kept..]);
        Ok(any.then_some(core))
    }
}

/// A body that came later than its entry.
#[derive(Clone, Copy)]
pub(crate) struct LateBody<'a> {
    pub(crate) seq: Seq,
    pub(crate) salt: Salt,
    pub(crate) bytes: &'a [u8],
}

impl Batch<'_> {
    /// The core of a signed batch with these bodies, ascending, in place of their commitments; `None` if that would be over a limit.
    /// `Err`: one of them is not what its author committed to.
    pub(crate) fn with_bodies(
        &self,
        bodies: &[LateBody<'_>],
    ) -> Result<Option<Vec<u8>>, NotCommitted> {
        let more: usize = bodies.iter().map(|body| body.bytes.len()).sum();
        let kept = self.core.len() - self.entries.len() - self.trailer.len();
        let mut core = Vec::with_capacity(self.core.len() + more);
        core.extend_from_slice(&self.core[..kept]);
        let mut bodies = bodies.iter().peekable();
        for entry in self.entries() {
            let entry = entry.map_err(|_| NotCommitted)?;
            let body = bodies.next_if(|body| body.seq == entry.seq);
            let (Some(body), BodyView::Gap(committed)) = (body, entry.body) else {
                core.extend_from_slice(entry.bytes);
                continue;
            };
            if commitment(&body.salt, body.bytes)[..] != *committed {
                return Err(NotCommitted);
            }
            entry.put_header(&mut core, FORM_BYTES);
            core.extend_from_slice(&body.salt);
            put_varint(&mut core, body.bytes.len() as u64);
            core.extend_from_slice(body.bytes);
        }
        core.extend_from_slice(self.trailer);
        Ok((core.len() <= self.proof.limit()).then_some(core))
    }
}

/// A body is not what its author committed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotCommitted;

impl EntryView<'_> {
    /// Appends the header of an entry whose body has this form.
    fn put_header(&self, out: &mut Vec<u8>, form: u8) {
        let at = out.len() + self.form_at;
        out.extend_from_slice(self.header);
        out[at] = out[at] & !FORM | form;
    }
}
