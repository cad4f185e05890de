//! The hash chain of a log in a group, and the signature of its head (`docs/PROTOCOL.md` section 4b).
//!
//! ```text
//! origin = tips u8 ‖ tips × operation id 32 ‖ chain before the first entry 32
//! ```
//!
//! The chain of an entry covers everything before it in its log: headers, commitments of bodies, and the version under which
//! each was written. So one signature proves a run of any length, a run can begin at any entry, and a body can leave.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::proof::{SIGNED_COMMITMENT_LENGTH, commitment};
use super::{Batch, BatchError, BodyView, EntryView};
use crate::entry::What;
use crate::id::{EntryId, LogId, Seq, SpaceId};
use crate::layout::Input;
use crate::membership::{MAX_OPERATION_LINKS, MemberKey, OperationId, SIGNATURE_LENGTH};

/// The hash chain of a log up to one entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain(pub [u8; 32]);

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chain(..)")
    }
}

impl Chain {
    /// Of a log without entries.
    pub fn start(space: SpaceId, log: LogId) -> Chain {
        let mut hasher = blake3::Hasher::new_derive_key("hedgerow 1 chain");
        hasher.update(&space.0);
        put_log(&mut hasher, log);
        Chain(*hasher.finalize().as_bytes())
    }

    /// After one more entry of `log`, written under the version with this hash.
    fn then(self, log: LogId, version: &blake3::Hash, entry: &EntryView<'_>) -> Chain {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(version.as_bytes());
        hasher.update(&entry.wall_ms.to_be_bytes());
        // At most `MAX_LINKS` of them.
        hasher.update(&[entry.links.clone().count() as u8]);
        for link in entry.links.clone() {
            put_entry(&mut hasher, link);
        }
        match entry.what(log) {
            What::Row(kind) => {
                hasher.update(&[0]).update(&kind.0.to_be_bytes());
            }
            What::Annotation { kind, target } => {
                hasher.update(&[1]).update(&kind.0.to_be_bytes());
                put_entry(&mut hasher, target);
            }
        }
        match entry.body {
            BodyView::Bytes { bytes, salt } => {
                hasher.update(&commitment(&salt.unwrap_or_default(), bytes));
            }
            BodyView::Gap(commitment) => {
                hasher.update(commitment);
            }
            BodyView::Void => {
                hasher.update(&[0; SIGNED_COMMITMENT_LENGTH]);
            }
        }
        Chain(*hasher.finalize().as_bytes())
    }
}

fn put_log(hasher: &mut blake3::Hasher, log: LogId) {
    hasher.update(&log.device.0);
    hasher.update(&log.incarnation.0.to_be_bytes());
}

fn put_entry(hasher: &mut blake3::Hasher, entry: EntryId) {
    put_log(hasher, entry.log);
    hasher.update(&entry.seq.0.to_be_bytes());
}

/// The newest operations of the control log that an author knew, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Version(Vec<OperationId>);

impl Version {
    /// The version that these operations name, in any order: 1 to [`MAX_OPERATION_LINKS`].
    pub fn new(mut tips: Vec<OperationId>) -> Version {
        tips.sort_unstable();
        tips.dedup();
        tips.truncate(MAX_OPERATION_LINKS);
        Version(tips)
    }

    /// The operations.
    pub fn tips(&self) -> &[OperationId] {
        &self.0
    }

    pub(super) fn origin(&self, before: Chain) -> Vec<u8> {
        let mut origin = Vec::with_capacity(33 + 32 * self.0.len());
        origin.push(self.0.len() as u8);
        self.0.iter().for_each(|tip| origin.extend(&tip.0));
        origin.extend(before.0);
        origin
    }
}

/// Reads the origin of a signed batch; `None` if it is cut off, or names a version in another form than [`Version`] does.
pub(super) fn read_origin<'a>(input: &mut Input<'a>) -> Option<&'a [u8]> {
    let begun = input.0;
    let tips = usize::from(input.byte()?);
    let ids = input.take(tips * 32)?;
    input.take(32)?;
    let in_order = ids
        .chunks_exact(32)
        .zip(ids.chunks_exact(32).skip(1))
        .all(|(one, next)| one < next);
    let is_version = (1..=MAX_OPERATION_LINKS).contains(&tips) && in_order;
    is_version.then_some(&begun[..begun.len() - input.0.len()])
}

/// The end of a run of a log, with its author's signature: everything up to there is its author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last entry.
    pub seq: Seq,
    /// The chain up to there.
    pub chain: Chain,
    /// The signature.
    pub signature: [u8; SIGNATURE_LENGTH],
}

impl Head {
    /// Signs the end of a run.
    pub(super) fn sign(
        key: &SigningKey,
        space: SpaceId,
        log: LogId,
        seq: Seq,
        chain: Chain,
    ) -> Head {
        let signature = key.sign(&signed(space, log, seq, chain)).to_bytes();
        Head {
            seq,
            chain,
            signature,
        }
    }

    /// Whether `author` signed it.
    pub fn verify(&self, author: MemberKey, space: SpaceId, log: LogId) -> bool {
        let signature = Signature::from_bytes(&self.signature);
        let signed = signed(space, log, self.seq, self.chain);
        VerifyingKey::from_bytes(&author.0)
            .and_then(|key| key.verify_strict(&signed, &signature))
            .is_ok()
    }
}

fn signed(space: SpaceId, log: LogId, seq: Seq, chain: Chain) -> Vec<u8> {
    let mut signed = b"hedgerow 1 head".to_vec();
    signed.extend(space.0);
    signed.extend(log.device.0);
    signed.extend(log.incarnation.0.to_be_bytes());
    signed.extend(seq.0.to_be_bytes());
    signed.extend(chain.0);
    signed
}

impl Batch<'_> {
    /// The version under which a signed batch was written.
    pub fn version(&self) -> Version {
        let tips = self.origin.get(1..self.origin.len().saturating_sub(32));
        let tips = tips.unwrap_or_default().chunks_exact(32);
        Version(
            tips.filter_map(|tip| tip.try_into().ok().map(OperationId))
                .collect(),
        )
    }

    /// The chain that a signed batch states up to the entry before its first.
    pub fn chain_before(&self) -> Chain {
        Chain(self.origin.last_chunk().copied().unwrap_or_default())
    }

    /// The chain of a signed batch of `log` after each of its entries.
    pub fn chains(&self, log: LogId) -> impl Iterator<Item = Result<Chain, BatchError>> {
        let mut chain = self.chain_before();
        let tips = self.origin.len().saturating_sub(32);
        let version = blake3::hash(&self.origin[..tips]);
        self.entries().map(move |entry| {
            chain = chain.then(log, &version, &entry?);
            Ok(chain)
        })
    }

    /// The chain up to an entry that it holds, or right before its first one.
    pub fn chain_at(&self, log: LogId, seq: Seq) -> Option<Chain> {
        let index = seq.0.checked_add(1)?.checked_sub(self.first.0)?;
        match index.checked_sub(1) {
            None => Some(self.chain_before()),
            Some(index) => self.chains(log).nth(usize::try_from(index).ok()?)?.ok(),
        }
    }

    /// Its author's signature of its end.
    pub(crate) fn signature(&self) -> Option<[u8; SIGNATURE_LENGTH]> {
        self.trailer.last_chunk().copied()
    }

    /// The end of a signed batch of `log`, as its author signed it.
    pub fn head(&self, log: LogId) -> Result<Head, BatchError> {
        let chain = self
            .chains(log)
            .last()
            .unwrap_or(Err(BatchError::Malformed))?;
        let signature = self.trailer.last_chunk().ok_or(BatchError::Malformed)?;
        Ok(Head {
            seq: self.last(),
            chain,
            signature: *signature,
        })
    }
}
