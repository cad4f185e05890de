//! A member of a group: how it is shown, and what an admin does with it.

use hedgerow_node::api::{
    Call, ContactId, ConversationId, GroupStanding, Member, MemberId, MemberLevel, MemberName,
    NamedBy, visible,
};

use super::face::{hue, initials};
use super::outcome::Outcome;

/// A member on screen.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Its id in the group.
    pub id: MemberId,
    /// The name to show.
    pub name: String,
    /// The first letters of the name.
    pub initials: String,
    /// A colour of its own, 0 to 359.
    pub hue: u16,
    /// The contact, if it is one.
    pub contact: Option<ContactId>,
    /// It is ourselves.
    pub is_me: bool,
    /// What it may do.
    pub level: MemberLevel,
    /// Whose word the name is.
    pub named_by: NamedBy,
    /// Somebody who does not outrank it has lowered it.
    pub suspended: bool,
    /// The names of those who did.
    pub suspended_by: String,
    /// The names of those whom it added and who are still in.
    pub added: String,
    /// It said different things to different people.
    pub frozen: bool,
    /// What can be done with it.
    pub offers: MemberOffers,
}

/// What we can do with a member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemberOffers {
    /// Make it an admin.
    pub appoint: bool,
    /// Let it be no admin any more.
    pub lower: bool,
    /// Remove it from the group.
    pub remove: bool,
}

/// What is done with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChange {
    /// It becomes an admin.
    Appoint,
    /// It is no admin any more.
    Lower,
    /// It is removed.
    Remove,
}

/// What is shown of a member, and asked before something is done with it.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberAsked {
    /// The group.
    pub group: ConversationId,
    /// Who.
    pub member: MemberRow,
}

impl MemberRow {
    /// How a member is shown, beside all the others, to somebody who stands so.
    pub(super) fn of(member: &Member, all: &[Member], standing: GroupStanding) -> Self {
        let who = &member.who;
        let added = all.iter().filter(|one| one.came_by(&who.id));
        let added = added.map(|one| &one.who);
        let name = visible::name(&who.name.0);
        let may_act = standing == GroupStanding::Admin && !who.is_me;
        let is = |level| may_act && !member.suspended && member.level == level;
        // A contact has the same colour everywhere.
        let colour = who.contact.as_ref().map_or(&who.id.0, |contact| &contact.0);
        Self {
            id: who.id.clone(),
            initials: initials(&name),
            hue: hue(colour),
            name,
            contact: who.contact.clone(),
            is_me: who.is_me,
            level: member.level,
            named_by: who.named_by,
            suspended: member.suspended,
            suspended_by: names(&member.suspended_by),
            added: names(added),
            frozen: member.frozen,
            offers: MemberOffers {
                appoint: is(MemberLevel::Member),
                lower: is(MemberLevel::Admin),
                remove: may_act,
            },
        }
    }
}

pub(super) fn names<'a>(members: impl IntoIterator<Item = &'a MemberName>) -> String {
    let names = members.into_iter().map(|one| visible::name(&one.name.0));
    names.collect::<Vec<_>>().join(", ")
}

impl MemberOffers {
    /// Whether this can be done.
    pub(super) fn has(self, change: MemberChange) -> bool {
        match change {
            MemberChange::Appoint => self.appoint,
            MemberChange::Lower => self.lower,
            MemberChange::Remove => self.remove,
        }
    }
}

impl MemberAsked {
    /// Does it.
    pub(super) fn change(self, change: MemberChange) -> Outcome {
        let level = match change {
            MemberChange::Appoint => MemberLevel::Admin,
            MemberChange::Lower => MemberLevel::Member,
            MemberChange::Remove => MemberLevel::None,
        };
        Outcome::ask(Call::SetLevel(self.group, self.member.id, level))
    }
}
