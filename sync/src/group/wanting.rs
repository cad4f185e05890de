//! Bodies that entries of a group came without (`docs/PROTOCOL.md` section 4b): what is wanted, what is given to a peer, and what is
//! filled in. A body that has left here is not wanted.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use bytes::Bytes;

use crate::batch::{BodyView, LateBody, NotCommitted, Salt};
use crate::conversation;
use crate::entry::AnnotationKind;
use crate::id::{DeviceId, EntryId, Lamport, LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint};
use crate::log::{LogRow, log_name};
use crate::segment::{
    SEGMENT_VERSION, Segment, first_of_segment, put_segment, put_stored, with_segment,
};
use crate::space;
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{
    ASKED_BODIES, Key, LogNumber, SEGMENTS, WANTED_BODIES, damaged, read_row, scan_prefix,
};

/// A body that is wanted. Ordered by the Lamport of the run that it belongs to, so that a run gets its bodies together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Want {
    lamport: Lamport,
    number: LogNumber,
    seq: Seq,
}

impl Want {
    fn key(&self, space: SpaceId) -> Key {
        Key::new(WANTED_BODIES, space)
            .then(&self.lamport.0.to_be_bytes())
            .then(&self.number.to_be_bytes())
            .then(&self.seq.0.to_be_bytes())
    }

    fn decode(rest: &[u8]) -> Option<Want> {
        let mut input = Input(rest);
        Some(Want {
            lamport: Lamport(u64::from_be_bytes(input.array()?)),
            number: LogNumber::from_be_bytes(input.array()?),
            seq: Seq(u64::from_be_bytes(input.array()?)),
        })
    }

    /// The entry.
    pub(crate) fn entry(
        &self,
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
    ) -> Result<EntryId, StorageError> {
        let log = log_name(reader, space, self.number)?;
        Ok(EntryId { log, seq: self.seq })
    }

    /// Wants it no more.
    pub(crate) fn forget(&self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        txn.remove(&self.key(space))
    }
}

/// Notes the bodies that a stored run came without, unless their author has deleted them. The Lamport is that of its first entry.
pub(super) fn want(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogId,
    number: LogNumber,
    lamport: Lamport,
    bare: &[Seq],
) -> Result<(), StorageError> {
    if bare.is_empty() {
        return Ok(());
    }
    let targets = bare.iter().map(|seq| EntryId { log, seq: *seq });
    let deleted = deleted(txn, space, targets)?;
    let mut entries = Vec::new();
    put_varint(
        &mut entries,
        space::summary(txn, space)?.map_or(0, |summary| summary.entries),
    );
    for seq in bare {
        if !deleted.contains(&EntryId { log, seq: *seq }) {
            let want = Want {
                lamport,
                number,
                seq: *seq,
            };
            txn.put(&want.key(space), &entries)?;
        }
    }
    Ok(())
}

/// Those of these entries that their authors have deleted for everybody.
pub(crate) fn deleted(
    reader: &dyn Reader,
    space: SpaceId,
    entries: impl IntoIterator<Item = EntryId>,
) -> Result<BTreeSet<EntryId>, StorageError> {
    let kind = AnnotationKind::DELETION;
    let deletions = conversation::annotation_places(reader, space, kind, entries)?;
    let by_author = deletions.into_iter().filter(|(entry, places)| {
        let mut places = places.iter();
        places.any(|place| place.log.device == entry.log.device)
    });
    Ok(by_author.map(|(entry, _)| entry).collect())
}

/// The want of an entry, if its body is wanted.
fn want_of(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    row: &LogRow,
    seq: Seq,
) -> Result<Option<Want>, StorageError> {
    let want = run_of(reader, space, row, seq)?;
    let is_wanted = reader.with(&want.key(space), &mut |_| {})?;
    Ok(is_wanted.then_some(want))
}

/// The want that an entry has if its body is wanted.
fn run_of(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    row: &LogRow,
    seq: Seq,
) -> Result<Want, StorageError> {
    let lamport = with_segment(reader, space, row.number, seq, |bytes| {
        for stored in Segment::open(bytes)? {
            let stored = stored?;
            if seq <= stored.batch.last() {
                return Ok(stored.first_lamport());
            }
        }
        Err(damaged(SEGMENTS))
    })?;
    Ok(Want {
        lamport,
        number: row.number,
        seq,
    })
}

/// Whether any body of the stored run that holds an entry is wanted.
pub(crate) fn wants_of_run(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    row: &LogRow,
    seq: Seq,
) -> Result<bool, StorageError> {
    if seq.0 == 0 || seq > row.head || !wants_any(reader, space)? {
        return Ok(false);
    }
    let mut prefix = run_of(reader, space, row, seq)?.key(space).to_vec();
    prefix.truncate(prefix.len() - 8);
    let mut any = false;
    scan_prefix(reader, &prefix, Direction::Forward, &mut |_, _| {
        any = true;
        ControlFlow::Break(())
    })?;
    Ok(any)
}

/// Whether the body of an entry of a group has not come yet, and members are asked for it.
pub fn awaits_body(
    reader: &dyn Reader,
    space: SpaceId,
    entry: EntryId,
) -> Result<bool, StorageError> {
    match LogRow::read(reader, space, entry.log)? {
        Some(row) if row.chain.is_some() && (Seq(1)..=row.head).contains(&entry.seq) => {
            Ok(want_of(reader, space, &row, entry.seq)?.is_some())
        }
        _ => Ok(false),
    }
}

/// The body of a held entry has left: it is wanted no more.
pub(crate) fn forget_want(
    txn: &mut dyn Txn,
    space: SpaceId,
    row: &LogRow,
    seq: Seq,
) -> Result<(), StorageError> {
    match want_of(txn, space, row, seq)? {
        Some(want) => want.forget(txn, space),
        None => Ok(()),
    }
}

/// Up to `count` wanted bodies before this one, the newest runs first, each with the entries that the space had when it came. Also
/// whether there are no more.
pub(crate) fn wants_before(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    before: Option<Want>,
    count: usize,
) -> Result<(Vec<(Want, u64)>, bool), StorageError> {
    let low = Key::new(WANTED_BODIES, space);
    let high = match before {
        Some(want) => want.key(space),
        None => low.then(&[0xff; 20]),
    };
    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    let (mut wants, mut is_over, mut is_intact) = (Vec::new(), true, true);
    reader.scan(range, Direction::Backward, &mut |key, value| {
        if wants.len() == count {
            is_over = false;
            return ControlFlow::Break(());
        }
        match (Want::decode(&key[low.len()..]), Input(value).counted()) {
            (Some(want), Some(entries)) => wants.push((want, entries)),
            _ => is_intact = false,
        }
        ControlFlow::Continue(())
    })?;
    match is_intact {
        true => Ok((wants, is_over)),
        false => Err(damaged(WANTED_BODIES)),
    }
}

/// Whether any body is wanted.
pub(crate) fn wants_any(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
) -> Result<bool, StorageError> {
    Ok(!wants_before(reader, space, None, 1)?.0.is_empty())
}

/// How many entries the space had when a device had been asked for all bodies that were wanted then.
pub(crate) fn asked_up_to(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    peer: DeviceId,
) -> Result<u64, StorageError> {
    let key = Key::of_peer(ASKED_BODIES, space, peer);
    let entries = read_row(reader, &key, |value| Input(value).counted())?;
    Ok(entries.unwrap_or(0))
}

/// Notes that.
pub(crate) fn note_asked(
    txn: &mut dyn Txn,
    space: SpaceId,
    peer: DeviceId,
    entries: u64,
) -> Result<(), StorageError> {
    let mut value = Vec::new();
    put_varint(&mut value, entries);
    txn.put(&Key::of_peer(ASKED_BODIES, space, peer), &value)
}

/// Bodies of a group with their salts, for a peer that wants these entries, as far as one segment goes and up to about `target` bytes,
/// at least one; `None` for those that are not here.
pub(crate) fn given(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    entries: &[EntryId],
    target: usize,
) -> Result<Vec<Option<(Salt, Bytes)>>, StorageError> {
    let Some(first) = entries.first() else {
        return Ok(Vec::new());
    };
    let row = LogRow::read(reader, space, first.log)?;
    let Some(row) = row.filter(|row| (Seq(1)..=row.head).contains(&first.seq)) else {
        return Ok(vec![None]);
    };
    with_segment(reader, space, row.number, first.seq, |bytes| {
        let (mut bodies, mut length) = (Vec::new(), 0);
        for stored in Segment::open(bytes)? {
            for held in stored?.entries() {
                let (_, held) = held.map_err(|_| damaged(SEGMENTS))?;
                let Some(next) = entries.get(bodies.len()).filter(|_| length < target) else {
                    return Ok(bodies);
                };
                if (next.log, next.seq) == (first.log, held.seq) {
                    let body = match held.body {
                        BodyView::Bytes {
                            bytes,
                            salt: Some(salt),
                        } => Some((salt, Bytes::copy_from_slice(bytes))),
                        _ => None,
                    };
                    length += body.as_ref().map_or(1, |(_, bytes)| bytes.len() + 20);
                    bodies.push(body);
                }
            }
        }
        match bodies.is_empty() {
            true => Err(damaged(SEGMENTS)),
            false => Ok(bodies),
        }
    })
}

/// What became of bodies that a peer sent.
pub(crate) enum Filled {
    /// These entries have theirs now. The others were wanted no more.
    Now(Vec<Seq>),
    /// One is not what its author committed to: the peer lies.
    False,
}

/// Fills in bodies of one log that are wanted, in ascending order, as far as one segment goes. Returns how many it has dealt with.
pub(crate) fn fill(
    txn: &mut dyn Txn,
    space: SpaceId,
    log: LogId,
    bodies: &[LateBody<'_>],
) -> Result<(usize, Filled), StorageError> {
    let row = LogRow::read(txn, space, log)?;
    let first = bodies.first().map_or(Seq(0), |body| body.seq);
    let Some(mut row) = row.filter(|row| first.0 > 0 && first <= row.head) else {
        return Ok((bodies.len(), Filled::Now(Vec::new())));
    };
    let named = bodies.iter().map(|body| EntryId { log, seq: body.seq });
    let deleted = deleted(txn, space, named)?;
    let begin = first_of_segment(txn, space, row.number, first)?;
    let key = Key::segment(space, row.number, begin);
    let bytes = txn.get(&key)?.ok_or_else(|| damaged(SEGMENTS))?;
    let mut segment = vec![SEGMENT_VERSION];
    let (mut done, mut filled, mut over) = (0, Vec::new(), Vec::new());
    for stored in Segment::open(&bytes)? {
        let stored = stored?;
        let mut here = Vec::new();
        while let Some(body) = bodies.get(done)
            && body.seq <= stored.batch.last()
        {
            done += 1;
            let want = Want {
                lamport: stored.first_lamport(),
                number: row.number,
                seq: body.seq,
            };
            if txn.get(&want.key(space))?.is_some() {
                over.push(want);
                if !deleted.contains(&EntryId { log, seq: body.seq }) {
                    here.push(*body);
                }
            }
        }
        let core = match here.is_empty() {
            true => None,
            false => match stored.batch.with_bodies(&here) {
                Ok(core) => core,
                Err(NotCommitted) => return Ok((done, Filled::False)),
            },
        };
        if core.is_some() {
            filled.extend(here.iter().map(|body| body.seq));
        }
        let core = core.as_deref().unwrap_or(stored.batch.core());
        put_stored(
            &mut segment,
            stored.skip,
            &stored.lamports,
            &stored.rows,
            core,
        );
    }
    for want in over {
        want.forget(txn, space)?;
    }
    if !filled.is_empty() {
        put_segment(txn, space, &mut row, begin, &segment)?;
        row.write(txn, space, log)?;
    }
    Ok((done.max(1), Filled::Now(filled)))
}
