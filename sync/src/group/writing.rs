//! Entries of our own. Each is signed at once, so a log of ours is passed on like any other.

use ed25519_dalek::SigningKey;

use super::Group;
use crate::batch::{Batch, BatchBuilder, Chain, ProofKind, Salt, Version};
use crate::conversation::{self, Accepted};
use crate::entry::{Entry, MAX_BODY, MAX_LINKS};
use crate::id::{EntryId, Incarnation, LogId, Seq};
use crate::log::LogRow;
use crate::membership::{MemberKey, Posted, Showing};
use crate::rows::Rows;
use crate::segment::{Lamports, SEGMENT_VERSION, Segment, Standing, put_stored};
use crate::space::{AppendError, Appended, SpaceRow};
use crate::store::{StorageError, Txn};
use crate::tables::{Key, SEGMENTS, damaged};

/// An entry to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its kind and target.
    pub what: crate::entry::What,
    /// Wall time, Unix milliseconds.
    pub wall_ms: i64,
    /// Its body.
    pub body: crate::entry::Body,
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
        let is_shown = |tip: &crate::space::Tip| {
            let refused = Key::refused(space, tip.log, tip.seq.0);
            Ok(!txn.with(&refused, &mut |_| ())?)
        };
        let (links, lamport) = row.next_links(txn, space, &head, is_shown)?;
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
    txn: &(impl crate::store::Reader + ?Sized),
    space: crate::id::SpaceId,
    log: LogId,
    row: &LogRow,
) -> Result<crate::batch::Head, StorageError> {
    crate::segment::with_segment(txn, space, row.number, row.head, |bytes| {
        let mut last: Option<Batch<'_>> = None;
        for stored in Segment::open(bytes)? {
            last = Some(stored?.batch);
        }
        last.and_then(|batch| batch.head(log).ok())
            .ok_or_else(|| damaged(SEGMENTS))
    })
}
