//! Reading batches for sending: entries of this store's own logs are cut and marked as they leave,
//! those of others go whole, as they came.

use crate::batch::{BatchBuilder, ProofKind};
use crate::id::{EntryId, Lamport, LogId, Seq, SpaceId};
use crate::log::LogRow;
use crate::mark::MarkKey;
use crate::segment::{Segment, Stored, with_segment};
use crate::store::{Reader, StorageError};
use crate::tables::{SEGMENTS, damaged};

/// A batch ready to leave.
pub(crate) struct Outgoing {
    pub(crate) core: Vec<u8>,
    /// Lamport of the first entry asked for.
    pub(crate) first_lamport: Lamport,
    /// Its last entry.
    pub(crate) last: Seq,
    pub(crate) last_lamport: Lamport,
}

/// The batch that holds entry `from` of a log, which must be held.
///
/// A batch of own entries ends before one that links to what the receiver is not known to hold: what
/// it links to may itself link to an entry of this batch, and neither could be accepted first.
pub(crate) fn next_batch(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogId,
    row: &LogRow,
    from: Seq,
    mark_key: &MarkKey,
    receiver_holds: impl Fn(EntryId) -> bool,
) -> Result<Outgoing, StorageError> {
    with_segment(reader, space, row.number, from, |bytes| {
        for stored in Segment::open(bytes)? {
            let stored = stored?;
            if from > stored.batch.last() {
                continue;
            }
            let outgoing = match stored.batch.proof {
                ProofKind::Unsealed => seal(&stored, space, log, from, mark_key, &receiver_holds),
                ProofKind::Mark | ProofKind::Reserved(_) => whole(&stored, from),
            };
            return outgoing.ok_or_else(|| damaged(SEGMENTS));
        }
        Err(damaged(SEGMENTS))
    })
}

fn whole(stored: &Stored<'_>, from: Seq) -> Option<Outgoing> {
    let index = usize::try_from(from.0.checked_sub(stored.first())?).ok()?;
    Some(Outgoing {
        core: stored.batch.core().to_vec(),
        first_lamport: stored.lamports.iter().nth(index)?,
        last: stored.batch.last(),
        last_lamport: stored.lamports.last(),
    })
}

fn seal(
    stored: &Stored<'_>,
    space: SpaceId,
    log: LogId,
    from: Seq,
    mark_key: &MarkKey,
    receiver_holds: &impl Fn(EntryId) -> bool,
) -> Option<Outgoing> {
    let mut cut: Option<(BatchBuilder, Outgoing)> = None;
    for entry in stored.entries() {
        let (lamport, entry) = entry.ok()?;
        if entry.seq < from {
            continue;
        }
        let (builder, outgoing) = match &mut cut {
            None => cut.insert((
                BatchBuilder::cut(&stored.batch, &entry),
                Outgoing {
                    core: Vec::new(),
                    first_lamport: lamport,
                    last: entry.seq,
                    last_lamport: lamport,
                },
            )),
            Some(_) if !entry.links.clone().all(receiver_holds) => break,
            Some(cut) => cut,
        };
        builder.push_view(&entry);
        outgoing.last = entry.seq;
        outgoing.last_lamport = lamport;
    }
    let (builder, mut outgoing) = cut?;
    outgoing.core = builder.seal(mark_key, space, log);
    Some(outgoing)
}
