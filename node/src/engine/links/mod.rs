//! All links, each in its place while it is worked on, and what work on one asks of the others.

use std::collections::{BTreeMap, VecDeque};

use hedgerow_sync::id::{DeviceId, LogId, Seq, SpaceId};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::session::Role;

use super::invitation::InvitationKey;
use super::items::Bye;
use super::link::{Link, State};
use super::live::Live;
use super::{Engine, Turn};

/// The most links that a device has dialled to us beside that of its session: those on which it has said
/// nothing yet, and those under the rescue key (`docs/PROTOCOL.md` section 1).
const MAX_SPARE_LINKS: usize = 4;

/// All links.
#[derive(Default)]
pub(super) struct Links {
    pub by_id: BTreeMap<LinkId, Link>,
    /// Links on which more has arrived than is taken in; each in its turn.
    pub behind: VecDeque<LinkId>,
    /// Links whose first flight waits to be looked at.
    pub strangers: VecDeque<LinkId>,
}

/// The session with a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Up {
    pub link: LinkId,
    /// Which side we are.
    pub role: Role,
    /// The opening of the other side's store.
    pub incarnation: u64,
    /// When it began (monotonic milliseconds).
    pub since_ms: u64,
}

/// What work on one link, or on none, asks of other links. The router runs these errands once that work is done.
#[derive(Debug)]
pub(super) enum Errand {
    /// A fact of ours has changed: we tell it in every session.
    TellFacts,
    /// A log has entries from this one on.
    TellGrowth(SpaceId, LogId, Seq),
    /// Every link with a device ends, with this said where a session is up.
    End(DeviceId, Bye),
    /// Another link to the same device has taken this one's place.
    Replace(LinkId),
    /// A device has dialled one link more: the oldest spare one makes room.
    MakeRoom(DeviceId),
    /// An earlier attempt of the same joiner must not take effect any more.
    EndMeetings(InvitationKey),
}

impl Links {
    /// Whether something that has arrived on a link is not taken in.
    pub fn is_behind(&self) -> bool {
        !self.behind.is_empty() || !self.strangers.is_empty()
    }

    /// The links on which a device is proven or dialled.
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

    /// The session on a link, if it has come to one.
    pub fn live_mut(&mut self, id: LinkId) -> Option<&mut Live> {
        match &mut self.by_id.get_mut(&id)?.state {
            State::Live(live) => Some(live),
            _ => None,
        }
    }

    /// The oldest link that a device has dialled, besides some `kept` ones, if there are too many of these.
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

    /// When a deadline passes, or silence is to be looked at.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let deadlines = self.by_id.values().filter_map(|link| link.deadline_ms);
        deadlines.chain(self.next_silence_ms()).min()
    }

    /// A log has entries from this one on: all sessions but that on one link are told.
    fn tell_growth(
        &mut self,
        reader: &dyn Reader,
        (space, log, first): (SpaceId, LogId, Seq),
        except: Option<LinkId>,
    ) -> Result<(), StorageError> {
        for (id, link) in &mut self.by_id {
            if let State::Live(live) = &mut link.state
                && Some(*id) != except
            {
                live.sync.grew(reader, space, log, first)?;
            }
        }
        Ok(())
    }

    /// Puts a link in line if it is behind.
    pub fn line_up(&mut self, id: LinkId) {
        if let Some(link) = self.by_id.get_mut(&id)
            && link.is_out_of_line()
        {
            self.behind.push_back(id);
        }
    }
}

impl Engine {
    /// Runs the errands there are, for all links but the one that asked.
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
                    Errand::End(device, bye) => self.end_session(turn, device, bye, asked_by)?,
                    Errand::Replace(link) => self.replace(turn, link),
                    Errand::MakeRoom(device) => self.make_room(turn, device, asked_by)?,
                    Errand::EndMeetings(invitation) => {
                        self.end_other_meetings(turn, asked_by, invitation)
                    }
                }
            }
        }
        Ok(())
    }
}
