//! The proof that an author signed two heads of one log that do not continue one another (`docs/PROTOCOL.md` section 4b). Such a log
//! is frozen: nothing more of it is taken in. The group goes on.

use bytes::Bytes;

use crate::batch::{Batch, Chain, Head, MAX_EXPANDED};
use crate::id::{LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint};
use crate::log::LogRow;
use crate::membership::{MemberKey, SIGNATURE_LENGTH};
use crate::space::SpaceRow;
use crate::store::{Reader, StorageError, Txn};
use crate::tables::{FORKS, Key, damaged, read_row};

/// Most bytes of a proof.
pub const MAX_FORK: usize = 10 + 32 + SIGNATURE_LENGTH + MAX_EXPANDED;

/// A signed head of a log, and a signed run that leads past it or to it another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The head.
    pub head: Head,
    /// The run, without bodies.
    pub run: Bytes,
}

impl Fork {
    /// The proof from a head and a run as it came.
    pub(crate) fn new(head: Head, run: &Batch<'_>) -> Fork {
        let stripped = run.without(|_| true).ok().flatten();
        Fork {
            head,
            run: stripped.unwrap_or_else(|| run.core().to_vec()).into(),
        }
    }

    /// Whether `author` signed both, and they do not continue one another.
    pub fn verify(&self, author: MemberKey, space: SpaceId, log: LogId) -> bool {
        let Ok(run) = Batch::parse_signed(&self.run) else {
            return false;
        };
        let is_other = run
            .chain_at(log, self.head.seq)
            .is_some_and(|it| it != self.head.chain);
        is_other
            && self.head.verify(author, space, log)
            && run
                .head(log)
                .is_ok_and(|head| head.verify(author, space, log))
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(112 + self.run.len());
        put_varint(&mut bytes, self.head.seq.0);
        bytes.extend_from_slice(&self.head.chain.0);
        bytes.extend_from_slice(&self.head.signature);
        bytes.extend_from_slice(&self.run);
        bytes
    }

    /// From its bytes, whose signatures are not checked.
    pub fn decode(bytes: &[u8]) -> Option<Fork> {
        if bytes.len() > MAX_FORK {
            return None;
        }
        let mut input = Input(bytes);
        let head = Head {
            seq: Seq(input.varint()?),
            chain: Chain(input.array()?),
            signature: input.array()?,
        };
        Some(Fork {
            head,
            run: Bytes::copy_from_slice(input.0),
        })
    }
}

/// The proof that a log is forked, if this store has one.
pub fn fork(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogId,
) -> Result<Option<Fork>, StorageError> {
    match LogRow::read(reader, space, log)? {
        Some(row) if row.forked => proof_of(reader, space, &row).map(Some),
        _ => Ok(None),
    }
}

fn proof_of(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    row: &LogRow,
) -> Result<Fork, StorageError> {
    let key = Key::new(FORKS, space).then(&row.number.to_be_bytes());
    read_row(reader, &key, Fork::decode)?.ok_or_else(|| damaged(FORKS))
}

/// Freezes a log of which a proof that it is forked has been verified. Returns whether that is news.
pub(crate) fn freeze(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogId,
    is_mine: bool,
    fork: &Fork,
) -> Result<bool, StorageError> {
    let Some(mut of_space) = SpaceRow::read(txn, space)? else {
        return Ok(false);
    };
    let mut row = match LogRow::read(txn, space, log)? {
        Some(row) => row,
        None if of_space.logs >= crate::space::MAX_LOGS => return Ok(false),
        None => of_space.new_log(txn, space, log, is_mine)?,
    };
    if row.forked {
        return Ok(false);
    }
    row.forked = true;
    row.write(txn, space, log)?;
    of_space.digest = None;
    of_space.write(txn, space)?;
    let key = Key::new(FORKS, space).then(&row.number.to_be_bytes());
    txn.put(&key, &fork.encode())?;
    Ok(true)
}
