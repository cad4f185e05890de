//! Reads batches for sending. Entries of this store's own logs are cut into new batches and marked when they leave;
//! those of others leave as stored.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::batch::{BATCH_TARGET, Batch, BatchBuilder, BodyView, ProofKind};
use crate::id::{EntryId, Lamport, LogId, Seq, SpaceId};
use crate::log::LogRow;
use crate::membership::SIGNATURE_LENGTH;
use crate::segment::{Segment, Stored, with_segment};
use crate::store::{Reader, StorageError};
use crate::tables::{SEGMENTS, damaged};

/// Bytes of a batch of own entries for a peer that lacks many: several of our segments. A receiver stores one large
/// batch at a fraction of the cost of many small ones.
const SEND_TARGET: usize = 15_000;

/// A batch to send.
pub(crate) enum Sent {
    /// A batch of another author, or one of ours that came back: sent as stored.
    Whole(Vec<u8>),
    /// Own entries, still to be marked.
    Own(BatchBuilder),
}

/// A batch to send, and its place in the log.
pub(crate) struct Outgoing {
    pub(crate) batch: Sent,
    /// Lamport of the first requested entry.
    pub(crate) first_lamport: Lamport,
    /// Its last entry.
    pub(crate) last: Seq,
    pub(crate) last_lamport: Lamport,
}

/// The batch that holds entry `from` of a log; the entry must be held, and one of ours be marked as offered.
///
/// A batch of own entries ends before an entry that links to something the receiver may not hold: that entry may
/// itself link to an entry of this batch, and then neither could be accepted first.
pub(crate) fn next_batch(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogId,
    row: &LogRow,
    from: Seq,
    receiver_holds: impl Fn(EntryId) -> bool,
) -> Result<Outgoing, StorageError> {
    let mut cut: Option<Cut> = None;
    let mut next = from;
    let last = row.sendable();
    while next <= last {
        let step = with_segment(reader, space, row.number, next, |bytes| {
            let begun = next;
            for stored in Segment::open(bytes)? {
                let stored = stored?;
                if next > stored.batch.last() {
                    continue;
                }
                let step = match stored.batch.proof {
                    ProofKind::Unsealed => {
                        Cut::extend(&mut cut, log, &stored, next..=last, &receiver_holds)
                    }
                    ProofKind::Mark
                    | ProofKind::Expanded
                    | ProofKind::Signed
                    | ProofKind::Reserved(_) => whole(&stored, next).map(Step::Whole),
                };
                match step.ok_or_else(|| damaged(SEGMENTS))? {
                    Step::GoesOn => next = Seq(stored.batch.last().0 + 1),
                    step => return Ok(step),
                }
            }
            if next > begun {
                Ok(Step::GoesOn)
            } else {
                Err(damaged(SEGMENTS))
            }
        })?;
        match step {
            Step::GoesOn => {}
            Step::Whole(whole) if cut.is_none() => return Ok(whole),
            Step::Whole(_) | Step::Ends => break,
        }
    }
    let cut = cut.ok_or_else(|| damaged(SEGMENTS))?;
    Ok(Outgoing {
        batch: Sent::Own(cut.builder),
        first_lamport: cut.first_lamport,
        last: cut.last,
        last_lamport: cut.last_lamport,
    })
}

/// Least and most bytes of a run of a group that gathers several stored ones.
const RUN_TARGET: RangeInclusive<usize> = BATCH_TARGET..=32_000;
/// Bytes of the runs that a receiver has to keep until it has something of each log.
const RUNS_TARGET: usize = 2 << 20;

/// A body that is no longer leaves with its header: its commitment would save next to nothing.
const SHORT_BODY: usize = 64;

/// A run of a log of a group from entry `from` on. It ends where its author signed, and is as long as a receiver has room for
/// when it gets one of each of `logs` logs. The bodies of entries before `bare_before` stay here: the receiver asks for them later.
pub(crate) fn next_run(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogId,
    row: &LogRow,
    from: Seq,
    logs: usize,
    bare_before: Lamport,
) -> Result<Outgoing, StorageError> {
    let target = RUNS_TARGET / logs.max(1);
    let target = target.clamp(*RUN_TARGET.start(), *RUN_TARGET.end());
    let mut run: Option<Run> = None;
    let mut next = from;
    while next <= row.head {
        let goes_on = with_segment(reader, space, row.number, next, |bytes| {
            let begun = next;
            for stored in Segment::open(bytes)? {
                let stored = stored?;
                if next > stored.batch.last() {
                    continue;
                }
                let grown = Run::extend(&mut run, log, &stored, next, target, bare_before);
                if !grown.ok_or_else(|| damaged(SEGMENTS))? {
                    return Ok(false);
                }
                next = Seq(stored.batch.last().0 + 1);
            }
            match next > begun {
                true => Ok(true),
                false => Err(damaged(SEGMENTS)),
            }
        })?;
        if !goes_on {
            break;
        }
    }
    let run = run.ok_or_else(|| damaged(SEGMENTS))?;
    let mut core = run.builder.signed_with(&run.signature);
    if !run.bare.is_empty() {
        let batch = Batch::parse_head(&core).map_err(|_| damaged(SEGMENTS))?;
        let bare = batch.without(|seq| run.bare.contains(&seq));
        core = bare.map_err(|_| damaged(SEGMENTS))?.unwrap_or(core);
    }
    Ok(Outgoing {
        batch: Sent::Whole(core),
        first_lamport: run.first_lamport,
        last: run.last,
        last_lamport: run.last_lamport,
    })
}

/// Signed entries gathered for one run.
struct Run {
    builder: BatchBuilder,
    signature: [u8; SIGNATURE_LENGTH],
    first_lamport: Lamport,
    last: Seq,
    last_lamport: Lamport,
    /// Entries whose bodies stay here.
    bare: BTreeSet<Seq>,
    /// Bodies are missing, so nobody knows how long it gets: nothing is added.
    has_gaps: bool,
}

impl Run {
    /// Adds the entries of a stored batch from `from` on, all or none of them. Returns whether they fit; `None` if the stored bytes
    /// are damaged.
    fn extend(
        run: &mut Option<Run>,
        log: LogId,
        stored: &Stored<'_>,
        from: Seq,
        target: usize,
        bare_before: Lamport,
    ) -> Option<bool> {
        let batch = &stored.batch;
        let signature = batch.signature()?;
        let index = usize::try_from(from.0.checked_sub(stored.first())?).ok()?;
        let mut entries = stored.entries().skip(index);
        let (mut bare, mut has_gaps) = (BTreeSet::new(), false);
        for entry in stored.entries().skip(index) {
            let (lamport, entry) = entry.ok()?;
            match entry.body {
                BodyView::Bytes { bytes, .. }
                    if lamport < bare_before && bytes.len() > SHORT_BODY =>
                {
                    bare.insert(entry.seq);
                }
                BodyView::Gap(_) => has_gaps = true,
                _ => {}
            }
        }
        let last_lamport = stored.lamports.last();
        let last = batch.last();
        match run {
            None => {
                let (first_lamport, first) = entries.next()?.ok()?;
                let before = batch.chain_at(log, Seq(from.0 - 1))?;
                let version = batch.version();
                let mut builder = BatchBuilder::signed(log, from, first.wall_ms, &version, before);
                // What its author signed as one is sent as one.
                let mut fits = builder.copy(batch, &first, usize::MAX);
                for entry in entries {
                    fits &= builder.copy(batch, &entry.ok()?.1, usize::MAX);
                }
                *run = fits.then_some(Run {
                    builder,
                    signature,
                    first_lamport,
                    last,
                    last_lamport,
                    bare,
                    has_gaps,
                });
                fits.then_some(true)
            }
            Some(run) => {
                if run.has_gaps || has_gaps {
                    return Some(false);
                }
                let begun = run.builder.mark();
                for entry in entries {
                    if !run.builder.copy(batch, &entry.ok()?.1, target) {
                        run.builder.undo(begun);
                        return Some(false);
                    }
                }
                run.bare.append(&mut bare);
                run.signature = signature;
                run.last = last;
                run.last_lamport = last_lamport;
                Some(true)
            }
        }
    }
}

fn whole(stored: &Stored<'_>, from: Seq) -> Option<Outgoing> {
    let index = usize::try_from(from.0.checked_sub(stored.first())?).ok()?;
    Some(Outgoing {
        batch: Sent::Whole(stored.batch.core().to_vec()),
        first_lamport: stored.lamports.iter().nth(index)?,
        last: stored.batch.last(),
        last_lamport: stored.lamports.last(),
    })
}

/// Result of adding a stored batch to the gathered one.
enum Step {
    /// It belongs to another author, and leaves as stored.
    Whole(Outgoing),
    /// All of it was added.
    GoesOn,
    /// The gathered batch is complete before the end of this one.
    Ends,
}

/// Own entries gathered for one batch.
struct Cut {
    builder: BatchBuilder,
    first_lamport: Lamport,
    last: Seq,
    last_lamport: Lamport,
}

impl Cut {
    /// Adds entries of a stored batch that have these numbers. `None` if the stored bytes are damaged.
    fn extend(
        cut: &mut Option<Cut>,
        log: LogId,
        stored: &Stored<'_>,
        numbers: RangeInclusive<Seq>,
        receiver_holds: &impl Fn(EntryId) -> bool,
    ) -> Option<Step> {
        let begun_here = cut.is_none();
        for entry in stored.entries() {
            let (lamport, entry) = entry.ok()?;
            if entry.seq < *numbers.start() {
                continue;
            }
            if entry.seq > *numbers.end() {
                return Some(Step::Ends);
            }
            match cut {
                None => {
                    let mut builder = BatchBuilder::cut(log, &stored.batch, &entry);
                    builder.push_view(&entry);
                    *cut = Some(Cut {
                        builder,
                        first_lamport: lamport,
                        last: entry.seq,
                        last_lamport: lamport,
                    });
                }
                Some(cut) => {
                    let fits = if begun_here {
                        entry.links.clone().all(receiver_holds)
                    } else {
                        // An entry that names other logs does so through the list of its own batch.
                        !entry.names_others() && cut.builder.size() + entry.length() <= SEND_TARGET
                    };
                    if !fits || !cut.builder.follow(&entry) {
                        return Some(Step::Ends);
                    }
                    cut.last = entry.seq;
                    cut.last_lamport = lamport;
                }
            }
        }
        Some(Step::GoesOn)
    }
}
