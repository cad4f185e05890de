//! How the window comes and goes: the user closes it, hides it while the node stays on the air, and calls it back.

use super::calendar::Now;
use super::effect::Effect;
use super::outcome::Outcome;
use super::preferences::Preferences;

/// What happens to the window.
#[derive(Clone)]
pub enum WindowAction {
    /// Whether it is in front.
    Focused(bool),
    /// The user closes it.
    Close,
    /// The user calls it from elsewhere on the desktop.
    ComeForward,
    /// Whether the desktop has a tray with our icon in it.
    Tray(bool),
    /// Whether the system asks for less motion.
    Still(bool),
    /// Close everything, in order.
    Quit,
}

/// Where the window is on the desktop, and when the user last did something.
pub struct Presence {
    /// Whether the desktop has a tray with our icon in it.
    pub tray: bool,
    /// Whether the system asks for less motion.
    pub still: bool,
    /// Whether the window is in front.
    pub(super) focused: bool,
    /// Whether the window is hidden while everything else goes on.
    pub(super) hidden: bool,
    /// When a key or the pointer was last used.
    touched_ms: u64,
}

impl Presence {
    pub(super) fn new(now: Now) -> Self {
        Self {
            tray: false,
            still: false,
            focused: true,
            hidden: false,
            touched_ms: now.monotonic_ms,
        }
    }

    /// What the settings say of the desktop: whether it has a tray, and whether it asks for less motion.
    pub(super) fn desktop(&self) -> (bool, bool) {
        (self.tray, self.still)
    }

    /// The user used a key or the pointer.
    pub(super) fn touch(&mut self, now: Now) {
        self.touched_ms = now.monotonic_ms;
    }

    /// When the screen locks by itself if the user touches nothing.
    pub(super) fn idle_ms(&self, preferences: &Preferences) -> Option<u64> {
        let minutes = preferences.lock_after_min?;
        Some(self.touched_ms + u64::from(minutes) * 60_000)
    }

    pub(super) fn act(&mut self, action: WindowAction, preferences: &Preferences) -> Vec<Outcome> {
        match action {
            WindowAction::Focused(focused) => {
                self.focused = focused;
                let outcomes = [
                    Outcome::Do(Effect::ClearNotifications),
                    Outcome::SeeWhatIsInView,
                ];
                outcomes.into_iter().filter(|_| focused).collect()
            }
            // Hide it only if the user wants to stay on the air and has a way back. Otherwise close everything.
            WindowAction::Close if preferences.stays_on && self.tray => {
                self.hidden = true;
                self.focused = false;
                vec![Outcome::KeepDraft, Outcome::Do(Effect::Hide)]
            }
            WindowAction::Close | WindowAction::Quit => {
                vec![Outcome::KeepDraft, Outcome::Do(Effect::Quit)]
            }
            WindowAction::ComeForward => vec![self.come_forward()],
            WindowAction::Tray(is_there) => {
                self.tray = is_there;
                // Without the tray there is no other way back to a hidden window.
                let come = (self.hidden && !is_there).then(|| self.come_forward());
                come.into_iter().collect()
            }
            WindowAction::Still(still) => {
                self.still = still;
                Vec::new()
            }
        }
    }

    /// Shows the window, and brings it to the front.
    pub(super) fn come_forward(&mut self) -> Outcome {
        self.hidden = false;
        Outcome::Do(Effect::Raise)
    }
}
