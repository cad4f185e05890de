//! Scanning an invitation by camera.

use hedgerow_node::api::Private;

use super::context::Context;
use super::effect::Effect;
use super::outcome::Outcome;
use super::place::Pane;

/// The state of the camera on the page. Its pictures go straight to the window.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scanning {
    /// Whether there is a camera.
    pub there: bool,
    /// Whether it is on.
    pub on: bool,
    /// Whether it sees a code that is no invitation.
    pub other_code: bool,
    /// Why it has stopped.
    pub problem: Option<CameraProblem>,
    /// Whether we have looked for a camera since the page came into view.
    looked: bool,
    /// Whether our last command switched the camera on.
    asked_on: bool,
}

/// Why the camera shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraProblem {
    /// Another program has the camera.
    Busy,
    /// The system does not let us have it.
    Forbidden,
    /// It is gone.
    Gone,
    /// It claims to work, but gives no picture.
    Silent,
    /// It has no format that we read.
    Unsuitable,
}

/// What a person does with the camera, and what the camera reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanningAction {
    /// Switch the camera on or off.
    Scan(bool),
    /// The camera reports something.
    Camera(Sight),
}

/// A report of the camera.
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

impl Scanning {
    /// Handles an action. Gives the invitation, if the camera has read one.
    pub(super) fn act(&mut self, action: ScanningAction) -> Option<Private> {
        match action {
            ScanningAction::Scan(on) => self.switch(on),
            ScanningAction::Camera(Sight::There(there)) => self.there = there,
            // The user switched it off meanwhile.
            ScanningAction::Camera(_) if !self.on => {}
            ScanningAction::Camera(Sight::Invitation(link)) => {
                self.switch(false);
                return Some(link);
            }
            ScanningAction::Camera(Sight::OtherCode) => self.other_code = true,
            ScanningAction::Camera(Sight::Problem(problem)) => {
                self.switch(false);
                self.problem = Some(problem);
                // It may be gone: look again.
                self.looked = false;
            }
        }
        None
    }

    fn switch(&mut self, on: bool) {
        self.on = on && self.there;
        self.other_code = false;
        self.problem = None;
    }

    /// Releases the camera when the user leaves the page with its switch, and looks for a camera when the page comes
    /// into view. True if this switched the camera off.
    pub(super) fn settle(&mut self, context: &Context) -> (bool, Vec<Outcome>) {
        let mut outcomes = Vec::new();
        let in_view = context.shows(Pane::Adding) && !context.presence.hidden;
        let leaves = !in_view && self.on;
        if leaves {
            self.switch(false);
        }
        if in_view && !self.looked {
            outcomes.push(Outcome::Do(Effect::LookForCamera));
        }
        self.looked = in_view;
        if self.asked_on != self.on {
            self.asked_on = self.on;
            outcomes.push(Outcome::Do(Effect::Camera(self.on)));
        }
        (leaves, outcomes)
    }

    /// Forgets what the page shows. The camera itself must still be switched off.
    pub(super) fn forget(&mut self) {
        *self = Self {
            looked: self.looked,
            asked_on: self.asked_on,
            ..Self::default()
        };
    }
}
