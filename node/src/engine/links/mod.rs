//! Links: what arrives on them and what leaves, and the session that each may become.

use std::collections::{BTreeMap, VecDeque};

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::LinkId;

use super::link::Link;
use super::status::TrafficCount;

/// All links.
#[derive(Default)]
pub(super) struct Links {
    pub by_id: BTreeMap<LinkId, Link>,
    /// The link of the session with each device that has one.
    pub sessions: BTreeMap<DeviceId, LinkId>,
    /// Links on which more has arrived than is taken in; each in its turn.
    pub behind: VecDeque<LinkId>,
    /// Links whose first flight waits to be looked at.
    pub strangers: VecDeque<LinkId>,
    pub traffic: TrafficCount,
}

impl Links {
    /// The link of the session with a device.
    pub fn session_with(&self, id: DeviceId) -> Option<&Link> {
        self.by_id.get(self.sessions.get(&id)?)
    }
}
