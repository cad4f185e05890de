//! Scanning an invitation by camera.

use hedgerow_node::api::Private;

use super::app::App;
use super::effect::Effect;
use super::place::{Pane, Place};

/// The camera, as the page shows it. What it sees is not kept here: the window alone shows that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scanning {
    /// There is a camera.
    pub there: bool,
    /// It is on.
    pub on: bool,
    /// It sees a code that is no invitation.
    pub other_code: bool,
    /// Why it is on no more.
    pub problem: Option<CameraProblem>,
}

/// Why there is nothing to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraProblem {
    /// Another program has the camera.
    Busy,
    /// The system does not let us have it.
    Forbidden,
    /// It is there no more.
    Gone,
    /// It says that it works, and gives no picture.
    Silent,
    /// It speaks no format that we read.
    Unsuitable,
}

/// What the camera tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Whether there is a camera.
    There(bool),
    /// It has read an invitation.
    Invitation(Private),
    /// It has read a code that is no invitation.
    OtherCode,
    /// It has stopped.
    Problem(CameraProblem),
}

/// What was last asked of the camera.
#[derive(Debug, Default)]
pub(super) struct CameraAsked {
    /// Whether there is one, for the page as it is open now.
    looked: bool,
    /// To be on.
    on: bool,
}

impl App {
    /// Switches the camera.
    pub(super) fn scan(&mut self, on: bool) {
        let there = self.adding.scanning.there;
        self.adding.scanning = Scanning {
            there,
            on: on && there,
            ..Scanning::default()
        };
        self.changed.adding = true;
    }

    /// The camera tells something.
    pub(super) fn see_by_camera(&mut self, sight: Sight) {
        let scanning = &mut self.adding.scanning;
        match sight {
            Sight::There(there) => scanning.there = there,
            // It was switched off meanwhile.
            _ if !scanning.on => return,
            Sight::Invitation(link) => {
                self.scan(false);
                self.take_scanned(link.0);
            }
            Sight::OtherCode => scanning.other_code = true,
            Sight::Problem(problem) => {
                scanning.on = false;
                scanning.other_code = false;
                scanning.problem = Some(problem);
                // It may be there no more.
                self.camera.looked = false;
            }
        }
        self.changed.adding = true;
    }

    /// The camera is on only while the page is in view that has the switch; whatever leads away lets go of it.
    pub(super) fn mind_camera(&mut self) {
        let in_view = self.place == Place::Main(Pane::Adding) && !self.hidden;
        if !in_view && self.adding.scanning.on {
            self.scan(false);
        }
        if in_view && !self.camera.looked {
            self.out.push(Effect::LookForCamera);
        }
        self.camera.looked = in_view;
        let on = self.adding.scanning.on;
        if self.camera.on != on {
            self.camera.on = on;
            self.out.push(Effect::Camera(on));
        }
    }
}
