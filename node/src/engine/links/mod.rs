//! All links, each in its place while it is worked on, and what work on one asks of the others.

use std::collections::{BTreeMap, VecDeque};

use hedgerow_sync::id::{DeviceId, LogId, Seq, SpaceId};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::session::Role;

use super::invitation::InvitationKey;
use super::items::Bye;
use super::link::{Link, State};
use super::{Engine, Turn};

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
    /// A fact of ours has changed: every session is told it.
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
                        let others = self.links.by_id.iter_mut();
                        for (_, link) in others.filter(|(id, _)| Some(**id) != asked_by) {
                            if let State::Live(live) = &mut link.state {
                                live.sync.grew(turn.txn, space, log, first)?;
                            }
                        }
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
