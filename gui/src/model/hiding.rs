//! The window comes and goes: closed, hidden while the node stays on the air, and asked for again.

use hedgerow_node::api::ContactId;

use super::app::App;
use super::effect::Effect;
use super::place::Place;

impl App {
    /// The window is closed: so is everything, unless the user wants to stay on the air and has a way
    /// back.
    pub(super) fn close(&mut self) {
        if !(self.settings.stays_on && self.tray) {
            return self.quit();
        }
        self.keep_draft();
        self.hidden = true;
        self.focus(false);
        self.out.push(Effect::Hide);
    }

    /// Closes everything.
    pub(super) fn quit(&mut self) {
        self.keep_draft();
        self.out.push(Effect::Quit);
    }

    /// Shows the window, wherever it is.
    pub(super) fn come_forward(&mut self) {
        self.hidden = false;
        self.out.push(Effect::Raise);
    }

    /// There is a tray with our icon, or not any more: whoever has hidden the window has no other way back.
    pub(super) fn hear_tray(&mut self, is_there: bool) {
        self.changed.settings |= self.tray != is_there;
        self.tray = is_there;
        if self.hidden && !is_there {
            self.come_forward();
        }
    }

    /// A notification was clicked: the conversation is shown, after the lock if there is one.
    pub(super) fn open_notified(&mut self, contact: ContactId) {
        match self.place {
            Place::Main(_) => {
                self.dismiss();
                self.open_chat(&contact);
            }
            Place::Unlock | Place::ScreenLocked | Place::Starting => self.reopen = Some(contact),
            Place::Welcome | Place::Wiped | Place::Failed(_) => {}
        }
        self.come_forward();
    }
}
