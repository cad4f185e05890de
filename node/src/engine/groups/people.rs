//! Whose key is whose in a group, and what each person is called.
//!
//! A contact tells its own key, and proves it. Of others a device knows what they call themselves in the group, and until then the
//! word of whoever brought them in: a name, and nothing else.

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_sync::conversation as sync;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{DeviceId, EntryId, IdentityId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::membership::{Act, Founding, Level, MemberKey, Membership, Verdict};
use hedgerow_sync::store::{Reader, StorageError, Txn};
use minicbor::{Decode, Encode};

use super::changes;
use super::lines::{self, Line, Noted};
use crate::api::{ContactId, MAX_NAME};
use crate::engine::conversations::Author;
use crate::engine::people::contact;
use crate::engine::{Owners, Turn};
use crate::tables::{self, Table, damaged};

/// An annotation that says what a member is called. Its target is no entry, but names the member.
pub(crate) const NAME: AnnotationKind = AnnotationKind(7);

/// A person of a group: a key that was ever appointed, or that a contact has told us.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Person {
    #[cbor(n(0), with = "crate::engine::codec::fixed")]
    pub key: MemberKey,
    /// The contact who has proven to hold the key.
    #[cbor(n(1), with = "crate::engine::codec::fixed_option", has_nil)]
    pub contact: Option<IdentityId>,
    /// What it is called in the group.
    #[n(2)]
    pub name: Option<String>,
    /// That name is the word of whoever brought it in.
    #[n(3)]
    pub is_named_by_other: bool,
    /// Its level, as a number on the wire.
    #[n(4)]
    pub level: u8,
    /// Its level if it objects to what suspends it.
    #[n(5)]
    pub level_if_it_objects: u8,
    /// One of its logs is forked.
    #[n(6)]
    pub is_forked: bool,
    /// It was in once, as this device knew it.
    #[cbor(n(7), default)]
    pub was_in: bool,
}

impl Person {
    pub(super) fn new(key: MemberKey) -> Person {
        Person {
            key,
            contact: None,
            name: None,
            is_named_by_other: false,
            level: 0,
            level_if_it_objects: 0,
            is_forked: false,
            was_in: false,
        }
    }

    /// Whether somebody who does not outrank it has lowered it, and it has not objected.
    pub fn is_suspended(&self) -> bool {
        self.level < self.level_if_it_objects
    }

    /// Whether it is in the group.
    pub fn is_in(&self) -> bool {
        self.level >= Level::MEMBER.code()
    }

    /// Whether it is in the group, or was once.
    pub fn has_been_in(&self) -> bool {
        self.was_in || self.is_in() || self.is_suspended()
    }
}

/// All people of a group, by the names of their logs.
pub(crate) fn all(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
) -> Result<BTreeMap<DeviceId, Person>, StorageError> {
    let mut people = BTreeMap::new();
    let mut is_sound = true;
    let prefix = Table::GroupPeople.key(&[&space.0]);
    tables::visit(reader, &prefix, &mut |device, row| match (
        device.try_into(),
        minicbor::decode(row),
    ) {
        (Ok(device), Ok(person)) => _ = people.insert(DeviceId(device), person),
        _ => is_sound = false,
    })?;
    is_sound.then_some(people).ok_or_else(damaged)
}

/// The contacts who are in a group, each with the name of its logs there.
pub(crate) fn contacts_in(
    reader: &dyn Reader,
    space: SpaceId,
) -> Result<Vec<(IdentityId, DeviceId)>, StorageError> {
    let people = all(reader, space)?.into_iter();
    let is_in = people.filter(|(_, person)| person.is_in());
    let contacts = is_in.filter_map(|(member, person)| Some((person.contact?, member)));
    Ok(contacts.collect())
}

/// The contact whose logs these are in a group, if it is one.
pub(crate) fn contact_of(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    member: DeviceId,
) -> Result<Option<IdentityId>, StorageError> {
    Ok(load(reader, space, member)?.and_then(|person| person.contact))
}

/// Whether a member is a contact who is verified.
pub(crate) fn is_verified(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    member: DeviceId,
) -> Result<bool, StorageError> {
    match contact_of(reader, space, member)? {
        Some(contact) => contact::is_verified(reader, contact),
        None => Ok(false),
    }
}

pub(super) fn load(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    member: DeviceId,
) -> Result<Option<Person>, StorageError> {
    tables::load(reader, &row(space, member))
}

pub(super) fn save(txn: &mut dyn Txn, space: SpaceId, person: &Person) -> Result<(), StorageError> {
    tables::save(txn, &row(space, person.key.device()), person)
}

/// A contact has proven to hold a key.
pub(super) fn bind(
    txn: &mut dyn Txn,
    space: SpaceId,
    key: MemberKey,
    contact: IdentityId,
) -> Result<(), StorageError> {
    let person = load(txn, space, key.device())?;
    let mut person = person.unwrap_or_else(|| Person::new(key));
    person.contact = Some(contact);
    save(txn, space, &person)
}

pub(super) fn unbind(
    txn: &mut dyn Txn,
    space: SpaceId,
    key: MemberKey,
) -> Result<(), StorageError> {
    match load(txn, space, key.device())? {
        Some(mut person) => {
            person.contact = None;
            save(txn, space, &person)
        }
        None => Ok(()),
    }
}

fn row(space: SpaceId, member: DeviceId) -> Vec<u8> {
    Table::GroupPeople.key(&[&space.0, &member.0])
}

/// The id of an author in the API: that of the contact, if it is one.
pub(crate) fn author_id(
    reader: &(impl Reader + ?Sized),
    space: SpaceId,
    author: Author,
) -> Result<ContactId, StorageError> {
    Ok(match author {
        Author::Person(identity) => contact::api_id(identity),
        Author::Member(member) => {
            let contact = load(reader, space, member)?.and_then(|person| person.contact);
            contact.map_or_else(|| member_contact_id(member), contact::api_id)
        }
    })
}

/// What stands for a member who is no contact where the API names a person.
pub(super) fn member_contact_id(member: DeviceId) -> ContactId {
    ContactId(data_encoding::HEXLOWER.encode(&member.0))
}

/// The target of an annotation that names a member: no opening of a store has the number 0.
fn target(member: DeviceId) -> EntryId {
    EntryId {
        log: LogId {
            device: member,
            incarnation: Incarnation(0),
        },
        seq: Seq(1),
    }
}

/// Whether a target of annotations names a member.
pub(crate) fn is_name_of_member(id: EntryId) -> bool {
    id.log.incarnation == Incarnation(0)
}

/// What the group says that a member is called, and whether others say so. Its own word counts first, then that of whoever brought it
/// in.
fn name_of(
    reader: &dyn Reader,
    space: SpaceId,
    member: DeviceId,
    bringer: Option<MemberKey>,
) -> Result<(Option<String>, bool), StorageError> {
    let said = sync::annotations(reader, space, NAME, [target(member)])?;
    let said: Vec<_> = said.into_values().flatten().collect();
    let by = |author: DeviceId| {
        let one = said.iter().find(|one| one.author() == author)?;
        let Body::Bytes(body) = &one.body else {
            return None;
        };
        let name = str::from_utf8(body).ok()?.trim();
        ((1..=MAX_NAME).contains(&name.len())).then(|| name.to_owned())
    };
    if let Some(name) = by(member) {
        return Ok((Some(name), false));
    }
    let name = bringer.and_then(|bringer| by(bringer.device()));
    Ok((name, true))
}

/// Who brought in each key: the author of the last appointment that stands.
pub(super) fn bringers(membership: &Membership) -> BTreeMap<MemberKey, MemberKey> {
    let mut bringers = BTreeMap::new();
    for operation in membership.operations() {
        match operation.act() {
            Act::Create(Founding::Line { people, .. }) => {
                bringers.extend(people.iter().map(|(key, _)| (*key, operation.author())));
            }
            Act::Set { who, level, .. }
                if *level >= Level::MEMBER
                    && membership.verdict(operation.id()) == Some(Verdict::Stands) =>
            {
                bringers.insert(*who, operation.author());
            }
            _ => {}
        }
    }
    bringers
}

impl Owners {
    /// Notes the level and the name of each person of a group. What changes while we are in becomes a line. Returns whether we have
    /// come in.
    pub(in crate::engine) fn note_people(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
    ) -> Result<bool, StorageError> {
        let Some(open) = self.groups.get(space) else {
            return Ok(false);
        };
        let membership = open.group.membership();
        let bringers = bringers(membership);
        let mut before = all(turn.txn, space)?;
        let me = open.group.me().map(|me| me.device());
        let was_in = me.and_then(|me| before.get(&me));
        let was_in = was_in.is_some_and(|me| me.is_in() || me.is_suspended());
        let put_out_by = |key| membership.put_out_by(key).map(|by| by.device());
        let mut came_in = false;
        for standing in membership.standings() {
            let member = standing.key.device();
            let known = before.remove(&member);
            let mut person = known.clone().unwrap_or_else(|| Person::new(standing.key));
            let bringer = bringers.get(&standing.key).copied();
            person.was_in = person.has_been_in();
            (person.level, person.level_if_it_objects) =
                (standing.level.code(), standing.level_if_it_objects.code());
            (person.name, person.is_named_by_other) = name_of(turn.txn, space, member, bringer)?;
            let change = changes::change(membership, known.as_ref(), &person, &standing, bringer);
            if let Some((what, by)) = change
                && (was_in || Some(member) == me)
            {
                let line = Line {
                    what,
                    by: by.map(|by| by.device()),
                    at_ms: turn.now.wall_ms,
                };
                lines::note(turn, space, line)?;
            }
            came_in |= Some(member) == me && !was_in && person.is_in();
            if known.as_ref() != Some(&person) {
                save(turn.txn, space, &person)?;
            }
        }
        // Whoever brought these in was removed before others heard of it: nothing that counts names them.
        let gone = before.into_iter();
        for (member, mut person) in gone.filter(|(_, person)| person.level_if_it_objects > 0) {
            if person.is_in() && (was_in || Some(member) == me) {
                let line = Line {
                    what: Noted::Level {
                        who: member,
                        before: person.level,
                        now: Level::NONE.code(),
                    },
                    by: put_out_by(person.key),
                    at_ms: turn.now.wall_ms,
                };
                lines::note(turn, space, line)?;
            }
            person.was_in = true;
            person.level = Level::NONE.code();
            person.level_if_it_objects = Level::NONE.code();
            save(turn.txn, space, &person)?;
        }
        Ok(came_in)
    }

    /// A log of a member is forked.
    pub(in crate::engine) fn member_forked(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        log: LogId,
    ) -> Result<(), StorageError> {
        if let Some(mut person) = load(turn.txn, space, log.device)? {
            person.is_forked = true;
            save(turn.txn, space, &person)?;
        }
        turn.pending.conversations.insert(space);
        Ok(())
    }

    /// Says in a group what a member is called; `None`: ourselves.
    pub(in crate::engine) fn name_member(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        member: Option<MemberKey>,
        name: &str,
    ) -> Result<(), StorageError> {
        let me = self.groups.get(space).and_then(|open| open.group.me());
        let Some(member) = member.or(me) else {
            return Ok(());
        };
        let what = What::Annotation {
            kind: NAME,
            target: target(member.device()),
        };
        let body = Body::Bytes(Bytes::copy_from_slice(name.as_bytes()));
        self.write(turn, space, what, body)?;
        Ok(())
    }
}
