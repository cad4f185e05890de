//! Invitations into groups, in the messages that they are.

use hedgerow_node::api::GroupInvitationState;
use slint::ComponentHandle;

use super::{Act, conversation, message};
use crate::model::{ChatsAction, GroupAnswer, Invited, ThreadAction};
use crate::ui::{self, AppWindow, InvitedCard, InvitedView, MembershipView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<InvitedView>();
    let say = act.clone();
    view.on_accept(move |id| answer(&say, id, GroupAnswer::Accept));
    let say = act.clone();
    view.on_decline(move |id| answer(&say, id, GroupAnswer::Decline));
    let say = act.clone();
    view.on_open(move |id| say.act(ThreadAction::OpenGroup(message(id))));
    let view = ui.global::<MembershipView>();
    let say = act.clone();
    view.on_open(move |id| say.act(ChatsAction::OpenChat(conversation(id))));
}

fn answer(act: &Act, id: slint::SharedString, answer: GroupAnswer) {
    let id = message(id);
    act.act(ThreadAction::AnswerInvitation { id, answer });
}

/// An invitation as the interface shows it.
pub fn card(invited: &Invited) -> InvitedCard {
    InvitedCard {
        there: true,
        name: invited.name.as_str().into(),
        people: i32::try_from(invited.people).unwrap_or(i32::MAX),
        state: match invited.state {
            GroupInvitationState::Open => ui::InvitedState::Open,
            GroupInvitationState::Accepted => ui::InvitedState::Accepted,
            GroupInvitationState::Joined => ui::InvitedState::Joined,
            GroupInvitationState::Declined => ui::InvitedState::Declined,
            GroupInvitationState::Withdrawn => ui::InvitedState::Withdrawn,
        },
        continues: invited.continues.as_str().into(),
        without: invited.without.as_str().into(),
        ours: invited.is_ours,
        accepts: invited.accepts,
        declines: invited.declines,
        opens: invited.opens,
        accepting: invited.answering == Some(GroupAnswer::Accept),
        declining: invited.answering == Some(GroupAnswer::Decline),
    }
}
