//! The contents of bundles at rest: written and removed in slices of work, a part at a time.
//!
//! A [partial](Row::is_partial) row says that parts may be missing. So after a crash each stored part has a row, and
//! each row that is not partial has all its parts.

use std::collections::VecDeque;

use bytes::Bytes;
use hedgerow_sync::store::{Reader, StorageError};

use super::Couriering;
use super::held::{PART, Row, part_key};
use crate::courier::Tag;
use crate::engine::Turn;
use crate::tables::{self, Table};

/// Contents to write or to remove, one bundle after the other.
#[derive(Default)]
pub(super) struct Contents(VecDeque<Job>);

/// The work on the contents of one bundle.
struct Job {
    tag: Tag,
    /// The next part.
    next: u32,
    /// Number of parts.
    parts: u32,
    /// The contents to write; `None` removes them.
    kept: Option<Bytes>,
}

impl Contents {
    /// Queues the contents of a new bundle to be written.
    pub fn keep(&mut self, tag: Tag, contents: Bytes) {
        self.0.push_back(Job {
            tag,
            next: 0,
            parts: parts_of(contents.len() as u64),
            kept: Some(contents),
        });
    }

    /// Queues the contents of a bundle, of this length in bytes, to be removed.
    pub fn remove(&mut self, tag: Tag, length: u64) {
        self.0.retain(|job| job.tag != tag || job.kept.is_none());
        self.0.push_back(Job {
            tag,
            next: 0,
            parts: parts_of(length),
            kept: None,
        });
    }

    /// Whether work is left.
    pub fn is_behind(&self) -> bool {
        !self.0.is_empty()
    }

    /// One part of the contents of a bundle that we hold.
    pub fn part(
        &self,
        reader: &dyn Reader,
        tag: &Tag,
        number: u32,
    ) -> Result<Option<Bytes>, StorageError> {
        let kept = self.0.iter().filter(|job| job.tag == *tag);
        match kept.filter_map(|job| job.kept.as_ref()).next_back() {
            Some(contents) => Ok(part_of(contents, number)),
            None => Ok(reader.get(&part_key(tag, number))?.map(Bytes::from)),
        }
    }

    /// Whether parts of a bundle that we hold are not written yet.
    fn is_writing(&self, tag: &Tag) -> bool {
        let mut jobs = self.0.iter();
        jobs.any(|job| job.tag == *tag && job.kept.is_some())
    }
}

impl Couriering {
    /// Saves the row of a bundle that we hold.
    pub(super) fn save_row(&self, turn: &mut Turn<'_>, tag: &Tag) -> Result<(), StorageError> {
        let Some(held) = self.courier.bundles().get(tag) else {
            return Ok(());
        };
        let mut row = Row::of(held, self.own.get(tag), turn.now);
        row.is_partial = self.contents.is_writing(tag);
        row.save(turn.txn)
    }

    /// Continues to write or remove contents, for a slice of work.
    pub(super) fn contents_slice(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let end = turn.slice_end();
        while turn.meter.spent() < end
            && let Some(job) = self.contents.0.front()
        {
            if job.next == 0 && job.parts > 1 {
                match job.kept {
                    Some(_) => self.save_row(turn, &job.tag)?,
                    None => mark_partial(turn, &job.tag)?,
                }
            }
            let Some(job) = self.contents.0.front_mut() else {
                break;
            };
            if job.next < job.parts {
                let key = part_key(&job.tag, job.next);
                let part = job.kept.as_ref().and_then(|kept| part_of(kept, job.next));
                match part {
                    Some(part) => turn.txn.put(&key, &part)?,
                    None => turn.txn.remove(&key)?,
                }
                job.next += 1;
            }
            if job.next < job.parts {
                continue;
            }
            if let Some(Job { tag, kept, .. }) = self.contents.0.pop_front() {
                match kept {
                    Some(_) => self.save_row(turn, &tag)?,
                    None => turn.txn.remove(&Table::Held.key(&[&tag.0]))?,
                }
            }
        }
        Ok(())
    }
}

/// Marks a bundle's row: from now on parts may be missing.
fn mark_partial(turn: &mut Turn<'_>, tag: &Tag) -> Result<(), StorageError> {
    match tables::load::<Row>(turn.txn, &Table::Held.key(&[&tag.0]))? {
        Some(mut row) if !row.is_partial => {
            row.is_partial = true;
            row.save(turn.txn)
        }
        _ => Ok(()),
    }
}

/// Number of parts of contents of this length.
fn parts_of(length: u64) -> u32 {
    u32::try_from(length.div_ceil(PART as u64)).unwrap_or(u32::MAX)
}

fn part_of(contents: &Bytes, number: u32) -> Option<Bytes> {
    let from = PART.checked_mul(number as usize)?;
    let to = contents.len().min(from.checked_add(PART)?);
    (from < to).then(|| contents.slice(from..to))
}
