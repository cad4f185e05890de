//! Scanning an invitation by camera.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// On the page, with a camera, which is on.
fn scanning() -> Stage {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::ShowAdding);
    stage.does(Action::Camera(Sight::There(true)));
    stage.does(Action::Scan(true));
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
    stage.does(Action::Camera(Sight::There(false)));
    stage.does(Action::Scan(true));
    assert!(cameras(&stage).is_empty());
    stage.does(Action::Back);
    stage.does(Action::ShowAdding);
    assert_eq!(looked(&stage), 2);
}

#[test]
fn what_is_scanned_is_shown_as_if_it_had_been_pasted_and_joined_only_by_the_user() {
    let mut stage = scanning();
    stage.does(Action::Camera(Sight::OtherCode));
    assert!(stage.app.adding.scanning.other_code);
    let (set, link) = (stage.app.adding.pasted_set, "hedgerow:ABC");
    stage.log.clear();
    stage.does(Action::Camera(Sight::Invitation(Private(link.into()))));
    assert_eq!(stage.app.adding.pasted, link);
    assert_ne!(stage.app.adding.pasted_set, set, "it is shown");
    assert!(!stage.log.contains(&"Join".to_owned()));
    assert_eq!(cameras(&stage), [true, false], "and the camera is free");
    let there = Scanning {
        there: true,
        ..Scanning::default()
    };
    assert_eq!(stage.app.adding.scanning, there);
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
        stage.does(Action::Camera(Sight::Invitation(link)));
        stage
    };
    let mut stage = scanned();
    stage.does(Action::Join);
    assert_eq!(joined_as_scanned(&stage), Some(true));
    // What comes next has not been seen.
    stage.does(Action::Pasted("hedgerow:ABC".into()));
    stage.does(Action::Join);
    assert_eq!(joined_as_scanned(&stage), Some(false));

    let swaps: [fn(&mut Stage); 3] = [
        |stage| stage.does(Action::Pasted("hedgerow:ABD".into())),
        |stage| stage.does(Action::LinkOpened("hedgerow:ABD".into())),
        |stage| {
            stage.does(Action::Pasted("hedgerow:".into()));
            stage.does(Action::Pasted("hedgerow:ABC".into()));
        },
    ];
    for swap in swaps {
        let mut stage = scanned();
        swap(&mut stage);
        stage.does(Action::Join);
        assert_eq!(joined_as_scanned(&stage), Some(false));
    }
}

#[test]
fn whatever_leads_away_from_the_page_lets_go_of_the_camera_and_coming_back_does_not_switch_it_on() {
    let leads: [fn(&mut Stage); 9] = [
        |stage| stage.does(Action::Scan(false)),
        |stage| stage.does(Action::Back),
        |stage| stage.does(Action::OpenChat(id("a"))),
        |stage| stage.does(Action::LockScreen),
        |stage| stage.does(Action::LockNode),
        |stage| stage.later(11 * 60_000),
        |stage| stage.handle(Update::Wiped),
        |stage| stage.handle(Update::Departed(Departed::Lost)),
        |stage| {
            stage.does(Action::Tray(true));
            stage.does(Action::Prefer(Preference::StaysOn(true)));
            stage.does(Action::Close);
        },
    ];
    for (number, lead) in leads.into_iter().enumerate() {
        let mut stage = scanning();
        lead(&mut stage);
        assert_eq!(cameras(&stage), [true, false], "lead {number}");
        // What the camera has still seen, nobody does.
        let late = Sight::Invitation(Private("hedgerow:ABC".into()));
        stage.does(Action::Camera(late));
        assert_eq!(stage.app.adding.pasted, "");
        stage.does(Action::ComeForward);
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
        stage.does(Action::Camera(Sight::Problem(problem)));
        assert_eq!(cameras(&stage), [true, false]);
        assert_eq!(stage.app.adding.scanning.problem, Some(problem));
        assert_eq!(looked(&stage), 2, "whether it is there still");
        stage.does(Action::Scan(true));
        assert_eq!(stage.app.adding.scanning.problem, None);
    }
}

#[test]
fn what_the_camera_tells_keeps_nobody_from_locking() {
    let mut stage = scanning();
    for _ in 0..11 {
        stage.later(60_000);
        stage.does(Action::Camera(Sight::OtherCode));
    }
    assert!(stage.app.place == Place::ScreenLocked);
}
