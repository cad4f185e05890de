//! The way around: in, from pane to pane, and out.

use hedgerow_node::api::Call;

use super::adding::Adding;
use super::app::{App, Asked};
use super::chats::Chats;
use super::dialog::Banner;
use super::door::Door;
use super::effect::Effect;
use super::network::NetworkPage;
use super::place::{Changed, Pane, Place};

impl App {
    /// Shows something beside the list.
    pub(super) fn go_to(&mut self, pane: Pane) {
        let Place::Main(here) = self.place else {
            return;
        };
        if here == pane {
            return;
        }
        match pane {
            // Conversations are one step from the list, whichever way led there.
            Pane::Thread | Pane::Nothing => {
                self.steps.clear();
                self.changed.person |= self.person.take().is_some();
            }
            _ => self.steps.leave(here),
        }
        self.go_to_place(Place::Main(pane));
    }

    pub(super) fn back(&mut self) {
        if self.dialog.is_some() {
            return self.dismiss();
        }
        if self.picker.is_some() {
            return self.close_picker();
        }
        let Place::Main(here) = self.place else {
            return;
        };
        let to = self.steps.back();
        if here == Pane::Person && to != Pane::Person {
            self.changed.person |= self.person.take().is_some();
        }
        if here == Pane::Thread {
            self.close_thread();
            self.draw_chats();
        }
        self.go_to_place(Place::Main(to));
        self.leave_empty_panes();
    }

    /// Goes back from panes that have nothing to show any more.
    pub(super) fn leave_empty_panes(&mut self) {
        let (thread, person) = (self.thread.is_some(), self.person.is_some());
        let is_full = |pane: &Pane| match pane {
            Pane::Thread => thread,
            Pane::Person => person,
            _ => true,
        };
        self.steps.retain(is_full);
        if let Place::Main(here) = self.place
            && !is_full(&here)
        {
            let to = self.steps.back();
            self.go_to_place(Place::Main(to));
        }
    }

    pub(super) fn go_to_place(&mut self, place: Place) {
        if self.place != place {
            self.place = place;
            self.changed.place = true;
        }
    }

    pub(super) fn is_inside(&self) -> bool {
        matches!(self.place, Place::Main(_))
    }

    /// Goes in: everything is open.
    pub(super) fn enter(&mut self) {
        self.door = Door {
            cleared: self.door.cleared.wrapping_add(1),
            ..Door::default()
        };
        self.changed.door = true;
        self.dialog = None;
        self.changed.dialog = true;
        self.touched_ms = self.now.monotonic_ms;
        self.steps.clear();
        self.go_to_place(Place::Main(Pane::Nothing));
        self.overview = Asked::default();
        self.look_at_everything();
        self.ask(Call::Invitations);
        self.out.push(Effect::ClearNotifications);
        if let Some(link) = self.link.take() {
            self.take_link(link);
        }
    }

    /// Forgets everything that a locked screen must not hold.
    pub(super) fn forget(&mut self) {
        if !self.is_inside() {
            return;
        }
        self.keep_draft();
        self.chats = Chats::default();
        self.thread = None;
        self.picker = None;
        self.adding = Adding::default();
        self.person = None;
        self.network = NetworkPage::default();
        self.me = None;
        self.own_name = String::new();
        self.met = None;
        self.dialog = None;
        self.steps.clear();
        self.erasing = false;
        if !matches!(
            self.banner,
            Some(Banner::Storage(_) | Banner::Client { .. })
        ) {
            self.banner = None;
            self.banner_until_ms = None;
        }
        self.out.push(Effect::ClearNotifications);
        self.out.push(Effect::SetTitle { unread: 0 });
        self.changed = Changed::ALL;
    }

    /// Lets go of the conversation, and of what was typed there.
    pub(super) fn drop_thread(&mut self) {
        if self.thread.take().is_some() {
            self.changed.thread = true;
            self.changed.rows = true;
            self.leave_empty_panes();
        }
    }
}
