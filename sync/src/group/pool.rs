//! Runs of a group's entries that arrived in one session and wait (`docs/PROTOCOL.md` section 4b).
//!
//! Those who answer each other link to and fro, so no run could be stored before the other. The runs are resolved together, entry by
//! entry: each waits for one missing entry at a time. Once all entries of a run have their place, and those of all runs that it
//! needs, they are stored. Bounded, in memory: a run that is dropped was not acknowledged, so it comes again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::writing::signed_end;
use super::{Fork, Group};
use crate::batch::{Batch, BatchError, BodyView, Chain, Head, Version};
use crate::entry::What;
use crate::id::{EntryId, Lamport, LogId, Seq};
use crate::ingest::Refusal;
use crate::log::LogRow;
use crate::membership::{MemberKey, OperationId};
use crate::segment::{self, standing_in, with_segment};
use crate::store::{StorageError, Txn};

/// Most runs that wait in one session for one group, and most operations that are asked for because a run of an unknown
/// author names them.
pub const MAX_POOL: usize = 1_024;
/// Most bytes that wait in one session for one group.
pub const MAX_POOL_BYTES: usize = 8 << 20;
/// Entries that cost as much as one segment that is read.
const ENTRIES_PER_WORK: usize = 16;

/// A run in a pool, by number of arrival.
type Number = u64;

/// What became of a run that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is in the pool.
    Waits,
    /// The store holds it, or the pool does.
    Known(Seq),
    /// Entries before it are missing.
    Gap,
    /// There is no room. It comes again.
    Full,
    /// It names operations that are not held, and its author is unknown without them.
    Unknown,
    /// Whoever writes this log was never appointed, or did not sign this.
    Refused(Refusal),
    /// Not a run of a group: the sender's fault.
    Malformed(BatchError),
    /// Its author signed another head as well.
    Forked(Box<Fork>),
}

/// A proven run.
pub(crate) struct Run {
    pub(crate) log: LogId,
    pub(crate) author: MemberKey,
    pub(crate) core: Bytes,
    pub(crate) version: Version,
    pub(crate) head: Head,
    /// Its first entry that was not held when it came.
    pub(crate) first: Seq,
    pub(crate) entries: Vec<RunEntry>,
    links: Vec<EntryId>,
    /// Of the entries that have their place.
    pub(crate) lamports: Vec<Lamport>,
    /// The runs of this pool that hold what it links to.
    needs: BTreeSet<Number>,
}

/// An entry of a run.
pub(crate) struct RunEntry {
    pub(crate) what: What,
    pub(crate) wall_ms: i64,
    pub(crate) is_row: bool,
    /// Its body has not come with it.
    pub(crate) is_bare: bool,
    /// End of its links in the list.
    end: usize,
}

impl Run {
    pub(crate) fn links_of(&self, index: usize) -> &[EntryId] {
        let begin = index
            .checked_sub(1)
            .map_or(0, |before| self.entries[before].end);
        &self.links[begin..self.entries[index].end]
    }

    fn is_placed(&self) -> bool {
        self.lamports.len() == self.entries.len()
    }
}

/// The runs of one group that wait.
#[derive(Default)]
pub(crate) struct Pool {
    runs: BTreeMap<Number, Run>,
    /// By log and last entry.
    by_end: BTreeMap<(LogId, Seq), Number>,
    /// Those that wait for an entry, by its log.
    for_entry: BTreeMap<LogId, BTreeSet<(Seq, Number)>>,
    for_operation: BTreeMap<OperationId, BTreeSet<Number>>,
    /// Those to be looked at.
    ready: BTreeSet<Number>,
    /// Some got all their places since the last look at what can be stored.
    any_placed: bool,
    storable: VecDeque<Run>,
    bytes: usize,
    next: Number,
}

impl Pool {
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.storable.is_empty()
    }

    /// Whether there is work besides new arrivals.
    pub(crate) fn has_work(&self) -> bool {
        self.any_placed || !self.ready.is_empty() || !self.storable.is_empty()
    }

    /// Operations for which runs wait.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = OperationId> {
        self.for_operation.keys().copied()
    }

    /// Takes in a run that arrived, if it is proven.
    pub(crate) fn offer(
        &mut self,
        reader: &dyn Txn,
        group: &Group,
        log: LogId,
        core: &Bytes,
    ) -> Result<Offered, StorageError> {
        let batch = match Batch::parse_signed(core) {
            Ok(batch) => batch,
            Err(error) => return Ok(Offered::Malformed(error)),
        };
        let version = batch.version();
        let is_held = |id: &OperationId| group.membership().operation(*id).is_some();
        let Some(author) = group.author(log.device) else {
            return Ok(match version.tips().iter().find(|id| !is_held(id)) {
                Some(missing) => {
                    if self.for_operation.len() < MAX_POOL {
                        self.for_operation.entry(*missing).or_default();
                    }
                    Offered::Unknown
                }
                None => Offered::Refused(Refusal::NotMember),
            });
        };
        let row = LogRow::read(reader, group.space, log)?;
        if let Some(row) = row.filter(|row| row.forked) {
            return Ok(Offered::Known(row.head));
        }
        let held = row.map_or(Seq(0), |row| row.head);
        let (mut before, mut chain) = (held, row.and_then(|row| row.chain));
        let last = self.by_end.range((log, Seq(0))..=(log, Seq(u64::MAX)));
        let waiting = last.last().and_then(|(_, number)| self.runs.get(number));
        if let Some(waiting) = waiting.filter(|waiting| waiting.head.seq > held) {
            (before, chain) = (waiting.head.seq, Some(waiting.head.chain));
        }
        if batch.first.0 > before.0 + 1 {
            return Ok(Offered::Gap);
        }
        if batch.last() < before {
            return Ok(Offered::Known(batch.last()));
        }
        let head = match batch.head(log) {
            Ok(head) => head,
            Err(error) => return Ok(Offered::Malformed(error)),
        };
        let chain = chain.unwrap_or_else(|| Chain::start(group.space, log));
        let is_continued = batch.chain_at(log, before) == Some(chain);
        if is_continued && batch.last() == before {
            return Ok(Offered::Known(batch.last()));
        }
        if !head.verify(author, group.space, log) {
            return Ok(Offered::Refused(Refusal::FalseSignature));
        }
        if !is_continued {
            let other = match (waiting, &row) {
                (Some(waiting), _) if waiting.head.seq == before => waiting.head,
                (_, Some(row)) if before.0 > 0 => signed_end(reader, group.space, log, row)?,
                // It does not begin as a log of this name does.
                _ => return Ok(Offered::Malformed(BatchError::Malformed)),
            };
            return Ok(Offered::Forked(Box::new(Fork::new(other, &batch))));
        }
        if self.runs.len() >= MAX_POOL || self.bytes + core.len() > MAX_POOL_BYTES {
            return Ok(Offered::Full);
        }
        let mut run = Run {
            log,
            author,
            core: core.clone(),
            version,
            head,
            first: Seq(before.0 + 1),
            entries: Vec::new(),
            links: Vec::new(),
            lamports: Vec::new(),
            needs: BTreeSet::new(),
        };
        for entry in batch.entries() {
            let entry = match entry {
                Ok(entry)
                    if entry
                        .links
                        .clone()
                        .all(|it| it.log != log || it.seq < entry.seq) =>
                {
                    entry
                }
                _ => return Ok(Offered::Malformed(BatchError::Malformed)),
            };
            if entry.seq < run.first {
                continue;
            }
            run.links.extend(entry.links.clone());
            run.entries.push(RunEntry {
                what: entry.what(log),
                wall_ms: entry.wall_ms,
                is_row: entry.is_row() && entry.body != BodyView::Void,
                is_bare: matches!(entry.body, BodyView::Gap(_)),
                end: run.links.len(),
            });
        }
        let number = self.next;
        self.next += 1;
        self.bytes += core.len();
        self.by_end.insert((log, head.seq), number);
        self.runs.insert(number, run);
        self.ready.insert(number);
        Ok(Offered::Waits)
    }

    /// A log has grown in the store, or is frozen: what waits for it is looked at again.
    pub(crate) fn grew(&mut self, log: LogId, to: Seq) {
        let Some(waiters) = self.for_entry.get_mut(&log) else {
            return;
        };
        let later = waiters.split_off(&(Seq(to.0.saturating_add(1)), 0));
        self.ready.extend(
            std::mem::replace(waiters, later)
                .into_iter()
                .map(|(_, run)| run),
        );
    }

    /// Operations have come: what waits for them is looked at again. Returns whether some of an unknown author were dropped for
    /// lack of one, and come again if they are asked for.
    pub(crate) fn operations_came(&mut self, group: &Group) -> bool {
        let mut any_dropped = false;
        let ready = &mut self.ready;
        self.for_operation.retain(|id, runs| {
            let is_held = group.membership().operation(*id).is_some();
            if is_held {
                any_dropped |= runs.is_empty();
                ready.extend(std::mem::take(runs));
            }
            !is_held
        });
        any_dropped
    }

    /// Drops the runs of a log that is frozen.
    pub(crate) fn drop_log(&mut self, log: LogId) {
        let dropped: Vec<Number> = self
            .runs
            .iter()
            .filter_map(|(number, run)| (run.log == log).then_some(*number))
            .collect();
        for number in dropped {
            if let Some(run) = self.runs.remove(&number) {
                self.forget(&run);
                self.ready.remove(&number);
            }
        }
        self.storable.retain(|run| run.log != log);
        self.grew(log, Seq(u64::MAX));
    }

    fn forget(&mut self, run: &Run) {
        self.bytes -= run.core.len();
        self.by_end.remove(&(run.log, run.head.seq));
    }

    /// Goes on for about `left` units of work. Returns a run that can be stored.
    pub(crate) fn step(
        &mut self,
        reader: &dyn Txn,
        group: &Group,
        left: &mut usize,
    ) -> Result<Option<Run>, StorageError> {
        while *left > 0 {
            if let Some(run) = self.storable.pop_front() {
                return Ok(Some(run));
            }
            if let Some(number) = self.ready.pop_first() {
                self.place(reader, group, number, left)?;
            } else if std::mem::take(&mut self.any_placed) {
                self.find_storable();
                *left = left.saturating_sub(self.runs.len() / ENTRIES_PER_WORK + 1);
            } else {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Places as many entries of a run as possible.
    fn place(
        &mut self,
        reader: &dyn Txn,
        group: &Group,
        number: Number,
        left: &mut usize,
    ) -> Result<(), StorageError> {
        let Some(mut run) = self.runs.remove(&number) else {
            return Ok(());
        };
        let begun = run.lamports.len();
        let waits = self.place_entries(reader, group, &mut run, left)?;
        let placed = run.lamports.len() - begun;
        *left = left.saturating_sub(placed / ENTRIES_PER_WORK + 1);
        match waits {
            Some(Waits::Entry(id)) => {
                let waiters = self.for_entry.entry(id.log).or_default();
                waiters.insert((id.seq, number));
            }
            Some(Waits::Operation(id)) => {
                self.for_operation.entry(id).or_default().insert(number);
            }
            Some(Waits::Turn) => {
                self.ready.insert(number);
            }
            None => self.any_placed = true,
        }
        let (log, to) = (run.log, run.first.0 + run.lamports.len() as u64 - 1);
        self.runs.insert(number, run);
        if placed > 0 {
            self.grew(log, Seq(to));
        }
        Ok(())
    }

    fn place_entries(
        &self,
        reader: &dyn Txn,
        group: &Group,
        run: &mut Run,
        left: &mut usize,
    ) -> Result<Option<Waits>, StorageError> {
        let operations = run.version.tips().iter();
        let mut missing = operations.filter(|id| group.membership().operation(**id).is_none());
        if let Some(missing) = missing.next() {
            return Ok(Some(Waits::Operation(*missing)));
        }
        let before = EntryId {
            log: run.log,
            seq: Seq(run.first.0 - 1),
        };
        while !run.is_placed() {
            let index = run.lamports.len();
            let mut lamport = match run.lamports.last() {
                Some(last) => *last,
                None if before.seq.0 == 0 => Lamport(0),
                None => match self.lamport(reader, group, before, left)? {
                    Found::At(lamport, number) => {
                        run.needs.extend(number);
                        lamport
                    }
                    Found::Turn => return Ok(Some(Waits::Turn)),
                    Found::Missing => return Ok(Some(Waits::Entry(before))),
                },
            };
            let begin = index.checked_sub(1).map_or(0, |it| run.entries[it].end);
            for at in begin..run.entries[index].end {
                let link = run.links[at];
                if link.log == run.log {
                    continue;
                }
                match self.lamport(reader, group, link, left)? {
                    Found::At(linked, number) => {
                        lamport = lamport.max(linked);
                        run.needs.extend(number);
                    }
                    Found::Turn => return Ok(Some(Waits::Turn)),
                    Found::Missing => return Ok(Some(Waits::Entry(link))),
                }
            }
            run.lamports.push(Lamport(lamport.0 + 1));
        }
        Ok(None)
    }

    /// The Lamport of an entry that is held or has its place here.
    fn lamport(
        &self,
        reader: &dyn Txn,
        group: &Group,
        entry: EntryId,
        left: &mut usize,
    ) -> Result<Found, StorageError> {
        let ends = self
            .by_end
            .range((entry.log, entry.seq)..=(entry.log, Seq(u64::MAX)));
        for (_, number) in ends.take(1) {
            // The one that is looked at is not among them.
            if let Some(run) = self.runs.get(number)
                && let Some(index) = entry.seq.0.checked_sub(run.first.0)
            {
                // If it has none yet, another session may have brought it.
                if let Some(lamport) = run.lamports.get(index as usize) {
                    return Ok(Found::At(*lamport, Some(*number)));
                }
            }
        }
        let Some(row) = LogRow::read(reader, group.space, entry.log)? else {
            return Ok(Found::Missing);
        };
        if entry.seq == row.head {
            return Ok(Found::At(row.lamport, None));
        }
        if entry.seq > row.head {
            return Ok(match row.forked {
                true => Found::At(Lamport(0), None),
                false => Found::Missing,
            });
        }
        if *left == 0 {
            return Ok(Found::Turn);
        }
        let standing = with_segment(reader, group.space, row.number, entry.seq, |bytes| {
            *left = left.saturating_sub(segment::cost(bytes));
            standing_in(bytes, entry.seq)
        })?;
        Ok(Found::At(standing.lamport, None))
    }

    /// Moves the runs that can be stored: all of their entries have their place, and so have those of all runs that they need.
    fn find_storable(&mut self) {
        let placed = self.runs.iter().filter(|(_, run)| run.is_placed());
        let mut storable: BTreeSet<Number> = placed.map(|(number, _)| *number).collect();
        loop {
            let lacks = |number: &Number| {
                let needs = &self.runs[number].needs;
                needs
                    .iter()
                    .any(|need| !storable.contains(need) && self.runs.contains_key(need))
            };
            let lacking: Vec<Number> = storable.iter().copied().filter(lacks).collect();
            if lacking.is_empty() {
                break;
            }
            lacking
                .iter()
                .for_each(|number| _ = storable.remove(number));
        }
        for number in storable {
            if let Some(run) = self.runs.remove(&number) {
                self.forget(&run);
                self.storable.push_back(run);
            }
        }
    }
}

/// What a run waits for.
enum Waits {
    Entry(EntryId),
    Operation(OperationId),
    /// The next step.
    Turn,
}

/// Where an entry is.
enum Found {
    /// It has this Lamport, in a run of the pool or in the store.
    At(Lamport, Option<Number>),
    Missing,
    /// That needs more work than is left.
    Turn,
}
