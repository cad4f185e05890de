//! Brings entries into the index, and takes texts out of it.

use std::collections::BTreeSet;

use hedgerow_sync::id::{EntryId, LogId, Seq, SpaceId};
use hedgerow_sync::page::{self, Placed};
use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_sync::{reading, space};

use super::documents::Local;
use super::marks::Mark;
use super::places::{self, MAX_RUN, Progress, Run};
use super::volume::{MERGED, Postings, Volume};
use super::{texts, words};
use crate::tables::damaged;

/// The entries of a small volume, and so of one slice of indexing.
pub const SLICE: u64 = 512;
/// The bytes of text after which a slice ends.
const SLICE_BYTES: usize = 256 << 10;
/// The logs that one slice looks at. Each opening of a program begins one, so a space can have tens of thousands, and
/// almost all of them are indexed.
const MAX_LOOKED: usize = 1_024;

/// Number of entries of a space that wait to be indexed.
pub fn waiting(reader: &dyn Reader, space: SpaceId) -> Result<u64, StorageError> {
    let held = space::summary(reader, space)?.map_or(0, |summary| summary.entries);
    Ok(held.saturating_sub(Progress::load(reader, space)?.count))
}

/// Indexes a slice of what waits in these spaces, or merges the small volumes if there are enough of them. Gives the
/// number of entries that still wait.
pub fn index(
    txn: &mut dyn Txn,
    spaces: impl IntoIterator<Item = SpaceId>,
    now_ms: i64,
) -> Result<u64, StorageError> {
    index_looking_at(txn, spaces, now_ms, MAX_LOOKED)
}

/// As [`index`], but looks at `logs` logs at most.
pub(super) fn index_looking_at(
    txn: &mut dyn Txn,
    spaces: impl IntoIterator<Item = SpaceId>,
    now_ms: i64,
    logs: usize,
) -> Result<u64, StorageError> {
    let volumes = Volume::all(txn)?;
    let small = volumes.iter().rev().take_while(|volume| !volume.is_large);
    let small = small.count();
    if small >= MERGED {
        Volume::merge(txn, &volumes[volumes.len() - small..])?;
        let mut left = 0;
        for space in spaces {
            left += waiting(txn, space)?;
        }
        return Ok(left);
    }
    let mut slice = Slice {
        first: Volume::end(txn)?,
        documents: 0,
        bytes: 0,
        newest_ms: i64::MIN,
        now_ms,
        logs,
        postings: Postings::new(),
    };
    let mut left = 0;
    for space in spaces {
        if waiting(txn, space)? > 0 && !slice.is_full() {
            slice.add_space(txn, space)?;
        }
        left += waiting(txn, space)?;
    }
    // The logs that it looked at are indexed.
    if slice.documents == 0 {
        return Ok(left);
    }
    let volume = Volume {
        first: slice.first,
        count: slice.documents,
        is_large: false,
        newest_ms: slice.newest_ms,
    };
    volume.write(txn, &slice.postings)?;
    Ok(left)
}

/// Takes the words of a message and of its edits out of the index. Call it in the transaction in which its body leaves or is
/// exchanged, before that.
pub fn forget(txn: &mut dyn Txn, space: SpaceId, message: EntryId) -> Result<(), StorageError> {
    let versions = texts::versions(txn, space, message)?;
    let terms = terms(&versions, None);
    for version in &versions {
        change(txn, space, version.id, &terms, false)?;
    }
    Ok(())
}

/// Puts the words of a message and of its edits into the index again, after a body was exchanged in place.
pub fn remember(txn: &mut dyn Txn, space: SpaceId, message: EntryId) -> Result<(), StorageError> {
    let versions = texts::versions(txn, space, message)?;
    let row = versions.iter().find(|version| version.id == message);
    let file = row.and_then(texts::file_mark);
    for version in &versions {
        let of = match version.id == message {
            true => &versions[..],
            false => std::slice::from_ref(version),
        };
        change(txn, space, version.id, &terms(of, file), true)?;
    }
    Ok(())
}

/// Takes a whole space out of the index.
pub fn forget_space(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    let gone = places::documents(txn, space)?;
    for volume in Volume::all(txn)? {
        let mut of_volume = vec![false; usize::try_from(volume.count).map_err(|_| damaged())?];
        let range = volume.first..volume.first + volume.count;
        let inside = gone.iter().filter(|run| range.contains(&run.start));
        for document in inside.flat_map(|run| run.clone()) {
            if let Some(is_gone) = of_volume.get_mut((document - volume.first) as usize) {
                *is_gone = true;
            }
        }
        if of_volume.contains(&true) {
            let is_gone = |document| of_volume.get(usize::from(document)) == Some(&true);
            volume.forget_all(txn, is_gone)?;
        }
    }
    places::forget(txn, space)
}

fn change(
    txn: &mut dyn Txn,
    space: SpaceId,
    entry: EntryId,
    terms: &BTreeSet<Vec<u8>>,
    is_there: bool,
) -> Result<(), StorageError> {
    let Some(document) = places::document(txn, space, entry)? else {
        return Ok(());
    };
    let volume = Volume::of(txn, document)?.ok_or_else(damaged)?;
    volume.change(txn, terms, document, is_there)
}

/// What the index keeps of these entries of a message with this file.
fn terms(of: &[Placed], file: Option<Mark>) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::new();
    let mut add = |term: &str| {
        all.insert(term.as_bytes().to_vec());
    };
    file.into_iter().for_each(|mark| add(mark.term()));
    for said in of.iter().filter_map(texts::said) {
        words::terms(&said.words, &mut add);
        said.marks.iter().for_each(|mark| add(mark.term()));
    }
    all
}

/// A small volume under construction.
struct Slice {
    first: u64,
    documents: u64,
    bytes: usize,
    newest_ms: i64,
    now_ms: i64,
    /// The logs that it may still look at.
    logs: usize,
    postings: Postings,
}

impl Slice {
    fn is_full(&self) -> bool {
        self.documents >= SLICE || self.bytes >= SLICE_BYTES || self.logs == 0
    }

    /// Adds what waits in a space, as far as there is room, from the log on where the last slice ended.
    fn add_space(&mut self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let held = space::summary(txn, space)?.map_or(0, |summary| summary.entries);
        let mut progress = Progress::load(txn, space)?;
        if progress.next == Progress::FIRST {
            progress.lap = (held, progress.count);
        }
        let begun = self.documents;
        let stretch = places::stretch(txn, space, progress.next, self.logs)?;
        let mut next = stretch.next;
        for (log, head, mut first) in stretch.logs {
            while first <= head && !self.is_full() {
                first.0 += self.add_run(txn, space, log, first)?;
            }
            if first <= head {
                next = Some(log);
                break;
            }
            self.logs = self.logs.saturating_sub(1);
        }
        progress.count += self.documents - begun;
        // All logs were looked at, nothing was found and nothing came: a damaged store counts what is not there.
        if next.is_none() && progress.lap == (held, progress.count) {
            progress.count = held;
        }
        progress.next = next.unwrap_or(Progress::FIRST);
        progress.save(txn, space)
    }

    fn add_run(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        log: LogId,
        first: Seq,
    ) -> Result<u64, StorageError> {
        let room = (SLICE - self.documents).min(MAX_RUN as u64) as usize;
        let mut run = Run {
            space,
            log,
            first,
            document: self.first + self.documents,
            entries: Vec::with_capacity(room),
        };
        let entries = reading::entries(txn, space, log, first, room)?;
        let rows = entries.iter().filter(|entry| entry.what.is_row());
        let mut edits = texts::edits(txn, space, rows.map(|row| row.id))?;
        for entry in entries {
            if self.is_full() {
                break;
            }
            let mut time_ms = time_ms(&entry, self.now_ms);
            match texts::edited(&entry) {
                None => {
                    self.add_said(&entry)?;
                    let edits = edits.remove(&entry.id).unwrap_or_default();
                    for edit in page::entries(txn, space, edits)?.values() {
                        self.add_said(edit)?;
                    }
                }
                // Without its message: that will have its words when it comes.
                Some(message) => {
                    if let Some(row) = texts::row(txn, space, message)? {
                        self.add_said(&entry)?;
                        if let Some(mark) = texts::file_mark(&row) {
                            self.add_term(mark.term())?;
                        }
                        time_ms = time_ms.max(self::time_ms(&row, self.now_ms));
                    }
                }
            }
            self.newest_ms = self.newest_ms.max(time_ms);
            run.entries.push((time_ms, !entry.what.is_row()));
            self.documents += 1;
        }
        if run.entries.is_empty() {
            return Err(damaged());
        }
        run.write(txn)?;
        Ok(run.entries.len() as u64)
    }

    /// Puts what an entry says under the next document.
    fn add_said(&mut self, entry: &Placed) -> Result<(), StorageError> {
        let Some(said) = texts::said(entry) else {
            return Ok(());
        };
        self.bytes += said.words.len();
        let mut outcome = Ok(());
        words::terms(&said.words, |term| {
            if outcome.is_ok() {
                outcome = self.add_term(term);
            }
        });
        outcome?;
        said.marks
            .iter()
            .try_for_each(|mark| self.add_term(mark.term()))
    }

    fn add_term(&mut self, term: &str) -> Result<(), StorageError> {
        let document = Local::try_from(self.documents).map_err(|_| damaged())?;
        match self.postings.get_mut(term.as_bytes()) {
            Some(documents) if documents.last() == Some(&document) => {}
            Some(documents) => documents.push(document),
            None => {
                let documents = vec![document];
                self.postings.insert(term.as_bytes().to_vec(), documents);
            }
        }
        Ok(())
    }
}

/// When an entry was written, but not later than now: a clock that is ahead keeps nobody on top.
pub(super) fn time_ms(entry: &Placed, now_ms: i64) -> i64 {
    entry.wall_ms.min(now_ms)
}
