//! Finds the newest messages that have a query: candidates from the index and from what is not indexed yet, each looked
//! at before it counts.

use std::collections::{BTreeSet, BinaryHeap};
use std::ops::RangeInclusive;

use hedgerow_sync::id::{DeviceId, EntryId, Seq, SpaceId};
use hedgerow_sync::page::{self, Placed};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_sync::{reading, space};

use super::documents::{Local, Set};
use super::indexing::{self, time_ms};
use super::places::{self, MAX_RUN, Run};
use super::query::Query;
use super::texts;
use super::volume::Volume;

/// Blocks of the index that one query reads.
const MAX_BLOCKS: usize = 16_384;
/// Entries that one query reads because they are not indexed yet.
const MAX_UNINDEXED: u64 = 16_384;
/// Candidates that one query looks at.
const MAX_LOOKS: usize = 1_024;
/// Edits that one query follows to their messages.
const MAX_FOLLOWED: usize = 4_096;

/// A message in the order of hits: the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// When it was written, not later than this device learned of it: Unix milliseconds.
    pub time_ms: i64,
    /// Its conversation.
    pub space: SpaceId,
    /// Its entry.
    pub entry: EntryId,
}

/// Where to look.
pub struct Scope<'a> {
    /// The conversations.
    pub spaces: &'a BTreeSet<SpaceId>,
    /// Whether what a device writes in a conversation counts.
    pub counts: &'a dyn Fn(SpaceId, DeviceId) -> bool,
    /// When the messages were written, Unix milliseconds.
    pub times_ms: RangeInclusive<i64>,
    /// Only what comes after this one in the order of hits.
    pub after: Option<Spot>,
    /// The present time, Unix milliseconds.
    pub now_ms: i64,
}

/// What was found.
pub struct Found<T> {
    /// The newest first.
    pub hits: Vec<T>,
    /// Go on after this one: there may be more.
    pub next: Option<Spot>,
    /// A bound was reached: further messages may have the query and are not found.
    pub is_partial: bool,
}

/// The newest messages that have a query, at most `limit`. `look` reads a candidate and gives a hit if the message has
/// the query now.
pub fn find<T, E: From<StorageError>>(
    reader: &dyn Reader,
    query: &Query,
    scope: &Scope<'_>,
    limit: usize,
    look: &mut dyn FnMut(Spot) -> Result<Option<T>, E>,
) -> Result<Found<T>, E> {
    let mut candidates = Candidates {
        reader,
        query,
        scope,
        spots: BinaryHeap::new(),
        blocks_left: MAX_BLOCKS,
        is_partial: false,
    };
    candidates.add_unindexed()?;
    let mut volumes = Volume::all(reader)?;
    volumes.retain(|volume| volume.newest_ms >= *scope.times_ms.start());
    volumes.sort_by_key(|volume| volume.newest_ms);
    let (mut hits, mut last, mut looks, mut followed) = (Vec::new(), None, 0, 0);
    let mut seen = BTreeSet::new();
    loop {
        // No volume that is not read yet may hold anything newer than the next candidate.
        while let Some(volume) = volumes.pop_if(|volume| candidates.may_follow(volume)) {
            candidates.add_volume(&volume)?;
        }
        if hits.len() == limit || looks == MAX_LOOKS {
            break;
        }
        let Some((_, is_edit, spot)) = candidates.spots.pop() else {
            break;
        };
        if is_edit {
            followed += 1;
            if followed > MAX_FOLLOWED {
                candidates.is_partial = true;
                break;
            }
            candidates.follow(spot)?;
        } else if seen.insert((spot.space, spot.entry)) {
            looks += 1;
            hits.extend(look(spot)?);
            last = Some(spot);
        }
    }
    let has_more = !candidates.spots.is_empty() || !volumes.is_empty();
    Ok(Found {
        hits,
        next: last.filter(|_| has_more),
        is_partial: candidates.is_partial,
    })
}

/// What may be a hit, the newest first.
struct Candidates<'a> {
    reader: &'a dyn Reader,
    query: &'a Query,
    scope: &'a Scope<'a>,
    /// The time and the spot of messages and, before those of the same time, of edits: no edit is older than its message.
    spots: BinaryHeap<(i64, bool, Spot)>,
    blocks_left: usize,
    is_partial: bool,
}

impl Candidates<'_> {
    fn may_follow(&self, volume: &Volume) -> bool {
        let next = self.spots.peek();
        next.is_none_or(|(time_ms, ..)| *time_ms <= volume.newest_ms)
    }

    fn add(&mut self, spot: Spot, is_edit: bool) {
        // Its message decides about an edit.
        let fits = self.scope.times_ms.contains(&spot.time_ms)
            && self.scope.after.is_none_or(|after| spot < after);
        if is_edit || fits {
            self.spots.push((spot.time_ms, is_edit, spot));
        }
    }

    /// Puts its message in the place of an edit.
    fn follow(&mut self, edit: Spot) -> Result<(), StorageError> {
        let (reader, space) = (self.reader, edit.space);
        let entry = page::entry(reader, space, edit.entry)?;
        let Some(message) = entry.as_ref().and_then(texts::edited) else {
            return Ok(());
        };
        if let Some(row) = texts::row(reader, space, message)? {
            let spot = Spot {
                time_ms: time_ms(&row, self.scope.now_ms),
                space,
                entry: row.id,
            };
            self.add(spot, false);
        }
        Ok(())
    }

    fn add_volume(&mut self, volume: &Volume) -> Result<(), StorageError> {
        let mut all: Option<Set> = None;
        for (term, is_prefix) in self.query.terms() {
            let mut set = Set::none_of(volume.count);
            let (word, left) = (term.as_bytes(), &mut self.blocks_left);
            volume.find(self.reader, word, is_prefix, &mut set, left)?;
            if let Some(all) = &all {
                set.intersect(all);
            }
            self.is_partial |= self.blocks_left == 0;
            if set.is_empty() {
                return Ok(());
            }
            all = Some(set);
        }
        let Some(set) = all else { return Ok(()) };
        let documents = volume.first..volume.first + volume.count;
        places::runs(self.reader, documents, &mut |run| {
            self.add_run(volume, &set, &run)
        })
    }

    fn add_run(&mut self, volume: &Volume, set: &Set, run: &Run) {
        let (space, device) = (run.space, run.log.device);
        if !self.scope.spaces.contains(&space) || !(self.scope.counts)(space, device) {
            return;
        }
        for (index, (time_ms, is_annotation)) in run.entries.iter().enumerate() {
            let document = run.document - volume.first + index as u64;
            if Local::try_from(document).is_ok_and(|document| set.contains(document)) {
                let spot = Spot {
                    time_ms: *time_ms,
                    space,
                    entry: run.entry(index),
                };
                self.add(spot, *is_annotation);
            }
        }
    }

    fn add_unindexed(&mut self) -> Result<(), StorageError> {
        let mut left = MAX_UNINDEXED;
        for space in self.scope.spaces {
            if indexing::waiting(self.reader, *space)? == 0 {
                continue;
            }
            let indexed = places::indexed(self.reader, *space)?;
            for (log, head) in space::frontier(self.reader, *space)? {
                let end = indexed.get(&log).map_or(0, |last| last.0);
                if head.0 <= end || !(self.scope.counts)(*space, log.device) {
                    continue;
                }
                // The newest entries of a log count if there are too many.
                let mut next = end.max(head.0.saturating_sub(left)) + 1;
                self.is_partial |= next > end + 1;
                left -= head.0 + 1 - next;
                while next <= head.0 {
                    let entries = reading::entries(self.reader, *space, log, Seq(next), MAX_RUN)?;
                    for entry in &entries {
                        self.add_entry(*space, entry)?;
                    }
                    next += entries.len().max(1) as u64;
                }
            }
        }
        Ok(())
    }

    /// Adds an entry that is not indexed, if it has the query.
    fn add_entry(&mut self, space: SpaceId, entry: &Placed) -> Result<(), StorageError> {
        let Some(mut said) = texts::said(entry) else {
            return Ok(());
        };
        if let (Some(_), Some(message)) = (self.query.mark(), texts::edited(entry)) {
            let row = texts::row(self.reader, space, message)?;
            said.marks.extend(row.as_ref().and_then(texts::file_mark));
        }
        if !self.query.is_marked(&said.marks) || !self.query.has(&said.words) {
            return Ok(());
        }
        let spot = Spot {
            time_ms: time_ms(entry, self.scope.now_ms),
            space,
            entry: entry.id,
        };
        match texts::edited(entry) {
            Some(_) => self.follow(spot),
            None => {
                self.add(spot, false);
                Ok(())
            }
        }
    }
}
