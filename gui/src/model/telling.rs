//! What the user is told: what was refused, the line above everything, notifications.

use hedgerow_node::api::{ContactId, Refusal};

use super::app::App;
use super::dialog::{Banner, Dialog};
use super::effect::{Effect, Notification};
use super::place::Place;
use super::update::Found;

/// While the screen is locked, this often is told that something has come.
const NOTIFY_EVERY_MS: u64 = 10_000;

impl App {
    /// What was asked was not done.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        self.overview.outstanding = false;
        self.taking_over = false;
        if let Some(Dialog::Wipe { busy: true }) = self.dialog {
            self.dialog = None;
            self.changed.dialog = true;
        }
        if !self.refused_by_state(&refusal) {
            self.tell(Banner::Refused(refusal));
        }
    }

    /// What was asked was not done for a reason that concerns everything. Says whether that is so.
    pub(super) fn refused_by_state(&mut self, refusal: &Refusal) -> bool {
        match refusal {
            Refusal::Locked => {
                if self.is_inside() {
                    self.stand_before(Found::Locked);
                }
                true
            }
            Refusal::Storage { fault } => {
                self.tell(Banner::Storage(*fault));
                true
            }
            // What becomes of it is told by itself.
            Refusal::Stopping | Refusal::Unreachable | Refusal::NotAuthorised => true,
            _ => false,
        }
    }

    pub(super) fn store_works(&mut self) {
        if matches!(self.banner, Some(Banner::Storage(_))) {
            self.dismiss_banner();
        }
    }

    /// Tells something in the line above everything.
    pub(super) fn tell(&mut self, banner: Banner) {
        // A failing store is what the user must know first.
        let is_hidden = matches!(self.banner, Some(Banner::Storage(_)))
            && !matches!(banner, Banner::Storage(_));
        if !is_hidden && self.banner.as_ref() != Some(&banner) {
            self.banner_until_ms = banner.lasts_ms().map(|lasts| self.now.monotonic_ms + lasts);
            self.banner = Some(banner);
            self.changed.banner = true;
        }
    }

    pub(super) fn dismiss_banner(&mut self) {
        self.banner_until_ms = None;
        self.changed.banner |= self.banner.take().is_some();
    }

    /// Asks the user something.
    pub(super) fn ask_user(&mut self, dialog: Dialog) {
        self.dialog = Some(dialog);
        self.changed.dialog = true;
    }

    pub(super) fn notify_without_names(&mut self, contact: ContactId) {
        let now_ms = self.now.monotonic_ms;
        let is_due = self
            .notified_ms
            .is_none_or(|last| now_ms >= last + NOTIFY_EVERY_MS);
        if self.settings.notifications && is_due && self.place == Place::ScreenLocked {
            self.notified_ms = Some(now_ms);
            self.out.push(Effect::Notify(Notification {
                contact,
                name: None,
                text: None,
                unread: 0,
            }));
        }
    }
}
