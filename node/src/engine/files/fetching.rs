//! A file that comes (`docs/PROTOCOL.md` section 16).
//!
//! ```text
//! Hashes ──> Beginning ──> Loading ──> here        a file of one chunk begins with Loading
//! ```

use std::ops::ControlFlow;

use bytes::Bytes;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::page;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{CarrierKind, LinkId};

use super::loading::Class;
use super::row::{self, FileRow, State};
use super::said::{self, Named, Over, Want, WantHashes};
use super::{Coming, Owners, Source, Turn};
use crate::api::Event;
use crate::engine::fault::{LinkError, PeerFault};
use crate::engine::links::Errand;
use crate::engine::live::Live;
use crate::engine::outbox::Outbox;
use crate::engine::{Effects as _, conversation, conversations, groups, items, rng};
use crate::files::extent::CHUNK;
use crate::files::tree::{self, ChunkHash, FileId};
use crate::files::work::{FileCommand, FileEvent, StoredName, Ticket};
use crate::tables::Table;

/// The most files that come over one link at one time.
const MAX_FETCHES: usize = 64;

/// The most files of one source that a link has not brought. After these we ask there only for what the user has asked for.
const MAX_MISSING: usize = 256;

/// The files of groups of which a link brings something else before it brings no more files of groups.
const MAX_WRONG: u32 = 4;

/// The chunks after which the keeper makes a file durable: 16 MiB.
const SYNC_CHUNKS: u32 = 64;

/// The time after which it does so if at least one chunk has come.
const SYNC_MS: u64 = 2_000;

/// The shortest pause between two events of one file.
const TELL_MS: u64 = 250;

/// How long no chunk of a file of a group may come before others are asked for it: as long as a whole window takes over a
/// slow relay.
const STALL_MS: u64 = 300_000;

/// The most bytes that may be on their way to us over one link.
fn window(carrier: CarrierKind) -> u64 {
    match carrier {
        CarrierKind::Ble => CHUNK as u64,
        _ => 16 * CHUNK as u64,
    }
}

/// A file that comes.
pub(super) struct Fetch {
    ticket: Ticket,
    source: Source,
    stage: Stage,
    hashes: Vec<ChunkHash>,
    /// The numbers of chunks that we have asked for, that have arrived, that are written, and that are to be durable.
    asked: u32,
    arrived: u32,
    written: u32,
    syncing: u32,
    /// The user has asked for it.
    is_asked: bool,
    /// Its chunks take room of its space already.
    is_counted: bool,
    /// When it was made durable last, and when an event told of it.
    synced_ms: u64,
    told_ms: u64,
    /// When it began, or its last chunk came.
    heard_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// We have asked for the hashes of its chunks.
    Hashes,
    /// The keeper looks what is here.
    Beginning,
    /// We ask for chunks.
    Loading,
}

impl Fetch {
    pub fn file(&self) -> (SpaceId, FileId) {
        (self.ticket.space, self.ticket.file)
    }

    /// When others are to be asked for it: files of a chat have no others.
    fn stalls_ms(&self) -> Option<u64> {
        let may_move = self.source.1.is_some() && self.awaits();
        may_move.then(|| self.heard_ms.saturating_add(STALL_MS))
    }

    /// Whether the other side has not sent all that we asked it for.
    fn awaits(&self) -> bool {
        match self.stage {
            Stage::Hashes => true,
            Stage::Beginning => false,
            Stage::Loading => self.arrived < self.asked,
        }
    }

    /// Bytes that are asked for and not written.
    fn open(&self) -> u64 {
        let extent = self.ticket.extent;
        extent.up_to(self.asked) - extent.up_to(self.written)
    }
}

impl Live {
    /// How a file is called in this session.
    pub(super) fn named(&mut self, space: SpaceId, file: FileId) -> Option<Named> {
        Some(Named::new(self.sync.blind(space)?, file))
    }

    /// The keeper knows how much of a file is here.
    pub(super) fn begun(&mut self, ticket: Ticket, here: u32) {
        if let Some(fetch) = self.transfers.fetches.get_mut(&ticket.stream)
            && fetch.stage == Stage::Beginning
        {
            fetch.stage = Stage::Loading;
            (fetch.asked, fetch.arrived, fetch.written) = (here, here, here);
        }
    }

    /// Asks for as many chunks of the files that come as the window allows, first of those that the user has asked for.
    fn ask_more(&mut self, carrier: CarrierKind) {
        let fetches = self.transfers.fetches.iter();
        let mut streams: Vec<_> = fetches
            .map(|(stream, fetch)| (!fetch.is_asked, *stream))
            .collect();
        streams.sort_unstable();
        for (_, stream) in streams {
            let room = window(carrier).saturating_sub(self.transfers.asked);
            let Some(fetch) = self.transfers.fetches.get_mut(&stream) else {
                continue;
            };
            let left = fetch.ticket.extent.chunks() - fetch.asked;
            if fetch.stage != Stage::Loading || left == 0 || room == 0 {
                continue;
            }
            let count = left.min(room.div_ceil(CHUNK as u64) as u32);
            let (space, file) = fetch.file();
            let before = fetch.open();
            let first = fetch.asked;
            fetch.asked += count;
            self.transfers.asked += fetch.open() - before;
            let Some(file) = self.named(space, file) else {
                continue;
            };
            let want = Want {
                stream,
                file,
                first,
                count,
            };
            items::say(&mut self.session, said::WANT, &want);
            self.transfers.asks = true;
        }
    }
}

impl Owners {
    /// Asks for more of the files that come over a link, and begins others as far as there is room.
    pub(in crate::engine) fn fetch_more(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        carrier: CarrierKind,
        live: &mut Live,
    ) -> Result<(), StorageError> {
        if live.rescue || live.hello.is_none() {
            return Ok(());
        }
        live.ask_more(carrier);
        // Most sessions have no file to wait for, whatever number of conversations they share.
        if !row::any(turn.txn, Table::WantedFiles)? {
            return Ok(());
        }
        while live.transfers.fetches.len() < MAX_FETCHES
            && live.transfers.asked < window(carrier)
            && let Some((source, file)) = self.next_to_fetch(turn, carrier, live)?
        {
            match self.fetch(turn, id, live, source, file)? {
                true => live.ask_more(carrier),
                false => live.transfers.misses(source, file),
            }
        }
        Ok(())
    }

    /// The next file that is to come over a link.
    fn next_to_fetch(
        &mut self,
        turn: &mut Turn<'_>,
        carrier: CarrierKind,
        live: &Live,
    ) -> Result<Option<(Source, FileId)>, StorageError> {
        for class in Class::that_load(carrier, true) {
            if *class != Class::Asked && live.transfers.awaits_asked() {
                break;
            }
            for (space, known) in self.conversations.shared_with(live.identity) {
                let mut members = vec![None];
                if known.kind.is_group() {
                    if !live.sync.is_open(space) || live.transfers.wrong >= MAX_WRONG {
                        continue;
                    }
                    let wanted = row::members_wanted(turn.txn, space, *class)?;
                    members = wanted.into_iter().map(Some).collect();
                    // Nobody's files wait for all those of another.
                    members.sort_by_cached_key(|member| live.transfers.coming_of((space, *member)));
                }
                for member in members {
                    let source = (space, member);
                    let is_asked = *class == Class::Asked;
                    let loads = self.that_load(turn, carrier, live, source)?;
                    if !loads.contains(class) || !is_asked && live.transfers.lacks_many(source) {
                        continue;
                    }
                    let mut next = None;
                    row::wanted(turn.txn, space, *class, member, &mut |file| {
                        let comes = self.files.coming.contains_key(&(space, file));
                        if comes || live.transfers.lacks(source, file) {
                            return ControlFlow::Continue(());
                        }
                        next = Some(file);
                        ControlFlow::Break(())
                    })?;
                    if let Some(file) = next {
                        return Ok(Some((source, file)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// What loads from a source over a link. Who sent it decides, and not who brings it: the bytes are proven.
    fn that_load(
        &self,
        turn: &Turn<'_>,
        carrier: CarrierKind,
        live: &Live,
        (space, member): Source,
    ) -> Result<&'static [Class], StorageError> {
        let Some(member) = member else {
            let contact = self.people.contacts.get(&live.identity);
            let is_verified = contact.is_some_and(|contact| contact.verified);
            return Ok(Class::that_load(carrier, is_verified));
        };
        let contact = groups::contact_of(turn.txn, space, member)?;
        if contact.is_some_and(|contact| self.people.is_blocked(&contact)) {
            return Ok(&[Class::Asked]);
        }
        let contact = contact.and_then(|contact| self.people.contacts.get(&contact));
        let is_verified = contact.is_some_and(|contact| contact.verified);
        let is_verified = is_verified || self.is_ours(space, member);
        Ok(Class::that_load(carrier, is_verified))
    }

    /// Begins to fetch a file. False if it does not come over this link.
    fn fetch(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        live: &mut Live,
        source: Source,
        file: FileId,
    ) -> Result<bool, StorageError> {
        let (space, member) = source;
        let row = FileRow::load(turn.txn, space, file)?;
        let (Some(row), Some(named)) = (row, live.named(space, file)) else {
            return Ok(false);
        };
        let extent = row.extent()?;
        let is_asked = row.state == State::Asked;
        let coming = self.files.coming.values();
        let coming = coming.filter(|one| one.source == source);
        let coming = coming.map(|one| one.uncounted).sum();
        if !is_asked && !row.is_within_quota(turn.txn, space, coming)? {
            return Ok(false);
        }
        // What membership shows no more is not asked for.
        if member.is_some() && page::row_place(turn.txn, space, row.entry()?)?.is_none() {
            return Ok(false);
        }
        live.transfers.last_stream += 1;
        let stream = live.transfers.last_stream;
        let ticket = row.ticket(id, stream, (space, file))?;
        let mut fetch = Fetch {
            ticket,
            source,
            stage: Stage::Loading,
            hashes: vec![row.id(file).0],
            asked: 0,
            arrived: 0,
            written: 0,
            syncing: 0,
            is_asked,
            is_counted: row.here > 0,
            synced_ms: turn.now.mono_ms,
            told_ms: 0,
            heard_ms: turn.now.mono_ms,
        };
        if extent.chunks() > 1 {
            fetch.hashes = row::hashes(turn.txn, space, file, 0, extent.chunks())?;
            if fetch.hashes.len() == extent.chunks() as usize {
                begin(turn, &mut fetch, row.here);
            } else {
                fetch.stage = Stage::Hashes;
                let want = WantHashes {
                    stream,
                    file: named,
                };
                items::say(&mut live.session, said::WANT_HASHES, &want);
                live.transfers.asks = true;
            }
        }
        let uncounted = match fetch.is_counted {
            true => 0,
            false => extent.clear(),
        };
        let coming = Coming { source, uncounted };
        self.files.coming.insert((space, file), coming);
        live.transfers.fetches.insert(stream, fetch);
        Ok(true)
    }

    /// The hashes of the chunks of a file have come.
    pub(super) fn hashes_came(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        content: Bytes,
    ) -> Result<(), LinkError> {
        let (stream, hashes) = said::hashes(content)?;
        let Some(fetch) = live.transfers.fetches.get_mut(&stream) else {
            return Ok(());
        };
        if fetch.stage != Stage::Hashes {
            return Err(PeerFault::OutOfPlace.into());
        }
        let (space, file) = fetch.file();
        let is_whole = hashes.len() == fetch.ticket.extent.chunks() as usize;
        let id = FileRow::load(turn.txn, space, file)?.map(|row| row.id(file));
        if !is_whole || id.is_none() || tree::id(&hashes) != id {
            let ticket = fetch.ticket;
            return Ok(self.wrong(turn, live, ticket)?);
        }
        row::save_hashes(turn.txn, space, file, &hashes)?;
        fetch.hashes = hashes;
        begin(turn, fetch, 0);
        Ok(())
    }

    /// A chunk has come. One that nobody asked for, or has stopped to want, is dropped.
    pub(super) fn chunk_came(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        content: Bytes,
    ) -> Result<(), LinkError> {
        let (stream, index, bytes) = said::chunk(content)?;
        let Some(fetch) = live.transfers.fetches.get_mut(&stream) else {
            return Ok(());
        };
        if fetch.stage != Stage::Loading || index != fetch.arrived || index >= fetch.asked {
            return Err(PeerFault::OutOfPlace.into());
        }
        let ticket = fetch.ticket;
        let hash = fetch.hashes.get(index as usize).copied();
        let Some(hash) = hash.filter(|_| bytes.len() == ticket.extent.chunk(index)) else {
            return Ok(self.wrong(turn, live, ticket)?);
        };
        fetch.arrived += 1;
        fetch.heard_ms = turn.now.mono_ms;
        live.transfers.asks |= live.transfers.awaits_chunks();
        turn.out.file(FileCommand::Write {
            ticket,
            index,
            bytes,
            hash,
        });
        Ok(())
    }

    /// The keeper has written a chunk.
    pub(super) fn written(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        ticket: Ticket,
        index: u32,
    ) -> Result<(), StorageError> {
        let Some(fetch) = live.transfers.fetches.get_mut(&ticket.stream) else {
            return Ok(());
        };
        let before = fetch.open();
        fetch.written = index + 1;
        live.transfers.asked -= before - fetch.open();
        let now_ms = turn.now.mono_ms;
        let is_whole = fetch.written == ticket.extent.chunks();
        let is_due = fetch.written - fetch.syncing >= SYNC_CHUNKS
            || now_ms.saturating_sub(fetch.synced_ms) >= SYNC_MS;
        if is_whole || is_due {
            fetch.syncing = fetch.written;
            fetch.synced_ms = now_ms;
            let chunks = fetch.written;
            turn.out.file(FileCommand::Sync { ticket, chunks });
        }
        let is_told = now_ms.saturating_sub(fetch.told_ms) < TELL_MS && fetch.told_ms > 0;
        if !is_told && !is_whole {
            fetch.told_ms = now_ms.max(1);
            let bytes = ticket.extent.clear_up_to(fetch.written);
            if let Some(row) = FileRow::load(turn.txn, ticket.space, ticket.file)? {
                turn.out.event(Event::FileProgress {
                    conversation: conversations::api_id(ticket.space),
                    id: conversation::message_id(row.entry()?),
                    device: None,
                    bytes,
                });
            }
        }
        Ok(())
    }

    /// The keeper has made the first chunks of a file durable.
    pub(super) fn synced(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        ticket: Ticket,
        chunks: u32,
    ) -> Result<(), StorageError> {
        let fetch = live.transfers.fetches.get_mut(&ticket.stream);
        let goes_on = fetch.is_some();
        if let Some(fetch) = fetch {
            fetch.is_counted = true;
            if let Some(coming) = self.files.coming.get_mut(&fetch.file()) {
                coming.uncounted = 0;
            }
        }
        match self.note_durable(turn, ticket, chunks, goes_on)? {
            true => self.drop_fetch(live, ticket.stream, false),
            false => self.say_held(turn, live, ticket.space, ticket.file)?,
        }
        Ok(())
    }

    /// A file was made durable for a link that is over.
    pub(super) fn synced_late(
        &mut self,
        turn: &mut Turn<'_>,
        event: &FileEvent,
    ) -> Result<(), StorageError> {
        if let FileEvent::Synced(ticket, chunks) = event {
            self.note_durable(turn, *ticket, *chunks, false)?;
        }
        Ok(())
    }

    /// Saves how many chunks of a file are durable. Returns whether all are. A file that stopped because there was no room
    /// waits for room still, unless it `goes_on`.
    fn note_durable(
        &mut self,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        chunks: u32,
        goes_on: bool,
    ) -> Result<bool, StorageError> {
        let (space, file) = (ticket.space, ticket.file);
        let Some(before) = FileRow::load(turn.txn, space, file)? else {
            return Ok(true);
        };
        let loads = matches!(before.state, State::Wanted | State::Asked);
        if !loads || before.stored() != ticket.name || chunks <= before.here {
            return Ok(!loads);
        }
        let mut row = before.clone();
        row.here = chunks;
        let is_here = chunks == ticket.extent.chunks();
        if goes_on || is_here {
            row.free = None;
        }
        if is_here {
            row.state = State::Here;
            let changed = turn.pending.annotated.entry(space).or_default();
            changed.insert(row.entry()?);
            turn.errands.push(Errand::StopFile(space, file));
        }
        row.save(turn.txn, space, file, Some(&before))?;
        Ok(is_here)
    }

    /// There is no room for a file.
    pub(super) fn no_room(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        ticket: Ticket,
        free: u64,
    ) -> Result<(), StorageError> {
        self.change_row(turn, ticket.space, ticket.file, |row| row.free = Some(free))?;
        live.transfers.keep_part(turn.out, ticket.stream);
        self.stop(live, ticket.stream);
        Ok(())
    }

    /// What came is not what the message names.
    pub(super) fn wrong(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        ticket: Ticket,
    ) -> Result<(), StorageError> {
        let row = FileRow::load(turn.txn, ticket.space, ticket.file)?;
        if row.map(|row| row.member()).transpose()?.flatten().is_some() {
            // What others sent of it is proven and stays, and the rest comes from others.
            if live.transfers.fetches.contains_key(&ticket.stream) {
                tracing::warn!("a member of a group sends another file than its message names");
                live.transfers.wrong += 1;
                live.transfers.keep_part(turn.out, ticket.stream);
                self.stop(live, ticket.stream);
                turn.errands.push(Errand::Fetch);
            }
            return Ok(());
        }
        tracing::warn!("a contact's device sends another file than its message names");
        let anew = new_name(turn);
        self.change_row(turn, ticket.space, ticket.file, |row| {
            row.state = State::Damaged;
            row.begins_anew(anew);
        })?;
        turn.out.file(FileCommand::Remove(ticket.name));
        self.stop(live, ticket.stream);
        Ok(())
    }

    /// Changes what the store has of a file, if it is there.
    pub(super) fn change_row(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
        change: impl FnOnce(&mut FileRow),
    ) -> Result<(), StorageError> {
        let Some(before) = FileRow::load(turn.txn, space, file)? else {
            return Ok(());
        };
        let mut row = before.clone();
        change(&mut row);
        if row != before {
            row.save(turn.txn, space, file, Some(&before))?;
            let changed = turn.pending.annotated.entry(space).or_default();
            changed.insert(row.entry()?);
        }
        Ok(())
    }

    /// Nothing more of a file is to come over a link.
    pub(super) fn stop_fetching(&mut self, live: &mut Live, space: SpaceId, file: FileId) {
        let mut streams = live.transfers.fetches.iter();
        let stream = streams.find(|(_, fetch)| fetch.file() == (space, file));
        if let Some(stream) = stream.map(|(stream, _)| *stream) {
            self.stop(live, stream);
        }
        live.transfers.may_bring(space, file);
    }

    /// Nothing more of any file of a space is to come over a link.
    pub(super) fn stop_fetching_of(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        space: SpaceId,
    ) {
        let fetches = live.transfers.fetches.iter();
        let streams = fetches.filter(|(_, fetch)| fetch.ticket.space == space);
        for stream in streams.map(|(stream, _)| *stream).collect::<Vec<_>>() {
            live.transfers.keep_part(turn.out, stream);
            items::say(&mut live.session, said::STOP, &Over { stream });
            self.drop_fetch(live, stream, false);
        }
    }

    /// Stops the files of which nothing has come over a link for long. Gives them.
    pub(super) fn stop_stalled(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
    ) -> Vec<(SpaceId, FileId)> {
        let now_ms = turn.now.mono_ms;
        let fetches = live.transfers.fetches.iter();
        let stalled = fetches.filter(|(_, fetch)| fetch.stalls_ms().is_some_and(|at| at <= now_ms));
        let stalled: Vec<_> = stalled
            .map(|(stream, fetch)| (*stream, fetch.file()))
            .collect();
        for (stream, _) in &stalled {
            live.transfers.keep_part(turn.out, *stream);
            self.stop(live, *stream);
        }
        stalled.into_iter().map(|(_, file)| file).collect()
    }

    fn stop(&mut self, live: &mut Live, stream: u32) {
        items::say(&mut live.session, said::STOP, &Over { stream });
        self.drop_fetch(live, stream, true);
    }

    /// Forgets a stream of ours. If the link `lacks` the file, we ask there no more.
    pub(super) fn drop_fetch(&mut self, live: &mut Live, stream: u32, lacks: bool) {
        let Some(fetch) = live.transfers.fetches.remove(&stream) else {
            return;
        };
        live.transfers.asked -= fetch.open();
        self.files.coming.remove(&fetch.file());
        if lacks {
            live.transfers.misses(fetch.source, fetch.ticket.file);
        }
    }
}

impl super::Transfers {
    /// Whether what the user asked for would come behind what begins now.
    fn awaits_asked(&self) -> bool {
        let begins = |fetch: &Fetch| fetch.is_asked && fetch.stage != Stage::Loading;
        self.fetches.values().any(begins)
    }

    /// How many files of a source come over this link.
    fn coming_of(&self, source: Source) -> usize {
        let fetches = self.fetches.values();
        fetches.filter(|fetch| fetch.source == source).count()
    }

    /// Whether this link has not brought a file.
    fn lacks(&self, source: Source, file: FileId) -> bool {
        let missing = self.missing.get(&source);
        missing.is_some_and(|missing| missing.contains(&file))
    }

    /// Whether this link has not brought so many files of a source that it is asked for none that loads by itself.
    fn lacks_many(&self, source: Source) -> bool {
        let missing = self.missing.get(&source);
        missing.is_some_and(|missing| missing.len() >= MAX_MISSING)
    }

    /// A stream ends before the end of its file: what is written is made durable, so that it counts and need not come
    /// again. If nothing is, its room goes, with the chunks on their way to the disk: nobody would count it.
    pub(super) fn keep_part(&self, out: &mut Outbox, stream: u32) {
        let Some(fetch) = self.fetches.get(&stream) else {
            return;
        };
        let ticket = fetch.ticket;
        if fetch.written > fetch.syncing {
            let chunks = fetch.written;
            out.file(FileCommand::Sync { ticket, chunks });
        } else if fetch.stage == Stage::Loading && fetch.written == 0 && !fetch.is_counted {
            out.file(FileCommand::Remove(ticket.name));
        }
    }

    /// Whether we wait for chunks or hashes that we asked for.
    pub(in crate::engine) fn awaits_chunks(&self) -> bool {
        self.fetches.values().any(Fetch::awaits)
    }

    /// When the first file that comes over this link stalls (monotonic milliseconds).
    pub(in crate::engine) fn next_stall_ms(&self) -> Option<u64> {
        self.fetches.values().filter_map(Fetch::stalls_ms).min()
    }

    /// Whether we have begun to wait, or go on, since the last call.
    pub(in crate::engine) fn take_asks(&mut self) -> bool {
        std::mem::take(&mut self.asks)
    }

    /// The user asks for a file, whether it comes already or this link did not bring it.
    pub(super) fn asked_by_user(&mut self, space: SpaceId, file: FileId) {
        self.may_bring(space, file);
        let mut fetches = self.fetches.values_mut();
        if let Some(fetch) = fetches.find(|fetch| fetch.file() == (space, file)) {
            fetch.is_asked = true;
        }
    }

    /// This link may bring a file that it did not bring before.
    pub(super) fn may_bring(&mut self, space: SpaceId, file: FileId) {
        let missing = self.missing.iter_mut();
        let of_space = missing.filter(|((of, _), _)| *of == space);
        of_space.for_each(|(_, files)| _ = files.remove(&file));
    }

    fn misses(&mut self, source: Source, file: FileId) {
        self.missing.entry(source).or_default().insert(file);
    }
}

/// Asks the keeper how much of a file is here.
fn begin(turn: &mut Turn<'_>, fetch: &mut Fetch, here: u32) {
    fetch.stage = Stage::Beginning;
    // What came after the file was made durable last may be here as well: more than is made durable together, where the
    // disk is slower than the link.
    let behind = fetch.hashes.iter().skip(here as usize);
    turn.out.file(FileCommand::Begin {
        ticket: fetch.ticket,
        from: here,
        hashes: behind.copied().collect(),
    });
}

/// A name for a sealed file that no other has.
pub(super) fn new_name(turn: &mut Turn<'_>) -> StoredName {
    StoredName(rng::bytes(turn.rng))
}
