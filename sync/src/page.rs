//! Pages of a conversation in screen order, counts and positions. They hold only rows that show: annotations and
//! hidden rows have a place in that order too, but nothing counts them.
//!
//! **Wall time.** The shown wall time of a row is the median of its own and those of its two neighbours in screen
//! order; the first and the last row show their own. So one wrong clock moves no row out of its place in time, and
//! every device shows the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::{Bound, ControlFlow};

use bytes::Bytes;

use crate::batch::{BodyView, EntryView};
use crate::entry::{Body, What};
use crate::id::{DeviceId, EntryId, Lamport, LogId, Seq, SpaceId};
use crate::log::{LogRow, log_name};
use crate::order::{Run, bucket_of, count_rows, decode_runs, read_bucket};
use crate::segment::{Segment, Standing, standing_of, with_segment};
use crate::space::SpaceRow;
use crate::store::{Direction, Reader, StorageError};
use crate::tables::{Key, LogNumber, ORDER, SEGMENTS, damaged};

/// Most rows of one page.
pub const MAX_PAGE: usize = 1_024;

/// Start of a page. An entry named here must be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFrom {
    /// The newest rows.
    Newest,
    /// The oldest.
    Oldest,
    /// The rows just before this one.
    Before(EntryId),
    /// This row, which must show, and those after it.
    At(EntryId),
    /// The rows just after this one.
    After(EntryId),
    /// The rows from this position on, from 0.
    Position(u64),
    /// The rows from the first one on whose shown wall time is this or later, Unix milliseconds. Approximate if clocks
    /// were wrong for long.
    Date(i64),
}

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its name.
    pub id: EntryId,
    /// Its logical time.
    pub lamport: Lamport,
    /// Its wall time according to its author, Unix milliseconds.
    pub wall_ms: i64,
    /// Its wall time to show, Unix milliseconds.
    pub shown_ms: i64,
    /// Its kind and target.
    pub what: What,
    /// Its body.
    pub body: Body,
}

impl Placed {
    /// Its place in screen order.
    pub fn place(&self) -> Place {
        Place {
            lamport: self.lamport,
            log: self.id.log,
            seq: self.id.seq,
        }
    }
}

/// A place in screen order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Compared first.
    pub lamport: Lamport,
    /// Compared second: device and incarnation.
    pub log: LogId,
    /// Compared last: the number in the log.
    pub seq: Seq,
}

/// Part of a conversation, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The rows.
    pub entries: Vec<Placed>,
    /// The position of the first of them.
    pub position: u64,
    /// Number of rows in the space.
    pub total: u64,
}

/// Up to `count` rows; `None` if the store does not hold the space or the named entry.
pub fn page(
    reader: &dyn Reader,
    space: SpaceId,
    from: PageFrom,
    count: usize,
) -> Result<Option<Page>, StorageError> {
    let Some(row) = SpaceRow::read(reader, space)? else {
        return Ok(None);
    };
    let count = count.min(MAX_PAGE) as u64;
    let total = row.rows;
    let mut walker = Walker::new(reader, space);
    let (first, end) = match from {
        PageFrom::Newest => (total.saturating_sub(count), total),
        PageFrom::Oldest => (0, count),
        PageFrom::Position(first) => (first, first.saturating_add(count)),
        PageFrom::Date(date_ms) => {
            let first = walker.position_of_date(date_ms, total)?;
            (first, first + count)
        }
        PageFrom::Before(id) | PageFrom::At(id) | PageFrom::After(id) => {
            let Some(standing) = standing(reader, space, id)? else {
                return Ok(None);
            };
            let position = walker.count_before(Place::new(id, standing), &[])?;
            let after = position + u64::from(standing.is_row);
            match from {
                PageFrom::Before(_) => (position.saturating_sub(count), position),
                PageFrom::At(_) if !standing.is_row => return Ok(None),
                PageFrom::At(_) => (position, position + count),
                _ => (after, after + count),
            }
        }
    };
    let first = first.min(total);
    let end = end.min(total);
    // One more row on each side, to compute shown wall times.
    let from = first.saturating_sub(1);
    let until = end.saturating_add(1).min(total);
    let mut entries = walker.slice(from, until, total)?;
    show_wall_times(&mut entries);
    let before = (first - from) as usize;
    if entries.len() < before {
        return Err(damaged(ORDER));
    }
    entries.drain(..before);
    entries.truncate((end - first) as usize);
    Ok(Some(Page {
        entries,
        position: first,
        total,
    }))
}

/// One entry, a row or an annotation, if held, also a hidden one. Its shown wall time is its own; [`PageFrom::At`] gives the median.
pub fn entry(
    reader: &dyn Reader,
    space: SpaceId,
    id: EntryId,
) -> Result<Option<Placed>, StorageError> {
    let Some(row) = held(reader, space, id)? else {
        return Ok(None);
    };
    with_segment(reader, space, row.number, id.seq, |bytes| {
        for stored in Segment::open(bytes)? {
            let stored = stored?;
            if id.seq > stored.batch.last() {
                continue;
            }
            for entry in stored.entries() {
                let (lamport, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                if entry.seq == id.seq {
                    let body = entry.body.to_body();
                    return Ok(Some(placed(id.log, lamport, &entry, body)));
                }
            }
        }
        Err(damaged(SEGMENTS))
    })
}

/// Those of these entries that are held, rows or annotations, as [`entry`] gives them. Reads each segment once.
pub fn entries(
    reader: &dyn Reader,
    space: SpaceId,
    ids: impl IntoIterator<Item = EntryId>,
) -> Result<BTreeMap<EntryId, Placed>, StorageError> {
    let mut wanted: BTreeMap<LogId, BTreeSet<Seq>> = BTreeMap::new();
    for id in ids {
        wanted.entry(id.log).or_default().insert(id.seq);
    }
    let mut found = BTreeMap::new();
    for (log, seqs) in wanted {
        let Some(row) = LogRow::read(reader, space, log)? else {
            continue;
        };
        let mut seqs = seqs.range(Seq(1)..=row.head).copied().peekable();
        while let Some(first) = seqs.peek().copied() {
            with_segment(reader, space, row.number, first, |bytes| {
                for stored in Segment::open(bytes)? {
                    let stored = stored?;
                    let last = stored.batch.last();
                    if seqs.peek().is_none_or(|seq| *seq > last) {
                        continue;
                    }
                    for entry in stored.entries() {
                        let (lamport, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                        if seqs.next_if_eq(&entry.seq).is_some() {
                            let body = entry.body.to_body();
                            let id = EntryId {
                                log,
                                seq: entry.seq,
                            };
                            found.insert(id, placed(log, lamport, &entry, body));
                        }
                    }
                }
                Ok(())
            })?;
            if seqs.peek() == Some(&first) {
                return Err(damaged(SEGMENTS));
            }
        }
    }
    Ok(found)
}

/// The place of an entry, a row or an annotation, if held.
pub fn place(
    reader: &dyn Reader,
    space: SpaceId,
    id: EntryId,
) -> Result<Option<Place>, StorageError> {
    let standing = standing(reader, space, id)?;
    Ok(standing.map(|standing| Place::new(id, standing)))
}

/// The place of a row, if held and not hidden.
pub fn row_place(
    reader: &dyn Reader,
    space: SpaceId,
    id: EntryId,
) -> Result<Option<Place>, StorageError> {
    let standing = standing(reader, space, id)?.filter(|standing| standing.is_row);
    Ok(standing.map(|standing| Place::new(id, standing)))
}

/// The last row of a log up to and including a held entry.
pub fn last_row(
    reader: &dyn Reader,
    space: SpaceId,
    id: EntryId,
) -> Result<Option<EntryId>, StorageError> {
    let Some(row) = held(reader, space, id)? else {
        return Ok(None);
    };
    let mut last = id.seq.0;
    while last > 0 {
        let mut found = None;
        let mut first = last + 1;
        with_segment(reader, space, row.number, Seq(last), |bytes| {
            for stored in Segment::open(bytes)? {
                let stored = stored?;
                first = first.min(stored.first());
                let standings = (stored.first()..=last).zip(stored.standings());
                let rows = standings.filter(|(_, standing)| standing.is_row);
                found = rows.last().map(|(seq, _)| seq).or(found);
            }
            Ok(())
        })?;
        if let Some(seq) = found {
            return Ok(Some(EntryId {
                seq: Seq(seq),
                ..id
            }));
        }
        if first > last {
            return Err(damaged(SEGMENTS));
        }
        last = first - 1;
    }
    Ok(None)
}

/// The position of a row, from 0, if held.
pub fn position(
    reader: &dyn Reader,
    space: SpaceId,
    id: EntryId,
) -> Result<Option<u64>, StorageError> {
    match row_place(reader, space, id)? {
        Some(place) => Ok(Some(Walker::new(reader, space).count_before(place, &[])?)),
        None => Ok(None),
    }
}

/// Number of rows before `place`, except those of devices in `without`.
pub fn count_before(
    reader: &dyn Reader,
    space: SpaceId,
    place: Place,
    without: &[DeviceId],
) -> Result<u64, StorageError> {
    Walker::new(reader, space).count_before(place, without)
}

/// Number of rows after `place`, except those of devices in `without`.
pub fn count_after(
    reader: &dyn Reader,
    space: SpaceId,
    place: Place,
    without: &[DeviceId],
) -> Result<u64, StorageError> {
    Walker::new(reader, space).count_after(place, without)
}

/// The last entry of each log among those that stand after `after` (from the first on, if there is none) and not after
/// `up_to`, except those of devices in `without`.
pub fn last_entries(
    reader: &dyn Reader,
    space: SpaceId,
    after: Option<Place>,
    up_to: Place,
    without: &[DeviceId],
) -> Result<BTreeMap<LogId, Seq>, StorageError> {
    let mut walker = Walker::new(reader, space);
    let first = after.map_or(0, |after| bucket_of(after.lamport));
    let last = bucket_of(up_to.lamport);
    // The last two runs of each log: the last one may lie after `up_to` as a whole.
    let mut runs: BTreeMap<LogNumber, (Option<Run>, Run)> = BTreeMap::new();
    walker.buckets(first, Direction::Forward, &mut |bucket, encoded| {
        if bucket > last {
            return Some(ControlFlow::Break(()));
        }
        for run in decode_runs(encoded)? {
            let before = runs.get(&run.log).map(|(_, before)| *before);
            runs.insert(run.log, (before, run));
        }
        Some(ControlFlow::Continue(()))
    })?;
    let mut found = BTreeMap::new();
    for (number, (before, run)) in runs {
        let log = walker.name(number)?;
        if without.contains(&log.device) {
            continue;
        }
        let place_of = |seq| place(reader, space, EntryId { log, seq });
        for run in [Some(run), before].into_iter().flatten() {
            // Places rise within a log.
            let (mut low, mut high) = (run.first, run.first + run.count);
            while low < high {
                let middle = low + (high - low) / 2;
                match place_of(Seq(middle))?.is_some_and(|place| place <= up_to) {
                    true => low = middle + 1,
                    false => high = middle,
                }
            }
            if low == run.first {
                continue;
            }
            let seq = Seq(low - 1);
            let is_after = |after| Ok(place_of(seq)?.is_some_and(|place| place > after));
            if after.map_or(Ok(true), is_after)? {
                found.insert(log, seq);
            }
            break;
        }
    }
    Ok(found)
}

fn held(reader: &dyn Reader, space: SpaceId, id: EntryId) -> Result<Option<LogRow>, StorageError> {
    let row = LogRow::read(reader, space, id.log)?;
    Ok(row.filter(|row| id.seq.0 > 0 && id.seq <= row.head))
}

fn standing(
    reader: &dyn Reader,
    space: SpaceId,
    id: EntryId,
) -> Result<Option<Standing>, StorageError> {
    match held(reader, space, id)? {
        Some(row) => standing_of(reader, space, row.number, id.seq).map(Some),
        None => Ok(None),
    }
}

/// An entry of a segment in its place. Its body shares the bytes of the segment.
pub(crate) fn placed_in(
    segment: &Bytes,
    log: LogId,
    lamport: Lamport,
    entry: &EntryView<'_>,
) -> Placed {
    let body = match entry.body {
        BodyView::Bytes { bytes, .. } => Body::Bytes(segment.slice_ref(bytes)),
        ref gone => gone.to_body(),
    };
    placed(log, lamport, entry, body)
}

fn placed(log: LogId, lamport: Lamport, entry: &EntryView<'_>, body: Body) -> Placed {
    Placed {
        id: EntryId {
            log,
            seq: entry.seq,
        },
        lamport,
        wall_ms: entry.wall_ms,
        shown_ms: entry.wall_ms,
        what: entry.what(log),
        body,
    }
}

fn show_wall_times(entries: &mut [Placed]) {
    for index in 1..entries.len().saturating_sub(1) {
        let before = entries[index - 1].wall_ms;
        let after = entries[index + 1].wall_ms;
        let entry = &mut entries[index];
        entry.shown_ms = entry.wall_ms.clamp(before.min(after), before.max(after));
    }
}

/// Receives buckets and their encoded runs until it breaks. Its `None` means damage.
type VisitBuckets<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Option<ControlFlow<()>>;

/// Walks in screen order. Caches the names of logs.
struct Walker<'a> {
    reader: &'a dyn Reader,
    space: SpaceId,
    names: BTreeMap<LogNumber, LogId>,
}

impl<'a> Walker<'a> {
    fn new(reader: &'a dyn Reader, space: SpaceId) -> Walker<'a> {
        Walker {
            reader,
            space,
            names: BTreeMap::new(),
        }
    }

    /// The rows at positions `from..until` of `total`.
    fn slice(&mut self, from: u64, until: u64, total: u64) -> Result<Vec<Placed>, StorageError> {
        let count = until.saturating_sub(from) as usize;
        if count == 0 {
            return Ok(Vec::new());
        }
        if until == total {
            let mut entries = self.take(u64::MAX, Direction::Backward, 0, count)?;
            entries.reverse();
            return Ok(entries);
        }
        let (bucket, before) = self.bucket_at(from, total)?;
        self.take(bucket, Direction::Forward, (from - before) as usize, count)
    }

    /// The bucket that holds position `at`, and the number of rows before that bucket.
    fn bucket_at(&self, at: u64, total: u64) -> Result<(u64, u64), StorageError> {
        let from_start = at < total / 2;
        let mut found = None;
        let mut passed = 0;
        let (first, direction) = match from_start {
            true => (0, Direction::Forward),
            false => (u64::MAX, Direction::Backward),
        };
        self.buckets(first, direction, &mut |bucket, runs| {
            let count = count_rows(runs)?;
            let before = if from_start {
                passed
            } else {
                total.checked_sub(passed + count)?
            };
            passed += count;
            if (before..before + count).contains(&at) {
                found = Some((bucket, before));
                return Some(ControlFlow::Break(()));
            }
            Some(ControlFlow::Continue(()))
        })?;
        found.ok_or_else(|| damaged(ORDER))
    }

    /// Up to `count` rows from one edge of `bucket` on, after skipping `skip`.
    fn take(
        &mut self,
        bucket: u64,
        direction: Direction,
        mut skip: usize,
        count: usize,
    ) -> Result<Vec<Placed>, StorageError> {
        let mut entries = Vec::with_capacity(count.min(MAX_PAGE));
        let mut next = Some(bucket);
        while let Some(from) = next {
            let Some((bucket, runs)) = self.bucket(from, direction)? else {
                break;
            };
            let mut merge = Merge::new(self, &runs, direction)?;
            while let Some(entry) = merge.next(self)? {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                entries.push(entry);
                if entries.len() == count {
                    return Ok(entries);
                }
            }
            next = match direction {
                Direction::Forward => bucket.checked_add(1),
                Direction::Backward => bucket.checked_sub(1),
            };
        }
        Ok(entries)
    }

    fn count_before(&mut self, place: Place, without: &[DeviceId]) -> Result<u64, StorageError> {
        let row = SpaceRow::read(self.reader, self.space)?;
        let bucket = bucket_of(place.lamport);
        let top = self
            .bucket(u64::MAX, Direction::Backward)?
            .map_or(0, |(top, _)| top);
        if without.is_empty() && bucket > top / 2 {
            // Nearer to the end: count the rows after it, and the entry itself if it exists.
            let total = row.map_or(0, |row| row.rows);
            let after = self.count_after(place, without)?;
            let itself = standing(self.reader, self.space, place.id())?;
            let itself = u64::from(itself.is_some_and(|standing| standing.is_row));
            return Ok(total.saturating_sub(after + itself));
        }
        let before = match bucket.checked_sub(1) {
            Some(last) => self.count_buckets(last, Direction::Backward, without)?,
            None => 0,
        };
        Ok(before + self.rank(place, without)?)
    }

    fn count_after(&mut self, place: Place, without: &[DeviceId]) -> Result<u64, StorageError> {
        let bucket = bucket_of(place.lamport);
        let after = self.count_buckets(bucket + 1, Direction::Forward, without)?;
        let runs = read_bucket(self.reader, self.space, bucket)?;
        if runs.is_empty() {
            return Ok(after);
        }
        let up_to = Place {
            seq: Seq(place.seq.0.saturating_add(1)),
            ..place
        };
        let here = self.count_runs(&runs, without)?;
        Ok(after + here - self.rank(up_to, without)?)
    }

    /// Number of rows before `place` in its bucket.
    fn rank(&mut self, place: Place, without: &[DeviceId]) -> Result<u64, StorageError> {
        let runs = read_bucket(self.reader, self.space, bucket_of(place.lamport))?;
        let mut rank = 0;
        for run in runs.into_iter().filter(|run| run.rows > 0) {
            let log = self.name(run.log)?;
            if without.contains(&log.device) {
                continue;
            }
            let mut seq = run.first;
            let end = run.first + run.count;
            let mut passed = false;
            while seq < end && !passed {
                seq = with_segment(self.reader, self.space, run.log, Seq(seq), |bytes| {
                    let mut next = seq;
                    for stored in Segment::open(bytes)? {
                        let stored = stored?;
                        for (at, standing) in (stored.first()..).zip(stored.standings()) {
                            if at < next || at >= end || passed {
                                continue;
                            }
                            let id = EntryId { log, seq: Seq(at) };
                            passed = Place::new(id, standing) >= place;
                            if !passed {
                                rank += u64::from(standing.is_row);
                                next = at + 1;
                            }
                        }
                    }
                    if next == seq && !passed {
                        return Err(damaged(SEGMENTS));
                    }
                    Ok(next)
                })?;
            }
        }
        Ok(rank)
    }

    fn count_buckets(
        &mut self,
        from: u64,
        direction: Direction,
        without: &[DeviceId],
    ) -> Result<u64, StorageError> {
        let mut total = 0;
        let mut by_log = BTreeMap::<LogNumber, u64>::new();
        self.buckets(from, direction, &mut |_, runs| {
            if without.is_empty() {
                total += count_rows(runs)?;
            } else {
                for run in decode_runs(runs)? {
                    *by_log.entry(run.log).or_default() += run.rows;
                }
            }
            Some(ControlFlow::Continue(()))
        })?;
        for (log, count) in by_log {
            if !without.contains(&self.name(log)?.device) {
                total += count;
            }
        }
        Ok(total)
    }

    fn count_runs(&mut self, runs: &[Run], without: &[DeviceId]) -> Result<u64, StorageError> {
        let mut count = 0;
        for run in runs {
            if without.is_empty() || !without.contains(&self.name(run.log)?.device) {
                count += run.rows;
            }
        }
        Ok(count)
    }

    /// The position of the first row whose shown wall time is `date_ms` or later: a binary search for the bucket,
    /// then a scan of it.
    fn position_of_date(&mut self, date_ms: i64, total: u64) -> Result<u64, StorageError> {
        let Some((last, _)) = self.bucket(u64::MAX, Direction::Backward)? else {
            return Ok(0);
        };
        let (mut low, mut high) = (0, last);
        while low < high {
            let middle = high - (high - low) / 2;
            let mut sample = self.take(middle, Direction::Forward, 0, 3)?;
            show_wall_times(&mut sample);
            // With three rows, the middle one shows the median.
            let shown = sample
                .get(1)
                .or(sample.first())
                .map_or(i64::MAX, |entry| entry.shown_ms);
            if shown < date_ms {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        let Some((bucket, runs)) = self.bucket(low, Direction::Forward)? else {
            return Ok(total);
        };
        let before = match bucket.checked_sub(1) {
            Some(last) => self.count_buckets(last, Direction::Backward, &[])?,
            None => 0,
        };
        let here = self.count_runs(&runs, &[])? as usize;
        // The search judged the next bucket by its second row, so the result may be one of its first two rows; a third
        // gives the median.
        let mut entries = self.take(bucket, Direction::Forward, 0, here + 3)?;
        show_wall_times(&mut entries);
        let index = entries.iter().position(|entry| entry.shown_ms >= date_ms);
        Ok(before + index.unwrap_or(here) as u64)
    }

    fn name(&mut self, log: LogNumber) -> Result<LogId, StorageError> {
        if let Some(name) = self.names.get(&log) {
            return Ok(*name);
        }
        let name = log_name(self.reader, self.space, log)?;
        self.names.insert(log, name);
        Ok(name)
    }

    /// The first bucket with rows from `from` on.
    fn bucket(
        &self,
        from: u64,
        direction: Direction,
    ) -> Result<Option<(u64, Vec<Run>)>, StorageError> {
        let mut found = None;
        self.buckets(from, direction, &mut |bucket, runs| {
            if count_rows(runs)? == 0 {
                return Some(ControlFlow::Continue(()));
            }
            found = Some((bucket, decode_runs(runs)?));
            Some(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Calls `visit` with each bucket from `from` on.
    fn buckets(
        &self,
        from: u64,
        direction: Direction,
        visit: VisitBuckets<'_>,
    ) -> Result<(), StorageError> {
        let (low, high) = match direction {
            Direction::Forward => (from, u64::MAX),
            Direction::Backward => (0, from),
        };
        let low = Key::order(self.space, low);
        let high = Key::order(self.space, high);
        let mut intact = true;
        self.reader.scan(
            (Bound::Included(&low), Bound::Included(&high)),
            direction,
            &mut |key, value| {
                let bucket = key
                    .last_chunk::<8>()
                    .map(|bytes| u64::from_be_bytes(*bytes));
                match bucket.and_then(|bucket| visit(bucket, value)) {
                    Some(flow) => flow,
                    None => {
                        intact = false;
                        ControlFlow::Break(())
                    }
                }
            },
        )?;
        if intact { Ok(()) } else { Err(damaged(ORDER)) }
    }
}

impl Place {
    fn new(id: EntryId, standing: Standing) -> Place {
        Place {
            lamport: standing.lamport,
            log: id.log,
            seq: id.seq,
        }
    }

    /// The entry there.
    pub fn id(&self) -> EntryId {
        EntryId {
            log: self.log,
            seq: self.seq,
        }
    }
}

/// Merges the runs of one bucket; reads each segment when the merge reaches it.
struct Merge {
    direction: Direction,
    cursors: Vec<Cursor>,
}

/// The rest of one run.
struct Cursor {
    number: LogNumber,
    log: LogId,
    /// Numbers not yet loaded.
    left: std::ops::Range<u64>,
    /// Loaded entries, in log order.
    loaded: VecDeque<Placed>,
}

impl Merge {
    fn new(
        walker: &mut Walker<'_>,
        runs: &[Run],
        direction: Direction,
    ) -> Result<Merge, StorageError> {
        let mut cursors = Vec::with_capacity(runs.len());
        for run in runs.iter().filter(|run| run.rows > 0) {
            let mut cursor = Cursor {
                number: run.log,
                log: walker.name(run.log)?,
                left: run.first..run.first + run.count,
                loaded: VecDeque::new(),
            };
            cursor.load(walker, direction)?;
            cursors.push(cursor);
        }
        Ok(Merge { direction, cursors })
    }

    fn next(&mut self, walker: &Walker<'_>) -> Result<Option<Placed>, StorageError> {
        let direction = self.direction;
        let heads = self.cursors.iter_mut();
        let heads = heads.filter_map(|cursor| Some((cursor.head(direction)?.place(), cursor)));
        let best = match direction {
            Direction::Forward => heads.min_by_key(|(place, _)| *place),
            Direction::Backward => heads.max_by_key(|(place, _)| *place),
        };
        let Some((_, cursor)) = best else {
            return Ok(None);
        };
        let entry = match direction {
            Direction::Forward => cursor.loaded.pop_front(),
            Direction::Backward => cursor.loaded.pop_back(),
        };
        if cursor.loaded.is_empty() {
            cursor.load(walker, direction)?;
        }
        Ok(entry)
    }
}

impl Cursor {
    fn head(&self, direction: Direction) -> Option<&Placed> {
        match direction {
            Direction::Forward => self.loaded.front(),
            Direction::Backward => self.loaded.back(),
        }
    }

    /// Loads the next segment of the run that has rows.
    fn load(&mut self, walker: &Walker<'_>, direction: Direction) -> Result<(), StorageError> {
        while self.loaded.is_empty() && !self.left.is_empty() {
            let passed = self.load_segment(walker, direction)?;
            match direction {
                Direction::Forward if passed.end > self.left.start => self.left.start = passed.end,
                Direction::Backward if passed.start < self.left.end => self.left.end = passed.start,
                _ => return Err(damaged(SEGMENTS)),
            }
        }
        Ok(())
    }

    /// Loads the rows of a segment; returns the numbers that it covers.
    fn load_segment(
        &mut self,
        walker: &Walker<'_>,
        direction: Direction,
    ) -> Result<std::ops::Range<u64>, StorageError> {
        let at = match direction {
            Direction::Forward => self.left.start,
            Direction::Backward => self.left.end - 1,
        };
        let (log, left, loaded) = (self.log, self.left.clone(), &mut self.loaded);
        let mut passed = left.end..left.start;
        with_segment(walker.reader, walker.space, self.number, Seq(at), |bytes| {
            let bytes = Bytes::copy_from_slice(bytes);
            for stored in Segment::open(&bytes)? {
                let stored = stored?;
                if stored.batch.last().0 < left.start {
                    continue;
                }
                if stored.first() >= left.end {
                    break;
                }
                passed.start = passed.start.min(stored.first().max(left.start));
                passed.end = passed.end.max((stored.batch.last().0 + 1).min(left.end));
                for (entry, is_row) in stored.entries().zip(stored.rows.iter()) {
                    let (lamport, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                    if !left.contains(&entry.seq.0) || !is_row {
                        continue;
                    }
                    loaded.push_back(placed_in(&bytes, log, lamport, &entry));
                }
            }
            Ok(())
        })?;
        Ok(passed)
    }
}
