//! Ingests batches: decides what to accept from whom (`docs/PROTOCOL.md` sections 4 and 5).

use std::collections::BTreeMap;

use crate::batch::{Batch, BatchError, BodyView};
use crate::body::Gone;
use crate::conversation::{self, Accepted, Changes};
use crate::entry::What;
use crate::group::Group;
use crate::id::{DeviceId, EntryId, Lamport, LogId, Seq, SpaceId};
use crate::log::LogRow;
use crate::mark::MarkKey;
use crate::order;
use crate::rows::Rows;
use crate::segment::{
    self, Lamports, SEGMENT_TARGET, SEGMENT_VERSION, Standing, put_stored, with_segment,
};
use crate::space::{MAX_LOGS, SpaceRow};
use crate::store::{Reader, StorageError, Txn};
use crate::tables::{Key, LogNumber, SEGMENTS, damaged};

/// Who may write into a space, which its kind decides.
pub enum Authority<'a> {
    /// Devices of the two identities of a direct chat, or of our own.
    Devices(Devices<'a>),
    /// The members of a group, over whatever channel: their signatures prove them.
    Group(&'a mut Group),
}

/// The devices that may write into a space over the channel that a batch came through.
#[derive(Debug, Clone, Copy)]
pub struct Devices<'a> {
    /// Devices of the identity that the channel has authenticated: it may speak for all of them. Our own devices may
    /// also speak for our contact, so over a channel to one of them this holds our devices and the contact's.
    pub theirs: &'a [DeviceId],
    /// Devices of this store's identity.
    pub mine: &'a [DeviceId],
    /// The key of our own marks.
    pub mark_key: &'a MarkKey,
}

impl Devices<'_> {
    fn speaks_for(&self, device: DeviceId) -> bool {
        self.theirs.contains(&device)
    }

    fn is_mine(&self, device: DeviceId) -> bool {
        self.mine.contains(&device)
    }

    /// Whether this store can accept entries of this device at all.
    fn knows(&self, device: DeviceId) -> bool {
        self.speaks_for(device) || self.is_mine(device)
    }
}

/// Who may write, asked of each space.
pub trait Authorities {
    /// Who may write into this space.
    fn of(&mut self, space: SpaceId) -> Authority<'_>;
}

/// The same in every space.
impl Authorities for Devices<'_> {
    fn of(&mut self, _: SpaceId) -> Authority<'_> {
        Authority::Devices(*self)
    }
}

/// Why a log is refused: the sender must not offer it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The log's device does not belong to the sending identity.
    NotTheirs,
    /// It claims to be ours, but its mark does not verify.
    FalseMark,
    /// The space has [`MAX_LOGS`] logs already.
    TooManyLogs,
    /// In a group: nobody who was ever appointed writes this log.
    NotMember,
    /// In a group: its author did not sign it.
    FalseSignature,
    /// A reason of a later version.
    Other(u8),
}

impl Refusal {
    /// Its code on the wire.
    pub fn code(self) -> u8 {
        match self {
            Refusal::NotTheirs => 1,
            Refusal::FalseMark => 2,
            Refusal::TooManyLogs => 3,
            Refusal::NotMember => 4,
            Refusal::FalseSignature => 5,
            Refusal::Other(code) => code,
        }
    }

    /// From its code on the wire.
    pub fn from_code(code: u8) -> Refusal {
        match code {
            1 => Refusal::NotTheirs,
            2 => Refusal::FalseMark,
            3 => Refusal::TooManyLogs,
            4 => Refusal::NotMember,
            5 => Refusal::FalseSignature,
            code => Refusal::Other(code),
        }
    }
}

/// The result of ingesting a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ingested {
    /// Entries from `first` to `last` are new and stored.
    Stored {
        /// The first new one.
        first: Seq,
        /// The last.
        last: Seq,
        /// What they changed in the conversation.
        changes: Changes,
    },
    /// The store held all of it already.
    Known {
        /// Its last entry.
        last: Seq,
    },
    /// Entries before it are missing. The batch was dropped; it comes again after the next frontier.
    Gap,
    /// It links to this entry, which is missing: try again when more has come.
    Waits(EntryId),
    /// Not accepted: the sender's fault.
    Refused(Refusal),
    /// Not a batch: the sender's fault.
    Malformed(BatchError),
    /// This store has no such space.
    NoSuchSpace,
}

/// Ingests one batch from the wire.
pub fn ingest(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogId,
    core: &[u8],
    authority: &Devices<'_>,
) -> Result<Ingested, StorageError> {
    let (mut read, mut left) = (Read::default(), usize::MAX);
    loop {
        let done = ingest_step(txn, space, log, core, authority, &mut read, &mut left)?;
        if let Some(ingested) = done {
            return Ok(ingested);
        }
    }
}

/// As [`ingest`], but reads about `left` segments of usual length at most. If it needs more it returns `None` and has
/// written nothing; a further call with the same `read` continues. The rows that it writes count too.
pub(crate) fn ingest_step(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogId,
    core: &[u8],
    authority: &Devices<'_>,
    read: &mut Read,
    left: &mut usize,
) -> Result<Option<Ingested>, StorageError> {
    let batch = match Batch::parse(core) {
        Ok(batch) => batch,
        Err(error) => return Ok(Some(Ingested::Malformed(error))),
    };
    let mine = authority.is_mine(log.device);
    // Checked first, so that no peer's device list can make it speak for this device.
    if mine {
        if !batch.is_marked(authority.mark_key, space, log) {
            return Ok(Some(Ingested::Refused(Refusal::FalseMark)));
        }
    } else if !authority.speaks_for(log.device) {
        return Ok(Some(Ingested::Refused(Refusal::NotTheirs)));
    }
    let Some(mut row) = SpaceRow::read(txn, space)? else {
        return Ok(Some(Ingested::NoSuchSpace));
    };
    let known = LogRow::read(txn, space, log)?;
    let head = known.map_or(Seq(0), |head| head.head);
    if batch.first.0 > head.0 + 1 {
        return Ok(Some(Ingested::Gap));
    }
    if batch.last() <= head {
        return Ok(Some(Ingested::Known { last: batch.last() }));
    }
    if known.is_none() && row.logs >= MAX_LOGS {
        return Ok(Some(Ingested::Refused(Refusal::TooManyLogs)));
    }
    let skip = head.0 + 1 - batch.first.0;
    let before = known.map_or(Lamport(0), |head| head.lamport);
    let mut links = LinkTargets::new(space, authority);
    let linked = match held_links(txn, log, &batch, skip, &mut links)? {
        Ok(linked) => linked,
        Err(refused) => return Ok(Some(refused)),
    };
    let Some(placed) = place(txn, space, &linked, before, &mut read.lamports, left)? else {
        return Ok(None);
    };
    if let Some(known) = &known
        && !read.gone.read(txn, space, known, &batch, skip, left)?
    {
        return Ok(None);
    }
    let stripped = read.gone.leave(&batch)?;
    let mut head = match known {
        Some(head) => head,
        None => row.new_log(txn, space, log, mine)?,
    };
    head.repeats |= skip > 0;
    if head.mine {
        // They come back from others, to whom they left.
        head.offered = batch.last();
    }
    let first = Seq(batch.first.0 + skip);
    let core = stripped.as_deref().unwrap_or(core);
    let standings = (&placed.lamports, &placed.rows);
    put_sealed(txn, space, &mut head, first, skip, standings, core)?;
    row.tips.retain(|tip| !links.covers(tip.log, tip.seq));
    let accepted = &placed.accepted;
    let changes = conversation::apply(txn, space, &mut row, log, &mut head, accepted)?;
    let annotations = accepted.len() - changes.row_count() as usize;
    *left = left.saturating_sub(annotations + placed.further_buckets());
    Ok(Some(Ingested::Stored {
        first,
        last: batch.last(),
        changes,
    }))
}

/// What has been read for a batch that takes several steps.
#[derive(Default)]
pub(crate) struct Read {
    /// Lamports of the entries that it links to.
    lamports: LinkLamports,
    /// Bodies that were removed from the entries that it repeats.
    gone: Gone,
}

type LinkLamports = BTreeMap<(LogNumber, Seq), Lamport>;

/// The places of a batch's new entries.
struct Placed {
    lamports: Lamports,
    rows: Rows,
    accepted: Vec<Accepted>,
}

impl Placed {
    /// Number of buckets of the order that they lie in, but one.
    fn further_buckets(&self) -> usize {
        let buckets = self.lamports.iter().map(order::bucket_of);
        buckets
            .zip(self.lamports.iter().skip(1))
            .filter(|(bucket, next)| order::bucket_of(*next) != *bucket)
            .count()
    }
}

/// The links and targets of a batch's new entries.
struct Linked {
    entries: Vec<LinkedEntry>,
    /// Targets of all entries, in their order.
    targets: Vec<LinkTarget>,
}

/// A new entry of a batch.
struct LinkedEntry {
    what: What,
    wall_ms: i64,
    is_row: bool,
    /// End of its targets in the list.
    end: usize,
}

/// Checks that everything is held that a batch's new entries link to, before it reads any of it: a waiting batch
/// is tried again and again.
fn held_links(
    reader: &dyn Txn,
    log: LogId,
    batch: &Batch<'_>,
    skip: u64,
    links: &mut LinkTargets<'_>,
) -> Result<Result<Linked, Ingested>, StorageError> {
    let mut linked = Linked {
        targets: Vec::new(),
        entries: Vec::with_capacity((batch.count - skip) as usize),
    };
    for entry in batch.entries() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return Ok(Err(Ingested::Malformed(error))),
        };
        let counts = entry.seq.0 >= batch.first.0 + skip;
        for link in entry.links.clone() {
            if link.log == log {
                if link.seq >= entry.seq {
                    return Ok(Err(Ingested::Malformed(BatchError::Malformed)));
                }
            } else if counts {
                match links.held(reader, link)? {
                    Ok(target) => linked.targets.extend(target),
                    Err(NotHeld) => return Ok(Err(Ingested::Waits(link))),
                }
            }
        }
        if counts {
            linked.entries.push(LinkedEntry {
                what: entry.what(log),
                wall_ms: entry.wall_ms,
                // What its author took back before it left stands nowhere.
                is_row: entry.is_row() && entry.body != BodyView::Void,
                end: linked.targets.len(),
            });
        }
    }
    Ok(Ok(linked))
}

/// Computes the Lamports of the new entries; `None` if that needs more segments than are left.
fn place(
    reader: &dyn Txn,
    space: SpaceId,
    linked: &Linked,
    before: Lamport,
    known: &mut LinkLamports,
    left: &mut usize,
) -> Result<Option<Placed>, StorageError> {
    let mut placed = Placed {
        lamports: Lamports::default(),
        rows: Rows::default(),
        accepted: Vec::with_capacity(linked.entries.len()),
    };
    let mut begin = 0;
    let mut last = before;
    for entry in &linked.entries {
        let mut lamport = last;
        for target in &linked.targets[begin..entry.end] {
            let linked = match (target.lamport, known.get(&(target.log, target.seq))) {
                (Some(lamport), _) | (None, Some(&lamport)) => lamport,
                (None, None) => {
                    if *left == 0 {
                        return Ok(None);
                    }
                    let read = |segment: &[u8]| {
                        *left = left.saturating_sub(segment::cost(segment));
                        Ok(segment::standing_in(segment, target.seq)?.lamport)
                    };
                    let read = with_segment(reader, space, target.log, target.seq, read)?;
                    known.insert((target.log, target.seq), read);
                    read
                }
            };
            lamport = lamport.max(linked);
        }
        begin = entry.end;
        last = Lamport(lamport.0 + 1);
        placed.lamports.push(last);
        placed.rows.push(entry.is_row);
        placed.accepted.push(Accepted {
            what: entry.what,
            wall_ms: entry.wall_ms,
            standing: Standing {
                lamport: last,
                is_row: entry.is_row,
            },
            is_shown: true,
        });
    }
    Ok(Some(placed))
}

/// Appends a batch to the tail segment if it has room, else starts a new segment.
pub(crate) fn put_sealed(
    txn: &mut dyn Txn,
    space: SpaceId,
    head: &mut LogRow,
    first: Seq,
    skip: u64,
    (lamports, rows): (&Lamports, &Rows),
    core: &[u8],
) -> Result<(), StorageError> {
    let mut stored = Vec::with_capacity(core.len() + 32);
    stored.push(SEGMENT_VERSION);
    put_stored(&mut stored, skip, lamports, rows, core);
    let room =
        head.tail_first > 0 && head.tail_length as usize + stored.len() - 1 <= SEGMENT_TARGET;
    if room {
        let key = Key::segment(space, head.number, head.tail_first);
        let mut tail = txn.get(&key)?.ok_or_else(|| damaged(SEGMENTS))?;
        tail.extend_from_slice(&stored[1..]);
        head.tail_length = tail.len() as u64;
        txn.put(&key, &tail)
    } else {
        head.tail_first = first.0;
        head.tail_length = stored.len() as u64;
        txn.put(&Key::segment(space, head.number, first.0), &stored)
    }
}

/// A held entry, with its Lamport if that is known without reading a segment.
struct LinkTarget {
    log: LogNumber,
    seq: Seq,
    lamport: Option<Lamport>,
}

/// The entry is not held.
struct NotHeld;

/// The entries that a batch links to; reads each log's row once.
struct LinkTargets<'a> {
    space: SpaceId,
    authority: &'a Devices<'a>,
    rows: BTreeMap<LogId, Option<(LogRow, Seq)>>,
}

impl<'a> LinkTargets<'a> {
    fn new(space: SpaceId, authority: &'a Devices<'a>) -> LinkTargets<'a> {
        LinkTargets {
            space,
            authority,
            rows: BTreeMap::new(),
        }
    }

    /// Finds a linked entry. `None` in a log that this store refuses, whose entries count as Lamport 0.
    fn held(
        &mut self,
        reader: &dyn Txn,
        link: EntryId,
    ) -> Result<Result<Option<LinkTarget>, NotHeld>, StorageError> {
        if !self.authority.knows(link.log.device) {
            return Ok(Ok(None));
        }
        if !self.rows.contains_key(&link.log) {
            let row = LogRow::read(reader, self.space, link.log)?;
            self.rows.insert(link.log, row.map(|row| (row, Seq(0))));
        }
        match self.rows.get_mut(&link.log) {
            Some(Some((row, linked))) if link.seq <= row.head => {
                *linked = link.seq.max(*linked);
                Ok(Ok(Some(LinkTarget {
                    log: row.number,
                    seq: link.seq,
                    lamport: (link.seq == row.head).then_some(row.lamport),
                })))
            }
            _ => Ok(Err(NotHeld)),
        }
    }

    /// Whether the batch links to this entry or a later one of its log.
    fn covers(&self, log: u32, seq: Seq) -> bool {
        let mut rows = self.rows.values().flatten();
        rows.any(|(row, linked)| row.number == log && *linked >= seq)
    }
}

/// Whether the store holds an entry.
pub fn holds(reader: &dyn Reader, space: SpaceId, entry: EntryId) -> Result<bool, StorageError> {
    let row = LogRow::read(reader, space, entry.log)?;
    Ok(row.is_some_and(|row| entry.seq <= row.head))
}
