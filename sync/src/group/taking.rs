//! Stores a run of entries, once all that it links to has come.

use super::Group;
use super::pool::Run;
use super::wanting::want;
use crate::batch::{Batch, Chain};
use crate::body::Gone;
use crate::conversation::{self, Accepted, Changes};
use crate::id::{EntryId, Seq};
use crate::ingest::put_sealed;
use crate::log::LogRow;
use crate::membership::{Posted, Showing};
use crate::rows::Rows;
use crate::segment::{Lamports, Standing};
use crate::space::{MAX_LOGS, SpaceRow};
use crate::store::{StorageError, Txn};
use crate::tables::{SEGMENTS, damaged};

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is stored.
    Stored {
        first: Seq,
        last: Seq,
        changes: Changes,
        /// Other entries that are shown because of it.
        shown: Vec<EntryId>,
    },
    /// The store holds it, or cannot take it as things are now.
    Nothing,
    /// The space has too many logs.
    TooManyLogs,
}

/// Stores a run of a pool.
pub(crate) fn take(txn: &mut dyn Txn, group: &mut Group, run: &Run) -> Result<Taken, StorageError> {
    let (space, log) = (group.space, run.log);
    let Some(mut row) = SpaceRow::read(txn, space)? else {
        return Ok(Taken::Nothing);
    };
    let known = LogRow::read(txn, space, log)?;
    let held = known.map_or(Seq(0), |head| head.head);
    // Another session may have brought some of it since.
    let begin = held.0 + 1;
    if begin < run.first.0 || run.head.seq <= held || known.is_some_and(|row| row.forked) {
        return Ok(Taken::Nothing);
    }
    if known.is_none() && row.logs >= MAX_LOGS {
        return Ok(Taken::TooManyLogs);
    }
    let batch = Batch::parse_signed(&run.core).map_err(|_| damaged(SEGMENTS))?;
    if begin > run.first.0 {
        let chain = known.and_then(|row| row.chain);
        let chain = chain.unwrap_or_else(|| Chain::start(space, log));
        if batch.chain_at(log, held) != Some(chain) {
            return Ok(Taken::Nothing);
        }
    }
    let skipped = (begin - run.first.0) as usize;
    let skip = begin - batch.first.0;
    let (mut gone, mut unbounded) = (Gone::default(), usize::MAX);
    if let Some(known) = &known {
        gone.read(txn, space, known, &batch, skip, &mut unbounded)?;
    }
    let stripped = gone.leave(&batch)?;
    let mut head = match known {
        Some(head) => head,
        None => row.new_log(txn, space, log, group.is_mine(log.device))?,
    };
    let mut shown = Vec::new();
    let mut showings = Vec::with_capacity(run.entries.len() - skipped);
    for index in skipped..run.entries.len() {
        let id = EntryId {
            log,
            seq: Seq(run.first.0 + index as u64),
        };
        let posted = Posted {
            author: run.author,
            version: run.version.tips().to_vec(),
            links: run.links_of(index).to_vec(),
        };
        let (showing, changed) = group.show(txn, id, &posted)?;
        shown.extend(changed);
        showings.push(showing == Showing::Shown);
    }
    let bare = (skipped..run.entries.len()).filter(|index| run.entries[*index].is_bare);
    let bare: Vec<Seq> = bare.map(|index| Seq(run.first.0 + index as u64)).collect();
    let (mut lamports, mut rows) = (Lamports::default(), Rows::default());
    let mut accepted = Vec::with_capacity(showings.len());
    for ((index, is_shown), seq) in (skipped..).zip(&showings).zip(begin..) {
        let (entry, lamport) = (&run.entries[index], run.lamports[index]);
        let is_row = entry.is_row && *is_shown;
        if !is_shown {
            group.mark_refused(txn, head.number, Seq(seq), entry.is_row)?;
        }
        lamports.push(lamport);
        rows.push(is_row);
        accepted.push(Accepted {
            what: entry.what,
            wall_ms: entry.wall_ms,
            standing: Standing { lamport, is_row },
            is_shown: *is_shown,
        });
    }
    head.repeats |= skip > 0;
    if head.mine {
        head.offered = run.head.seq;
    }
    head.chain = Some(run.head.chain);
    let core = stripped.as_deref().unwrap_or(&run.core);
    put_sealed(
        txn,
        space,
        &mut head,
        Seq(begin),
        skip,
        (&lamports, &rows),
        core,
    )?;
    let links = (skipped..run.entries.len()).flat_map(|index| run.links_of(index).iter().copied());
    drop_linked(txn, &mut row, space, links)?;
    let changes = conversation::apply(txn, space, &mut row, log, &mut head, &accepted)?;
    want(txn, space, log, head.number, run.lamports[skipped], &bare)?;
    let shown = group.apply_showing(txn, &shown)?;
    Ok(Taken::Stored {
        first: Seq(begin),
        last: run.head.seq,
        changes,
        shown,
    })
}

/// Entries that others link to are tips no more.
fn drop_linked(
    txn: &dyn Txn,
    row: &mut SpaceRow,
    space: crate::id::SpaceId,
    links: impl Iterator<Item = EntryId>,
) -> Result<(), StorageError> {
    let mut newest = std::collections::BTreeMap::new();
    for link in links {
        let seq = newest.entry(link.log).or_insert(link.seq);
        *seq = link.seq.max(*seq);
    }
    for (log, seq) in newest {
        if let Some(linked) = LogRow::read(txn, space, log)? {
            row.tips
                .retain(|tip| tip.log != linked.number || tip.seq > seq);
        }
    }
    Ok(())
}
