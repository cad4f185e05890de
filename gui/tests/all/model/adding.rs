//! Adding a contact.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::screens::groups;
use crate::stage::*;

#[test]
fn an_invitation_for_a_room_stays_on_screen_and_lists_who_has_used_it() {
    let mut stage = groups::members(GroupStanding::Admin);
    stage.does(GroupAction::OpenRoom);
    assert!(stage.app.context.place == Place::Main(Pane::Adding));
    for letter in ["b", "c"] {
        stage.comes_in(letter);
    }
    let shown = stage.app.pages.adding.shown.clone().unwrap();
    let room = shown.room.expect("it is for a room");
    assert_eq!((room.group.as_str(), room.count), ("Walk on Sunday", 2));
    assert_eq!(room.joined.split(", ").count(), 2);
    assert!(!shown.in_person);
    let mut rows = stage.app.pages.adding.invitations.iter();
    assert!(rows.any(|row| row.is_room && row.open));
}

#[test]
fn an_invitation_is_shown_as_a_picture_counts_down_and_is_cancelled() {
    let mut stage = Stage::open(&[]);
    stage.does(Action::ShowAdding);
    stage.act(AddingAction::Invite {
        in_person: true,
        valid_for_s: 120,
    });
    assert!(stage.app.pages.adding.busy);
    stage.answer();
    let shown = stage.app.pages.adding.shown.clone().unwrap();
    assert_eq!((shown.left_min, shown.in_person), (2, true));
    assert_eq!(shown.qr.modules.len(), shown.qr.side * shown.qr.side);
    assert!(
        shown.qr.side >= 21 && shown.qr.modules[0],
        "a corner of a finder is dark"
    );
    stage.does(AddingAction::CopyLink);
    assert!(matches!(stage.done.last(), Some(Effect::Copy(link)) if link.0 == shown.link));
    stage.later(61_000);
    assert_eq!(stage.app.pages.adding.shown.as_ref().unwrap().left_min, 1);
    stage.later(60_000);
    assert!(stage.app.pages.adding.shown.is_none(), "it has expired");

    stage.does(AddingAction::Invite {
        in_person: false,
        valid_for_s: 3_600,
    });
    let open = stage.app.pages.adding.shown.as_ref().unwrap().id.clone();
    stage.does(AddingAction::CancelInvitation(open.clone()));
    assert!(stage.app.pages.adding.shown.is_none());
    let row = stage
        .app
        .pages
        .adding
        .invitations
        .iter()
        .find(|row| row.id == open)
        .unwrap();
    assert!(row.state == InvitationState::Cancelled && !row.open);
}

#[test]
fn a_join_tells_its_progress_and_its_problems() {
    let mut stage = Stage::open(&[]);
    stage.does(Action::ShowAdding);
    stage.does(AddingAction::Pasted("https://example.org".into()));
    stage.does(AddingAction::Join);
    assert!(stage.app.pages.adding.problem == Some(Refusal::BadLink));
    assert_eq!(stage.app.pages.adding.pasted, "https://example.org");
    stage.does(AddingAction::Pasted(" hedgerow:ABC\n".into()));
    assert!(stage.app.pages.adding.problem.is_none());
    stage.does(AddingAction::Join);
    assert_eq!(stage.app.pages.adding.pasted, "");
    let join = stage.app.pages.adding.joining[0].id.clone();
    stage.happens(Event::JoinFailed {
        invitation: join.clone(),
        why: JoinProblem::NoAnswer,
    });
    assert!(stage.app.pages.adding.joining[0].problem == Some(JoinProblem::NoAnswer));
    assert!(!stage.app.pages.adding.joining[0].ended);

    // One that has ended is told of no more by the node.
    let used = InvitationId("00000000000000ee".into());
    stage.happens(Event::JoinFailed {
        invitation: used.clone(),
        why: JoinProblem::Used,
    });
    let row = stage.app.pages.adding.joining.last().unwrap();
    assert!(row.ended && row.problem == Some(JoinProblem::Used));
    stage.does(AddingAction::CancelJoin(used));
    assert_eq!(stage.app.pages.adding.joining.len(), 1);
    assert!(!stage.log.contains(&"CancelJoin".to_owned()));

    stage.meet("a", "Ana");
    stage.node.invitations.clear();
    stage.happens(Event::Joined {
        contact: id("a"),
        invitation: join,
    });
    stage.later(1_000);
    assert!(stage.app.pages.adding.joining.is_empty());
    assert_eq!(stage.app.pages.chats.rows[0].face.name, "Ana");
    // Whoever waited there is in the conversation now.
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
    assert_eq!(stage.thread().face.name, "Ana");
    assert!(stage.app.banner.shown.is_none());
}

#[test]
fn whoever_does_something_else_is_told_of_a_new_contact_and_stays_there() {
    for busy in [false, true] {
        let mut stage = Stage::open(&["Ben"]);
        if busy {
            stage.does(Action::ShowAdding);
            stage.does(AddingAction::Pasted("hedgerow:D".into()));
        } else {
            stage.does(ChatsAction::OpenChat(chat_id("a")));
        }
        let place = stage.app.context.place.clone();
        stage.meet("b", "Ana");
        stage.happens(Event::Met {
            contact: id("b"),
            invitation: InvitationId("00000000000000ee".into()),
        });
        stage.later(1_000);
        assert!(stage.app.context.place == place);
        let told = |stage: &Stage| matches!(&stage.app.banner.shown, Some(Banner::Met { name, .. }) if name == "Ana");
        assert!(told(&stage));
        stage.later(4_000);
        assert!(stage.app.banner.shown.is_none(), "it goes by itself");
    }
}

#[test]
fn a_link_that_is_wrong_is_told_beside_it_and_an_invitation_that_fails_is_not() {
    let mut stage = Stage::open(&[]);
    stage.does(Action::ShowAdding);
    stage.does(AddingAction::Pasted("https://example.org".into()));
    stage.does(AddingAction::Join);
    assert!(stage.app.pages.adding.link_fails);
    stage.act(AddingAction::Invite {
        in_person: false,
        valid_for_s: 3_600,
    });
    assert!(!stage.app.pages.adding.link_fails);
}

#[test]
fn a_link_of_the_desktop_waits_until_the_screen_is_open_and_joins_nothing_by_itself() {
    let mut stage = Stage::new();
    stage.handle(found(Found::Locked));
    stage.does(DoorAction::LinkOpened("hedgerow:ABC".into()));
    assert!(stage.app.context.place == Place::Unlock);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    assert!(stage.app.context.place == Place::Main(Pane::Adding));
    assert_eq!(stage.app.pages.adding.pasted, "hedgerow:ABC");
    assert!(!stage.log.contains(&"Join".to_owned()));
}
