//! Invitations into groups, as they stand in a chat, and what is answered to them.

use std::collections::BTreeMap;

use hedgerow_node::api::{
    Call, ConversationId, GroupInvitation, GroupInvitationState, Message, MessageId, visible,
};

use super::context::Context;
use super::member::names;
use super::outcome::Outcome;
use super::thread::Thread;

/// An invitation into a group, on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// What the group is called, as the inviter says.
    pub name: String,
    /// How many were in, as the inviter says.
    pub people: u32,
    /// The group here that it continues; empty if none.
    pub continues: String,
    /// Who of that is left out, as the inviter says.
    pub without: String,
    /// How far it has come.
    pub state: GroupInvitationState,
    /// We invited.
    pub is_ours: bool,
    /// It can be accepted.
    pub accepts: bool,
    /// It can be declined.
    pub declines: bool,
    /// The group can be opened.
    pub opens: bool,
    /// Our answer is under way.
    pub answering: Option<GroupAnswer>,
}

/// What is answered to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupAnswer {
    /// It is accepted.
    Accept,
    /// It is declined.
    Decline,
}

/// The answers of ours that are under way in a conversation.
#[derive(Default)]
pub(crate) struct Answers {
    under_way: BTreeMap<MessageId, GroupAnswer>,
    /// Something can be written there.
    pub may_write: bool,
}

impl Invited {
    /// The invitation that a message is, if it is one.
    pub(super) fn of(message: &Message, answers: &Answers) -> Option<Self> {
        let invitation = message.invitation.as_ref()?;
        let is_theirs = !invitation.is_ours && answers.may_write;
        let is_open = invitation.state == GroupInvitationState::Open;
        // Who has declined may think better of it.
        let accepts = is_theirs && (is_open || invitation.state == GroupInvitationState::Declined);
        let continues = invitation.continues.as_ref();
        let answering = answers.under_way.get(&message.id).copied();
        Some(Self {
            name: name(invitation),
            people: invitation.people,
            continues: continues.map_or_else(String::new, |one| visible::name(&one.name.0)),
            without: names(continues.map_or(&[][..], |one| &one.without)),
            state: invitation.state,
            is_ours: invitation.is_ours,
            accepts,
            declines: is_theirs && is_open,
            opens: group(invitation).is_some(),
            answering: answering.filter(|answer| match answer {
                GroupAnswer::Accept => accepts,
                GroupAnswer::Decline => is_open,
            }),
        })
    }
}

/// What the group of an invitation is called.
pub(super) fn name(invitation: &GroupInvitation) -> String {
    visible::label(&invitation.name.0).unwrap_or_default()
}

/// The group of an invitation of somebody else that has led into it.
fn group(invitation: &GroupInvitation) -> Option<&ConversationId> {
    let has_led = !invitation.is_ours && invitation.state == GroupInvitationState::Joined;
    invitation.group.as_ref().filter(|_| has_led)
}

/// Invitations in the open conversation.
impl Thread {
    /// Answers an invitation.
    pub(super) fn answer_invitation(
        &mut self,
        id: MessageId,
        answer: GroupAnswer,
        context: &Context,
    ) -> Option<Outcome> {
        let found = Invited::of(&self.window.find(&id)?.message, &self.answers)?;
        let is_possible = match answer {
            GroupAnswer::Accept => found.accepts,
            GroupAnswer::Decline => found.declines,
        };
        if !is_possible || found.answering.is_some() {
            return None;
        }
        self.answers.under_way.insert(id.clone(), answer);
        self.draw_rows(context);
        let chat = self.id.clone();
        Some(Outcome::ask(match answer {
            GroupAnswer::Accept => Call::JoinGroup(chat, id),
            GroupAnswer::Decline => Call::DeclineGroup(chat, id),
        }))
    }

    /// The node has taken an answer, or refused it.
    pub(super) fn invitation_answered(&mut self, id: MessageId, taken: bool, context: &Context) {
        if taken {
            // The answer stays under way until the message shows it.
            self.message_changed(id);
        } else if self.answers.under_way.remove(&id).is_some() {
            self.draw_rows(context);
        }
    }

    /// Opens the group into which an invitation has led.
    pub(super) fn open_group(&self, id: &MessageId) -> Option<Outcome> {
        let invitation = self.window.find(id)?.message.invitation.as_ref()?;
        group(invitation).cloned().map(Outcome::OpenChat)
    }

    /// Who is in a group has changed: invitations may have led there.
    pub(super) fn look_at_invitations(&mut self) {
        let waits = |message: &&Message| {
            let invitation = message.invitation.as_ref();
            invitation.is_some_and(|one| one.state != GroupInvitationState::Joined)
        };
        let loaded = self.window.iter().map(|one| &one.message);
        let waiting: Vec<_> = loaded.filter(waits).map(|one| one.id.clone()).collect();
        for id in waiting {
            self.message_changed(id);
        }
    }
}
