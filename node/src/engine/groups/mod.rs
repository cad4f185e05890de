//! Private groups (`docs/PROTOCOL.md` sections 4a to 4c): our keys in them, whom we share them with, and who is in.
//!
//! - `people`: whose key is whose, and what each is called;
//! - `lines`: what has changed in the group, told in the conversation;
//! - `changes`: what a change of somebody's level comes to;
//! - `invitations`: how people come in;
//! - `acts`: founding, appointing, removing, leaving;
//! - `continuing`: a group that continues another one without some of its people;
//! - `objecting`: what an admin does who was suspended;
//! - `parting`: a group that was left and erased;
//! - `holders`: which members have a message of ours;
//! - `telling`: what members who are contacts tell each other in sessions;
//! - `turns`: of several members, one brings entries first;
//! - `seen`: what an admin's device writes so that the acts of others settle;
//! - `shown`: a group as the API shows it;
//! - `assembled`: groups that simulations begin with.

mod acts;
#[cfg(feature = "simulation")]
mod assembled;
mod changes;
mod continuing;
mod holders;
mod invitations;
mod lines;
mod objecting;
mod parting;
mod people;
mod seen;
mod shown;
mod telling;
mod turns;

use std::collections::BTreeMap;

use hedgerow_sync::entry::{Body, What};
use hedgerow_sync::group::{Draft, Group};
use hedgerow_sync::id::{IdentityId, Incarnation, SpaceId};
use hedgerow_sync::membership::{Level, MemberKey};
use hedgerow_sync::space::{AppendError, Appended};
use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_transport::keys::SigningSecret;

#[cfg(feature = "simulation")]
pub use assembled::Assembled;
pub(crate) use invitations::invitation_of;
pub(crate) use lines::{Line, Noted, lines_between};
pub(crate) use people::{author_id, contact_of, contacts_in, is_name_of_member, is_verified};
pub(crate) use shown::{Names, level, member_id};
pub(crate) use turns::Turns;

use super::conversations::{Conversations, Kind};
use super::links::Errand;
use super::{Engine, Owners, Turn, rng, timers};
use crate::tables::{self, Table, damaged};

/// All groups, with our keys there.
#[derive(Default)]
pub(crate) struct Groups(BTreeMap<SpaceId, Open>);

/// A group.
pub(crate) struct Open {
    pub group: Group,
    /// Our key; `None` once we have left.
    key: Option<SigningSecret>,
    /// The key of each contact who has told us one.
    keys: BTreeMap<IdentityId, MemberKey>,
    /// When it was erased, by our clock in Unix milliseconds: it is kept until somebody has heard that we left.
    erased_ms: Option<i64>,
    seen: seen::Seen,
}

impl Open {
    /// Our level, by all that is held here.
    pub fn my_level(&self) -> Level {
        let me = self.group.me().filter(|_| self.key.is_some());
        me.map_or(Level::NONE, |me| self.group.membership().level(me))
    }

    /// Our level once we object to what suspends us.
    fn my_level_if_we_object(&self) -> Level {
        let me = self.group.me().filter(|_| self.key.is_some());
        let standing = me.and_then(|me| self.group.membership().standing(me));
        standing.map_or(Level::NONE, |it| it.level_if_it_objects)
    }

    /// Whether somebody who does not outrank us has lowered us, and we have not objected.
    pub(super) fn is_suspended(&self) -> bool {
        self.my_level() < self.my_level_if_we_object()
    }

    /// The contacts who have told us a key that is in the group.
    fn contacts_in(&self) -> Vec<IdentityId> {
        let is_in = |key: &MemberKey| self.group.membership().level(*key) >= Level::MEMBER;
        let keys = self.keys.iter().filter(|(_, key)| is_in(key));
        keys.map(|(identity, _)| *identity).collect()
    }
}

impl Groups {
    /// Opens all groups of a store, and tells the conversations who shares them.
    pub fn load(
        reader: &dyn Reader,
        conversations: &mut Conversations,
    ) -> Result<Groups, StorageError> {
        let mut groups = BTreeMap::new();
        for (space, known) in conversations.of_groups() {
            let key: Option<SigningSecret> = reader
                .get(&Table::GroupKeys.key(&[&space.0]))?
                .map(|bytes| {
                    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| damaged())?;
                    Ok::<_, StorageError>(SigningSecret::from_bytes(bytes))
                })
                .transpose()?;
            let me = key.as_ref().map(member_key);
            let group = Group::open(reader, space, me)?.ok_or_else(damaged)?;
            let people = people::all(reader, space)?.into_values();
            let keys = people.filter_map(|person| Some((person.contact?, person.key)));
            let keys = keys.collect();
            let mut open = Open {
                group,
                key,
                keys,
                erased_ms: (known.kind == Kind::Parted).then_some(known.active_ms),
                seen: Default::default(),
            };
            open.note_news(0);
            groups.insert(space, open);
        }
        for (space, open) in &groups {
            let members = open.contacts_in();
            conversations.set_group(*space, open.keys.keys().copied(), members);
        }
        Ok(Groups(groups))
    }

    pub fn get(&self, space: SpaceId) -> Option<&Open> {
        self.0.get(&space)
    }

    /// A group that we share with a contact.
    pub fn shared_with(&mut self, space: SpaceId, contact: IdentityId) -> Option<&mut Group> {
        let open = self.0.get_mut(&space)?;
        let is_shared = open.keys.contains_key(&contact);
        is_shared.then_some(&mut open.group)
    }

    /// Tells a reconciler with a contact whose key is whose in the groups that they share.
    pub fn admit(&self, sync: &mut hedgerow_sync::reconcile::Reconciler, contact: IdentityId) {
        for open in self.0.values() {
            if let Some(key) = open.keys.get(&contact) {
                sync.admit(&open.group, *key);
            }
        }
    }

    /// Appends an entry of ours to a group; `None`: we have no key there.
    pub fn append(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        incarnation: Incarnation,
        what: What,
        body: Body,
    ) -> Result<Option<Appended>, AppendError> {
        let Some(open) = self.0.get_mut(&space) else {
            return Ok(None);
        };
        let Some(key) = &open.key else {
            return Ok(None);
        };
        let draft = Draft {
            what,
            wall_ms: turn.now.wall_ms,
            body,
            salt: rng::bytes(turn.rng),
        };
        let appended = open
            .group
            .append(turn.txn, &key.key(), incarnation, draft)?;
        Ok(Some(appended))
    }
}

fn member_key(key: &SigningSecret) -> MemberKey {
    MemberKey(key.key().verifying_key().to_bytes())
}

impl Owners {
    /// Who is in a group has changed, or whose key is whose: notes it, tells it, and shares the group with whom it is to be shared.
    pub(super) fn group_changed(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
    ) -> Result<(), StorageError> {
        let open = self.groups.get(space);
        if open.is_some_and(|open| open.erased_ms.is_some()) {
            return self.parted_changed(turn, space);
        }
        let came_in = self.note_people(turn, space)?;
        self.note_timer(turn, space, came_in)?;
        let Some(open) = self.groups.0.get_mut(&space) else {
            return Ok(());
        };
        open.note_news(turn.now.mono_ms);
        let members = open.contacts_in();
        let sharing = open.keys.keys().copied();
        self.conversations.set_group(space, sharing, members);
        turn.pending.conversations.insert(space);
        turn.errands.push(Errand::TellGroup(space));
        if came_in {
            let name = self.account.told.name.clone();
            self.name_member(turn, space, None, &name)?;
        }
        self.fold_continued(turn, space)
    }

    /// Takes over the timer that the operations set. What an admin set while we are in becomes a line.
    fn note_timer(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        came_in: bool,
    ) -> Result<(), StorageError> {
        let Some(open) = self.groups.get(space) else {
            return Ok(());
        };
        let timer = open.group.membership().timer();
        let seconds = timer.map_or(0, |(_, seconds)| seconds);
        let by = timer.map(|(operation, _)| operation.author().device());
        if timers::keep_of_group(turn.txn, space, seconds)?
            && open.my_level() >= Level::MEMBER
            && !came_in
        {
            let line = Line {
                what: Noted::Timer { seconds },
                by,
                at_ms: turn.now.wall_ms,
            };
            lines::note(turn, space, line)?;
        }
        Ok(())
    }

    /// A contact is gone: its key in groups is nobody's whom we know.
    pub(super) fn forget_person(
        &mut self,
        turn: &mut Turn<'_>,
        contact: IdentityId,
    ) -> Result<(), StorageError> {
        let groups = self.groups.0.iter_mut();
        let shared = groups.filter_map(|(space, open)| Some((*space, open.keys.remove(&contact)?)));
        for (space, key) in shared.collect::<Vec<_>>() {
            people::unbind(turn.txn, space, key)?;
            self.group_changed(turn, space)?;
        }
        Ok(())
    }
}

impl Engine {
    /// Tells every session what a group is now: shares it with whom it is shared, and with nobody else.
    pub(super) fn tell_group(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
    ) -> Result<(), StorageError> {
        let known = self.owners.conversations.get(space);
        let open = self.owners.groups.get(space);
        for live in self.links.lives_mut().filter(|live| !live.rescue) {
            let shared = known.zip(open);
            let key = shared.and_then(|(_, open)| open.keys.get(&live.identity));
            let (Some((known, open)), Some(key)) = (shared, key) else {
                live.sync.unshare(space);
                self.owners.tell_member_key(live, space);
                continue;
            };
            live.sync.share(turn.txn, &known.shared(space))?;
            live.sync.admit(&open.group, *key);
            live.sync.control_grew(&open.group);
        }
        self.transfers_open_or_close(turn, space);
        Ok(())
    }
}

/// Forgets what is kept of a group.
pub(crate) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    txn.remove(&Table::GroupKeys.key(&[&space.0]))?;
    continuing::forget(txn, space)?;
    tables::remove_all(txn, &Table::GroupPeople.key(&[&space.0]))?;
    tables::remove_all(txn, &Table::GroupLines.key(&[&space.0]))?;
    tables::remove_all(txn, &Table::UsedGroupInvitations.key(&[&space.0]))
}

#[cfg(test)]
mod tests;
