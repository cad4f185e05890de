//! Which devices an identity speaks for: the kind of each space decides.

use hedgerow_sync::id::{DeviceId, IdentityId, SpaceId};
use hedgerow_sync::ingest::{Authorities, Authority, Devices};
use hedgerow_sync::mark::MarkKey;

use super::Conversations;
use crate::engine::account::Account;
use crate::engine::groups::Groups;
use crate::engine::people::contact::Contact;

/// The devices that an identity speaks for over a session or in a bundle.
pub(crate) struct Speaker<'a> {
    conversations: &'a Conversations,
    identity: IdentityId,
    /// The devices of that identity.
    theirs: Vec<DeviceId>,
    ours: [DeviceId; 1],
    mark_key: &'a MarkKey,
    groups: &'a mut Groups,
}

impl<'a> Speaker<'a> {
    pub fn new(
        conversations: &'a Conversations,
        account: &'a Account,
        groups: &'a mut Groups,
        identity: IdentityId,
        contact: &Contact,
    ) -> Speaker<'a> {
        Speaker {
            conversations,
            identity,
            theirs: contact.device_ids(),
            ours: [account.device_id],
            mark_key: &account.mark_key,
            groups,
        }
    }
}

impl Authorities for Speaker<'_> {
    fn of(&mut self, space: SpaceId) -> Authority<'_> {
        // Whoever brings entries of a group, their signatures prove them.
        if let Some(group) = self.groups.shared_with(space, self.identity) {
            return Authority::Group(group);
        }
        let conversation = self.conversations.get(space);
        let may_write = conversation.is_some_and(|one| one.kind.may_write(self.identity));
        Authority::Devices(Devices {
            theirs: if may_write { &self.theirs } else { &[] },
            mine: &self.ours,
            mark_key: self.mark_key,
        })
    }
}
