//! Which entries membership shows, in the store. What it does not show is no row, and its annotations say nothing.

use super::Group;
use crate::conversation;
use crate::entry::What;
use crate::id::{EntryId, LogId, Seq};
use crate::log::{LogRow, log_name};
use crate::membership::{Posted, Showing, Shown};
use crate::segment::{Segment, with_segment};
use crate::space::each_log;
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{Key, LogNumber, REFUSED, SEGMENTS, damaged, scan_prefix};

impl Group {
    /// Judges the next entry of a log, whose version is held. Also returns the other entries that are shown because of it.
    pub(super) fn show(
        &mut self,
        reader: &dyn Txn,
        id: EntryId,
        posted: &Posted,
    ) -> Result<(Showing, Vec<EntryId>), StorageError> {
        if self.shown.is_none() {
            let membership = self.control.membership();
            if self.is_plain && membership.is_plainly_in(posted.author, &posted.version) {
                return Ok((Showing::Shown, Vec::new()));
            }
            self.shown = Some(self.load(reader)?);
        }
        let Some(shown) = &mut self.shown else {
            return Ok((Showing::Shown, Vec::new()));
        };
        let changed = shown.add(self.control.membership(), id, posted);
        Ok((shown.showing(id).unwrap_or(Showing::Waits), changed))
    }

    /// Judges all entries again after operations came. Returns those whose showing has changed.
    pub(super) fn operations_changed(
        &mut self,
        txn: &mut dyn Txn,
    ) -> Result<Vec<EntryId>, StorageError> {
        self.is_plain = self.control.membership().is_plain();
        let mut changed = match &mut self.shown {
            Some(shown) => shown.rejudge(self.control.membership()),
            None if self.is_plain => return Ok(Vec::new()),
            None => {
                let shown = self.load(txn)?;
                let refused = shown.all().filter(|(_, it)| *it != Showing::Shown);
                let mut refused: Vec<EntryId> = refused.map(|(id, _)| id).collect();
                refused.extend(refused_before(txn, self)?);
                self.shown = Some(shown);
                refused
            }
        };
        changed.sort();
        changed.dedup();
        self.apply_showing(txn, &changed)
    }

    /// Puts down in the store whether these entries are shown. Returns those of which it said otherwise.
    pub(super) fn apply_showing(
        &self,
        txn: &mut dyn Txn,
        entries: &[EntryId],
    ) -> Result<Vec<EntryId>, StorageError> {
        let mut changed = Vec::new();
        let Some(shown) = &self.shown else {
            return Ok(changed);
        };
        for id in entries {
            let Some(row) = LogRow::read(txn, self.space, id.log)? else {
                continue;
            };
            if id.seq > row.head {
                continue;
            }
            let key = Key::refused(self.space, row.number, id.seq.0);
            let is_shown = shown.showing(*id) == Some(Showing::Shown);
            let refused = txn.get(&key)?;
            let what = what_of(txn, self, id.log, &row, id.seq)?;
            match (is_shown, refused) {
                (true, Some(was_row)) => {
                    txn.remove(&key)?;
                    if was_row == [1] {
                        conversation::set_row(txn, self.space, *id, true)?;
                    }
                }
                (false, None) => {
                    // One that the user has hidden stays hidden when it comes back.
                    let was_row = conversation::set_row(txn, self.space, *id, false)?;
                    self.mark_refused(txn, row.number, id.seq, was_row)?;
                }
                _ => continue,
            }
            conversation::rejudged(txn, self.space, id.log.device, what)?;
            changed.push(*id);
        }
        Ok(changed)
    }

    /// Puts down that an entry is not shown, and whether it is a row if it is shown.
    pub(super) fn mark_refused(
        &self,
        txn: &mut dyn Txn,
        log: LogNumber,
        seq: Seq,
        is_row: bool,
    ) -> Result<(), StorageError> {
        txn.put(&Key::refused(self.space, log, seq.0), &[u8::from(is_row)])
    }

    /// Judges all entries that are held.
    fn load(&self, reader: &(impl Reader + ?Sized)) -> Result<Shown, StorageError> {
        let mut logs = Vec::new();
        each_log(reader, self.space, |log, row| logs.push((log, row.number)))?;
        let mut shown = Shown::default();
        for (log, number) in logs {
            let prefix = Key::new(SEGMENTS, self.space).then(&number.to_be_bytes());
            let mut is_intact = true;
            scan_prefix(reader, &prefix, Direction::Forward, &mut |_, segment| {
                is_intact &= self.load_segment(&mut shown, log, segment).is_ok();
                std::ops::ControlFlow::Continue(())
            })?;
            if !is_intact {
                return Err(damaged(SEGMENTS));
            }
        }
        Ok(shown)
    }

    fn load_segment(
        &self,
        shown: &mut Shown,
        log: LogId,
        segment: &[u8],
    ) -> Result<(), StorageError> {
        let author = self.author(log.device).ok_or_else(|| damaged(REFUSED))?;
        for stored in Segment::open(segment)? {
            let stored = stored?;
            let version = stored.batch.version();
            for entry in stored.entries() {
                let (_, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                let posted = Posted {
                    author,
                    version: version.tips().to_vec(),
                    links: entry.links.clone().collect(),
                };
                let id = EntryId {
                    log,
                    seq: entry.seq,
                };
                shown.add(self.control.membership(), id, &posted);
            }
        }
        Ok(())
    }
}

/// The entries that are not shown, as the store has it.
fn refused_before(
    reader: &(impl Reader + ?Sized),
    group: &Group,
) -> Result<Vec<EntryId>, StorageError> {
    let mut places = Vec::new();
    let prefix = Key::new(REFUSED, group.space);
    scan_prefix(reader, &prefix, Direction::Forward, &mut |rest, _| {
        let place = rest.split_first_chunk::<4>();
        let place = place.and_then(|(log, seq)| Some((*log, <[u8; 8]>::try_from(seq).ok()?)));
        places.push(place);
        std::ops::ControlFlow::Continue(())
    })?;
    let places = places.into_iter().map(|place| {
        let (log, seq) = place.ok_or_else(|| damaged(REFUSED))?;
        let log = log_name(reader, group.space, LogNumber::from_be_bytes(log))?;
        let seq = Seq(u64::from_be_bytes(seq));
        Ok(EntryId { log, seq })
    });
    places.collect()
}

/// What a held entry is.
fn what_of(
    reader: &(impl Reader + ?Sized),
    group: &Group,
    log: LogId,
    row: &LogRow,
    seq: Seq,
) -> Result<What, StorageError> {
    with_segment(reader, group.space, row.number, seq, |bytes| {
        for stored in Segment::open(bytes)? {
            for entry in stored?.entries() {
                let (_, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                if entry.seq == seq {
                    return Ok(entry.what(log));
                }
            }
        }
        Err(damaged(SEGMENTS))
    })
}
