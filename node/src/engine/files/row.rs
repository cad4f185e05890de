//! The files of conversations in the store, with what we have of each (`docs/PROTOCOL.md` section 16).
//!
//! A file goes by its id in a chat, and by a name that its author is part of in a group: `FileId` is here either.

use std::ops::{Bound, ControlFlow};

use hedgerow_sync::id::{DeviceId, EntryId, SpaceId};
use hedgerow_sync::page::Place;
use hedgerow_sync::store::{Direction, Reader, StorageError, Txn};
use hedgerow_transport::carrier::LinkId;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::loading::{Class, LARGEST, QUOTA};
use crate::engine::conversations::Kind;
use crate::engine::messages_at_rest::encode;
use crate::engine::reading;
use crate::files::extent::Extent;
use crate::files::tree::{self, ChunkHash, FileId};
use crate::files::work::{StoredName, Ticket};
use crate::tables::{self, Table, damaged};

/// How many hashes of chunks stand in one row.
const HASHES: usize = 120;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(in crate::engine) enum State {
    /// All of it is here.
    #[n(0)]
    Here,
    /// It loads by itself where that is allowed.
    #[n(1)]
    Wanted,
    /// The user has asked for it.
    #[n(2)]
    Asked,
    /// The user does not want it.
    #[n(3)]
    Declined,
    /// What a device sent was not what the message names.
    #[n(4)]
    Damaged,
    /// The user has freed the room that it took.
    #[n(5)]
    Freed,
    /// Its sender has taken it back.
    #[n(6)]
    Cancelled,
}

/// A file of a message.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct FileRow {
    /// The place of its message.
    #[n(0)]
    place: ByteArray<40>,
    /// The name of its sealed file.
    #[n(1)]
    stored: ByteArray<16>,
    /// Its bytes in the clear.
    #[n(2)]
    size: u64,
    /// How many of its chunks are here and durable.
    #[n(3)]
    pub here: u32,
    #[n(4)]
    pub state: State,
    /// Set while there is no room for it: the bytes that were free.
    #[n(5)]
    pub free: Option<u64>,
    /// We sent it.
    #[n(6)]
    pub is_ours: bool,
    /// Its id, in a group.
    #[n(7)]
    id: Option<ByteArray<32>>,
}

/// What a file of this id goes by in a conversation, in a message of this author.
pub(super) fn name_in(kind: Kind, author: DeviceId, id: FileId) -> FileId {
    match kind.is_group() {
        true => tree::of_member(author, id),
        false => id,
    }
}

impl FileRow {
    pub fn new(place: Place, stored: StoredName, extent: Extent, state: State) -> FileRow {
        FileRow {
            place: ByteArray::from(reading::encode(place)),
            stored: ByteArray::from(stored.0),
            size: extent.clear(),
            here: match state {
                State::Here => extent.chunks(),
                _ => 0,
            },
            state,
            free: None,
            is_ours: state == State::Here,
            id: None,
        }
    }

    /// It is of a conversation of this kind, and this is its id.
    pub fn within(self, kind: Kind, id: FileId) -> FileRow {
        FileRow {
            id: kind.is_group().then(|| ByteArray::from(id.0)),
            ..self
        }
    }

    /// The hash of its sealed bytes. `name`: what it goes by.
    pub fn id(&self, name: FileId) -> FileId {
        self.id.map_or(name, |id| FileId(*id))
    }

    /// Who sent it, in a group; `None` in a chat.
    pub fn member(&self) -> Result<Option<DeviceId>, StorageError> {
        match self.id {
            Some(_) => Ok(Some(self.entry()?.log.device)),
            None => Ok(None),
        }
    }

    pub fn load(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        id: FileId,
    ) -> Result<Option<FileRow>, StorageError> {
        tables::load(reader, &key(space, id))
    }

    /// Saves it in place of what the row was before.
    pub fn save(
        &self,
        txn: &mut dyn Txn,
        space: SpaceId,
        id: FileId,
        before: Option<&FileRow>,
    ) -> Result<(), StorageError> {
        let old = before.and_then(|row| row.wanted_key(space));
        let new = self.wanted_key(space);
        if old != new {
            if let Some(old) = old {
                txn.remove(&old)?;
            }
            if let Some(new) = new {
                txn.put(&new, &id.0)?;
            }
        }
        let freed = before.map_or(0, FileRow::received);
        count(txn, space, self.member()?, self.received(), freed)?;
        tables::save(txn, &key(space, id), self)
    }

    pub fn stored(&self) -> StoredName {
        StoredName(*self.stored)
    }

    /// What names the file in work for the keeper, over a stream of a link.
    pub fn ticket(
        &self,
        link: LinkId,
        stream: u32,
        (space, file): (SpaceId, FileId),
    ) -> Result<Ticket, StorageError> {
        Ok(Ticket {
            link,
            stream,
            space,
            file,
            name: self.stored(),
            extent: self.extent()?,
        })
    }

    pub fn extent(&self) -> Result<Extent, StorageError> {
        Extent::of(self.size).ok_or_else(damaged)
    }

    pub fn place(&self) -> Result<Place, StorageError> {
        reading::decode(&self.place[..]).ok_or_else(damaged)
    }

    pub fn entry(&self) -> Result<EntryId, StorageError> {
        Ok(self.place()?.id())
    }

    /// What has come is thrown away: what comes next has another name, so that nothing reported of the old file counts for
    /// the new one.
    pub fn begins_anew(&mut self, stored: StoredName) {
        self.stored = ByteArray::from(stored.0);
        self.here = 0;
    }

    /// All of it is here and durable under another name, which brings `chunks` chunks.
    pub fn is_whole(&mut self, stored: StoredName, chunks: usize) {
        self.begins_anew(stored);
        self.here = chunks as u32;
        self.state = State::Here;
        self.free = None;
    }

    /// The message of the file is another one from now on: the same was written again.
    pub fn moved_to(&mut self, place: Place) {
        self.place = ByteArray::from(reading::encode(place));
    }

    /// The sealed bytes of it that are here.
    pub fn bytes_here(&self) -> Result<u64, StorageError> {
        Ok(match self.here {
            0 => 0,
            chunks => self.extent()?.up_to(chunks),
        })
    }

    /// The bytes that it takes of the room for what others sent: all, from its first durable chunk on.
    fn received(&self) -> u64 {
        match self.is_ours || self.here == 0 {
            true => 0,
            false => self.size,
        }
    }

    /// Whether it may load by itself beside what others sent to its space, in a group what its author sent. Of that
    /// `coming` bytes are not counted yet.
    pub fn is_within_quota(
        &self,
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        coming: u64,
    ) -> Result<bool, StorageError> {
        let others = received(reader, space, self.member()?)?;
        let others = others.saturating_sub(self.received());
        Ok(others.saturating_add(coming).saturating_add(self.size) <= QUOTA)
    }

    fn wanted_key(&self, space: SpaceId) -> Option<Vec<u8>> {
        let class = match self.state {
            State::Asked => Some(Class::Asked),
            State::Wanted => Class::of(self.size),
            _ => None,
        };
        let member = self.member().ok()?;
        class.map(|class| [&wanted_prefix(space, class, member)[..], &self.place[..]].concat())
    }
}

/// Whether a table has any row.
pub(super) fn any(reader: &(impl Reader + ?Sized), table: Table) -> Result<bool, StorageError> {
    let prefix = table.key(&[]);
    let end = tables::after(&prefix);
    let range = (Bound::Included(&prefix[..]), Bound::Excluded(&end[..]));
    let mut any = false;
    reader.scan(range, Direction::Forward, &mut |_, _| {
        any = true;
        ControlFlow::Break(())
    })?;
    Ok(any)
}

/// The files of a space that load by themselves or were asked for: of one class, in a group of one member, the newest
/// message first, until `found` has enough.
pub(super) fn wanted(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    class: Class,
    member: Option<DeviceId>,
    found: &mut dyn FnMut(FileId) -> ControlFlow<()>,
) -> Result<(), StorageError> {
    let prefix = wanted_prefix(space, class, member);
    let end = tables::after(&prefix);
    let range = (Bound::Included(&prefix[..]), Bound::Excluded(&end[..]));
    reader.scan(
        range,
        Direction::Backward,
        &mut |_, id| match id.try_into() {
            Ok(id) => found(FileId(id)),
            Err(_) => ControlFlow::Continue(()),
        },
    )
}

/// The members of a group of whom files of one class load by themselves or were asked for.
pub(super) fn members_wanted(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    class: Class,
) -> Result<Vec<DeviceId>, StorageError> {
    let prefix = wanted_prefix(space, class, None);
    let end = tables::after(&prefix);
    let mut members = Vec::new();
    let mut from = prefix.clone();
    loop {
        let range = (Bound::Included(&from[..]), Bound::Excluded(&end[..]));
        let mut next = None;
        reader.scan(range, Direction::Forward, &mut |key, _| {
            let member = key[prefix.len()..].first_chunk();
            next = member.map(|member| DeviceId(*member));
            ControlFlow::Break(())
        })?;
        let Some(member) = next else {
            return Ok(members);
        };
        members.push(member);
        from = tables::after(&wanted_prefix(space, class, next));
    }
}

fn wanted_prefix(space: SpaceId, class: Class, member: Option<DeviceId>) -> Vec<u8> {
    let member = member.as_ref().map_or(&[][..], |member| &member.0);
    Table::WantedFiles.key(&[&space.0, &[class as u8], member])
}

/// The hashes of `count` chunks of a file from `first` on, as far as they are known.
pub(super) fn hashes(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    id: FileId,
    first: u32,
    count: u32,
) -> Result<Vec<ChunkHash>, StorageError> {
    let mut found = Vec::new();
    let last = first.saturating_add(count);
    let mut at = first;
    while at < last {
        let (row, within) = (at / HASHES as u32, at as usize % HASHES);
        let mut hashes = Vec::new();
        reader.with(&hashes_key(space, id, row), &mut |bytes| {
            let all = bytes.chunks_exact(32).skip(within);
            hashes.extend(all.filter_map(|hash| ChunkHash::try_from(hash).ok()));
        })?;
        if hashes.is_empty() {
            break;
        }
        hashes.truncate((last - at) as usize);
        at += hashes.len() as u32;
        found.extend(hashes);
    }
    Ok(found)
}

/// Keeps the hashes of all chunks of a file. One chunk is proven by the id of the file.
pub(super) fn save_hashes(
    txn: &mut dyn Txn,
    space: SpaceId,
    id: FileId,
    hashes: &[ChunkHash],
) -> Result<(), StorageError> {
    if hashes.len() == 1 {
        return Ok(());
    }
    for (row, hashes) in (0..).zip(hashes.chunks(HASHES)) {
        txn.put(&hashes_key(space, id, row), hashes.as_flattened())?;
    }
    Ok(())
}

/// What a device has of a file of ours, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(in crate::engine) struct Held {
    /// The number of chunks.
    #[n(0)]
    pub chunks: u32,
    /// Its user does not want the file.
    #[n(1)]
    pub is_declined: bool,
}

impl Held {
    pub fn load(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
        id: FileId,
        device: DeviceId,
    ) -> Result<Option<Held>, StorageError> {
        tables::load(reader, &held_key(space, id, device))
    }

    pub fn save(
        &self,
        txn: &mut dyn Txn,
        space: SpaceId,
        id: FileId,
        device: DeviceId,
    ) -> Result<(), StorageError> {
        tables::save(txn, &held_key(space, id, device), self)
    }
}

/// The file of a message.
pub(super) fn of_message(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    entry: EntryId,
) -> Result<Option<FileId>, StorageError> {
    let mut file = None;
    reader.with(&message_key(space, entry), &mut |id| {
        file = id.try_into().ok().map(FileId);
    })?;
    Ok(file)
}

/// A message has this file.
pub(super) fn attach(
    txn: &mut dyn Txn,
    space: SpaceId,
    entry: EntryId,
    file: FileId,
) -> Result<(), StorageError> {
    txn.put(&message_key(space, entry), &file.0)
}

/// A message has no file any more.
pub(super) fn detach(
    txn: &mut dyn Txn,
    space: SpaceId,
    entry: EntryId,
) -> Result<(), StorageError> {
    txn.remove(&message_key(space, entry))
}

/// Members of the conversation are to say that they have a file of ours.
pub(super) fn await_delivery(
    txn: &mut dyn Txn,
    space: SpaceId,
    file: FileId,
) -> Result<(), StorageError> {
    txn.put(&Table::AwaitedFiles.key(&[&space.0, &file.0]), &[])
}

/// All members have said it.
pub(super) fn settled(txn: &mut dyn Txn, space: SpaceId, file: FileId) -> Result<(), StorageError> {
    txn.remove(&Table::AwaitedFiles.key(&[&space.0, &file.0]))
}

/// Whether some member has not said to have a file of ours.
pub(super) fn is_awaited(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    file: FileId,
) -> Result<bool, StorageError> {
    reader.with(&Table::AwaitedFiles.key(&[&space.0, &file.0]), &mut |_| {})
}

/// The files of ours in a space that some member has not said to have, at most `limit`.
pub(super) fn awaited(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    limit: usize,
) -> Result<Vec<FileId>, StorageError> {
    let prefix = Table::AwaitedFiles.key(&[&space.0]);
    let end = tables::after(&prefix);
    let range = (Bound::Included(&prefix[..]), Bound::Excluded(&end[..]));
    let mut found = Vec::new();
    reader.scan(range, Direction::Forward, &mut |key, _| {
        found.extend(key[prefix.len()..].try_into().ok().map(FileId));
        match found.len() < limit {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(found)
}

/// Forgets a file. Gives the name of what is stored of it.
pub(super) fn forget(
    txn: &mut dyn Txn,
    space: SpaceId,
    id: FileId,
) -> Result<Option<StoredName>, StorageError> {
    let Some(row) = FileRow::load(txn, space, id)? else {
        return Ok(None);
    };
    if let Some(wanted) = row.wanted_key(space) {
        txn.remove(&wanted)?;
    }
    count(txn, space, row.member()?, 0, row.received())?;
    txn.remove(&key(space, id))?;
    settled(txn, space, id)?;
    tables::remove_all(txn, &Table::FileHashes.key(&[&space.0, &id.0]))?;
    tables::remove_all(txn, &Table::FilesHeld.key(&[&space.0, &id.0]))?;
    Ok(Some(row.stored()))
}

/// All files of a space.
pub(in crate::engine) fn all(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
) -> Result<Vec<(FileId, FileRow)>, StorageError> {
    let mut rows = Vec::new();
    let mut is_sound = true;
    tables::visit(
        reader,
        &Table::Files.key(&[&space.0]),
        &mut |id, value| match (id.try_into(), minicbor::decode(value)) {
            (Ok(id), Ok(row)) => rows.push((FileId(id), row)),
            _ => is_sound = false,
        },
    )?;
    match is_sound {
        true => Ok(rows),
        false => Err(damaged()),
    }
}

/// All files of all spaces.
pub(super) fn everywhere(
    reader: &dyn Reader,
) -> Result<Vec<(SpaceId, FileId, FileRow)>, StorageError> {
    let rows: Vec<(Vec<u8>, FileRow)> = tables::load_all(reader, Table::Files)?;
    let named = rows.into_iter().map(|(key, row)| {
        let (space, id) = key.split_first_chunk().ok_or_else(damaged)?;
        let id = id.try_into().map_err(|_| damaged())?;
        Ok((SpaceId(*space), FileId(id), row))
    });
    named.collect()
}

/// The names of all sealed files that a store knows of; others on the disk belong to nothing.
///
/// # Errors
/// The store failed.
pub fn stored_names(reader: &dyn Reader) -> Result<Vec<StoredName>, StorageError> {
    let rows: Vec<(Vec<u8>, FileRow)> = tables::load_all(reader, Table::Files)?;
    Ok(rows.iter().map(|(_, row)| row.stored()).collect())
}

/// The bytes that files of others take in a space, in a group those of one member. Those that have come in part are
/// included.
fn received(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    member: Option<DeviceId>,
) -> Result<u64, StorageError> {
    let bytes: Option<(u64,)> = tables::load(reader, &bytes_key(space, member))?;
    Ok(bytes.map_or(0, |(bytes,)| bytes))
}

fn count(
    txn: &mut dyn Txn,
    space: SpaceId,
    member: Option<DeviceId>,
    more: u64,
    less: u64,
) -> Result<(), StorageError> {
    if more == less {
        return Ok(());
    }
    let bytes = received(txn, space, member)?;
    match bytes.saturating_add(more).saturating_sub(less) {
        0 => txn.remove(&bytes_key(space, member)),
        bytes => tables::save(txn, &bytes_key(space, member), &(bytes,)),
    }
}

fn bytes_key(space: SpaceId, member: Option<DeviceId>) -> Vec<u8> {
    let member = member.as_ref().map_or(&[][..], |member| &member.0);
    Table::FileBytes.key(&[&space.0, member])
}

/// Whether a file of this size can ever load by itself.
pub(in crate::engine) fn may_load(size: u64) -> bool {
    size <= LARGEST
}

fn key(space: SpaceId, id: FileId) -> Vec<u8> {
    Table::Files.key(&[&space.0, &id.0])
}

fn message_key(space: SpaceId, entry: EntryId) -> Vec<u8> {
    Table::FileOfMessage.key(&[&space.0, &encode(entry)])
}

fn hashes_key(space: SpaceId, id: FileId, row: u32) -> Vec<u8> {
    Table::FileHashes.key(&[&space.0, &id.0, &row.to_be_bytes()])
}

fn held_key(space: SpaceId, id: FileId, device: DeviceId) -> Vec<u8> {
    Table::FilesHeld.key(&[&space.0, &id.0, &device.0])
}
