//! A group that was left and erased. What was written there and about it is gone at once. The control log stays, hidden, until a
//! member has said that it knows of the leaving: else the others would count us in for ever, and go on sending.

use hedgerow_sync::group::Group;
use hedgerow_sync::id::{DeviceId, SpaceId};
use hedgerow_sync::membership::{Act, Level};
use hedgerow_sync::store::StorageError;

use super::{Groups, Open, people};
use crate::engine::links::Errand;
use crate::engine::live::Live;
use crate::engine::{Now, Owners, Turn};
use crate::tables::damaged;

/// For how long a leaving waits for somebody to hear of it, in milliseconds: as long as an invitation.
const PATIENCE_MS: i64 = 28 * 24 * 60 * 60 * 1_000;

impl Open {
    /// Whether the key of this name has left.
    fn has_left(&self, member: DeviceId) -> bool {
        let mut operations = self.group.membership().operations();
        operations
            .any(|one| one.author().device() == member && matches!(one.act(), Act::Leave { .. }))
    }
}

impl Groups {
    /// The groups that were erased and whose leaving nobody has heard of.
    fn parted(&self) -> impl Iterator<Item = (SpaceId, &Open, i64)> {
        let all = self.0.iter();
        all.filter_map(|(space, open)| Some((*space, open, open.erased_ms?)))
    }

    /// When the next of them has waited long enough, in monotonic milliseconds.
    pub fn next_wake_ms(&self, now: Now) -> Option<u64> {
        let first = self.parted().map(|(_, _, since_ms)| since_ms).min()?;
        let first = first.saturating_add(PATIENCE_MS);
        let left_ms = u64::try_from(first.saturating_sub(now.wall_ms)).unwrap_or(0);
        Some(now.mono_ms.saturating_add(left_ms))
    }
}

impl Owners {
    /// Erases a group that we are not in.
    pub(in crate::engine) fn erase_group(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
    ) -> Result<(), StorageError> {
        let us = self.conversations.us(space, self.account.device_id);
        let open = self.groups.get(space);
        let open = open.filter(|open| open.has_left(us) && !open.keys.is_empty());
        let Some(open) = open else {
            return self.forget_group(turn, space);
        };
        let keys = open.keys.clone();
        self.conversations.part(turn, space)?;
        for (contact, key) in &keys {
            people::bind(turn.txn, space, *key, *contact)?;
        }
        let group = Group::open(turn.txn, space, None)?.ok_or_else(damaged)?;
        let open = Open {
            group,
            key: None,
            keys,
            erased_ms: Some(turn.now.wall_ms),
            seen: Default::default(),
        };
        self.groups.0.insert(space, open);
        self.parted_changed(turn, space)
    }

    /// With whom an erased group is shared has changed: nobody is left to hear of it, or those who are get its operations.
    pub(super) fn parted_changed(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
    ) -> Result<(), StorageError> {
        let keys = self.groups.get(space).map(|open| &open.keys);
        let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
            return self.forget_group(turn, space);
        };
        let sharing = keys.keys().copied();
        self.conversations.set_group(space, sharing, Vec::new());
        turn.errands.push(Errand::TellGroup(space));
        Ok(())
    }

    /// Forgets the erased groups of which the other side of a session knows that we left.
    pub(in crate::engine) fn forget_heard(
        &mut self,
        turn: &mut Turn<'_>,
        live: &Live,
    ) -> Result<(), StorageError> {
        let heard = self.groups.parted().filter(|(_, open, _)| {
            let membership = open.group.membership();
            let key = open.keys.get(&live.identity);
            key.is_some_and(|key| membership.level(*key) >= Level::MEMBER)
                && live.sync.says_to_hold_all(&open.group)
        });
        let heard: Vec<SpaceId> = heard.map(|(space, ..)| space).collect();
        heard
            .into_iter()
            .try_for_each(|space| self.forget_group(turn, space))
    }

    /// Forgets the erased groups whose leaving has waited long enough.
    pub(in crate::engine) fn forget_unheard(
        &mut self,
        turn: &mut Turn<'_>,
    ) -> Result<(), StorageError> {
        let now_ms = turn.now.wall_ms;
        let due = self.groups.parted();
        let due = due.filter(|(_, _, since_ms)| since_ms.saturating_add(PATIENCE_MS) <= now_ms);
        let due: Vec<SpaceId> = due.map(|(space, ..)| space).collect();
        due.into_iter()
            .try_for_each(|space| self.forget_group(turn, space))
    }

    /// A group is gone from this device.
    fn forget_group(&mut self, turn: &mut Turn<'_>, space: SpaceId) -> Result<(), StorageError> {
        self.groups.0.remove(&space);
        turn.errands.push(Errand::TellGroup(space));
        self.conversations.remove(turn, space)
    }
}
