//! A group that continues another one without some of its people (`docs/PROTOCOL.md` section 4c): for a first key that was seized, or a
//! quarrel that was lost. It is a group of its own, which each comes into by an invitation. Nothing of the old one is changed or
//! copied; where somebody has come into the new one, the old one is folded away.

use hedgerow_sync::control::ControlLog;
use hedgerow_sync::id::{DeviceId, IdentityId, SpaceId};
use hedgerow_sync::membership::{Act, Continued, Founding, Level, Operation};
use hedgerow_sync::store::{Reader, StorageError, Txn};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::lines::{self, Line, Noted};
use super::people::{self, Person};
use super::shown::{self, Names};
use crate::api::{
    ContinuedGroup, ConversationId, MemberId, MemberName, Private, Refusal, Reply, Restarted,
};
use crate::engine::conversations::{self, Conversation, Kind};
use crate::engine::fault::CallError;
use crate::engine::{Owners, Turn, timers};
use crate::tables::{self, Table};

/// The group here that another one continues. It is noted only where this device knows that to be true.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Continuation {
    #[cbor(n(0), with = "crate::engine::codec::fixed")]
    pub of: SpaceId,
    /// Who of it is left out, as whoever invited us says.
    #[n(1)]
    pub without: Vec<Member>,
    /// The old one was folded away: not again, if the user takes it back.
    #[n(2)]
    is_folded: bool,
}

/// The name of a key in the old group, on the wire and at rest.
pub(crate) type Member = ByteArray<16>;

impl Continuation {
    fn new(of: SpaceId, without: Vec<Member>) -> Continuation {
        Continuation {
            of,
            without,
            is_folded: false,
        }
    }

    pub fn load(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
    ) -> Result<Option<Continuation>, StorageError> {
        tables::load(reader, &row(space))
    }

    fn save(&self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        tables::save(txn, &row(space), self)
    }
}

fn row(space: SpaceId) -> Vec<u8> {
    Table::Continuations.key(&[&space.0])
}

/// Forgets what a group continues.
pub(super) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    txn.remove(&row(space))
}

/// The group here that a founding continues, if we know that to be true: we were in the old one, and so was whoever invites. Without
/// `inviter`, we do. What a founding says proves nothing: anybody who was shown the old group's first operation can name it.
pub(super) fn continued_here(
    reader: &dyn Reader,
    founding: &Operation,
    inviter: Option<IdentityId>,
) -> Result<Option<SpaceId>, StorageError> {
    let Act::Create(Founding::Line {
        continues: Some(continued),
        ..
    }) = founding.act()
    else {
        return Ok(None);
    };
    for (space, known) in Conversation::all(reader)? {
        let Kind::Group { me } = known.kind else {
            continue;
        };
        let root = ControlLog::operation(reader, space, continued.root)?;
        let root = root.and_then(|root| Operation::decode(&root).ok());
        if !root.is_some_and(|root| matches!(root.act(), Act::Create(_))) {
            continue;
        }
        let people = people::all(reader, space)?;
        let was_in = |one: &Person| one.has_been_in();
        let is_inviter = |one: &&Person| one.contact == inviter;
        let knows = people.get(&me).is_some_and(was_in);
        if knows && inviter.is_none_or(|_| people.values().filter(is_inviter).any(was_in)) {
            return Ok(Some(space));
        }
    }
    Ok(None)
}

/// The old group of an invitation as it is shown.
pub(super) fn continued(
    reader: &dyn Reader,
    founding: &Operation,
    inviter: Option<IdentityId>,
    without: &[Member],
) -> Result<Option<ContinuedGroup>, StorageError> {
    let Some(of) = continued_here(reader, founding, inviter)? else {
        return Ok(None);
    };
    let Some(known) = Conversation::load(reader, of)? else {
        return Ok(None);
    };
    let Kind::Group { me } = known.kind else {
        return Ok(None);
    };
    let people = people::all(reader, of)?;
    let names = Names::read(reader, of, me)?;
    let without = without.iter().map(|member| DeviceId(**member));
    let without = without.filter(|member| *member != me && people.contains_key(member));
    Ok(Some(ContinuedGroup {
        group: conversations::api_id(of),
        name: Private(known.name.unwrap_or_default()),
        without: without.map(|member| names.of(member)).collect(),
    }))
}

impl Owners {
    /// Makes a group that continues another one without some of its people, and invites our contacts among the others. Whoever was in
    /// can do that, also suspended or removed: that is what it is for.
    pub(in crate::engine) fn restart_group(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        without: &[MemberId],
        name: Option<&Private>,
    ) -> Result<Reply, CallError> {
        let (old, open) = self.group_named(id)?;
        let (_, known) = self.conversations.named(id)?;
        let membership = open.group.membership();
        if !membership.is_judged() {
            return Err(Refusal::NewerGroup.into());
        }
        let mut people = people::all(turn.txn, old)?;
        let me = open.group.me().filter(|_| open.key.is_some());
        let me = me.map(|me| me.device()).ok_or(Refusal::NotAMember)?;
        let us = people.remove(&me);
        if !us.is_some_and(|us| us.has_been_in()) {
            return Err(Refusal::NotAMember.into());
        }
        people.retain(|_, person| person.is_in() || person.is_suspended());
        let mut left_out = Vec::new();
        for member in without {
            let member = shown::parse_member_id(member).ok_or(Refusal::NoSuchMember)?;
            people.remove(&member).ok_or(Refusal::NoSuchMember)?;
            left_out.push(member.0.into());
        }
        let name = match name {
            Some(name) => crate::api::typed::own_name(&name.0)?,
            None => known.name.clone().unwrap_or_default(),
        };
        let mut version = membership.tips();
        version.sort_unstable();
        let continued = Continued {
            root: membership.root().id(),
            version,
        };
        let space = self.found(turn, name, Some(continued))?;
        Continuation::new(old, left_out).save(turn.txn, space)?;
        let seconds = timers::of(turn.txn, old)?;
        if seconds > 0 {
            self.act(turn, space, Act::Timer { seconds })?;
        }
        self.group_changed(turn, space)?;
        let names = Names::read(turn.txn, old, me)?;
        let (asked, not_asked) = self.ask_to_continue(turn, space, people.into_values())?;
        let named = |members: Vec<DeviceId>| -> Vec<MemberName> {
            let mut named: Vec<_> = members.into_iter().map(|it| names.of(it)).collect();
            named.sort_by(|one, other| one.name.0.cmp(&other.name.0));
            named
        };
        let group = self.show_conversation(turn, &conversations::api_id(space))?;
        Ok(Reply::Restarted(Restarted {
            group: group.try_into()?,
            asked: named(asked),
            not_asked: named(not_asked),
        }))
    }

    /// Invites those of the old group who are contacts. Gives who was invited and who could not be.
    fn ask_to_continue(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        people: impl Iterator<Item = Person>,
    ) -> Result<(Vec<DeviceId>, Vec<DeviceId>), CallError> {
        let (mut asked, mut not_asked) = (Vec::new(), Vec::new());
        for person in people {
            let contact = person.contact.filter(|it| !self.people.is_blocked(it));
            let contact = contact.filter(|it| self.conversations.direct(*it).is_some());
            match contact {
                Some(contact) => {
                    self.write_group_invitation(turn, space, contact)?;
                    asked.push(person.key.device());
                }
                None => not_asked.push(person.key.device()),
            }
        }
        Ok((asked, not_asked))
    }

    /// Who of the old group is left out of a group, for an invitation of a contact: not the contact itself, who is asked now.
    pub(super) fn left_out(
        &self,
        reader: &dyn Reader,
        space: SpaceId,
        asked: IdentityId,
    ) -> Result<Vec<Member>, StorageError> {
        let Some(continuation) = Continuation::load(reader, space)? else {
            return Ok(Vec::new());
        };
        let mut without = continuation.without;
        let people = people::all(reader, continuation.of)?;
        without.retain(|member| {
            let person = people.get(&DeviceId(**member));
            person.and_then(|person| person.contact) != Some(asked)
        });
        Ok(without)
    }

    /// Notes what a group continues that a contact has invited us into.
    pub(super) fn note_continued(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        founding: &Operation,
        inviter: IdentityId,
        without: Vec<Member>,
    ) -> Result<(), StorageError> {
        let of = continued_here(turn.txn, founding, Some(inviter))?;
        match of.filter(|of| *of != space) {
            Some(of) if Continuation::load(turn.txn, space)?.is_none() => {
                Continuation::new(of, without).save(turn.txn, space)
            }
            _ => Ok(()),
        }
    }

    /// Folds away what a group continues, once we are in: until then the old group is all there is.
    pub(super) fn fold_continued(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
    ) -> Result<(), StorageError> {
        let is_in = |open: &super::Open| open.my_level() >= Level::MEMBER;
        if !self.groups.get(space).is_some_and(is_in) {
            return Ok(());
        }
        let continuation = Continuation::load(turn.txn, space)?;
        let Some(mut continuation) = continuation.filter(|it| !it.is_folded) else {
            return Ok(());
        };
        continuation.is_folded = true;
        continuation.save(turn.txn, space)?;
        let of = continuation.of;
        let Some(known) = self.conversations.get(of) else {
            return Ok(());
        };
        if !known.kind.is_group() {
            return Ok(());
        }
        let mut settings = known.settings;
        settings.archived = true;
        let line = |what| Line {
            what,
            by: None,
            at_ms: turn.now.wall_ms,
        };
        let (goes_on, continues) = (
            line(Noted::GoesOn { space }),
            line(Noted::Continues { space: of }),
        );
        // Also where it was archived already.
        turn.pending.conversations.insert(of);
        lines::note(turn, of, goes_on)?;
        lines::note(turn, space, continues)?;
        self.set_settings(turn, of, settings)
    }

    /// The group here that a group continues, and those that continue it.
    pub(in crate::engine) fn continuations(
        &self,
        reader: &dyn Reader,
        space: SpaceId,
    ) -> Result<(Option<ConversationId>, Vec<ConversationId>), StorageError> {
        let of = Continuation::load(reader, space)?.map(|continuation| continuation.of);
        let is_shown = |of: &SpaceId| {
            let known = self.conversations.get(*of);
            known.is_some_and(|known| known.kind.is_group())
        };
        let continues = of.filter(is_shown).map(conversations::api_id);
        let mut continued_by = Vec::new();
        for (other, _) in self.conversations.of_groups() {
            let continuation = Continuation::load(reader, other)?;
            if continuation.is_some_and(|it| it.of == space && it.is_folded) {
                continued_by.push(conversations::api_id(other));
            }
        }
        Ok((continues, continued_by))
    }
}
