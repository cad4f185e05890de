//! Founding a group, appointing, removing, leaving.

use hedgerow_sync::control::WriteError;
use hedgerow_sync::group::Group;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::membership::{Act, Continued, Founding, Held, Level, MemberKey, Operation};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::keys::{SigningSecret, SpaceSecret};

use super::{Open, member_key, people, shown};
use crate::api::{ConversationId, MemberId, MemberLevel, Private, Refusal, Reply, typed};
use crate::engine::conversations::{self, Conversation, Kind};
use crate::engine::fault::CallError;
use crate::engine::{Owners, Turn, rng, timers};
use crate::tables::Table;

impl Owners {
    /// Makes a group, with us as its only member and admin.
    pub(in crate::engine) fn new_group(
        &mut self,
        turn: &mut Turn<'_>,
        name: &Private,
    ) -> Result<Reply, CallError> {
        let name = typed::own_name(&name.0)?;
        let space = self.found(turn, name, None)?;
        self.group_changed(turn, space)?;
        self.show_conversation(turn, &conversations::api_id(space))
    }

    /// Founds a group of ours. Gives its space.
    pub(super) fn found(
        &mut self,
        turn: &mut Turn<'_>,
        name: String,
        continues: Option<Continued>,
    ) -> Result<SpaceId, CallError> {
        let key = SigningSecret::from_bytes(rng::bytes(turn.rng));
        let me = member_key(&key);
        let act = Act::Create(Founding::Line {
            people: vec![(me, Level::ADMIN)],
            continues,
        });
        let founding = Operation::new(me, Vec::new(), act).and_then(|it| it.sign(&key.key()));
        let founding = founding.map_err(|_| Refusal::Bug)?;
        let secret = SpaceSecret::from_bytes(rng::bytes(turn.rng));
        let space = conversations::space_of(&secret);
        let group = Group::found(turn.txn, space, &founding, Some(me));
        let group = group.map_err(|_| Refusal::Bug)?;
        self.keep_group(turn, secret, group, &key, name)?;
        Ok(space)
    }

    /// Keeps a group that was just made here, and our key in it.
    pub(super) fn keep_group(
        &mut self,
        turn: &mut Turn<'_>,
        secret: SpaceSecret,
        group: Group,
        key: &SigningSecret,
        name: String,
    ) -> Result<(), StorageError> {
        let me = member_key(key).device();
        let mut known = Conversation::new(Kind::Group { me }, secret, turn.now.wall_ms);
        known.name = Some(name);
        let space = self.conversations.keep(turn, known)?;
        turn.txn
            .put(&Table::GroupKeys.key(&[&space.0]), key.as_bytes())?;
        let open = Open {
            group,
            key: Some(SigningSecret::from_bytes(*key.as_bytes())),
            keys: Default::default(),
            erased_ms: None,
            seen: Default::default(),
        };
        self.groups.0.insert(space, open);
        Ok(())
    }

    /// The group that an API id names.
    pub(in crate::engine) fn group_named(
        &self,
        id: &ConversationId,
    ) -> Result<(SpaceId, &Open), Refusal> {
        let (space, _) = self.conversations.named(id)?;
        let open = self.groups.get(space).ok_or(Refusal::NotAGroup)?;
        Ok((space, open))
    }

    /// Gives a member another level; none removes it.
    pub(in crate::engine) fn set_level(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        member: &MemberId,
        level: MemberLevel,
    ) -> Result<Reply, CallError> {
        let (space, open) = self.group_named(id)?;
        let device = shown::parse_member_id(member).ok_or(Refusal::NoSuchMember)?;
        let person = people::load(turn.txn, space, device)?;
        let key = person.ok_or(Refusal::NoSuchMember)?.key;
        let level = match level {
            MemberLevel::None => Level::NONE,
            MemberLevel::Member => Level::MEMBER,
            MemberLevel::Admin => Level::ADMIN,
        };
        let now = open.group.membership().standing(key);
        let now = now.ok_or(Refusal::NoSuchMember)?.level_if_it_objects;
        if open.my_level() < Level::ADMIN {
            return Err(Refusal::NotAnAdmin.into());
        }
        if now == Level::NONE && level > Level::NONE {
            // Who is out comes back by an invitation, as it must want to.
            return Err(Refusal::NoSuchMember.into());
        }
        if Some(key) == open.group.me() && level == Level::NONE {
            return self.leave_group(turn, id);
        }
        if now != level && !self.set_level_of(turn, space, key, level)? {
            return Err(Refusal::NoEffect.into());
        }
        self.group_changed(turn, space)?;
        self.list_members(turn, id)
    }

    /// Writes the operation that gives a key a level. False if it would have no effect.
    pub(super) fn set_level_of(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        who: MemberKey,
        level: Level,
    ) -> Result<bool, StorageError> {
        let Some(open) = self.groups.get(space) else {
            return Ok(false);
        };
        let held = match level < Level::MEMBER {
            true => open.group.held_of(turn.txn, who)?,
            false => Held::new(),
        };
        self.act(turn, space, Act::Set { who, level, held })
    }

    /// Sets the timer of a group, as an admin.
    pub(in crate::engine) fn set_group_timer(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        seconds: u64,
    ) -> Result<Reply, CallError> {
        let open = self.groups.get(space).ok_or(Refusal::NotAGroup)?;
        if open.my_level() < Level::ADMIN {
            return Err(Refusal::NotAnAdmin.into());
        }
        if timers::of(turn.txn, space)? != seconds {
            if !self.act(turn, space, Act::Timer { seconds })? {
                return Err(Refusal::NoEffect.into());
            }
            self.group_changed(turn, space)?;
        }
        Ok(Reply::Done)
    }

    /// Writes an operation of ours. False if it would have no effect, or if we are suspended: any operation would object, and only the
    /// user does that.
    pub(super) fn act(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        act: Act,
    ) -> Result<bool, StorageError> {
        let open = self.groups.get(space);
        if open.is_none_or(|open| open.is_suspended()) && !matches!(act, Act::Leave { .. }) {
            return Ok(false);
        }
        self.sign(turn, space, act)
    }

    pub(super) fn sign(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        act: Act,
    ) -> Result<bool, StorageError> {
        let Some(open) = self.groups.0.get_mut(&space) else {
            return Ok(false);
        };
        let Some(key) = &open.key else {
            return Ok(false);
        };
        match open.group.write(turn.txn, &key.key(), act) {
            Ok((_, shown)) => {
                self.reshown(turn, space, &shown)?;
                Ok(true)
            }
            Err(WriteError::Storage(error)) => Err(error),
            Err(refused) => {
                tracing::debug!(%refused, "an operation of a group is not written");
                Ok(false)
            }
        }
    }

    /// Leaves a group: at once, whether or not anybody is near. What was written there stays until the user erases it.
    pub(in crate::engine) fn leave_group(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
    ) -> Result<Reply, CallError> {
        let (space, open) = self.group_named(id)?;
        let Some(me) = open.group.me().filter(|_| open.key.is_some()) else {
            return Err(Refusal::NotAMember.into());
        };
        let held = open.group.held_of(turn.txn, me)?;
        // Who is suspended says so, too: else the others would wait for an objection for ever.
        if open.my_level_if_we_object() >= Level::MEMBER
            && !self.act(turn, space, Act::Leave { held })?
        {
            return Err(Refusal::Bug.into());
        }
        // Nobody signs for us any more, whoever gets hold of this device.
        turn.txn.remove(&Table::GroupKeys.key(&[&space.0]))?;
        turn.erased()?;
        if let Some(open) = self.groups.0.get_mut(&space) {
            open.key = None;
        }
        self.group_changed(turn, space)?;
        Ok(Reply::Done)
    }
}
