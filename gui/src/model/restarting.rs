//! The question whom to leave out when a group starts again.

use hedgerow_node::api::{Call, ConversationId, MemberId};

use super::context::Context;
use super::member::MemberRow;
use super::outcome::Outcome;

/// Whom to leave out of a group that continues another one.
#[derive(Clone)]
pub struct Restarting {
    /// The old group.
    pub group: ConversationId,
    /// What it is called.
    pub name: String,
    /// Its other members.
    pub members: Vec<Kept>,
}

/// A member who is left out or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// Who.
    pub member: MemberRow,
    /// It is left out.
    pub left_out: bool,
    /// We can invite it.
    pub can_be_asked: bool,
}

impl Restarting {
    pub(super) fn new(
        group: ConversationId,
        name: String,
        members: &[MemberRow],
        context: &Context,
    ) -> Self {
        let others = members.iter().filter(|one| !one.is_me);
        let members = others.map(|member| {
            let contact = member.contact.as_ref();
            let known = contact.and_then(|contact| context.contacts.get(contact));
            Kept {
                member: member.clone(),
                left_out: false,
                can_be_asked: known.is_some_and(|contact| !contact.blocked),
            }
        });
        Self {
            group,
            name,
            members: members.collect(),
        }
    }

    /// Leaves a member out, or does not any more.
    pub(super) fn choose(&mut self, id: &MemberId) {
        let found = self.members.iter_mut().find(|one| one.member.id == *id);
        if let Some(found) = found {
            found.left_out = !found.left_out;
        }
    }

    /// The names of those who are not left out, and whom we cannot invite.
    pub fn not_asked(&self) -> String {
        let members = self.members.iter();
        let members = members.filter(|one| !one.left_out && !one.can_be_asked);
        let names = members.map(|one| one.member.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }

    /// How many are left out.
    pub fn left_out(&self) -> usize {
        self.members.iter().filter(|one| one.left_out).count()
    }

    /// Makes the new group.
    pub(super) fn agreed(self) -> Outcome {
        let left_out = self.members.into_iter().filter(|one| one.left_out);
        let without = left_out.map(|one| one.member.id).collect();
        Outcome::ask(Call::Restart(self.group, without, None))
    }
}
