//! Annotations of rows.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use crate::entry::{AnnotationKind, Body, What};
use crate::id::{DeviceId, EntryId, Incarnation, Lamport, LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint};
use crate::log::LogRow;
use crate::page::{self, Place};
use crate::segment::Segment;
use crate::space::{SpaceRow, each_log};
use crate::store::{Direction, KeyRange, Reader, StorageError, Txn};
use crate::tables::{ANNOTATIONS, Key, SEGMENTS, damaged, read_row, scan_prefix};

/// Most edits of an entry by one author that are kept: the first in screen order.
pub const MAX_EDITS: usize = 100;

/// An annotation of one kind that counts: the last that one author (a device) made of an entry, or one of its first edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The entry that it annotates.
    pub target: EntryId,
    /// Its own place. If several devices belong to one person, the highest place counts.
    pub place: Place,
    /// Its content.
    pub body: Body,
}

impl Annotation {
    /// Its author.
    pub fn author(&self) -> DeviceId {
        self.place.log.device
    }
}

/// Orders annotations of one (kind, target, author) as on screen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Said {
    lamport: Lamport,
    incarnation: Incarnation,
    seq: Seq,
}

impl Said {
    pub(super) fn new(lamport: Lamport, incarnation: Incarnation, seq: Seq) -> Said {
        Said {
            lamport,
            incarnation,
            seq,
        }
    }

    /// Indexes this annotation if it counts; returns whether it does. What another displaces never counts again,
    /// so any order of arrival leaves the same index.
    pub(super) fn place(
        self,
        txn: &mut dyn Txn,
        space: SpaceId,
        kind: AnnotationKind,
        target: EntryId,
        author: DeviceId,
    ) -> Result<bool, StorageError> {
        let key = key(space, kind, target.log, target.seq).then(&author.0);
        let mut kept = read_row(txn, &key, Said::decode_all)?.unwrap_or_default();
        let Err(at) = kept.binary_search(&self) else {
            return Ok(false);
        };
        if kind == AnnotationKind::EDIT {
            if at == MAX_EDITS {
                return Ok(false);
            }
            kept.insert(at, self);
            kept.truncate(MAX_EDITS);
        } else {
            if at < kept.len() {
                return Ok(false);
            }
            kept = vec![self];
        }
        let mut value = Vec::with_capacity(kept.len() * 16);
        for said in kept {
            said.encode(&mut value);
        }
        txn.put(&key, &value)?;
        Ok(true)
    }

    fn encode(self, value: &mut Vec<u8>) {
        put_varint(value, self.lamport.0);
        value.extend_from_slice(&self.incarnation.0.to_be_bytes());
        put_varint(value, self.seq.0);
    }

    /// The annotations of a row of the index, in screen order.
    fn decode_all(value: &[u8]) -> Option<Vec<Said>> {
        let mut input = Input(value);
        let mut all = Vec::new();
        while !input.is_empty() {
            all.push(Said {
                lamport: Lamport(input.counted()?),
                incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
                seq: Seq(input.counted()?),
            });
        }
        Some(all)
    }
}

/// The annotations of one kind of these entries, by target, in screen order. Costs one index lookup for each log
/// among the targets, and nothing in a space without annotations.
pub fn annotations(
    reader: &dyn Reader,
    space: SpaceId,
    kind: AnnotationKind,
    targets: impl IntoIterator<Item = EntryId>,
) -> Result<BTreeMap<EntryId, Vec<Annotation>>, StorageError> {
    let places = annotation_places(reader, space, kind, targets)?;
    let ids = places.values().flatten().map(Place::id);
    let mut entries = page::entries(reader, space, ids)?;
    let with_bodies = places.into_iter().map(|(target, places)| {
        let annotations = places.into_iter().map(|place| {
            let entry = entries.remove(&place.id());
            Ok(Annotation {
                target,
                place,
                body: entry.ok_or_else(|| damaged(ANNOTATIONS))?.body,
            })
        });
        Ok((target, annotations.collect::<Result<_, StorageError>>()?))
    });
    with_bodies.collect()
}

/// The places of the annotations of one kind of these entries, by target, in screen order: as [`annotations`], without
/// reading what they say.
pub fn annotation_places(
    reader: &dyn Reader,
    space: SpaceId,
    kind: AnnotationKind,
    targets: impl IntoIterator<Item = EntryId>,
) -> Result<BTreeMap<EntryId, Vec<Place>>, StorageError> {
    let mut by_target: BTreeMap<EntryId, Vec<Place>> = BTreeMap::new();
    if SpaceRow::read(reader, space)?.is_none_or(|row| row.entries == row.rows) {
        return Ok(by_target);
    }
    let mut by_log: BTreeMap<LogId, Vec<Seq>> = BTreeMap::new();
    for target in targets {
        by_log.entry(target.log).or_default().push(target.seq);
    }
    for (log, mut seqs) in by_log {
        seqs.sort();
        let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else {
            continue;
        };
        let low = key(space, kind, log, *first);
        let high = key(space, kind, log, *last).then(&[0xff; 16]);
        let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
        scan(reader, range, &mut |target, place| {
            if seqs.binary_search(&target.seq).is_ok() {
                by_target.entry(target).or_default().push(place);
            }
            ControlFlow::Continue(())
        })?;
    }
    for places in by_target.values_mut() {
        places.sort();
    }
    Ok(by_target)
}

/// Calls `visit` with the target and the place of every annotation of one kind in a space until it breaks; there
/// may be as many as entries. [`page::entry`](crate::page::entry) returns the content of one.
pub fn each_annotation(
    reader: &dyn Reader,
    space: SpaceId,
    kind: AnnotationKind,
    visit: &mut dyn FnMut(EntryId, Place) -> ControlFlow<()>,
) -> Result<(), StorageError> {
    let low = Key::new(ANNOTATIONS, space).then(&kind.0.to_be_bytes());
    let high = low.then(&[0xff; 48]);
    let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
    scan(reader, range, visit)
}

/// Indexes the annotations of one author, kind and target anew: membership shows one of them again, or does so no
/// more.
pub(crate) fn rejudged(
    txn: &mut dyn Txn,
    space: SpaceId,
    author: DeviceId,
    what: What,
) -> Result<(), StorageError> {
    let What::Annotation { kind, target } = what else {
        return Ok(());
    };
    let mut logs = Vec::new();
    each_log(txn, space, |log, row| {
        if log.device == author {
            logs.push((log, row));
        }
    })?;
    let mut said = Vec::new();
    for (log, row) in logs {
        for (lamport, seq, other) in whats(txn, space, log, &row)? {
            let is_refused = || txn.get(&Key::refused(space, row.number, seq.0));
            if other == what && is_refused()?.is_none() {
                said.push(Said::new(lamport, log.incarnation, seq));
            }
        }
    }
    txn.remove(&key(space, kind, target.log, target.seq).then(&author.0))?;
    for said in said {
        said.place(txn, space, kind, target, author)?;
    }
    Ok(())
}

/// Lamport, number and kind of each entry of a log.
fn whats(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    log: LogId,
    row: &LogRow,
) -> Result<Vec<(Lamport, Seq, What)>, StorageError> {
    let mut whats = Vec::new();
    let prefix = Key::new(SEGMENTS, space).then(&row.number.to_be_bytes());
    let mut read = |segment: &[u8]| -> Result<(), StorageError> {
        for stored in Segment::open(segment)? {
            for entry in stored?.entries() {
                let (lamport, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                whats.push((lamport, entry.seq, entry.what(log)));
            }
        }
        Ok(())
    };
    let mut failed = None;
    scan_prefix(
        reader,
        &prefix,
        Direction::Forward,
        &mut |_, segment| match read(segment) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        },
    )?;
    failed.map_or(Ok(whats), Err)
}

fn key(space: SpaceId, kind: AnnotationKind, log: LogId, seq: Seq) -> Key {
    Key::new(ANNOTATIONS, space)
        .then(&kind.0.to_be_bytes())
        .then(&log.device.0)
        .then(&log.incarnation.0.to_be_bytes())
        .then(&seq.0.to_be_bytes())
}

fn scan(
    reader: &dyn Reader,
    range: KeyRange<'_>,
    visit: &mut dyn FnMut(EntryId, Place) -> ControlFlow<()>,
) -> Result<(), StorageError> {
    let mut intact = true;
    reader.scan(range, Direction::Forward, &mut |key, value| {
        let Some((target, author, kept)) = decode(key, value) else {
            intact = false;
            return ControlFlow::Break(());
        };
        kept.into_iter().try_for_each(|said| {
            let log = LogId {
                device: author,
                incarnation: said.incarnation,
            };
            let place = Place {
                lamport: said.lamport,
                log,
                seq: said.seq,
            };
            visit(target, place)
        })
    })?;
    if intact {
        Ok(())
    } else {
        Err(damaged(ANNOTATIONS))
    }
}

/// Decodes an index row: the target, the author, and the annotations that count.
fn decode(key: &[u8], value: &[u8]) -> Option<(EntryId, DeviceId, Vec<Said>)> {
    // Skips the table, the space and the kind.
    let mut input = Input(key.get(1 + 16 + 2..)?);
    let target = EntryId {
        log: LogId {
            device: DeviceId(input.array()?),
            incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
        },
        seq: Seq(u64::from_be_bytes(input.array()?)),
    };
    let author = DeviceId(input.array()?);
    Some((target, author, Said::decode_all(value)?))
}
