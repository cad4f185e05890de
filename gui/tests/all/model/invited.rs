//! Invitations into groups, in a chat.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::groups::{group_id, member};
use crate::stage::*;

fn invitation(is_ours: bool, state: GroupInvitationState) -> GroupInvitation {
    GroupInvitation {
        name: Private("Walk on Sunday".into()),
        people: 3,
        group: is_ours.then(|| group_id("2")),
        state,
        continues: None,
        is_ours,
    }
}

/// In the chat with Ana, where this invitation is.
fn invited(is_ours: bool, state: GroupInvitationState) -> (Stage, MessageId) {
    let mut stage = Stage::open(&["Ana"]);
    let id = stage.node.invites("a", invitation(is_ours, state), NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    (stage, id)
}

fn shown(stage: &Stage) -> Invited {
    let mut rows = stage.thread().rows.iter();
    let found = rows.find_map(|row| match &row.kind {
        RowKind::Message(message) => message.invited.as_deref().cloned(),
        _ => None,
    });
    found.expect("an invitation is shown")
}

fn is_join(request: &Request) -> bool {
    matches!(request, Request::Call(Call::JoinGroup(..)))
}

fn accept(id: &MessageId) -> ThreadAction {
    let (id, answer) = (id.clone(), GroupAnswer::Accept);
    ThreadAction::AnswerInvitation { id, answer }
}

#[test]
fn an_invitation_is_accepted_and_waits_for_the_inviter() {
    let (mut stage, id) = invited(false, GroupInvitationState::Open);
    let before = shown(&stage);
    assert_eq!((before.name.as_str(), before.people), ("Walk on Sunday", 3));
    assert!(before.accepts && before.declines && !before.opens);
    stage.act(accept(&id));
    assert_eq!(shown(&stage).answering, Some(GroupAnswer::Accept));
    stage.act(accept(&id));
    assert_eq!(stage.asked.iter().filter(|one| is_join(one)).count(), 1);
    stage.later(1_000);
    let after = shown(&stage);
    assert_eq!(after.state, GroupInvitationState::Accepted);
    assert!(!after.accepts && !after.declines && !after.opens && after.answering.is_none());
    let mut rows = stage.app.pages.chats.rows.iter();
    assert!(
        rows.any(|row| row.id == group_id("2")),
        "the group is in the list"
    );
}

#[test]
fn an_invitation_that_has_led_into_the_group_opens_it() {
    let (mut stage, id) = invited(false, GroupInvitationState::Open);
    stage.does(accept(&id));
    stage.does(ThreadAction::OpenGroup(id.clone()));
    assert_eq!(stage.thread().id, chat_id("a"), "not yet in");
    let row = stage.talk("a").message(&id).expect("it was added");
    row.invitation.as_mut().expect("one").state = GroupInvitationState::Joined;
    stage.happens(Event::Membership {
        conversation: group_id("2"),
        member: MemberId("fe".repeat(8)),
        level: MemberLevel::Member,
        by: None,
    });
    stage.later(1_000);
    assert!(shown(&stage).opens);
    stage.does(ThreadAction::OpenGroup(id));
    assert_eq!(stage.thread().id, group_id("2"));
}

#[test]
fn who_has_declined_may_think_better_of_it() {
    let (mut stage, id) = invited(false, GroupInvitationState::Open);
    let answer = GroupAnswer::Decline;
    stage.does(ThreadAction::AnswerInvitation {
        id: id.clone(),
        answer,
    });
    stage.later(1_000);
    let declined = shown(&stage);
    assert_eq!(declined.state, GroupInvitationState::Declined);
    assert!(declined.accepts && !declined.declines && declined.answering.is_none());
    stage.does(accept(&id));
    stage.later(1_000);
    assert_eq!(shown(&stage).state, GroupInvitationState::Accepted);
}

#[test]
fn a_refused_answer_can_be_given_again() {
    let (mut stage, id) = invited(false, GroupInvitationState::Open);
    stage.act(accept(&id));
    stage.asked.clear();
    let refused = Err(Refusal::BadInvitation);
    stage.handle(Update::InvitationAnswered(
        chat_id("a"),
        id.clone(),
        refused,
    ));
    assert!(shown(&stage).answering.is_none() && shown(&stage).accepts);
    let told = Some(Banner::Refused(Refusal::BadInvitation));
    assert!(stage.app.banner.shown == told);
}

#[test]
fn an_invitation_of_ours_shows_its_state_and_offers_nothing() {
    for state in [
        GroupInvitationState::Open,
        GroupInvitationState::Accepted,
        GroupInvitationState::Joined,
        GroupInvitationState::Declined,
    ] {
        let (mut stage, id) = invited(true, state);
        let ours = shown(&stage);
        assert!(ours.is_ours && ours.state == state);
        assert!(!ours.accepts && !ours.declines && !ours.opens);
        stage.act(accept(&id));
        assert!(!stage.asked.iter().any(is_join));
    }
}

#[test]
fn nothing_is_answered_to_a_blocked_contact() {
    let (mut stage, _) = invited(false, GroupInvitationState::Open);
    stage.talk("a").contact.blocked = true;
    stage.happens(Event::Contact { contact: id("a") });
    stage.later(1_000);
    assert!(!shown(&stage).accepts && !shown(&stage).declines);
}

#[test]
fn the_list_names_the_group_of_an_invitation() {
    let (stage, _) = invited(false, GroupInvitationState::Open);
    let last = stage.row("a").last.as_ref().expect("a message");
    assert_eq!(last.invites_into.as_deref(), Some("Walk on Sunday"));
}

#[test]
fn an_invitation_says_what_it_continues_and_without_whom() {
    let (stage, _) = invited(false, GroupInvitationState::Open);
    assert!(shown(&stage).continues.is_empty());
    let mut stage = Stage::open(&["Ana"]);
    let mut continuing = invitation(false, GroupInvitationState::Open);
    let cem = member("c", "Cem", MemberLevel::Admin, NamedBy::Themselves);
    continuing.continues = Some(ContinuedGroup {
        group: group_id("1"),
        name: Private("Riverside".into()),
        without: vec![cem.who],
    });
    stage.node.invites("a", continuing, NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let said = shown(&stage);
    assert_eq!(
        (said.continues.as_str(), said.without.as_str()),
        ("Riverside", "Cem")
    );
}
