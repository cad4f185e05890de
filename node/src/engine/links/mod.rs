//! All links. Each stays in its place while the engine works on it; what that work asks of other links is an errand.

use std::collections::{BTreeMap, VecDeque};

use hedgerow_sync::id::{DeviceId, LogId, Seq, SpaceId};
use hedgerow_sync::store::{StorageError, Txn};
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::keys::PublicKey;
use hedgerow_transport::session::Role;

use super::invitation::InvitationKey;
use super::items::Bye;
use super::link::{Link, State};
use super::live::Live;
use super::{Engine, Turn};
use crate::files::tree::FileId;

/// The most links that we keep of those that a device has dialled, beside the link of its session: links on which it
/// has said nothing yet, and links under the rescue key (`docs/PROTOCOL.md` section 1).
const MAX_SPARE_LINKS: usize = 4;

/// All links.
#[derive(Default)]
pub(super) struct Links {
    pub by_id: BTreeMap<LinkId, Link>,
    /// Links with bytes that are not taken in yet, in the order of their turns.
    pub behind: VecDeque<LinkId>,
    /// Links whose first flight waits to be recognised.
    pub strangers: VecDeque<LinkId>,
}

/// The session with a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Up {
    pub link: LinkId,
    /// Our role in it.
    pub role: Role,
    /// The opening of the other side's store.
    pub incarnation: u64,
    /// When it began (monotonic milliseconds).
    pub since_ms: u64,
}

/// What work on one link, or a call, asks of other links. The router runs these errands when that work is done.
#[derive(Debug)]
pub(super) enum Errand {
    /// A fact of ours has changed: tell it in every session.
    TellFacts,
    /// A log has grown: it has new entries from this one on.
    TellGrowth(SpaceId, LogId, Seq),
    /// The same of a log of ours: what was written while a link was worked on is news for that link too.
    TellWritten(SpaceId, LogId, Seq),
    /// Who is in a group has changed, or with whom it is shared.
    TellGroup(SpaceId),
    /// A log of a group is known to be forked.
    TellFork(SpaceId, LogId),
    /// End every link with a device. Where a session is up, give this reason.
    End(DeviceId, Bye),
    /// Another link to the same device has taken this one's place.
    Replace(LinkId),
    /// A device has dialled one more link: end its oldest spare one if there are too many.
    MakeRoom(DeviceId),
    /// An invitation was used: end its other meetings, so that an earlier attempt of the joiner has no effect. While others may use
    /// it, those of its device alone.
    EndMeetings(InvitationKey, Option<PublicKey>),
    /// There may be files to load: look in every session.
    Fetch,
    /// The user asks for a file.
    AskFile(SpaceId, FileId),
    /// Nothing more of a file is to come.
    StopFile(SpaceId, FileId),
}

impl Links {
    /// Whether bytes that have arrived on a link are not taken in yet.
    pub fn is_behind(&self) -> bool {
        !self.behind.is_empty() || !self.strangers.is_empty()
    }

    /// The links with a device: its sessions, and our dials to it.
    pub fn with_device(&self, device: DeviceId) -> impl Iterator<Item = LinkId> {
        let its = self
            .by_id
            .iter()
            .filter(move |(_, link)| match &link.state {
                State::Live(live) => live.device == device,
                State::Dialling(dialled, ..) => *dialled == device,
                _ => false,
            });
        its.map(|(id, _)| *id)
    }

    /// The session on a link, if it has one.
    pub fn live_mut(&mut self, id: LinkId) -> Option<&mut Live> {
        match &mut self.by_id.get_mut(&id)?.state {
            State::Live(live) => Some(live),
            _ => None,
        }
    }

    /// All sessions.
    pub fn lives_mut(&mut self) -> impl Iterator<Item = &mut Live> {
        self.by_id
            .values_mut()
            .filter_map(|link| match &mut link.state {
                State::Live(live) => Some(&mut **live),
                _ => None,
            })
    }

    /// The oldest spare link that a device has dialled, if it has too many. The `kept` links are not spare.
    pub fn too_many_from(&self, device: DeviceId, kept: [Option<LinkId>; 2]) -> Option<LinkId> {
        let mut spare = Vec::new();
        for (id, link) in &self.by_id {
            if let State::Live(live) = &link.state
                && live.device == device
                && link.attempt.is_none()
                && !kept.contains(&Some(*id))
            {
                spare.push((live.since_ms, *id));
            }
        }
        let (_, oldest) = spare.iter().min()?;
        (spare.len() >= MAX_SPARE_LINKS).then_some(*oldest)
    }

    /// The links whose deadline has passed.
    pub fn overdue(&self, now_ms: u64) -> Vec<LinkId> {
        let links = self.by_id.iter();
        let overdue = links.filter(|(_, link)| link.deadline_ms.is_some_and(|at| at <= now_ms));
        overdue.map(|(id, _)| *id).collect()
    }

    /// When the next deadline passes, the next check for silence is due or the next file stalls (monotonic milliseconds).
    pub fn next_wake_ms(&self) -> Option<u64> {
        let deadlines = self.by_id.values().filter_map(|link| link.deadline_ms);
        let stalls = self.by_id.values().filter_map(|link| match &link.state {
            State::Live(live) => live.transfers.next_stall_ms(),
            _ => None,
        });
        deadlines.chain(self.next_silence_ms()).chain(stalls).min()
    }

    /// Tells all sessions, except that on one link, that a log has entries from this one on.
    fn tell_growth(
        &mut self,
        txn: &mut dyn Txn,
        (space, log, first): (SpaceId, LogId, Seq),
        except: Option<LinkId>,
    ) -> Result<(), StorageError> {
        for (id, link) in &mut self.by_id {
            if let State::Live(live) = &mut link.state
                && Some(*id) != except
            {
                live.sync.grew(txn, space, log, first)?;
            }
        }
        Ok(())
    }

    /// Queues a link for a slice of work if it is behind.
    pub fn line_up(&mut self, id: LinkId) {
        if let Some(link) = self.by_id.get_mut(&id)
            && link.is_out_of_line()
        {
            self.behind.push_back(id);
        }
    }
}

impl Engine {
    /// Runs the waiting errands, for all links except the one that asked.
    pub(super) fn run_errands(
        &mut self,
        turn: &mut Turn<'_>,
        asked_by: Option<LinkId>,
    ) -> Result<(), StorageError> {
        while !turn.errands.is_empty() {
            for errand in std::mem::take(turn.errands) {
                match errand {
                    Errand::TellFacts => self.tell_everybody(turn, asked_by)?,
                    Errand::TellGrowth(space, log, first) => {
                        let growth = (space, log, first);
                        self.links.tell_growth(turn.txn, growth, asked_by)?;
                    }
                    Errand::TellWritten(space, log, first) => {
                        self.links
                            .tell_growth(turn.txn, (space, log, first), None)?;
                    }
                    Errand::TellGroup(space) => self.tell_group(turn, space)?,
                    Errand::TellFork(space, log) => {
                        let lives = self.links.lives_mut();
                        lives.for_each(|live| live.sync.forked(space, log));
                    }
                    Errand::End(device, bye) => self.end_session(turn, device, bye, asked_by)?,
                    Errand::Replace(link) => self.replace(turn, link),
                    Errand::MakeRoom(device) => self.make_room(turn, device, asked_by)?,
                    Errand::EndMeetings(invitation, of) => {
                        self.end_other_meetings(turn, asked_by, invitation, of)
                    }
                    Errand::Fetch => self.fetch_everywhere(turn)?,
                    Errand::AskFile(space, file) => self.ask_file(turn, space, file)?,
                    Errand::StopFile(space, file) => self.stop_file(turn, space, file)?,
                }
            }
        }
        Ok(())
    }
}
