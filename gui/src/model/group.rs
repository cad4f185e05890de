//! The page of a group: who is in, and how one invites, leaves and erases it.

use std::mem::take;

use hedgerow_node::api::{
    Call, ContactId, ConversationId, GroupStanding, Member, MemberId, NewInvitation,
};

use super::choosing::Choosing;
use super::context::Context;
use super::dialog::Dialog;
use super::face::Face;
use super::member::{MemberAsked, MemberRow};
use super::objecting::Objecting;
use super::outcome::Outcome;
use super::place::Pane;
use super::restarting::Restarting;

/// How long an invitation for a room is valid, in seconds: for a meeting and what is said after it.
const ROOM_S: u64 = 4 * 3_600;

/// What a person does on the page of a group.
#[derive(Clone)]
pub enum GroupAction {
    /// Show the page of this group.
    Show(ConversationId),
    /// Show what can be done with a member.
    Member(MemberId),
    /// Ask whom to invite.
    Invite,
    /// Make an invitation for everybody in a room.
    OpenRoom,
    /// Ask whether to object to being suspended.
    Object,
    /// Ask whom to leave out when it starts again.
    Restart,
    /// Ask whether to leave.
    Leave,
    /// Ask whether to erase what is left of it.
    Erase,
}

/// The page, which may be open.
#[derive(Default)]
pub struct GroupPage {
    /// What the page shows, if it is open.
    pub open: Option<Group>,
    changed: bool,
}

/// What the page shows.
#[derive(Clone)]
pub struct Group {
    /// The group.
    pub id: ConversationId,
    /// Its name and picture, and how we stand in it.
    pub face: Face,
    /// Everybody who is in, or suspended; empty until the node has said so.
    pub members: Vec<MemberRow>,
    /// Who is in, once the node has said so.
    told: Option<Vec<Member>>,
}

/// Whom to invite into a group.
#[derive(Clone)]
pub struct Inviting {
    /// The group.
    pub group: ConversationId,
    /// What it is called.
    pub name: String,
    /// The contacts.
    pub choosing: Choosing,
}

/// What is asked before a group is left or erased.
#[derive(Clone, PartialEq, Eq)]
pub struct Leaving {
    /// The group.
    pub group: ConversationId,
    /// What it is called.
    pub name: String,
    /// We are still in.
    pub leaves: bool,
    /// What was written there goes from this device.
    pub erases: bool,
}

impl GroupPage {
    /// Which group it shows.
    pub(super) fn id(&self) -> Option<&ConversationId> {
        self.open.as_ref().map(|group| &group.id)
    }

    pub(super) fn act(&mut self, action: GroupAction, context: &Context) -> Vec<Outcome> {
        if let GroupAction::Show(id) = action {
            return self.show(id, context);
        }
        let Some(group) = &self.open else {
            return Vec::new();
        };
        let dialog = match action {
            GroupAction::Show(_) => None,
            GroupAction::Member(id) => group.member(&id).map(Dialog::Member),
            GroupAction::Invite => group
                .is_led_by_us()
                .then(|| Dialog::Invite(group.inviting(context))),
            GroupAction::OpenRoom => return group.open_room(),
            GroupAction::Object => group
                .suspended_by()
                .map(|_| Dialog::Object(Objecting::new(group.id.clone()))),
            GroupAction::Restart => group.restarting(context).map(Dialog::Restart),
            GroupAction::Leave => group.leaving(true).map(Dialog::LeaveGroup),
            GroupAction::Erase => group.leaving(false).map(Dialog::LeaveGroup),
        };
        dialog.map(Outcome::Show).into_iter().collect()
    }

    /// Shows the page of a group.
    fn show(&mut self, id: ConversationId, context: &Context) -> Vec<Outcome> {
        let Some(face) = face(&id, context) else {
            return Vec::new();
        };
        self.open = Some(Group {
            id: id.clone(),
            face,
            members: Vec::new(),
            told: None,
        });
        self.changed = true;
        vec![Outcome::ask(Call::Members(id)), Outcome::Go(Pane::Group)]
    }

    /// Who is in a group may have changed.
    pub(super) fn look(&self, id: &ConversationId) -> Option<Outcome> {
        let is_open = self.id() == Some(id);
        is_open.then(|| Outcome::ask(Call::Members(id.clone())))
    }

    /// Takes over who is in.
    pub(super) fn know(&mut self, id: &ConversationId, members: Vec<Member>) {
        if let Some(group) = self.open.as_mut().filter(|group| group.id == *id) {
            group.told = Some(members);
            group.draw();
            self.changed = true;
        }
    }

    /// Takes over what is known of the group.
    pub(super) fn draw(&mut self, context: &Context) {
        if let Some(group) = &mut self.open
            && let Some(face) = face(&group.id, context)
        {
            group.face = face;
            group.draw();
            self.changed = true;
        }
    }

    pub(super) fn close(&mut self) {
        self.changed |= self.open.take().is_some();
    }

    /// Closes the page if it is about this group.
    pub(super) fn drop_chat(&mut self, id: &ConversationId) {
        if self.id() == Some(id) {
            self.close();
        }
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}

/// The face of a conversation that is a group.
fn face(id: &ConversationId, context: &Context) -> Option<Face> {
    let known = context.conversations.get(id)?;
    let face = Face::of_conversation(&known.conversation, context);
    face.group.is_some().then_some(face)
}

impl Group {
    /// How we stand in it.
    pub fn standing(&self) -> GroupStanding {
        let state = self.face.group;
        state.map_or(GroupStanding::Left, |state| state.standing)
    }

    /// Whether the node has said who is in.
    pub fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// The names of those who have suspended us.
    pub fn suspended_by(&self) -> Option<&str> {
        let mut members = self.members.iter();
        let us = members.find(|one| one.is_me && one.suspended);
        us.map(|us| us.suspended_by.as_str())
    }

    fn is_led_by_us(&self) -> bool {
        self.standing() == GroupStanding::Admin
    }

    fn draw(&mut self) {
        let standing = self.standing();
        let told = self.told.as_deref().unwrap_or_default();
        let rows = told.iter().map(|one| MemberRow::of(one, told, standing));
        self.members = rows.collect();
    }

    fn member(&self, id: &MemberId) -> Option<MemberAsked> {
        let member = self.members.iter().find(|one| one.id == *id)?;
        Some(MemberAsked {
            group: self.id.clone(),
            member: member.clone(),
        })
    }

    fn inviting(&self, context: &Context) -> Inviting {
        let is_in = |one: &&MemberRow| !one.suspended;
        let members = self.members.iter().filter(is_in);
        let mut choosing = Choosing {
            except: members.filter_map(|one| one.contact.clone()).collect(),
            ..Choosing::default()
        };
        choosing.draw(context);
        Inviting {
            group: self.id.clone(),
            name: self.face.name.clone(),
            choosing,
        }
    }

    /// Makes an invitation for a room, and goes where it will be shown.
    fn open_room(&self) -> Vec<Outcome> {
        if !self.is_led_by_us() {
            return Vec::new();
        }
        let room = NewInvitation {
            valid_for_s: ROOM_S,
            in_person: false,
            group: Some(self.id.clone()),
        };
        vec![Outcome::ask(Call::Invite(room)), Outcome::Go(Pane::Adding)]
    }

    /// Whether we can start it again: we were in, and have not left.
    pub fn restarts(&self) -> bool {
        matches!(
            self.standing(),
            GroupStanding::Member
                | GroupStanding::Admin
                | GroupStanding::Suspended
                | GroupStanding::Removed
        )
    }

    /// Whom to leave out.
    fn restarting(&self, context: &Context) -> Option<Restarting> {
        let (id, name) = (self.id.clone(), self.face.name.clone());
        let may = self.restarts() && self.is_told();
        may.then(|| Restarting::new(id, name, &self.members, context))
    }

    /// What is asked before it is left or, where we are not in, erased.
    fn leaving(&self, leaves: bool) -> Option<Leaving> {
        let is_out = self.standing().is_over();
        (leaves != is_out).then(|| Leaving {
            group: self.id.clone(),
            name: self.face.name.clone(),
            leaves,
            erases: is_out,
        })
    }
}

impl Inviting {
    /// Invites the chosen ones, if there are any.
    pub(super) fn invite(self) -> Vec<Outcome> {
        if self.choosing.chosen.is_empty() {
            return vec![Outcome::Show(Dialog::Invite(self))];
        }
        let invite = |contact: ContactId| Call::InviteToGroup(self.group.clone(), contact);
        let calls = self.choosing.chosen.iter().cloned().map(invite);
        calls.map(Outcome::ask).collect()
    }
}

impl Leaving {
    /// Leaves the group, erases it, or both.
    pub(super) fn agreed(self) -> Vec<Outcome> {
        let leave = Call::LeaveGroup(self.group.clone());
        let mut outcomes: Vec<_> = self
            .leaves
            .then(|| Outcome::ask(leave))
            .into_iter()
            .collect();
        if self.erases {
            // What the user typed must not outlive it.
            outcomes.push(Outcome::DropChat(self.group.clone()));
            outcomes.push(Outcome::ask(Call::EraseConversation(self.group)));
        }
        outcomes
    }
}
