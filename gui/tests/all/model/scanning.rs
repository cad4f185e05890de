//! Scanning an invitation by camera.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// On the page, with a camera, which is on.
fn scanning() -> Stage {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::ShowAdding);
    stage.does(ScanningAction::Camera(Sight::There(true)));
    stage.does(ScanningAction::Scan(true));
    assert_eq!(cameras(&stage), [true]);
    stage
}

/// How the camera was switched.
fn cameras(stage: &Stage) -> Vec<bool> {
    let switched = stage.done.iter().filter_map(|effect| match effect {
        Effect::Camera(on) => Some(*on),
        _ => None,
    });
    switched.collect()
}

fn looked(stage: &Stage) -> usize {
    let is_look = |effect: &&Effect| matches!(effect, Effect::LookForCamera);
    stage.done.iter().filter(is_look).count()
}

#[test]
fn a_camera_is_looked_for_when_the_page_opens_and_cannot_be_switched_on_where_there_is_none() {
    let mut stage = Stage::open(&["Ana"]);
    assert_eq!(looked(&stage), 0);
    stage.does(Action::ShowAdding);
    stage.later(1_000);
    assert_eq!(looked(&stage), 1);
    stage.does(ScanningAction::Camera(Sight::There(false)));
    stage.does(ScanningAction::Scan(true));
    assert!(cameras(&stage).is_empty());
    stage.does(Action::Back);
    stage.does(Action::ShowAdding);
    assert_eq!(looked(&stage), 2);
}

#[test]
fn what_is_scanned_is_shown_as_if_it_had_been_pasted_and_joined_only_by_the_user() {
    let mut stage = scanning();
    stage.does(ScanningAction::Camera(Sight::OtherCode));
    assert!(stage.app.pages.adding.scanning.other_code);
    let (set, link) = (stage.app.pages.adding.pasted_set, "hedgerow:ABC");
    stage.log.clear();
    stage.does(ScanningAction::Camera(Sight::Invitation(Private(
        link.into(),
    ))));
    assert_eq!(stage.app.pages.adding.pasted, link);
    assert_ne!(stage.app.pages.adding.pasted_set, set, "it is shown");
    assert!(!stage.log.contains(&"Join".to_owned()));
    assert_eq!(cameras(&stage), [true, false], "and the camera is free");
    let scanning = &stage.app.pages.adding.scanning;
    assert!(scanning.there && !scanning.on && !scanning.other_code);
    assert_eq!(scanning.problem, None);
}

/// Whether the node was told that our camera had read what was joined last.
fn joined_as_scanned(stage: &Stage) -> Option<bool> {
    let joined = stage.node.invitations.last();
    joined.map(|invitation| invitation.in_person)
}

#[test]
fn only_what_the_camera_has_read_and_nobody_has_changed_is_joined_as_scanned() {
    let scanned = || {
        let mut stage = scanning();
        let link = Private("hedgerow:ABC".into());
        stage.does(ScanningAction::Camera(Sight::Invitation(link)));
        stage
    };
    let mut stage = scanned();
    stage.does(AddingAction::Join);
    assert_eq!(joined_as_scanned(&stage), Some(true));
    // What comes next has not been seen.
    stage.does(AddingAction::Pasted("hedgerow:ABC".into()));
    stage.does(AddingAction::Join);
    assert_eq!(joined_as_scanned(&stage), Some(false));

    let swaps: [fn(&mut Stage); 3] = [
        |stage| stage.does(AddingAction::Pasted("hedgerow:ABD".into())),
        |stage| stage.does(DoorAction::LinkOpened("hedgerow:ABD".into())),
        |stage| {
            stage.does(AddingAction::Pasted("hedgerow:".into()));
            stage.does(AddingAction::Pasted("hedgerow:ABC".into()));
        },
    ];
    for swap in swaps {
        let mut stage = scanned();
        swap(&mut stage);
        stage.does(AddingAction::Join);
        assert_eq!(joined_as_scanned(&stage), Some(false));
    }
}

#[test]
fn whatever_leads_away_from_the_page_lets_go_of_the_camera_and_coming_back_does_not_switch_it_on() {
    let leads: [fn(&mut Stage); 9] = [
        |stage| stage.does(ScanningAction::Scan(false)),
        |stage| stage.does(Action::Back),
        |stage| stage.does(ChatsAction::OpenChat(chat_id("a"))),
        |stage| stage.does(DoorAction::LockScreen),
        |stage| stage.does(DoorAction::LockNode),
        |stage| stage.later(11 * 60_000),
        |stage| stage.handle(Update::Wiped),
        |stage| stage.handle(Update::Departed(Departed::Lost)),
        |stage| {
            stage.does(WindowAction::Tray(true));
            stage.does(Action::Prefer(Preference::StaysOn(true)));
            stage.does(WindowAction::Close);
        },
    ];
    for (number, lead) in leads.into_iter().enumerate() {
        let mut stage = scanning();
        lead(&mut stage);
        assert_eq!(cameras(&stage), [true, false], "lead {number}");
        // What the camera has still seen, nobody does.
        let late = Sight::Invitation(Private("hedgerow:ABC".into()));
        stage.does(ScanningAction::Camera(late));
        assert_eq!(stage.app.pages.adding.pasted, "");
        stage.does(WindowAction::ComeForward);
        stage.does(Action::ShowAdding);
        assert_eq!(cameras(&stage), [true, false], "lead {number}");
    }
}

#[test]
fn why_the_camera_shows_nothing_is_said_until_it_is_tried_again() {
    for problem in [
        CameraProblem::Busy,
        CameraProblem::Forbidden,
        CameraProblem::Gone,
        CameraProblem::Silent,
        CameraProblem::Unsuitable,
    ] {
        let mut stage = scanning();
        stage.does(ScanningAction::Camera(Sight::Problem(problem)));
        assert_eq!(cameras(&stage), [true, false]);
        assert_eq!(stage.app.pages.adding.scanning.problem, Some(problem));
        assert_eq!(looked(&stage), 2, "whether it is there still");
        stage.does(ScanningAction::Scan(true));
        assert_eq!(stage.app.pages.adding.scanning.problem, None);
    }
}

#[test]
fn what_the_camera_tells_keeps_nobody_from_locking() {
    let mut stage = scanning();
    for _ in 0..11 {
        stage.later(60_000);
        stage.does(ScanningAction::Camera(Sight::OtherCode));
    }
    assert!(stage.app.context.place == Place::ScreenLocked);
}
