//! Spaces in a store: create, remove, list, summarise, append.

use std::ops::{Bound, ControlFlow};

use crate::batch::{BatchBuilder, ProofKind};
use crate::conversation::{self, Accepted, Changes};
use crate::entry::{Body, Entry, MAX_BODY, MAX_LINKS, What};
use crate::id::{DeviceId, EntryId, Incarnation, Lamport, LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint, put_zigzag};
use crate::log::{LogRow, decode_log_id, log_name, write_log_name};
use crate::rows::Rows;
use crate::segment::{Lamports, SEGMENT_VERSION, Segment, Standing, put_stored};
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{
    CONTROL_HEADS, Key, LOGS, LogNumber, OF_A_SPACE, OPERATION_NUMBERS, OPERATIONS, SEGMENTS,
    SPACES, damaged, other_version, read_row, remove_prefix, scan_prefix,
};

/// Most logs of one space. Batches of further logs are refused.
pub const MAX_LOGS: u32 = 65_536;

/// The kind of a space. Open: later versions add kinds, and this one keeps those it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpaceKind {
    /// The chat of two identities. Deniable.
    Direct,
    /// Reserved: data that the devices of one identity share.
    OwnDevices,
    /// A group: each of its members passes on what any of them wrote.
    Group,
    /// A kind of a later version.
    Reserved(u8),
}

impl SpaceKind {
    fn code(self) -> u8 {
        match self {
            SpaceKind::Direct => 1,
            SpaceKind::OwnDevices => 2,
            SpaceKind::Group => 3,
            SpaceKind::Reserved(code) => code,
        }
    }

    fn from_code(code: u8) -> SpaceKind {
        match code {
            1 => SpaceKind::Direct,
            2 => SpaceKind::OwnDevices,
            3 => SpaceKind::Group,
            code => SpaceKind::Reserved(code),
        }
    }
}

/// The size of a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Its kind.
    pub kind: SpaceKind,
    /// Entries held.
    pub entries: u64,
    /// Entries written by devices of this store's identity.
    pub mine: u64,
    /// Entries that are rows of the conversation.
    pub rows: u64,
    /// Rows written by devices of this store's identity.
    pub rows_mine: u64,
    /// Logs held.
    pub logs: u32,
    /// The wall time of the row that arrived last, Unix milliseconds according to its author.
    pub newest_wall_ms: i64,
}

/// Creates a space. Returns whether it is new; an existing one stays unchanged.
pub fn create(txn: &mut dyn Txn, space: SpaceId, kind: SpaceKind) -> Result<bool, StorageError> {
    if SpaceRow::read(txn, space)?.is_some() {
        return Ok(false);
    }
    let row = SpaceRow {
        kind,
        logs: 0,
        entries: 0,
        mine: 0,
        rows: 0,
        rows_mine: 0,
        newest_wall_ms: 0,
        digest: None,
        tips: Vec::new(),
    };
    row.write(txn, space)?;
    Ok(true)
}

/// Removes a space and everything stored for it.
pub fn remove(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    for table in OF_A_SPACE {
        remove_prefix(txn, &Key::new(table, space))?;
    }
    Ok(())
}

/// Removes everything that was written in a space, and what is known of who holds it. The control log of a group stays.
pub fn remove_entries(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    let Some(row) = SpaceRow::read(txn, space)? else {
        return Ok(());
    };
    let of_control = [OPERATIONS, OPERATION_NUMBERS, CONTROL_HEADS];
    for table in OF_A_SPACE {
        if !of_control.contains(&table) {
            remove_prefix(txn, &Key::new(table, space))?;
        }
    }
    create(txn, space, row.kind)?;
    Ok(())
}

/// All spaces, by id.
pub fn list(reader: &dyn Reader) -> Result<Vec<(SpaceId, Summary)>, StorageError> {
    let mut spaces = Vec::new();
    let mut failed = None;
    scan_prefix(
        reader,
        &Key::table(SPACES),
        Direction::Forward,
        &mut |rest, value| {
            let id = rest.try_into().map_err(|_| damaged(SPACES));
            match id.and_then(|id| Ok((SpaceId(id), SpaceRow::decode(value)?.summary()))) {
                Ok(space) => {
                    spaces.push(space);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        },
    )?;
    match failed {
        Some(error) => Err(error),
        None => Ok(spaces),
    }
}

/// The size of a space; `None` if there is no such space.
pub fn summary(reader: &dyn Reader, space: SpaceId) -> Result<Option<Summary>, StorageError> {
    Ok(SpaceRow::read(reader, space)?.map(|row| row.summary()))
}

/// Why an entry was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The caller's fault: there is no such space.
    #[error("there is no such space")]
    NoSuchSpace,
    /// The caller's fault: the body is longer than [`MAX_BODY`].
    #[error("the body is over the limit")]
    TooLong,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// An appended entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its name.
    pub id: EntryId,
    /// What it changed in the conversation.
    pub changes: Changes,
}

/// Appends an entry to a log of this store: of this device and opening. The entry links to every held entry that no
/// other held entry links to.
pub fn append(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogId,
    wall_ms: i64,
    what: What,
    body: Body,
) -> Result<Appended, AppendError> {
    if body.length() > MAX_BODY {
        return Err(AppendError::TooLong);
    }
    let mut row = SpaceRow::read(txn, space)?.ok_or(AppendError::NoSuchSpace)?;
    let mut head = match LogRow::read(txn, space, log)? {
        Some(head) => head,
        None => row.new_log(txn, space, log, true)?,
    };
    let (links, lamport) = row.next_links(txn, space, &head, |tip| Ok(Some(*tip)))?;
    let entry = Entry {
        what,
        links,
        wall_ms,
        body,
    };
    let seq = Seq(head.head.0 + 1);
    let standing = Standing {
        lamport,
        is_row: what.is_row(),
    };
    put_unsealed(txn, space, log, &mut head, standing, &entry)?;
    row.drop_linked_tips(MAX_LINKS, head.number);
    let accepted = Accepted {
        what,
        wall_ms,
        standing,
        is_shown: true,
    };
    let changes = conversation::apply(txn, space, &mut row, log, &mut head, &[accepted])?;
    Ok(Appended {
        id: EntryId { log, seq },
        changes,
    })
}

/// Adds `entry`, the next of `log`, to the tail segment if that is one unsealed batch with room, else to a new
/// segment.
fn put_unsealed(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogId,
    head: &mut LogRow,
    standing: Standing,
    entry: &Entry,
) -> Result<(), StorageError> {
    let seq = Seq(head.head.0 + 1);
    let key = Key::segment(space, head.number, head.tail_first);
    let resumed = if head.tail_first > 0 {
        read_row(txn, &key, |bytes| {
            Some(Tail::read(bytes, log, seq, head.wall_ms))
        })?
        .transpose()?
        .flatten()
    } else {
        None
    };
    let mut tail = resumed.unwrap_or_else(|| Tail::new(log, seq, entry.wall_ms));
    if !tail.builder.push(entry) {
        tail = Tail::new(log, seq, entry.wall_ms);
        tail.builder.push(entry);
    }
    tail.lamports.push(standing.lamport);
    tail.rows.push(standing.is_row);
    let core = tail.builder.unsealed();
    let mut segment = Vec::with_capacity(core.len() + 32);
    segment.push(SEGMENT_VERSION);
    put_stored(&mut segment, 0, &tail.lamports, &tail.rows, &core);
    head.tail_first = seq.0 + 1 - tail.builder.count();
    head.tail_length = segment.len() as u64;
    txn.put(&Key::segment(space, head.number, head.tail_first), &segment)
}

/// The only batch of a segment, if it is unsealed and can continue.
struct Tail {
    lamports: Lamports,
    rows: Rows,
    builder: BatchBuilder,
}

impl Tail {
    fn new(log: LogId, next: Seq, wall_ms: i64) -> Tail {
        Tail {
            lamports: Lamports::default(),
            rows: Rows::default(),
            builder: BatchBuilder::new(log, next, wall_ms),
        }
    }

    /// Continues at entry `next`. `None` if the segment is no such batch.
    fn read(
        bytes: &[u8],
        log: LogId,
        next: Seq,
        last_wall_ms: i64,
    ) -> Result<Option<Tail>, StorageError> {
        let mut stored = Segment::open(bytes)?;
        let first = stored.next().ok_or_else(|| damaged(SEGMENTS))??;
        if first.batch.proof != ProofKind::Unsealed || stored.next().is_some() {
            return Ok(None);
        }
        if first.batch.last().0 + 1 != next.0 {
            return Err(damaged(SEGMENTS));
        }
        Ok(Some(Tail {
            builder: BatchBuilder::resume(log, &first.batch, last_wall_ms),
            lamports: first.lamports,
            rows: first.rows,
        }))
    }
}

/// The highest held entry of each log.
pub type Frontier = std::collections::BTreeMap<LogId, Seq>;

/// The frontier of a space.
pub fn frontier(reader: &(impl Reader + ?Sized), space: SpaceId) -> Result<Frontier, StorageError> {
    let mut frontier = Frontier::new();
    each_log(reader, space, |log, row| {
        frontier.insert(log, row.head);
    })?;
    Ok(frontier)
}

/// The highest held entry of at most `limit` logs of a space, in the order of their ids: of `from` and those after it.
pub fn heads(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    from: LogId,
    limit: usize,
) -> Result<Vec<(LogId, Seq)>, StorageError> {
    const LAST: LogId = LogId {
        device: DeviceId([0xff; 16]),
        incarnation: Incarnation(u64::MAX),
    };
    let (low, high) = (Key::log(space, from), Key::log(space, LAST));
    let prefix = Key::new(LOGS, space).len();
    let (mut heads, mut intact) = (Vec::new(), true);
    let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
    reader.scan(range, Direction::Forward, &mut |key, value| {
        if heads.len() == limit {
            return ControlFlow::Break(());
        }
        match (decode_log_id(&key[prefix..]), LogRow::decode(value)) {
            (Some(log), Some(row)) => {
                heads.push((log, row.head));
                ControlFlow::Continue(())
            }
            _ => {
                intact = false;
                ControlFlow::Break(())
            }
        }
    })?;
    if intact {
        Ok(heads)
    } else {
        Err(damaged(LOGS))
    }
}

/// Calls `visit` with each log of a space.
pub(crate) fn each_log(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    mut visit: impl FnMut(LogId, LogRow),
) -> Result<(), StorageError> {
    let mut intact = true;
    scan_prefix(
        reader,
        &Key::new(LOGS, space),
        Direction::Forward,
        &mut |rest, value| match (decode_log_id(rest), LogRow::decode(value)) {
            (Some(log), Some(row)) => {
                visit(log, row);
                ControlFlow::Continue(())
            }
            _ => {
                intact = false;
                ControlFlow::Break(())
            }
        },
    )?;
    if intact { Ok(()) } else { Err(damaged(LOGS)) }
}

/// A digest of a frontier, or of several.
pub type Digest = [u8; 16];

/// Computes the digest of a frontier, log by log in order (`docs/PROTOCOL.md` sections 4b and 6).
pub(crate) struct FrontierDigest {
    hasher: blake3::Hasher,
    is_empty: bool,
}

impl FrontierDigest {
    pub(crate) fn new() -> FrontierDigest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"hedgerow 1 frontier");
        FrontierDigest {
            hasher,
            is_empty: true,
        }
    }

    pub(crate) fn add(&mut self, log: LogId, row: &LogRow) {
        if row.head.0 == 0 && !row.forked {
            return;
        }
        self.is_empty = false;
        self.hasher.update(&log.device.0);
        self.hasher.update(&log.incarnation.0.to_be_bytes());
        // Of a forked log devices may hold different entries for good.
        if row.forked {
            self.hasher.update(&u64::MAX.to_be_bytes());
            return;
        }
        self.hasher.update(&row.head.0.to_be_bytes());
        if let Some(chain) = &row.chain {
            self.hasher.update(&chain.0);
        }
    }

    pub(crate) fn finish(&self) -> Digest {
        let mut digest = [0; 16];
        if !self.is_empty {
            digest.copy_from_slice(&self.hasher.finalize().as_bytes()[..16]);
        }
        digest
    }
}

/// Caches the computed digest of a space's frontier.
pub(crate) fn keep_digest(
    txn: &mut dyn Txn,
    space: SpaceId,
    digest: Digest,
) -> Result<(), StorageError> {
    match SpaceRow::read(txn, space)? {
        Some(mut row) if row.digest.is_none() => {
            row.digest = Some(digest);
            row.write(txn, space)
        }
        _ => Ok(()),
    }
}

/// The digest of a space's frontier. Computed on the first call after a change and cached, so that a space without
/// changes costs one row.
pub fn digest(txn: &mut dyn Txn, space: SpaceId) -> Result<Digest, StorageError> {
    let Some(mut row) = SpaceRow::read(txn, space)? else {
        return Ok([0; 16]);
    };
    if let Some(digest) = row.digest {
        return Ok(digest);
    }
    let mut digest = FrontierDigest::new();
    each_log(txn, space, |log, row| digest.add(log, &row))?;
    let digest = digest.finish();
    row.digest = Some(digest);
    row.write(txn, space)?;
    Ok(digest)
}

/// The newest entry of a log, to which no held entry links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tip {
    pub(crate) log: LogNumber,
    pub(crate) seq: Seq,
    pub(crate) lamport: Lamport,
}

/// Most tips remembered: those with the highest Lamports. This store never links to a forgotten tip, which does no
/// harm: the order depends on the highest one.
pub(crate) const MAX_TIPS: usize = 64;

/// First byte of a space's row: the version of all tables of this crate.
const VERSION: u8 = 3;

/// The row of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpaceRow {
    pub(crate) kind: SpaceKind,
    pub(crate) logs: u32,
    pub(crate) entries: u64,
    pub(crate) mine: u64,
    pub(crate) rows: u64,
    pub(crate) rows_mine: u64,
    pub(crate) newest_wall_ms: i64,
    pub(crate) digest: Option<Digest>,
    /// Sorted by Lamport, highest first.
    pub(crate) tips: Vec<Tip>,
}

impl SpaceRow {
    pub(crate) fn read(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
    ) -> Result<Option<SpaceRow>, StorageError> {
        let key = Key::new(SPACES, space);
        read_row(reader, &key, |value| Some(SpaceRow::decode(value)))?.transpose()
    }

    pub(crate) fn write(&self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let mut value = Vec::with_capacity(64);
        value.push(VERSION);
        value.push(self.kind.code());
        value.push(u8::from(self.digest.is_some()));
        put_varint(&mut value, u64::from(self.logs));
        put_varint(&mut value, self.entries);
        put_varint(&mut value, self.mine);
        put_varint(&mut value, self.rows);
        put_varint(&mut value, self.rows_mine);
        put_zigzag(&mut value, self.newest_wall_ms);
        if let Some(digest) = &self.digest {
            value.extend_from_slice(digest);
        }
        for tip in &self.tips {
            put_varint(&mut value, u64::from(tip.log));
            put_varint(&mut value, tip.seq.0);
            put_varint(&mut value, tip.lamport.0);
        }
        txn.put(&Key::new(SPACES, space), &value)
    }

    fn decode(value: &[u8]) -> Result<SpaceRow, StorageError> {
        match value.split_first() {
            Some((&VERSION, rest)) => SpaceRow::decode_fields(rest).ok_or_else(|| damaged(SPACES)),
            Some(_) => Err(other_version(SPACES)),
            None => Err(damaged(SPACES)),
        }
    }

    fn decode_fields(fields: &[u8]) -> Option<SpaceRow> {
        let mut input = Input(fields);
        let kind = SpaceKind::from_code(input.byte()?);
        let has_digest = input.byte()? & 1 != 0;
        let mut row = SpaceRow {
            kind,
            logs: u32::try_from(input.varint()?).ok()?,
            entries: input.counted()?,
            mine: input.counted()?,
            rows: input.counted()?,
            rows_mine: input.counted()?,
            newest_wall_ms: input.zigzag()?,
            digest: if has_digest {
                Some(input.array()?)
            } else {
                None
            },
            tips: Vec::new(),
        };
        while !input.is_empty() {
            row.tips.push(Tip {
                log: LogNumber::try_from(input.varint()?).ok()?,
                seq: Seq(input.counted()?),
                lamport: Lamport(input.counted()?),
            });
        }
        Some(row)
    }

    fn summary(&self) -> Summary {
        Summary {
            kind: self.kind,
            entries: self.entries,
            mine: self.mine,
            rows: self.rows,
            rows_mine: self.rows_mine,
            logs: self.logs,
            newest_wall_ms: self.newest_wall_ms,
        }
    }

    /// Gives a new log its number. The caller writes both rows.
    pub(crate) fn new_log(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        log: LogId,
        mine: bool,
    ) -> Result<LogRow, StorageError> {
        let number = self.logs;
        self.logs = number.checked_add(1).ok_or_else(|| damaged(SPACES))?;
        write_log_name(txn, space, number, log)?;
        Ok(LogRow::new(number, mine))
    }

    /// What the next entry of a log links to, and its Lamport: the tips of the other logs, or what `shown` has in place of one.
    pub(crate) fn next_links(
        &self,
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        head: &LogRow,
        shown: impl Fn(&Tip) -> Result<Option<Tip>, StorageError>,
    ) -> Result<(Vec<EntryId>, Lamport), StorageError> {
        let mut links = Vec::new();
        let mut lamport = head.lamport;
        for tip in self.tips.iter().filter(|tip| tip.log != head.number) {
            if links.len() == MAX_LINKS {
                break;
            }
            let Some(tip) = shown(tip)? else {
                continue;
            };
            lamport = lamport.max(tip.lamport);
            links.push(EntryId {
                log: log_name(reader, space, tip.log)?,
                seq: tip.seq,
            });
        }
        Ok((links, Lamport(lamport.0 + 1)))
    }

    /// Removes the first `count` tips of logs other than `log`: a new entry links to them.
    pub(crate) fn drop_linked_tips(&mut self, count: usize, log: LogNumber) {
        let mut left = count;
        self.tips.retain(|tip| {
            if tip.log == log || left == 0 {
                return true;
            }
            left -= 1;
            false
        });
    }

    /// Records that a log has grown to `head`, which is now a tip, by `entries` entries, `rows` of them rows.
    pub(crate) fn grew(&mut self, head: &LogRow, entries: u64, rows: u64) {
        self.entries += entries;
        self.rows += rows;
        if head.mine {
            self.mine += entries;
            self.rows_mine += rows;
        }
        self.digest = None;
        self.tips.retain(|tip| tip.log != head.number);
        let place = self.tips.partition_point(|tip| tip.lamport > head.lamport);
        let tip = Tip {
            log: head.number,
            seq: head.head,
            lamport: head.lamport,
        };
        self.tips.insert(place, tip);
        self.tips.truncate(MAX_TIPS);
    }
}
