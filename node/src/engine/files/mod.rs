//! Files of messages (`docs/PROTOCOL.md` section 16): which there are, and how they come and go over sessions.
//!
//! | what | where |
//! | --- | --- |
//! | what we have of each file, in the store | `row` |
//! | what loads by itself | `loading` |
//! | what two devices say of files | `said` |
//! | a file that comes | `fetching` |
//! | files that go | `serving` |
//! | files that their senders take back | `cancelling` |
//! | files in what is carried by hand | `carried` |
//! | files in messages, and calls about them | `in_messages` |
//!
//! A message names its file by the hash of the sealed bytes, so it proves every chunk. The receiver asks for chunks and
//! never gets one that it did not ask for. The bytes themselves pass through a keeper beside the engine.
//!
//! In a group every member that has a file gives it to every other. It comes over one link at a time, and over the next
//! where that ends.

mod cancelling;
pub(super) mod carried;
mod fetching;
mod in_messages;
mod listing;
mod loading;
mod row;
mod said;
mod serving;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hedgerow_sync::id::{DeviceId, SpaceId};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{CarrierKind, LinkId};
use hedgerow_transport::session::Item;

use super::fault::LinkError;
use super::link::State as LinkState;
use super::links::Errand;
use super::live::Live;
use super::{Engine, Owners, Turn, items};
use crate::files::tree::FileId;
use crate::files::work::{FileEvent, Ticket, Upload};
use fetching::Fetch;
use serving::Serve;

pub(super) use cancelling::is_cancelled;
pub use carried::is_expected;
pub(crate) use in_messages::{FilePart, file_of};
pub use in_messages::{Stored, preview, stored_file};
pub(super) use in_messages::{forget_all, put_back, set_aside};
pub use listing::{page, used};
pub use row::stored_names;
pub(super) use said::KINDS;
pub(super) use serving::media_window;

/// The most sealed files that wait for a message.
const MAX_UPLOADS: usize = 256;

/// All files that are on their way, and those that wait for a message.
#[derive(Default)]
pub(super) struct Files {
    /// The oldest first.
    uploads: VecDeque<Upload>,
    /// The files that come over some link.
    coming: BTreeMap<(SpaceId, FileId), Coming>,
}

/// A file that comes over some link.
struct Coming {
    source: Source,
    /// The bytes that it will take of the room for its source.
    uncounted: u64,
}

/// Whose files these are: those of a chat, or of one member of a group. Each has its own bounds.
type Source = (SpaceId, Option<DeviceId>);

/// The files that come and go over one link.
#[derive(Default)]
pub(super) struct Transfers {
    last_stream: u32,
    /// The files that come, by the number of their stream.
    fetches: BTreeMap<u32, Fetch>,
    /// Bytes that were asked for over this link, and are not written yet.
    asked: u64,
    /// We have begun, or go on, to wait for chunks or hashes.
    asks: bool,
    /// Files that this link does not bring, as far as we know.
    missing: BTreeMap<Source, BTreeSet<FileId>>,
    /// Files of groups of which the other side sent something else.
    wrong: u32,
    /// What the other side waits for.
    serves: VecDeque<Serve>,
    /// Files of groups that the other side asked for and that are not here: it learns when they are.
    owed: BTreeSet<(SpaceId, FileId)>,
    /// Bytes that the keeper reads for this link.
    reading: u64,
}

impl Owners {
    /// Handles an item about a file.
    pub(super) fn file_item(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        carrier: CarrierKind,
        live: &mut Live,
        item: &Item,
    ) -> Result<(), LinkError> {
        match item.kind {
            said::WANT => self.file_wanted(turn, id, live, &items::decode(item)?)?,
            said::WANT_HASHES => self.hashes_wanted(turn, live, &items::decode(item)?)?,
            said::STOP => {
                let over: said::Over = items::decode(item)?;
                let serves = &mut live.transfers.serves;
                serves.retain(|serve| serve.stream() != over.stream);
            }
            said::GONE => {
                let over: said::Over = items::decode(item)?;
                live.transfers.keep_part(turn.out, over.stream);
                self.drop_fetch(live, over.stream, true);
                self.fetch_more(turn, id, carrier, live)?;
                // Others may have it.
                turn.errands.push(Errand::Fetch);
            }
            said::HELD => {
                self.held_by_peer(turn, live, &items::decode(item)?)?;
                self.fetch_more(turn, id, carrier, live)?;
            }
            said::ASK_HELD => self.tell_held(turn, live, &items::decode(item)?)?,
            said::CHUNK => self.chunk_came(turn, live, item.content.clone())?,
            said::HASHES => {
                self.hashes_came(turn, live, item.content.clone())?;
                self.fetch_more(turn, id, carrier, live)?;
            }
            _ => {}
        }
        Ok(self.conversations.end_wait(turn.txn, live)?)
    }

    /// A link is over or has another link in its place: what came over it is free to come over others.
    pub(super) fn transfers_over(&mut self, turn: &mut Turn<'_>, live: &mut Live) {
        let transfers = std::mem::take(&mut live.transfers);
        for (stream, fetch) in &transfers.fetches {
            transfers.keep_part(turn.out, *stream);
            self.files.coming.remove(&fetch.file());
            turn.errands.push(Errand::Fetch);
        }
    }

    /// Whether a session is with somebody who takes part in a conversation, so that files of it come and go there.
    pub(super) fn takes_part(&self, live: &Live, space: SpaceId) -> bool {
        let known = self.conversations.get(space);
        known.is_some_and(|known| !known.kind.is_group() || live.sync.is_open(space))
    }
}

impl Engine {
    /// The keeper of files reports.
    pub(super) fn file_event(
        &mut self,
        turn: &mut Turn<'_>,
        event: FileEvent,
    ) -> Result<(), StorageError> {
        let ticket = match &event {
            FileEvent::Sealed(upload) => {
                self.owners.files.offer(turn, upload.clone());
                return Ok(());
            }
            FileEvent::Begun(ticket, _)
            | FileEvent::NoRoom(ticket, _)
            | FileEvent::Written(ticket, _)
            | FileEvent::Wrong(ticket, _)
            | FileEvent::Synced(ticket, _)
            | FileEvent::Read(ticket, ..)
            | FileEvent::Unreadable(ticket, _)
            | FileEvent::Failed(ticket, _) => *ticket,
        };
        let Some(link) = self.links.by_id.get_mut(&ticket.link) else {
            return self.owners.synced_late(turn, &event);
        };
        let carrier = link.carrier;
        match &mut link.state {
            LinkState::Live(live) => {
                self.owners.kept(turn, carrier, live, ticket, event)?;
                self.run_errands(turn, None)
            }
            _ => self.owners.synced_late(turn, &event),
        }
    }

    /// Looks in every session for files to load.
    pub(super) fn fetch_everywhere(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        for (id, link) in &mut self.links.by_id {
            if let LinkState::Live(live) = &mut link.state {
                self.owners.fetch_more(turn, *id, link.carrier, live)?;
            }
        }
        Ok(())
    }

    /// A group is open or closed towards others now: its files come and go with those alone who are in it.
    pub(super) fn transfers_open_or_close(&mut self, turn: &mut Turn<'_>, space: SpaceId) {
        for live in self.links.lives_mut() {
            if !self.owners.takes_part(live, space) {
                live.transfers.stop_serving(&mut live.session, space);
                self.owners.stop_fetching_of(turn, live, space);
            }
        }
        turn.errands.push(Errand::Fetch);
    }

    /// Files of which nothing has come for long come over other links, if these bring them.
    pub(super) fn move_stalled(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let mut stalled = Vec::new();
        for (id, link) in &mut self.links.by_id {
            if let LinkState::Live(live) = &mut link.state {
                let files = self.owners.stop_stalled(turn, live).into_iter();
                stalled.extend(files.map(|file| (*id, file)));
            }
        }
        if stalled.is_empty() {
            return Ok(());
        }
        self.fetch_everywhere(turn)?;
        for (id, (space, file)) in stalled {
            if let Some(link) = self.links.by_id.get_mut(&id)
                && let LinkState::Live(live) = &mut link.state
            {
                live.transfers.may_bring(space, file);
            }
        }
        self.fetch_everywhere(turn)
    }

    /// The user asks for a file. Where it comes already it goes on; links that did not bring it may be asked again.
    pub(super) fn ask_file(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
    ) -> Result<(), StorageError> {
        self.in_sessions(turn, space, file, |_, live| {
            live.transfers.asked_by_user(space, file);
        })?;
        self.fetch_everywhere(turn)
    }

    /// A file is not wanted any more, or is gone: nothing more of it comes over any link, and others learn of it.
    pub(super) fn stop_file(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
    ) -> Result<(), StorageError> {
        self.in_sessions(turn, space, file, |owners, live| {
            owners.stop_fetching(live, space, file);
        })
    }

    /// Does this in each session, and says there how we stand with the file.
    fn in_sessions(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        file: FileId,
        act: impl Fn(&mut Owners, &mut Live),
    ) -> Result<(), StorageError> {
        for link in self.links.by_id.values_mut() {
            if let LinkState::Live(live) = &mut link.state {
                act(&mut self.owners, live);
                self.owners.say_held(turn, live, space, file)?;
            }
        }
        Ok(())
    }
}

impl Owners {
    fn kept(
        &mut self,
        turn: &mut Turn<'_>,
        carrier: CarrierKind,
        live: &mut Live,
        ticket: Ticket,
        event: FileEvent,
    ) -> Result<(), StorageError> {
        match event {
            FileEvent::Read(_, index, bytes) => {
                live.transfers
                    .was_read(&mut live.session, ticket, index, bytes);
                return Ok(());
            }
            FileEvent::Unreadable(_, index) => {
                live.transfers
                    .was_unreadable(&mut live.session, ticket, index);
                return Ok(());
            }
            FileEvent::Begun(_, here) => live.begun(ticket, here),
            FileEvent::Written(_, index) => self.written(turn, live, ticket, index)?,
            FileEvent::Synced(_, chunks) => self.synced(turn, live, ticket, chunks)?,
            FileEvent::NoRoom(_, free) => self.no_room(turn, live, ticket, free)?,
            FileEvent::Wrong(..) => self.wrong(turn, live, ticket)?,
            FileEvent::Failed(_, fault) => {
                tracing::warn!(?fault, "a file that comes cannot be kept");
                self.drop_fetch(live, ticket.stream, true);
                turn.errands.push(Errand::Fetch);
            }
            FileEvent::Sealed(_) => {}
        }
        self.fetch_more(turn, ticket.link, carrier, live)
    }
}
