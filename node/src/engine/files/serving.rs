//! Files that go (`docs/PROTOCOL.md` section 16): chunks, in the order in which they were asked for.

use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, SpaceId};
use hedgerow_sync::page;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{CarrierKind, LinkId};
use hedgerow_transport::session::{Lane, Session};

use super::row::{self, FileRow, Held, State};
use super::said::{self, Has, Named, Over, Want, WantHashes};
use super::{Owners, Transfers, Turn};
use crate::api::Event;
use crate::engine::fault::{LinkError, PeerFault};
use crate::engine::live::Live;
use crate::engine::outbox::Outbox;
use crate::engine::{Effects as _, conversation, conversations, delivery, groups, items};
use crate::files::extent::CHUNK;
use crate::files::tree::FileId;
use crate::files::work::{FileCommand, Ticket};
use crate::tables::Table;

/// The most runs of chunks that one device waits for at one time.
const MAX_SERVES: usize = 4_096;

/// The most files of one conversation that a session asks about.
const MAX_ASKED: usize = 256;

/// The most files that a session asked for before they were here, and learns of when they are.
const MAX_OWED: usize = 256;

/// The most bytes of media that a carrier has for one link and has not yet written: what a text written now waits for.
pub(in crate::engine) fn media_window(carrier: CarrierKind) -> usize {
    match carrier {
        CarrierKind::Ble => 4 << 10,
        CarrierKind::Relay => 128 << 10,
        _ => 512 << 10,
    }
}

/// The bytes that the keeper reads ahead for one link.
fn read_ahead(carrier: CarrierKind) -> u64 {
    match carrier {
        CarrierKind::Ble | CarrierKind::Relay => CHUNK as u64,
        _ => 4 * CHUNK as u64,
    }
}

/// A run of chunks that the other side waits for.
pub(super) struct Serve {
    ticket: Ticket,
    next: u32,
    end: u32,
}

impl Serve {
    pub fn stream(&self) -> u32 {
        self.ticket.stream
    }
}

impl Transfers {
    /// Has the keeper read what goes next, as far as a link takes it.
    pub(in crate::engine) fn read_more(
        &mut self,
        carrier: CarrierKind,
        session: &Session,
        out: &mut Outbox,
    ) {
        while self.reading + (session.queued_media() as u64) < read_ahead(carrier)
            && let Some(serve) = self.serves.front_mut()
        {
            let (ticket, index) = (serve.ticket, serve.next);
            serve.next += 1;
            if serve.next >= serve.end {
                self.serves.pop_front();
            }
            self.reading += ticket.extent.chunk(index) as u64;
            out.file(FileCommand::Read {
                ticket,
                index,
                head: said::chunk_head(ticket.stream, index),
            });
        }
    }

    /// Nothing more of the files of a space goes over this link.
    pub(super) fn stop_serving(&mut self, session: &mut Session, space: SpaceId) {
        self.owed.retain(|(of, _)| *of != space);
        self.serves.retain(|serve| {
            let goes_on = serve.ticket.space != space;
            if !goes_on {
                let stream = serve.stream();
                items::say(session, said::GONE, &Over { stream });
            }
            goes_on
        });
    }

    /// As a device that takes requests and answers none.
    #[cfg(test)]
    pub(in crate::engine) fn never_answers(&mut self) {
        self.reading = u64::MAX / 2;
    }

    /// A chunk leaves.
    pub(super) fn was_read(
        &mut self,
        session: &mut Session,
        ticket: Ticket,
        index: u32,
        bytes: Bytes,
    ) {
        self.reading = self
            .reading
            .saturating_sub(ticket.extent.chunk(index) as u64);
        session
            .push(Lane::Media, said::CHUNK, bytes)
            .expect("a chunk with its head is shorter than MAX_ITEM");
    }

    /// A chunk is not to be had.
    pub(super) fn was_unreadable(&mut self, session: &mut Session, ticket: Ticket, index: u32) {
        self.reading = self
            .reading
            .saturating_sub(ticket.extent.chunk(index) as u64);
        let stream = ticket.stream;
        self.serves.retain(|serve| serve.stream() != stream);
        items::say(session, said::GONE, &Over { stream });
    }
}

impl Owners {
    /// A device asks for chunks.
    pub(super) fn file_wanted(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        live: &mut Live,
        want: &Want,
    ) -> Result<(), LinkError> {
        let stream = want.stream;
        let Some((space, file, row)) = self.served(turn, live, &want.file)? else {
            items::say(&mut live.session, said::GONE, &Over { stream });
            return Ok(());
        };
        let ticket = row.ticket(id, stream, (space, file))?;
        let end = want.first.checked_add(want.count);
        let end = end.filter(|end| *end <= ticket.extent.chunks() && want.count > 0);
        let end = end.ok_or(PeerFault::BadItem)?;
        if live.transfers.serves.len() >= MAX_SERVES {
            return Err(PeerFault::OutOfPlace.into());
        }
        live.transfers.serves.push_back(Serve {
            ticket,
            next: want.first,
            end,
        });
        Ok(())
    }

    /// A device asks for the hashes of the chunks of a file.
    pub(super) fn hashes_wanted(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        want: &WantHashes,
    ) -> Result<(), LinkError> {
        let stream = want.stream;
        let hashes = match self.served(turn, live, &want.file)? {
            Some((space, file, row)) => {
                let chunks = row.extent()?.chunks();
                row::hashes(turn.txn, space, file, 0, chunks)?
            }
            None => Vec::new(),
        };
        if hashes.is_empty() || live.session.queued_media() > 4 * CHUNK {
            items::say(&mut live.session, said::GONE, &Over { stream });
            return Ok(());
        }
        live.session
            .push(Lane::Media, said::HASHES, said::hashes_of(stream, &hashes))
            .expect("the hashes of the longest file are shorter than MAX_ITEM");
        Ok(())
    }

    /// A device says what it has of a file: of ours, or of one that we asked it for before it was there.
    pub(super) fn held_by_peer(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        has: &Has,
    ) -> Result<(), LinkError> {
        let Some(space) = live.sync.space_named(&has.file.blind()) else {
            return Ok(());
        };
        if self.takes_part(live, space) && !has.is_declined {
            live.transfers.may_bring(space, has.file.id());
        }
        Ok(self.held_by(turn, live.device, space, has)?)
    }

    /// A device has this much of a file of ours in a conversation with it.
    pub(super) fn held_by(
        &mut self,
        turn: &mut Turn<'_>,
        device: DeviceId,
        space: SpaceId,
        has: &Has,
    ) -> Result<(), StorageError> {
        let file = has.file.id();
        let row = FileRow::load(turn.txn, space, file)?;
        let goes = |row: &FileRow| matches!(row.state, State::Here | State::Cancelled);
        let Some(row) = row.filter(goes) else {
            return Ok(());
        };
        if row.member()?.is_some() && !(row.is_ours && self.is_of_member(space, device)) {
            return Ok(());
        }
        let extent = row.extent()?;
        let held = Held {
            chunks: has.chunks.min(extent.chunks()),
            is_declined: has.is_declined,
        };
        if Held::load(turn.txn, space, file, device)? == Some(held) {
            return Ok(());
        }
        held.save(turn.txn, space, file, device)?;
        let entry = row.entry()?;
        let is_cancelled = row.state == State::Cancelled;
        if is_cancelled || held.is_declined || held.chunks == extent.chunks() {
            let changed = turn.pending.annotated.entry(space).or_default();
            changed.insert(entry);
            self.settle(turn, space, file)?;
        } else {
            turn.out.event(Event::FileProgress {
                conversation: conversations::api_id(space),
                id: conversation::message_id(entry),
                device: Some(delivery::device_name(device)),
                bytes: extent.clear_up_to(held.chunks),
            });
        }
        Ok(())
    }

    /// Answers a device that asks what we have of a file.
    pub(super) fn tell_held(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        file: &Named,
    ) -> Result<(), LinkError> {
        if let Some(space) = live.sync.space_named(&file.blind()) {
            self.say_held(turn, live, space, file.id())?;
        }
        Ok(())
    }

    /// Says what we have of a file, if it is another's. In a group its author learns of that, and whoever has asked for the
    /// file, once it is here.
    pub(super) fn say_held(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        space: SpaceId,
        file: FileId,
    ) -> Result<(), StorageError> {
        let row = FileRow::load(turn.txn, space, file)?;
        let Some(row) = row.filter(|row| !row.is_ours) else {
            return Ok(());
        };
        if let Some(member) = row.member()? {
            let is_owed = row.state == State::Here && live.transfers.owed.remove(&(space, file));
            let author = groups::contact_of(turn.txn, space, member)?;
            let is_told = is_owed || author == Some(live.identity);
            if !is_told || !self.takes_part(live, space) {
                return Ok(());
            }
        }
        if let Some(named) = live.named(space, file) {
            let has = Has {
                file: named,
                chunks: row.here,
                is_declined: matches!(row.state, State::Declined),
            };
            items::say(&mut live.session, said::HELD, &has);
        }
        Ok(())
    }

    /// Asks a device what it has of files of ours of which it has not said that they are there.
    pub(in crate::engine) fn ask_held(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
    ) -> Result<(), StorageError> {
        if !row::any(turn.txn, Table::AwaitedFiles)? {
            return Ok(());
        }
        let shared = self.conversations.shared_with(live.identity);
        let spaces: Vec<SpaceId> = shared.map(|(space, _)| space).collect();
        for space in spaces {
            if !self.takes_part(live, space) {
                continue;
            }
            for file in row::awaited(turn.txn, space, MAX_ASKED)? {
                let held = Held::load(turn.txn, space, file, live.device)?;
                let row = FileRow::load(turn.txn, space, file)?;
                let chunks = row.map(|row| row.extent()).transpose()?;
                let chunks = chunks.map(|extent| extent.chunks());
                if held.map(|held| held.chunks) == chunks {
                    continue;
                }
                if let Some(named) = live.named(space, file) {
                    items::say(&mut live.session, said::ASK_HELD, &named);
                }
            }
        }
        Ok(())
    }

    /// Nobody is asked about a file of ours any more once every member of the conversation has it, or has declined it, or of
    /// one that we took back has nothing.
    fn settle(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
    ) -> Result<(), StorageError> {
        let row = FileRow::load(turn.txn, space, file)?;
        let is_cancelled = row.is_some_and(|row| row.state == State::Cancelled);
        let is_settled = |held: Held, chunks| {
            held.is_declined || held.chunks == chunks || (is_cancelled && held.chunks == 0)
        };
        match self.every_member(turn, space, file, is_settled)? {
            true => row::settled(turn.txn, space, file),
            false => Ok(()),
        }
    }

    /// Whether every other member of the conversation has a file of ours, or has declined it: in a group every contact, and
    /// at least one.
    pub(super) fn is_delivered(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
    ) -> Result<bool, StorageError> {
        if self.has_strangers(space) && self.conversations.members_of(space).is_empty() {
            return Ok(false);
        }
        self.every_member(turn, space, file, |held, chunks| {
            held.is_declined || held.chunks == chunks
        })
    }

    /// Whether every other member of the conversation has all of a file of ours.
    pub(super) fn has_arrived(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
    ) -> Result<bool, StorageError> {
        // Of members who are no contacts nothing is known.
        Ok(!self.has_strangers(space)
            && self.every_member(turn, space, file, |held, chunks| held.chunks == chunks)?)
    }

    fn has_strangers(&self, space: SpaceId) -> bool {
        let open = self.groups.get(space);
        open.is_some_and(|open| open.has_strangers())
    }

    /// Whether a device is of a contact who takes part in a conversation.
    fn is_of_member(&self, space: SpaceId, device: DeviceId) -> bool {
        let device = self.people.devices.get(&device);
        let members = self.conversations.members_of(space);
        device.is_some_and(|device| members.contains(&device.identity))
    }

    /// Whether a device of every other member says enough of a file of ours. `is_enough` takes what the device has, and how
    /// many chunks there are.
    fn every_member(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
        is_enough: impl Fn(Held, u32) -> bool,
    ) -> Result<bool, StorageError> {
        let Some(row) = FileRow::load(turn.txn, space, file)? else {
            return Ok(true);
        };
        let chunks = row.extent()?.chunks();
        for member in self.conversations.members_of(space) {
            let mut has = false;
            for device in self.people.devices_of(*member) {
                let held = Held::load(turn.txn, space, file, device)?;
                has |= held.is_some_and(|held| is_enough(held, chunks));
            }
            if !has {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The file that a device names, if it is of a conversation with it and all of it is here. In a group a message that is
    /// shown has it, and its author has not taken it back.
    fn served(
        &self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        named: &Named,
    ) -> Result<Option<(SpaceId, FileId, FileRow)>, StorageError> {
        let file = named.id();
        let space = live.sync.space_named(&named.blind());
        let Some(space) = space.filter(|space| self.takes_part(live, *space)) else {
            return Ok(None);
        };
        let is_group = self.groups.get(space).is_some();
        let row = FileRow::load(turn.txn, space, file)?;
        let Some(row) = row.filter(|row| row.state == State::Here) else {
            if is_group && live.transfers.owed.len() < MAX_OWED {
                live.transfers.owed.insert((space, file));
            }
            return Ok(None);
        };
        let entry = row.entry()?;
        let is_served = !is_group
            || page::row_place(turn.txn, space, entry)?.is_some()
                && self.taken_back(turn.txn, space, [entry].into())?.is_empty();
        Ok(is_served.then_some((space, file, row)))
    }
}
