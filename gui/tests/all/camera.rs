//! The camera of the machine, through the kernel: `camera-lab.sh` starts a guest with a kernel's own stand-in for one.
#![cfg(target_os = "linux")]

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use hedgerow_gui::desktop::{Camera, Frames, Seen, is_camera_there, open_camera};
use hedgerow_gui::model::CameraProblem;

const SOON: Duration = Duration::from_secs(60);

/// Looks with the camera; hears what is seen.
fn look(camera: &Camera) -> Receiver<Seen> {
    let (tell, told) = mpsc::channel();
    let tell = move |seen| drop(tell.send(seen));
    camera.look(open_camera, tell).expect("a thread");
    told
}

fn sees(told: &Receiver<Seen>) {
    let seen = told.recv_timeout(SOON);
    assert!(matches!(seen, Ok(Seen::Picture(_))), "{seen:?}");
}

#[test]
#[ignore = "needs a camera that can be pulled out: camera-lab.sh"]
fn a_camera_is_had_by_one_let_go_of_and_pulled_out() {
    assert!(is_camera_there());
    let mut video = open_camera().expect("a camera");
    for _ in 0..5 {
        let frame = video.next(SOON).expect("it works").expect("a frame");
        assert_eq!(frame.dimensions(), (1_280, 720));
        let (least, most) = (frame.iter().min(), frame.iter().max());
        assert!(least < Some(&60) && most > Some(&150), "a test picture");
    }
    assert_eq!(open_camera().err(), Some(CameraProblem::Busy));
    drop(video);

    let camera = Camera::default();
    for _ in 0..2 {
        let told = look(&camera);
        sees(&told);
        camera.let_go();
        let rest: Vec<_> = told.iter().collect();
        let is_picture = |seen: &Seen| matches!(seen, Seen::Picture(_));
        assert!(rest.iter().all(is_picture), "{rest:?}");
        drop(open_camera().expect("nobody has it"));
    }

    let told = look(&camera);
    sees(&told);
    std::fs::write("/sys/bus/platform/drivers/vivid/unbind", "vivid.0").expect("it is pulled out");
    let last = told.iter().last();
    assert_eq!(last, Some(Seen::Problem(CameraProblem::Gone)));
    assert!(!is_camera_there());
    assert_eq!(open_camera().err(), Some(CameraProblem::Gone));
}

#[test]
#[ignore = "needs a camera that this user may not have: camera-lab.sh"]
fn a_camera_that_may_not_be_used_says_so() {
    assert!(is_camera_there());
    assert_eq!(open_camera().err(), Some(CameraProblem::Forbidden));
}
