//! A group as the API shows it: who is in, what each is called, and how we stand in it.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::{DeviceId, SpaceId};
use hedgerow_sync::membership::Level;
use hedgerow_sync::store::{Reader, StorageError};

use super::lines::{Line, Noted};
use super::people::{self, Person};
use super::{Open, invitations};
use crate::api::confusable::looks;
use crate::api::{
    ConversationId, GroupChange, GroupStanding, GroupState, Member, MemberId, MemberLevel,
    MemberName, NamedBy, Private, Reply, WhatChanged,
};
use crate::engine::conversations::{self, Conversation};
use crate::engine::fault::CallError;
use crate::engine::people::contact::{self, Contact};
use crate::engine::{Owners, Turn};
use crate::tables::{self, Table};

/// The characters of a member's id that tell apart two of one name.
const MARK: usize = 4;

/// What the people of a group are called: no two alike.
pub(crate) struct Names {
    me: DeviceId,
    names: BTreeMap<DeviceId, MemberName>,
}

impl Names {
    /// Reads the names of a group in which our key has this name.
    pub fn read(reader: &dyn Reader, space: SpaceId, me: DeviceId) -> Result<Names, StorageError> {
        let mut names = BTreeMap::new();
        for (member, person) in people::all(reader, space)? {
            names.insert(member, name(reader, member, me, &person)?);
        }
        let mut seen: BTreeMap<String, BTreeSet<DeviceId>> = BTreeMap::new();
        for (member, name) in &names {
            for look in looks(&name.name.0) {
                seen.entry(look).or_default().insert(*member);
            }
        }
        // A contact keeps the name that the user knows it by, unless another contact looks the same.
        let is_known = |member: &DeviceId| {
            let named_by = names.get(member).map(|name| name.named_by);
            named_by == Some(NamedBy::Contact)
        };
        let shared = seen.into_values().filter(|alike| alike.len() > 1);
        let shared: BTreeSet<DeviceId> = shared
            .flat_map(|mut alike| {
                if alike.iter().filter(|one| is_known(one)).count() == 1 {
                    alike.retain(|one| !is_known(one));
                }
                alike
            })
            .collect();
        for member in shared {
            if let Some(name) = names.get_mut(&member)
                && !name.is_me
            {
                let mark = &name.id.0[..MARK];
                name.name.0 = format!("{} ({mark})", name.name.0);
            }
        }
        Ok(Names { me, names })
    }

    /// What a member is called.
    pub fn of(&self, member: DeviceId) -> MemberName {
        let known = self.names.get(&member).cloned();
        known.unwrap_or_else(|| nameless(member, self.me))
    }

    /// A change as it is shown; `None`: it leads to a group that is not here any more.
    pub fn change(
        &self,
        reader: &dyn Reader,
        line: Line,
    ) -> Result<Option<GroupChange>, StorageError> {
        let named = |space| -> Result<Option<_>, StorageError> {
            let known = Conversation::load(reader, space)?;
            let known = known.filter(|known| known.kind.is_group());
            Ok(known.map(|known| {
                let name = Private(known.name.unwrap_or_default());
                (conversations::api_id(space), name)
            }))
        };
        Ok(Some(GroupChange {
            at_ms: line.at_ms,
            by: line.by.map(|by| self.of(by)),
            what: match line.what {
                Noted::Level { who, before, now } => WhatChanged::Level {
                    who: self.of(who),
                    before: level(before),
                    now: level(now),
                },
                Noted::Timer { seconds } => WhatChanged::Timer { seconds },
                Noted::Suspended { who, .. } => WhatChanged::Suspended { who: self.of(who) },
                Noted::Objected { who } => WhatChanged::Objected { who: self.of(who) },
                Noted::Restored { who } => WhatChanged::Restored { who: self.of(who) },
                Noted::Continues { space } => match named(space)? {
                    Some((group, name)) => WhatChanged::Continues { group, name },
                    None => return Ok(None),
                },
                Noted::GoesOn { space } => match named(space)? {
                    Some((group, name)) => WhatChanged::GoesOn { group, name },
                    None => return Ok(None),
                },
            },
        }))
    }
}

fn nameless(member: DeviceId, me: DeviceId) -> MemberName {
    let id = member_id(member);
    MemberName {
        name: Private(id.0[..2 * MARK].to_owned()),
        contact: None,
        named_by: NamedBy::Nobody,
        is_me: member == me,
        id,
    }
}

fn name(
    reader: &dyn Reader,
    member: DeviceId,
    me: DeviceId,
    person: &Person,
) -> Result<MemberName, StorageError> {
    let mut shown = nameless(member, me);
    if let Some(name) = &person.name {
        shown.name = Private(name.clone());
        shown.named_by = match person.is_named_by_other {
            true => NamedBy::WhoBroughtIn,
            false => NamedBy::Themselves,
        };
    }
    if let Some(identity) = person.contact {
        let key = Table::Contacts.key(&[&identity.0]);
        if let Some(contact) = tables::load::<Contact>(reader, &key)? {
            shown.name = Private(contact.name().to_owned());
            shown.named_by = NamedBy::Contact;
            shown.contact = Some(contact::api_id(identity));
        }
    }
    Ok(shown)
}

/// The id of a member in the API: the name of its logs, in hex.
pub(crate) fn member_id(member: DeviceId) -> MemberId {
    MemberId(data_encoding::HEXLOWER.encode(&member.0))
}

/// The member that an id of the API names.
pub(super) fn parse_member_id(member: &MemberId) -> Option<DeviceId> {
    let device = data_encoding::HEXLOWER.decode(member.0.as_bytes()).ok()?;
    Some(DeviceId(device.try_into().ok()?))
}

pub(crate) fn level(code: u8) -> MemberLevel {
    match Level::from_code(code) {
        Some(level) if level >= Level::ADMIN => MemberLevel::Admin,
        Some(level) if level >= Level::MEMBER => MemberLevel::Member,
        _ => MemberLevel::None,
    }
}

impl Owners {
    /// Everybody who is in a group, or suspended from it: admins first, then by name.
    pub(in crate::engine) fn list_members(
        &self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
    ) -> Result<Reply, CallError> {
        let (space, open) = self.group_named(id)?;
        let (_, known) = self.conversations.named(id)?;
        let names = Names::read(turn.txn, space, known.kind.us(self.account.device_id))?;
        let people = people::all(turn.txn, space)?;
        let suspended_by = |key| {
            let standing = open.group.membership().standing(key);
            let by = standing.map(|it| it.suspended_by()).unwrap_or_default();
            by.into_iter().map(|by| names.of(by.device())).collect()
        };
        let bringers = people::bringers(open.group.membership());
        let added_by = |key| bringers.get(&key).filter(|by| **by != key);
        let mut members: Vec<Member> = people
            .into_iter()
            .filter(|(_, person)| person.level_if_it_objects >= Level::MEMBER.code())
            .map(|(member, person)| Member {
                who: names.of(member),
                level: level(person.level),
                suspended: person.is_suspended(),
                suspended_by: suspended_by(person.key),
                added_by: added_by(person.key).map(|by| names.of(by.device())),
                frozen: person.is_forked,
            })
            .collect();
        members.sort_by(|one, other| {
            let order = |it: &Member| (it.level != MemberLevel::Admin, it.who.name.0.clone());
            order(one).cmp(&order(other))
        });
        Ok(Reply::Members(members))
    }

    /// How a group stands.
    pub(in crate::engine) fn group_state(
        &self,
        reader: &dyn Reader,
        space: SpaceId,
    ) -> Result<Option<GroupState>, StorageError> {
        let Some(open) = self.groups.get(space) else {
            return Ok(None);
        };
        let people = people::all(reader, space)?;
        let in_it = people.values().filter(|person| person.is_in());
        Ok(Some(GroupState {
            people: in_it.count() as u32,
            standing: open.standing(reader)?,
        }))
    }
}

impl Open {
    /// How we stand in it.
    pub(in crate::engine) fn standing(
        &self,
        reader: &dyn Reader,
    ) -> Result<GroupStanding, StorageError> {
        let membership = self.group.membership();
        let (Some(me), Some(_)) = (self.group.me(), &self.key) else {
            return Ok(GroupStanding::Left);
        };
        Ok(match membership.standing(me) {
            _ if !membership.is_judged() => GroupStanding::NewerRules,
            Some(it) if it.level >= Level::ADMIN => GroupStanding::Admin,
            Some(it) if it.level >= Level::MEMBER => GroupStanding::Member,
            Some(it) if it.is_suspended() => GroupStanding::Suspended,
            Some(_) => GroupStanding::Removed,
            // Whoever brought us in was removed before others heard of it.
            None if membership.was_named(me) => GroupStanding::Removed,
            None if invitations::are_withdrawn(reader, self.group.space())? => {
                GroupStanding::Withdrawn
            }
            None => GroupStanding::Joining,
        })
    }
}
