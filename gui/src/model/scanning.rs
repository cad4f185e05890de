//! Scanning an invitation by camera.

use hedgerow_node::api::Private;

use super::context::Context;
use super::effect::Effect;
use super::outcome::Outcome;
use super::place::Pane;

/// The camera, as the page shows it. What it sees is not kept here: the window alone shows that.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scanning {
    /// There is a camera.
    pub there: bool,
    /// It is on.
    pub on: bool,
    /// It sees a code that is no invitation.
    pub other_code: bool,
    /// Why it is on no more.
    pub problem: Option<CameraProblem>,
    /// Whether there is a camera was asked since the page came into view.
    looked: bool,
    /// The camera was last asked to be on.
    asked_on: bool,
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

/// What a person does with the camera, and what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanningAction {
    /// Switch the camera.
    Scan(bool),
    /// The camera tells something.
    Camera(Sight),
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

impl Scanning {
    /// What was read by the camera, if it is an invitation.
    pub(super) fn act(&mut self, action: ScanningAction) -> Option<Private> {
        match action {
            ScanningAction::Scan(on) => self.switch(on),
            ScanningAction::Camera(Sight::There(there)) => self.there = there,
            // It was switched off meanwhile.
            ScanningAction::Camera(_) if !self.on => {}
            ScanningAction::Camera(Sight::Invitation(link)) => {
                self.switch(false);
                return Some(link);
            }
            ScanningAction::Camera(Sight::OtherCode) => self.other_code = true,
            ScanningAction::Camera(Sight::Problem(problem)) => {
                self.switch(false);
                self.problem = Some(problem);
                // It may be there no more.
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

    /// The camera is on only while the page is in view that has the switch; leaving it lets go of the camera. Says
    /// whether it was switched off.
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

    /// Forgets what the page shows: the camera itself is still to be switched off.
    pub(super) fn forget(&mut self) {
        *self = Self {
            looked: self.looked,
            asked_on: self.asked_on,
            ..Self::default()
        };
    }
}
