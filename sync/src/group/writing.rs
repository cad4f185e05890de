//! Entries of our own. Each is signed at once, so a log of ours is passed on like any other.

use std::ops::{Bound, ControlFlow};

use ed25519_dalek::SigningKey;

use super::Group;
use crate::batch::{Batch, BatchBuilder, Chain, Head, ProofKind, Salt, Version};
use crate::conversation::{self, Accepted};
use crate::entry::{Body, Entry, MAX_BODY, MAX_LINKS, What};
use crate::id::{EntryId, Incarnation, LogId, Seq, SpaceId};
use crate::log::LogRow;
use crate::membership::{MemberKey, Posted, Showing};
use crate::rows::Rows;
use crate::segment::{
    Lamports, SEGMENT_VERSION, Segment, Standing, put_stored, standing_of, with_segment,
};
use crate::space::{AppendError, Appended, SpaceRow, Tip};
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{Key, SEGMENTS, damaged};

/// An entry to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its kind and target.
    pub what: What,
    /// Wall time, Unix milliseconds.
    pub wall_ms: i64,
    /// Its body.
    pub body: Body,
    /// Random, for this entry alone: once the body has left, its commitment tells nothing of it.
    pub salt: Salt,
}

impl Group {
    /// Appends an entry to the log of this device's key in this opening of the store. It links to every held entry that is
    /// shown and to which no other held entry links.
    pub fn append(
        &mut self,
        txn: &mut dyn Txn,
        key: &SigningKey,
        incarnation: Incarnation,
        draft: Draft,
    ) -> Result<Appended, AppendError> {
        let Draft {
            what,
            wall_ms,
            body,
            salt,
        } = draft;
        if body.length() > MAX_BODY {
            return Err(AppendError::TooLong);
        }
        let (space, author) = (self.space, MemberKey(key.verifying_key().to_bytes()));
        let log = LogId {
            device: author.device(),
            incarnation,
        };
        let mut row = SpaceRow::read(txn, space)?.ok_or(AppendError::NoSuchSpace)?;
        let mut head = match LogRow::read(txn, space, log)? {
            Some(head) => head,
            None => row.new_log(txn, space, log, true)?,
        };
        let shown = |tip: &Tip| last_shown(txn, space, tip);
        let (links, lamport) = row.next_links(txn, space, &head, shown)?;
        let id = EntryId {
            log,
            seq: Seq(head.head.0 + 1),
        };
        let posted = Posted {
            author,
            version: self.membership().tips(),
            links: links.clone(),
        };
        let (showing, changed) = self.show(txn, id, &posted)?;
        let entry = Entry {
            what,
            links,
            wall_ms,
            body,
        };
        let standing = Standing {
            lamport,
            is_row: what.is_row() && showing == Showing::Shown,
        };
        let version = Version::new(posted.version);
        put_signed(
            txn,
            key,
            log,
            (self, &mut head),
            &version,
            standing,
            (&entry, &salt),
        )?;
        row.drop_linked_tips(MAX_LINKS, head.number);
        let accepted = Accepted {
            what,
            wall_ms,
            standing,
            is_shown: showing == Showing::Shown,
        };
        // It is signed, so it cannot be exchanged any more.
        head.offered = id.seq;
        if showing != Showing::Shown {
            self.mark_refused(txn, head.number, id.seq, what.is_row())?;
        }
        let changes = conversation::apply(txn, space, &mut row, log, &mut head, &[accepted])?;
        self.apply_showing(txn, &changed)?;
        Ok(Appended { id, changes })
    }
}

/// The last entry of a log that is shown: a link to one that is not would bring it back.
fn last_shown(reader: &dyn Txn, space: SpaceId, tip: &Tip) -> Result<Option<Tip>, StorageError> {
    let mut seq = tip.seq.0;
    let (low, high) = (
        Key::refused(space, tip.log, 0),
        Key::refused(space, tip.log, seq),
    );
    let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
    reader.scan(range, Direction::Backward, &mut |key, _| {
        if key.last_chunk().copied().map(u64::from_be_bytes) != Some(seq) {
            return ControlFlow::Break(());
        }
        seq -= 1;
        ControlFlow::Continue(())
    })?;
    if seq == tip.seq.0 || seq == 0 {
        return Ok((seq > 0).then_some(*tip));
    }
    let standing = standing_of(reader, space, tip.log, Seq(seq))?;
    Ok(Some(Tip {
        seq: Seq(seq),
        lamport: standing.lamport,
        ..*tip
    }))
}

/// Adds `entry`, the next of `log`, to the tail segment if that is one batch of this version with room, else to a new segment.
fn put_signed(
    txn: &mut dyn Txn,
    key: &SigningKey,
    log: LogId,
    (group, head): (&Group, &mut LogRow),
    version: &Version,
    standing: Standing,
    (entry, salt): (&Entry, &Salt),
) -> Result<(), StorageError> {
    let space = group.space;
    let before = head.chain.unwrap_or_else(|| Chain::start(space, log));
    let next = Seq(head.head.0 + 1);
    let tail = txn.get(&Key::segment(space, head.number, head.tail_first))?;
    let resumed = match tail {
        Some(bytes) if head.tail_first > 0 => resume(&bytes, log, next, version, head.wall_ms)?,
        _ => None,
    };
    let fresh = || {
        let builder = BatchBuilder::signed(log, next, entry.wall_ms, version, before);
        (builder, Lamports::default(), Rows::default())
    };
    let (mut builder, mut lamports, mut rows) = resumed.unwrap_or_else(fresh);
    if !builder.push_salted(entry, salt) {
        (builder, lamports, rows) = fresh();
        builder.push_salted(entry, salt);
    }
    lamports.push(standing.lamport);
    rows.push(standing.is_row);
    let (core, signed) = builder.sign(key, space);
    let mut segment = vec![SEGMENT_VERSION];
    put_stored(&mut segment, 0, &lamports, &rows, &core);
    head.chain = Some(signed.chain);
    head.tail_first = next.0 + 1 - builder.count();
    head.tail_length = segment.len() as u64;
    txn.put(&Key::segment(space, head.number, head.tail_first), &segment)
}

/// The only batch of a segment, if it can go on with entry `next`.
fn resume(
    bytes: &[u8],
    log: LogId,
    next: Seq,
    version: &Version,
    last_wall_ms: i64,
) -> Result<Option<(BatchBuilder, Lamports, Rows)>, StorageError> {
    let mut stored = Segment::open(bytes)?;
    let first = stored.next().ok_or_else(|| damaged(SEGMENTS))??;
    let is_tail = first.batch.proof == ProofKind::Signed
        && first.skip == 0
        && first.batch.last().0 + 1 == next.0
        && stored.next().is_none();
    if !is_tail || first.batch.version() != *version {
        return Ok(None);
    }
    let builder = BatchBuilder::resume(log, &first.batch, last_wall_ms);
    Ok(Some((builder, first.lamports, first.rows)))
}

/// The signed end of a log that is held.
pub(super) fn signed_end(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogId,
    row: &LogRow,
) -> Result<Head, StorageError> {
    with_segment(reader, space, row.number, row.head, |bytes| {
        let mut last: Option<Batch<'_>> = None;
        for stored in Segment::open(bytes)? {
            last = Some(stored?.batch);
        }
        last.and_then(|batch| batch.head(log).ok())
            .ok_or_else(|| damaged(SEGMENTS))
    })
}
