//! Groups of the played node.

use std::collections::BTreeMap;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use super::{Node, Talk, id};

/// A group: what was said there, and who is in.
pub struct Group {
    pub talk: Talk,
    pub members: Vec<Member>,
}

/// All groups, by conversation.
pub type Groups = BTreeMap<ConversationId, Group>;

/// The group of that digit.
pub fn group_id(digit: &str) -> ConversationId {
    ConversationId(format!("{digit}d").repeat(16))
}

/// A member of that letter. Contacts have proven who they are.
pub fn member(letter: &str, name: &str, level: MemberLevel, named_by: NamedBy) -> Member {
    Member {
        who: MemberName {
            id: MemberId(format!("{letter}e").repeat(8)),
            name: Private(name.into()),
            contact: (named_by == NamedBy::Contact).then(|| id(letter)),
            named_by,
            is_me: false,
        },
        level,
        suspended: false,
        suspended_by: Vec::new(),
        added_by: None,
        frozen: false,
    }
}

/// Ourselves, as a member.
pub fn ourselves(level: MemberLevel) -> Member {
    let mut me = member("f", "Fay", level, NamedBy::Themselves);
    me.who.is_me = true;
    me
}

impl Group {
    /// We stand so in it now.
    pub fn stand(&mut self, standing: GroupStanding) {
        let people = self.members.len() as u32;
        self.talk.conversation.group = Some(GroupState { people, standing });
    }

    /// One of them writes.
    pub fn says(&mut self, by: usize, text: &str, at_ms: i64) -> MessageId {
        let who = self.members[by].who.clone();
        let id = self.talk.add(text, who.is_me, at_ms);
        let message = self.talk.message(&id).expect("it was added");
        let contact = who.contact.clone();
        let author = contact.unwrap_or_else(|| ContactId(who.id.0.clone()));
        message.author = (!who.is_me).then_some(author);
        message.member = Some(who);
        message.deliveries.clear();
        id
    }
}

impl Node {
    /// There is a group with these people, in which we stand so.
    pub fn found(&mut self, digit: &str, name: &str, standing: GroupStanding, members: &[Member]) {
        let nobody = Contact::just_met(ContactId("0".repeat(32)), group_id(digit), name);
        let mut talk = Talk::new(nobody);
        talk.conversation.kind = ConversationKind::Group;
        let contacts = members.iter().filter_map(|one| one.who.contact.clone());
        talk.conversation.members = contacts.collect();
        talk.conversation.group = Some(GroupState {
            people: members.len() as u32,
            standing,
        });
        let members = members.to_vec();
        self.groups.insert(group_id(digit), Group { talk, members });
    }

    /// Someone invites into a group, in the chat with the contact of that letter.
    pub fn invites(&mut self, letter: &str, invitation: GroupInvitation, at_ms: i64) -> MessageId {
        let talk = self.talks.get_mut(&id(letter)).expect("a contact");
        let message = talk.add("", invitation.is_ours, at_ms);
        let row = talk.message(&message).expect("it was added");
        row.text = None;
        row.invitation = Some(invitation);
        message
    }

    fn chat(&mut self, id: &ConversationId) -> Option<Box<Chat>> {
        let talk = self.talk(id)?;
        Some(Box::new(Chat {
            conversation: talk.seen(),
            newest: talk.messages.len().checked_sub(1).map(|last| talk.at(last)),
        }))
    }

    /// What comes of objecting, with the right passphrase.
    pub(super) fn object(&mut self, id: ConversationId) -> Option<Update> {
        let group = self.groups.get_mut(&id)?;
        let us = group.members.iter_mut().find(|one| one.who.is_me)?;
        (us.level, us.suspended) = (MemberLevel::Admin, false);
        us.suspended_by.clear();
        group.stand(GroupStanding::Admin);
        let members = group.members.clone();
        Some(Update::Objected(id, Ok(members)))
    }

    /// What comes of a call about groups.
    pub(super) fn groups(&mut self, call: Call) -> Option<Update> {
        Some(match call {
            Call::NewGroup(name) => {
                if let Some(refusal) = self.refuses_groups.clone() {
                    return Some(Update::GroupMade(Err(refusal)));
                }
                let me = [ourselves(MemberLevel::Admin)];
                self.found("1", &name.0, GroupStanding::Admin, &me);
                Update::GroupMade(Ok(self.chat(&group_id("1"))?))
            }
            Call::Restart(group, _, _) => {
                let name = self.groups.get(&group)?.talk.conversation.name.0.clone();
                let me = [ourselves(MemberLevel::Admin)];
                self.found("3", &name, GroupStanding::Admin, &me);
                Update::Restarted(self.chat(&group_id("3"))?)
            }
            Call::InviteToGroup(group, contact) => {
                let group = self.groups.get(&group)?;
                let invitation = GroupInvitation {
                    name: group.talk.conversation.name.clone(),
                    people: group.members.len() as u32,
                    group: Some(group.talk.conversation.id.clone()),
                    state: GroupInvitationState::Open,
                    continues: None,
                    is_ours: true,
                };
                let letter = contact.0[..1].to_owned();
                self.invites(&letter, invitation, super::NOON);
                Update::InvitedIntoGroup
            }
            Call::JoinGroup(chat, message) => {
                let row = self.talk(&chat)?.message(&message)?;
                let invitation = row.invitation.as_mut()?;
                invitation.state = GroupInvitationState::Accepted;
                invitation.group = Some(group_id("2"));
                let name = invitation.name.0.clone();
                self.found("2", &name, GroupStanding::Joining, &[]);
                let group = self.chat(&group_id("2"));
                Update::InvitationAnswered(chat, message, Ok(group))
            }
            Call::DeclineGroup(chat, message) => {
                let row = self.talk(&chat)?.message(&message)?;
                row.invitation.as_mut()?.state = GroupInvitationState::Declined;
                Update::InvitationAnswered(chat, message, Ok(None))
            }
            Call::Members(id) => {
                let members = self.groups.get(&id)?.members.clone();
                Update::Members(id, members)
            }
            Call::SetLevel(id, member, level) => {
                let members = &mut self.groups.get_mut(&id)?.members;
                let found = members.iter_mut().find(|one| one.who.id == member)?;
                found.level = level;
                members.retain(|one| one.level != MemberLevel::None);
                let members = members.clone();
                Update::Members(id, members)
            }
            Call::LeaveGroup(conversation) => {
                let group = self.groups.get_mut(&conversation)?;
                group.members.retain(|one| !one.who.is_me);
                group.stand(GroupStanding::Left);
                Update::Event(Event::Conversation { conversation })
            }
            Call::EraseConversation(conversation) => {
                self.groups.remove(&conversation)?;
                Update::Event(Event::ConversationErased { conversation })
            }
            _ => return None,
        })
    }
}
