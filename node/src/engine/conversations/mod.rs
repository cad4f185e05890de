//! The conversations of this node, and who shares them.

mod kind;
mod notes;
mod row;
mod settings;
mod speaker;

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::{DeviceId, IdentityId, SpaceId};
use hedgerow_sync::peer;
use hedgerow_sync::space;
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::keys::SpaceSecret;

pub(crate) use kind::{Author, Kind};
pub(crate) use row::{Conversation, space_of};
pub(crate) use settings::Settings;
pub(crate) use speaker::Speaker;

use super::{Turn, draft, files, recording};
use crate::api::{ConversationId, Refusal};

/// The id of a conversation in the API: that of its space, in hex.
pub(crate) fn api_id(space: SpaceId) -> ConversationId {
    ConversationId(data_encoding::HEXLOWER.encode(&space.0))
}

/// The space that an id of the API names.
pub(crate) fn parse_id(id: &ConversationId) -> Option<SpaceId> {
    let bytes = data_encoding::HEXLOWER.decode(id.0.as_bytes()).ok()?;
    Some(SpaceId(bytes.try_into().ok()?))
}

/// All conversations, and who shares them.
#[derive(Default)]
pub(crate) struct Conversations {
    all: BTreeMap<SpaceId, Conversation>,
    members: BTreeSet<(IdentityId, SpaceId)>,
    /// Contacts who are in a group.
    in_groups: BTreeMap<SpaceId, Vec<IdentityId>>,
}

impl Conversations {
    pub fn load(reader: &dyn Reader) -> Result<Conversations, StorageError> {
        Ok(Conversation::all(reader)?.into_iter().collect())
    }

    /// Adds others, of which none is here.
    #[cfg(feature = "simulation")]
    pub fn append(&mut self, others: Conversations) {
        let Conversations {
            mut all,
            mut members,
            mut in_groups,
        } = others;
        self.all.append(&mut all);
        self.members.append(&mut members);
        self.in_groups.append(&mut in_groups);
    }

    pub fn get(&self, space: SpaceId) -> Option<&Conversation> {
        self.all.get(&space)
    }

    pub fn get_mut(&mut self, space: SpaceId) -> Option<&mut Conversation> {
        self.all.get_mut(&space)
    }

    /// The conversation that an API id names, if people see it.
    pub fn named(&self, id: &ConversationId) -> Result<(SpaceId, &Conversation), Refusal> {
        let space = parse_id(id).ok_or(Refusal::NoSuchConversation)?;
        let known = self.all.get(&space);
        let shown = known.filter(|known| known.kind.shown().is_some());
        Ok((space, shown.ok_or(Refusal::NoSuchConversation)?))
    }

    /// Those that people see.
    pub fn shown(&self) -> impl Iterator<Item = (SpaceId, &Conversation)> {
        let all = self.all.iter().map(|(space, one)| (*space, one));
        all.filter(|(_, one)| one.kind.shown().is_some())
    }

    /// The contacts to whom goes what we write in a conversation.
    pub fn members_of(&self, space: SpaceId) -> &[IdentityId] {
        let in_group = self.in_groups.get(&space);
        let by_kind = || self.all.get(&space).map(|one| one.kind.members());
        in_group
            .map(Vec::as_slice)
            .or_else(by_kind)
            .unwrap_or_default()
    }

    /// The name of the device that writes our logs in a space.
    pub fn us(&self, space: SpaceId, device: DeviceId) -> DeviceId {
        let known = self.all.get(&space);
        known.map_or(device, |known| known.kind.us(device))
    }

    /// Who shares a group with us, and who of them is in it.
    pub fn set_group(
        &mut self,
        space: SpaceId,
        sharing: impl Iterator<Item = IdentityId>,
        members: Vec<IdentityId>,
    ) {
        self.members.retain(|(_, of)| *of != space);
        self.members.extend(sharing.map(|one| (one, space)));
        self.in_groups.insert(space, members);
    }

    /// All that are shared with an identity.
    pub fn shared_with(
        &self,
        identity: IdentityId,
    ) -> impl Iterator<Item = (SpaceId, &Conversation)> {
        let range = (identity, SpaceId([0; 16]))..=(identity, SpaceId([0xff; 16]));
        let spaces = self.members.range(range).map(|(_, space)| *space);
        spaces.filter_map(|space| Some((space, self.all.get(&space)?)))
    }

    /// The groups, erased ones too whose leaving nobody has heard of.
    pub fn of_groups(&self) -> impl Iterator<Item = (SpaceId, &Conversation)> {
        let all = self.all.iter().map(|(space, one)| (*space, one));
        all.filter(|(_, one)| one.kind.is_group() || one.kind == Kind::Parted)
    }

    /// Those shared with an identity that bundles carry.
    pub fn carried(&self, identity: IdentityId) -> impl Iterator<Item = (SpaceId, &Conversation)> {
        let shared = self.shared_with(identity);
        shared.filter(|(_, one)| one.kind.is_carried())
    }

    /// Those with an identity that people see.
    pub fn with(&self, identity: IdentityId) -> impl Iterator<Item = (SpaceId, &Conversation)> {
        let shared = self.shared_with(identity);
        shared.filter(|(_, one)| one.kind.shown().is_some())
    }

    /// The direct chat with a contact.
    pub fn direct(&self, with: IdentityId) -> Option<SpaceId> {
        let mut shared = self.shared_with(with);
        let is_direct = |one: &Conversation| matches!(one.kind, Kind::Direct { .. });
        shared.find_map(|(space, one)| is_direct(one).then_some(space))
    }

    /// Whether a contact's device has acknowledged all that we wrote where people see it.
    pub fn has_all(
        &self,
        reader: &dyn Reader,
        identity: IdentityId,
        device: DeviceId,
    ) -> Result<bool, StorageError> {
        for (space, _) in self.with(identity) {
            if self.members_of(space).contains(&identity)
                && peer::unacked(reader, space, device)? > 0
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Begins a conversation. Gives its space.
    pub fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        conversation: Conversation,
    ) -> Result<SpaceId, StorageError> {
        let space = conversation.space();
        space::create(turn.txn, space, conversation.kind.stored())?;
        self.keep(turn, conversation)
    }

    /// Keeps a conversation whose space is there. Gives its space.
    pub fn keep(
        &mut self,
        turn: &mut Turn<'_>,
        conversation: Conversation,
    ) -> Result<SpaceId, StorageError> {
        let space = conversation.space();
        conversation.save(turn.txn, space)?;
        for member in conversation.kind.members() {
            self.members.insert((*member, space));
        }
        self.all.insert(space, conversation);
        Ok(space)
    }

    /// Removes those that go with a contact.
    pub fn remove_with(
        &mut self,
        turn: &mut Turn<'_>,
        contact: IdentityId,
    ) -> Result<(), StorageError> {
        let shared = self.shared_with(contact);
        let gone: Vec<SpaceId> = shared
            .filter(|(_, one)| one.kind.goes_with(contact))
            .map(|(space, _)| space)
            .collect();
        gone.into_iter()
            .try_for_each(|space| self.remove(turn, space))
    }

    /// Removes one with all that was written there.
    pub fn remove(&mut self, turn: &mut Turn<'_>, space: SpaceId) -> Result<(), StorageError> {
        files::forget_all(turn, space)?;
        Conversation::remove(turn.txn, space)?;
        turn.pending.forget(space);
        self.forget_members(space);
        self.all.remove(&space);
        Ok(())
    }

    /// Removes what was written in a group that we have left, and what is kept about it. Its control log stays, which people do not
    /// see.
    pub fn part(&mut self, turn: &mut Turn<'_>, space: SpaceId) -> Result<(), StorageError> {
        let Some(known) = self.all.get_mut(&space) else {
            return Ok(());
        };
        let secret = SpaceSecret::from_bytes(*known.secret.as_bytes());
        *known = Conversation::new(Kind::Parted, secret, turn.now.wall_ms);
        files::forget_all(turn, space)?;
        known.part(turn.txn, space)?;
        turn.pending.forget(space);
        Ok(())
    }

    /// Nobody takes part there any more.
    fn forget_members(&mut self, space: SpaceId) {
        self.members.retain(|(_, of)| *of != space);
        self.in_groups.remove(&space);
    }

    /// Keeps the direct chat with a contact who is removed, under the name that the contact had. Gives its space.
    pub fn keep_former(
        &mut self,
        turn: &mut Turn<'_>,
        with: IdentityId,
        name: String,
    ) -> Result<Option<SpaceId>, StorageError> {
        let Some(space) = self.direct(with) else {
            return Ok(None);
        };
        self.forget_members(space);
        draft::forget(turn.txn, space)?;
        recording::forget(turn.txn, space)?;
        if let Some(known) = self.all.get_mut(&space) {
            known.kind = Kind::Former { with };
            known.name = Some(name);
            known.save(turn.txn, space)?;
            turn.pending.conversations.insert(space);
        }
        Ok(Some(space))
    }

    /// The notes to oneself, if any were begun.
    pub fn notes(&self) -> Option<SpaceId> {
        let mut all = self.all.iter();
        all.find_map(|(space, one)| (one.kind == Kind::Notes).then_some(*space))
    }
}

impl FromIterator<(SpaceId, Conversation)> for Conversations {
    fn from_iter<I: IntoIterator<Item = (SpaceId, Conversation)>>(all: I) -> Self {
        // Maps that are made at once have full nodes.
        let all: BTreeMap<SpaceId, Conversation> = all.into_iter().collect();
        let members = all.iter().flat_map(|(space, one)| {
            let members = one.kind.members().iter();
            members.map(|member| (*member, *space))
        });
        let members = members.collect();
        let in_groups = BTreeMap::new();
        Self {
            all,
            members,
            in_groups,
        }
    }
}
