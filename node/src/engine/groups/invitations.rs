//! How people come into a group: by an invitation in their chat with an admin, and their answer there. So both reach the other over
//! every carrier, parcels and couriers too, also weeks later.
//!
//! Each names its member key and proves to hold it. The proof is bound to the chat and to the invitation: who hears it cannot pass it
//! on as its own, and who shows it around proves nothing of who made it.

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_sync::control::FoundError;
use hedgerow_sync::conversation as sync;
use hedgerow_sync::entry::{AnnotationKind, Body, RowKind, What};
use hedgerow_sync::group::Group;
use hedgerow_sync::id::{EntryId, IdentityId, SpaceId};
use hedgerow_sync::membership::{
    Act, Held, Level, MAX_OPERATION, MemberKey, Membership, Operation, SIGNATURE_LENGTH,
    prove_possession,
};
use hedgerow_sync::page::{self, Placed};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::keys::{SigningSecret, SpaceSecret};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::{Open, continuing, member_key, people};
use crate::api::{
    ContactId, ConversationId, GroupInvitation, GroupInvitationState, MAX_NAME, MessageId, Private,
    Refusal, Reply,
};
use crate::engine::conversation::{message_id, parse_message_id};
use crate::engine::conversations::{self, Conversation, Kind};
use crate::engine::fault::CallError;
use crate::engine::{Owners, Turn, rng};
use crate::tables::{self, Table};

/// A row of a direct chat that invites into a group.
pub(crate) const INVITATION: RowKind = RowKind(4);

/// An annotation that answers an invitation, its target.
pub(crate) const ANSWER: AnnotationKind = AnnotationKind(6);

/// The body of an invitation.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(crate) struct Invitation {
    /// The secret of the group's space.
    #[cbor(n(0), with = "crate::engine::codec::fixed")]
    secret: SpaceSecret,
    /// The operation that founded the group.
    #[n(1)]
    founding: ByteVec,
    #[n(2)]
    name: String,
    /// How many are in, as the inviter says.
    #[n(3)]
    people: u32,
    #[n(4)]
    nonce: ByteArray<16>,
    /// The inviter's key in the group, and the proof that it holds it.
    #[cbor(n(5), with = "crate::engine::codec::fixed")]
    key: MemberKey,
    #[n(6)]
    proof: ByteArray<SIGNATURE_LENGTH>,
    /// If the group continues another one: who of that is left out, as the inviter says.
    #[cbor(n(7), default)]
    without: Vec<continuing::Member>,
}

/// The body of an answer: without a key it declines, or, by the inviter, withdraws the invitation.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Answer {
    /// The key of whoever accepts, and the proof that it holds it.
    #[cbor(n(0), with = "crate::engine::codec::fixed_option", has_nil)]
    key: Option<MemberKey>,
    #[n(1)]
    proof: Option<ByteArray<SIGNATURE_LENGTH>>,
}

impl Invitation {
    /// The invitation that a row is; `None` if it is none that keeps its limits.
    fn of(row: &Placed) -> Option<Invitation> {
        let (What::Row(INVITATION), Body::Bytes(body)) = (row.what, &row.body) else {
            return None;
        };
        let invitation: Invitation = minicbor::decode(body).ok()?;
        let is_named = (1..=MAX_NAME).contains(&invitation.name.trim().len());
        (is_named && invitation.founding.len() <= MAX_OPERATION).then_some(invitation)
    }

    /// The group's space.
    fn space(&self) -> SpaceId {
        conversations::space_of(&self.secret)
    }

    /// What proofs about it are bound to, in a chat with this secret.
    fn binder(&self, chat: &SpaceSecret) -> [u8; 32] {
        binder(chat, &self.nonce)
    }

    /// The operation that founds the group, if the invitation is sound: whoever wrote it in this chat holds its key.
    fn sound(&self, chat: &SpaceSecret) -> Option<Operation> {
        let founding = Operation::decode(&self.founding).ok()?;
        Membership::new(founding.clone()).ok()?;
        let binder = self.binder(chat);
        let is_held = self.key.is_held(self.space(), &binder, &self.proof);
        is_held.then_some(founding)
    }
}

fn binder(chat: &SpaceSecret, nonce: &[u8; 16]) -> [u8; 32] {
    let said = [b"hedgerow 1 member key", &nonce[..]].concat();
    *blake3::keyed_hash(chat.as_bytes(), &said).as_bytes()
}

/// The invitation in a row of a direct chat, as it is shown.
pub(crate) fn invitation_of(
    reader: &dyn Reader,
    chat: SpaceId,
    row: &Placed,
    is_ours: bool,
) -> Result<Option<GroupInvitation>, StorageError> {
    let (Some(invitation), Some(known)) = (Invitation::of(row), Conversation::load(reader, chat)?)
    else {
        return Ok(None);
    };
    let Some(founding) = invitation.sound(&known.secret) else {
        return Ok(None);
    };
    let inviter = match known.kind {
        _ if is_ours => None,
        Kind::Direct { with } => Some(with),
        _ => return Ok(None),
    };
    let continues = continuing::continued(reader, &founding, inviter, &invitation.without)?;
    let space = invitation.space();
    let here = Conversation::load(reader, space)?;
    let here = here.filter(|here| here.kind.is_group());
    let answer = answer_to(reader, chat, row.id)?;
    let key = answer.as_ref().and_then(|answer| answer.key);
    let person = match key {
        Some(key) => people::load(reader, space, key.device())?,
        None => None,
    };
    let state = match answer {
        _ if person.is_some_and(|person| person.is_in()) => GroupInvitationState::Joined,
        _ if is_withdrawn(reader, chat, row.id)? => GroupInvitationState::Withdrawn,
        None => GroupInvitationState::Open,
        Some(Answer { key: None, .. }) => GroupInvitationState::Declined,
        Some(Answer { key: Some(_), .. }) => GroupInvitationState::Accepted,
    };
    Ok(Some(GroupInvitation {
        name: Private(invitation.name.trim().to_owned()),
        people: invitation.people,
        group: here.map(|_| conversations::api_id(space)),
        state,
        continues,
        is_ours,
    }))
}

/// The last answer to an invitation by the other side of the chat.
fn answer_to(
    reader: &dyn Reader,
    chat: SpaceId,
    invitation: EntryId,
) -> Result<Option<Answer>, StorageError> {
    let said = sync::annotations(reader, chat, ANSWER, [invitation])?;
    let mut said = said.into_values().flatten().rev();
    // The inviter cannot answer for the other.
    let by_other = said.find(|one| one.author() != invitation.log.device);
    Ok(by_other.and_then(|one| match &one.body {
        Body::Bytes(body) => minicbor::decode(body).ok(),
        Body::Gone => None,
    }))
}

/// Whether the inviter has withdrawn an invitation.
fn is_withdrawn(
    reader: &dyn Reader,
    chat: SpaceId,
    invitation: EntryId,
) -> Result<bool, StorageError> {
    let said = sync::annotations(reader, chat, ANSWER, [invitation])?;
    let mut said = said.into_values().flatten();
    Ok(said.any(|one| one.author() == invitation.log.device))
}

/// The row of an invitation into a group that was used: by us who accepted it, or, if it is ours, since it has brought somebody in.
fn used(space: SpaceId, chat: SpaceId, invitation: EntryId) -> Vec<u8> {
    let id = message_id(invitation).0;
    Table::UsedGroupInvitations.key(&[&space.0, &chat.0, id.as_bytes()])
}

/// Whether all invitations into a group that we have accepted are withdrawn.
pub(super) fn are_withdrawn(reader: &dyn Reader, space: SpaceId) -> Result<bool, StorageError> {
    let mut accepted = Vec::new();
    let prefix = Table::UsedGroupInvitations.key(&[&space.0]);
    tables::visit(reader, &prefix, &mut |key, _| {
        let named = key.split_first_chunk().and_then(|(chat, id)| {
            let id = MessageId(str::from_utf8(id).ok()?.to_owned());
            Some((SpaceId(*chat), parse_message_id(&id)?))
        });
        accepted.extend(named);
    })?;
    for (chat, invitation) in &accepted {
        if !is_withdrawn(reader, *chat, *invitation)? {
            return Ok(false);
        }
    }
    Ok(!accepted.is_empty())
}

/// An invitation in a chat, found by its name.
struct Found {
    chat: SpaceId,
    with: IdentityId,
    entry: EntryId,
    invitation: Invitation,
}

impl Owners {
    /// A group into which we can invite: we are an admin, and it has room.
    pub(in crate::engine) fn may_invite_into(&self, space: SpaceId) -> Result<&Open, Refusal> {
        let open = self.groups.get(space).ok_or(Refusal::NotAGroup)?;
        if open.group.me().is_none() || open.key.is_none() {
            return Err(Refusal::NotAMember);
        }
        if open.my_level() < Level::ADMIN {
            return Err(Refusal::NotAnAdmin);
        }
        // Any key that is not in yet takes one place.
        let newcomer = Act::Set {
            who: MemberKey([0; 32]),
            level: Level::MEMBER,
            held: Held::new(),
        };
        let room = open.group.membership().room_for(&newcomer);
        room.map_err(|full| Refusal::GroupFull { full })?;
        Ok(open)
    }

    /// Invites a contact into a group.
    pub(in crate::engine) fn invite_to_group(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        contact: &ContactId,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.group_named(id)?;
        let with = self.people.contact_named(contact)?;
        if self.people.is_blocked(&with) {
            return Err(Refusal::Blocked.into());
        }
        let open = self.may_invite_into(space)?;
        if open.contacts_in().contains(&with) {
            return Err(Refusal::AlreadyMember.into());
        }
        let entry = self.write_group_invitation(turn, space, with)?;
        Ok(Reply::Sent(message_id(entry)))
    }

    /// Writes an invitation into a group of ours, which has room, to a contact that is not blocked.
    pub(super) fn write_group_invitation(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        with: IdentityId,
    ) -> Result<EntryId, CallError> {
        let open = self.groups.get(space).ok_or(Refusal::NotAGroup)?;
        let (Some(me), Some(key)) = (open.group.me(), &open.key) else {
            return Err(Refusal::NotAMember.into());
        };
        let membership = open.group.membership();
        let chat = self.conversations.direct(with).ok_or(Refusal::Bug)?;
        let (Some(known), Some(of_chat)) =
            (self.conversations.get(space), self.conversations.get(chat))
        else {
            return Err(Refusal::Bug.into());
        };
        let founding =
            hedgerow_sync::control::ControlLog::operation(turn.txn, space, membership.root().id())?;
        let standings = membership.standings().into_iter();
        let nonce: [u8; 16] = rng::bytes(turn.rng);
        let binder = binder(&of_chat.secret, &nonce);
        let invitation = Invitation {
            secret: SpaceSecret::from_bytes(*known.secret.as_bytes()),
            founding: founding.ok_or(Refusal::Bug)?.into(),
            name: known.name.clone().unwrap_or_default(),
            people: standings.filter(|it| it.level >= Level::MEMBER).count() as u32,
            nonce: nonce.into(),
            key: me,
            proof: prove_possession(&key.key(), space, &binder).into(),
            without: self.left_out(turn.txn, space, with)?,
        };
        let body = Body::Bytes(tables::encoded(&invitation).into());
        self.append(turn, chat, What::Row(INVITATION), body)
    }

    /// Accepts an invitation: the group is here from now on, and we are in once its inviter hears of it.
    pub(in crate::engine) fn join_group(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<Reply, CallError> {
        let found = self.invitation(turn, id, message)?;
        if is_withdrawn(turn.txn, found.chat, found.entry)? {
            return Err(Refusal::InvitationWithdrawn.into());
        }
        let known = self.conversations.get(found.chat).ok_or(Refusal::Bug)?;
        let founding = found.invitation.sound(&known.secret);
        let founding = founding.ok_or(Refusal::BadInvitation)?;
        let binder = found.invitation.binder(&known.secret);
        let space = found.invitation.space();
        let key = match self.groups.get(space) {
            Some(open) if open.group.membership().root().id() != founding.id() => {
                return Err(Refusal::BadInvitation.into());
            }
            Some(open) if open.erased_ms.is_none() => {
                let key = open.key.as_ref().ok_or(Refusal::LeftGroup)?;
                SigningSecret::from_bytes(*key.as_bytes())
            }
            Some(_) => self.open_invited(turn, &found.invitation)?,
            // The inviter chose the secret: it may be that of another conversation.
            None if self.conversations.get(space).is_some() => {
                return Err(Refusal::BadInvitation.into());
            }
            None => self.open_invited(turn, &found.invitation)?,
        };
        self.bind_key(turn, space, found.invitation.key, found.with)?;
        let without = found.invitation.without.clone();
        self.note_continued(turn, space, &founding, found.with, without)?;
        let answer = Answer {
            key: Some(member_key(&key)),
            proof: Some(prove_possession(&key.key(), space, &binder).into()),
        };
        self.answer(turn, &found, &answer)?;
        let used = used(space, found.chat, found.entry);
        turn.txn.put(&used, &[])?;
        self.group_changed(turn, space)?;
        self.show_conversation(turn, &conversations::api_id(space))
    }

    /// Declines an invitation.
    pub(in crate::engine) fn decline_group(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<Reply, CallError> {
        let found = self.invitation(turn, id, message)?;
        let answer = answer_to(turn.txn, found.chat, found.entry)?;
        if answer.is_some_and(|answer| answer.key.is_some()) {
            return Err(Refusal::InvitationAnswered.into());
        }
        let answer = Answer {
            key: None,
            proof: None,
        };
        self.answer(turn, &found, &answer)?;
        Ok(Reply::Done)
    }

    /// An invitation of the other side in a direct chat.
    fn invitation(
        &self,
        turn: &Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<Found, CallError> {
        let (chat, kind) = self.writable(id)?;
        let Kind::Direct { with } = kind else {
            return Err(Refusal::NoSuchInvitation.into());
        };
        let entry = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        page::row_place(turn.txn, chat, entry)?.ok_or(Refusal::NoSuchMessage)?;
        let row = page::entry(turn.txn, chat, entry)?.ok_or(Refusal::NoSuchMessage)?;
        let invitation = Invitation::of(&row).filter(|_| !self.account.is_ours(entry.log.device));
        Ok(Found {
            chat,
            with,
            entry,
            invitation: invitation.ok_or(Refusal::NoSuchInvitation)?,
        })
    }

    fn answer(
        &mut self,
        turn: &mut Turn<'_>,
        found: &Found,
        answer: &Answer,
    ) -> Result<(), CallError> {
        let what = What::Annotation {
            kind: ANSWER,
            target: found.entry,
        };
        let body = Body::Bytes(Bytes::from(tables::encoded(answer)));
        self.append(turn, found.chat, what, body)?;
        Ok(())
    }

    /// Makes the group of an invitation here, with a fresh key of ours.
    fn open_invited(
        &mut self,
        turn: &mut Turn<'_>,
        invitation: &Invitation,
    ) -> Result<SigningSecret, CallError> {
        let key = SigningSecret::from_bytes(rng::bytes(turn.rng));
        let me = member_key(&key);
        let space = invitation.space();
        // Left and erased before, and nobody has heard of that yet: they still will.
        let (group, keys) = match self.groups.0.remove(&space) {
            Some(erased) => {
                let group = Group::open(turn.txn, space, Some(me))?;
                (group.ok_or(Refusal::Bug)?, erased.keys)
            }
            None => match Group::found(turn.txn, space, &invitation.founding, Some(me)) {
                Ok(group) => (group, BTreeMap::new()),
                Err(FoundError::Storage(error)) => return Err(error.into()),
                Err(_) => return Err(Refusal::BadInvitation.into()),
            },
        };
        let secret = SpaceSecret::from_bytes(*invitation.secret.as_bytes());
        let name = invitation.name.trim().to_owned();
        self.keep_group(turn, secret, group, &key, name)?;
        if let Some(open) = self.groups.0.get_mut(&space) {
            open.keys = keys;
        }
        Ok(key)
    }

    /// A contact has proven to hold a key of a group. The first that it proves counts as long as it is in.
    pub(super) fn bind_key(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        key: MemberKey,
        contact: IdentityId,
    ) -> Result<bool, StorageError> {
        let Some(open) = self.groups.0.get_mut(&space) else {
            return Ok(false);
        };
        let is_of_other = open
            .keys
            .iter()
            .any(|(of, its)| *its == key && *of != contact);
        let is_in = |its: &MemberKey| open.group.membership().level(*its) >= Level::MEMBER;
        match open.keys.get(&contact) {
            Some(its) if *its == key => return Ok(true),
            Some(its) if is_in(its) => return Ok(false),
            _ if is_of_other => return Ok(false),
            Some(its) => people::unbind(turn.txn, space, *its)?,
            None => {}
        }
        open.keys.insert(contact, key);
        people::bind(turn.txn, space, key, contact)?;
        Ok(true)
    }

    /// What was said of an invitation of ours may be an answer: whoever accepts is brought in. Each invitation brings in one key, once.
    /// If we cannot bring anybody in any more, we withdraw it, so that the other asks somebody else.
    pub(in crate::engine) fn answer_arrived(
        &mut self,
        turn: &mut Turn<'_>,
        chat: SpaceId,
        target: EntryId,
    ) -> Result<(), StorageError> {
        let Some(Kind::Direct { with }) = self.conversations.get(chat).map(|known| known.kind)
        else {
            return Ok(());
        };
        if page::row_place(turn.txn, chat, target)?.is_none() {
            return Ok(());
        }
        let row = page::entry(turn.txn, chat, target)?;
        let invitation = row.as_ref().and_then(Invitation::of);
        if !self.account.is_ours(target.log.device) {
            // It may be withdrawn, and with it what we wait for.
            let space = invitation.map(|invitation| invitation.space());
            let group = space.filter(|space| self.groups.get(*space).is_some());
            turn.pending.conversations.extend(group);
            return Ok(());
        }
        let answer = answer_to(turn.txn, chat, target)?;
        let (Some(invitation), Some(answer)) = (invitation, answer) else {
            return Ok(());
        };
        let (Some(key), Some(proof)) = (answer.key, answer.proof) else {
            return Ok(());
        };
        let space = invitation.space();
        let used = used(space, chat, target);
        let known = self.conversations.get(chat);
        let is_held = known
            .is_some_and(|known| key.is_held(space, &invitation.binder(&known.secret), &proof));
        if !is_held || is_withdrawn(turn.txn, chat, target)? {
            return Ok(());
        }
        let is_used = turn.txn.with(&used, &mut |_| {})?;
        let level = |open: &Open| open.group.membership().level(key);
        let level = match self.groups.get(space) {
            Some(open) if is_used && level(open) >= Level::MEMBER => return Ok(()),
            _ if is_used => return self.withdraw(turn, chat, target),
            Some(open) if open.my_level() >= Level::ADMIN => level(open),
            // We are suspended, and an admin again once we object.
            Some(open) if open.my_level_if_we_object() >= Level::ADMIN => return Ok(()),
            _ => return self.withdraw(turn, chat, target),
        };
        if !self.bind_key(turn, space, key, with)? {
            return Ok(());
        }
        if level < Level::MEMBER && !self.set_level_of(turn, space, key, Level::MEMBER)? {
            return self.withdraw(turn, chat, target);
        }
        turn.txn.put(&used, &[])?;
        // The name that it goes by, and not the one that our user gives it.
        let name = self.people.contacts.get(&with);
        if let Some(name) = name.map(|contact| contact.own_name.clone()) {
            self.name_member(turn, space, Some(key), &name)?;
        }
        self.group_changed(turn, space)
    }

    /// Withdraws an invitation of ours.
    fn withdraw(
        &mut self,
        turn: &mut Turn<'_>,
        chat: SpaceId,
        target: EntryId,
    ) -> Result<(), StorageError> {
        let what = What::Annotation {
            kind: ANSWER,
            target,
        };
        let nothing = Answer {
            key: None,
            proof: None,
        };
        let body = Body::Bytes(Bytes::from(tables::encoded(&nothing)));
        self.write(turn, chat, what, body)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
