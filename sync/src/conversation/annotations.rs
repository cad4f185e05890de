//! Annotations of rows.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use crate::entry::{AnnotationKind, Body};
use crate::id::{DeviceId, EntryId, Incarnation, Lamport, LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint};
use crate::log::LogRow;
use crate::page::Place;
use crate::segment::{Segment, with_segment};
use crate::space::SpaceRow;
use crate::store::{Direction, KeyRange, Reader, StorageError, Txn};
use crate::tables::{ANNOTATIONS, Key, SEGMENTS, damaged, read_row};

/// The last annotation of one kind that one author (a device) made of an entry.
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

/// Orders annotations of one (kind, target, author) as on screen; the highest counts.
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

    /// Stores this annotation unless a later one counts; returns whether it did.
    pub(super) fn place(
        &self,
        txn: &mut dyn Txn,
        space: SpaceId,
        kind: AnnotationKind,
        target: EntryId,
        author: DeviceId,
    ) -> Result<bool, StorageError> {
        let key = key(space, kind, target.log, target.seq).then(&author.0);
        let last = read_row(txn, &key, Said::decode)?;
        if last.is_some_and(|last| last >= *self) {
            return Ok(false);
        }
        let mut value = Vec::with_capacity(24);
        put_varint(&mut value, self.lamport.0);
        value.extend_from_slice(&self.incarnation.0.to_be_bytes());
        put_varint(&mut value, self.seq.0);
        txn.put(&key, &value)?;
        Ok(true)
    }

    fn decode(value: &[u8]) -> Option<Said> {
        let mut input = Input(value);
        Some(Said {
            lamport: Lamport(input.counted()?),
            incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
            seq: Seq(input.counted()?),
        })
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
    let mut by_target = BTreeMap::new();
    if SpaceRow::read(reader, space)?.is_none_or(|row| row.entries == row.rows) {
        return Ok(by_target);
    }
    let mut by_log: BTreeMap<LogId, Vec<Seq>> = BTreeMap::new();
    for target in targets {
        by_log.entry(target.log).or_default().push(target.seq);
    }
    let mut found = Vec::new();
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
                found.push(Annotation::without_body(target, place));
            }
            ControlFlow::Continue(())
        })?;
    }
    read_bodies(reader, space, &mut found)?;
    found.sort_by_key(|annotation| annotation.place);
    for annotation in found {
        let of_target: &mut Vec<Annotation> = by_target.entry(annotation.target).or_default();
        of_target.push(annotation);
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

impl Annotation {
    fn without_body(target: EntryId, place: Place) -> Annotation {
        Annotation {
            target,
            place,
            body: Body::Gone,
        }
    }
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
    reader.scan(
        range,
        Direction::Forward,
        &mut |key, value| match decode(key, value) {
            Some((target, place)) => visit(target, place),
            None => {
                intact = false;
                ControlFlow::Break(())
            }
        },
    )?;
    if intact {
        Ok(())
    } else {
        Err(damaged(ANNOTATIONS))
    }
}

/// Decodes an index row: the target, and the place of the annotation that counts.
fn decode(key: &[u8], value: &[u8]) -> Option<(EntryId, Place)> {
    // Skips the table, the space and the kind.
    let mut input = Input(key.get(1 + 16 + 2..)?);
    let target = EntryId {
        log: LogId {
            device: DeviceId(input.array()?),
            incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
        },
        seq: Seq(u64::from_be_bytes(input.array()?)),
    };
    let device = DeviceId(input.array()?);
    let said = Said::decode(value)?;
    let place = Place {
        lamport: said.lamport,
        log: LogId {
            device,
            incarnation: said.incarnation,
        },
        seq: said.seq,
    };
    Some((target, place))
}

/// Reads the bodies of these annotations; reads each segment once.
fn read_bodies(
    reader: &dyn Reader,
    space: SpaceId,
    found: &mut [Annotation],
) -> Result<(), StorageError> {
    found.sort_by_key(|annotation| (annotation.place.log, annotation.place.seq));
    for of_log in found.chunk_by_mut(|one, other| one.place.log == other.place.log) {
        let log = of_log[0].place.log;
        let row = LogRow::read(reader, space, log)?;
        let head = row.map_or(Seq(0), |row| row.head);
        let number = row.map_or(0, |row| row.number);
        let mut next = 0;
        while let Some(wanted) = of_log.get(next) {
            let (begun, seq) = (next, wanted.place.seq);
            if seq > head {
                return Err(damaged(ANNOTATIONS));
            }
            with_segment(reader, space, number, seq, |bytes| {
                for stored in Segment::open(bytes)? {
                    let stored = stored?;
                    let last = stored.batch.last();
                    let mut entries = stored.entries();
                    while of_log.get(next).is_some_and(|one| one.place.seq <= last) {
                        let Some(entry) = entries.next() else { break };
                        let (_, entry) = entry.map_err(|_| damaged(SEGMENTS))?;
                        if entry.seq == of_log[next].place.seq {
                            of_log[next].body = entry.body.to_body();
                            next += 1;
                        }
                    }
                }
                Ok(())
            })?;
            if next == begun {
                return Err(damaged(SEGMENTS));
            }
        }
    }
    Ok(())
}
